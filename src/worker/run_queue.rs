//! Which runs wait, which are under way, and which begins next, and where.

use std::collections::{BTreeSet, VecDeque};

use super::messages::{RunId, StartRun};
use crate::data::StopFlag;
use crate::training::PauseFlag;

/// Runs that may wait.
pub(super) const MOST_WAITING: usize = 256;

#[derive(Default)]
pub(super) struct RunQueue {
    pub waiting: VecDeque<Box<StartRun>>,
    pub working: Vec<Working>,
    /// The usable cards, the most capable first, once they are known.
    pub cards: Option<Vec<usize>>,
    /// Whatever trains is held, and so is what begins.
    paused: bool,
}

/// A run under way.
pub(super) struct Working {
    pub run: RunId,
    pub place: Place,
    pub stop: StopFlag,
    pub pause: PauseFlag,
}

/// Where a run is trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In this process, on the device that it names.
    Here(Option<String>),
    /// In a process of its own.
    Card(usize),
}

/// A run that was taken from the queue.
pub(super) struct Begun {
    pub start: Box<StartRun>,
    pub stop: StopFlag,
    pub pause: PauseFlag,
}

impl Place {
    /// The card that it takes, where one is named.
    fn card(&self) -> Option<usize> {
        match self {
            Self::Card(card) => Some(*card),
            Self::Here(device) => device.as_deref()?.strip_prefix("cuda:")?.parse().ok(),
        }
    }

    fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }
}

impl RunQueue {
    /// Whether a run that is bound to no device is given one of several cards.
    fn has_several_cards(&self) -> bool {
        self.cards.as_ref().is_some_and(|cards| cards.len() > 1)
    }

    /// Which of those that wait begins now: in this process where `here`, else on a card. What waits longer comes first, and
    /// each card takes one.
    pub fn next(&self, here: bool) -> Option<(usize, Place)> {
        let mut taken: BTreeSet<usize> = (self.working.iter())
            .filter_map(|working| working.place.card())
            .collect();
        let mut here_is_taken = self.working.iter().any(|working| working.place.is_here());
        for (index, start) in self.waiting.iter().enumerate() {
            if start.device.is_none() && self.has_several_cards() {
                let mut cards = self.cards.iter().flatten();
                if let Some(&card) = cards.find(|card| !taken.contains(card)) {
                    if !here {
                        return Some((index, Place::Card(card)));
                    }
                    taken.insert(card);
                }
            } else if !here_is_taken {
                let place = Place::Here(start.device.clone());
                let is_free = place.card().is_none_or(|card| !taken.contains(&card));
                if here && is_free {
                    return Some((index, place));
                }
                // It comes before whatever waits behind it.
                here_is_taken = true;
                taken.extend(place.card());
            }
        }
        None
    }

    /// Takes a run from the queue, and notes that it is under way.
    pub fn begin(&mut self, index: usize, place: Place, closing: &StopFlag) -> Option<Begun> {
        let start = self.waiting.remove(index)?;
        let (stop, pause) = (StopFlag::default(), PauseFlag::default());
        pause.set(self.paused);
        // Whoever closes sets its flag before it looks for runs to stop.
        if closing.is_stopped() {
            stop.stop();
        }
        self.working.push(Working {
            run: start.run,
            place,
            stop: stop.clone(),
            pause: pause.clone(),
        });
        Some(Begun { start, stop, pause })
    }

    /// Queues a run.
    ///
    /// # Errors
    /// When too many wait.
    pub fn push(&mut self, start: Box<StartRun>) -> Result<(), String> {
        if self.waiting.len() >= MOST_WAITING {
            return Err(format!(
                "{MOST_WAITING} runs are queued already: wait for one to finish"
            ));
        }
        self.waiting.push_back(start);
        Ok(())
    }

    /// Asks a run to stop, or takes it out of the queue; whether it waited there.
    pub fn stop(&mut self, run: RunId) -> bool {
        if let Some(working) = self.working.iter().find(|working| working.run == run) {
            working.stop.stop();
            return false;
        }
        let waiting = self.waiting.len();
        self.waiting.retain(|start| start.run != run);
        self.waiting.len() < waiting
    }

    /// Asks everything under way to stop.
    pub fn stop_working(&mut self) {
        self.pause(false);
        for working in &self.working {
            working.stop.stop();
        }
    }

    /// Holds everything, or lets it go on.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
        for working in &self.working {
            working.pause.set(paused);
        }
    }

    pub fn pause_run(&self, run: RunId, paused: bool) {
        for working in self.working.iter().filter(|working| working.run == run) {
            working.pause.set(paused);
        }
    }

    /// Frees what trained the run.
    pub fn end(&mut self, run: RunId) {
        self.working.retain(|working| working.run != run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;

    #[test]
    fn a_run_that_is_bound_to_a_card_waits_for_it_and_comes_before_those_behind() {
        let waiting = |run, device: Option<&str>| {
            Box::new(StartRun {
                run: RunId(run),
                experiment: Experiment::default(),
                base: None,
                dataset: None,
                runs: "runs".into(),
                resume: None,
                device: device.map(str::to_owned),
                refit: false,
            })
        };
        let working = |run, place| Working {
            run: RunId(run),
            place,
            stop: StopFlag::default(),
            pause: PauseFlag::default(),
        };
        let here = |device: &str| Place::Here(Some(device.into()));
        let mut queue = RunQueue {
            waiting: VecDeque::from([
                waiting(2, Some("cuda:1")),
                waiting(3, Some("cpu")),
                waiting(4, None),
                waiting(5, None),
            ]),
            working: vec![working(1, Place::Card(1))],
            ..RunQueue::default()
        };
        // Before the cards are known, what is bound to none may be trained here.
        assert_eq!(queue.next(false), None);
        queue.cards = Some(vec![1, 0]);
        assert_eq!(queue.next(true), None, "its card is taken");
        assert_eq!(queue.next(false), Some((2, Place::Card(0))));
        // Its card is free: it begins, and none behind it takes the card.
        queue.working.clear();
        assert_eq!(queue.next(true), Some((0, here("cuda:1"))));
        assert_eq!(queue.next(false), Some((2, Place::Card(0))));
        queue.working = vec![working(2, here("cuda:1"))];
        queue.waiting.pop_front();
        assert_eq!(queue.next(true), None, "one at a time here");
        assert_eq!(queue.next(false), Some((1, Place::Card(0))));
        // Beside what the processor trains, both cards are free.
        queue.working = vec![working(3, here("cpu")), working(4, Place::Card(1))];
        assert_eq!(queue.next(false), Some((1, Place::Card(0))));
        // One card is as none: everything is trained here.
        queue.cards = Some(vec![0]);
        assert_eq!(queue.next(false), None);
        queue.working.clear();
        queue.waiting.pop_front();
        assert_eq!(queue.next(true), Some((0, Place::Here(None))));
    }
}
