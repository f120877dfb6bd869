//! The gallery's threads: pictures are decoded on one, networks asked on another, duplicates looked for
//! on a third, folds trained on a fourth, so that none waits for the others.

mod duplicates;
mod networks;
mod out_of_fold;
mod pictures;
#[cfg(test)]
mod pictures_tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::messages::{Answer, GalleryAnswer, GalleryQuestion};
use crate::data::StopFlag;

/// Questions that may wait; further ones are dropped, the window asks again.
const QUESTIONS: usize = 1024;

pub(super) type Tell = Arc<dyn Fn(Answer) + Send + Sync>;

/// Says an answer of the gallery.
type Say = Arc<dyn Fn(GalleryAnswer) + Send + Sync>;

/// Handle of the threads. Dropping it stops and joins them.
pub(super) struct Gallery {
    pictures: Option<Sender<GalleryQuestion>>,
    networks: Option<Sender<GalleryQuestion>>,
    duplicates: Option<Sender<GalleryQuestion>>,
    out_of_fold: Option<Sender<GalleryQuestion>>,
    /// Ends whatever is under way.
    stop: StopFlag,
    /// Ends the search for duplicates that was asked for last.
    duplicates_stop: Arc<Mutex<StopFlag>>,
    /// Ends the cross-validation that was asked for last.
    out_of_fold_stop: Arc<Mutex<StopFlag>>,
    threads: Vec<JoinHandle<()>>,
}

impl Gallery {
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(tell: &Tell) -> std::io::Result<Self> {
        let stop = StopFlag::default();
        let tell = tell.clone();
        let say: Say = Arc::new(move |answer| tell(Answer::Gallery(answer)));
        let (pictures, questions) = bounded(QUESTIONS);
        let pictures_thread = spawn("graft-pictures", {
            let (say, stop) = (say.clone(), stop.clone());
            move || pictures::answer_questions(&questions, &say, &stop)
        })?;
        let (networks, questions) = bounded(QUESTIONS);
        let networks_thread = spawn("graft-explain", {
            let (say, stop) = (say.clone(), stop.clone());
            move || networks::answer_questions(&questions, &say, &stop)
        })?;
        let (duplicates, questions) = bounded(QUESTIONS);
        let duplicates_stop = Arc::new(Mutex::new(StopFlag::default()));
        let duplicates_thread = spawn("graft-duplicates", {
            let (say, flag) = (say.clone(), duplicates_stop.clone());
            move || duplicates::answer_questions(&questions, &say, &flag)
        })?;
        let (out_of_fold, questions) = bounded(QUESTIONS);
        let out_of_fold_stop = Arc::new(Mutex::new(StopFlag::default()));
        let out_of_fold_thread = spawn("graft-folds", {
            let flag = out_of_fold_stop.clone();
            move || out_of_fold::answer_questions(&questions, &say, &flag)
        })?;
        Ok(Self {
            pictures: Some(pictures),
            networks: Some(networks),
            duplicates: Some(duplicates),
            out_of_fold: Some(out_of_fold),
            stop,
            duplicates_stop,
            out_of_fold_stop,
            threads: vec![
                pictures_thread,
                networks_thread,
                duplicates_thread,
                out_of_fold_thread,
            ],
        })
    }

    pub fn ask(&self, question: GalleryQuestion) {
        let thread = match &question {
            GalleryQuestion::Open { .. }
            | GalleryQuestion::Thumbnails { .. }
            | GalleryQuestion::Picture { .. } => &self.pictures,
            GalleryQuestion::Explain { .. }
            | GalleryQuestion::Neighbours { .. }
            | GalleryQuestion::StopNeighbours => &self.networks,
            GalleryQuestion::StopDuplicates => {
                lock(&self.duplicates_stop).stop();
                return;
            }
            GalleryQuestion::StopOutOfFold => {
                lock(&self.out_of_fold_stop).stop();
                return;
            }
            GalleryQuestion::Duplicates { .. } => {
                renew(&self.duplicates_stop);
                &self.duplicates
            }
            GalleryQuestion::OutOfFold { .. } => {
                renew(&self.out_of_fold_stop);
                &self.out_of_fold
            }
        };
        if let Some(thread) = thread {
            drop(thread.try_send(question));
        }
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.stop.stop();
        lock(&self.duplicates_stop).stop();
        lock(&self.out_of_fold_stop).stop();
        self.out_of_fold = None;
        self.pictures = None;
        self.networks = None;
        self.duplicates = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("a thread of the gallery panicked");
            }
        }
    }
}

/// Stops what goes on under the flag, and gives what comes another.
fn renew(stop: &Mutex<StopFlag>) {
    let mut stop = lock(stop);
    stop.stop();
    *stop = StopFlag::default();
}

fn lock(stop: &Mutex<StopFlag>) -> std::sync::MutexGuard<'_, StopFlag> {
    stop.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(work)
}

/// Everything that waits, after waiting for a first question if `is_idle`; nothing once the window is gone.
fn waiting(questions: &Receiver<GalleryQuestion>, is_idle: bool) -> Option<Vec<GalleryQuestion>> {
    let mut waiting = Vec::new();
    if is_idle {
        waiting.push(questions.recv().ok()?);
    }
    loop {
        match questions.try_recv() {
            Ok(question) => waiting.push(question),
            Err(crossbeam_channel::TryRecvError::Empty) => return Some(waiting),
            Err(crossbeam_channel::TryRecvError::Disconnected) => return None,
        }
    }
}
