//! The threads behind the window, as the window sees them; tests put fakes in their place.

use crate::training::set_most_threads;
use crate::worker::assistant::Assistant;
use crate::worker::messages::{Answer, Question, RunEvent, RunId, TrainingCommand};
use crate::worker::trainer::{Notify, TrainingWorker};

/// Commands and questions in, events and answers out. Nothing here waits.
pub trait Workers {
    /// # Errors
    /// When the command can't be taken; the text says what to do.
    fn send(&mut self, command: TrainingCommand) -> Result<(), String>;
    fn events(&mut self) -> Vec<(RunId, RunEvent)>;
    fn ask(&mut self, question: Question);
    fn answers(&mut self) -> Vec<Answer>;
    /// Lets a training compute with at most so many threads, from the next one on; `None` for one for each core.
    fn use_threads(&mut self, most: Option<u32>);
}

/// The real threads. Dropping this stops and joins them.
pub struct Threads {
    trainer: TrainingWorker,
    assistant: Assistant,
}

impl Threads {
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(notify: &Notify) -> std::io::Result<Self> {
        Ok(Self {
            trainer: TrainingWorker::spawn(notify.clone())?,
            assistant: Assistant::spawn(notify.clone())?,
        })
    }
}

impl Workers for Threads {
    fn send(&mut self, command: TrainingCommand) -> Result<(), String> {
        self.trainer.send(command)
    }

    fn events(&mut self) -> Vec<(RunId, RunEvent)> {
        self.trainer.events()
    }

    fn ask(&mut self, question: Question) {
        self.assistant.ask(question);
    }

    fn answers(&mut self) -> Vec<Answer> {
        self.assistant.answers()
    }

    fn use_threads(&mut self, most: Option<u32>) {
        set_most_threads(most);
    }
}
