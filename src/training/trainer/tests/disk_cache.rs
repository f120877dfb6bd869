//! What one run computed serves the next, and only where it is the same.

use std::path::Path;
use std::sync::Arc;

use super::fixture::*;
use crate::data::contents::CLOCK;
use crate::experiment::{
    Activation, Augmentation, Experiment, FreezePlan, HeadLayer, Phase, Pooling, Precision,
    TestViews, Views,
};
use crate::models::fold::piece;
use crate::training::cache_coverage::{CoverageInput, RowCounts};
use crate::training::features::store::FeatureStore;

pub const COUNTS: [usize; 3] = [40, 6, 5];
/// Pictures that the frozen part sees at a time.
const TOGETHER: usize = piece(SIDE);
pub const ALL: usize = COUNTS[0].next_multiple_of(TOGETHER)
    + COUNTS[1].next_multiple_of(TOGETHER)
    + COUNTS[2].next_multiple_of(TOGETHER);

pub fn frozen_then_fine() -> Vec<Phase> {
    vec![
        phase(FreezePlan::Backbone, 2),
        phase(FreezePlan::Below("layer4".into()), 2),
    ]
}

fn run_cached(
    pictures: &Pictures,
    experiment: Experiment,
    memory: u64,
    cache: &Path,
) -> Run<'static> {
    let run = run_with_warnings(pictures, experiment, memory, cache);
    assert_eq!(run.witness.warnings(), Vec::<String>::new());
    run
}

pub fn run_with_warnings(
    pictures: &Pictures,
    experiment: Experiment,
    memory: u64,
    cache: &Path,
) -> Run<'static> {
    let request = request(pictures, experiment);
    run_in(
        &request,
        Witness::default(),
        Arc::default(),
        memory,
        Some(cache),
    )
}

pub const PLENTY: u64 = 1 << 34;

/// All numbers of a run, bit for bit.
pub fn numbers(run: &Run<'_>) -> String {
    let outcome = run.result.as_ref().unwrap();
    format!(
        "{:?} {:?} {:?}",
        run.witness.epochs(),
        outcome.test,
        outcome.predictions
    )
}

#[test]
fn the_second_run_neither_decodes_nor_computes_and_gives_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let preset = || experiment(frozen_then_fine());
    let without = run(&request(&pictures, preset()));
    let cold = run_cached(&pictures, preset(), PLENTY, folder.path());
    assert_eq!(cold.entered, ALL);
    let warm = run_cached(&pictures, preset(), PLENTY, folder.path());
    assert_eq!(warm.entered, 0);
    assert_eq!(numbers(&cold), numbers(&without));
    assert_eq!(numbers(&warm), numbers(&without));
}

#[test]
fn a_picture_that_does_not_decode_stands_as_grey_and_its_features_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let damaged = &pictures.dataset.pictures[pictures.split.train[7]];
    std::fs::write(damaged.source.path(), "no picture").unwrap();
    // As many pass together, however few are missing.
    for entered in [ALL, TOGETHER] {
        let preset = experiment(vec![phase(FreezePlan::Backbone, 1)]);
        let run = run_with_warnings(&pictures, preset, PLENTY, folder.path());
        assert!(run.result.is_ok());
        assert_eq!(run.entered, entered);
        let warnings = run.witness.warnings();
        let name = damaged.source.path().display().to_string();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("stands as plain grey") && warnings[0].contains(&name));
    }
}

