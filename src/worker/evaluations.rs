//! Finished runs on their splits, on a thread of their own: an evaluation can take minutes, and no
//! other question should wait for it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::lane::Lane;
use super::messages::{Answer, Failure, Question, RunEvaluation};
use super::pending::{Pending, Report};
use crate::analysis::evaluate::{self, Pictures};
use crate::analysis::{EvaluateRequest, evaluate_run, novelty};
use crate::data::{Split, StopFlag};
use crate::evaluation::{Decision, Evaluation};
use crate::experiment::Precision;
use crate::models::device;
use crate::training::leave_cores;

/// Evaluations that may wait; further ones are refused with a reason.
const QUEUE: usize = 256;
/// Between two reports of progress.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

struct Job {
    folder: PathBuf,
    split: Split,
    stop: StopFlag,
}

/// Jobs that wait or are under way, the next one first, each with its flag.
type Jobs = Arc<Mutex<VecDeque<Job>>>;

/// Handle of the thread. Dropping it stops the evaluation under way and joins.
pub(super) struct Evaluations {
    lane: Lane,
    jobs: Jobs,
}

impl Evaluations {
    pub fn spawn(report: Report) -> std::io::Result<Self> {
        let jobs = Jobs::default();
        let lane = Lane::spawn("graft-evaluation", QUEUE, {
            let jobs = jobs.clone();
            move |questions| work(questions, &jobs, &report)
        })?;
        Ok(Self { lane, jobs })
    }

    /// Queues an evaluation. Where the same one waits or is under way, its answer is the answer to both.
    pub fn ask(&self, pending: Pending) {
        let Question::EvaluateRun { folder, split, .. } = pending.question() else {
            return;
        };
        let mut jobs = lock(&self.jobs);
        let is_known =
            |job: &Job| !job.stop.is_stopped() && (&job.folder, job.split) == (folder, *split);
        if jobs.iter().any(is_known) {
            pending.leave_to_another();
            return;
        }
        jobs.push_back(Job {
            folder: folder.clone(),
            split: *split,
            stop: pending.stop.clone(),
        });
        if let Err(pending) = self.lane.try_ask(pending) {
            jobs.pop_back();
            drop(jobs);
            let reason = "too many evaluations wait already: let some of them end";
            pending.refuse(reason.into());
        }
    }

    /// Ends the evaluations of the run in `folder` within one batch.
    pub fn stop(&self, folder: &Path) {
        for job in lock(&self.jobs).iter().filter(|job| job.folder == folder) {
            job.stop.stop();
        }
    }

    /// Asks the thread to end soon, without waiting for it.
    pub fn close(&mut self) {
        for job in lock(&self.jobs).iter() {
            job.stop.stop();
        }
        self.lane.close();
    }
}

impl Drop for Evaluations {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock(jobs: &Jobs) -> MutexGuard<'_, VecDeque<Job>> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the first job away before it is answered, also when it panics: whoever asks again from then on asks anew.
struct Finish<'a>(&'a Jobs);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        lock(self.0).pop_front();
    }
}

fn work(questions: &Receiver<Pending>, jobs: &Jobs, report: &Report) {
    for pending in questions {
        pending.step(|question, stop| {
            let _finish = Finish(jobs);
            evaluate(question, report, stop)
        });
        leave_cores();
    }
}

