//! A cross-validation of the command line: its trainings, what the terminal hears of them, and what it says at its end.

use std::fmt::Write;
use std::path::Path;

use anyhow::bail;
use serde_json::json;

use super::Planned;
use super::result::Trained;
use crate::cli::progress::TerminalProgress;
use crate::cli::table::{Align, table};
use crate::cli::{output, resume};
use crate::evaluation::Score;
use crate::format;
use crate::runs::cross_validation::{
    self, CrossValidation, CrossValidationListener, EndedCrossValidation, FoldStart, MeanAndSpread,
    fold_folder,
};
use crate::runs::lifecycle::{RunListener, RunRequest};
use crate::runs::{RunError, RunRecorder, store};
use crate::shown;
use crate::training::{ResumePoint, TrainingError, TrainingEvent, TrainingListener, train};

pub(super) fn train_folds(planned: &Planned, request: RunRequest) -> anyhow::Result<Trained> {
    let (runs, refit) = (request.runs.clone(), request.terms.refit);
    let mut listener = Listener {
        planned,
        runs: &runs,
        progress: None,
        goes_on: false,
    };
    let ended = cross_validation::carry_out(request, &train, &mut listener);
    // The bar goes before anything else is said.
    drop(listener);
    let EndedCrossValidation {
        folder,
        summary,
        result,
    } = match ended {
        Err(RunError::Stopped) => bail!("stopped before the training began"),
        ended => ended?,
    };
    let (outcome, cross_validation) = match result {
        Ok(result) => result,
        Err(TrainingError::Stopped) => bail!(output::Lines(after_stop(&folder, refit))),
        Err(error) => {
            return Err(anyhow::Error::new(error).context(format!(
                "the cross-validation failed ({}); what is missing is trained by graft run --resume \"{0}\"",
                folder.display()
            )));
        }
    };
    Ok(Trained {
        experiment: store::experiment(&folder)?,
        folder,
        memory: summary.memory_use(),
        test_split: summary.test_split,
        outcome,
        cross_validation: Some(cross_validation),
        is_earlier: false,
    })
}

fn after_stop(folder: &Path, refit: bool) -> String {
    format!(
        "the cross-validation was stopped; what was trained so far stands in its folder. Go on with\n  graft run --resume \
         \"{}\"{}",
        shown::line(&folder.display().to_string()),
        if refit { " --refit" } else { "" }
    )
}

/// Tells the person at the terminal which fold is trained, and how it goes.
struct Listener<'a> {
    planned: &'a Planned,
    runs: &'a Path,
    progress: Option<TerminalProgress>,
    /// The fold that is opened next had begun before.
    goes_on: bool,
}

impl TrainingListener for Listener<'_> {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        match &mut self.progress {
            Some(progress) => progress.event(event),
            None => Ok(()),
        }
    }
}

impl RunListener for Listener<'_> {
    fn opened(
        &mut self,
        recorder: &RunRecorder,
        point: Option<&ResumePoint>,
    ) -> Result<(), RunError> {
        if self.goes_on {
            output::warn(&resume::line(recorder, point));
        }
        self.progress = Some(TerminalProgress::new(recorder.summary().epochs_planned));
        Ok(())
    }
}

impl CrossValidationListener for Listener<'_> {
    fn cross_validation(&mut self, recorder: &RunRecorder) -> Result<(), RunError> {
        let Planned {
            experiment,
            base,
            resumed,
            ..
        } = self.planned;
        let folder = recorder.folder().display();
        if resumed.is_some() {
            output::warn(&format!("Going on with the cross-validation: {folder}"));
        } else if let Some((_, folder)) =
            store::repeats(self.runs, experiment, base.as_deref()).first()
        {
            output::warn(&format!(
                "warning: this cross-validation was trained before, and gives the same numbers again: {}",
                folder.display()
            ));
        }
        Ok(())
    }

    fn fold(&mut self, fold: &FoldStart) {
        // The bar of the fold before goes first.
        self.progress = None;
        self.goes_on = fold.has_begun && !fold.is_finished;
        let state = match fold.is_finished {
            true => ": trained already",
            false => "",
        };
        let title = fold.title();
        let mut letters = title.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        output::warn(&format!(
            "{}{}{state}",
            first.unwrap_or_default(),
            letters.as_str()
        ));
    }
}

