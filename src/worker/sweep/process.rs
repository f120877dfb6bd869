//! Processes of this program that work on a sweep: one that trains what is missing, until its standard input is closed, and
//! one that tests the chosen setting.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::data::StopFlag;
use crate::worker::messages::{
    Answer, Failure, Question, SweepAnswer, SweepProcess, SweepQuestion, TrainingEnd,
};

/// How often a process is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(100);
/// Of what a process has said, so much is looked at.
const TAIL: u64 = 8_000;
/// Tells the process that the end of its standard input means nothing any more.
const STAY: &[u8] = b"stay\n";

/// What a person wants of the process that trains.
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

/// Trains what is missing; returns when the process has ended, or goes on without the window.
pub(super) fn train(
    question: &Question,
    program: &Path,
    control: &Control,
    closing: &StopFlag,
) -> Option<Answer> {
    let Question::Sweep(SweepQuestion::Train(process)) = question else {
        return None;
    };
    let result = begin(
        program,
        &run_arguments(process),
        &process.out,
        Stdio::piped(),
    )
    .and_then(|begun| begun.follow(control, closing));
    Some(Answer::Sweep(SweepAnswer::TrainingEnded(result)))
}

/// Tests the chosen setting; returns when the process has ended.
pub(super) fn test(question: &Question, program: &Path, closing: &StopFlag) -> Option<Answer> {
    let Question::Sweep(SweepQuestion::Test(process)) = question else {
        return None;
    };
    let result = begin(
        program,
        &test_arguments(process),
        &process.out,
        Stdio::null(),
    )
    .and_then(|begun| begun.finish(closing));
    Some(Answer::Sweep(SweepAnswer::Tested(result)))
}

fn run_arguments(process: &SweepProcess) -> Vec<OsString> {
    let mut arguments = arguments(process, "run");
    if let Some(data) = &process.data {
        arguments.extend(["--data".into(), data.clone().into()]);
    }
    if process.again {
        arguments.push("--again".into());
    }
    if process.all_cards {
        arguments.extend(["--devices".into(), "all".into()]);
    } else if let Some(device) = &process.device {
        arguments.extend(["--device".into(), device.into()]);
    }
    arguments.push("--until-stdin-closes".into());
    arguments
}

/// The runs themselves know their pictures.
fn test_arguments(process: &SweepProcess) -> Vec<OsString> {
    let mut arguments = arguments(process, "best");
    arguments.push("--test".into());
    if let Some(device) = &process.device {
        arguments.extend(["--device".into(), device.into()]);
    }
    arguments
}

fn arguments(process: &SweepProcess, command: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["sweep".into(), command.into()];
    arguments.push(process.file.clone().into());
    arguments.extend(["--out".into(), process.out.clone().into()]);
    arguments
}

/// A process under way.
struct Begun {
    child: Child,
    stdin: Option<ChildStdin>,
    /// What it says on standard error.
    log: PathBuf,
}