fn evaluate(question: &Question, report: &Report, stop: &StopFlag) -> Option<Answer> {
    let Question::EvaluateRun {
        folder,
        split,
        only_kept,
    } = question.clone()
    else {
        return None;
    };
    if stop.is_stopped() {
        return question.unanswered(Failure::Stopped).pop();
    }
    // What can't be read is told by the evaluation itself.
    if only_kept && matches!(evaluate::stored(&folder, split), Ok(None)) {
        return question.unanswered(Failure::NotKept).pop();
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
        report(Answer::EvaluationProgress {
            folder: folder.clone(),
            split,
            done,
            total,
        });
    };
    let result = evaluate_run(&request, &mut progress, stop).map(|run| {
        let evaluation = Evaluation::new(&run.predictions, &Decision::default());
        let novelty = novelty::known(&folder);
        Arc::new(RunEvaluation {
            run,
            evaluation,
            novelty: novelty.map(Arc::new),
        })
    });
    Some(Answer::RunEvaluated {
        folder,
        split,
        result: result.map_err(Failure::from),
    })
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
                only_kept: split == Split::Test,
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
            only_kept: false,
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
        let reason = reason.to_string();
        assert!(reason.contains("there is no run of this"), "{reason}");
    }

    #[test]
    fn what_was_not_kept_is_not_computed_unasked() {
        let root = tempfile::tempdir().unwrap();
        let folder = finished_run(root.path());
        let assistant = Assistant::spawn(Arc::new(|_| {})).unwrap();
        assistant.ask(Question::EvaluateRun {
            folder: folder.clone(),
            split: Split::Train,
            only_kept: true,
        });
        let is_end = |answer: &Answer| matches!(answer, Answer::RunEvaluated { .. });
        let answers = answers_until(&assistant, is_end);
        let not_kept = Err(Failure::NotKept);
        assert!(
            matches!(&answers[..], [Answer::RunEvaluated { result, .. }] if *result == not_kept),
            "{answers:?}"
        );
        assert!(!folder.join("predictions_train.csv").exists());
    }

    type Told = Arc<Mutex<Vec<Answer>>>;

    /// With room for so many jobs, and without a thread, so that they surely wait; the other end of the queue, and where
    /// the answers go.
    fn without_thread(room: usize) -> (Evaluations, Receiver<Pending>, Report, Told) {
        let told = Told::default();
        let heard = told.clone();
        let report: Report = Arc::new(move |answer| heard.lock().unwrap().push(answer));
        let (lane, coming) = Lane::without_thread(room);
        let jobs = Jobs::default();
        (Evaluations { lane, jobs }, coming, report, told)
    }

    fn ask(evaluations: &Evaluations, folder: &str, report: &Report) {
        let (folder, split) = (folder.into(), Split::Train);
        evaluations.ask(Pending::new(
            Question::EvaluateRun {
                folder,
                split,
                only_kept: false,
            },
            report,
        ));
    }

    #[test]
    fn what_waits_can_be_stopped() {
        let (evaluations, coming, report, told) = without_thread(4);
        let jobs = evaluations.jobs.clone();
        let ask = |folder: &str| ask(&evaluations, folder, &report);
        ask("one");
        ask("two");
        evaluations.stop(Path::new("one"));
        // Asked again after the stop, it is a new question.
        ask("one");
        assert_eq!(lock(&jobs).len(), 3);
        drop(evaluations);
        // The handle is gone: everything is stopped.
        work(&coming, &jobs, &report);
        assert!(lock(&jobs).is_empty());
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 3);
        let is_stopped = |answer: &Answer| {
            let stopped = Err(Failure::Stopped);
            matches!(answer, Answer::RunEvaluated { result, .. } if *result == stopped)
        };
        assert!(told.iter().all(is_stopped), "{told:?}");
    }

    #[test]
    fn more_than_may_wait_are_refused_and_can_be_asked_again() {
        let (evaluations, coming, report, told) = without_thread(1);
        let jobs = evaluations.jobs.clone();
        let ask = |folder: &str| ask(&evaluations, folder, &report);
        ask("one");
        ask("two");
        let told = || std::mem::take(&mut *told.lock().unwrap());
        let refused = told();
        let [
            Answer::RunEvaluated {
                folder,
                result: Err(Failure::Failed(reason)),
                ..
            },
        ] = &refused[..]
        else {
            panic!("{refused:?}");
        };
        assert_eq!(folder, Path::new("two"));
        assert!(reason.contains("too many evaluations"), "{reason}");
        drop(coming.recv());
        assert_eq!(told().len(), 1, "dropped unanswered, it answers for itself");
        lock(&jobs).clear();
        ask("two");
        assert!(told().is_empty(), "there is room again");
    }
}
