//! Ctrl-C: the first one stops in order, the second at once.

use crate::data::StopFlag;

/// A flag that the first Ctrl-C (or a polite request of the system to end) sets. The second ends
/// the process at once, with status 130, as a shell reports an interrupted command.
///
/// # Errors
/// When the system gives no thread or no signals.
#[cfg(unix)]
pub fn stop_flag() -> anyhow::Result<StopFlag> {
    use anyhow::Context;
    use signal_hook::consts::TERM_SIGNALS;
    use signal_hook::iterator::Signals;

    use super::output;

    let stop = StopFlag::default();
    let heard = stop.clone();
    let mut signals = Signals::new(TERM_SIGNALS).context("Ctrl-C can't be listened for")?;
    std::thread::Builder::new()
        .name("graft-interrupt".into())
        .spawn(move || {
            for _ in signals.forever() {
                if heard.is_stopped() {
                    // Without the cleaning up of libraries whose threads still work.
                    signal_hook::low_level::exit(130);
                }
                heard.stop();
                output::warn(
                    "Stopping after this batch; what was learned so far is kept. Once more ends at once.",
                );
            }
        })
        .context("can't start a thread")?;
    Ok(stop)
}

/// Elsewhere Ctrl-C ends the process at once; the run can be resumed all the same.
#[cfg(not(unix))]
pub fn stop_flag() -> anyhow::Result<StopFlag> {
    Ok(StopFlag::default())
}
