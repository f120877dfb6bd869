//! The trainer on a graphics card, where there is one.

use tch::Device;

use super::fixture::*;
use crate::experiment::{Experiment, FreezePlan, MixedPrecision, Views};
use crate::models::device::tests_card;
use crate::training::events::TrainingEvent;

fn preset() -> Experiment {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Backbone, 2),
        phase(FreezePlan::Below("layer4".into()), 2),
    ]);
    experiment.training.tf32 = false;
    experiment
}

fn on(pictures: &Pictures, experiment: Experiment, device: Device) -> Run<'static> {
    let mut request = request(pictures, experiment);
    request.device = Some(device);
    run(&request)
}

#[test]
fn a_card_learns_what_the_processor_learns() {
    let Some(card) = tests_card() else { return };
    let pictures = pictures(2, [24, 8, 8]);
    let mut experiment = preset();
    experiment.augmentation.horizontal_flip = true;
    experiment.augmentation.views = Views::Cached(2);
    let here = on(&pictures, experiment.clone(), Device::Cpu);
    let there = on(&pictures, experiment, card);
    for (here, there) in here.witness.epochs().iter().zip(there.witness.epochs()) {
        assert!(
            (here.train_loss - there.train_loss).abs() < 0.01,
            "{here:?} {there:?}"
        );
    }
    let tested = |run: Run<'_>| run.result.unwrap().test.unwrap();
    let (here, there) = (tested(here), tested(there));
    assert!((here.loss - there.loss).abs() < 0.02, "{here:?} {there:?}");
}

#[test]
fn mixed_precision_augmentation_and_memory_on_a_card() {
    let Some(card) = tests_card() else { return };
    let pictures = pictures(2, [24, 8, 8]);
    let mut experiment = preset();
    experiment.training.tf32 = true;
    experiment.training.mixed_precision = MixedPrecision::Bf16;
    experiment.augmentation.rotation = 10.0;
    experiment.augmentation.color_jitter = 0.2;
    experiment.augmentation.views = Views::Fresh;
    let run = on(&pictures, experiment, card);
    assert_eq!(run.witness.epochs().len(), 4);
    assert!(
        run.witness
            .epochs()
            .iter()
            .all(|epoch| epoch.train_loss.is_finite())
    );
    let peak = run.witness.events.iter().find_map(|event| match event {
        TrainingEvent::CardMemory(peak) => Some(*peak),
        _ => None,
    });
    // ResNet-18 alone is 45 MB.
    assert!(peak.is_some_and(|peak| peak > 45_000_000), "{peak:?}");
    run.result.unwrap();
}
