//! A file that asks every process of a sweep to stop, on whatever machine it works.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::error::SweepError;
use super::folder::{SweepFolder, problem, remove_if_there};
use crate::data::StopFlag;

/// How often it is looked for.
const INTERVAL: Duration = Duration::from_secs(1);

/// Asks every process that works on the sweep in `out` to stop as a signal would; they look about once a second. Whoever
/// begins afterwards works.
///
/// # Errors
/// What the disk says.
pub fn ask_to_stop(out: &Path) -> Result<(), SweepError> {
    let folder = SweepFolder::new(out);
    folder.prepare()?;
    let path = folder.stop_path();
    fs::write(&path, b"").map_err(|error| problem(&path, "can’t be written", &error))
}

/// Does `work`, and stops it when somebody asks for it meanwhile.
///
/// # Errors
/// Those of `work`, and when nobody can be listened to.
pub(super) fn while_listening<T>(
    folder: &SweepFolder,
    stop: &StopFlag,
    work: impl FnOnce() -> Result<T, SweepError>,
) -> Result<T, SweepError> {
    let path = folder.stop_path();
    // Whoever asked before asked those that worked then.
    remove_if_there(&path)?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watching = thread::Builder::new()
            .name("graft-sweep-stop".into())
            .spawn_scoped(scope, || {
                while !is_over.load(Ordering::Relaxed) {
                    if path.symlink_metadata().is_ok() {
                        stop.stop();
                    }
                    thread::park_timeout(INTERVAL);
                }
            })
            .map_err(|error| problem(&path, "can’t be watched for a stop", &error))?;
        // Also when the work panics.
        let over = SetWhenDropped(&is_over);
        let done = work();
        drop(over);
        watching.thread().unpark();
        done
    })
}

struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
