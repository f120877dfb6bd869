//! The process that trains.

use std::io::{BufRead, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{GO_ON, Order, PAUSE, Said, VERSION};
use crate::data::StopFlag;
use crate::runs::lifecycle::Train;
use crate::training::events::{Activity, Progress};
use crate::training::{PauseFlag, TrainingEvent, set_most_threads};
use crate::worker::messages::RunEvent;
use crate::worker::run::{Surroundings, carry_out};

/// The window draws no more often.
const BETWEEN_TICKS: Duration = Duration::from_millis(50);

/// Carries out the run that the first line of `input` orders, and says in lines of `output` what happens. It is held, goes on
/// and stops as further lines and the end of `input` say, or as `stop` does.
///
/// # Errors
/// Where the order can't be read, a sentence; what else goes wrong is said as the end of the run.
pub fn serve(
    mut input: impl BufRead + Send + 'static,
    output: impl Write + Send,
    stop: &StopFlag,
    train: &Train,
) -> Result<(), String> {
    let mut line = String::new();
    let order: Order = (input.read_line(&mut line).map_err(|error| error.to_string()))
        .and_then(|_| ron::from_str(&line).map_err(|error| error.to_string()))
        .map_err(|error| {
            format!(
                "the window's order can't be read ({error}); where Graft was updated while its window was open, open it anew"
            )
        })?;
    if order.version != VERSION {
        return Err(format!(
            "Graft was updated to {VERSION} while its window, of version {}, was open: open it anew",
            order.version
        ));
    }
    set_most_threads(order.most_threads);
    let pause = PauseFlag::default();
    listen(input, stop, &pause).map_err(|error| format!("can't start a thread ({error})"))?;
    let output = Mutex::new(Output {
        to: output,
        ticked: None,
    });
    let report = |event| {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        if !output.say(event) {
            // Nobody reads it: the window is gone.
            stop.stop();
        }
    };
    let around = Surroundings {
        report: &report,
        stop,
        pause: &pause,
        train,
    };
    report(carry_out(&order.start, around));
    Ok(())
}

/// Follows the orders to come on a thread of its own, which ends with the process.
fn listen(
    input: impl BufRead + Send + 'static,
    stop: &StopFlag,
    pause: &PauseFlag,
) -> std::io::Result<()> {
    let (stop, pause) = (stop.clone(), pause.clone());
    std::thread::Builder::new()
        .name("graft-orders".into())
        .spawn(move || {
            for line in input.lines().map_while(Result::ok) {
                match line.as_str() {
                    PAUSE => pause.set(true),
                    GO_ON => pause.set(false),
                    other => log::warn!("the window orders what is not known: {other}"),
                }
            }
            stop.stop();
        })
        .map(drop)
}

struct Output<W> {
    to: W,
    /// What was under way when progress was said last, and when that was.
    ticked: Option<((Activity, u32), Instant)>,
}

impl<W: Write> Output<W> {
    /// Whether somebody hears it.
    fn say(&mut self, event: RunEvent) -> bool {
        if let RunEvent::Training(TrainingEvent::Progress(progress)) = &event
            && self.is_too_soon(progress)
        {
            return true;
        }
        let Some(said) = Said::of(event) else {
            return true;
        };
        match ron::to_string(&said) {
            Ok(line) => writeln!(self.to, "{line}")
                .and_then(|()| self.to.flush())
                .is_ok(),
            Err(error) => {
                log::error!("an event has no words ({error}): {said:?}");
                true
            }
        }
    }

    fn is_too_soon(&mut self, progress: &Progress) -> bool {
        let (doing, now) = ((progress.activity, progress.epoch), Instant::now());
        let too_soon = self.ticked.is_some_and(|(before, when)| {
            before == doing && now.duration_since(when) < BETWEEN_TICKS
        });
        if !too_soon {
            self.ticked = Some((doing, now));
        }
        too_soon
    }
}
