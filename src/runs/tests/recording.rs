//! What a training tells is in the folder.

use super::*;

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
        crate::runs::annotations::FILE,
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
    let bytes = |value: f32| {
        let mut bytes = Vec::new();
        files::write_weights(&weights(value), &mut bytes).unwrap();
        bytes
    };
    std::fs::write(&path, bytes(1.0)).unwrap();
    assert_eq!(validity(), answers::Validity::Stale);
    let message = store::predictions(&folder).unwrap_err().to_string();
    assert!(
        message.contains("of other weights") && message.contains("graft evaluate"),
        "{message}"
    );
    std::fs::write(&path, bytes(2.0)).unwrap();
    assert_eq!(validity(), answers::Validity::Known);
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
