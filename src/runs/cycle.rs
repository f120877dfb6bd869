//! A run's folder from its first file to its last, written and read back.

use std::path::Path;

use super::*;
use crate::data::{Dataset, Picture, PictureSource, SplitIndices};
use crate::evaluation::{Prediction, Predictions};
use crate::experiment::{Experiment, Phase};
use crate::training::events::TestMetrics;
use crate::training::monitor::Best;
use crate::training::movement::Movement;
use crate::training::resume::{KeptWeights, Standing};
use crate::training::{Outcome, ResumePoint, TrainingEvent, TrainingListener};

fn experiment() -> Experiment {
    let mut experiment = Experiment {
        name: "Two phases".into(),
        ..Experiment::default()
    };
    experiment.phases = ["Warm-up", "Fine-tuning"]
        .map(|name| Phase {
            name: name.into(),
            epochs: 2,
            ..Phase::default()
        })
        .to_vec();
    experiment
}

fn dataset() -> (Dataset, SplitIndices) {
    let pictures = (0..6)
        .map(|index| Picture {
            source: PictureSource::File(format!("{index}.png").into()),
            name: format!("{index}.png"),
            label: index % 2,
            size: (8, 8),
            split: None,
            group: None,
        })
        .collect();
    let dataset = Dataset {
        classes: vec!["cat".into(), "dog".into()],
        pictures,
        problems: Vec::new(),
        excluded: Vec::new(),
        remarks: Vec::new(),
    };
    (
        dataset,
        SplitIndices {
            train: vec![0, 1],
            validation: vec![2, 3],
            test: vec![4, 5],
        },
    )
}

fn recorder(runs: &Path) -> RunRecorder {
    let (dataset, split) = dataset();
    RunRecorder::create(runs, &experiment(), None, &dataset, &split).unwrap()
}

fn epoch(epoch: u32, phase: usize) -> EpochMetrics {
    EpochMetrics {
        epoch,
        phase,
        learning_rate: 1e-3,
        train_loss: 0.7,
        train_accuracy: 0.5,
        validation_loss: Some(0.6),
        validation_accuracy: Some(0.5),
        validation_macro_f1: Some(0.4),
        seconds: 1.0,
    }
}

fn outcome() -> Outcome {
    let predictions = Predictions {
        classes: vec!["cat".into(), "dog".into()],
        rows: vec![
            Prediction {
                file: "4.png".into(),
                truth: 0,
                probabilities: vec![0.75, 0.25],
            },
            Prediction {
                file: "5.png".into(),
                truth: 1,
                probabilities: vec![0.5, 0.5],
            },
        ],
    };
    Outcome {
        test: Some(TestMetrics {
            loss: 0.5,
            accuracy: 0.5,
            macro_f1: 1.0 / 3.0,
            n: 2,
        }),
        predictions: Some(predictions),
        phases: vec![PhaseSummary {
            name: "Warm-up".into(),
            epochs: 2,
            seconds: 2.0,
        }],
        seconds_total: 4.0,
        best_epoch: 3,
        movement: vec![Movement {
            path: "conv1".into(),
            initial_l2: 2.0,
            distance_l2: 0.5,
        }],
    }
}

