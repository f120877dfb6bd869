//! Sweeps: what their files mean and how their cells stand on one thread, the process that trains on another, the one that
//! tests on a third, and Slurm on a fourth, because its commands may keep one waiting.

mod plan;
mod process;
mod slurm;

use std::path::PathBuf;
use std::sync::Arc;

use super::child_process::{Control, Order};
use super::lane::{Lane, answer_in_turn};
use super::messages::{Answer, Failure, Question, SweepAnswer, SweepQuestion, SweepStatus};
use super::pending::Pending;
use crate::data::StopFlag;
use crate::sweep::{Plan, Results, StatusReader, Sweep, ask_to_stop, tested};

/// Questions that may wait for a thread; further ones are refused.
const QUESTIONS: usize = 64;

/// Handle of the threads. Dropping it stops and joins them; a process that trains saves what it has and ends, unless it was let
/// go.
pub(super) struct Sweeps {
    quick: Lane,
    training: Lane,
    testing: Lane,
    slurm: Lane,
    control: Arc<Control>,
}

/// The folder that was looked at last, and what is known of it.
#[derive(Default)]
struct Kept(Option<(Arc<Plan>, PathBuf, StatusReader)>);

impl Sweeps {
    /// `program`: what trains, called as `graft` is.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(program: PathBuf) -> std::io::Result<Self> {
        let control = Arc::new(Control::default());
        Ok(Self {
            quick: Lane::spawn("graft-sweep", QUESTIONS, |questions| {
                let work = |question: &Question, _: &StopFlag, kept: &mut Kept| {
                    let Question::Sweep(question) = question else {
                        return None;
                    };
                    answer(question, kept).map(Answer::Sweep)
                };
                answer_in_turn(questions, work, || {});
            })?,
            training: Lane::spawn("graft-sweep-run", QUESTIONS, {
                let (control, program) = (control.clone(), program.clone());
                move |questions| {
                    answer_in_turn::<()>(
                        questions,
                        |question, stop, ()| process::train(question, &program, &control, stop),
                        || {},
                    );
                }
            })?,
            testing: Lane::spawn("graft-sweep-test", QUESTIONS, {
                let program = program.clone();
                move |questions| {
                    answer_in_turn::<()>(
                        questions,
                        |question, stop, ()| process::test(question, &program, stop),
                        || {},
                    );
                }
            })?,
            slurm: Lane::spawn("graft-slurm", QUESTIONS, move |questions| {
                answer_in_turn::<()>(
                    questions,
                    |question, _, ()| slurm::answer(question, &program),
                    || {},
                );
            })?,
            control,
        })
    }

    pub fn ask(&self, pending: Pending) {
        let Question::Sweep(question) = pending.question() else {
            return;
        };
        match question {
            SweepQuestion::Train(_) => {
                self.control.begin();
                self.training.ask(pending);
            }
            SweepQuestion::EndTraining { stay } => {
                self.control
                    .give(if *stay { Order::Stay } else { Order::Stop });
            }
            SweepQuestion::Test { .. } => self.testing.ask(pending),
            SweepQuestion::Slurm(_) => self.slurm.ask(pending),
            _ => self.quick.ask(pending),
        }
    }

    /// Asks the threads to end soon, without waiting for them.
    pub fn close(&mut self) {
        for lane in [
            &mut self.quick,
            &mut self.training,
            &mut self.testing,
            &mut self.slurm,
        ] {
            lane.close();
        }
    }
}

impl Drop for Sweeps {
    fn drop(&mut self) {
        self.close();
    }
}

fn answer(question: &SweepQuestion, kept: &mut Kept) -> Option<SweepAnswer> {
    Some(match question {
        SweepQuestion::Open { path } => SweepAnswer::Opened {
            result: Sweep::load(path).map(Box::new).map_err(Failure::failed),
            path: path.clone(),
        },
        SweepQuestion::Plan { ticket, input } => SweepAnswer::Planned {
            ticket: *ticket,
            result: Ok(Box::new(plan::planned(input))),
        },
        SweepQuestion::Status { plan, out } => SweepAnswer::Status {
            out: out.clone(),
            result: Ok(Arc::new(kept.status(plan, out))),
        },
        SweepQuestion::StopElsewhere { out } => {
            // Nobody answers to it: how the cells stand says whether it was heard.
            if let Err(error) = ask_to_stop(out) {
                log::warn!("nobody can be asked to stop: {error}");
            }
            return None;
        }
        // Of other threads.
        SweepQuestion::Train(_)
        | SweepQuestion::EndTraining { .. }
        | SweepQuestion::Test { .. }
        | SweepQuestion::Slurm(_) => return None,
    })
}

impl Kept {
    fn status(&mut self, plan: &Arc<Plan>, out: &PathBuf) -> SweepStatus {
        let is_it = |(known, folder, _): &(Arc<Plan>, PathBuf, StatusReader)| {
            Arc::ptr_eq(known, plan) && folder == out
        };
        let (_, _, reader) = match &mut self.0 {
            Some(kept) if is_it(kept) => kept,
            other => other.insert((
                plan.clone(),
                out.clone(),
                StatusReader::new(plan.clone(), out),
            )),
        };
        let cells = reader.read();
        SweepStatus {
            plan: plan.clone(),
            results: Results::new(plan, &cells),
            cells,
            // Who can't read it may test again, and is then told so by whoever tests.
            tested: tested(out).unwrap_or_default(),
        }
    }
}
