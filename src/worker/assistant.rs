//! The assistant: short questions of the window, answered away from it, each exactly once (see
//! `Pending`). What can take long has a thread of its own.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::evaluations::Evaluations;
use super::gallery::Gallery;
use super::lane::{Lane, answer_in_turn, answer_the_last};
use super::messages::{Answer, AugmentedVersion, Failure, Question, RunAction};
use super::pending::{Pending, Report};
use super::prediction::Predictions;
use super::shootout::Shootouts;
use super::sweep::Sweeps;
use super::trainer::{News, Notify};
use super::{features, networks};
use crate::analysis::Comparison;
use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, PictureSource, Pixels, StopFlag, augment, decode, scan, split};
use crate::experiment::Experiment;
use crate::models::{self, catalogue};
use crate::paths;
use crate::runs::listing::Listing;
use crate::runs::{RunError, annotations, find, store, trash};
use crate::training::diagnosis::{Diagnosis, Undecided};
use crate::training::leave_cores;

/// Questions that may wait for a thread; further ones are refused.
pub(super) const QUESTIONS: usize = 4096;
/// Answers that may wait for the window before progress is left out.
const ANSWERS: usize = 4096;

/// Handle of the assistant's threads. Dropping it stops and joins them.
pub struct Assistant {
    quick: Lane,
    scans: Lane,
    /// Questions that run a network.
    networks: Lane,
    evaluations: Evaluations,
    gallery: Gallery,
    predictions: Predictions,
    shootouts: Shootouts,
    sweeps: Sweeps,
    features: Lane,
    answers: Arc<Mutex<Vec<Answer>>>,
    report: Report,
}

impl Assistant {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(notify: Notify) -> std::io::Result<Self> {
        // Runs are listed again and again.
        let listing = Mutex::new(Listing::default());
        let quick = move |question: &Question| answer(question, &listing);
        Self::spawn_with(notify, quick, answer_scan)
    }

    /// With other work in the place of the quick questions' and of scans.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn spawn_with(
        notify: Notify,
        quick: impl Fn(&Question) -> Option<Answer> + Send + 'static,
        scan: impl Fn(&Question, &Report, &StopFlag) -> Option<Answer> + Send + 'static,
    ) -> std::io::Result<Self> {
        let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let report: Report = {
            let answers = answers.clone();
            Arc::new(move |answer| {
                let mut waiting = lock(&answers);
                // A window that is hidden or hopelessly behind misses progress, but no answer.
                if waiting.len() < ANSWERS || !answer.is_progress() {
                    waiting.push(answer);
                }
                drop(waiting);
                notify(News::Event);
            })
        };
        Ok(Self {
            quick: Lane::spawn("graft-assistant", QUESTIONS, move |questions| {
                answer_in_turn::<()>(questions, |question, _, _| quick(question), || {});
            })?,
            scans: Lane::spawn("graft-scan", QUESTIONS, {
                let report = report.clone();
                move |questions| {
                    answer_the_last(
                        questions,
                        |question, stop| scan(question, &report, stop),
                        || {},
                    );
                }
            })?,
            networks: Lane::spawn("graft-network", QUESTIONS, |questions| {
                answer_in_turn(questions, networks::answer, leave_cores);
            })?,
            evaluations: Evaluations::spawn(report.clone())?,
            gallery: Gallery::spawn(&report)?,
            predictions: Predictions::spawn(&report)?,
            shootouts: Shootouts::spawn(std::env::current_exe()?, report.clone())?,
            sweeps: Sweeps::spawn(std::env::current_exe()?)?,
            features: Lane::spawn("graft-features", QUESTIONS, {
                let report = report.clone();
                move |questions| features::answer_questions(questions, &paths::cache(), &report)
            })?,
            answers,
            report,
        })
    }

    /// Asks; the answer comes through [`Assistant::answers`]. A new scan stops the one under way.
    pub fn ask(&self, question: Question) {
        let pending = Pending::new(question, &self.report);
        match pending.question() {
            Question::StopScan => self.scans.stop_last(),
            Question::Scan { .. } => self.scans.ask_instead(pending),
            Question::Gallery(_) => self.gallery.ask(pending),
            Question::Features(_) => self.features.ask(pending),
            Question::Prediction(_) => self.predictions.ask(pending),
            Question::Shootout(_) => self.shootouts.ask(pending),
            Question::Sweep(_) => self.sweeps.ask(pending),
            Question::MeasureSpeed { .. } => self.networks.ask_instead(pending),
            Question::StopMeasuring => self.networks.stop_last(),
            Question::Classify { .. } | Question::ExamineWeights { .. } => {
                self.networks.ask(pending);
            }
            Question::EvaluateRun { .. } => self.evaluations.ask(pending),
            Question::StopEvaluation { folder } => self.evaluations.stop(folder),
            _ => self.quick.ask(pending),
        }
    }

    /// Every answer since the last call; never waits.
    pub fn answers(&self) -> Vec<Answer> {
        std::mem::take(&mut *lock(&self.answers))
    }
}

impl Drop for Assistant {
    /// Asks all threads to end, before the first of them is waited for.
    fn drop(&mut self) {
        self.gallery.close();
        self.predictions.close();
        self.shootouts.close();
        self.sweeps.close();
        self.evaluations.close();
        for lane in [
            &mut self.quick,
            &mut self.scans,
            &mut self.networks,
            &mut self.features,
        ] {
            lane.close();
        }
    }
}

