//! Ctrl-C: the first one stops in order, the second at once. A closed terminal stops in order too, and so do SIGTERM and
//! SIGUSR1, by which a cluster says that a task's time is nearly over.

use crate::data::StopFlag;

/// What a process says to those that it began and that are to outlive it.
pub const STAY: &str = "stay";

/// A flag that the first Ctrl-C (or a polite request of the system to end, or a terminal that is closed) sets. A Ctrl-C after
/// that ends the process at once, with status 130, as a shell reports an interrupted command. Nothing else does: shell and
/// system both send a hangup when a terminal is closed, and a cluster sends SIGUSR1 and SIGTERM within moments, both of them
/// several times, while what was learned is saved.
///
/// # Errors
/// When the system gives no thread or no signals.
pub fn stop_flag() -> anyhow::Result<StopFlag> {
    stop_flag_saying(
        "Stopping after this batch; what was learned so far is kept. Once more ends at once.",
    )
}

/// As [`stop_flag`], for other work than training: `sentence` is said when it is stopped.
#[cfg(unix)]
pub fn stop_flag_saying(sentence: &'static str) -> anyhow::Result<StopFlag> {
    use anyhow::Context;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGUSR1, TERM_SIGNALS};
    use signal_hook::iterator::Signals;

    use super::output;

    let stop = StopFlag::default();
    let heard = stop.clone();
    let hangup = (!hangup_is_ignored()).then_some(SIGHUP);
    let heeded = TERM_SIGNALS.iter().copied().chain([SIGUSR1]).chain(hangup);
    let mut signals = Signals::new(heeded).context("Ctrl-C can't be listened for")?;
    std::thread::Builder::new()
        .name("graft-interrupt".into())
        .spawn(move || {
            for signal in signals.forever() {
                if heard.is_stopped() && [SIGINT, SIGQUIT].contains(&signal) {
                    // Without the cleaning up of libraries whose threads still work.
                    signal_hook::low_level::exit(130);
                }
                if heard.is_stopped() {
                    continue;
                }
                heard.stop();
                output::warn(sentence);
            }
        })
        .context("can't start a thread")?;
    Ok(stop)
}

/// Sets the flag when standard input ends: with the process that holds the other end, on any system. A line `stay` before
/// that says that the end is to mean nothing.
///
/// # Errors
/// When the system gives no thread.
pub fn stop_with_stdin(stop: &StopFlag) -> anyhow::Result<()> {
    use std::io::BufRead as _;

    use anyhow::Context as _;

    let stop = stop.clone();
    std::thread::Builder::new()
        .name("graft-stdin".into())
        .spawn(move || {
            let mut lines = std::io::stdin().lock().lines();
            let stays = lines
                .by_ref()
                .map_while(Result::ok)
                .any(|line| line.trim() == STAY);
            if !stays {
                stop.stop();
            }
        })
        .context("can't start a thread")?;
    Ok(())
}

/// Whether this process was started to outlive its terminal (`nohup`). Where the system does not say, a hangup is left as
/// it is.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.map_or(true, |status| ignores_hangup(&status))
}

/// By the mask of ignored signals in `/proc/self/status`, whose lowest bit is signal 1.
#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & 1 == 1)
}

/// Elsewhere Ctrl-C ends the process at once; the run can be resumed all the same.
#[cfg(not(unix))]
pub fn stop_flag_saying(_sentence: &'static str) -> anyhow::Result<StopFlag> {
    Ok(StopFlag::default())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_recognised() {
        assert!(ignores_hangup("Name:\tgraft\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("Name:\tgraft\nSigIgn:\t0000000000001000\n"));
        assert!(ignores_hangup("Name:\tgraft\n"));
    }
}
