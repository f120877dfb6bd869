//! The training thread: takes runs from a queue, trains one at a time, reports what happens.
//!
//! Stop and pause do not travel through the queue: they must act on a training that is under way,
//! so the handle sets flags that the trainer looks at before every batch.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};

use super::messages::{RunEvent, RunId, StartRun, TrainingCommand, panic_text};
use super::run::carry_out;
use crate::data::StopFlag;
use crate::runs::lifecycle::Train;
use crate::training::PauseFlag;
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

/// Runs that may wait in the queue.
const QUEUE: usize = 256;
/// Events that may wait for the window; the training waits when it is full.
const EVENTS: usize = 4096;

/// Handle of the training thread. Dropping it stops the training and joins the thread.
pub struct TrainingWorker {
    starts: Option<Sender<Box<StartRun>>>,
    events: Receiver<(RunId, RunEvent)>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the handle and the thread share.
pub(super) struct Shared {
    state: Mutex<SharedState>,
    pub(super) pause: PauseFlag,
    /// The handle is being dropped: end everything.
    pub(super) closing: StopFlag,
    notify: Notify,
    events: Sender<(RunId, RunEvent)>,
}

#[derive(Default)]
struct SharedState {
    current: Option<(RunId, StopFlag)>,
    cancelled: HashSet<RunId>,
    /// The latest tick, overwritten until the window takes it.
    progress: Option<(RunId, Progress)>,
}

impl TrainingWorker {
    /// Starts the thread, which waits for [`TrainingCommand::Start`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(notify: Notify) -> std::io::Result<Self> {
        Self::spawn_with(notify, Box::new(train))
    }

    /// The same over another trainer, such as a stand-in of the tests.
    fn spawn_with(notify: Notify, train: Box<Train>) -> std::io::Result<Self> {
        let (starts, queue) = bounded::<Box<StartRun>>(QUEUE);
        let (event_sender, events) = bounded(EVENTS);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            pause: PauseFlag::default(),
            closing: StopFlag::default(),
            notify,
            events: event_sender,
        });
        let thread = std::thread::Builder::new()
            .name("graft-training".into())
            .spawn({
                let shared = shared.clone();
                move || {
                    for start in queue {
                        if shared.closing.is_stopped() {
                            break;
                        }
                        work(&start, &shared, &*train);
                    }
                }
            })?;
        Ok(Self {
            starts: Some(starts),
            events,
            shared,
            thread: Some(thread),
        })
    }

    /// Queues a run, or acts on the one under way at once.
    ///
    /// # Errors
    /// When the queue is full or the thread has ended.
    pub fn send(&self, command: TrainingCommand) -> Result<(), String> {
        match command {
            TrainingCommand::Start(start) => {
                let Some(starts) = &self.starts else {
                    return Ok(());
                };
                starts.try_send(start).map_err(|error| match error {
                    crossbeam_channel::TrySendError::Full(_) => {
                        format!("{QUEUE} runs are queued already: wait for one to finish")
                    }
                    crossbeam_channel::TrySendError::Disconnected(_) => {
                        "the training thread has ended: restart Graft".to_owned()
                    }
                })
            }
            TrainingCommand::Stop(run) => {
                let mut state = self.shared.lock();
                match &state.current {
                    Some((current, stop)) if *current == run => stop.stop(),
                    _ => {
                        state.cancelled.insert(run);
                    }
                }
                Ok(())
            }
            TrainingCommand::Pause(paused) => {
                self.shared.pause.set(paused);
                Ok(())
            }
        }
    }

    /// Everything that has happened since the last call; never waits. The latest progress, if any,
    /// comes last.
    pub fn events(&self) -> Vec<(RunId, RunEvent)> {
        // Taken first: a tick that is older than a queued event must not come after its run's end.
        let progress = self.shared.lock().progress.take();
        let mut events: Vec<_> = self.events.try_iter().collect();
        if let Some((run, progress)) = progress
            && !events
                .iter()
                .any(|(other, event)| *other == run && event.is_end())
        {
            events.push((run, RunEvent::Training(TrainingEvent::Progress(progress))));
        }
        events
    }

    /// Asks the thread to end within one batch, without waiting for it.
    pub fn request_stop(&self) {
        self.shared.closing.stop();
        self.shared.pause.set(false);
        if let Some((_, stop)) = &self.shared.lock().current {
            stop.stop();
        }
    }

    /// Whether a thread that was asked to stop has done so.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for TrainingWorker {
    fn drop(&mut self) {
        self.request_stop();
        self.starts = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the training thread panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, SharedState> {
        // Nothing panics while holding it; were it so, the plain values inside are still usable.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Delivers an event; progress overwrites what was not taken yet, everything else is kept.
    pub(super) fn report(&self, run: RunId, event: RunEvent) {
        if let RunEvent::Training(TrainingEvent::Progress(progress)) = event {
            self.lock().progress = Some((run, progress));
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
}

/// One run from the queue to its last event. A panic inside it ends this run, not the thread.
fn work(start: &StartRun, shared: &Shared, train: &Train) {
    let stop = StopFlag::default();
    {
        let mut state = shared.lock();
        if state.cancelled.remove(&start.run) {
            drop(state);
            shared.report(start.run, RunEvent::Cancelled);
            return;
        }
        state.current = Some((start.run, stop.clone()));
        // Whoever closes sets its flag before it looks for a run to stop.
        if shared.closing.is_stopped() {
            stop.stop();
        }
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| carry_out(start, shared, &stop, train)));
    leave_cores();
    shared.lock().current = None;
    let event = outcome.unwrap_or_else(|panic| RunEvent::Failed {
        message: format!(
            "an error inside Graft ended this run: {}. What was written so far is in its folder.",
            panic_text(panic.as_ref())
        ),
    });
    shared.report(start.run, event);
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
