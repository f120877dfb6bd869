//! What a run on a graphics card shares with the rest of the process, and what it does not.

use std::cell::RefCell;
use std::sync::Arc;

use tch::{Device, Tensor};

use super::fixture::*;
use crate::data::contents::CLOCK;
use crate::experiment::{Experiment, FreezePlan};
use crate::libtorch::arithmetic::{Arithmetic, Hold};
use crate::models::device::tests_card;
use crate::models::head::Head;
use crate::models::{self, parameters::ParameterStore};
use crate::training::Use;
use crate::training::cache_coverage::{CacheCoverage, CoverageInput, RowCounts};
use crate::training::events::TrainingEvent;
use crate::training::inference::Classifier;
use crate::training::network::{Network, build_backbone};

fn preset(tf32: bool) -> Experiment {
    let mut experiment = experiment(vec![phase(FreezePlan::Backbone, 2)]);
    experiment.training.tf32 = tf32;
    experiment
}

#[test]
fn bystanders_leave_a_cards_arithmetic_and_features_get_their_key() {
    let Some(card) = tests_card() else { return };
    let pictures = pictures(2, [24, 8, 8]);
    let folder = tempfile::tempdir().unwrap();
    // Files younger than a file system's clock can tell are read again, so they are not known without reading.
    std::thread::sleep(CLOCK + std::time::Duration::from_millis(100));
    let before = Arithmetic::now().unwrap();
    let ask = |tf32: bool| -> CacheCoverage {
        let situation = CoverageInput {
            experiment: preset(tf32),
            dataset: pictures.dataset.clone(),
            split: Arc::new(pictures.split.clone()),
            base: None,
        };
        situation.cache_coverage(folder.path(), card).unwrap()
    };
    let seen = RefCell::new(Vec::new());
    let run_with_bystander = |tf32: bool| {
        let mut request = request(&pictures, preset(tf32));
        request.device = Some(card);
        let on_event = |event: &TrainingEvent| {
            if matches!(event, TrainingEvent::EpochFinished(_)) {
                // As the window asks about other experiments, and as whoever evaluates opens a network.
                ask(!tf32);
                Network::blank(&preset(!tf32), 2, card).unwrap();
                seen.borrow_mut().push((tf32, Arithmetic::now().unwrap()));
            }
        };
        let witness = Witness {
            on_event: Some(Box::new(on_event)),
            ..Witness::default()
        };
        let cache = Some(folder.path());
        let run = run_in(&request, witness, Arc::default(), 1 << 34, cache);
        run.result.unwrap();
        assert_eq!(Arithmetic::now().unwrap(), before);
    };
    let missing = |cache_coverage: CacheCoverage| cache_coverage.phases[0].missing;
    run_with_bystander(false);
    assert_eq!((missing(ask(false)), missing(ask(true))), (0, 32));
    run_with_bystander(true);
    assert_eq!((missing(ask(false)), missing(ask(true))), (0, 0));
    let all = RowCounts {
        all: 32,
        missing: 0,
    };
    assert_eq!(ask(true).phases[0], all);
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 4);
    for (tf32, arithmetic) in seen {
        assert_eq!(arithmetic, Arithmetic::of(tf32, true), "{tf32}");
    }
}

/// A card that trains is disturbed by no question about its features: here there is none at all.
#[test]
fn what_is_kept_for_a_card_is_told_without_it() {
    const ABSENT: Device = Device::Cuda(40);
    let pictures = pictures(2, [6, 2, 2]);
    let folder = tempfile::tempdir().unwrap();
    let situation = CoverageInput {
        experiment: preset(true),
        dataset: pictures.dataset.clone(),
        split: Arc::new(pictures.split.clone()),
        base: None,
    };
    let cache_coverage = situation.cache_coverage(folder.path(), ABSENT).unwrap();
    let all = RowCounts { all: 8, missing: 8 };
    assert_eq!(cache_coverage.phases, [all]);
}

#[test]
fn a_classifier_holds_the_cards_arithmetic_and_gives_way_to_another() {
    let Some(card) = tests_card() else { return };
    let experiment = preset(false);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.safetensors");
    let network = Network::new(&experiment, 2, Device::Cpu, &build_backbone).unwrap();
    let weights = network.weights().unwrap();
    let named: Vec<(&str, &Tensor)> = weights
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    Tensor::write_safetensors(&named, &file).unwrap();
    let classes = ["a".to_owned(), "b".to_owned()];
    let open = || Classifier::open(&experiment, &classes, &file, card, Use::default()).unwrap();
    let before = Arithmetic::now().unwrap();
    let training = Hold::take(card, true, true).unwrap().unwrap();
    let answering = open();
    assert_eq!(answering.network.device, Device::Cpu);
    assert_eq!(Arithmetic::now().unwrap(), Arithmetic::of(true, true));
    drop(training);
    let answering = open();
    assert_eq!(answering.network.device, card);
    let of = Arithmetic::of(false, false);
    assert_eq!(Arithmetic::now().unwrap(), of);
    assert!(Hold::take(card, true, true).unwrap().is_none());
    drop(answering);
    assert_eq!(Arithmetic::now().unwrap(), before);
}

#[test]
fn one_seed_gives_one_network_on_a_card_and_the_processor() {
    let Some(card) = tests_card() else { return };
    let config = norm_head();
    let same = |here: &ParameterStore, there: &ParameterStore| {
        assert_eq!(here.entries.len(), there.entries.len());
        for (here, there) in here.entries.iter().zip(&there.entries) {
            assert_eq!(there.tensor.device(), card, "{}", there.name);
            let there: Tensor = there.tensor.to(Device::Cpu);
            assert!(here.tensor.equal(&there), "{}", here.name);
        }
    };
    let head = |device| Head::new(&config, 8, 3, 7, device).unwrap();
    same(head(Device::Cpu).parameters(), head(card).parameters());
    for name in ["resnet18", "convnext_tiny", "vit_tiny_patch16_224"] {
        let network = |device| models::build(name, 7, device).unwrap();
        same(
            network(Device::Cpu).parameters(),
            network(card).parameters(),
        );
    }
}

/// So that no kernel is turned round in each step, whatever is loaded into it later.
#[test]
fn a_cards_convolutions_keep_their_channels_last() {
    let Some(card) = tests_card() else { return };
    let network = models::build("resnet18", 7, card).unwrap();
    let entries = &network.parameters().entries;
    let dense = entries.iter().filter(|entry| {
        let size = entry.tensor.size();
        size.len() == 4 && size[1] > 1 && size[2] > 1
    });
    let mut count = 0;
    for entry in dense {
        assert_eq!(entry.tensor.stride()[1], 1, "{}", entry.name);
        count += 1;
    }
    assert_eq!(count, 17);
}
