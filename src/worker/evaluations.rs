//! Finished runs on their splits, on a thread of their own: an evaluation can take minutes, and no
//! other question should wait for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::assistant::Tell;
use super::messages::{Answer, RunEvaluation};
use crate::analysis::evaluate::Pictures;
use crate::analysis::{EvaluateRequest, evaluate_run};
use crate::data::{Split, StopFlag};
use crate::evaluation::{Decision, Evaluation};
use crate::experiment::Precision;
use crate::models::device;
use crate::runs::RunError;
use crate::training::leave_cores;

/// Evaluations that may wait; further ones are refused with a reason.
const QUEUE: usize = 256;
/// Between two reports of progress.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug, Clone)]
struct Job {
    /// Unique within the handle.
    number: u64,
    folder: PathBuf,
    split: Split,
    stop: StopFlag,
}

/// Jobs that wait or are under way, each with its flag.
type Jobs = Arc<Mutex<Vec<Job>>>;

/// Handle of the thread. Dropping it stops the evaluation under way and joins.
pub(super) struct Evaluations {
    queue: Option<Sender<Job>>,
    jobs: Jobs,
    asked: AtomicU64,
    tell: Tell,
    thread: Option<JoinHandle<()>>,
}

impl Evaluations {
    pub fn spawn(tell: Tell) -> std::io::Result<Self> {
        let (queue, coming) = bounded::<Job>(QUEUE);
        let jobs = Jobs::default();
        let thread = std::thread::Builder::new()
            .name("graft-evaluation".into())
            .spawn({
                let (jobs, tell) = (jobs.clone(), tell.clone());
                move || work(&coming, &jobs, &tell)
            })?;
        Ok(Self {
            queue: Some(queue),
            jobs,
            asked: AtomicU64::new(0),
            tell,
            thread: Some(thread),
        })
    }

    /// Queues an evaluation, unless the same one waits or is under way.
    pub fn ask(&self, folder: PathBuf, split: Split) {
        let job = Job {
            number: self.asked.fetch_add(1, Ordering::Relaxed),
            folder,
            split,
            stop: StopFlag::default(),
        };
        {
            let mut jobs = lock(&self.jobs);
            let is_known = |other: &Job| {
                !other.stop.is_stopped() && (&other.folder, other.split) == (&job.folder, job.split)
            };
            if jobs.iter().any(is_known) {
                return;
            }
            jobs.push(job.clone());
        }
        let Some(queue) = &self.queue else { return };
        if queue.try_send(job.clone()).is_err() {
            forget(&self.jobs, &job);
            (self.tell)(Answer::RunEvaluated {
                folder: job.folder,
                split: job.split,
                result: Err("too many evaluations wait already: let some of them end".into()),
            });
        }
    }

    /// Ends the evaluations of the run in `folder` within one batch.
    pub fn stop(&self, folder: &Path) {
        for job in lock(&self.jobs).iter().filter(|job| job.folder == folder) {
            job.stop.stop();
        }
    }
}

impl Drop for Evaluations {
    fn drop(&mut self) {
        for job in lock(&self.jobs).iter() {
            job.stop.stop();
        }
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the evaluation thread panicked");
        }
    }
}

fn lock(jobs: &Jobs) -> MutexGuard<'_, Vec<Job>> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forget(jobs: &Jobs, job: &Job) {
    lock(jobs).retain(|other| other.number != job.number);
}

fn work(coming: &Receiver<Job>, jobs: &Jobs, tell: &Tell) {
    while let Ok(job) = coming.recv() {
        let answer = catch_unwind(AssertUnwindSafe(|| evaluate(&job, tell))).unwrap_or_else(|_| {
            Answer::RunEvaluated {
                folder: job.folder.clone(),
                split: job.split,
                result: Err(
                    "an error inside Graft ended the evaluation; the run is untouched".into(),
                ),
            }
        });
        leave_cores();
        forget(jobs, &job);
        tell(answer);
    }
}

