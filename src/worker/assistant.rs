//! The assistant: short questions of the window, answered away from it. A scan can take long, so it
//! has a thread of its own.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::evaluations::Evaluations;
use super::features::Features;
use super::gallery::Gallery;
use super::messages::{Answer, Question};
use super::trainer::{News, Notify};
use crate::analysis::Comparison;
use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, StopFlag, augment, decode, scan, split};
use crate::experiment::{DataConfig, Experiment};
use crate::models::{self, catalogue};
use crate::runs::store;
use crate::training::diagnosis::{Diagnosis, Undecided};

/// Questions that may wait; further ones are dropped, the window asks again.
const QUESTIONS: usize = 4096;

/// Handle of the assistant's threads. Dropping it stops and joins them.
pub struct Assistant {
    quick: Option<Sender<Question>>,
    scans: Option<Sender<Question>>,
    /// Questions that run a network.
    networks: Option<Sender<Question>>,
    evaluations: Evaluations,
    gallery: Option<Gallery>,
    features: Features,
    answers: Receiver<Answer>,
    /// The flag of the scan that was asked for last.
    scan_stop: Arc<Mutex<StopFlag>>,
    threads: Vec<JoinHandle<()>>,
}

impl Assistant {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(notify: Notify) -> std::io::Result<Self> {
        let (quick, quick_questions) = bounded::<Question>(QUESTIONS);
        let (scans, scan_questions) = bounded::<Question>(QUESTIONS);
        let (networks, network_questions) = bounded::<Question>(QUESTIONS);
        let (answer_sender, answers) = bounded::<Answer>(QUESTIONS);
        let scan_stop = Arc::new(Mutex::new(StopFlag::default()));

        let tell: Tell = Arc::new(move |answer| {
            // The window is gone or hopelessly behind: the answer is of no use any more.
            drop(answer_sender.try_send(answer));
            notify(News::Event);
        });
        let quick_thread = std::thread::Builder::new()
            .name("graft-assistant".into())
            .spawn({
                let tell = tell.clone();
                move || answer_questions(&quick_questions, &tell)
            })?;
        let network_thread = std::thread::Builder::new()
            .name("graft-network".into())
            .spawn({
                let tell = tell.clone();
                move || super::networks::answer_questions(&network_questions, &*tell)
            })?;
        let evaluations = Evaluations::spawn(tell.clone())?;
        let scan_thread = std::thread::Builder::new()
            .name("graft-scan".into())
            .spawn({
                let (scan_stop, tell) = (scan_stop.clone(), tell.clone());
                move || {
                    for mut question in &scan_questions {
                        // Only the last of several waiting scans matters.
                        while let Ok(newer) = scan_questions.try_recv() {
                            question = newer;
                        }
                        let stop = lock(&scan_stop).clone();
                        if let Question::Scan { data, seed, base } = question {
                            tell(answer_scan(data, seed, base.as_deref(), &tell, &stop));
                        }
                    }
                }
            })?;
        let gallery = Gallery::spawn(&tell)?;
        let features = Features::spawn(tell)?;
        Ok(Self {
            gallery: Some(gallery),
            features,
            quick: Some(quick),
            scans: Some(scans),
            networks: Some(networks),
            evaluations,
            answers,
            scan_stop,
            threads: vec![quick_thread, scan_thread, network_thread],
        })
    }

    /// Asks; the answer comes through [`Assistant::answers`]. A new scan stops the one under way.
    pub fn ask(&self, question: Question) {
        match question {
            Question::StopScan => lock(&self.scan_stop).stop(),
            Question::Scan { .. } => {
                let mut stop = lock(&self.scan_stop);
                stop.stop();
                *stop = StopFlag::default();
                if let Some(scans) = &self.scans {
                    drop(scans.try_send(question));
                }
            }
            Question::Gallery(question) => {
                if let Some(gallery) = &self.gallery {
                    gallery.ask(question);
                }
            }
            Question::Features(question) => self.features.ask(question),
            Question::MeasureSpeed { .. }
            | Question::Classify { .. }
            | Question::ExamineWeights { .. } => {
                if let Some(networks) = &self.networks {
                    drop(networks.try_send(question));
                }
            }
            Question::EvaluateRun { folder, split } => self.evaluations.ask(folder, split),
            Question::StopEvaluation { folder } => self.evaluations.stop(&folder),
            _ => {
                if let Some(quick) = &self.quick {
                    drop(quick.try_send(question));
                }
            }
        }
    }

    /// Every answer since the last call; never waits.
    pub fn answers(&self) -> Vec<Answer> {
        self.answers.try_iter().collect()
    }
}

impl Drop for Assistant {
    fn drop(&mut self) {
        lock(&self.scan_stop).stop();
        self.quick = None;
        self.scans = None;
        self.networks = None;
        self.gallery = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("an assistant thread panicked");
            }
        }
    }
}

pub(super) type Tell = Arc<dyn Fn(Answer) + Send + Sync>;

fn lock(stop: &Mutex<StopFlag>) -> std::sync::MutexGuard<'_, StopFlag> {
    stop.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn answer_questions(questions: &Receiver<Question>, tell: &Tell) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            match questions.recv() {
                Ok(question) => waiting.push_back(question),
                Err(_) => return,
            }
        }
        // Take everything that has come meanwhile, so that a newer question replaces an older one
        // of its kind and a crowd of thumbnails does not hold up the rest.
        loop {
            match questions.try_recv() {
                Ok(question) => enqueue(&mut waiting, question),
                Err(crossbeam_channel::TryRecvError::Empty) => break,
                Err(crossbeam_channel::TryRecvError::Disconnected) => return,
            }
        }
        let next = waiting
            .iter()
            .position(|question| !matches!(question, Question::Thumbnail { .. }))
            .unwrap_or(0);
        let Some(question) = waiting.remove(next) else {
            continue;
        };
        match catch_unwind(AssertUnwindSafe(|| answer(question))) {
            Ok(Some(answer)) => tell(answer),
            Ok(None) => {}
            Err(_) => log::error!("the assistant could not answer a question"),
        }
    }
}

