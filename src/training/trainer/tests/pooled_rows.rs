//! Pooled features for linear heads: those that a run takes, from where a run left them and for the runs that come.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::disk_cache::{COUNTS, PLENTY, numbers, run_with_warnings};
use super::fixture::*;
use crate::data::Split;
use crate::experiment::{Augmentation, Experiment, FreezePlan, Views};
use crate::models::fold::piece;
use crate::training::PooledFeatures;
use crate::training::events::Activity;
use crate::training::trainer::pooled_rows::pooled_rows_with;
use crate::training::{TrainingError, TrainingEvent};

const SPLITS: [Split; 2] = [Split::Train, Split::Validation];

/// What came of it, how many pictures entered the backbone, and what was warned of.
fn pool(
    pictures: &Pictures,
    experiment: &Experiment,
    cache: Option<&Path>,
) -> (Result<PooledFeatures, TrainingError>, usize, Vec<String>) {
    let request = request(pictures, experiment.clone());
    let entered = Arc::new(AtomicUsize::new(0));
    let mut witness = Witness::default();
    let found = in_environment(&entered, PLENTY, cache, Limits::NONE, |environment| {
        pooled_rows_with(&request, &SPLITS, &mut witness, environment)
    });
    (found, entered.load(Ordering::Relaxed), witness.warnings())
}

fn frozen() -> Experiment {
    experiment(vec![phase(FreezePlan::Backbone, 2)])
}

#[test]
fn a_run_begins_with_them_and_they_are_computed_once() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, COUNTS);
    let mut preset = frozen();
    let without = run(&request(&pictures, preset.clone()));
    let (cold, entered, warnings) = pool(&pictures, &preset, Some(folder.path()));
    let cold = cold.unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let all = COUNTS[0] + COUNTS[1];
    assert!(entered >= all);
    assert_eq!((cold.computed, cold.from_disk), (all, 0));
    assert_eq!(cold.features, 512);
    for (part, (split, count)) in cold.parts.iter().zip(SPLITS.into_iter().zip(COUNTS)) {
        assert_eq!((part.split, part.pictures.len()), (split, count));
        assert_eq!(part.rows.len(), count * 512);
        let labels = part
            .pictures
            .iter()
            .map(|&index| pictures.dataset.pictures[index].label);
        assert_eq!(part.labels, labels.collect::<Vec<_>>());
        assert!(part.rows.iter().all(|value| value.is_finite()) && part.unreadable.is_empty());
    }
    // What a run would train, and how it sees pictures while it does, changes nothing.
    preset.augmentation = Augmentation {
        horizontal_flip: true,
        views: Views::Fresh,
        ..Augmentation::default()
    };
    preset.phases = vec![phase(FreezePlan::Nothing, 1)];
    let (warm, entered, _) = pool(&pictures, &preset, Some(folder.path()));
    let warm = warm.unwrap();
    assert_eq!((entered, warm.computed, warm.from_disk), (0, 0, all));
    assert_eq!(warm.parts, cold.parts);
    // Without a disk they are the same, to the bit.
    let (alone, _, _) = pool(&pictures, &preset, None);
    assert_eq!(alone.unwrap().parts, cold.parts);
    // A run computes its test pictures alone.
    let run = run_with_warnings(&pictures, frozen(), PLENTY, folder.path());
    assert_eq!(run.entered, COUNTS[2].next_multiple_of(piece(SIDE)));
    assert_eq!(numbers(&run), numbers(&without));
}

#[test]
fn a_picture_that_can_t_be_read_has_no_row() {
    for cached in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let pictures = pictures(2, COUNTS);
        let damaged = pictures.split.train[7];
        let path = pictures.dataset.pictures[damaged].source.path();
        std::fs::write(path, "no picture").unwrap();
        // The second time as the first.
        for _ in 0..2 {
            let cache = cached.then(|| folder.path());
            let (found, _, warnings) = pool(&pictures, &frozen(), cache);
            let train = &found.unwrap().parts[0];
            assert_eq!(train.unreadable, [damaged]);
            assert_eq!(train.rows.len(), (COUNTS[0] - 1) * 512);
            assert!(!train.pictures.contains(&damaged));
            assert_eq!(train.labels.len(), COUNTS[0] - 1);
            assert_eq!(warnings.len(), 1, "{warnings:?}");
        }
    }
}

#[test]
fn what_was_computed_before_a_stop_stays() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(2, [400, 2, 2]);
    let request = request(&pictures, frozen());
    let stop = request.stop.clone();
    let mut witness = Witness {
        // Progress comes ten times a second: within the second portion, at the latest.
        on_event: Some(Box::new(|event| match event {
            TrainingEvent::Progress(progress)
                if progress.activity == Activity::ComputingFeatures && progress.done >= 256 =>
            {
                stop.stop();
            }
            _ => {}
        })),
        ..Witness::default()
    };
    let cache = Some(folder.path());
    let stopped = in_environment(
        &Arc::default(),
        PLENTY,
        cache,
        Limits::NONE,
        |environment| pooled_rows_with(&request, &SPLITS, &mut witness, environment),
    );
    drop(witness);
    assert!(
        matches!(stopped, Err(TrainingError::Stopped)),
        "{stopped:?}"
    );
    let (again, _, _) = pool(&pictures, &frozen(), cache);
    let again = again.unwrap();
    assert!(again.from_disk >= 256, "{}", again.from_disk);
    assert_eq!(again.from_disk + again.computed, 402);
}

#[test]
fn a_stop_ends_it_and_what_no_room_is_for_is_refused() {
    let pictures = pictures(2, COUNTS);
    let request = request(&pictures, frozen());
    request.stop.stop();
    let mut witness = Witness::default();
    let stopped = in_environment(&Arc::default(), PLENTY, None, Limits::NONE, |environment| {
        pooled_rows_with(&request, &SPLITS, &mut witness, environment)
    });
    assert!(
        matches!(stopped, Err(TrainingError::Stopped)),
        "{stopped:?}"
    );
    let request = self::request(&pictures, frozen());
    let refused = in_environment(&Arc::default(), 0, None, Limits::NONE, |environment| {
        pooled_rows_with(&request, &SPLITS, &mut witness, environment)
    });
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("graft cache --limit"), "{said}");
}
