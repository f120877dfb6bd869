//! Threads that remember what they were told and say what a test wants.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::app::core::session::AppPaths;
use crate::app::core::state::State;
use crate::app::core::workers::Workers;
use crate::app::shell::Graft;
use crate::app::shell::notifications::{Desktop, Notification, Notifications};
use crate::models::device::Devices;
use crate::runs::{RunState, RunSummary};
use crate::training::TrainingEvent;
use crate::training::events::{Activity, Progress, TestMetrics};
use crate::worker::messages::{Answer, Question, RunEvent, RunId, StartRun, TrainingCommand};

#[derive(Default)]
pub struct Record {
    pub sent: Vec<TrainingCommand>,
    pub questions: Vec<Question>,
    pub events: Vec<(RunId, RunEvent)>,
    pub answers: Vec<Answer>,
    /// What trainings may compute with.
    pub threads: Option<u32>,
}

impl Record {
    /// The runs that were queued, in order.
    pub fn started(&self) -> Vec<&StartRun> {
        self.sent
            .iter()
            .filter_map(|command| match command {
                TrainingCommand::Start(start) => Some(&**start),
                _ => None,
            })
            .collect()
    }

    pub fn stopped(&self) -> Vec<RunId> {
        self.sent
            .iter()
            .filter_map(|command| match command {
                TrainingCommand::Stop(run) => Some(*run),
                _ => None,
            })
            .collect()
    }
}

pub struct Fake(Rc<RefCell<Record>>);

impl Workers for Fake {
    fn send(&mut self, command: TrainingCommand) -> Result<(), String> {
        self.0.borrow_mut().sent.push(command);
        Ok(())
    }

    fn events(&mut self) -> Vec<(RunId, RunEvent)> {
        std::mem::take(&mut self.0.borrow_mut().events)
    }

    fn ask(&mut self, question: Question) {
        self.0.borrow_mut().questions.push(question);
    }

    fn answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.0.borrow_mut().answers)
    }

    fn use_threads(&mut self, most: Option<u32>) {
        self.0.borrow_mut().threads = most;
    }
}

/// A desktop that remembers what it was told, and takes nothing.
#[derive(Default)]
pub struct SilentDesktop(pub Mutex<Vec<Notification>>);

impl Desktop for SilentDesktop {
    fn show(&self, notification: &Notification) -> Result<(), String> {
        self.0.lock().unwrap().push(notification.clone());
        Err("no service has the name".into())
    }
}

/// A window of 1280 x 800 with fake threads and folders of its own.
pub struct Window {
    pub harness: Harness<'static, Graft>,
    pub record: Rc<RefCell<Record>>,
    pub folder: tempfile::TempDir,
    pub desktop: Arc<SilentDesktop>,
}

