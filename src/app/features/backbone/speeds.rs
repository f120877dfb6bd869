//! How quick the backbones are on this machine: measured one after the other while nothing else needs it, measured again
//! where that was beside other work, and put right by what a training finds out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::clock;
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{NoticeKind, Scan};
use crate::models::catalogue;
use crate::models::speed::{Measured, Taken};
use crate::worker::messages::{Failure, Question};

/// After a measurement beside other work, the machine is left alone for this long, and twice as long after the next.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How often one backbone is measured again in one session.
const MOST_REPEATS: u32 = 5;

/// When doubtful speeds are measured again: not while other programs keep the machine busy.
#[derive(Debug, Default)]
struct Repeats {
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

/// The measuring of speeds.
#[derive(Default)]
pub struct Speeds {
    /// The backbone that is being measured.
    measuring: Request<String, Measured>,
    repeats: Repeats,
    /// Backbones that can't be measured here: they are not asked for again.
    unmeasurable: BTreeSet<String>,
}

impl Speeds {
    /// Measures what is not known yet, then what is doubtful.
    pub fn measure_next(&mut self, session: &mut Session, ctx: &egui::Context) {
        let is_busy = self.measuring.is_pending()
            || session.state.is_training()
            || matches!(session.state.scan, Scan::Running { .. })
            || session.state.devices.is_none()
            || session.state.documents.is_empty();
        if is_busy {
            return;
        }
        let (now, clock) = (Instant::now(), clock::now());
        let speeds = &session.state.speeds;
        let unmeasurable = &self.unmeasurable;
        let known = catalogue::architectures()
            .iter()
            .filter(|info| !unmeasurable.contains(info.name));
        let missing = known.clone().find(|info| !speeds.contains_key(info.name));
        let repeats = &mut self.repeats;
        // What is being decided about comes first.
        let chosen = (session.state.documents.get(session.state.active))
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
                self.measuring.ask(name.to_owned());
                session.ask(Question::MeasureSpeed {
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
    pub fn take(
        &mut self,
        session: &mut Session,
        backbone: String,
        result: Result<Measured, Failure>,
    ) {
        match self.measuring.answer(|asked| *asked == backbone, result) {
            None => {}
            // Beside a training that began meanwhile, it measured the training.
            Some(Ok(_)) if session.state.is_training() => {}
            Some(Ok(measured)) => {
                self.repeats.note(measured.taken, Instant::now());
                let speeds = &mut session.state.speeds;
                let better = Measured::better_of(speeds.get(&backbone), measured);
                speeds.insert(backbone, better);
            }
            Some(Err(failure)) => {
                session.log(
                    NoticeKind::Warning,
                    format!("the speed of {backbone} can't be measured: {failure}"),
                );
                self.unmeasurable.insert(backbone);
            }
        }
    }

    /// Forgets all speeds, and what is known of the machine.
    pub fn measure_again(&mut self, session: &mut Session) {
        session.state.speeds.clear();
        session.settings.speeds.clear();
        self.unmeasurable.clear();
        self.repeats = Repeats::default();
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