#[test]
fn what_the_next_run_will_find_is_told_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    // Files younger than a file system's clock can tell are read again, so they are not known without reading.
    std::thread::sleep(CLOCK + std::time::Duration::from_millis(100));
    let cache_coverage = |experiment: Experiment| {
        let situation = CoverageInput {
            experiment,
            dataset: pictures.dataset.clone(),
            split: Arc::new(pictures.split.clone()),
            base: None,
        };
        situation
            .cache_coverage(folder.path(), tch::Device::Cpu)
            .unwrap()
    };
    let rows = |all, missing| RowCounts { all, missing };
    let cold = cache_coverage(experiment(frozen_then_fine()));
    assert_eq!(cold.phases, [rows(46, 46), rows(46, 46)]);
    assert_eq!((cold.test, cold.backbone), (rows(5, 5), rows(51, 51)));
    let run = run_cached(
        &pictures,
        experiment(frozen_then_fine()),
        PLENTY,
        folder.path(),
    );
    assert!(run.result.is_ok());
    let mut again = experiment(frozen_then_fine());
    again.phases[0].learning_rate = 0.5;
    let warm = cache_coverage(again);
    assert_eq!(warm.phases, [rows(46, 0), rows(46, 0)]);
    // The test pictures passed what no phase changes, and not the whole backbone.
    assert_eq!((warm.test, warm.backbone), (rows(5, 0), rows(51, 5)));
    // Behind what a phase changes, nothing can be known; where nothing is frozen, nothing is kept.
    let mut thawed = frozen_then_fine();
    thawed.reverse();
    thawed.push(phase(FreezePlan::Nothing, 1));
    let warm = cache_coverage(experiment(thawed));
    assert_eq!(warm.phases, [rows(46, 0), rows(46, 46), rows(0, 0)]);
    assert_eq!(warm.test, rows(0, 0));
    let mut seed = experiment(frozen_then_fine());
    seed.seed += 1;
    assert_eq!(cache_coverage(seed).phases[0], rows(46, 46));
    // What lies there is named.
    let usage = FeatureStore::new(folder.path()).usage();
    assert!(usage.kept.len() >= 2);
    for kept in usage.kept {
        let about = kept.about.unwrap();
        assert_eq!((about.backbone.as_str(), about.side), ("resnet18", SIDE));
        assert_eq!(about.pictures.len(), 1);
    }
}

#[test]
fn other_heads_rates_and_splits_start_warm_and_other_weights_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut pictures = pictures(2, COUNTS);
    let preset = || experiment(vec![phase(FreezePlan::Backbone, 1)]);
    assert_eq!(
        run_cached(&pictures, preset(), PLENTY, folder.path()).entered,
        ALL
    );
    let mut other = preset();
    other.phases[0].learning_rate = 0.003;
    other.head.layers = vec![HeadLayer::Dense {
        units: 8,
        activation: Activation::Relu,
    }];
    assert_eq!(
        run_cached(&pictures, other, PLENTY, folder.path()).entered,
        0
    );

    // Another split: every picture has been seen, and the company it was in leaves no trace.
    let split = &mut pictures.split;
    std::mem::swap(&mut split.validation[0], &mut split.train[0]);
    std::mem::swap(&mut split.test[2], &mut split.train[9]);
    let without = run(&request(&pictures, preset()));
    let warm = run_cached(&pictures, preset(), PLENTY, folder.path());
    if [1, 2, 4].contains(&tch::get_num_threads()) {
        assert_eq!(warm.entered, 0);
    }
    assert_eq!(numbers(&warm), numbers(&without));

    let mut seed = preset();
    seed.seed += 1;
    assert_eq!(
        run_cached(&pictures, seed, PLENTY, folder.path()).entered,
        ALL
    );
    let mut pooling = preset();
    pooling.head.pooling = Pooling::Max;
    assert_eq!(
        run_cached(&pictures, pooling, PLENTY, folder.path()).entered,
        ALL
    );
    let mut precision = preset();
    precision.training.precision = Precision::Bf16;
    let rounded = run_cached(&pictures, precision.clone(), PLENTY, folder.path());
    assert_eq!(rounded.entered, 0, "a copy of the network computes in bf16");
    assert_ne!(numbers(&rounded), numbers(&without));
    let warm = run_cached(&pictures, precision, PLENTY, folder.path());
    assert_eq!(numbers(&warm), numbers(&rounded));
    let mut size = preset();
    size.backbone.input_size = Some(SIDE + 32);
    assert_eq!(
        run_cached(&pictures, size, PLENTY, folder.path()).entered,
        ALL
    );
}

