//! Features that were computed in parts, by several processes, and what a run makes of them; and files that vanish under it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tch::Device;

use super::disk_cache::{ALL, COUNTS, PLENTY, frozen_then_fine, numbers, run_with_warnings};
use super::fixture::*;
use crate::data::contents::CLOCK;
use crate::experiment::{Augmentation, Experiment, FreezePlan, TestViews, Views};
use crate::training::cache_coverage::CoverageInput;
use crate::training::features::scratch::ScratchFolder;
use crate::training::features::store::FeatureStore;
use crate::training::shards::Shard;
use crate::training::trainer::run::train_with;
use crate::training::trainer::shard::compute_shard_with;
use crate::training::{ComputedShard, TrainingError, TrainingEvent};

/// Computes a part; what came of it, and how many pictures entered the backbone.
fn compute(
    pictures: &Pictures,
    experiment: &Experiment,
    shard: Shard,
    cache: &Path,
) -> (Result<ComputedShard, TrainingError>, usize) {
    let request = request(pictures, experiment.clone());
    let entered = Arc::new(AtomicUsize::new(0));
    let mut witness = Witness::default();
    let computed = in_environment(&entered, PLENTY, Some(cache), Limits::NONE, |environment| {
        compute_shard_with(&request, shard, &mut witness, environment)
    });
    assert_eq!(witness.warnings(), Vec::<String>::new());
    (computed, entered.load(Ordering::Relaxed))
}

/// The pictures of each part, and those of them that are missing.
fn coverage(
    pictures: &Pictures,
    experiment: &Experiment,
    of: usize,
    cache: &Path,
) -> Vec<(usize, usize)> {
    let input = CoverageInput {
        experiment: experiment.clone(),
        dataset: pictures.dataset.clone(),
        split: Arc::new(pictures.split.clone()),
        base: None,
    };
    let parts = input.shard_coverage(cache, Device::Cpu, of).unwrap();
    let count = |part: &crate::training::ShardCoverage| (part.pictures.len(), part.missing.len());
    parts.iter().map(count).collect()
}

fn views() -> Augmentation {
    Augmentation {
        views: Views::Cached(3),
        horizontal_flip: true,
        rotation: 10.0,
        ..Augmentation::default()
    }
}

#[test]
fn a_run_after_all_parts_computes_nothing_and_gives_the_same_numbers() {
    for (augmentation, of) in [(Augmentation::default(), 3), (views(), 2)] {
        let folder = tempfile::tempdir().unwrap();
        let pictures = pictures(2, COUNTS);
        let mut preset = experiment(frozen_then_fine());
        preset.augmentation = augmentation;
        preset.training.test_views = TestViews::Flips;
        let without = run(&request(&pictures, preset.clone()));
        let (mut rows, mut seen) = (0, 0);
        // In any order, as tasks of a cluster come.
        for shard in Shard::all(of).collect::<Vec<_>>().into_iter().rev() {
            let (computed, entered) = compute(&pictures, &preset, shard, folder.path());
            let computed = computed.unwrap();
            assert!(entered > 0 && computed.depths == 2);
            assert_eq!(
                (computed.from_disk, computed.left, computed.unreadable),
                (0, 0, 0)
            );
            rows += computed.rows;
            seen += computed.pictures.len();
            // Once more costs nothing.
            let (again, entered) = compute(&pictures, &preset, shard, folder.path());
            let again = again.unwrap();
            assert_eq!((entered, again.from_disk), (0, computed.rows));
        }
        assert_eq!(seen, COUNTS.iter().sum::<usize>());
        let warm = run_with_warnings(&pictures, preset.clone(), PLENTY, folder.path());
        assert_eq!(warm.entered, 0);
        assert_eq!(numbers(&warm), numbers(&without));
        let notes = warm.witness.notes();
        let all = notes
            .iter()
            .filter(|note| note.contains("and none is computed"));
        // Both phases, and the test.
        assert_eq!(all.count(), 3, "{notes:?}");
        assert!(
            !notes
                .iter()
                .any(|note| note.contains("the rest is computed"))
        );
        assert!(rows > seen);
    }
}

