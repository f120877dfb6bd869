//! How quick the backbones are on this machine: measured one after the other when a person asks for it or nothing else needs
//! the machine, measured again where that was beside other work, and put right by what a training finds out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::core::clock;
use crate::app::core::power;
use crate::app::core::request::Request;
use crate::app::core::session::Session;
use crate::app::core::state::{MeasuredNow, NoticeKind, Scan};
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

/// Nobody has touched the window for this long: work that nobody asked for disturbs nobody.
const IDLE: Duration = Duration::from_secs(60);
/// How often the system is asked whether it runs on mains power.
const POWER: Duration = Duration::from_secs(60);

/// What may be measured now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Nothing,
    /// The backbone of the experiment that is shown: its forecast needs the number.
    Chosen,
    Everything,
}

/// The measuring of speeds.
#[derive(Default)]
pub struct Speeds {
    /// The backbone that is being measured.
    measuring: Request<String, Measured>,
    repeats: Repeats,
    /// Backbones that can't be measured here: they are not asked for again.
    unmeasurable: BTreeSet<String>,
    /// A person asked for all of them.
    is_asked: bool,
    /// A person ended it: nothing is measured unasked any more.
    is_stopped: bool,
    /// When the window was touched last.
    touched: Option<Instant>,
    power: Request<(), bool>,
    power_asked: Option<Instant>,
    is_on_mains: bool,
}

impl Speeds {
    /// Measures what is not known yet, then what is doubtful: the chosen backbone soon, the others when a person asks for
    /// them, or when nobody needs the machine and it is on mains power. Never beside a training.
    pub fn measure_next(&mut self, session: &mut Session, ctx: &egui::Context) {
        let now = Instant::now();
        if self.touched.is_none() || ctx.input(|input| !input.events.is_empty()) {
            self.touched = Some(now);
        }
        if is_busy(session) && self.measuring.is_pending() {
            self.end(session);
        }
        self.ask_next(session, ctx, now);
        let pending = self.measuring.key().filter(|_| self.measuring.is_pending());
        session.state.measuring = pending.map(|backbone| MeasuredNow {
            backbone: backbone.clone(),
            left: match self.is_asked || self.scope(now) == Scope::Everything {
                true => self
                    .missing(session)
                    .filter(|name| name != backbone)
                    .count(),
                false => 0,
            },
        });
    }

