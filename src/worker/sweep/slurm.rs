//! What is asked of Slurm: its commands are other programs, which may keep one waiting.

use std::path::Path;
use std::sync::Arc;

use crate::format;
use crate::slurm::{self, SubmitRequest, Submitted, task};
use crate::worker::messages::{
    Answer, Failure, Question, SlurmAnswer, SlurmQuestion, SlurmRequest, SweepAnswer, SweepQuestion,
};

/// Lines of a log that are read.
const LINES: usize = 60;

/// `program`: what tasks start.
pub(super) fn answer(question: &Question, program: &Path) -> Option<Answer> {
    let Question::Sweep(SweepQuestion::Slurm(question)) = question else {
        return None;
    };
    Some(Answer::Sweep(SweepAnswer::Slurm(answered(
        question, program,
    ))))
}

fn answered(question: &SlurmQuestion, program: &Path) -> SlurmAnswer {
    match question {
        SlurmQuestion::Find => SlurmAnswer::Found(Ok(slurm::is_available())),
        SlurmQuestion::Preview(request) => {
            let script = slurm::preview(&submit_request(request, program));
            SlurmAnswer::Script(script.map_err(Failure::failed))
        }
        SlurmQuestion::Submit(request) => {
            let submitted = slurm::submit(&submit_request(request, program));
            SlurmAnswer::Done(
                submitted
                    .map(|submitted| told(&submitted))
                    .map_err(Failure::failed),
            )
        }
        SlurmQuestion::Tasks { out } => SlurmAnswer::Tasks {
            out: out.clone(),
            result: slurm::status(out).map(Arc::new).map_err(Failure::failed),
        },
        SlurmQuestion::Cancel { out, tasks } => {
            let cancelled = slurm::cancel(out, tasks.as_deref()).map(|cancelled| {
                let tasks = format::count(cancelled.tasks.len(), "task was", "tasks were");
                vec![format!(
                    "{tasks} cancelled; what they have trained is kept."
                )]
            });
            SlurmAnswer::Done(cancelled.map_err(Failure::failed))
        }
        SlurmQuestion::Log { out, task } => {
            let log = slurm::log_tail(out, Some(task), LINES).map_err(Failure::failed);
            SlurmAnswer::Log {
                task: task.clone(),
                result: log.and_then(|log| {
                    log.map(|log| log.text)
                        .ok_or_else(|| Failure::failed("the task has not said anything yet"))
                }),
            }
        }
    }
}

fn submit_request(request: &SlurmRequest, program: &Path) -> SubmitRequest {
    let process = &request.process;
    SubmitRequest {
        plan: request.plan.clone(),
        file: process.file.clone(),
        data: process.data.clone(),
        out: process.out.clone(),
        program: program.to_path_buf(),
        resources: request.options.resources.clone(),
        at_once: request.options.at_once,
        cells_per_task: request.options.cells_per_task.max(1),
        again: process.again,
        requeues: task::DEFAULT_REQUEUES,
        dry_run: false,
    }
}

/// What was submitted and what was not, in sentences.
fn told(submitted: &Submitted) -> Vec<String> {
    let cells = |count: usize| format::count(count, "cell", "cells");
    let mut lines: Vec<String> = (submitted.jobs.iter())
        .map(|job| {
            let tasks = format::count(job.tasks, "task", "tasks");
            let id = job.id.as_deref().unwrap_or("not submitted");
            format!("Job {id}: {tasks}.")
        })
        .collect();
    if submitted.jobs.is_empty() {
        lines.push("Nothing is left to submit.".into());
    }
    for (count, what) in [
        (submitted.under_way, "in tasks that wait or run already."),
        (
            submitted.elsewhere,
            "being trained by another process, and not submitted.",
        ),
        (
            submitted.failed,
            "failed before, and are not submitted again unless you ask for it.",
        ),
    ] {
        if count > 0 {
            lines.push(format!("{} {what}", cells(count)));
        }
    }
    lines.extend(submitted.remarks.iter().cloned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slurm::SubmittedJob;

    #[test]
    fn what_was_submitted_is_told_in_sentences() {
        let submitted = Submitted {
            jobs: vec![SubmittedJob {
                id: Some("12".into()),
                script: "job.sh".into(),
                tasks: 3,
            }],
            cells: 3,
            under_way: 1,
            ..Submitted::default()
        };
        assert_eq!(
            told(&submitted),
            [
                "Job 12: 3 tasks.",
                "1 cell in tasks that wait or run already."
            ]
        );
        assert_eq!(told(&Submitted::default()), ["Nothing is left to submit."]);
    }
}
