//! The training thread with a stand-in for the trainer: its queue, its flags, its messages, and what is left in folders.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::run_queue::MOST_WAITING;
use super::*;
use crate::data::{Dataset, Picture, PictureSource};
use crate::runs::tests::{epoch, experiment, outcome, point};
use crate::runs::{RunState, store};
use crate::training::events::Activity;
use crate::training::{Outcome, TrainingError, TrainingListener, TrainingRequest};
use crate::worker::messages::StartRun;
use crate::worker::patience::{PATIENCE, wait_until};

type Trained = Result<Outcome, TrainingError>;

/// A worker whose trainer is `train`.
fn worker(
    train: impl Fn(&TrainingRequest, &mut dyn TrainingListener) -> Trained + Send + Sync + 'static,
) -> TrainingWorker {
    worker_with(train, "nothing is called".into(), &[])
}

/// The same where there are graphics cards, on each of which `program` trains.
fn worker_with(
    train: impl Fn(&TrainingRequest, &mut dyn TrainingListener) -> Trained + Send + Sync + 'static,
    program: PathBuf,
    cards: &'static [usize],
) -> TrainingWorker {
    let means = Means {
        train: Box::new(move |request, listener| train(&request, listener)),
        program,
        cards: Box::new(|| cards.to_vec()),
    };
    TrainingWorker::spawn_with(Arc::new(|_| {}), means).unwrap()
}

/// Batch after batch until the stop flag is set.
fn train_until_stop(request: &TrainingRequest) -> Trained {
    wait_until(|| request.stop.is_stopped());
    Err(TrainingError::Stopped)
}

/// One that trains until it is stopped, and how many runs it has begun to train.
fn counting_worker() -> (TrainingWorker, Arc<AtomicUsize>) {
    let trained = Arc::new(AtomicUsize::new(0));
    let counted = trained.clone();
    let worker = worker(move |request, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        train_until_stop(request)
    });
    (worker, trained)
}

fn dataset() -> Arc<Dataset> {
    let pictures = (0..20)
        .map(|index| Picture {
            source: PictureSource::File(format!("{index}.png").into()),
            name: format!("{index}.png"),
            label: index % 2,
            size: (8, 8),
            split: None,
            group: None,
        })
        .collect();
    Arc::new(Dataset {
        classes: vec!["cat".into(), "dog".into()],
        pictures,
        ..Dataset::default()
    })
}

fn start(run: u64, runs: &Path) -> StartRun {
    StartRun {
        run: RunId(run),
        experiment: experiment(),
        base: None,
        dataset: Some(dataset()),
        runs: runs.to_path_buf(),
        resume: None,
        refit: false,
        device: None,
    }
}

fn send(worker: &TrainingWorker, start: StartRun) {
    worker
        .send(TrainingCommand::Start(Box::new(start)))
        .unwrap();
}

/// Takes what has happened until there is what `is_wanted`.
#[track_caller]
fn events_until(
    worker: &TrainingWorker,
    is_wanted: impl Fn(&RunId, &RunEvent) -> bool,
) -> Vec<(RunId, RunEvent)> {
    let mut events = Vec::new();
    wait_until(|| {
        events.extend(worker.events());
        events.iter().any(|(run, event)| is_wanted(run, event))
    });
    events
}

#[track_caller]
fn events_until_end(worker: &TrainingWorker, wanted: u64) -> Vec<(RunId, RunEvent)> {
    events_until(worker, |run, event| run.0 == wanted && event.is_end())
}

#[track_caller]
fn wait_for_start(worker: &TrainingWorker, wanted: u64) {
    events_until(worker, |run, event| {
        run.0 == wanted && matches!(event, RunEvent::Started { .. })
    });
}

/// Closes the window: the worker is dropped, which may not take for ever.
#[track_caller]
fn close(worker: TrainingWorker) {
    let closing = std::thread::Builder::new().spawn(move || drop(worker));
    let closing = closing.unwrap();
    wait_until(|| closing.is_finished());
    closing.join().unwrap();
}