    /// Names of backbones that are not measured yet and can be.
    fn missing(&self, session: &Session) -> impl Iterator<Item = &'static str> {
        catalogue::architectures()
            .iter()
            .map(|info| info.name)
            .filter(|name| !self.unmeasurable.contains(*name))
            .filter(|name| !session.state.speeds.contains_key(*name))
    }

    fn scope(&self, now: Instant) -> Scope {
        let is_idle = (self.touched).is_some_and(|touched| now.duration_since(touched) >= IDLE);
        match (self.is_asked, self.is_stopped) {
            (true, _) => Scope::Everything,
            (false, true) => Scope::Nothing,
            (false, false) if is_idle && self.is_on_mains => Scope::Everything,
            (false, false) => Scope::Chosen,
        }
    }

    fn ask_next(&mut self, session: &mut Session, ctx: &egui::Context, now: Instant) {
        let is_busy = self.measuring.is_pending()
            || is_busy(session)
            || matches!(session.state.scan, Scan::Running { .. })
            || session.state.devices.is_none()
            || session.state.documents.is_empty();
        if is_busy {
            return;
        }
        self.follow_power(ctx, now);
        let scope = self.scope(now);
        let clock = clock::now();
        // What is being decided about comes first.
        let chosen = (session.state.documents.get(session.state.active))
            .map(|document| document.experiment.backbone.name.as_str());
        let is_chosen = |name: &&str| Some(*name) == chosen;
        let is_in_scope = |name: &&str| match scope {
            Scope::Nothing => false,
            Scope::Chosen => is_chosen(name),
            Scope::Everything => true,
        };
        let mut missing: Vec<&str> = self.missing(session).collect();
        missing.sort_by_key(|name| !is_chosen(name));
        let next = missing.iter().copied().find(is_in_scope);
        let mut doubtful: Vec<&str> = catalogue::architectures()
            .iter()
            .map(|info| info.name)
            .filter(|name| !self.unmeasurable.contains(*name))
            .filter(|name| {
                let measured = session.state.speeds.get(*name);
                measured.is_some_and(|measured| measured.is_doubtful(clock))
            })
            .filter(is_in_scope)
            .collect();
        doubtful.sort_by_key(|name| !is_chosen(name));
        let repeats = &mut self.repeats;
        let next = next.or_else(|| {
            let mut doubtful = doubtful.iter();
            doubtful.find(|name| repeats.takes(name, now)).copied()
        });
        if let Some(name) = next {
            self.measuring.ask(name.to_owned());
            session.ask(Question::MeasureSpeed {
                backbone: name.to_owned(),
            });
            return;
        }
        if missing.is_empty() {
            self.is_asked = false;
        }
        // A window that rests looks again when the time has come.
        let idle_at = self.touched.map(|touched| touched + IDLE);
        let times = [
            repeats.not_before,
            idle_at.filter(|_| scope == Scope::Chosen && !missing.is_empty()),
        ];
        for time in times.into_iter().flatten().filter(|time| *time > now) {
            ctx.request_repaint_after(time - now);
        }
    }

    /// Asks on a thread, now and then: reading it takes a moment on some machines.
    fn follow_power(&mut self, ctx: &egui::Context, now: Instant) {
        if let Some(answer) = self.power.poll() {
            self.is_on_mains = answer.unwrap_or(false);
        }
        let is_old = (self.power_asked).is_none_or(|asked| now.duration_since(asked) >= POWER);
        if is_old && !self.power.is_pending() {
            self.power_asked = Some(now);
            let ctx = ctx.clone();
            let notify = move || ctx.request_repaint();
            self.power
                .start("graft-power", (), notify, || Ok(power::is_on_mains()));
        }
    }

    /// Measures every backbone that is not measured yet.
    pub fn measure_all(&mut self) {
        self.is_asked = true;
        self.is_stopped = false;
    }

    /// A person wants the machine for something else.
    pub fn stop(&mut self, session: &mut Session) {
        self.is_asked = false;
        self.is_stopped = true;
        self.end(session);
    }

    fn end(&mut self, session: &mut Session) {
        session.ask(Question::StopMeasuring);
        self.measuring.forget();
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
            Some(Ok(_)) if is_busy(session) => {}
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

    /// Forgets all speeds, and what is known of the machine, and measures every backbone anew.
    pub fn measure_again(&mut self, session: &mut Session) {
        session.state.speeds.clear();
        session.settings.speeds.clear();
        self.unmeasurable.clear();
        self.repeats = Repeats::default();
        self.measure_all();
    }
}

/// Whether the machine computes for somebody who waits: what is measured beside that says little.
fn is_busy(session: &Session) -> bool {
    session.state.is_training() || session.state.shootout.is_live()
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

    #[test]
    fn others_than_the_chosen_backbone_wait_until_nobody_needs_the_machine() {
        let begin = Instant::now();
        let mut speeds = Speeds {
            touched: Some(begin),
            ..Speeds::default()
        };
        assert_eq!(speeds.scope(begin), Scope::Chosen);
        assert_eq!(speeds.scope(begin + IDLE), Scope::Chosen, "on a battery");
        speeds.is_on_mains = true;
        assert_eq!(speeds.scope(begin + IDLE / 2), Scope::Chosen);
        assert_eq!(speeds.scope(begin + IDLE), Scope::Everything);
        speeds.is_stopped = true;
        assert_eq!(speeds.scope(begin + IDLE), Scope::Nothing);
        speeds.measure_all();
        assert_eq!(speeds.scope(begin), Scope::Everything);
    }
}