impl Window {
    /// Opens the window with these preset texts.
    pub fn with_presets(texts: &[&str]) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), texts, [1280.0, 800.0])
    }

    /// The same with settings that stand in `folder` already, and in another size.
    pub fn in_folder(folder: tempfile::TempDir, texts: &[&str], size: [f32; 2]) -> Self {
        let presets: Vec<PathBuf> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let path = folder.path().join(format!("preset-{index}.ron"));
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        let paths = AppPaths {
            runs: folder.path().join("runs"),
            presets: folder.path().join("presets"),
            settings: folder.path().join("settings.ron"),
            documents: folder.path().to_path_buf(),
        };
        let record = Rc::new(RefCell::new(Record::default()));
        let workers = Fake(record.clone());
        let harness = Harness::builder()
            .with_size(size)
            .with_os(eframe::egui::os::OperatingSystem::Nix)
            .build_eframe(move |creation| {
                Graft::new(&creation.egui_ctx, Box::new(workers), paths, &presets)
            });
        let mut window = Self {
            harness,
            record,
            folder,
            desktop: Arc::default(),
        };
        let desktop = window.desktop.clone();
        window.harness.state_mut().notifications = Notifications::new(desktop);
        window.answer(Answer::Devices(Ok(Devices {
            cpu: "CPU, 2 threads".into(),
            why_no_cuda: Some("No CUDA: the NVIDIA driver (libcuda.so.1) is not installed.".into()),
            ..Devices::default()
        })));
        window
    }

    /// The pair that ships for solar cells.
    pub fn with_pair() -> Self {
        Self::with_presets(&[
            &shipped("solar-feature-extraction"),
            &shipped("solar-fine-tuning"),
        ])
    }

    pub fn steps(&mut self) {
        self.harness.run_steps(4);
        // What is opened is read on threads.
        while self.harness.state().opening.paths().next().is_some() {
            std::thread::sleep(std::time::Duration::from_millis(1));
            self.harness.run_steps(1);
        }
        // It may have come in the last of these frames, which does not show yet what became of it.
        self.harness.run_steps(2);
    }

    /// The one training that was ordered so far: it goes on in `folder`.
    #[track_caller]
    pub fn only_resumed(&self, folder: &Path) -> StartRun {
        let record = self.record.borrow();
        let started = record.started();
        assert_eq!(started.len(), 1);
        assert_eq!(started[0].resume.as_deref(), Some(folder));
        started[0].clone()
    }

    /// Draws frames until what works in the background has brought `is_so` about.
    #[track_caller]
    pub fn wait_until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let began = std::time::Instant::now();
        loop {
            self.steps();
            if is_so(self) {
                return;
            }
            assert!(began.elapsed().as_secs() < 60, "it never happens");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Whether anything is shown whose text holds this.
    pub fn shows(&self, text: &str) -> bool {
        self.harness.query_by_label_contains(text).is_some()
    }

    pub fn answer(&mut self, answer: Answer) {
        self.record.borrow_mut().answers.push(answer);
        self.steps();
    }

    pub fn state(&self) -> &State {
        &self.harness.state().session.state
    }

    pub fn state_mut(&mut self) -> &mut State {
        &mut self.harness.state_mut().session.state
    }

    /// The backbone and the side of its input whose layers were asked for first.
    pub fn asked_layer_tree(&self) -> (String, u32) {
        let record = self.record.borrow();
        let asked = record.questions.iter().find_map(|question| match question {
            Question::LayerTree {
                backbone,
                input_size,
            } => Some((backbone.clone(), *input_size)),
            _ => None,
        });
        asked.unwrap()
    }

    /// Answers the question about the active experiment's layers.
    pub fn answer_layer_tree(&mut self) {
        let (backbone, input_size) = self.asked_layer_tree();
        let tree = crate::models::outline(&backbone, input_size).unwrap();
        self.answer(Answer::LayerTree {
            backbone,
            input_size,
            tree: Ok(std::sync::Arc::new(tree)),
        });
    }

    pub fn event(&mut self, run: RunId, event: RunEvent) {
        self.record.borrow_mut().events.push((run, event));
        self.steps();
    }
}

/// The text of a preset that comes with Graft.
pub fn shipped(name: &str) -> String {
    let found = crate::experiment::preset::shipped()
        .iter()
        .find(|(file, _)| file.contains(name));
    found.map(|(_, text)| (*text).to_owned()).unwrap()
}

/// Half of the third of ten epochs, a minute before the end.
pub fn quarter_done() -> RunEvent {
    RunEvent::Training(TrainingEvent::Progress(Progress {
        activity: Activity::Training,
        phase: 0,
        epoch: 3,
        epochs: 10,
        done: 50,
        total: 100,
        pictures_per_second: 20.0,
        remaining_seconds: Some(60.0),
        train_loss: None,
    }))
}

pub fn summary(id: &str, accuracy: f64) -> RunSummary {
    RunSummary {
        id: id.into(),
        experiment: id.into(),
        backbone: "efficientnet_lite0".into(),
        started: 1_000,
        state: RunState::Finished,
        classes: vec!["defective".into(), "functional".into()],
        train_pictures: 1_968,
        test_pictures: 656,
        test_split: "0".into(),
        trainable_parameters: 1,
        frozen_parameters: 2,
        best_epoch: 3,
        epochs_planned: 10,
        seconds_total: 60.0,
        test: Some(TestMetrics {
            loss: 0.3,
            accuracy,
            macro_f1: accuracy,
            n: 656,
        }),
        device: "CPU".into(),
        graft_version: "0.1.0".into(),
        ..RunSummary::default()
    }
}
