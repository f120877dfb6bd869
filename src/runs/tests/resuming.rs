//! Runs that are gone on with.

use super::*;

#[test]
fn a_run_of_a_version_that_kept_no_groups_has_them_once_it_is_gone_on_with() {
    let runs = tempfile::tempdir().unwrap();
    let (mut dataset, split) = dataset();
    dataset.pictures[5].group = Some("=1, \"p\"\n2".into());
    let recorder = RunRecorder::create(runs.path(), &experiment(), None, &dataset, &split).unwrap();
    let folder = recorder.folder().to_path_buf();
    let kept = groups::read(&folder).unwrap();
    assert_eq!(
        (kept.of("5.png"), kept.of("4.png")),
        (Some("=1, \"p\"\n2"), None)
    );
    drop(recorder);
    std::fs::remove_file(folder.join(groups::FILE)).unwrap();
    let (recorder, _) = RunRecorder::reopen(&folder).unwrap();
    recorder.keep_groups(&dataset, &split).unwrap();
    assert_eq!(groups::read(&folder).unwrap(), kept);
}

#[test]
fn an_interrupted_run_goes_on_in_its_folder() {
    let runs = tempfile::tempdir().unwrap();
    let mut recorder = recorder(runs.path());
    let folder = recorder.folder().to_path_buf();
    let find_of = |experiment: &Experiment| {
        let known = store::same(runs.path(), experiment, None).into_iter();
        let is_over = |state: &RunState| matches!(state, RunState::Finished | RunState::Running);
        let mut unfinished = known.filter(|(summary, _)| !is_over(&summary.state));
        unfinished.next().map(|(_, folder)| folder)
    };
    let find = || find_of(&experiment());
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
    assert_eq!(find_of(&renamed), None);

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
