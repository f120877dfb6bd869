//! Work of the window's own that takes minutes: on a thread of its own, with how far it is and a stop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::request::Request;
use crate::data::StopFlag;
use crate::training::{TrainingError, TrainingEvent, TrainingListener, leave_cores};
use crate::worker::messages::Failure;

/// How far work is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doing {
    /// `Computing features`; nothing before it has begun.
    pub text: String,
    pub done: usize,
    /// 0 where that is not known.
    pub total: usize,
    /// It has been asked to end.
    pub is_stopping: bool,
}

/// Work and what came of it. Without `Drop`: whoever closes the window stops it and waits.
pub struct Job<V> {
    working: Request<(), V>,
    doing: Arc<Mutex<Doing>>,
    stop: StopFlag,
}

impl<V> Default for Job<V> {
    fn default() -> Self {
        Self {
            working: Request::default(),
            doing: Arc::default(),
            stop: StopFlag::default(),
        }
    }
}

/// Tells from the thread how far the work is.
#[derive(Clone)]
pub struct Told {
    doing: Arc<Mutex<Doing>>,
    notify: Arc<dyn Fn() + Send + Sync>,
}

impl Told {
    pub fn tell(&self, text: &str, done: usize, total: usize) {
        let mut doing = lock(&self.doing);
        doing.text.clear();
        doing.text.push_str(text);
        (doing.done, doing.total) = (done, total);
        drop(doing);
        (self.notify)();
    }
}

impl<V: Send + 'static> Job<V> {
    /// Begins `work` on a thread of this name. `notify` wakes the window.
    pub fn start(
        &mut self,
        thread: &str,
        notify: impl Fn() + Send + Sync + 'static,
        work: impl FnOnce(&Told, StopFlag) -> Result<V, Failure> + Send + 'static,
    ) {
        let stop = StopFlag::default();
        self.stop = stop.clone();
        self.doing = Arc::default();
        let notify: Arc<dyn Fn() + Send + Sync> = Arc::new(notify);
        let told = Told {
            doing: self.doing.clone(),
            notify: notify.clone(),
        };
        (self.working).start(
            thread,
            (),
            move || notify(),
            move || {
                let outcome = work(&told, stop);
                leave_cores();
                outcome
            },
        );
    }

    pub fn is_working(&self) -> bool {
        self.working.is_pending()
    }

    /// Nothing where nothing is under way.
    pub fn doing(&self) -> Option<Doing> {
        self.is_working().then(|| Doing {
            is_stopping: self.stop.is_stopped(),
            ..lock(&self.doing).clone()
        })
    }

    /// Asks it to end.
    pub fn stop(&mut self) {
        if self.is_working() {
            self.stop.stop();
            self.working.stop();
        }
    }

    /// What came of it, once. Never waits.
    pub fn poll(&mut self) -> Option<Result<V, Failure>> {
        self.working.poll()
    }
}

fn lock(doing: &Mutex<Doing>) -> MutexGuard<'_, Doing> {
    doing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears of a training that is part of such work: `text` makes words and numbers of its progress, warnings are collected.
pub struct JobListener<'t, F> {
    pub told: &'t Told,
    pub text: F,
    /// What a person should know of it.
    pub warnings: Vec<String>,
}

impl<F> TrainingListener for JobListener<'_, F>
where
    F: FnMut(&crate::training::events::Progress) -> (String, usize, usize),
{
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        match event {
            TrainingEvent::Progress(progress) => {
                let (text, done, total) = (self.text)(progress);
                self.told.tell(&text, done, total);
            }
            TrainingEvent::Warning(text) => self.warnings.push(text.clone()),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_says_how_far_it_is_and_ends_when_it_is_asked_to() {
        let mut job: Job<u32> = Job::default();
        assert_eq!((job.doing(), job.poll()), (None, None));
        job.stop();
        let until_stopped = |told: &Told, stop: StopFlag| {
            told.tell("Counting", 1, 2);
            while !stop.is_stopped() {
                std::thread::yield_now();
            }
            Err(Failure::Stopped)
        };
        job.start("test", || {}, until_stopped);
        while job.doing().is_none_or(|doing| doing.done == 0) {
            std::thread::yield_now();
        }
        let doing = job.doing().unwrap();
        assert_eq!((doing.text.as_str(), doing.total), ("Counting", 2));
        assert!(!doing.is_stopping);
        job.stop();
        assert!(job.doing().is_none_or(|doing| doing.is_stopping));
        let ended = loop {
            match job.poll() {
                Some(ended) => break ended,
                None => std::thread::yield_now(),
            }
        };
        assert_eq!(ended, Err(Failure::Stopped));
        assert!(!job.is_working());
        // The next one is not stopped by that.
        job.start("test", || {}, |_, stop| Ok(u32::from(stop.is_stopped())));
        let ended = loop {
            match job.poll() {
                Some(ended) => break ended,
                None => std::thread::yield_now(),
            }
        };
        assert_eq!(ended, Ok(0));
    }
}
