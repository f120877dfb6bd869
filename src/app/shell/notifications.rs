//! Tells through the desktop that training has ended, to whoever has turned to something else meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::core::request::Request;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::format;
use crate::worker::messages::{Failure, RunId};

/// Training that took longer is worth a notification even while the window is in front.
const LONG: Duration = Duration::from_secs(60);
/// A desktop that has not taken a notification by then does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the desktop is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub title: String,
    pub text: String,
}

/// Hands a notification to the desktop; tests put a stand-in here.
pub trait Desktop: Send + Sync {
    /// May take long: it is called on a thread of its own.
    ///
    /// # Errors
    /// When the desktop has not taken it; the text says why.
    fn show(&self, notification: &Notification) -> Result<(), String>;
}

/// The desktop that the window is on.
pub struct RealDesktop;

impl Desktop for RealDesktop {
    fn show(&self, notification: &Notification) -> Result<(), String> {
        notify_rust::Notification::new()
            .appname("Graft")
            .icon("graft")
            .summary(&notification.title)
            .body(&notification.text)
            .show()
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// Which trainings are under way, and what the desktop has been told.
pub struct Notifications {
    desktop: Arc<dyn Desktop>,
    /// Runs of the queue since it was empty last.
    batch: BTreeSet<RunId>,
    since: Option<Instant>,
    telling: Request<Instant, ()>,
}

impl Notifications {
    pub fn new(desktop: Arc<dyn Desktop>) -> Self {
        Self {
            desktop,
            batch: BTreeSet::new(),
            since: None,
            telling: Request::default(),
        }
    }

    /// Takes note of what trains at the time `now`; what to tell once everything that was queued has ended. `is_in_front`:
    /// whether the person looks at the window.
    pub fn follow(
        &mut self,
        state: &State,
        is_in_front: bool,
        now: Instant,
    ) -> Option<Notification> {
        let live = state.runs.iter().filter(|run| run.is_live());
        self.batch.extend(live.filter_map(|run| run.run));
        if self.batch.is_empty() {
            return None;
        }
        let since = *self.since.get_or_insert(now);
        if state.is_training() {
            return None;
        }
        let batch = std::mem::take(&mut self.batch);
        self.since = None;
        let ended = state
            .runs
            .iter()
            .filter(|run| run.run.is_some_and(|run| batch.contains(&run)));
        let is_worth_it = !is_in_front || now.duration_since(since) > LONG;
        text_of(&ended.collect::<Vec<_>>()).filter(|_| is_worth_it)
    }

    /// Hands it to the desktop, on a thread of its own.
    pub fn tell(&mut self, notification: Notification, now: Instant) {
        if self.telling.is_pending() {
            log::warn!("the desktop has not taken the last notification; this one is left out");
            return;
        }
        let desktop = self.desktop.clone();
        let work = move || desktop.show(&notification).map_err(Failure::failed);
        (self.telling).start("graft-notification", now, || {}, work);
    }

    /// Takes the desktop's answer; nobody is disturbed by one that it has not taken.
    pub fn poll(&mut self, now: Instant) {
        if let Some(Err(failure)) = self.telling.poll() {
            log::warn!("the desktop has not taken a notification: {failure}");
        }
        let asked = self.telling.key().copied();
        if self.telling.is_pending() && asked.is_some_and(|asked| now - asked > PATIENCE) {
            log::warn!("the desktop does not answer; its notification is given up");
            self.telling.forget();
        }
    }
}

/// What is said of runs that have ended; nothing where all of them were stopped by hand.
fn text_of(ended: &[&RunRecord]) -> Option<Notification> {
    let finished: Vec<&&RunRecord> = (ended.iter())
        .filter(|run| run.state == RecordState::Finished)
        .collect();
    let failed: Vec<&&RunRecord> = (ended.iter())
        .filter(|run| matches!(run.state, RecordState::Failed(_)))
        .collect();
    let notification = |title: String, text: String| Some(Notification { title, text });
    match (&finished[..], &failed[..]) {
        ([], []) => None,
        ([run], []) => notification(
            format!("{} finished", run.name),
            accuracy(run).unwrap_or_default(),
        ),
        ([], [run]) => {
            let reason = match &run.state {
                RecordState::Failed(reason) => reason.clone(),
                _ => String::new(),
            };
            notification(format!("{} could not be trained", run.name), reason)
        }
        (finished, failed) => {
            let mut title = format::count(finished.len(), "run finished", "runs finished");
            if !failed.is_empty() {
                title += &format!(", {} failed", failed.len());
            }
            let lines = finished.iter().map(|run| match accuracy(run) {
                Some(accuracy) => format!("{}: {accuracy}", run.name),
                None => run.name.clone(),
            });
            // More than a notification has room for.
            let lines: Vec<String> = lines.take(4).collect();
            notification(title, lines.join("\n"))
        }
    }
}

fn accuracy(run: &RunRecord) -> Option<String> {
    let test = run.summary.as_ref()?.test.as_ref()?;
    let percent = format::percent(test.accuracy);
    Some(format!("{percent} of the test pictures right"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::fake::{SilentDesktop, summary};

    fn run(number: u64, state: RecordState) -> RunRecord {
        let mut run = crate::app::features::fakes::state().runs[0].clone();
        run.run = Some(RunId(number));
        run.name = format!("Run {number}");
        run.summary = Some(summary("a", 0.9));
        run.state = state;
        run
    }

    fn state(runs: Vec<RunRecord>) -> State {
        State {
            runs,
            ..State::default()
        }
    }

    /// What is told when these have ended after so many seconds.
    fn told(ended: Vec<RecordState>, seconds: u64, is_in_front: bool) -> Option<Notification> {
        let mut notifications = Notifications::new(Arc::new(SilentDesktop::default()));
        let number = |index: usize| index as u64 + 1;
        let began = Instant::now();
        let live = (0..ended.len()).map(|index| run(number(index), RecordState::Running));
        let live = state(live.collect());
        assert_eq!(notifications.follow(&live, is_in_front, began), None);
        let ended = (ended.into_iter().enumerate()).map(|(index, end)| run(number(index), end));
        let ended = state(ended.collect());
        let now = began + Duration::from_secs(seconds);
        let told = notifications.follow(&ended, is_in_front, now);
        // It is told once.
        assert_eq!(notifications.follow(&ended, is_in_front, now), None);
        told
    }

    #[test]
    fn the_end_is_told_to_whoever_looks_elsewhere_or_waited_long() {
        let finished = || vec![RecordState::Finished];
        assert_eq!(told(finished(), 5, true), None);
        let one = told(finished(), 5, false).unwrap();
        assert_eq!(one.title, "Run 1 finished");
        assert_eq!(one.text, "90.0 % of the test pictures right");
        assert_eq!(told(finished(), 61, true), Some(one));
        assert_eq!(told(vec![RecordState::Stopped], 100, false), None);

        let failed = RecordState::Failed("the disk is full".into());
        let alone = told(vec![failed.clone()], 5, false).unwrap();
        assert_eq!(alone.title, "Run 1 could not be trained");
        assert_eq!(alone.text, "the disk is full");
        let both = vec![RecordState::Finished, RecordState::Finished, failed];
        let both = told(both, 5, false).unwrap();
        assert_eq!(both.title, "2 runs finished, 1 failed");
        assert_eq!(both.text.lines().count(), 2);
    }

    #[test]
    fn a_desktop_that_does_not_take_it_disturbs_nobody() {
        let desktop = Arc::new(SilentDesktop::default());
        let mut notifications = Notifications::new(desktop.clone());
        let notification = Notification {
            title: "Done".into(),
            text: String::new(),
        };
        let now = Instant::now();
        notifications.tell(notification.clone(), now);
        while notifications.telling.is_pending() {
            notifications.poll(now);
            std::thread::yield_now();
        }
        assert_eq!(*desktop.0.lock().unwrap(), [notification]);
    }
}
