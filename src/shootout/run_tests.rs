//! Shoot-outs that compute.

use std::path::Path;
use std::sync::Arc;

use tch::Device;

use super::*;
use crate::data::{Dataset, StopFlag, scan};
use crate::evaluation::IntervalMethod;
use crate::experiment::{DataSource, Experiment};
use crate::models;
use crate::training::TrainingEvent;

const BACKBONE: &str = "mobilenet_v3_small";

/// Two classes of little pictures, light and dark.
fn write_pictures(folder: &Path) {
    for (class, light) in [("light", 200), ("dark", 20)] {
        let class = folder.join(class);
        std::fs::create_dir_all(&class).unwrap();
        for index in 0..8u8 {
            let colour = image::Rgb([light + index, light, light]);
            let picture = image::RgbImage::from_pixel(8, 8, colour);
            picture.save(class.join(format!("{index}.png"))).unwrap();
        }
    }
}

fn write_weights(path: &Path, seed: u64) {
    let backbone = models::build(BACKBONE, seed, Device::Cpu).unwrap();
    let entries = backbone.parameters().entries.iter();
    let named: Vec<_> = entries
        .map(|entry| (entry.name.as_str(), &entry.tensor))
        .collect();
    tch::Tensor::write_safetensors(&named, path).unwrap();
}

fn request(folder: &Path, weights: &Path) -> ShootoutRequest {
    let mut experiment = Experiment::default();
    experiment.data.source = DataSource::ClassFolders {
        path: folder.join("pictures"),
    };
    let stop = StopFlag::default();
    let dataset = scan::scan(&experiment.data, None, &|_, _| {}, &stop).unwrap();
    ShootoutRequest {
        experiment,
        base: None,
        dataset: Arc::new(dataset),
        chosen: Some(vec![format!("{BACKBONE}:{}", weights.display())]),
        folds: 3,
        metric: ShootoutMetric::Accuracy,
        stages: 1,
        budget_seconds: None,
        downloads: false,
        random: false,
        device: Some(Device::Cpu),
        out: folder.join("out"),
        stop,
    }
}

/// Puts another file in the weights' place once the network looks at pictures.
struct Replaces<'a> {
    weights: &'a Path,
    other: &'a Path,
}

impl ShootoutListener for Replaces<'_> {
    fn event(&mut self, event: &ShootoutEvent<'_>) {
        let is_computing = matches!(
            event,
            ShootoutEvent::Training(TrainingEvent::Progress(progress)) if progress.done > 0
        );
        if is_computing && self.other.exists() {
            std::fs::rename(self.other, self.weights).unwrap();
        }
    }
}

#[test]
fn what_weights_gave_is_never_kept_for_the_file_that_replaced_them() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(&folder.path().join("pictures"));
    let weights = folder.path().join("own.safetensors");
    let other = folder.path().join("other.safetensors");
    write_weights(&weights, 1);
    write_weights(&other, 2);
    let request = request(folder.path(), &weights);
    let mut replaces = Replaces {
        weights: &weights,
        other: &other,
    };
    let results = || {
        let folder = folder.path().join("out").join("results");
        std::fs::read_dir(folder).unwrap().count()
    };

    let report = run(&request, &mut replaces).unwrap();
    assert!(!other.exists(), "nothing was replaced");
    let EntryState::Failed { reason } = &report.entries[0].state else {
        panic!("{:?}", report.entries[0]);
    };
    assert!(
        reason.contains("was replaced") && reason.ends_with("own.safetensors"),
        "{reason}"
    );
    assert_eq!(report.entries[0].outcome, None);
    assert_eq!(results(), 0);

    // The file that is there now is computed, and its result is found again.
    let report = run(&request, &mut replaces).unwrap();
    assert_eq!(report.entries[0].state, EntryState::Done, "{report:?}");
    assert_eq!(results(), 1);
    let again = run(&request, &mut replaces).unwrap();
    let seconds = |report: &ShootoutReport| {
        let outcome = report.entries[0].outcome.as_ref().unwrap();
        outcome.feature_seconds
    };
    assert!((seconds(&again) - seconds(&report)).abs() < 1e-9);
}

#[test]
fn intervals_are_of_groups_where_pictures_have_some() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    write_pictures(&pictures);
    // Where all answers are right, the interval is the exact one.
    for index in 0..4 {
        let wrong = pictures.join(format!("dark/{index}.png"));
        std::fs::copy(pictures.join(format!("light/{index}.png")), wrong).unwrap();
    }
    let weights = folder.path().join("own.safetensors");
    write_weights(&weights, 1);
    let mut request = request(folder.path(), &weights);
    // Two pictures of each class are of one thing.
    let mut dataset = Dataset::clone(&request.dataset);
    for (index, picture) in dataset.pictures.iter_mut().enumerate() {
        picture.group = Some(format!("thing {}", index / 2).into());
    }
    request.dataset = Arc::new(dataset);
    let report = run(&request, &mut Silent).unwrap();
    let said = "groups, each in one fold: intervals and comparisons are of groups";
    assert!(
        report.remarks.iter().any(|remark| remark.contains(said)),
        "{report:?}"
    );
    let outcome = report.entries[0].outcome.as_ref().unwrap();
    let method = outcome.accuracy.method;
    assert!(
        matches!(method, IntervalMethod::GroupBootstrap { groups, .. } if groups >= 5),
        "{method:?}"
    );
}

struct Silent;

impl ShootoutListener for Silent {
    fn event(&mut self, _: &ShootoutEvent<'_>) {}
}
