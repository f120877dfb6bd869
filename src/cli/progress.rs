//! Progress on standard error: a bar on a terminal, a line per epoch elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::format;
use crate::runs::event_text;
use crate::shown;
use crate::training::events::{Activity, Progress};
use crate::training::{TrainingError, TrainingEvent, TrainingListener};

/// A bar where there is a terminal to draw it on.
pub fn bar() -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg}").ok()?;
    let bar = ProgressBar::new(0);
    bar.set_style(style.progress_chars("=> "));
    bar.enable_steady_tick(Duration::from_millis(250));
    Some(bar)
}

/// "12.3 MB of 44.7 MB"
pub fn amount(done: u64, total: Option<u64>) -> String {
    let done = format::bytes(done);
    match total {
        Some(total) => format!("{done} of {}", format::bytes(total)),
        None => done,
    }
}

/// Tells the person at the terminal how a training goes.
#[derive(Debug)]
pub struct TerminalProgress {
    bar: Option<ProgressBar>,
    epochs: u32,
}

impl TerminalProgress {
    /// For a training of so many epochs in all.
    pub fn new(epochs: u32) -> Self {
        Self { bar: bar(), epochs }
    }

    /// A line that stays, above the bar.
    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(shown::line(line)),
            None => output::warn(line),
        }
    }

    fn show(&self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        let activity = match progress.activity {
            Activity::DownloadingWeights => "Downloading weights".to_owned(),
            Activity::CheckingPictures => "Checking pictures".to_owned(),
            Activity::ReadingPictures => "Reading pictures".to_owned(),
            Activity::ComputingFeatures => "Computing features".to_owned(),
            Activity::Training => format!("Epoch {}/{}", progress.epoch, progress.epochs),
            Activity::Validating => {
                format!("Epoch {}/{}, validating", progress.epoch, progress.epochs)
            }
            Activity::Testing => "Testing".to_owned(),
        };
        bar.set_prefix(activity);
        if progress.activity == Activity::DownloadingWeights {
            let total = Some(progress.total as u64).filter(|total| *total > 0);
            return bar.set_message(amount(progress.done as u64, total));
        }
        let mut remarks = Vec::new();
        if let Some(loss) = progress.train_loss {
            remarks.push(format!("loss {}", format::loss(loss)));
        }
        if progress.pictures_per_second > 0.0 {
            remarks.push(format!("{:.0} pictures/s", progress.pictures_per_second));
        }
        if let Some(seconds) = progress.remaining_seconds {
            remarks.push(format!("{} left", format::remaining(seconds)));
        }
        bar.set_message(remarks.join(", "));
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl TrainingListener for TerminalProgress {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        for line in event_text::terminal_lines(event, self.epochs) {
            self.say(&line);
        }
        if let TrainingEvent::Progress(progress) = event {
            self.show(progress);
        }
        Ok(())
    }
}
