//! The window's end: a thread that waits for the process of a run.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::{COMMAND, GO_ON, Order, PAUSE, Said, VERSION};
use crate::cores;
use crate::data::StopFlag;
use crate::exit::unusual_end;
use crate::runs::{RunError, StoredRun, store};
use crate::training::{PauseFlag, most_threads};
use crate::worker::child_process::{Begun, LOOK, begin_command};
use crate::worker::messages::{Failure, RunEvent, StartRun};

/// A run on one of several graphics cards.
pub(crate) struct OnCard<'a> {
    /// What is called as `graft` is.
    pub program: &'a Path,
    pub start: &'a StartRun,
    pub card: usize,
    /// So many cards train at once.
    pub of: usize,
}

/// Hears what the process says.
struct Listener<'a> {
    report: &'a (dyn Fn(RunEvent) + Sync),
    folder: Option<PathBuf>,
    last: Option<RunEvent>,
}

impl OnCard<'_> {
    /// Has the run carried out; the event that ends it. Returns when its process has ended.
    pub fn carry_out(
        &self,
        report: &(dyn Fn(RunEvent) + Sync),
        stop: &StopFlag,
        pause: &PauseFlag,
    ) -> RunEvent {
        match self.ended(report, stop, pause) {
            Ok(event) => event,
            Err(failure) => RunEvent::Failed {
                message: failure.to_string(),
            },
        }
    }

    fn ended(
        &self,
        report: &(dyn Fn(RunEvent) + Sync),
        stop: &StopFlag,
        pause: &PauseFlag,
    ) -> Result<RunEvent, Failure> {
        // Gone with the process: what counts of what it says is in the run's end.
        let log = tempfile::Builder::new().prefix("graft-run-").tempfile();
        let log = log
            .map_err(|error| Failure::failed(format!("no temporary file can be made ({error})")))?;
        let said = (log.reopen())
            .map_err(|error| Failure::failed(format!("{error}: {}", log.path().display())))?;
        let mut command = Command::new(self.program);
        command.arg(COMMAND);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        cores::share_machine(&mut command, self.of);
        let order = self.order()?;
        let mut begun = begin_command(command, said, log.path().to_path_buf())?;
        begun.say(order.as_bytes());
        let output = begun.take_output();
        let mut listener = Listener {
            report,
            folder: None,
            last: None,
        };
        let status = std::thread::scope(|scope| {
            let hearing = std::thread::Builder::new()
                .name(format!("graft-cuda:{}-out", self.card))
                .spawn_scoped(scope, || {
                    if let Some(output) = output {
                        listener.hear(output);
                    }
                });
            let status = match &hearing {
                Ok(_) => wait(&mut begun, stop, pause),
                Err(error) => Err(Failure::failed(format!("can't start a thread ({error})"))),
            };
            if status.is_err() {
                begun.kill();
            }
            status
        })?;
        Ok(match listener.last {
            Some(event) => event,
            None => RunEvent::Failed {
                message: self.without_a_word(&begun, status),
            },
        })
    }

    /// The process's first line.
    fn order(&self) -> Result<String, Failure> {
        let order = Order {
            version: VERSION.to_owned(),
            start: StartRun {
                device: Some(format!("cuda:{}", self.card)),
                ..self.start.clone()
            },
            most_threads: most_threads(),
        };
        let line = ron::to_string(&order).map_err(|error| {
            Failure::failed(format!(
                "this run can't be handed to a process of its own ({error}); choose one device in the bar at the bottom"
            ))
        })?;
        Ok(line + "\n")
    }

    /// Why a run ended that has not said how.
    fn without_a_word(&self, begun: &Begun, status: ExitStatus) -> String {
        let end = unusual_end(status).unwrap_or_else(|| "ended without a word".to_owned());
        let said = begun
            .last_words()
            .map_or_else(String::new, |said| format!(" It said last: {said}."));
        format!(
            "the process that trained on cuda:{} {end}.{said} What was written so far is in its folder.",
            self.card
        )
    }
}

/// Hands on what is ordered until the process has ended.
fn wait(begun: &mut Begun, stop: &StopFlag, pause: &PauseFlag) -> Result<ExitStatus, Failure> {
    let mut is_held = false;
    loop {
        if let Some(status) = begun.ended()? {
            return Ok(status);
        }
        if stop.is_stopped() {
            begun.close_input();
        } else if pause.is_set() != is_held {
            is_held = !is_held;
            let order = if is_held { PAUSE } else { GO_ON };
            begun.say(format!("{order}\n").as_bytes());
        }
        std::thread::sleep(LOOK);
    }
}

impl Listener<'_> {
    fn hear(&mut self, output: impl Read) {
        let lines = BufReader::new(output).split(b'\n');
        for line in lines.map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            match ron::from_str(&line) {
                Ok(said) => self.note(said),
                // A library may print, too.
                Err(_) => log::info!("a run's process says: {line}"),
            }
        }
    }

    fn note(&mut self, said: Said) {
        match said {
            Said::Started { folder } => {
                self.folder = Some(folder.clone());
                (self.report)(RunEvent::Started { folder });
            }
            Said::Resumed { folder, epochs } => match reached(&folder, epochs) {
                Ok(stored) => (self.report)(RunEvent::Resumed(Box::new(stored))),
                Err(error) => log::warn!("what was reached before can't be read: {error}"),
            },
            Said::Fold {
                fold,
                folds,
                reached: so_far,
            } => (self.report)(RunEvent::Fold {
                fold,
                folds,
                stored: so_far
                    .and_then(|(folder, epochs)| reached(&folder, epochs).ok())
                    .map(Box::new),
            }),
            Said::Training(event) => (self.report)(RunEvent::Training(event)),
            Said::Finished => self.end(RunEvent::Finished),
            Said::Stopped => self.end(RunEvent::Stopped),
            Said::Failed { message } => self.last = Some(RunEvent::Failed { message }),
            Said::Cancelled => self.last = Some(RunEvent::Cancelled),
        }
    }

    /// How it ended, by what its folder says.
    fn end(&mut self, event: fn(Box<crate::runs::RunSummary>) -> RunEvent) {
        let Some(folder) = &self.folder else {
            return;
        };
        self.last = Some(match store::open(folder) {
            Ok(stored) => event(Box::new(stored.summary)),
            Err(error) => RunEvent::Failed {
                message: error.to_string(),
            },
        });
    }
}

/// What a run had reached after so many epochs. Those that it has trained since are told one by one.
fn reached(folder: &Path, epochs: usize) -> Result<StoredRun, RunError> {
    let mut stored = store::open(folder)?;
    stored.metrics.truncate(epochs);
    Ok(stored)
}
