//! Who trains what and when: many processes' worth of work with a trainer that only says what it would find.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use graft::data::StopFlag;
use graft::experiment::{DataSource, Experiment, WeightsSource, preset};
use graft::sweep::{
    Cell, CellNews, CellState, Plan, Report, Request, Results, StatusReader, Sweep, SweepListener,
    ask_to_stop, run_missing,
};
use graft::training::resume::{KeptWeights, Standing};
use graft::training::{
    EpochMetrics, Outcome, ResumePoint, TrainingError, TrainingEvent, TrainingListener,
    TrainingRequest,
};

/// A folder with pictures, a preset and a sweep of it.
struct Room {
    folder: tempfile::TempDir,
    plan: Plan,
}

impl Room {
    fn new(vary: &str, further: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pictures = folder.path().join("pictures");
        for class in ["a", "b"] {
            std::fs::create_dir_all(pictures.join(class)).unwrap();
            for index in 0..6_u8 {
                image::RgbImage::from_pixel(8, 8, image::Rgb([index * 20, class.as_bytes()[0], 0]))
                    .save(pictures.join(class).join(format!("{index}.png")))
                    .unwrap();
            }
        }
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::ClassFolders { path: pictures };
        experiment.backbone.weights = WeightsSource::Random;
        experiment.phases[0].epochs = 9;
        preset::save(&experiment, &folder.path().join("base.ron")).unwrap();
        let text = format!("(version: 1, base: \"base.ron\", vary: [{vary}], {further})");
        let file = folder.path().join("s.sweep.ron");
        let sweep = Sweep::parse(&text, &file).unwrap_or_else(|error| panic!("{error}"));
        let plan = Plan::new(&sweep, &file, None).unwrap_or_else(|error| panic!("{error}"));
        Self { folder, plan }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn run(&self, train: &Train, stop: &StopFlag) -> Report {
        let request = Request {
            plan: &self.plan,
            out: &self.out(),
            device: None,
            stop: stop.clone(),
            only: None,
            again: false,
            waits_for_others: true,
            train,
        };
        run_missing(request, &mut Silent).unwrap_or_else(|error| panic!("{error}"))
    }

    fn states(&self) -> Vec<(CellState, u32)> {
        let mut reader = StatusReader::new(Arc::new(self.plan.clone()), &self.out());
        (reader.read().into_iter())
            .map(|cell| (cell.state, cell.epochs_done))
            .collect()
    }
}

struct Silent;

impl SweepListener for Silent {
    fn cell(&mut self, _cell: &Cell, _news: CellNews<'_>) {}
    fn waiting(&mut self, _reason: &str) {}
}

type Train = dyn Fn(TrainingRequest, &mut dyn TrainingListener) -> Result<Outcome, TrainingError>
    + Send
    + Sync;

const RATES: &str = r#"(field: "phases[0].learning_rate", values: List([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]))"#;

/// Finds that a larger rate is better, from the first epoch on. `look` sees every epoch before it is told.
fn pretend(
    request: &TrainingRequest,
    listener: &mut dyn TrainingListener,
    look: &dyn Fn(u32),
) -> Result<Outcome, TrainingError> {
    let begun = (request.resume.as_ref()).map_or(0, |point| point.standing.epoch);
    let planned = request.experiment.epochs();
    for epoch in begun + 1..=planned {
        if request.stop.is_stopped() {
            return Err(TrainingError::Stopped);
        }
        look(epoch);
        let accuracy = request.experiment.phases[0].learning_rate;
        listener.event(&TrainingEvent::EpochFinished(EpochMetrics {
            epoch,
            phase: 0,
            learning_rate: accuracy,
            train_loss: 1.0,
            train_accuracy: accuracy,
            validation_loss: Some(1.0 - accuracy),
            validation_accuracy: Some(accuracy),
            validation_macro_f1: Some(accuracy),
            seconds: 0.001,
        }))?;
        let until = request
            .until_epoch
            .filter(|&until| epoch >= until && epoch < planned);
        listener.resume_point(&standing(epoch))?;
        if until.is_some() {
            return Err(TrainingError::Stopped);
        }
    }
    Ok(Outcome {
        test: None,
        predictions: None,
        phases: Vec::new(),
        seconds_total: 0.0,
        best_epoch: planned,
        movement: Vec::new(),
        novelty: None,
    })
}

fn standing(epoch: u32) -> ResumePoint {
    let watched = serde_json::json!({"best": null, "count": 0});
    ResumePoint {
        standing: Standing {
            epoch,
            phase: 0,
            done_in_phase: epoch,
            phase_is_over: false,
            phase_seconds: 0.0,
            finished: Vec::new(),
            seconds: 0.0,
            averaged_steps: None,
            patience: None,
            best: serde_json::from_value(watched).unwrap(),
            kept: KeptWeights::Nothing,
            precision: None,
            partial: None,
        },
        tensors: Vec::new(),
    }
}

#[test]
fn features_that_cells_share_are_computed_by_one_while_the_others_wait() {
    let room = Room::new(RATES, "");
    let (begun, done) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let early = Arc::new(AtomicUsize::new(0));
    let begun = Arc::new(begun);
    let (seen_begun, seen_done, seen_early) = (begun.clone(), done.clone(), early.clone());
    let train = move |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        let is_first = seen_begun.fetch_add(1, Ordering::SeqCst) == 0;
        if !is_first && !seen_done.load(Ordering::SeqCst) {
            seen_early.fetch_add(1, Ordering::SeqCst);
        }
        pretend(&request, listener, &|epoch| {
            if is_first && epoch == 1 {
                // Long enough for all others to look for work.
                std::thread::sleep(std::time::Duration::from_millis(500));
                seen_done.store(true, Ordering::SeqCst);
            }
        })
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| room.run(&train, &StopFlag::default()));
        }
    });
    assert_eq!(early.load(Ordering::SeqCst), 0);
    assert_eq!(begun.load(Ordering::SeqCst), 9);
    assert!(
        room.states()
            .iter()
            .all(|(state, _)| *state == CellState::Finished)
    );
}

