//! What is asked of Slurm.

use super::training::process;
use super::{SweepRequests, out, with_open};
use crate::app::core::session::Session;
use crate::app::core::sweep::SlurmAction;
use crate::worker::messages::{
    Failure, Question, SlurmAnswer, SlurmOptions, SlurmQuestion, SlurmRequest, SweepQuestion,
};

impl SweepRequests {
    /// Carries out what was asked of Slurm. False where the sweep must be given a file first.
    pub fn slurm(&mut self, session: &mut Session, action: SlurmAction) -> bool {
        let Some(out) = out(session) else { return true };
        match action {
            SlurmAction::Show => {
                if self.saved(session).is_none() {
                    return false;
                }
                self.slurm_is_open = true;
                (self.previewed, self.slurm_asked) = (None, None);
            }
            SlurmAction::Close => self.slurm_is_open = false,
            SlurmAction::Preview(options) => {
                if self.previewed.as_ref() != Some(&*options)
                    && let Some(request) = slurm_request(session, &options, false)
                {
                    self.previewed = Some(*options);
                    ask_slurm(session, SlurmQuestion::Preview(request));
                }
            }
            SlurmAction::Submit { options, again } => {
                if self.saved(session) == Some(true)
                    && let Some(request) = slurm_request(session, &options, again)
                {
                    begin_slurm(session);
                    ask_slurm(session, SlurmQuestion::Submit(request));
                }
            }
            SlurmAction::Cancel(tasks) => {
                begin_slurm(session);
                ask_slurm(session, SlurmQuestion::Cancel { out, tasks });
            }
            SlurmAction::ReadLog(task) => {
                with_open(session, |open| open.slurm.log = None);
                ask_slurm(session, SlurmQuestion::Log { out, task });
            }
        }
        true
    }

    pub(super) fn slurm_answered(&mut self, session: &mut Session, answer: SlurmAnswer) {
        let folder = out(session);
        match answer {
            SlurmAnswer::Found(found) => {
                session.state.sweep.has_slurm = Some(found.unwrap_or(false))
            }
            SlurmAnswer::Script(script) => with_open(session, |open| {
                if script != Err(Failure::Stopped) {
                    open.slurm.script = Some(script.map_err(|failure| failure.to_string()));
                }
            }),
            SlurmAnswer::Tasks { out, result } => with_open(session, |open| match result {
                Ok(tasks) if folder.as_ref() == Some(&out) => open.slurm.tasks = Some(tasks),
                // It is asked again; what is done with tasks says what is wrong.
                _ => {}
            }),
            SlurmAnswer::Done(result) => {
                self.slurm_asked = None;
                self.looked = None;
                with_open(session, |open| {
                    open.slurm.is_working = false;
                    match result {
                        Ok(told) => {
                            open.slurm.told = told;
                            open.slurm.problem = None;
                        }
                        Err(failure) => open.slurm.problem = Some(failure.to_string()),
                    }
                });
            }
            SlurmAnswer::Log { task, result } => with_open(session, |open| {
                let text = result.unwrap_or_else(|failure| failure.to_string());
                open.slurm.log = Some((task, text));
            }),
        }
    }
}

pub(super) fn begin_slurm(session: &mut Session) {
    with_open(session, |open| {
        open.slurm.is_working = true;
        open.slurm.problem = None;
        open.slurm.told.clear();
    });
}

pub(super) fn ask_slurm(session: &mut Session, question: SlurmQuestion) {
    session.ask(Question::Sweep(SweepQuestion::Slurm(question)));
}

pub(super) fn slurm_request(
    session: &Session,
    options: &SlurmOptions,
    again: bool,
) -> Option<Box<SlurmRequest>> {
    let open = session.state.sweep.open.as_ref()?;
    Some(Box::new(SlurmRequest {
        plan: open.planned.plan.clone()?,
        process: process(session, again)?,
        options: options.clone(),
    }))
}
