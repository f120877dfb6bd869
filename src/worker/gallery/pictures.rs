//! Runs opened and pictures decoded for the gallery.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::super::messages::{GalleryAnswer, GalleryQuestion};
use super::{Say, waiting};
use crate::analysis::{gallery, suspects};
use crate::data::{PictureSource, StopFlag, decode};

/// Thumbnails made between two looks at what is wanted now.
const AT_ONCE: usize = 8;

/// What is still to be done.
#[derive(Default)]
struct Work {
    runs: VecDeque<PathBuf>,
    picture: Option<(PictureSource, u32)>,
    thumbnails: VecDeque<PictureSource>,
    side: u32,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.picture.is_none() && self.thumbnails.is_empty()
    }

    fn add(&mut self, question: GalleryQuestion) {
        match question {
            GalleryQuestion::Open { folder } if !self.runs.contains(&folder) => {
                self.runs.push_back(folder);
            }
            GalleryQuestion::Thumbnails { wanted, side } => {
                self.thumbnails = wanted.into();
                self.side = side;
            }
            GalleryQuestion::Picture { source, side } => self.picture = Some((source, side)),
            // Asked already, or of other threads.
            _ => {}
        }
    }
}

/// Answers until the other side hangs up: the picture that is looked at first, then runs, then
/// thumbnails, a few at a time.
pub(super) fn answer_questions(questions: &Receiver<GalleryQuestion>, say: &Say, stop: &StopFlag) {
    let mut work = Work::default();
    while let Some(new) = waiting(questions, work.is_empty()) {
        new.into_iter().for_each(|question| work.add(question));
        if catch_unwind(AssertUnwindSafe(|| step(&mut work, say, stop))).is_err() {
            log::error!("the gallery could not answer a question");
        }
    }
}

fn step(work: &mut Work, say: &Say, stop: &StopFlag) {
    if let Some((source, side)) = work.picture.take() {
        let pixels = decode::thumbnail(&source, side)
            .map(Arc::new)
            .map_err(|error| error.to_string());
        say(GalleryAnswer::Picture { source, pixels });
    } else if let Some(folder) = work.runs.pop_front() {
        let result = gallery::open(&folder, stop)
            .map(Arc::new)
            .map_err(|error| error.to_string());
        let wrong_labels = result
            .as_ref()
            .map(|run| suspects::wrong_labels(run))
            .unwrap_or_default();
        // What can't be read is simply worked out again when it is asked for.
        let out_of_fold = super::out_of_fold::suspects(&folder, stop);
        let out_of_fold = out_of_fold.ok().flatten().map(Arc::new);
        say(GalleryAnswer::Opened {
            folder,
            result,
            wrong_labels: Arc::new(wrong_labels),
            out_of_fold,
        });
    } else {
        let count = AT_ONCE.min(work.thumbnails.len());
        let sources: Vec<PictureSource> = work.thumbnails.drain(..count).collect();
        let made = decode::thumbnails(&sources, work.side);
        for (source, pixels) in sources.into_iter().zip(made) {
            let pixels = pixels.map(Arc::new).map_err(|error| error.to_string());
            say(GalleryAnswer::Thumbnail { source, pixels });
        }
    }
}
