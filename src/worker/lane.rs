//! Threads that answer questions, each with the queue before it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::messages::{Answer, Question};
use super::pending::{Pending, Step};
use crate::data::StopFlag;

/// A thread and its queue. Dropping it asks the work under way to end, and joins the thread.
pub(super) struct Lane {
    queue: Option<Sender<Pending>>,
    closing: StopFlag,
    /// Of the question that was asked last with [`Lane::ask_instead`].
    last: Mutex<StopFlag>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    /// Starts `work` on a thread; `room` questions may wait for it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(
        name: &str,
        room: usize,
        work: impl FnOnce(&Receiver<Pending>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (mut lane, questions) = Self::without_thread(room);
        let thread = std::thread::Builder::new().name(name.into());
        lane.thread = Some(thread.spawn(move || work(&questions))?);
        Ok(lane)
    }

    /// A queue, and its other end.
    pub fn without_thread(room: usize) -> (Self, Receiver<Pending>) {
        let (queue, questions) = bounded(room);
        let lane = Self {
            queue: Some(queue),
            closing: StopFlag::default(),
            last: Mutex::default(),
            thread: None,
        };
        (lane, questions)
    }

    /// Queues a question, or refuses it where too many wait.
    pub fn ask(&self, mut pending: Pending) {
        pending.stop = self.closing.clone();
        self.queue_or_refuse(pending);
    }

    /// Ends what is under way before the question is queued: its answer takes the place of that one's.
    pub fn ask_instead(&self, pending: Pending) {
        std::mem::replace(&mut *self.last(), pending.stop.clone()).stop();
        self.queue_or_refuse(pending);
    }

    fn queue_or_refuse(&self, pending: Pending) {
        if let Err(pending) = self.try_ask(pending) {
            let reason = "too many questions wait already: let some of them be answered";
            pending.refuse(reason.into());
        }
    }

    /// # Errors
    /// Gives the question back where too many wait.
    pub fn try_ask(&self, pending: Pending) -> Result<(), Pending> {
        match &self.queue {
            Some(queue) => queue
                .try_send(pending)
                .map_err(crossbeam_channel::TrySendError::into_inner),
            None => Err(pending),
        }
    }

    /// Ends what was asked last with [`Lane::ask_instead`].
    pub fn stop_last(&self) {
        self.last().stop();
    }

    /// Asks the thread to end soon, without waiting for it.
    pub fn close(&mut self) {
        self.queue = None;
        self.closing.stop();
        self.stop_last();
    }

    fn last(&self) -> MutexGuard<'_, StopFlag> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("a thread of the assistant panicked");
        }
    }
}

/// Everything that waits, after waiting for a first question if `is_idle`; nothing once the window is gone.
pub(super) fn waiting(questions: &Receiver<Pending>, is_idle: bool) -> Option<Vec<Pending>> {
    let mut waiting = Vec::new();
    if is_idle {
        waiting.push(questions.recv().ok()?);
    }
    loop {
        match questions.try_recv() {
            Ok(question) => waiting.push(question),
            Err(TryRecvError::Empty) => return Some(waiting),
            Err(TryRecvError::Disconnected) => return None,
        }
    }
}

/// Answers one question after the other until the window is gone; one that a newer question takes the place of is
/// passed over. What `work` keeps from one to the next is forgotten when it panics. `rest` follows every question.
pub(super) fn answer_in_turn<Kept: Default>(
    questions: &Receiver<Pending>,
    mut work: impl FnMut(&Question, &StopFlag, &mut Kept) -> Option<Answer>,
    rest: fn(),
) {
    let mut kept = Kept::default();
    let mut queue: VecDeque<Pending> = VecDeque::new();
    // What has come meanwhile is taken first, so that a newer question replaces an older one of its kind.
    while let Some(new) = waiting(questions, queue.is_empty()) {
        for pending in new {
            queue.retain(|older| !pending.question().supersedes(older.question()));
            queue.push_back(pending);
        }
        // A crowd of thumbnails does not hold up the rest.
        let is_quick =
            |pending: &Pending| !matches!(pending.question(), Question::Thumbnail { .. });
        let next = queue.iter().position(is_quick).unwrap_or(0);
        if let Some(pending) = queue.remove(next) {
            answer(pending, &mut kept, &mut work);
            rest();
        }
    }
}

fn answer<Kept: Default>(
    pending: Pending,
    kept: &mut Kept,
    work: &mut impl FnMut(&Question, &StopFlag, &mut Kept) -> Option<Answer>,
) {
    match pending.step(|question, stop| work(question, stop, kept)) {
        Step::Answered => {}
        Step::Crashed => *kept = Kept::default(),
        Step::Pending(pending) => {
            pending.refuse("no thread answers such a question".into());
        }
    }
}

/// Answers the last of several waiting questions until the window is gone. For those that are asked with
/// [`Lane::ask_instead`].
pub(super) fn answer_the_last(
    questions: &Receiver<Pending>,
    mut work: impl FnMut(&Question, &StopFlag) -> Option<Answer>,
    rest: fn(),
) {
    while let Some(mut new) = waiting(questions, true) {
        if let Some(pending) = new.pop() {
            drop(new);
            answer(pending, &mut (), &mut |question, stop, ()| {
                work(question, stop)
            });
            rest();
        }
    }
}
