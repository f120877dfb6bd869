//! Both ends: the process's own with a stand-in for the trainer, and the window's with a program that does what a script says.

use std::fs;
use std::io::{BufReader, Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::data::StopFlag;
use crate::experiment::preset;
use crate::runs::store;
use crate::runs::tests::{epoch, experiment, outcome};
use crate::training::events::EpochMetrics;
use crate::training::{Outcome, PauseFlag, TrainingError, TrainingListener, TrainingRequest};
use crate::worker::messages::RunId;
use crate::worker::patience::wait_until;

/// Pictures of two classes, and a run on them.
fn start(folder: &Path) -> StartRun {
    for index in 0..20 {
        let class = folder
            .join("pictures")
            .join(["cat", "dog"][index as usize % 2]);
        fs::create_dir_all(&class).unwrap();
        let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([index, 0, 255 - index]));
        picture.save(class.join(format!("{index}.png"))).unwrap();
    }
    let mut experiment = experiment();
    experiment.data.source = crate::experiment::DataSource::ClassFolders {
        path: folder.join("pictures"),
    };
    StartRun {
        run: RunId(7),
        experiment,
        base: None,
        dataset: None,
        runs: folder.join("runs"),
        resume: None,
        refit: false,
        device: Some("cpu".into()),
    }
}

fn order_of(start: StartRun) -> String {
    let order = Order {
        version: VERSION.to_owned(),
        start,
        most_threads: None,
    };
    ron::to_string(&order).unwrap() + "\n"
}

/// Bytes that a test can look at while they are written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn lines(&self) -> Vec<Said> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| ron::from_str(line).unwrap())
            .collect()
    }
}

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_run_is_ordered_and_told_in_lines_whatever_its_numbers_are() {
    let folder = tempfile::tempdir().unwrap();
    let odd = EpochMetrics {
        train_loss: f64::NAN,
        learning_rate: 0.1 + 0.2,
        ..epoch(1, 0)
    };
    let (read_end, mut orders) = std::io::pipe().unwrap();
    let order = order_of(start(folder.path()));
    assert_eq!(order.lines().count(), 1);
    orders.write_all(order.as_bytes()).unwrap();
    let written = Written::default();
    let train = {
        let odd = odd.clone();
        move |_: TrainingRequest, listener: &mut dyn TrainingListener| {
            let note = "two\nlines, and “quotes” \"here\"".to_owned();
            listener.event(&TrainingEvent::Note(note))?;
            listener.event(&TrainingEvent::EpochFinished(odd.clone()))?;
            Ok(outcome())
        }
    };
    serve(
        BufReader::new(read_end),
        written.clone(),
        &StopFlag::default(),
        &train,
    )
    .unwrap();
    let said = written.lines();
    let [
        ..,
        Said::Started { folder: run },
        Said::Training(TrainingEvent::Note(note)),
        Said::Training(TrainingEvent::EpochFinished(metrics)),
        Said::Finished,
    ] = &said[..]
    else {
        panic!("{said:?}");
    };
    assert_eq!(run.parent(), Some(folder.path().join("runs").as_path()));
    assert_eq!(note, "two\nlines, and “quotes” \"here\"");
    assert!(metrics.train_loss.is_nan());
    assert_eq!(metrics.learning_rate.to_bits(), odd.learning_rate.to_bits());
    let stored = store::open(run).unwrap();
    assert_eq!(stored.summary.state, crate::runs::RunState::Finished);
}

#[test]
fn an_experiment_arrives_as_it_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in preset::shipped() {
        let mut sent = start(folder.path());
        sent.experiment = preset::parse(text, Path::new(name)).unwrap();
        let arrived: Order = ron::from_str(&order_of(sent.clone())).unwrap();
        assert_eq!(arrived.start.experiment, sent.experiment, "{name}");
    }
}

#[test]
fn the_end_of_its_input_stops_it_and_orders_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    let (read_end, mut orders) = std::io::pipe().unwrap();
    orders
        .write_all(order_of(start(folder.path())).as_bytes())
        .unwrap();
    let written = Written::default();
    let held = Arc::new(Mutex::new(Vec::new()));
    let serving = std::thread::Builder::new().spawn({
        let (written, held) = (written.clone(), held.clone());
        move || {
            let train = move |request: TrainingRequest,
                              _: &mut dyn TrainingListener|
                  -> Result<Outcome, TrainingError> {
                for wanted in [true, false] {
                    wait_until(|| request.pause.is_set() == wanted);
                    held.lock().unwrap().push(wanted);
                }
                wait_until(|| request.stop.is_stopped());
                Err(TrainingError::Stopped)
            };
            serve(
                BufReader::new(read_end),
                written,
                &StopFlag::default(),
                &train,
            )
        }
    });
    for (order, so_far) in [(PAUSE, 1), (GO_ON, 2)] {
        orders.write_all(format!("{order}\n").as_bytes()).unwrap();
        wait_until(|| held.lock().unwrap().len() == so_far);
    }
    drop(orders);
    serving.unwrap().join().unwrap().unwrap();
    assert!(matches!(written.lines().last(), Some(Said::Stopped)));
}

