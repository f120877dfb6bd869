//! A question and the duty to answer it.

use std::sync::Arc;

use super::messages::{Answer, Failure, Question};
use crate::data::StopFlag;

/// Reports an answer.
pub(super) type Report = Arc<dyn Fn(Answer) + Send + Sync>;

/// A question on its way to its answer, which is reported exactly once: what its work gives, the failure that a panic
/// ends it with, or, where it is dropped unanswered, that it was stopped.
pub(super) struct Pending {
    question: Box<Question>,
    report: Report,
    /// Asks its work to end soon.
    pub stop: StopFlag,
    is_answered: bool,
}

/// What has become of a question after a piece of its work.
pub(super) enum Step {
    /// There is more to do.
    Pending(Pending),
    Answered,
    /// Answered with a failure: what the work kept for later may be damaged.
    Crashed,
}

impl Pending {
    pub fn new(question: Question, report: &Report) -> Self {
        Self {
            question: Box::new(question),
            report: report.clone(),
            stop: StopFlag::default(),
            is_answered: false,
        }
    }

    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Does one piece of the work, which gives the answer once it is there. All work of the assistant is done in here.
    pub fn step(mut self, work: impl FnOnce(&Question, &StopFlag) -> Option<Answer>) -> Step {
        match Failure::catch(|| work(&self.question, &self.stop)) {
            Ok(None) => Step::Pending(self),
            Ok(Some(answer)) => {
                self.is_answered = true;
                (self.report)(answer);
                Step::Answered
            }
            Err(failure) => {
                self.refuse(failure);
                Step::Crashed
            }
        }
    }

    pub fn refuse(mut self, failure: Failure) {
        self.report_unanswered(failure);
    }

    /// Is not answered, because the answer to the same question, which is under way, is its answer too.
    pub fn leave_to_another(mut self) {
        self.is_answered = true;
    }

    fn report_unanswered(&mut self, failure: Failure) {
        self.is_answered = true;
        for answer in self.question.unanswered(failure) {
            (self.report)(answer);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_answered {
            self.report_unanswered(Failure::Stopped);
        }
    }
}