/// What it says goes to a file: it may outlive the window, and a pipe would break.
fn begin(
    program: &Path,
    arguments: &[OsString],
    out: &Path,
    stdin: Stdio,
) -> Result<Begun, Failure> {
    let folder = out.join(".sweep").join("logs");
    let failed = |error: std::io::Error, path: &Path| {
        Failure::failed(format!("can't be written ({error}): {}", path.display()))
    };
    fs::create_dir_all(&folder).map_err(|error| failed(error, &folder))?;
    let log = folder.join(format!("window-{}.txt", std::process::id()));
    let said = File::create(&log).map_err(|error| failed(error, &log))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(said);
    apart(&mut command);
    let mut child = command.spawn().map_err(|error| {
        Failure::failed(format!(
            "no process can be started ({error}): {}",
            program.display()
        ))
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
    fn follow(mut self, control: &Control, closing: &StopFlag) -> Result<TrainingEnd, Failure> {
        let mut is_stopping = false;
        loop {
            if let Some(status) = self.ended()? {
                return match is_stopping {
                    true => Ok(TrainingEnd::Stopped),
                    false => self.outcome(status).map(|()| TrainingEnd::Done),
                };
            }
            match control.wait() {
                Some(Order::Stay) if !is_stopping => {
                    self.let_go();
                    return Ok(TrainingEnd::LetGo);
                }
                Some(_) => is_stopping = true,
                None => {}
            }
            // Whoever closes the window does not wait: the process saves and ends by itself.
            if closing.is_stopped() {
                return Ok(TrainingEnd::Stopped);
            }
            if is_stopping {
                self.stdin = None;
            }
        }
    }

    /// Waits for the end of a process that is not to be left half-done; one that outlives the window ends by itself.
    fn finish(mut self, closing: &StopFlag) -> Result<(), Failure> {
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

    fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        (self.child.try_wait())
            .map_err(|error| Failure::failed(format!("the process can't be waited for ({error})")))
    }

    fn let_go(&mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            // One that ended meanwhile does not hear it.
            drop(stdin.write_all(STAY).and_then(|()| stdin.flush()));
        }
    }

    fn outcome(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        let said = tail(&self.log).and_then(|text| last_complaint(&text));
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
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use super::*;

    /// A program that does what a script says, and a sweep's folder beside it.
    fn program(script: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graft");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, file)
    }

    fn question(out: &Path) -> Question {
        Question::Sweep(SweepQuestion::Train(SweepProcess {
            file: "a.sweep.ron".into(),
            data: Some("pictures".into()),
            out: out.to_path_buf(),
            device: Some("cpu".into()),
            all_cards: false,
            again: true,
        }))
    }

    fn outcome(answer: Option<Answer>) -> Result<TrainingEnd, Failure> {
        match answer {
            Some(Answer::Sweep(SweepAnswer::TrainingEnded(result))) => result,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_called_with_what_a_person_chose_and_its_reason_is_told() {
        let (folder, file) = program(
            "echo \"$@\" >\"$(dirname \"$0\")/called\"; echo 'error: no room left' >&2; exit 1",
        );
        let out = folder.path().join("out");
        let control = Control::default();
        let ended = train(&question(&out), &file, &control, &StopFlag::default());
        assert_eq!(outcome(ended), Err(Failure::Failed("no room left".into())));
        let called = fs::read_to_string(folder.path().join("called")).unwrap();
        let expected = format!(
            "sweep run a.sweep.ron --out {} --data pictures --again --device cpu --until-stdin-closes\n",
            out.display()
        );
        assert_eq!(called, expected);
    }

    #[test]
    fn a_stop_closes_its_input_and_waits_for_its_end() {
        let (folder, file) = program("cat >/dev/null; echo saved >\"$(dirname \"$0\")/saved\"");
        let control = Arc::new(Control::default());
        control.give(Order::Stop);
        let ended = train(
            &question(folder.path()),
            &file,
            &control,
            &StopFlag::default(),
        );
        assert_eq!(outcome(ended), Ok(TrainingEnd::Stopped));
        assert!(folder.path().join("saved").exists());
    }

    #[test]
    fn one_that_is_let_go_is_told_so_and_not_waited_for() {
        let (folder, file) = program("head -n 1 >\"$(dirname \"$0\")/told\"");
        let control = Control::default();
        control.give(Order::Stay);
        let ended = train(
            &question(folder.path()),
            &file,
            &control,
            &StopFlag::default(),
        );
        assert_eq!(outcome(ended), Ok(TrainingEnd::LetGo));
        let told = folder.path().join("told");
        while fs::read_to_string(&told).unwrap_or_default() != "stay\n" {
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_ends_well_is_done() {
        let (folder, file) = program("exit 0");
        let control = Control::default();
        let ended = train(
            &question(folder.path()),
            &file,
            &control,
            &StopFlag::default(),
        );
        assert_eq!(outcome(ended), Ok(TrainingEnd::Done));
        let missing = folder.path().join("nothing");
        let ended = train(
            &question(folder.path()),
            &missing,
            &control,
            &StopFlag::default(),
        );
        assert!(matches!(outcome(ended), Err(Failure::Failed(_))));
    }

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
