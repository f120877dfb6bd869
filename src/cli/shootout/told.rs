//! What is told while networks are judged: progress on standard error, what is found on standard output.

use std::collections::HashSet;

use crate::cli::output;
use crate::cli::progress::TerminalProgress;
use crate::experiment::WeightsSource;
use crate::format;
use crate::models::weights;
use crate::models::{self, WeightsInfo};
use crate::shootout::{
    EntryState, ShootoutEntry, ShootoutEvent, ShootoutListener, ShootoutMetric, ShootoutReport,
};
use crate::training::{TrainingEvent, TrainingListener};

pub(super) struct Listener {
    is_quiet: bool,
    downloads: bool,
    metric: ShootoutMetric,
    progress: Option<TerminalProgress>,
    said: HashSet<String>,
}

impl Listener {
    /// `is_quiet`: standard output is for a document.
    pub fn new(is_quiet: bool, downloads: bool) -> Self {
        Self {
            is_quiet,
            downloads,
            metric: ShootoutMetric::default(),
            progress: None,
            said: HashSet::new(),
        }
    }

    fn planned(&mut self, report: &ShootoutReport) {
        self.metric = report.metric;
        let waiting: Vec<&ShootoutEntry> = report
            .entries
            .iter()
            .filter(|entry| entry.state == EntryState::Waiting)
            .collect();
        let mut line = format!(
            "{} in {}, in {} folds; {} to compute, {} known from before",
            format::count(report.pictures, "picture", "pictures"),
            format::count(report.classes.len(), "class", "classes"),
            report.folds,
            format::count(waiting.len(), "network", "networks"),
            report.done()
        );
        let seconds: f64 = waiting
            .iter()
            .filter_map(|entry| entry.estimated_seconds)
            .sum();
        if !waiting.is_empty() {
            line += &format!("; {} in all", format::estimate(seconds));
        }
        output::warn(&line);
        if report.withheld_test > 0 {
            output::warn(&format!(
                "{} of the test are not looked at: they stay for the networks that are trained",
                format::count(report.withheld_test, "picture", "pictures")
            ));
        }
        if self.downloads {
            for entry in waiting {
                say_download(entry);
            }
        }
    }

    fn found(&self, entry: &ShootoutEntry) {
        let name = format!("{} ({})", entry.backbone, entry.weights);
        let Some(outcome) = &entry.outcome else {
            let reason = entry.state.reason().unwrap_or("nothing came of it");
            return output::warn(&format!("{name}: {reason}"));
        };
        let score = match self.metric {
            ShootoutMetric::Accuracy => outcome.accuracy,
            ShootoutMetric::MacroF1 => outcome.macro_f1,
        };
        let interval = score.interval.map_or_else(String::new, |interval| {
            format!(
                " ({})",
                format::percent_interval(interval.low, interval.high)
            )
        });
        let line = format!(
            "{name}: {} {}{interval}, {}",
            self.metric.title(),
            format::percent(score.value),
            format::duration(outcome.feature_seconds + outcome.head_seconds),
        );
        for remark in &outcome.remarks {
            output::warn(&format!("{name}: {remark}"));
        }
        if self.is_quiet {
            return output::warn(&line);
        }
        // Nobody is left to tell.
        drop(output::print(&format!("{line}\n")));
    }
}

/// What is fetched, how large it is, and under which licence.
fn say_download(entry: &ShootoutEntry) {
    let Some(info) = published(entry) else { return };
    if weights::on_this_machine(info).is_some() {
        return;
    }
    output::warn(&format!(
        "{} will be downloaded: {} ({:.0} MB, {})",
        entry.backbone, info.name, info.file_mb, info.licence
    ));
    if let Some(restriction) = info.restriction() {
        output::warn(&restriction);
    }
}

fn published(entry: &ShootoutEntry) -> Option<&'static WeightsInfo> {
    let info = models::backbone_info(&entry.backbone).ok()?;
    match entry.source {
        WeightsSource::Pretrained | WeightsSource::Named(_) => {
            weights::chosen(info, &entry.source).ok()
        }
        _ => None,
    }
}

impl ShootoutListener for Listener {
    fn event(&mut self, event: &ShootoutEvent<'_>) {
        match event {
            ShootoutEvent::Planned(report) => self.planned(report),
            ShootoutEvent::Begins(entry) => {
                self.progress = None;
                let seconds = entry.estimated_seconds.unwrap_or(0.0);
                output::warn(&format!(
                    "{} ({}): {}",
                    entry.title,
                    entry.weights,
                    format::estimate(seconds)
                ));
                if let Some(restriction) = &entry.restriction {
                    output::warn(restriction);
                }
            }
            ShootoutEvent::Training(event) => {
                let is_shown = match event {
                    TrainingEvent::Progress(_) => true,
                    TrainingEvent::Warning(text) => self.said.insert(text.clone()),
                    _ => false,
                };
                if is_shown {
                    let progress = self
                        .progress
                        .get_or_insert_with(|| TerminalProgress::new(0));
                    // A terminal that is gone ends nothing.
                    drop(progress.event(event));
                }
            }
            ShootoutEvent::FitsHeads(_) => self.progress = None,
            ShootoutEvent::Found(entry) => {
                self.progress = None;
                self.found(entry);
            }
            ShootoutEvent::Remark(text) => output::warn(text),
        }
    }
}
