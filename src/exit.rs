//! How this process ends, and how others did.

use std::io::Write as _;
use std::process::{ExitCode, ExitStatus};
#[cfg(unix)]
use std::sync::Arc;

/// A file that grows beyond what the system allows this process (`ulimit -f`) is a failed write, which says what it is, and
/// not the end of the process.
pub fn keep_on_at_file_limit() {
    #[cfg(unix)]
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()) {
        log::info!("the signal of a full file can't be caught: {error}");
    }
}

/// Ends the process with `status`, once what was printed is out.
///
/// Without what libtorch has registered for the end: taking its operators apart, one by one, takes a tenth of a second,
/// and the system takes the memory back anyway.
pub fn end(status: u8) -> ExitCode {
    let printed = std::io::stdout().flush().is_ok();
    drop(std::io::stderr().flush());
    #[cfg(unix)]
    if printed {
        signal_hook::low_level::exit(status.into());
    }
    ExitCode::from(status)
}

/// Why a process ended otherwise than one that has done its work, as the end of a sentence: “was ended by signal 9; …”.
pub fn unusual_end(status: ExitStatus) -> Option<String> {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let why = match signal {
            9 => "; the system kills who takes too much memory",
            _ => "",
        };
        return Some(format!("was ended by signal {signal}{why}"));
    }
    match status.code() {
        Some(0) => None,
        Some(code) => Some(format!("ended with status {code}")),
        None => Some("ended".to_owned()),
    }
}
