//! `graft find-rate`: a learning rate for a phase of a preset, by a range test.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::common_options::CommonOptions;
use super::progress::{self, TerminalProgress};
use super::{interrupt, output, run};
use crate::data::split;
use crate::format;
use crate::report::RateReport;
use crate::shown;
use crate::training::events::Activity;
use crate::training::rate_finder::STEPS;
use crate::training::{TrainingError, TrainingEvent, TrainingListener, TrainingRequest, find_rate};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A preset file, or the name of one that comes with Graft
    #[arg(value_name = "PRESET")]
    preset: PathBuf,
    /// Which of its phases, counted from 1; those before it are trained first, as a run does, and nothing of it is kept
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    phase: u32,
    /// Use these pictures instead of the preset's: a folder, or a table of paths and labels
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    #[command(flatten)]
    common: CommonOptions,
}

pub fn find(arguments: &Arguments) -> anyhow::Result<()> {
    let common = &arguments.common;
    let device = common.device()?;
    let (experiment, base) = common.preset(&arguments.preset, arguments.data.as_deref())?;
    let stop = interrupt::stop_flag_saying(
        "Stopping after this batch; nothing of it is kept. Once more ends at once.",
    )?;
    let dataset = run::scan_pictures(&experiment.data, base.as_deref(), &stop)?;
    let split = split::split(&dataset, &experiment)?;
    let train_pictures = split.train.len();
    let phase = arguments.phase as usize - 1;
    let request = TrainingRequest {
        base,
        device,
        stop,
        withholds_test: true,
        ..TrainingRequest::new(experiment.clone(), dataset, split)
    };
    let before = experiment.phases.iter().take(phase);
    let before: u32 = before.map(|phase| phase.epochs).sum();
    if before > 0 {
        output::warn(&format!(
            "The phases before it are trained first: {}; nothing of it is kept",
            format::plural(before.into(), "epoch", "epochs")
        ));
    }
    let mut listener = Listener {
        phase,
        before,
        steps_per_epoch: experiment.training.steps_per_epoch(train_pictures),
        earlier: Some(TerminalProgress::new(before)),
        bar: None,
    };
    let curve = find_rate(request, phase, &mut listener);
    drop(listener);
    let curve = match curve {
        Err(TrainingError::Stopped) => bail!("stopped; nothing of it is kept"),
        curve => curve?,
    };
    let found = RateReport::new(&experiment, phase, train_pictures, curve);
    common.tell(
        &found.figure(),
        |figure| as_json(&found, figure),
        |figure| as_text(&found, figure),
    )
}

/// Tells the person at the terminal how far it is.
struct Listener {
    phase: usize,
    /// Epochs of the phases before.
    before: u32,
    steps_per_epoch: usize,
    /// Until the first step of the phase.
    earlier: Option<TerminalProgress>,
    bar: Option<ProgressBar>,
}

impl TrainingListener for Listener {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        match event {
            TrainingEvent::Progress(progress)
                if progress.activity == Activity::Training && progress.phase == self.phase =>
            {
                if self.earlier.take().is_some() {
                    self.bar = progress::bar();
                }
                let epochs = progress.epoch.saturating_sub(self.before + 1) as usize;
                let share = progress.done as f64 / progress.total.max(1) as f64;
                let step = (epochs as f64 + share) * self.steps_per_epoch as f64;
                if let Some(bar) = &self.bar {
                    bar.set_prefix("Trying rates");
                    bar.set_length(STEPS as u64);
                    bar.set_position((step.round() as u64).min(STEPS as u64));
                }
                Ok(())
            }
            event => match (&mut self.earlier, event) {
                (Some(earlier), event) => earlier.event(event),
                (None, TrainingEvent::Warning(text)) => {
                    output::warn(&format!("warning: {text}"));
                    Ok(())
                }
                (None, _) => Ok(()),
            },
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn as_text(found: &RateReport, figure: Option<&Path>) -> String {
    let mut text = format!("{}\n{}\n", found.answer(), found.details());
    if let Some(rate) = found.rate_to_take() {
        let field = format!("phases[{}].learning_rate", found.phase);
        text += &format!("Take it with --set {field}={}\n", format::rate(rate));
    }
    if let Some(figure) = figure {
        text += &format!("{}\n", figure.display());
    }
    text
}

fn as_json(found: &RateReport, figure: Option<&Path>) -> serde_json::Value {
    json!({
        "phase": found.phase + 1,
        "name": found.phase_name,
        "optimizer": found.optimizer,
        "learning_rate": found.present,
        "suggested_learning_rate": found.rate_to_take(),
        "valley": found.suggestion.as_ref().ok().map(|suggestion| suggestion.valley),
        "steepest": found.suggestion.as_ref().ok().map(|suggestion| suggestion.steepest),
        "why_no_suggestion": found.suggestion.as_ref().err(),
        "epochs_before": found.epochs_before,
        "train_pictures": found.train_pictures,
        "batch_size": found.batch_size,
        "end": found.curve.end,
        "points": found.curve.points,
        "figure": figure.map(shown::path),
    })
}