fn end_of(events: &[(RunId, RunEvent)], wanted: u64) -> &RunEvent {
    let mut ends = events
        .iter()
        .filter(|(run, event)| run.0 == wanted && event.is_end());
    let end = &ends.next().unwrap().1;
    assert!(ends.next().is_none(), "a run ends once");
    end
}

/// The state of every run in `runs`, the first that was begun first.
fn states(runs: &Path) -> Vec<RunState> {
    let mut summaries = store::list(runs);
    // Runs of one second have numbers behind their names.
    summaries.sort_by(|a, b| (a.id.len(), &a.id).cmp(&(b.id.len(), &b.id)));
    summaries.into_iter().map(|summary| summary.state).collect()
}

fn tick(done: usize) -> TrainingEvent {
    TrainingEvent::Progress(Progress {
        activity: Activity::Training,
        phase: 0,
        epoch: 1,
        epochs: 1,
        done,
        total: 10_000,
        pictures_per_second: 0.0,
        remaining_seconds: None,
        train_loss: None,
    })
}

fn ticks(events: &[(RunId, RunEvent)]) -> Vec<usize> {
    let done = |event: &RunEvent| match event {
        RunEvent::Training(TrainingEvent::Progress(progress)) => Some(progress.done),
        _ => None,
    };
    events.iter().filter_map(|(_, event)| done(event)).collect()
}

fn notes(events: &[(RunId, RunEvent)]) -> Vec<&str> {
    fn text(event: &RunEvent) -> Option<&str> {
        match event {
            RunEvent::Training(TrainingEvent::Note(text)) => Some(text),
            _ => None,
        }
    }
    events.iter().filter_map(|(_, event)| text(event)).collect()
}

#[test]
fn a_run_that_is_stopped_ends_as_stopped() {
    let runs = tempfile::tempdir().unwrap();
    let worker = worker(|request, _| train_until_stop(request));
    send(&worker, start(1, runs.path()));
    wait_for_start(&worker, 1);
    assert_eq!(states(runs.path()), [RunState::Running]);
    worker.send(TrainingCommand::Stop(RunId(1))).unwrap();
    let events = events_until_end(&worker, 1);
    assert!(matches!(end_of(&events, 1), RunEvent::Stopped(_)));
    assert_eq!(states(runs.path()), [RunState::Stopped]);
}

#[test]
fn a_failure_is_kept_and_told() {
    let runs = tempfile::tempdir().unwrap();
    let worker = worker(|_, _| Err(TrainingError::Experiment("no phases".into())));
    send(&worker, start(1, runs.path()));
    let events = events_until_end(&worker, 1);
    assert!(matches!(end_of(&events, 1), RunEvent::Failed { message } if message == "no phases"));
    assert_eq!(states(runs.path()), [RunState::Failed("no phases".into())]);
}

#[test]
fn a_pause_holds_the_training_until_it_is_over() {
    let runs = tempfile::tempdir().unwrap();
    let batches = Arc::new(AtomicUsize::new(0));
    let worker = worker({
        let batches = batches.clone();
        move |request, _| {
            wait_until(|| {
                if !request.pause.is_set() {
                    batches.fetch_add(1, Ordering::SeqCst);
                }
                request.stop.is_stopped()
            });
            Err(TrainingError::Stopped)
        }
    });
    send(&worker, start(1, runs.path()));
    wait_until(|| batches.load(Ordering::SeqCst) > 0);
    worker.send(TrainingCommand::Pause(true)).unwrap();
    // The batch that was under way.
    std::thread::sleep(Duration::from_millis(50));
    let held = batches.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(batches.load(Ordering::SeqCst), held);
    worker.send(TrainingCommand::Pause(false)).unwrap();
    wait_until(|| batches.load(Ordering::SeqCst) > held);
}