/// Adds a question, in place of an unanswered one that it supersedes.
fn enqueue(waiting: &mut VecDeque<Question>, question: Question) {
    let superseded = |old: &Question| match (old, &question) {
        (Question::Augment { .. }, Question::Augment { .. })
        | (Question::LayerTree { .. }, Question::LayerTree { .. })
        | (Question::ListRuns { .. }, Question::ListRuns { .. })
        | (Question::Compare { .. }, Question::Compare { .. })
        | (Question::PreviewTable { .. }, Question::PreviewTable { .. })
        | (Question::Devices, Question::Devices) => true,
        (
            Question::Thumbnail {
                dataset: old,
                index: old_index,
                ..
            },
            Question::Thumbnail { dataset, index, .. },
        ) => Arc::ptr_eq(old, dataset) && old_index == index,
        (Question::Diagnose { folder: old }, Question::Diagnose { folder }) => old == folder,
        _ => false,
    };
    waiting.retain(|old| !superseded(old));
    waiting.push_back(question);
}

fn answer(question: Question) -> Option<Answer> {
    Some(match question {
        Question::Devices => Answer::Devices(models::device::discover().clone()),
        Question::Recognise { path } => Answer::Recognised {
            source: scan::recognise(&path).map_err(|error| error.to_string()),
            path,
        },
        Question::PreviewTable { source, base } => Answer::TablePreviewed {
            result: scan::preview_table(&source, base.as_deref())
                .map(Arc::new)
                .map_err(|error| error.to_string()),
            source,
            base,
        },
        Question::Thumbnail {
            dataset,
            index,
            side,
        } => {
            let picture = dataset.pictures.get(index)?;
            let pixels =
                decode::thumbnail(&picture.source, side).map_err(|error| error.to_string());
            Answer::Thumbnail {
                name: picture.name.clone(),
                index,
                pixels,
            }
        }
        Question::LayerTree {
            backbone,
            input_size,
        } => {
            let tree = models::outline(&backbone, input_size)
                .map(Arc::new)
                .map_err(|error| error.to_string());
            Answer::LayerTree {
                backbone,
                input_size,
                tree,
            }
        }
        Question::Augment {
            dataset,
            index,
            augmentation,
            fit,
            side,
            seed,
            count,
        } => {
            let picture = dataset.pictures.get(index)?;
            let decoded = decode::decode(&picture.source).ok()?;
            let spec = SquareSpec::preview(side, fit);
            let original = to_square(&decoded, &spec);
            let versions = (0..count)
                .map(|view| {
                    let seed = augment::seed_for(seed, view, index);
                    augment::augment(&original, &augmentation, seed, view)
                })
                .collect();
            Answer::Augmented {
                index,
                augmentation,
                original,
                versions,
            }
        }
        Question::ListRuns { runs } => Answer::Runs(store::list(&runs)),
        Question::OpenRun { folder } => Answer::Run(
            store::open(&folder)
                .map(Box::new)
                .map_err(|error| error.to_string()),
        ),
        Question::Diagnose { folder } => {
            let (epochs, result) = diagnose(&folder);
            Answer::Diagnosed {
                folder,
                epochs,
                result,
            }
        }
        Question::Compare { folders } => Answer::Compared {
            result: Comparison::load(&folders)
                .map(Arc::new)
                .map_err(|error| error.to_string()),
            folders,
        },
        Question::StoredWeights => Answer::StoredWeights(stored_weights()),
        Question::Scan { .. }
        | Question::StopScan
        | Question::Gallery(_)
        | Question::Features(_)
        | Question::MeasureSpeed { .. }
        | Question::Classify { .. }
        | Question::ExamineWeights { .. }
        | Question::EvaluateRun { .. }
        | Question::StopEvaluation { .. } => return None,
    })
}

/// How many epochs the run in `folder` has, and what they say.
fn diagnose(folder: &Path) -> (usize, Result<Result<Diagnosis, Undecided>, String>) {
    match store::open(folder) {
        Ok(run) => (
            run.metrics.len(),
            crate::analysis::diagnose(&run).map_err(|error| error.to_string()),
        ),
        Err(error) => (0, Err(error.to_string())),
    }
}

fn stored_weights() -> Vec<(String, String)> {
    catalogue::architectures()
        .iter()
        .flat_map(|info| info.weights.iter().map(move |weights| (info, weights)))
        .filter(|(_, weights)| models::weights::on_this_machine(weights).is_some())
        .map(|(info, weights)| (info.name.to_owned(), weights.name.to_owned()))
        .collect()
}

fn answer_scan(
    data: Box<DataConfig>,
    seed: u64,
    base: Option<&Path>,
    tell: &Tell,
    stop: &StopFlag,
) -> Answer {
    let progress = |done, total| tell(Answer::ScanProgress { done, total });
    let scanned = catch_unwind(AssertUnwindSafe(|| -> Result<_, DataError> {
        let dataset = scan::scan(&data, base, &progress, stop)?;
        let experiment = Experiment {
            data: (*data).clone(),
            seed,
            ..Experiment::default()
        };
        let split = split::split(&dataset, &experiment)?;
        Ok((Arc::new(dataset), split))
    }));
    let result = match scanned {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => {
            Err("an error inside Graft ended the scan; the pictures are untouched".to_owned())
        }
    };
    Answer::Scanned { data, seed, result }
}