fn lock(answers: &Mutex<Vec<Answer>>) -> MutexGuard<'_, Vec<Answer>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(question: &Question, listing: &Mutex<Listing>) -> Option<Answer> {
    Some(match question.clone() {
        Question::Devices => Answer::Devices(Ok(models::device::discover().clone())),
        Question::Recognise { path } => Answer::Recognised {
            source: scan::recognise(&path).map_err(Failure::from),
            path,
        },
        Question::PreviewTable { source, base } => Answer::TablePreviewed {
            result: scan::preview_table(&source, base.as_deref())
                .map(Arc::new)
                .map_err(Failure::from),
            source,
            base,
        },
        Question::Thumbnail {
            dataset,
            index,
            side,
        } => {
            let picture = dataset.pictures.get(index)?;
            let pixels = decode::thumbnail(&picture.source, side).map_err(Failure::from);
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
                .map_err(Failure::failed);
            Answer::LayerTree {
                backbone,
                input_size,
                tree,
            }
        }
        Question::Augment {
            dataset,
            index,
            partners,
            augmentation,
            fit,
            side,
            seed,
            count,
        } => {
            let picture = dataset.pictures.get(index)?;
            let square = |source: &PictureSource| -> Result<Pixels, DataError> {
                let decoded = decode::decode(source)?;
                Ok(to_square(&decoded, &SquareSpec::preview(side, fit)))
            };
            let result = square(&picture.source).map(|original| {
                // One that can't be read mixes with nothing.
                let partners: Vec<(usize, Pixels)> = (partners.into_iter())
                    .filter_map(|index| {
                        let picture = dataset.pictures.get(index)?;
                        Some((index, square(&picture.source).ok()?))
                    })
                    .collect();
                let versions = (0..count)
                    .map(|view| {
                        let partner = partners.get(view as usize % partners.len().max(1));
                        let partner = partner.map(|(index, pixels)| (*index, pixels));
                        let own = (index, &original);
                        let (pixels, share) =
                            augment::version(own, partner, &augmentation, seed, view);
                        AugmentedVersion {
                            pixels,
                            mixed_with: partner.zip(share).map(|((index, _), own)| (index, own)),
                        }
                    })
                    .collect();
                (original, versions)
            });
            Answer::Augmented {
                index,
                result: result.map_err(Failure::from),
                augmentation,
            }
        }
        Question::ListRuns {
            runs,
            others,
            is_chosen,
        } => Answer::Runs(if is_chosen && !runs.is_dir() {
            let reason = "the folder that was chosen for the runs is not there: connect its drive, or choose another folder";
            Err(Failure::failed(format!("{reason}: {}", runs.display())))
        } else {
            let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(listing.list(&runs, &others))
        }),
        Question::ChangeRuns { folders, action } => Answer::RunsChanged {
            results: (folders.into_iter())
                .map(|folder| {
                    let result = change_run(&folder, &action).map_err(Failure::from);
                    (folder, result)
                })
                .collect(),
            action,
        },
        Question::FindRuns { folder } => Answer::RunsFound {
            result: Ok(find::runs_in(&folder)),
            folder,
        },
        Question::OpenRun { folder } => Answer::Run {
            result: store::open(&folder).map(Box::new).map_err(Failure::from),
            folder,
        },
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
                .map_err(Failure::from),
            folders,
        },
        Question::StoredWeights => Answer::StoredWeights(Ok(stored_weights())),
        // Of other threads.
        Question::Scan { .. }
        | Question::StopScan
        | Question::Gallery(_)
        | Question::Features(_)
        | Question::Prediction(_)
        | Question::Shootout(_)
        | Question::Sweep(_)
        | Question::MeasureSpeed { .. }
        | Question::StopMeasuring
        | Question::Classify { .. }
        | Question::ExamineWeights { .. }
        | Question::EvaluateRun { .. }
        | Question::StopEvaluation { .. } => return None,
    })
}

fn change_run(folder: &Path, action: &RunAction) -> Result<(), RunError> {
    match action {
        RunAction::Annotate(changes) => annotations::change(folder, changes).map(drop),
        RunAction::Trash => trash::trash(folder),
        RunAction::Restore => trash::restore(folder),
    }
}

/// How many epochs the run in `folder` has, and what they say.
fn diagnose(folder: &Path) -> (usize, Result<Result<Diagnosis, Undecided>, Failure>) {
    match store::open(folder) {
        Ok(run) => (
            run.metrics.len(),
            crate::analysis::diagnose(&run).map_err(Failure::from),
        ),
        Err(error) => (0, Err(error.into())),
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

fn answer_scan(question: &Question, report: &Report, stop: &StopFlag) -> Option<Answer> {
    let Question::Scan { data, seed, base } = question else {
        return None;
    };
    let progress = |done, total| report(Answer::ScanProgress { done, total });
    let scan = || -> Result<_, DataError> {
        let dataset = scan::scan(data, base.as_deref(), &progress, stop)?;
        let experiment = Experiment {
            data: (**data).clone(),
            seed: *seed,
            ..Experiment::default()
        };
        let split = split::split(&dataset, &experiment)?;
        Ok((Arc::new(dataset), split))
    };
    Some(Answer::Scanned {
        data: data.clone(),
        seed: *seed,
        result: scan().map_err(Failure::from),
    })
}
