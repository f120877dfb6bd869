//! Processes of this program that work for the window: each ends by itself when its standard input is closed, and what it says
//! goes to a file, so that it may outlive the window.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::messages::{Failure, ProcessEnd};
use crate::data::StopFlag;

/// How often a process is asked whether it has ended.
pub(super) const LOOK: Duration = Duration::from_millis(100);
/// Of what a process has said, so much is looked at.
const TAIL: u64 = 8_000;
/// Tells the process that the end of its standard input means nothing any more.
const STAY: &[u8] = b"stay\n";

/// What a person wants of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Save and end.
    Stop,
    /// Go on without the window.
    Stay,
}

/// Hands an order to the thread that waits for the process.
#[derive(Default)]
pub(super) struct Control {
    order: Mutex<Option<Order>>,
    given: Condvar,
}

impl Control {
    /// Forgets what was ordered of an earlier process.
    pub fn begin(&self) {
        *self.lock() = None;
    }

    pub fn give(&self, order: Order) {
        *self.lock() = Some(order);
        self.given.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Order>> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is ordered, after waiting for a moment where nothing is yet.
    fn wait(&self) -> Option<Order> {
        let order = self.lock();
        let waited = self.given.wait_timeout(order, LOOK);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A process under way.
pub(super) struct Begun {
    child: Child,
    stdin: Option<ChildStdin>,
    /// What it says on standard error.
    log: PathBuf,
}

/// Starts `program`. What it says goes to a file in the folder `logs`: it may outlive the window, and a pipe would break.
///
/// # Errors
/// When the folder can't be written, or no process be started.
pub(super) fn begin(
    program: &Path,
    arguments: &[OsString],
    logs: &Path,
    stdin: Stdio,
) -> Result<Begun, Failure> {
    let failed = |error: std::io::Error, path: &Path| {
        Failure::failed(format!("can't be written ({error}): {}", path.display()))
    };
    fs::create_dir_all(logs).map_err(|error| failed(error, logs))?;
    let log = logs.join(format!("window-{}.txt", std::process::id()));
    let said = File::create(&log).map_err(|error| failed(error, &log))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(stdin).stdout(Stdio::null());
    begin_command(command, said, log)
}

/// Starts `command`, whose input and output are set. What it says goes to `said`, the file `log`.
///
/// # Errors
/// When no process can be started.
pub(super) fn begin_command(
    mut command: Command,
    said: File,
    log: PathBuf,
) -> Result<Begun, Failure> {
    command.stderr(said);
    apart(&mut command);
    let mut child = command.spawn().map_err(|error| {
        let program = Path::new(command.get_program());
        Failure::failed(match program.exists() {
            true => format!(
                "no process can be started ({error}): {}",
                program.display()
            ),
            false => format!(
                "Graft is no longer where it was when this window was opened, at {}. Where it was moved, updated or removed, \
                 close the window and open it anew",
                program.display()
            ),
        })
    })?;
    let stdin = child.stdin.take();
    Ok(Begun { child, stdin, log })
}

/// What a terminal or a console sends to the window is not for the process: it ends by its standard input.
#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(windows)]
fn apart(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NO_WINDOW);
}

#[cfg(not(any(unix, windows)))]
fn apart(_: &mut Command) {}

impl Begun {
    /// Waits for the end, and does what is ordered meanwhile.
    pub fn follow(mut self, control: &Control, closing: &StopFlag) -> Result<ProcessEnd, Failure> {
        let mut is_stopping = false;
        loop {
            if let Some(status) = self.ended()? {
                return match is_stopping {
                    true => Ok(ProcessEnd::Stopped),
                    false => self.outcome(status).map(|()| ProcessEnd::Done),
                };
            }
            match control.wait() {
                Some(Order::Stay) if !is_stopping => {
                    self.let_go();
                    return Ok(ProcessEnd::LetGo);
                }
                Some(_) => is_stopping = true,
                None => {}
            }
            // Whoever closes the window does not wait: the process saves and ends by itself.
            if closing.is_stopped() {
                return Ok(ProcessEnd::Stopped);
            }
            if is_stopping {
                self.close_input();
            }
        }
    }

    /// Waits for the end of a process that is not to be left half-done; one that outlives the window ends by itself.
    pub fn finish(mut self, closing: &StopFlag) -> Result<(), Failure> {
        loop {
            if let Some(status) = self.ended()? {
                return self.outcome(status);
            }
            if closing.is_stopped() {
                return Err(Failure::Stopped);
            }
            std::thread::sleep(LOOK);
        }
    }

    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        (self.child.try_wait())
            .map_err(|error| Failure::failed(format!("the process can't be waited for ({error})")))
    }

    fn let_go(&mut self) {
        self.say(STAY);
        self.close_input();
    }

    /// Writes to its standard input. One that ended meanwhile does not hear it.
    pub fn say(&mut self, bytes: &[u8]) {
        if let Some(stdin) = &mut self.stdin {
            drop(stdin.write_all(bytes).and_then(|()| stdin.flush()));
        }
    }

    /// Tells it to save and end.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        // One that has ended needs no more.
        drop(self.child.kill().and_then(|()| self.child.wait().map(drop)));
    }

    pub fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// What it said last on standard error.
    pub fn last_words(&self) -> Option<String> {
        tail(&self.log).and_then(|text| last_complaint(&text))
    }

    fn outcome(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        let said = self.last_words();
        Err(Failure::Failed(said.unwrap_or_else(|| {
            format!(
                "the process ended without a reason ({status}); what it said is in {}",
                self.log.display()
            )
        })))
    }
}

/// The end of a file, as text.
fn tail(path: &Path) -> Option<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last line that complains, without the word that says so; else the last that says anything.
fn last_complaint(text: &str) -> Option<String> {
    let lines = || {
        text.split(['\n', '\r'])
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let complaint = lines().rev().find_map(|line| line.strip_prefix("error: "));
    let line = complaint.or_else(|| lines().next_back())?;
    Some(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_complaint_is_found_among_progress() {
        let text = "cell 1 of 4\rcell 2 of 4\nerror: the disk is full: /x\nwarning: later\n";
        assert_eq!(
            last_complaint(text).as_deref(),
            Some("the disk is full: /x")
        );
        assert_eq!(
            last_complaint("only this\n\n").as_deref(),
            Some("only this")
        );
        assert_eq!(last_complaint("\n"), None);
    }
}
