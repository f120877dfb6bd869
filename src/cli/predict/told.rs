//! What was answered by now, and how it is told on standard error.

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use indicatif::ProgressBar;

use super::sink::is_reader_gone;
use crate::cli::{output, progress};
use crate::prediction::{Assigned, Counts, OwnCounts, PictureOutcome};

/// More pictures have a bar.
pub const HANDFUL: usize = 8;
/// Pictures that could not be read and are told one by one; a file of answers has them all.
const TOLD: usize = 20;

/// What was answered by now.
pub struct Told {
    /// The file of answers.
    out: Option<PathBuf>,
    pub counts: Counts,
    /// By label, then undecided, then none of these.
    pub by_answer: Vec<usize>,
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
            by_answer: vec![0; classes + 2],
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
                let classes = self.by_answer.len() - 2;
                let index = match answer.assigned() {
                    Assigned::Class(class) => (class as usize).min(classes - 1),
                    Assigned::Undecided => classes,
                    Assigned::NoneOfThese => classes + 1,
                };
                self.by_answer[index] += 1;
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
            Err(error) => Err(error).context(match &self.out {
                Some(out) => format!("{} can't be written", out.display()),
                None => "standard output can't be written".to_owned(),
            }),
        }
    }

    /// Undecided ones, and those of no class.
    pub fn refused(&self) -> (usize, usize) {
        match self.by_answer[..] {
            [.., undecided, none_of_these] => (undecided, none_of_these),
            _ => (0, 0),
        }
    }

    /// How many pictures each class has, undecided ones and those of none if there are any.
    pub fn named<'c>(&'c self, classes: &'c [String]) -> impl Iterator<Item = (&'c str, usize)> {
        let names = classes.iter().map(String::as_str);
        let counts = self.by_answer.iter().copied();
        std::iter::zip(names.chain(["undecided", "none of these"]), counts)
            .enumerate()
            .filter(move |(index, (_, count))| *index < classes.len() || *count > 0)
            .map(|(_, counted)| counted)
    }
}