#[test]
fn a_run_that_is_taken_out_of_the_queue_is_never_begun() {
    let runs = tempfile::tempdir().unwrap();
    let (worker, trained) = counting_worker();
    send(&worker, start(1, runs.path()));
    send(&worker, start(2, runs.path()));
    wait_for_start(&worker, 1);
    worker.send(TrainingCommand::Stop(RunId(2))).unwrap();
    worker.send(TrainingCommand::Stop(RunId(1))).unwrap();
    let events = events_until_end(&worker, 1);
    assert!(matches!(end_of(&events, 1), RunEvent::Stopped(_)));
    assert!(matches!(end_of(&events, 2), RunEvent::Cancelled));
    assert_eq!(trained.load(Ordering::SeqCst), 1);
    assert_eq!(states(runs.path()).len(), 1, "it has no folder");
}

#[test]
fn a_panic_ends_its_run_and_the_next_is_trained() {
    let runs = tempfile::tempdir().unwrap();
    let trained = AtomicUsize::new(0);
    let worker = worker(move |_, _| {
        assert!(
            trained.fetch_add(1, Ordering::SeqCst) > 0,
            "a shape is wrong"
        );
        Ok(outcome())
    });
    send(&worker, start(1, runs.path()));
    send(&worker, start(2, runs.path()));
    let events = events_until_end(&worker, 2);
    let RunEvent::Failed { message } = end_of(&events, 1) else {
        panic!("{events:?}");
    };
    assert!(
        message.contains("an error inside Graft ended this run: a shape is wrong"),
        "{message}"
    );
    assert!(matches!(end_of(&events, 2), RunEvent::Finished(_)));
    // Nobody was left to write how the first ended.
    assert_eq!(
        states(runs.path()),
        [RunState::Interrupted, RunState::Finished]
    );
}

#[test]
fn a_full_queue_refuses_a_run_and_keeps_the_others() {
    let runs = tempfile::tempdir().unwrap();
    let (worker, trained) = counting_worker();
    send(&worker, start(0, runs.path()));
    wait_for_start(&worker, 0);
    for run in 1..=MOST_WAITING as u64 {
        send(&worker, start(run, runs.path()));
    }
    let one_more = TrainingCommand::Start(Box::new(start(1000, runs.path())));
    let reason = worker.send(one_more).unwrap_err();
    assert!(reason.contains("256 runs are queued already"), "{reason}");
    worker.send(TrainingCommand::Stop(RunId(0))).unwrap();
    wait_for_start(&worker, 1);
    // Those that wait are not trained when the window closes.
    close(worker);
    assert_eq!(trained.load(Ordering::SeqCst), 2);
}

#[test]
fn a_stop_is_seen_at_the_next_batch_whatever_was_told_before() {
    let runs = tempfile::tempdir().unwrap();
    let (told, all_is_told) = bounded::<()>(1);
    let (go_on, may_go_on) = bounded::<()>(1);
    let worker = worker(move |request, listener| {
        // More ticks than messages may wait: nobody takes any of them meanwhile.
        for batch in 1..=10_000 {
            assert!(!request.stop.is_stopped());
            listener.event(&tick(batch))?;
            if batch % 1000 == 0 {
                listener.event(&TrainingEvent::Note(format!("batch {batch}")))?;
            }
        }
        told.send(()).unwrap();
        may_go_on.recv_timeout(PATIENCE).unwrap();
        match request.stop.is_stopped() {
            true => Err(TrainingError::Stopped),
            false => Err(TrainingError::Experiment("the stop came too late".into())),
        }
    });
    send(&worker, start(1, runs.path()));
    all_is_told.recv_timeout(PATIENCE).unwrap();
    worker.send(TrainingCommand::Stop(RunId(1))).unwrap();
    let events = worker.events();
    assert_eq!(ticks(&events), [10_000], "ticks overwrite each other");
    let expected: Vec<String> = (1..=10)
        .map(|number| format!("batch {number}000"))
        .collect();
    assert_eq!(notes(&events), expected, "everything else is delivered");
    go_on.send(()).unwrap();
    let events = events_until_end(&worker, 1);
    assert!(
        matches!(end_of(&events, 1), RunEvent::Stopped(_)),
        "{events:?}"
    );
}

