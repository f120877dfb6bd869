//! How busy other programs keep this machine while something is measured: a time that was taken beside a compiler says
//! little about the machine.

/// Processor time since the machine began, of everything and of this program, in the system's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    all: u64,
    busy: u64,
    own: u64,
}

/// Begun before a measurement and read after it.
#[derive(Debug, Clone, Copy)]
pub struct Meter(Option<Ticks>);

impl Meter {
    pub fn start() -> Self {
        Self(now())
    }

    /// The share of the machine's processor time since the start that other programs took, 0 to 1. Nothing where the
    /// system does not say, or too little time has passed.
    pub fn others(&self) -> Option<f64> {
        share(self.0?, now()?)
    }
}

fn share(before: Ticks, after: Ticks) -> Option<f64> {
    let all = after.all.checked_sub(before.all).filter(|&all| all >= 10)?;
    let busy = after.busy.saturating_sub(before.busy);
    let own = after.own.saturating_sub(before.own);
    Some((busy.saturating_sub(own) as f64 / all as f64).clamp(0.0, 1.0))
}

#[cfg(target_os = "linux")]
fn now() -> Option<Ticks> {
    let machine = std::fs::read_to_string("/proc/stat").ok()?;
    let (all, busy) = of_machine(&machine)?;
    let own = of_process(&std::fs::read_to_string("/proc/self/stat").ok()?)?;
    Some(Ticks { all, busy, own })
}

#[cfg(not(target_os = "linux"))]
fn now() -> Option<Ticks> {
    None
}

/// All ticks, and those in which something was done: all but `idle` and `iowait`. Guests are counted in `user` already.
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "Linux says it so")
)]
fn of_machine(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let idle = ticks.get(3)?.saturating_add(*ticks.get(4)?);
    let all = ticks
        .iter()
        .fold(0u64, |sum, tick| sum.saturating_add(*tick));
    Some((all, all.saturating_sub(idle)))
}

/// User and system time of all threads. The program's name may hold anything, so what follows it is read.
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "Linux says it so")
)]
fn of_process(text: &str) -> Option<u64> {
    let (_, after) = text.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_others_is_what_is_busy_and_not_ours() {
        let at = |all, busy, own| Ticks { all, busy, own };
        let before = at(1_000, 400, 50);
        assert_eq!(share(before, at(1_400, 700, 150)), Some(0.5));
        assert_eq!(share(before, at(1_400, 500, 150)), Some(0.0));
        assert_eq!(share(before, at(1_005, 402, 50)), None, "too short");
        assert_eq!(share(before, at(900, 0, 0)), None);
    }

    #[test]
    fn what_linux_says_is_read() {
        let machine = "cpu  10 1 5 80 4 0 0 2 7 0\ncpu0 5 0 2 40 2 0 0 1 0 0\n";
        assert_eq!(of_machine(machine), Some((102, 18)));
        assert_eq!(of_machine("cpu 1 x"), None);
        assert_eq!(of_machine(""), None);
        let process = "77 (gra ft) 2) S 1 2 3 4 5 6 7 8 9 10 300 45 0 0 20";
        assert_eq!(of_process(process), Some(345));
        assert_eq!(of_process("77 (graft"), None);
    }
}