#[test]
fn a_changed_picture_is_computed_again_and_changes_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let preset = || experiment(vec![phase(FreezePlan::Backbone, 1)]);
    let before = run_cached(&pictures, preset(), PLENTY, folder.path());
    let path = pictures.dataset.pictures[3].source.path();
    image::RgbImage::from_pixel(SIDE, SIDE, image::Rgb([250, 5, 5]))
        .save(path)
        .unwrap();
    let after = run_cached(&pictures, preset(), PLENTY, folder.path());
    assert!(
        after.entered > 0 && after.entered < ALL,
        "{}",
        after.entered
    );
    let without = run(&request(&pictures, preset()));
    assert_eq!(numbers(&after), numbers(&without));
    assert_ne!(numbers(&after), numbers(&before));
}

#[test]
fn what_does_not_fit_into_memory_is_read_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let preset = || experiment(frozen_then_fine());
    let without = run(&request(&pictures, preset()));
    // No memory at all: neither for squares nor for features.
    let cold = run_cached(&pictures, preset(), 0, folder.path());
    assert_eq!(cold.entered, ALL);
    let warm = run_cached(&pictures, preset(), 0, folder.path());
    assert_eq!(warm.entered, 0);
    assert_eq!(numbers(&cold), numbers(&without));
    assert_eq!(numbers(&warm), numbers(&without));
}

#[test]
fn flips_are_kept_for_all_seeds_and_other_changes_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let preset = |rotation, views| {
        let mut preset = experiment(vec![phase(FreezePlan::Backbone, 2)]);
        preset.augmentation = Augmentation {
            views: Views::Cached(views),
            horizontal_flip: true,
            rotation,
            ..Augmentation::default()
        };
        preset.training.test_views = TestViews::Flips;
        preset
    };
    let entered = |rotation, views| {
        run_cached(&pictures, preset(rotation, views), PLENTY, folder.path()).entered
    };
    assert!(entered(0.0, 2) > 0);
    assert_eq!(entered(0.0, 2), 0);
    let turned = entered(10.0, 2);
    assert!(turned > 0, "every view is turned");
    assert_eq!(entered(10.0, 2), 0);
    let more = entered(10.0, 3);
    assert!(
        more > 0 && more < turned,
        "one view is new: {more} of {turned}"
    );
    assert!(entered(11.0, 2) > 0);
}

#[test]
fn damaged_files_and_a_limit_of_nothing_cost_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let preset = || experiment(vec![phase(FreezePlan::Backbone, 1)]);
    let cold = run_cached(&pictures, preset(), PLENTY, folder.path());
    let store = FeatureStore::new(folder.path());
    let mut files = 0;
    for recipe in std::fs::read_dir(store.usage().folder).unwrap().flatten() {
        for file in std::fs::read_dir(recipe.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = file.path();
            if path.extension().is_none_or(|end| end != "features") {
                continue;
            }
            // One bit within the first row.
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[100] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            files += 1;
        }
    }
    assert_eq!(files, 3, "one for each group");
    let mended = run_cached(&pictures, preset(), PLENTY, folder.path());
    assert!(mended.entered > 0);
    assert_eq!(numbers(&mended), numbers(&cold));

    store.set_limit(0).unwrap();
    assert_eq!(store.usage().bytes, 0);
    let nothing = run_cached(&pictures, preset(), PLENTY, folder.path());
    assert_eq!(nothing.entered, ALL);
    assert_eq!(store.usage().bytes, 0);
}

/// What is done once is paid for by the first batch, and says nothing of what computing a picture takes.
#[test]
fn the_second_batch_decides_whether_rows_are_kept() {
    let pictures = pictures(2, [64, 6, 5]);
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        pause: std::time::Duration::from_millis(1600),
        ..Limits::NONE
    };
    let request = request(&pictures, experiment(vec![phase(FreezePlan::Backbone, 1)]));
    let cache = Some(folder.path());
    let witness = Witness::default();
    let run = run_limited(
        &request,
        witness,
        Default::default(),
        1 << 34,
        cache,
        limits,
    );
    run.result.unwrap();
    let notes = run.witness.notes();
    let note = notes.iter().find(|note| note.contains("computing it"));
    let told = note.and_then(|note| note.rsplit(' ').nth(1)?.parse::<f64>().ok());
    // 1600 ms for 32 pictures.
    assert!(told.is_some_and(|millis| millis < 50.0), "{notes:?}");
}