#[test]
fn no_tick_comes_after_the_end_of_its_run() {
    let runs = tempfile::tempdir().unwrap();
    let worker = worker(|_, listener| {
        listener.event(&tick(1))?;
        Ok(outcome())
    });
    send(&worker, start(1, runs.path()));
    // The start and the end.
    wait_until(|| worker.events.len() == 2);
    let events = worker.events();
    assert!(matches!(end_of(&events, 1), RunEvent::Finished(_)));
    assert_eq!(ticks(&events), [0; 0]);
}

#[test]
fn a_training_waits_for_a_slow_window_and_loses_nothing() {
    let runs = tempfile::tempdir().unwrap();
    let worker = worker(|_, listener| {
        for number in 0..EVENTS + 100 {
            listener.event(&TrainingEvent::Note(number.to_string()))?;
        }
        Ok(outcome())
    });
    send(&worker, start(1, runs.path()));
    wait_until(|| worker.events.is_full());
    let events = events_until_end(&worker, 1);
    let expected: Vec<String> = (0..EVENTS + 100).map(|number| number.to_string()).collect();
    assert_eq!(notes(&events), expected);
}

#[test]
fn a_window_that_is_gone_holds_no_training() {
    let runs = tempfile::tempdir().unwrap();
    let worker = worker(|request, listener| {
        let mut batches = 0..2 * EVENTS;
        while !request.stop.is_stopped() && batches.next().is_some() {
            listener.event(&TrainingEvent::Note("a batch".into()))?;
        }
        train_until_stop(request)
    });
    send(&worker, start(1, runs.path()));
    wait_until(|| worker.events.is_full());
    close(worker);
    assert_eq!(states(runs.path()), [RunState::Stopped]);
}

#[test]
fn closing_the_window_waits_for_a_training_that_can_be_resumed() {
    let runs = tempfile::tempdir().unwrap();
    let worker_of = |ended: &Arc<StopFlag>| {
        let ended = ended.clone();
        worker(move |request, listener| {
            if let Some(resume) = &request.resume {
                assert_eq!(resume.standing.epoch, 3);
                return Ok(outcome());
            }
            for (number, phase) in [(1, 0), (2, 0), (3, 1)] {
                listener.event(&TrainingEvent::EpochFinished(epoch(number, phase)))?;
            }
            listener.resume_point(&point(3))?;
            // This one looks at its stop flag when it goes on.
            wait_until(|| !request.pause.is_set());
            let trained = train_until_stop(request);
            ended.stop();
            trained
        })
    };
    let ended = Arc::new(StopFlag::default());
    let first = worker_of(&ended);
    first.send(TrainingCommand::Pause(true)).unwrap();
    send(&first, start(1, runs.path()));
    let events = events_until(
        &first,
        |_, event| matches!(event, RunEvent::Training(TrainingEvent::EpochFinished(epoch)) if epoch.epoch == 3),
    );
    close(first);
    assert!(ended.is_stopped(), "the thread has come to its end");
    let RunEvent::Started { folder } = &events[0].1 else {
        panic!("{events:?}");
    };
    let stored = store::open(folder).unwrap();
    assert_eq!(stored.summary.state, RunState::Stopped);
    assert!(stored.summary.can_resume);

    let second = worker_of(&ended);
    let again = StartRun {
        experiment: store::experiment(folder).unwrap(),
        resume: Some(folder.clone()),
        ..start(2, runs.path())
    };
    send(&second, again);
    let events = events_until_end(&second, 2);
    assert!(matches!(&events[0].1, RunEvent::Started { folder: again } if again == folder));
    assert!(matches!(&events[1].1, RunEvent::Resumed(run) if run.metrics.len() == 3));
    assert!(
        matches!(end_of(&events, 2), RunEvent::Finished(_)),
        "{events:?}"
    );
}