#[test]
fn cells_of_other_features_are_taken_meanwhile() {
    let room = Room::new(
        r#"(field: "backbone.name", values: List(["resnet18", "resnet34"]))"#,
        "seeds: 2",
    );
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let train = move |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        let name = request.experiment.backbone.name.clone();
        seen.lock().unwrap().push(name);
        pretend(&request, listener, &|epoch| {
            if epoch == 1 {
                std::thread::sleep(std::time::Duration::from_millis(300));
            }
        })
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| room.run(&train, &StopFlag::default()));
        }
    });
    let mut first: Vec<String> = order.lock().unwrap()[..2].to_vec();
    first.sort();
    assert_eq!(first, ["resnet18", "resnet34"]);
}

#[test]
fn a_run_that_was_stopped_after_its_last_epoch_comes_to_its_end() {
    let room = Room::new(RATES, "");
    let stop = StopFlag::default();
    let flag = stop.clone();
    let halted = move |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        pretend(&request, listener, &|_| {})?;
        // Between its last epoch and its end.
        flag.stop();
        Err(TrainingError::Stopped)
    };
    let report = room.run(&halted, &stop);
    assert_eq!((report.finished, report.left, report.stopped), (0, 9, true));
    assert_eq!(room.states()[0], (CellState::Stopped, 9));
    let train = |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        pretend(&request, listener, &|_| {})
    };
    let report = room.run(&train, &StopFlag::default());
    assert_eq!((report.finished, report.left), (9, 0));
    assert!(
        room.states()
            .iter()
            .all(|(state, _)| *state == CellState::Finished)
    );
}

#[test]
fn a_panic_is_one_cell_s_failure() {
    let room = Room::new(RATES, "");
    let train = |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        assert!(
            request.experiment.phases[0].learning_rate != 0.3,
            "of all rates 0.3"
        );
        pretend(&request, listener, &|_| {})
    };
    let report = room.run(&train, &StopFlag::default());
    assert_eq!((report.finished, report.failed, report.left), (8, 1, 0));
    let failed = &room.states()[2].0;
    assert!(
        matches!(failed, CellState::Failed(reason) if reason.contains("of all rates 0.3")),
        "{failed:?}"
    );
}

#[test]
fn a_sweep_is_asked_to_stop_and_goes_on_when_it_is_begun_again() {
    let room = Room::new(RATES, "");
    let out = room.out();
    let asked = AtomicBool::new(false);
    let asked = Arc::new(asked);
    let seen = asked.clone();
    let train = move |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        if !seen.swap(true, Ordering::SeqCst) {
            ask_to_stop(&out).unwrap();
        }
        pretend(&request, listener, &|_| {
            std::thread::sleep(std::time::Duration::from_millis(200));
        })
    };
    let report = room.run(&train, &StopFlag::default());
    assert!(
        report.stopped && report.finished < 9 && report.left > 0,
        "{report:?}"
    );
    let quick = |request: TrainingRequest, listener: &mut dyn TrainingListener| {
        pretend(&request, listener, &|_| {})
    };
    let report = room.run(&quick, &StopFlag::default());
    assert_eq!((report.finished, report.stopped), (9, false));
    assert!(!out_has(&room.out(), "stop"));
}

fn out_has(out: &Path, name: &str) -> bool {
    out.join(".sweep").join(name).exists()
}

#[test]
fn halving_trains_no_more_than_its_rungs_say_however_many_work() {
    for (waits, most) in [(true, 9 + 6 + 6), (false, 9 * 9 - 1)] {
        let room = Room::new(
            RATES,
            &format!("strategy: SuccessiveHalving(first_epochs: 1, keep: 3, waits: {waits})"),
        );
        assert_eq!(room.plan.epochs(), 21);
        let trained = Arc::new(AtomicUsize::new(0));
        let seen = trained.clone();
        let train = move |request: TrainingRequest, listener: &mut dyn TrainingListener| {
            pretend(&request, listener, &|_| {
                seen.fetch_add(1, Ordering::SeqCst);
            })
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| room.run(&train, &StopFlag::default()));
            }
        });
        let states = room.states();
        assert_eq!(states[8], (CellState::Finished, 9), "the best: {states:?}");
        let epochs: u32 = states.iter().map(|(_, epochs)| epochs).sum();
        assert_eq!(trained.load(Ordering::SeqCst), epochs as usize);
        assert!(epochs <= most, "{states:?}");
        if waits {
            assert_eq!(epochs, most);
        }
        let mut reader = StatusReader::new(Arc::new(room.plan.clone()), &room.out());
        let results = Results::new(&room.plan, &reader.read());
        assert_eq!(results.best, Some(8));
    }
}
