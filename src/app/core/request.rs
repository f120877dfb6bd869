//! Something that is asked for once: of the assistant, or of a thread of its own.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::worker::messages::Failure;

/// A question that is told apart by its key: asked once for each, after the key has rested where that was said, and the
/// latest wins.
#[derive(Debug, Clone)]
pub struct Request<K, V> {
    rest: Duration,
    /// What is wanted and not asked yet, and since when.
    resting: Option<(K, Instant)>,
    /// What was asked last.
    asked: Option<K>,
    is_pending: bool,
    is_stopping: bool,
    /// How many questions were asked: names the last one.
    number: u64,
    /// The end of the thread's work.
    working: Option<Receiver<Result<V, Failure>>>,
}

/// What to do about something that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStep {
    /// Ask for it.
    Ask,
    /// It rests: look again after this long.
    Rest(Duration),
    /// It has been asked for, or waits for a thread to be done with another.
    Wait,
}

impl<K, V> Default for Request<K, V> {
    fn default() -> Self {
        Self::resting(Duration::ZERO)
    }
}

impl<K, V> Request<K, V> {
    /// A key rests for `rest` before it is asked for: what a person is still changing is not worth the work.
    pub fn resting(rest: Duration) -> Self {
        Self {
            rest,
            resting: None,
            asked: None,
            is_pending: false,
            is_stopping: false,
            number: 0,
            working: None,
        }
    }

    /// What was asked last, whether or not it has been answered.
    pub fn key(&self) -> Option<&K> {
        self.asked.as_ref()
    }

    /// Names the question that was asked last.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether an answer is waited for.
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// Asks anew when it is wanted again; what is under way counts no more.
    pub fn forget(&mut self) {
        self.resting = None;
        self.asked = None;
        self.is_pending = false;
        self.is_stopping = false;
        self.working = None;
    }

    /// Notes that a person asked for the end of it: from now on, an answer may say that it was stopped.
    pub fn stop(&mut self) {
        self.is_stopping = self.is_pending;
    }
}

impl<K: PartialEq + Clone, V> Request<K, V> {
    /// What to do about `key`, which is wanted at the time `now`. Call it as long as it is wanted.
    pub fn next_step(&mut self, key: &K, now: Instant) -> RequestStep {
        if self.asked.as_ref() == Some(key) {
            self.resting = None;
            return RequestStep::Wait;
        }
        let since = match &self.resting {
            Some((resting, since)) if resting == key => *since,
            _ => {
                self.resting = Some((key.clone(), now));
                now
            }
        };
        match self.rest.saturating_sub(now.duration_since(since)) {
            _ if self.working.is_some() => RequestStep::Wait,
            Duration::ZERO => RequestStep::Ask,
            left => RequestStep::Rest(left),
        }
    }

    /// Notes that `key` is asked for now. Gives the number of this question.
    pub fn ask(&mut self, key: K) -> u64 {
        self.forget();
        self.asked = Some(key);
        self.is_pending = true;
        self.number += 1;
        self.number
    }

    /// The answer to the question whose key `is_it`: nothing unless that was asked last. That it was stopped counts only
    /// where somebody asked for it: the assistant stops a question also when the same one, asked later, takes its place.
    pub fn answer(
        &mut self,
        is_it: impl FnOnce(&K) -> bool,
        outcome: Result<V, Failure>,
    ) -> Option<Result<V, Failure>> {
        if !self.asked.as_ref().is_some_and(is_it) {
            return None;
        }
        if matches!(outcome, Err(Failure::Stopped)) && !self.is_stopping {
            return None;
        }
        self.is_pending = false;
        self.is_stopping = false;
        Some(outcome)
    }

    /// Asks for `key` on a thread of this name, which calls `notify` when [`Request::poll`] has its outcome. A thread that is
    /// at work for another key goes on, and nobody hears of it.
    pub fn start(
        &mut self,
        thread: &str,
        key: K,
        notify: impl FnOnce() + Send + 'static,
        work: impl FnOnce() -> Result<V, Failure> + Send + 'static,
    ) where
        V: Send + 'static,
    {
        self.ask(key);
        let (sender, receiver) = bounded(1);
        self.working = Some(receiver);
        let failed = sender.clone();
        let spawned = std::thread::Builder::new()
            .name(thread.into())
            .spawn(move || {
                drop(sender.send(Failure::catch(work).flatten()));
                notify();
            });
        if let Err(error) = spawned {
            let reason = format!("the system gives no thread for it ({error})");
            drop(failed.send(Err(reason.into())));
        }
    }

    /// What the thread has worked out, once. Never waits.
    pub fn poll(&mut self) -> Option<Result<V, Failure>> {
        let outcome = match self.working.as_ref()?.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(Failure::Crashed("its thread ended".into())),
        };
        self.working = None;
        self.is_pending = false;
        self.is_stopping = false;
        Some(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_millis(400);

    /// What a thread works out, however long it takes.
    fn outcome<V: Send + 'static>(request: &mut Request<&str, V>) -> Result<V, Failure> {
        loop {
            match request.poll() {
                Some(outcome) => return outcome,
                None => std::thread::yield_now(),
            }
        }
    }