#[test]
fn an_order_of_another_version_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let order = order_of(start(folder.path()));
    let other = order.replace(VERSION, "0.0.1");
    assert_ne!(order, other);
    for (order, expected) in [("(start: 3)\n", "open it anew"), (&other, "version 0.0.1")] {
        let input = BufReader::new(Cursor::new(order.as_bytes().to_vec()));
        let train = |_: TrainingRequest, _: &mut dyn TrainingListener| Ok(outcome());
        let refused = serve(input, Vec::new(), &StopFlag::default(), &train).unwrap_err();
        assert!(refused.contains("open it anew"), "{refused}");
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn epochs_that_a_run_trains_before_its_folder_is_read_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let written = Written::default();
    let order = order_of(start(folder.path()));
    let train = |_: TrainingRequest, listener: &mut dyn TrainingListener| {
        for number in [1, 2] {
            listener.event(&TrainingEvent::EpochFinished(epoch(number, 0)))?;
        }
        Ok(outcome())
    };
    // Its orders do not end before it does.
    let (read_end, mut orders) = std::io::pipe().unwrap();
    orders.write_all(order.as_bytes()).unwrap();
    let input = BufReader::new(read_end);
    serve(input, written.clone(), &StopFlag::default(), &train).unwrap();
    let said = written.lines();
    let run = said.iter().find_map(|said| match said {
        Said::Started { folder } => Some(folder.clone()),
        _ => None,
    });
    let run = run.unwrap();
    assert_eq!(store::open(&run).unwrap().metrics.len(), 2);
    let (events, _) = heard(&format!(
        "echo 'Resumed(folder:{run:?},epochs:1)'\necho 'Fold(fold:1,folds:2,reached:Some(({run:?},1)))'"
    ));
    let [
        RunEvent::Resumed(resumed),
        RunEvent::Fold {
            stored: Some(fold), ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((resumed.metrics.len(), fold.metrics.len()), (1, 1));
}

/// A program that does what a script says once it has read its order.
fn program(script: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graft");
    let text = format!("#!/bin/sh\nread -r order\n{script}\n");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, file)
}

/// What a program said of a run on card 1 of 2, and how the run ended.
fn heard(script: &str) -> (Vec<RunEvent>, RunEvent) {
    let (folder, program) = program(script);
    let events = Mutex::new(Vec::new());
    let card = OnCard {
        program: &program,
        start: &start(folder.path()),
        card: 1,
        of: 2,
    };
    let report = |event| events.lock().unwrap().push(event);
    let end = card.carry_out(&report, &StopFlag::default(), &PauseFlag::default());
    (events.into_inner().unwrap(), end)
}

#[test]
fn the_process_gets_the_card_and_its_share_of_the_cores() {
    let (events, end) = heard(
        r#"
case "$order" in *'device:Some("cuda:1")'*) ;; *) exit 3;; esac
echo 'a library prints'
printf 'Training(Note("called with %s, %s threads, as one of %s"))\n' "$1" "$RAYON_NUM_THREADS" "$GRAFT_SHARED_BY"
echo 'Failed(message:"the disk is full")'
"#,
    );
    let threads = match std::env::var("RAYON_NUM_THREADS") {
        Ok(set) => set,
        Err(_) => (crate::cores::Cores::of_process().count.get() / 2)
            .max(1)
            .to_string(),
    };
    let expected = format!("called with run-for-window, {threads} threads, as one of 2");
    assert!(
        matches!(&events[..], [RunEvent::Training(TrainingEvent::Note(note))] if *note == expected),
        "{events:?}"
    );
    assert!(matches!(&end, RunEvent::Failed { message } if message == "the disk is full"));
}

#[test]
fn a_process_that_dies_is_told_with_its_reason() {
    let died = "What was written so far is in its folder.";
    for (script, expected) in [
        (
            "kill -9 $$",
            "the process that trained on cuda:1 was ended by signal 9; the system kills who takes too much memory. What",
        ),
        (
            "echo 'error: no room left' >&2; exit 1",
            "the process that trained on cuda:1 ended with status 1. It said last: no room left. What",
        ),
        ("exit 0", "cuda:1 ended without a word. What"),
    ] {
        let (_, end) = heard(script);
        let RunEvent::Failed { message } = end else {
            panic!("{script}: {end:?}");
        };
        assert!(
            message.contains(expected) && message.ends_with(died),
            "{message}"
        );
    }
    let mut no_card = OnCard {
        program: Path::new("/nowhere/graft"),
        start: &start(tempfile::tempdir().unwrap().path()),
        card: 0,
        of: 2,
    };
    let end = no_card.carry_out(&|_| {}, &StopFlag::default(), &PauseFlag::default());
    assert!(
        matches!(&end, RunEvent::Failed { message } if message.contains("/nowhere/graft. Where it was moved")),
        "{end:?}"
    );
    // A path that has no words is no crash.
    use std::os::unix::ffi::OsStrExt as _;
    let odd = StartRun {
        runs: PathBuf::from(std::ffi::OsStr::from_bytes(b"/\xff")),
        ..no_card.start.clone()
    };
    no_card.start = &odd;
    let end = no_card.carry_out(&|_| {}, &StopFlag::default(), &PauseFlag::default());
    assert!(
        matches!(&end, RunEvent::Failed { message } if message.contains("choose one device")),
        "{end:?}"
    );
}

#[test]
fn a_pause_and_a_stop_reach_the_process() {
    let (folder, program) = program(
        r#"
while read -r line; do printf 'Training(Note("%s"))\n' "$line"; done
echo 'Cancelled'
"#,
    );
    let start = start(folder.path());
    let (stop, pause) = (StopFlag::default(), PauseFlag::default());
    pause.set(true);
    let card = OnCard {
        program: &program,
        start: &start,
        card: 1,
        of: 2,
    };
    let events = Mutex::new(Vec::new());
    let report = |event: RunEvent| {
        if let RunEvent::Training(TrainingEvent::Note(note)) = event {
            match note.as_str() {
                PAUSE => pause.set(false),
                _ => stop.stop(),
            }
            events.lock().unwrap().push(note);
        }
    };
    let end = card.carry_out(&report, &stop, &pause);
    assert!(matches!(end, RunEvent::Cancelled), "{end:?}");
    assert_eq!(events.into_inner().unwrap(), [PAUSE, GO_ON]);
}
