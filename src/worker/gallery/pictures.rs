//! Runs opened and pictures decoded for the gallery.

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::super::lane::waiting;
use super::super::messages::{Answer, Failure, GalleryAnswer, GalleryQuestion, Question};
use super::super::pending::Pending;
use super::Say;
use crate::analysis::{gallery, suspects};
use crate::data::{PictureSource, StopFlag, decode};

/// Thumbnails made between two checks of what is wanted now.
const AT_ONCE: usize = 8;

/// What is still to be done.
#[derive(Default)]
struct Work {
    runs: VecDeque<Pending>,
    picture: Option<Pending>,
    thumbnails: VecDeque<PictureSource>,
    side: u32,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.picture.is_none() && self.thumbnails.is_empty()
    }

    fn add(&mut self, pending: Pending) {
        match pending.question() {
            Question::Gallery(GalleryQuestion::Open { folder }) => {
                let is_same = |other: &Pending| {
                    let Question::Gallery(GalleryQuestion::Open { folder: other }) =
                        other.question()
                    else {
                        return false;
                    };
                    other == folder
                };
                if self.runs.iter().any(is_same) {
                    pending.leave_to_another();
                } else {
                    self.runs.push_back(pending);
                }
            }
            Question::Gallery(GalleryQuestion::Thumbnails { wanted, side }) => {
                self.thumbnails = wanted.clone().into();
                self.side = *side;
                // Each picture is answered apart.
                pending.leave_to_another();
            }
            Question::Gallery(GalleryQuestion::Picture { .. }) => self.picture = Some(pending),
            // Of other threads.
            _ => {}
        }
    }
}

/// Answers until the other side hangs up: the picture that is looked at first, then runs, then
/// thumbnails, a few at a time.
pub(super) fn answer_questions(questions: &Receiver<Pending>, say: &Say) {
    let mut work = Work::default();
    while let Some(new) = waiting(questions, work.is_empty()) {
        new.into_iter().for_each(|question| work.add(question));
        if let Some(pending) = work.picture.take().or_else(|| work.runs.pop_front()) {
            pending.step(answer);
        } else {
            make_thumbnails(&mut work, say);
        }
    }
}

fn answer(question: &Question, stop: &StopFlag) -> Option<Answer> {
    let Question::Gallery(question) = question else {
        return None;
    };
    Some(Answer::Gallery(match question.clone() {
        GalleryQuestion::Picture { source, side } => GalleryAnswer::Picture {
            pixels: decode::thumbnail(&source, side)
                .map(Arc::new)
                .map_err(Failure::from),
            source,
        },
        GalleryQuestion::Open { folder } => {
            let result = gallery::open(&folder, stop).map(Arc::new);
            let wrong_labels = result
                .as_ref()
                .map(|run| suspects::wrong_labels(run))
                .unwrap_or_default();
            // What can't be read is simply worked out again when it is asked for.
            let out_of_fold = super::out_of_fold::suspects(&folder, stop);
            GalleryAnswer::Opened {
                folder,
                result: result.map_err(Failure::from),
                wrong_labels: Arc::new(wrong_labels),
                out_of_fold: out_of_fold.ok().flatten().map(Arc::new),
            }
        }
        _ => return None,
    }))
}

fn make_thumbnails(work: &mut Work, say: &Say) {
    let count = AT_ONCE.min(work.thumbnails.len());
    let sources: Vec<PictureSource> = work.thumbnails.drain(..count).collect();
    let made = Failure::catch(|| decode::thumbnails(&sources, work.side));
    let made: Vec<_> = match made {
        Ok(made) => (made.into_iter())
            .map(|pixels| pixels.map(Arc::new).map_err(Failure::from))
            .collect(),
        Err(crashed) => vec![Err(crashed); count],
    };
    for (source, pixels) in sources.into_iter().zip(made) {
        say(GalleryAnswer::Thumbnail { source, pixels });
    }
}