    #[test]
    fn a_key_is_asked_once_and_again_when_it_is_forgotten() {
        let (mut request, now) = (Request::<_, i32>::default(), Instant::now());
        assert_eq!(request.next_step(&"a", now), RequestStep::Ask);
        assert_eq!(
            request.next_step(&"a", now),
            RequestStep::Ask,
            "it was not asked yet"
        );
        let first = request.ask("a");
        assert_eq!(request.next_step(&"a", now), RequestStep::Wait);
        assert!(request.is_pending());
        assert_eq!(request.answer(|key| *key == "a", Ok(1)), Some(Ok(1)));
        assert!(!request.is_pending());
        assert_eq!(
            request.next_step(&"a", now),
            RequestStep::Wait,
            "it is answered"
        );
        assert_eq!(request.next_step(&"b", now), RequestStep::Ask);
        request.forget();
        assert_eq!(request.next_step(&"a", now), RequestStep::Ask);
        assert!(request.ask("a") > first);
    }

    #[test]
    fn a_key_that_changes_begins_to_rest_anew() {
        let begin = Instant::now();
        let at = |parts: u32| begin + REST / 4 * parts;
        let mut request = Request::<_, ()>::resting(REST);
        assert_eq!(request.next_step(&"a", at(0)), RequestStep::Rest(REST));
        assert_eq!(
            request.next_step(&"a", at(1)),
            RequestStep::Rest(REST / 4 * 3)
        );
        assert_eq!(request.next_step(&"b", at(3)), RequestStep::Rest(REST));
        assert_eq!(request.next_step(&"b", at(6)), RequestStep::Rest(REST / 4));
        assert_eq!(request.next_step(&"b", at(7)), RequestStep::Ask);
        request.ask("b");
        assert_eq!(request.next_step(&"c", at(8)), RequestStep::Rest(REST));
        // Back to what is known: nothing rests any more.
        assert_eq!(request.next_step(&"b", at(9)), RequestStep::Wait);
        assert_eq!(request.next_step(&"c", at(12)), RequestStep::Rest(REST));
    }

    #[test]
    fn only_the_answer_to_the_last_question_counts() {
        let mut request = Request::<_, i32>::default();
        assert_eq!(request.answer(|_| true, Ok(0)), None, "nothing was asked");
        request.ask("a");
        request.ask("b");
        assert_eq!(request.answer(|key| *key == "a", Ok(1)), None);
        let failed: Result<i32, Failure> = Err("no memory".into());
        let answer = request.answer(|key| *key == "b", failed.clone());
        assert_eq!(answer, Some(failed));
        request.forget();
        assert_eq!(request.answer(|key| *key == "b", Ok(2)), None);
    }

    #[test]
    fn a_stop_counts_only_where_it_was_asked_for() {
        let mut request = Request::<_, i32>::default();
        let stopped: Result<i32, Failure> = Err(Failure::Stopped);
        request.ask("a");
        // The same question, asked earlier and superseded by this one.
        assert_eq!(request.answer(|_| true, stopped.clone()), None);
        assert!(request.is_pending());
        request.stop();
        assert_eq!(
            request.answer(|_| true, stopped.clone()),
            Some(stopped.clone())
        );
        // A stop that comes too late does not count for the next question.
        request.stop();
        request.ask("b");
        assert_eq!(request.answer(|_| true, stopped), None);
    }

    #[test]
    fn a_thread_gives_a_value_a_failure_or_that_it_crashed() {
        let mut request = Request::default();
        let (notify, notified) = bounded(3);
        for (work, expected) in [
            ((|| Ok(7)) as fn() -> Result<i32, Failure>, Ok(7)),
            (|| Err("no memory".into()), Err("no memory".into())),
            (
                || panic!("out of bounds"),
                Err(Failure::Crashed("out of bounds".into())),
            ),
        ] {
            let notify = notify.clone();
            request.start("test", "a", move || _ = notify.send(()), work);
            assert!(notified.recv().is_ok());
            assert_eq!(outcome(&mut request), expected);
            assert_eq!(request.poll(), None, "it is said once");
            assert!(!request.is_pending());
        }
    }

    #[test]
    fn while_a_thread_works_the_latest_key_waits_for_it() {
        let now = Instant::now();
        let mut request = Request::default();
        let (go_on, wait) = bounded::<()>(1);
        request.start("test", "a", || {}, move || Ok(_ = wait.recv()));
        assert_eq!(request.next_step(&"b", now), RequestStep::Wait);
        assert_eq!(request.next_step(&"c", now), RequestStep::Wait);
        drop(go_on);
        assert_eq!(outcome(&mut request), Ok(()));
        assert_eq!(request.next_step(&"c", now), RequestStep::Ask);
        // Whoever starts all the same hears of the newer one alone.
        let (go_on, wait) = bounded::<i32>(1);
        let mut request = Request::default();
        request.start("test", "old", || {}, move || Ok(wait.recv().unwrap_or(1)));
        request.start("test", "new", || {}, || Ok(2));
        drop(go_on);
        assert_eq!(outcome(&mut request), Ok(2));
        assert_eq!(request.key(), Some(&"new"));
    }
}