#[test]
fn a_run_is_read_back_as_it_was_recorded() {
    let runs = tempfile::tempdir().unwrap();
    let mut recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    assert_eq!(
        store::open(&folder).unwrap().summary.state,
        RunState::Running
    );
    recorder
        .event(&TrainingEvent::PhaseStarted {
            phase: 0,
            name: "Warm-up".into(),
            epochs: 2,
            first_epoch: 1,
            trainable_parameters: 10,
            frozen_parameters: 90,
            plan: "features are computed once".into(),
        })
        .unwrap();
    for (number, phase) in [(1, 0), (2, 0), (3, 1), (4, 1)] {
        recorder
            .event(&TrainingEvent::EpochFinished(epoch(number, phase)))
            .unwrap();
        assert_eq!(
            store::open(&folder).unwrap().metrics.len(),
            number as usize,
            "metrics stand after every epoch"
        );
    }
    let weight = tch::Tensor::f_from_slice(&[1.0f32, 2.0]).unwrap();
    recorder
        .weights(&[("head.output.bias".into(), weight)])
        .unwrap();
    let summary = recorder.finish(&outcome()).unwrap();
    assert_eq!(summary.state, RunState::Finished);

    let run = store::open(&folder).unwrap();
    assert_eq!(run.summary, summary);
    assert_eq!(run.phase_starts, [(3, "Fine-tuning".to_owned())]);
    assert_eq!(
        (
            run.summary.trainable_parameters,
            run.summary.frozen_parameters
        ),
        (10, 90)
    );
    assert_eq!((run.summary.best_epoch, run.summary.epochs_planned), (3, 4));
    assert_eq!(run.summary.seed, Some(experiment().seed));
    assert_eq!(
        run.summary.recipe.as_deref(),
        Some(seeds::recipe(&experiment()).as_str())
    );
    #[cfg(target_os = "linux")]
    assert!(
        run.summary
            .peak_memory_bytes
            .is_some_and(|bytes| bytes > 1 << 20)
    );
    assert_eq!(store::experiment(&folder).unwrap(), experiment());
    assert_eq!(
        store::predictions(&folder).unwrap(),
        outcome().predictions.unwrap()
    );
    assert_eq!(run.movement, outcome().movement);
    assert!(folder.join(files::WEIGHTS).is_file());
    let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
    assert!(
        log.contains("Epoch 4/4") && log.contains("  Finished\n"),
        "{log}"
    );
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected = [
        super::answers::FILE,
        files::LOCK,
        files::LOG,
        files::METRICS,
        files::MOVEMENT,
        files::PREDICTIONS,
        files::PRESET,
        files::SPLIT,
        files::SUMMARY,
        files::WEIGHTS,
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// The weights reach the disk beside the test: a run that lacks them must not be called finished, nor hide why it failed.
#[test]
fn weights_that_could_not_be_written_end_a_run_as_failed() {
    let runs = tempfile::tempdir().unwrap();
    let failed = |end: &dyn Fn(RunRecorder) -> RunError| {
        let mut recorder = recorder(runs.path());
        let folder = recorder.folder().to_path_buf();
        // A folder stands where the file should go.
        std::fs::create_dir(folder.join(files::WEIGHTS)).unwrap();
        let weight = tch::Tensor::from_slice(&[1f32]);
        recorder
            .weights(&[("head.output.bias".into(), weight)])
            .unwrap();
        let error = end(recorder).to_string();
        assert!(error.contains("can't be written"), "{error}");
        let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
        assert!(log.contains("can't be written"), "{log}");
        store::open(&folder).unwrap().summary.state
    };
    let RunState::Failed(reason) = failed(&|recorder| recorder.finish(&outcome()).unwrap_err())
    else {
        panic!("a run without weights is not finished");
    };
    assert!(reason.contains(files::WEIGHTS), "{reason}");
    assert_eq!(
        failed(&|recorder| recorder.fail("diverged").unwrap_err()),
        RunState::Failed("diverged".into())
    );
}

#[test]
fn answers_are_of_the_weights_that_were_tested_whatever_file_stands_there() {
    let runs = tempfile::tempdir().unwrap();
    let mut recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    let path = folder.join(files::WEIGHTS);
    let weights = |value: f32| {
        let tensor = tch::Tensor::from_slice(&[value]);
        vec![("head.output.bias".to_owned(), tensor)]
    };
    // The last weights can't be written.
    std::fs::create_dir(&path).unwrap();
    recorder.weights(&weights(2.0)).unwrap();
    recorder.finish(&outcome()).unwrap_err();
    let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
    assert!(
        log.contains("Failed: ") && !log.contains("Finished"),
        "{log}"
    );
    // Without weights, the answers are still those of the training.
    std::fs::remove_dir(&path).unwrap();
    let validity = || answers::validity(&folder, files::PREDICTIONS, 1).unwrap();
    assert_eq!(validity(), answers::Validity::Known);
    let shortfall = store::open(&folder).unwrap().shortfall().unwrap();
    assert!(shortfall.contains("failed at its end"), "{shortfall}");
    // Beside the weights of an earlier epoch they are not.
    std::fs::write(&path, files::weights(&weights(1.0)).unwrap()).unwrap();
    assert_eq!(validity(), answers::Validity::Stale);
    let message = store::predictions(&folder).unwrap_err().to_string();
    assert!(
        message.contains("of other weights") && message.contains("graft evaluate"),
        "{message}"
    );
    std::fs::write(&path, files::weights(&weights(2.0)).unwrap()).unwrap();
    assert_eq!(validity(), answers::Validity::Known);
}

#[test]
fn answers_that_can_t_be_written_leave_none_and_end_a_run_as_failed() {
    let runs = tempfile::tempdir().unwrap();
    let mut recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    std::fs::write(folder.join(files::PREDICTIONS), "of an earlier evaluation").unwrap();
    std::fs::create_dir(folder.join(answers::FILE)).unwrap();
    let weights = [("a".to_owned(), tch::Tensor::from_slice(&[1f32]))];
    recorder.weights(&weights).unwrap();
    recorder.finish(&outcome()).unwrap_err();
    assert!(!folder.join(files::PREDICTIONS).exists());
    let state = store::open(&folder).unwrap().summary.state;
    assert!(
        matches!(&state, RunState::Failed(reason) if reason.contains(answers::FILE)),
        "{state:?}"
    );
}

#[test]
fn a_run_without_weights_is_not_told_to_test_them() {
    let runs = tempfile::tempdir().unwrap();
    let recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    recorder.stop().unwrap();
    let reason = || store::predictions(&folder).unwrap_err().to_string();
    assert!(
        reason().contains("--resume") && !reason().contains("graft evaluate"),
        "{}",
        reason()
    );
    std::fs::write(folder.join(files::WEIGHTS), "").unwrap();
    assert!(reason().contains("graft evaluate"), "{}", reason());
}

/// More epochs of a finished run that fail before one was trained, such as for a weight file that is gone.
#[test]
fn further_epochs_that_fail_at_once_leave_the_run_as_it_was() {
    let runs = tempfile::tempdir().unwrap();
    let mut recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    for (number, phase) in [(1, 0), (2, 0), (3, 1), (4, 1)] {
        let event = TrainingEvent::EpochFinished(epoch(number, phase));
        recorder.event(&event).unwrap();
    }
    recorder.resume_point(&point(4)).unwrap();
    recorder.finish(&outcome()).unwrap();
    let preset = std::fs::read(folder.join(files::PRESET)).unwrap();
    let finished = store::open(&folder).unwrap();
    let more = Continuation {
        more_epochs: Some(2),
        ..Continuation::default()
    };
    let reopen = || {
        RunRecorder::reopen_with(&folder, &more, |_| Ok(()))
            .unwrap()
            .0
    };
    for _ in 0..2 {
        let recorder = reopen();
        assert_eq!(recorder.summary().epochs_planned, 6);
        assert_eq!(recorder.summary().kept_epoch(), None);
        recorder.fail("the weights are gone").unwrap();
        assert_eq!(store::open(&folder).unwrap(), finished);
        assert_eq!(std::fs::read(folder.join(files::PRESET)).unwrap(), preset);
        assert!(folder.join(files::END).exists() && !folder.join(files::RESUME).exists());
    }
    let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
    assert!(log.contains("the run is as it was"), "{log}");
    // Once one was trained, it is another run.
    let mut recorder = reopen();
    let event = TrainingEvent::EpochFinished(epoch(5, 1));
    recorder.event(&event).unwrap();
    recorder.fail("diverged").unwrap();
    assert!(!folder.join(files::END).exists());
    let summary = store::open(&folder).unwrap().summary;
    assert_eq!(summary.state, RunState::Failed("diverged".into()));
    assert!(summary.can_resume);
}

#[test]
fn a_weight_file_that_is_gone_is_an_obstacle() {
    let mut before = Digests::default();
    before.weights = Some(digests::WeightFile {
        path: "own.pth".into(),
        sha256: "1".into(),
    });
    assert_eq!(before.changes(&before).obstacle(), None);
    let reason = before.changes(&Digests::default()).obstacle().unwrap();
    assert!(
        reason.contains("can't be read any more") && reason.contains("own.pth"),
        "{reason}"
    );
}

#[test]
fn how_a_run_ended_is_told_by_its_folder() {
    let runs = tempfile::tempdir().unwrap();
    let finished = recorder(runs.path()).finish(&outcome()).unwrap();
    recorder(runs.path()).stop().unwrap();
    recorder(runs.path()).fail("the disk is full").unwrap();
    drop(recorder(runs.path()));
    let alive = recorder(runs.path());
    let broken = runs.path().join("2020-broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join(files::SUMMARY), "{").unwrap();
    std::fs::create_dir(runs.path().join("no-run")).unwrap();

    let listed = store::list(runs.path());
    let has = |state: RunState| {
        listed
            .iter()
            .filter(|summary| summary.state == state)
            .count()
    };
    assert_eq!(listed.len(), 6);
    assert_eq!(has(RunState::Finished), 1);
    assert_eq!(has(RunState::Stopped), 1);
    assert_eq!(has(RunState::Failed("the disk is full".into())), 1);
    assert_eq!(has(RunState::Interrupted), 1);
    assert_eq!(has(RunState::Running), 1);
    assert!(listed.iter().any(|summary| summary.id == finished.id));
    let last = listed.last().unwrap();
    assert!(
        matches!(&last.state, RunState::Failed(reason) if reason.contains("summary.json")),
        "{last:?}"
    );
    assert!(
        listed
            .windows(2)
            .all(|pair| pair[0].started >= pair[1].started),
        "newest first"
    );
    drop(alive);
    assert!(store::list(Path::new("nowhere at all")).is_empty());
}

#[test]
fn runs_on_other_test_pictures_are_refused() {
    let runs = tempfile::tempdir().unwrap();
    let open = |split: &SplitIndices, dataset: &Dataset| {
        let recorder =
            RunRecorder::create(runs.path(), &experiment(), None, dataset, split).unwrap();
        store::open(&runs.path().join(recorder.finish(&outcome()).unwrap().id)).unwrap()
    };
    let (dataset, split) = dataset();
    let first = open(&split, &dataset);
    let again = open(
        &SplitIndices {
            train: vec![1],
            ..split.clone()
        },
        &dataset,
    );
    assert!(
        store::check_comparable(&[first.clone(), again]).is_ok(),
        "training pictures may differ"
    );
    let other = open(
        &SplitIndices {
            test: vec![3, 4],
            ..split.clone()
        },
        &dataset,
    );
    let fewer = open(
        &SplitIndices {
            test: vec![4],
            ..split.clone()
        },
        &dataset,
    );
    let renamed = open(
        &split,
        &Dataset {
            classes: vec!["cat".into(), "wolf".into()],
            ..dataset.clone()
        },
    );
    for (run, expected) in [
        (other, "tested on different pictures"),
        (fewer, "on 2 pictures, the other on 1"),
        (renamed, "wolf"),
    ] {
        let message = store::check_comparable(&[first.clone(), run])
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(store::check_comparable(&[]).is_err());
}

fn point(epoch: u32) -> ResumePoint {
    let metric = crate::training::metrics::monitored(crate::experiment::Monitor::ValidationLoss);
    ResumePoint {
        standing: Standing {
            epoch,
            phase: 1,
            done_in_phase: epoch - 2,
            phase_is_over: false,
            phase_seconds: 0.5,
            finished: vec![PhaseSummary {
                name: "Warm-up".into(),
                epochs: 2,
                seconds: 2.0,
            }],
            seconds: 100.0,
            averaged_steps: None,
            patience: None,
            best: Best::new(metric).watched(),
            kept: KeptWeights::Nothing,
            precision: None,
            partial: None,
        },
        tensors: vec![(
            "network/head.bias".into(),
            tch::Tensor::f_from_slice(&[1.0f32]).unwrap(),
        )],
    }
}

#[test]
fn an_interrupted_run_goes_on_in_its_folder() {
    let runs = tempfile::tempdir().unwrap();
    let mut recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    let find = || store::find_unfinished(runs.path(), &experiment(), None);
    assert_eq!(find(), None, "it is being trained");
    for (number, phase) in [(1, 0), (2, 0), (3, 1)] {
        recorder
            .event(&TrainingEvent::EpochFinished(epoch(number, phase)))
            .unwrap();
    }
    recorder.resume_point(&point(3)).unwrap();
    recorder
        .event(&TrainingEvent::EpochFinished(epoch(4, 1)))
        .unwrap();
    assert!(matches!(
        RunRecorder::reopen(&folder),
        Err(RunError::Locked(_))
    ));
    drop(recorder);
    // As a process that was killed while it wrote leaves it.
    std::fs::write(folder.join(".writing-abc"), "half").unwrap();
    let summary = store::open(&folder).unwrap().summary;
    assert_eq!(summary.state, RunState::Interrupted);
    assert!(summary.can_resume);
    assert_eq!(find().as_deref(), Some(folder.as_path()));
    let mut renamed = experiment();
    renamed.seed += 1;
    assert_eq!(store::find_unfinished(runs.path(), &renamed, None), None);

    let (recorder, resumed) = RunRecorder::reopen(&folder).unwrap();
    assert_eq!(resumed.unwrap().standing, point(3).standing);
    assert_eq!(recorder.metrics().len(), 3, "the fourth is trained again");
    assert!(!folder.join(".writing-abc").exists());
    let (dataset, split) = dataset();
    recorder.check_split(&dataset, &split).unwrap();
    let mut other = dataset.clone();
    other.pictures[2].name = "x.png".into();
    let message = recorder
        .check_split(&other, &split)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("(2.png is missing; x.png is new)"),
        "{message}"
    );
    let stored = store::open(&folder).unwrap();
    assert_eq!(stored.summary.state, RunState::Running);
    assert_eq!(stored.metrics.len(), 3);
    assert_eq!(stored.summary.phases, point(3).standing.finished);
    let summary = recorder.stop().unwrap();
    assert!(summary.can_resume && summary.seconds_total >= 100.0);
    let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
    assert!(
        log.contains("Epoch 1/4") && log.contains("00:01:40  Resumed after epoch 3"),
        "{log}"
    );

    let (recorder, _) = RunRecorder::reopen(&folder).unwrap();
    let summary = recorder.finish(&outcome()).unwrap();
    assert!(!summary.can_resume && !folder.join(files::RESUME).exists());
    assert!(!store::open(&folder).unwrap().summary.can_resume);
    let message = RunRecorder::reopen(&folder).unwrap_err().to_string();
    assert!(message.contains("has come to its end"), "{message}");
    assert_eq!(find(), None);
}

#[test]
fn a_run_without_a_finished_epoch_begins_anew_in_its_folder() {
    let runs = tempfile::tempdir().unwrap();
    let folder = recorder(runs.path()).folder().to_path_buf();
    assert!(!store::open(&folder).unwrap().summary.can_resume);
    let (recorder, point) = RunRecorder::reopen(&folder).unwrap();
    assert!(point.is_none());
    assert_eq!(recorder.metrics().len(), 0);
    drop(recorder);
    let message = RunRecorder::reopen(runs.path()).unwrap_err().to_string();
    assert!(message.contains("is no run's folder"), "{message}");
}

#[test]
fn a_summary_of_a_version_that_knew_less_is_read() {
    let runs = tempfile::tempdir().unwrap();
    let id = recorder(runs.path()).finish(&outcome()).unwrap().id;
    let path = runs.path().join(id).join(files::SUMMARY);
    let mut summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for later in ["seed", "recipe", "peak_memory_bytes"] {
        assert!(summary.as_object_mut().unwrap().remove(later).is_some());
    }
    std::fs::write(&path, summary.to_string()).unwrap();
    let summary = store::open(path.parent().unwrap()).unwrap().summary;
    assert_eq!(summary.state, RunState::Finished);
    assert_eq!((summary.seed, summary.peak_memory_bytes), (None, None));
}

#[test]
fn what_is_missing_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let missing = runs.path().join("absent");
    let message = store::open(&missing).unwrap_err().to_string();
    assert!(
        message.starts_with("is no run's folder") && message.contains("absent"),
        "{message}"
    );
    let id = recorder(runs.path()).stop().unwrap().id;
    let folder = runs.path().join(id);
    assert!(
        store::predictions(&folder)
            .unwrap_err()
            .to_string()
            .contains("has no predictions")
    );
    std::fs::write(folder.join(files::METRICS), "epoch,phase\nx,0\n").unwrap();
    let message = store::open(&folder).unwrap_err().to_string();
    assert!(message.ends_with("metrics.csv"), "{message}");
}
