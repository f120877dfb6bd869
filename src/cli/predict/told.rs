//! What was answered by now, and how it is told on standard error.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use indicatif::ProgressBar;

use super::sink::is_reader_gone;
use crate::cli::{output, progress};
use crate::prediction::{Assigned, Counts, OwnCounts, PictureOutcome, Tally};

/// More pictures have a bar.
pub const HANDFUL: usize = 8;
/// Pictures that could not be read and are told one by one; a file of answers has them all.
const TOLD: usize = 20;

/// What was answered by now.
pub struct Told {
    /// The file of answers.
    out: Option<PathBuf>,
    pub counts: Counts,
    pub tally: Tally,
    pub own: OwnCounts,
    pub is_reader_gone: bool,
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Told {
    pub fn new(classes: usize, out: Option<PathBuf>) -> Self {
        Self {
            out,
            counts: Counts::default(),
            tally: Tally::new(classes),
            own: OwnCounts::default(),
            is_reader_gone: false,
            bar: None,
            since: Instant::now(),
        }
    }

    /// `shows`: whether a bar is in nobody's way.
    pub fn begin(&mut self, pictures: usize, shows: bool) {
        self.bar = (shows && pictures > HANDFUL).then(progress::bar).flatten();
        self.since = Instant::now();
        if let Some(bar) = &self.bar {
            bar.set_prefix("Predicting");
            bar.set_length(pictures as u64);
        }
    }

    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Counts an answer, tells one that is none.
    pub fn hear(&mut self, outcome: &PictureOutcome) {
        match outcome {
            PictureOutcome::Answered(answer) => {
                *self.tally.count_mut(answer.assigned()) += 1;
                self.counts.answered += 1;
                self.own.add(answer.part);
            }
            PictureOutcome::Unreadable { picture, reason } => {
                let name = picture.name().display();
                let line = match self.counts.unreadable {
                    0..TOLD => format!("not read, {reason}: {name}"),
                    TOLD => "not read: more, which are only counted here".to_owned(),
                    _ => String::new(),
                };
                self.counts.unreadable += 1;
                if !line.is_empty() {
                    self.say(&line);
                }
            }
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
            let seconds = self.since.elapsed().as_secs_f64();
            if seconds > 0.5 {
                let rate = bar.position() as f64 / seconds;
                bar.set_message(format!("{rate:.0} pictures/s"));
            }
        }
    }

    /// A line on standard error that stays, above the bar.
    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::warn(line)),
            None => output::warn(line),
        }
    }

    /// Passes on why something could not be written; whoever has heard enough is no failure, and the end.
    pub fn written(&mut self, outcome: io::Result<()>) -> anyhow::Result<ControlFlow<()>> {
        match outcome {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if is_reader_gone(&error) => {
                self.is_reader_gone = true;
                Ok(ControlFlow::Break(()))
            }
            Err(error) => {
                let more = match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        " any further: make room and start again; the answers that are written stay"
                    }
                    _ => "",
                };
                Err(error).context(match &self.out {
                    Some(out) => format!("{} can't be written{more}", out.display()),
                    None => format!("standard output can't be written{more}"),
                })
            }
        }
    }

    /// How many pictures each class has, undecided ones and those of none if there are any.
    pub fn named<'c>(&'c self, classes: &'c [String]) -> impl Iterator<Item = (&'c str, usize)> {
        let names = classes.iter().map(String::as_str);
        let refused = [
            (Assigned::Undecided.outcome(), self.tally.undecided),
            (Assigned::NoneOfThese.outcome(), self.tally.none_of_these),
        ];
        std::iter::zip(names, self.tally.classes.iter().copied())
            .chain(refused.into_iter().filter(|(_, count)| *count > 0))
    }
}