#[test]
fn folds_are_one_run_of_the_window_and_each_begins_its_curves_anew() {
    let runs = tempfile::tempdir().unwrap();
    let worker = worker(|request, listener| {
        listener.event(&TrainingEvent::EpochFinished(epoch(1, 0)))?;
        let rows = request.split.test.iter().map(|&index| {
            let picture = &request.dataset.pictures[index];
            let mut probabilities = vec![0.25, 0.25];
            probabilities[picture.label as usize] = 0.75;
            crate::evaluation::Prediction {
                file: picture.name.clone(),
                truth: picture.label,
                probabilities,
            }
        });
        let predictions = crate::evaluation::Predictions {
            classes: request.dataset.classes.clone(),
            rows: rows.collect(),
            ..crate::evaluation::Predictions::default()
        };
        Ok(Outcome {
            test: (!predictions.rows.is_empty()).then(|| crate::training::metrics_of(&predictions)),
            predictions: Some(predictions).filter(|predictions| !predictions.rows.is_empty()),
            ..outcome()
        })
    });
    let mut cross_validated = start(1, runs.path());
    cross_validated.experiment.data.split.folds = Some(4);
    send(&worker, cross_validated);
    let events = events_until_end(&worker, 1);
    let RunEvent::Started { folder } = &events[0].1 else {
        panic!("{events:?}");
    };
    let folds: Vec<(u32, u32)> = events
        .iter()
        .filter_map(|(_, event)| match event {
            RunEvent::Fold { fold, folds, .. } => Some((*fold, *folds)),
            _ => None,
        })
        .collect();
    assert_eq!(folds, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    let starts = events
        .iter()
        .filter(|(_, event)| matches!(event, RunEvent::Started { .. }));
    assert_eq!(starts.count(), 1);
    let RunEvent::Finished(summary) = end_of(&events, 1) else {
        panic!("{events:?}");
    };
    assert_eq!((summary.folds, summary.test_pictures), (Some(4), 20));
    assert_eq!(store::list(runs.path()).len(), 1);
    assert_eq!(store::predictions(folder).unwrap().rows.len(), 20);

    // One more network, on all folds: the run begins again, and ends as what it was.
    let mut refit = start(2, runs.path());
    refit.experiment = store::experiment(folder).unwrap();
    (refit.resume, refit.refit) = (Some(folder.clone()), true);
    send(&worker, refit);
    let events = events_until_end(&worker, 2);
    assert!(matches!(&events[0].1, RunEvent::Started { folder: again } if again == folder));
    let fold = events.iter().find_map(|(_, event)| match event {
        RunEvent::Fold { fold, folds, .. } => Some((*fold, *folds)),
        _ => None,
    });
    assert_eq!(fold, Some((0, 4)));
    let RunEvent::Finished(summary) = end_of(&events, 2) else {
        panic!("{events:?}");
    };
    assert_eq!(
        (summary.folds, &summary.state),
        (Some(4), &RunState::Finished)
    );
    let listed = store::list(runs.path());
    assert_eq!(listed[0].listed.refit, Some(folder.join("refit")));
}

/// Says on which card it is, and ends when it is stopped; one that is called so dies once a file says so.
#[cfg(unix)]
const ON_CARD: &str = r#"#!/bin/sh
read -r order
card=$(printf %s "$order" | grep -o 'cuda:[0-9]')
echo "Training(Note(\"$card\"))"
case "$order" in
*'name:"Dies"'*) while [ ! -e "$(dirname "$0")/now" ]; do sleep 0.02; done; exit 7 ;;
esac
while read -r line; do echo "Training(Note(\"$line\"))"; done
echo Cancelled
"#;