fn evaluate(job: &Job, tell: &Tell) -> Answer {
    let (folder, split) = (job.folder.clone(), job.split);
    if job.stop.is_stopped() {
        return Answer::EvaluationStopped { folder, split };
    }
    let request = EvaluateRequest {
        folder: folder.clone(),
        pictures: Pictures::Of(split),
        data: None,
        device: device::best(),
        as_tested: false,
        precision: Precision::Auto,
    };
    let mut told: Option<Instant> = None;
    let mut progress = |done, total| {
        if done < total && told.is_some_and(|told| told.elapsed() < REPORT_INTERVAL) {
            return;
        }
        told = Some(Instant::now());
        tell(Answer::EvaluationProgress {
            folder: folder.clone(),
            split,
            done,
            total,
        });
    };
    let result = match evaluate_run(&request, &mut progress, &job.stop) {
        Err(RunError::Stopped) => return Answer::EvaluationStopped { folder, split },
        Err(error) => Err(error.to_string()),
        Ok(run) => {
            let evaluation = Evaluation::new(&run.predictions, &Decision::default());
            Ok(Arc::new(RunEvaluation { run, evaluation }))
        }
    };
    Answer::RunEvaluated {
        folder,
        split,
        result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::evaluate::tests::finished_run;
    use crate::worker::assistant::Assistant;
    use crate::worker::messages::Question;

    /// Answers until `is_last`, as the window takes them.
    fn answers_until(assistant: &Assistant, is_last: impl Fn(&Answer) -> bool) -> Vec<Answer> {
        let mut all = Vec::new();
        let began = Instant::now();
        while !all.iter().any(&is_last) {
            assert!(began.elapsed() < Duration::from_secs(300), "{all:?}");
            std::thread::sleep(Duration::from_millis(5));
            all.extend(assistant.answers());
        }
        all
    }

    #[test]
    fn a_run_is_evaluated_away_from_the_window() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run(root.path());
        let assistant = Assistant::spawn(Arc::new(|_| {})).unwrap();
        let ask = |split| {
            assistant.ask(Question::EvaluateRun {
                folder: folder.clone(),
                split,
            });
        };
        ask(Split::Validation);
        ask(Split::Validation);
        ask(Split::Test);
        let is_test = |answer: &Answer| matches!(answer, Answer::RunEvaluated { split, .. } if *split == Split::Test);
        let answers = answers_until(&assistant, is_test);
        let results: Vec<_> = answers
            .iter()
            .filter_map(|answer| match answer {
                Answer::RunEvaluated { split, result, .. } => {
                    Some((*split, result.as_ref().unwrap()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(results.len(), 2, "the same question twice is one");
        assert_eq!(results[0].0, Split::Validation);
        assert_eq!(results[0].1.evaluation.pictures, 3);
        assert!(results[1].1.run.is_stored);
        let has_progress = |answer: &Answer| {
            matches!(
                answer,
                Answer::EvaluationProgress {
                    done: 3,
                    total: 3,
                    ..
                }
            )
        };
        assert!(answers.iter().any(has_progress));

        assistant.ask(Question::EvaluateRun {
            folder: root.path().join("absent"),
            split: Split::Test,
        });
        let is_end = |answer: &Answer| matches!(answer, Answer::RunEvaluated { .. });
        let answers = answers_until(&assistant, is_end);
        let Some(Answer::RunEvaluated {
            result: Err(reason),
            ..
        }) = answers.last()
        else {
            panic!("{answers:?}");
        };
        assert!(reason.contains("is no run's folder"), "{reason}");
    }

    #[test]
    fn what_waits_can_be_stopped() {
        let told: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let (queue, coming) = bounded::<Job>(4);
        let jobs = Jobs::default();
        let heard = told.clone();
        let tell: Tell = Arc::new(move |answer| heard.lock().unwrap().push(answer));
        // Without a thread, so that the jobs surely wait.
        let evaluations = Evaluations {
            queue: Some(queue),
            jobs: jobs.clone(),
            asked: AtomicU64::new(0),
            tell: tell.clone(),
            thread: None,
        };
        evaluations.ask("one".into(), Split::Train);
        evaluations.ask("two".into(), Split::Train);
        evaluations.stop(Path::new("one"));
        // Asked again after the stop, it is a new question.
        evaluations.ask("one".into(), Split::Train);
        assert_eq!(lock(&jobs).len(), 3);
        drop(evaluations);
        // The handle is gone: everything is stopped.
        work(&coming, &jobs, &tell);
        assert!(lock(&jobs).is_empty());
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 3);
        let is_stopped = |answer: &Answer| matches!(answer, Answer::EvaluationStopped { .. });
        assert!(told.iter().all(is_stopped), "{told:?}");
    }
}
