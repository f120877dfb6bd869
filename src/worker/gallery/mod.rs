//! The gallery's threads: pictures are decoded on one, networks asked on another, duplicates looked for
//! on a third, folds trained on a fourth, so that none waits for the others.

mod duplicates;
mod networks;
mod out_of_fold;
mod pictures;
#[cfg(test)]
mod pictures_tests;

use std::sync::Arc;

use super::lane::{Lane, answer_the_last};
use super::messages::{Answer, GalleryAnswer, GalleryQuestion, Question};
use super::pending::{Pending, Report};
use crate::training::leave_cores;

/// Questions that may wait for a thread; further ones are refused.
const QUESTIONS: usize = 1024;

/// Says an answer of the gallery.
type Say = Arc<dyn Fn(GalleryAnswer) + Send + Sync>;

/// Handle of the threads. Dropping it stops and joins them.
pub(super) struct Gallery {
    pictures: Lane,
    networks: Lane,
    duplicates: Lane,
    out_of_fold: Lane,
}

impl Gallery {
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(report: &Report) -> std::io::Result<Self> {
        let report = report.clone();
        let say: Say = Arc::new(move |answer| report(Answer::Gallery(answer)));
        Ok(Self {
            pictures: Lane::spawn("graft-pictures", QUESTIONS, {
                let say = say.clone();
                move |questions| pictures::answer_questions(questions, &say)
            })?,
            networks: Lane::spawn("graft-explain", QUESTIONS, {
                let say = say.clone();
                move |questions| networks::answer_questions(questions, &say)
            })?,
            duplicates: Lane::spawn("graft-duplicates", QUESTIONS, {
                let say = say.clone();
                move |questions| {
                    let work = |question: &_, stop: &_| duplicates::answer(question, &say, stop);
                    answer_the_last(questions, work, || {});
                }
            })?,
            out_of_fold: Lane::spawn("graft-folds", QUESTIONS, move |questions| {
                let work = |question: &_, stop: &_| out_of_fold::answer(question, &say, stop);
                answer_the_last(questions, work, leave_cores);
            })?,
        })
    }

    pub fn ask(&self, pending: Pending) {
        let Question::Gallery(question) = pending.question() else {
            return;
        };
        match question {
            GalleryQuestion::Open { .. }
            | GalleryQuestion::Thumbnails { .. }
            | GalleryQuestion::Picture { .. } => self.pictures.ask(pending),
            GalleryQuestion::Explain { .. }
            | GalleryQuestion::Neighbours { .. }
            | GalleryQuestion::StopNeighbours => self.networks.ask(pending),
            GalleryQuestion::Duplicates { .. } => self.duplicates.ask_instead(pending),
            GalleryQuestion::StopDuplicates => self.duplicates.stop_last(),
            GalleryQuestion::OutOfFold { .. } => self.out_of_fold.ask_instead(pending),
            GalleryQuestion::StopOutOfFold => self.out_of_fold.stop_last(),
        }
    }

    /// Asks the threads to end soon, without waiting for them.
    pub fn close(&mut self) {
        for lane in [
            &mut self.pictures,
            &mut self.networks,
            &mut self.duplicates,
            &mut self.out_of_fold,
        ] {
            lane.close();
        }
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.close();
    }
}