#[test]
fn parts_that_are_missing_are_known_and_the_others_serve() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    // Files younger than a file system's clock can tell are read again, so they are not known without reading.
    std::thread::sleep(CLOCK + std::time::Duration::from_millis(100));
    let preset = experiment(vec![phase(FreezePlan::Backbone, 2)]);
    let sizes = |parts: &[(usize, usize)]| parts.iter().map(|part| part.0).collect::<Vec<_>>();
    let before = coverage(&pictures, &preset, 4, folder.path());
    assert_eq!(
        sizes(&before).iter().sum::<usize>(),
        COUNTS.iter().sum::<usize>()
    );
    assert!(before.iter().all(|(pictures, missing)| pictures == missing));
    for number in [1, 3] {
        let shard = Shard::new(number, 4).unwrap();
        compute(&pictures, &preset, shard, folder.path()).0.unwrap();
    }
    let after = coverage(&pictures, &preset, 4, folder.path());
    let missing: Vec<bool> = after.iter().map(|(_, missing)| *missing > 0).collect();
    assert_eq!(missing, [false, true, false, true]);
    let half = run_with_warnings(&pictures, preset.clone(), PLENTY, folder.path());
    assert!(half.entered > 0 && half.entered < ALL);
    let notes = half.witness.notes();
    assert!(
        notes
            .iter()
            .any(|note| note.contains("the rest is computed")),
        "{notes:?}"
    );
    assert_eq!(
        numbers(&half),
        numbers(&run(&request(&pictures, preset.clone())))
    );
    let all = coverage(&pictures, &preset, 4, folder.path());
    assert!(all.iter().all(|(_, missing)| *missing == 0));
}

#[test]
fn what_no_run_would_find_is_not_computed() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let nothing = experiment(vec![phase(FreezePlan::Nothing, 1)]);
    let (computed, entered) = compute(&pictures, &nothing, Shard::WHOLE, folder.path());
    assert_eq!((computed.unwrap(), entered), (ComputedShard::default(), 0));
    // Where epochs see training pictures anew, the others' features are computed.
    let mut fresh = experiment(vec![phase(FreezePlan::Backbone, 1)]);
    fresh.augmentation = Augmentation {
        views: Views::Fresh,
        ..views()
    };
    let (computed, _) = compute(&pictures, &fresh, Shard::WHOLE, folder.path());
    assert_eq!(computed.unwrap().pictures.len(), COUNTS[1] + COUNTS[2]);
    // All parts together must fit.
    FeatureStore::new(folder.path()).set_limit(20_000).unwrap();
    let preset = experiment(vec![phase(FreezePlan::Backbone, 1)]);
    let shard = Shard::new(1, 40).unwrap();
    let (refused, _) = compute(&pictures, &preset, shard, folder.path());
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("graft cache --limit"), "{said}");
    FeatureStore::new(folder.path()).set_limit(0).unwrap();
    let (refused, entered) = compute(&pictures, &preset, shard, folder.path());
    assert!(refused.unwrap_err().to_string().contains("the limit") || entered == 0);
}

/// Every file of rows below `cache`.
fn files(cache: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let recipes = entries(&cache.join("frozen"));
    recipes
        .iter()
        .flat_map(|recipe| entries(recipe))
        .filter(|path| path.extension().is_some_and(|end| end == "features"))
        .collect()
}