/// What JSON adds to the run's own numbers.
pub(super) fn as_json(one: &Trained, result: &CrossValidation) -> serde_json::Value {
    let folds: Vec<serde_json::Value> = result
        .folds
        .iter()
        .map(|fold| {
            let mut value = json!(fold);
            value["run"] = json!(shown::path(&fold_folder(&one.folder, fold.fold)));
            value
        })
        .collect();
    let refit = cross_validation::refitted(&one.folder);
    json!({
        "scores": result.scores,
        "spread": result.spread,
        "groups": result.groups,
        "folds": folds,
        "refit": refit.map(|refit| shown::path(&refit)),
    })
}

/// Scores over all folds and of each.
pub(super) fn as_text(one: &Trained, result: &CrossValidation) -> String {
    let mut text = String::new();
    let number = result.folds.len();
    let _ = writeln!(
        text,
        "{number} folds: every picture was answered by the network that had not seen it; {} in all",
        format::count(result.scores.pictures as usize, "picture", "pictures")
    );
    if let Some(proof) = result.groups {
        let _ = writeln!(text, "{}", proof.text());
    }
    let scores = &result.scores;
    for (name, score, spread, percent) in [
        (
            "Accuracy",
            &scores.accuracy,
            Some(&result.spread.accuracy),
            true,
        ),
        ("Balanced accuracy", &scores.balanced_accuracy, None, true),
        (
            "Macro-F1",
            &scores.macro_f1,
            Some(&result.spread.macro_f1),
            false,
        ),
        (
            "Log loss",
            &scores.log_loss,
            Some(&result.spread.loss),
            false,
        ),
    ] {
        let _ = writeln!(text, "{name} {}", score_text(score, spread, percent));
    }
    text.push_str(
        "An interval is for other pictures of the same kind and these networks; how much networks trained on other pictures \
         would differ shows in the spread over the folds.\n\n",
    );
    let header = [
        ("fold", Align::Right),
        ("train", Align::Right),
        ("validation", Align::Right),
        ("test", Align::Right),
        ("accuracy", Align::Right),
        ("macro-F1", Align::Right),
        ("loss", Align::Right),
        ("best epoch", Align::Right),
    ];
    let rows: Vec<Vec<String>> = result
        .folds
        .iter()
        .map(|fold| {
            vec![
                fold.fold.to_string(),
                format::thousands(fold.train_pictures as u64),
                format::thousands(fold.validation_pictures as u64),
                format::thousands(fold.test.n as u64),
                format::percent(fold.test.accuracy),
                format::score(fold.test.macro_f1),
                format::loss(fold.test.loss),
                fold.best_epoch.to_string(),
            ]
        })
        .collect();
    text.push_str(&table(&header, &rows));
    let _ = match cross_validation::refitted(&one.folder) {
        Some(refit) => writeln!(
            text,
            "\nThe network that was trained on all folds, whose figures are those above: {}",
            shown::line(&refit.display().to_string())
        ),
        None => writeln!(
            text,
            "\nOne network on all pictures is trained by: graft run --resume \"{}\" --refit",
            shown::line(&one.folder.display().to_string())
        ),
    };
    text
}

/// "92.1 % (95 % interval 90.2 to 93.8 %, bootstrap …); folds 91.0 to 93.4 %"
fn score_text(score: &Score, spread: Option<&MeanAndSpread>, is_share: bool) -> String {
    let write = |value: f64| match is_share {
        true => format::percent(value),
        false => format::score(value),
    };
    let mut text = write(score.value);
    match (score.interval, score.why_no_interval()) {
        (Some(interval), _) => {
            let interval = match is_share {
                true => format::percent_interval(interval.low, interval.high),
                false => format!("{} to {}", write(interval.low), write(interval.high)),
            };
            let _ = write!(
                text,
                " (95 % interval {interval}, {})",
                score.method.title()
            );
        }
        (None, Some(reason)) => {
            let _ = write!(text, " ({reason})");
        }
        (None, None) => {}
    }
    if let Some(spread) = spread {
        let range = match is_share {
            true => format::percent_interval(spread.lowest, spread.highest),
            false => format!("{} to {}", write(spread.lowest), write(spread.highest)),
        };
        let deviation = write(spread.standard_deviation);
        let _ = write!(text, "; folds {range}, standard deviation {deviation}");
    }
    text
}
