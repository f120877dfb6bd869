//! The threads that train: a queue of runs, and what takes them from it. Usually that is one thread, which trains one run at a
//! time. Where this machine has several usable graphics cards and a run is not bound to a device, each card takes the next one
//! that waits, in a process of its own, on whose events a thread waits.
//!
//! Stop and pause do not travel through the queue: they must act on a training that is under way,
//! so the handle sets flags that the trainer looks at before every batch.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};

use super::messages::{Failure, RunEvent, RunId, TrainingCommand};
use super::run::{Surroundings, carry_out};
use super::run_process::OnCard;
use super::run_queue::{Begun, Place, RunQueue};
use crate::data::StopFlag;
use crate::models::device;
use crate::runs::lifecycle::Train;
use crate::training::events::Progress;
use crate::training::{TrainingEvent, leave_cores, train};

/// What [`Notify`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// How far a run is; the next one comes soon.
    Progress,
    /// Anything else.
    Event,
}

/// Wakes the window: called after every event.
pub type Notify = Arc<dyn Fn(News) + Send + Sync>;

/// Events that may wait for the window; the training waits when it is full.
const EVENTS: usize = 4096;

/// What trains, and where.
pub struct Means {
    /// In this process.
    pub train: Box<Train>,
    /// What is called as `graft` is, for runs on one of several cards.
    pub program: PathBuf,
    /// The usable graphics cards by their indices, the most capable first. Asked once, on a thread that trains.
    pub cards: Box<dyn Fn() -> Vec<usize> + Send + Sync>,
}

/// Handle of the threads that train. Dropping it stops all training and joins the threads.
pub struct TrainingWorker {
    events: Receiver<(RunId, RunEvent)>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the handle and the threads share.
struct Shared {
    state: Mutex<SharedState>,
    /// Something waits, or what trains has become free.
    changed: Condvar,
    /// The handle is being dropped: end everything.
    closing: StopFlag,
    means: Means,
    notify: Notify,
    events: Sender<(RunId, RunEvent)>,
}

#[derive(Default)]
struct SharedState {
    queue: RunQueue,
    /// The latest tick of each run, overwritten until the window takes it.
    progress: BTreeMap<RunId, Progress>,
    /// What the handle itself has done, which may not wait for room among the events.
    done: Vec<(RunId, RunEvent)>,
    /// One for each run on a card.
    threads: Vec<JoinHandle<()>>,
}

impl TrainingWorker {
    /// Starts the thread, which waits for [`TrainingCommand::Start`].
    ///
    /// # Errors
    /// When the system gives no thread, or does not know this program's own file.
    pub fn spawn(notify: Notify) -> std::io::Result<Self> {
        let means = Means {
            train: Box::new(train),
            program: std::env::current_exe()?,
            cards: Box::new(|| device::discover().usable()),
        };
        Self::spawn_with(notify, means)
    }