/// As another machine's cleaning up looks on a shared disk: what a run read a moment ago can't be read on.
#[test]
fn rows_that_vanish_while_epochs_read_them_are_computed_again() {
    for seed in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let pictures = pictures(2, COUNTS);
        let mut preset = experiment(vec![phase(FreezePlan::Below("layer4".into()), 4)]);
        preset.seed += seed;
        let without = run(&request(&pictures, preset.clone()));
        // No memory for features: every epoch reads them.
        run_with_warnings(&pictures, preset.clone(), 0, folder.path());
        let cache = folder.path().to_path_buf();
        let harm = move |event: &TrainingEvent| {
            let TrainingEvent::EpochFinished(metrics) = event else {
                return;
            };
            for path in files(&cache) {
                match metrics.epoch + seed as u32 {
                    1 => std::fs::File::options()
                        .write(true)
                        .open(path)
                        .unwrap()
                        .set_len(70)
                        .unwrap(),
                    2 => {
                        let mut bytes = std::fs::read(&path).unwrap();
                        bytes[64..].iter_mut().for_each(|byte| *byte ^= 1);
                        std::fs::write(path, bytes).unwrap();
                    }
                    _ => std::fs::remove_file(path).unwrap(),
                }
            }
        };
        let witness = Witness {
            on_event: Some(Box::new(harm)),
            ..Witness::default()
        };
        let request = request(&pictures, preset);
        let run = run_in(&request, witness, Arc::default(), 0, Some(folder.path()));
        let warnings = run.witness.warnings();
        let lost = warnings
            .iter()
            .filter(|text| text.contains("can’t be read any more"));
        assert!(lost.count() >= 2, "{warnings:?}");
        assert_eq!(
            warnings.len(),
            warnings
                .iter()
                .filter(|text| text.contains("the same"))
                .count()
        );
        if [1, 2, 4].contains(&tch::get_num_threads()) {
            assert_eq!(numbers(&run), numbers(&without));
        }
    }
}

/// A folder of this machine in front of the shared one.
#[test]
fn a_scratch_folder_serves_although_the_shared_one_is_gone_and_a_bad_one_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let [shared, scratch] = ["shared", "scratch"].map(|name| folder.path().join(name));
    let pictures = pictures(2, COUNTS);
    let preset = experiment(frozen_then_fine());
    let request = request(&pictures, preset.clone());
    let run_with_scratch = |scratch: &Path, limit| {
        let entered = Arc::new(AtomicUsize::new(0));
        let mut witness = Witness::default();
        let result = in_environment(&entered, PLENTY, Some(&shared), Limits::NONE, |given| {
            let environment = crate::training::trainer::environment::Environment {
                build: given.build,
                cache: given.cache.clone(),
                scratch: Ok(Some(ScratchFolder {
                    path: scratch.to_path_buf(),
                    limit,
                })),
                ..*given
            };
            train_with(&request, &mut witness, &environment)
        });
        Run {
            witness,
            result,
            entered: entered.load(Ordering::Relaxed),
        }
    };
    let without = run(&request);
    let cold = run_with_scratch(&scratch, None);
    assert_eq!(cold.entered, ALL);
    // Written to both.
    assert_eq!(files(&scratch).len(), files(&shared).len());
    std::fs::remove_dir_all(&shared).unwrap();
    let near = run_with_scratch(&scratch, None);
    assert_eq!(near.entered, 0);
    // Read from the shared one and copied.
    run_with_warnings(&pictures, preset.clone(), PLENTY, &shared);
    std::fs::remove_dir_all(&scratch).unwrap();
    let copied = run_with_scratch(&scratch, None);
    assert_eq!(
        (copied.entered, files(&scratch).len()),
        (0, files(&shared).len())
    );
    for run in [&cold, &near, &copied] {
        assert_eq!(run.witness.warnings(), Vec::<String>::new());
        assert_eq!(numbers(run), numbers(&without));
    }
    // Too small, and no folder at all.
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    for (place, limit) in [(folder.path().join("small"), Some(10)), (file, None)] {
        let run = run_with_scratch(&place, limit);
        assert_eq!(run.entered, 0);
        assert_eq!(numbers(&run), numbers(&without));
        let warnings = run.witness.warnings();
        assert!(
            warnings.len() == 1 && warnings[0].contains("GRAFT_SCRATCH"),
            "{warnings:?}"
        );
    }
}
