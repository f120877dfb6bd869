//! How runs end, and what their folders then say.

use super::*;

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