    /// The same with other means, such as those of the tests.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn_with(notify: Notify, means: Means) -> std::io::Result<Self> {
        let (event_sender, events) = bounded(EVENTS);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            closing: StopFlag::default(),
            means,
            notify,
            events: event_sender,
        });
        let thread = std::thread::Builder::new()
            .name("graft-training".into())
            .spawn({
                let shared = shared.clone();
                move || shared.train_here()
            })?;
        Ok(Self {
            events,
            shared,
            thread: Some(thread),
        })
    }

    /// Queues a run, or acts on those under way at once.
    ///
    /// # Errors
    /// When the queue is full or the thread has ended.
    pub fn send(&self, command: TrainingCommand) -> Result<(), String> {
        let mut state = self.shared.lock();
        match command {
            TrainingCommand::Start(start) => {
                if self.is_finished() {
                    return Err("the training thread has ended: restart Graft".to_owned());
                }
                state.queue.push(start)?;
                self.shared.begin_on_cards(&mut state);
                self.shared.changed.notify_all();
            }
            TrainingCommand::Stop(run) => {
                if state.queue.stop(run) {
                    state.done.push((run, RunEvent::Cancelled));
                    // What waited behind it, for a card that was kept for it, may begin.
                    self.shared.begin_on_cards(&mut state);
                    self.shared.changed.notify_all();
                    drop(state);
                    (self.shared.notify)(News::Event);
                }
            }
            TrainingCommand::Pause(paused) => state.queue.pause(paused),
            TrainingCommand::PauseRun(run, paused) => state.queue.pause_run(run, paused),
        }
        Ok(())
    }

    /// Everything that has happened since the last call; never waits. The latest progress of each run, if any,
    /// comes last.
    pub fn events(&self) -> Vec<(RunId, RunEvent)> {
        // Taken first: a tick that is older than a queued event must not come after its run's end.
        let (progress, mut events) = {
            let mut state = self.shared.lock();
            (
                std::mem::take(&mut state.progress),
                std::mem::take(&mut state.done),
            )
        };
        events.extend(self.events.try_iter());
        for (run, progress) in progress {
            let is_over = (events.iter()).any(|(other, event)| *other == run && event.is_end());
            if !is_over {
                events.push((run, RunEvent::Training(TrainingEvent::Progress(progress))));
            }
        }
        events
    }

    /// Asks the threads to end within one batch, without waiting for them.
    pub fn request_stop(&self) {
        self.shared.closing.stop();
        self.shared.lock().queue.stop_working();
        self.shared.changed.notify_all();
    }

    /// Whether the thread that trains in this process has ended.
    fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for TrainingWorker {
    fn drop(&mut self) {
        self.request_stop();
        let mut threads = std::mem::take(&mut self.shared.lock().threads);
        threads.extend(self.thread.take());
        for thread in threads {
            if thread.join().is_err() {
                log::error!("a thread that trains panicked");
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, SharedState> {
        // Nothing panics while holding it; were it so, the plain values inside are still usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers an event; progress overwrites what was not taken yet, everything else is kept.
    fn report(&self, run: RunId, event: RunEvent) {
        if let RunEvent::Training(TrainingEvent::Progress(progress)) = event {
            self.lock().progress.insert(run, progress);
            (self.notify)(News::Progress);
        } else {
            let mut message = (run, event);
            // A window that is gone must not hold the thread for ever.
            while let Err(SendTimeoutError::Timeout(back)) = self
                .events
                .send_timeout(message, Duration::from_millis(100))
            {
                if self.closing.is_stopped() {
                    return;
                }
                message = back;
            }
            (self.notify)(News::Event);
        }
    }

    /// What the thread does that trains in this process: one run after the other, until the window is gone.
    fn train_here(self: &Arc<Self>) {
        while let Some(begun) = self.next_here() {
            let run = begun.start.run;
            let around = Surroundings {
                report: &|event| self.report(run, event),
                stop: &begun.stop,
                pause: &begun.pause,
                train: &*self.means.train,
            };
            let event = carry_out(&begun.start, around);
            leave_cores();
            self.end(run, event);
        }
    }

    /// Waits for a run that is to be trained in this process; nothing once the window is gone. Sets runs going on cards, too,
    /// as soon as it is known which there are.
    fn next_here(self: &Arc<Self>) -> Option<Begun> {
        let mut state = self.lock();
        loop {
            if self.closing.is_stopped() {
                return None;
            }
            // Even for a run that is bound to a device: this thread trains it, and can't look for those behind it meanwhile.
            if state.queue.cards.is_none() && !state.queue.waiting.is_empty() {
                drop(state);
                // Takes its time where libtorch's CUDA part is not open yet.
                let cards = (self.means.cards)();
                state = self.lock();
                state.queue.cards = Some(cards);
                continue;
            }
            self.begin_on_cards(&mut state);
            if let Some((index, place)) = state.queue.next(true) {
                return state.queue.begin(index, place, &self.closing);
            }
            state = (self.changed.wait(state)).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives every free card the next run that waits for one.
    fn begin_on_cards(self: &Arc<Self>, state: &mut SharedState) {
        while !self.closing.is_stopped()
            && let Some((index, place @ Place::Card(card))) = state.queue.next(false)
            && let Some(begun) = state.queue.begin(index, place, &self.closing)
        {
            let run = begun.start.run;
            let of = state.queue.cards.as_ref().map_or(1, Vec::len);
            let shared = self.clone();
            let thread = std::thread::Builder::new()
                .name(format!("graft-cuda:{card}"))
                .spawn(move || shared.train_on_card(&begun, card, of));
            match thread {
                Ok(thread) => {
                    state.threads.retain(|thread| !thread.is_finished());
                    state.threads.push(thread);
                }
                Err(error) => {
                    state.queue.end(run);
                    let message = format!("the system gives no thread for it ({error})");
                    state.done.push((run, RunEvent::Failed { message }));
                }
            }
        }
    }

    fn train_on_card(self: &Arc<Self>, begun: &Begun, card: usize, of: usize) {
        let run = begun.start.run;
        self.report(run, RunEvent::OnCard(card));
        let process = OnCard {
            program: &self.means.program,
            start: &begun.start,
            card,
            of,
        };
        let report = |event| self.report(run, event);
        let event = Failure::catch(|| process.carry_out(&report, &begun.stop, &begun.pause));
        let event = event.unwrap_or_else(|failure| RunEvent::Failed {
            message: failure.to_string(),
        });
        self.end(run, event);
    }

    /// Frees what trained the run for the next one, and says how it ended.
    fn end(self: &Arc<Self>, run: RunId, event: RunEvent) {
        let mut state = self.lock();
        state.queue.end(run);
        self.begin_on_cards(&mut state);
        self.changed.notify_all();
        drop(state);
        self.report(run, event);
    }
}

impl RunEvent {
    /// Whether nothing more will come of this run.
    pub fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Finished(_) | Self::Stopped(_) | Self::Failed { .. } | Self::Cancelled
        )
    }
}

#[cfg(test)]
#[path = "trainer_tests.rs"]
mod tests;