#[cfg(unix)]
mod several_cards {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A worker with the cards 1 and 0, the first of them the better one.
    fn two_cards() -> (tempfile::TempDir, TrainingWorker) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("graft");
        std::fs::write(&program, ON_CARD).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let train =
            |request: &TrainingRequest, _: &mut dyn TrainingListener| train_until_stop(request);
        (folder, worker_with(train, program, &[1, 0]))
    }

    fn until_note(worker: &TrainingWorker, wanted: u64, text: &str) -> Vec<(RunId, RunEvent)> {
        events_until(worker, |run, event| {
            run.0 == wanted
                && matches!(event, RunEvent::Training(TrainingEvent::Note(note)) if note == text)
        })
    }

    fn cards(events: &[(RunId, RunEvent)]) -> Vec<(u64, usize)> {
        let of = |(run, event): &(RunId, RunEvent)| match event {
            RunEvent::OnCard(card) => Some((run.0, *card)),
            _ => None,
        };
        events.iter().filter_map(of).collect()
    }

    fn stop(worker: &TrainingWorker, run: u64) {
        worker.send(TrainingCommand::Stop(RunId(run))).unwrap();
    }

    #[test]
    fn each_card_takes_the_next_run_and_a_failure_stops_no_other() {
        let (folder, worker) = two_cards();
        for run in 1..=4 {
            let mut start = start(run, folder.path());
            if run == 2 {
                start.experiment.name = "Dies".into();
            }
            send(&worker, start);
        }
        let mut events = until_note(&worker, 1, "cuda:1");
        events.extend(match notes(&events).contains(&"cuda:0") {
            true => Vec::new(),
            false => until_note(&worker, 2, "cuda:0"),
        });
        let mut begun = cards(&events);
        begun.sort_unstable();
        assert_eq!(begun, [(1, 1), (2, 0)], "the best card comes first");
        // The second dies; its card takes the third, and the first goes on.
        std::fs::write(folder.path().join("now"), "").unwrap();
        let events = until_note(&worker, 3, "cuda:0");
        assert_eq!(cards(&events), [(3, 0)]);
        let RunEvent::Failed { message } = end_of(&events, 2) else {
            panic!("{events:?}");
        };
        assert!(message.contains("cuda:0 ended with status 7"), "{message}");
        // One that waits is taken out, one that trains is stopped; the other card is not asked.
        stop(&worker, 4);
        stop(&worker, 1);
        let events = events_until_end(&worker, 1);
        assert!(matches!(end_of(&events, 4), RunEvent::Cancelled));
        assert!(
            !events
                .iter()
                .any(|(run, event)| run.0 == 3 && event.is_end())
        );
        stop(&worker, 3);
        events_until_end(&worker, 3);
    }

    #[test]
    fn what_waited_behind_a_run_that_is_taken_out_begins() {
        let (folder, worker) = two_cards();
        let bound = |run, device: &str| StartRun {
            device: Some(device.into()),
            ..start(run, folder.path())
        };
        // The first run of a window may be bound: which cards there are is known all the same.
        send(&worker, bound(1, "cpu"));
        wait_for_start(&worker, 1);
        // It waits for this process, and card 0 is kept for it.
        send(&worker, bound(2, "cuda:0"));
        send(&worker, start(3, folder.path()));
        until_note(&worker, 3, "cuda:1");
        send(&worker, start(4, folder.path()));
        stop(&worker, 2);
        let events = until_note(&worker, 4, "cuda:0");
        assert!(matches!(end_of(&events, 2), RunEvent::Cancelled));
        close(worker);
    }

    #[test]
    fn one_is_held_by_itself_and_all_are_held_together() {
        let (folder, worker) = two_cards();
        for run in [1, 2] {
            send(&worker, start(run, folder.path()));
        }
        let begun = until_note(&worker, 1, "cuda:1");
        if !notes(&begun).contains(&"cuda:0") {
            until_note(&worker, 2, "cuda:0");
        }
        let pause = TrainingCommand::PauseRun(RunId(2), true);
        worker.send(pause).unwrap();
        let events = until_note(&worker, 2, "pause");
        assert_eq!(notes(&events), ["pause"]);
        worker.send(TrainingCommand::Pause(true)).unwrap();
        let events = until_note(&worker, 1, "pause");
        assert_eq!(notes(&events), ["pause"], "the other is held already");
        // What begins meanwhile is held, too.
        stop(&worker, 1);
        send(&worker, start(3, folder.path()));
        until_note(&worker, 3, "pause");
        worker.send(TrainingCommand::Pause(false)).unwrap();
        let events = until_note(&worker, 3, "go on");
        if notes(&events).len() < 2 {
            until_note(&worker, 2, "go on");
        }
        close(worker);
    }
}
