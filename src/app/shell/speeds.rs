//! How quick the backbones are on this machine: measured one after the other while nothing else needs it, measured again
//! where that was beside other work, and put right by what a training finds out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::clock;
use crate::app::core::state::Scan;
use crate::app::shell::Graft;
use crate::models::catalogue;
use crate::models::speed::{Measured, Taken};
use crate::worker::messages::Question;

/// After a measurement beside other work, the machine is left alone for this long, and twice as long after the next.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How often one backbone is measured again in one session.
const MOST_REPEATS: u32 = 5;

/// When doubtful speeds are measured again.
#[derive(Debug, Default)]
pub struct Repeats {
    not_before: Option<Instant>,
    waits: u32,
    tries: BTreeMap<String, u32>,
}

impl Repeats {
    /// After a measurement: whether the machine is quiet enough for another one.
    fn note(&mut self, taken: Option<Taken>, now: Instant) {
        if taken.is_some_and(|taken| taken.is_calm()) {
            self.not_before = None;
            self.waits = 0;
            return;
        }
        let wait = FIRST_WAIT.saturating_mul(1 << self.waits.min(10));
        self.not_before = Some(now + wait.min(LONGEST_WAIT));
        self.waits += 1;
    }

    /// Whether `backbone` may be tried now; counts the try.
    fn takes(&mut self, backbone: &str, now: Instant) -> bool {
        if self.not_before.is_some_and(|time| now < time) {
            return false;
        }
        let tries = self.tries.entry(backbone.to_owned()).or_default();
        *tries += 1;
        *tries <= MOST_REPEATS
    }
}

impl Graft {
    /// Measures what is not known yet, then what is doubtful.
    pub(in crate::app) fn measure_next_backbone(&mut self, ctx: &egui::Context) {
        let is_busy = self.asked.speed.is_some()
            || self.state.is_training()
            || matches!(self.state.scan, Scan::Running { .. })
            || self.state.devices.is_none()
            || self.state.documents.is_empty();
        if is_busy {
            return;
        }
        let (now, clock) = (Instant::now(), clock::now());
        let speeds = &self.state.speeds;
        let unmeasurable = &self.asked.unmeasurable;
        let known = catalogue::architectures()
            .iter()
            .filter(|info| !unmeasurable.contains(info.name));
        let missing = known.clone().find(|info| !speeds.contains_key(info.name));
        let repeats = &mut self.asked.repeats;
        // What is being decided about comes first.
        let chosen = (self.state.documents.get(self.state.active))
            .map(|document| document.experiment.backbone.name.as_str());
        let mut doubtful: Vec<&str> = known
            .filter(|info| {
                speeds
                    .get(info.name)
                    .is_some_and(|measured| measured.is_doubtful(clock))
            })
            .map(|info| info.name)
            .collect();
        doubtful.sort_by_key(|name| Some(*name) != chosen);
        let next = missing.map(|info| info.name).or_else(|| {
            let mut doubtful = doubtful.iter();
            doubtful.find(|name| repeats.takes(name, now)).copied()
        });
        match next {
            Some(name) => {
                self.asked.speed = Some(name.to_owned());
                self.workers.ask(Question::MeasureSpeed {
                    backbone: name.to_owned(),
                });
            }
            // A window that rests looks again when the time has come.
            None => {
                if let Some(time) = repeats.not_before.filter(|time| *time > now) {
                    ctx.request_repaint_after(time - now);
                }
            }
        }
    }

    /// A measurement has ended.
    pub(in crate::app) fn take_speed(&mut self, backbone: String, measured: Measured) {
        self.asked.repeats.note(measured.taken, Instant::now());
        let better = Measured::better_of(self.state.speeds.get(&backbone), measured);
        self.state.speeds.insert(backbone, better);
    }

    /// A training has passed pictures through the frozen network. It waits for its pictures, too: only a quicker number
    /// puts right what was measured.
    pub(in crate::app) fn note_speed(&mut self, backbone: &str, pictures_per_second: f64) {
        let Some(known) = self.state.speeds.get_mut(backbone) else {
            return;
        };
        if pictures_per_second > known.pictures_per_second {
            known.pictures_per_second = pictures_per_second;
            known.taken = Some(Taken::now(None, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_asked_ever_more_seldom() {
        let mut repeats = Repeats::default();
        let begin = Instant::now();
        assert!(repeats.takes("resnet18", begin));
        let busy = Taken {
            at: 1,
            threads: 2,
            others: Some(0.9),
            by_training: false,
        };
        repeats.note(Some(busy), begin);
        assert!(!repeats.takes("resnet18", begin + FIRST_WAIT / 2));
        assert!(repeats.takes("resnet18", begin + FIRST_WAIT));
        repeats.note(Some(busy), begin);
        assert!(!repeats.takes("resnet18", begin + FIRST_WAIT));
        assert!(repeats.takes("resnet18", begin + 2 * FIRST_WAIT));
        for _ in 0..40 {
            repeats.note(Some(busy), begin);
        }
        assert!(repeats.takes("vgg16", begin + LONGEST_WAIT));
        // In peace, one after the other, but none for ever.
        repeats.note(
            Some(Taken {
                others: Some(0.0),
                ..busy
            }),
            begin,
        );
        let tries = (0..10).filter(|_| repeats.takes("resnet50", begin)).count();
        assert_eq!(tries as u32, MOST_REPEATS);
    }
}
