//! Right side: the runs, the current one first.

use std::path::PathBuf;

mod events;
pub mod requests;
mod row;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::run_names::distinguishing_seed;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::ui::tokens::icon;
use crate::app::ui::widgets;
use crate::format;
use crate::training::events::Activity;
use crate::worker::messages::RunId;

/// Plain data of the run list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunsView {
    /// Running, then waiting in the order of the queue, then past ones, latest first.
    pub rows: Vec<RunRow>,
    pub can_train: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    pub id: String,
    pub run: Option<RunId>,
    pub folder: Option<PathBuf>,
    pub name: String,
    pub state: RecordState,
    pub color: usize,
    pub shown: bool,
    /// "90.4 %" of the test pictures; nothing before the test.
    pub accuracy: Option<String>,
    /// The second line: when, or how far.
    pub detail: String,
    /// Share of the whole run.
    pub progress: Option<f32>,
    /// Whether its curves have been read from its folder.
    pub loaded: bool,
    /// Whether it ended too early and can go on.
    pub can_resume: bool,
    pub warnings: Vec<String>,
}

impl RunsView {
    /// `now` is in seconds since 1970.
    pub fn build(state: &State, now: u64) -> Self {
        let mut records: Vec<(usize, &RunRecord)> = state.runs.iter().enumerate().collect();
        records.sort_by_key(|(index, run)| {
            let started = run.summary.as_ref().map_or(0, |summary| summary.started);
            match run.state {
                RecordState::Running => (0, 0, *index),
                RecordState::Queued => (1, 0, *index),
                _ => (2, u64::MAX - started, *index),
            }
        });
        let rows = records
            .into_iter()
            .map(|(_, run)| {
                let mut row = RunRow::build(run, state.paused, now);
                if let Some(seed) = distinguishing_seed(run, state) {
                    row.detail = format!("{}, seed {seed}", row.detail);
                }
                row
            })
            .collect();
        Self {
            rows,
            can_train: state.active_document().is_some(),
        }
    }

    /// The list as lines of text.
    pub fn text(&self) -> String {
        let line = |row: &RunRow| {
            format!(
                "{} | {} | {}",
                row.name,
                row.accuracy.as_deref().unwrap_or("–"),
                row.detail
            )
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl RunRow {
    fn build(run: &RunRecord, paused: bool, now: u64) -> Self {
        let when = run
            .summary
            .as_ref()
            .map(|summary| format::ago(summary.started, now));
        let epochs = run.metrics.len();
        let detail = match &run.state {
            RecordState::Queued => "waiting".into(),
            RecordState::Running => running_text(run, paused),
            RecordState::Finished => when.unwrap_or_else(|| "finished".into()),
            RecordState::Stopped => {
                let epochs = format::plural(epochs as u64, "epoch", "epochs");
                when.map_or_else(
                    || format!("stopped after {epochs}"),
                    |when| format!("stopped, {when}"),
                )
            }
            RecordState::Failed(reason) => reason.clone(),
            RecordState::Elsewhere => "training in another window or command".into(),
            RecordState::Interrupted => {
                let how = if run.can_resume() {
                    "interrupted"
                } else {
                    "interrupted in its first epoch"
                };
                when.map_or_else(|| how.into(), |when| format!("{how}, {when}"))
            }
        };
        let accuracy = run
            .summary
            .as_ref()
            .and_then(|summary| summary.test.as_ref())
            .map(|test| format::percent(test.accuracy));
        Self {
            id: run.id.clone(),
            run: run.run,
            folder: run.folder.clone(),
            name: run.name.clone(),
            state: run.state.clone(),
            color: run.color,
            shown: run.shown,
            accuracy,
            detail,
            progress: (run.state == RecordState::Running).then(|| share(run)),
            loaded: !run.metrics.is_empty(),
            can_resume: run.can_resume(),
            warnings: run.warnings.clone(),
        }
    }

    /// Whether it can still be stopped.
    fn is_pending(&self) -> bool {
        matches!(self.state, RecordState::Running | RecordState::Queued)
    }
}

/// Finished epochs and the part of the current one, of all that are planned.
fn share(run: &RunRecord) -> f32 {
    let mut done = run.metrics.len() as f32;
    if let Some(progress) = &run.progress {
        if progress.activity == Activity::Training && progress.total > 0 {
            done += progress.done as f32 / progress.total as f32;
        }
        if progress.activity == Activity::Testing {
            return 1.0;
        }
    }
    (done / run.epochs_planned.max(1) as f32).clamp(0.0, 1.0)
}

fn running_text(run: &RunRecord, paused: bool) -> String {
    let Some(progress) = &run.progress else {
        return "starting".into();
    };
    let activity = match progress.activity {
        _ if paused => "paused".to_owned(),
        Activity::Training | Activity::Validating => {
            format!(
                "epoch {}/{}",
                progress.epoch,
                run.epochs_planned.max(progress.epochs)
            )
        }
        activity => activity.text().to_owned(),
    };
    match progress.remaining_seconds {
        Some(seconds) if !paused => {
            format!("{activity}, {} left", crate::format::remaining(seconds))
        }
        _ => activity,
    }
}

pub fn runs_ui(ui: &mut egui::Ui, view: &RunsView, out: &mut Vec<Command>) {
    if view.rows.is_empty() {
        widgets::empty_state(
            ui,
            icon::CLOCK_COUNTER_CLOCKWISE,
            "No runs yet",
            "What you train is kept here, with its curves and results.",
            |ui| {
                let tooltip =
                    "Make feature extraction and fine-tuning from these pictures and train both";
                if view.can_train
                    && widgets::primary_button(ui, "Compare both ways", tooltip).clicked()
                {
                    out.push(Command::CompareBothWays);
                }
            },
        );
        return;
    }
    let height = 44.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    egui::ScrollArea::vertical()
        .id_salt("runs")
        .auto_shrink(false)
        .show_rows(ui, height, view.rows.len(), |ui, rows| {
            for row in &view.rows[rows] {
                ui.push_id(&row.id, |ui| row::row_ui(ui, row, height, out));
            }
        });
}

#[cfg(test)]
mod tests {
    use super::super::fakes;
    use super::*;

    #[test]
    fn the_running_one_stands_first_and_the_latest_follow() {
        let view = RunsView::build(&fakes::state(), fakes::NOW);
        let expected = "\
AdamW, everything free | – | epoch 4/10, 3 min left
Waiting one | – | waiting
Fine-tuning | 91.2 % | 5 min ago
Feature extraction | 86.1 % | 10 min ago
From scratch | 71.2 % | 2 h ago
Solar cells, all views | 90.0 % | yesterday
Diverged | – | the loss became NaN in epoch 2: lower the learning rate";
        assert_eq!(view.text(), expected);
    }

    #[test]
    fn runs_of_one_name_are_told_apart_by_their_seeds() {
        let mut state = fakes::state();
        for (run, seed) in state
            .runs
            .iter_mut()
            .filter(|run| run.summary.is_some())
            .zip(1..)
        {
            run.name = "Fine-tuning".into();
            if let Some(summary) = &mut run.summary {
                summary.seed = Some(seed);
            }
        }
        let text = RunsView::build(&state, fakes::NOW).text();
        assert!(
            text.contains("Fine-tuning | 91.2 % | 5 min ago, seed "),
            "{text}"
        );
        assert!(!text.contains("epoch 4/10, 3 min left, seed"), "{text}");
    }

    #[test]
    fn only_what_ended_too_early_and_saved_an_epoch_can_be_resumed() {
        let mut state = fakes::state();
        let check = |state: &mut State, record_state: RecordState, saved: bool, expected| {
            let run = &mut state.runs[0];
            run.state = record_state.clone();
            run.folder = Some("runs/one".into());
            if let Some(summary) = &mut run.summary {
                summary.can_resume = saved;
            }
            let row = RunRow::build(&state.runs[0], false, fakes::NOW);
            assert_eq!(
                row.can_resume, expected,
                "{record_state:?} {saved}: {}",
                row.detail
            );
            row.detail
        };
        state.runs[0]
            .summary
            .get_or_insert_with(|| crate::app::tests::fake::summary("one", 0.5));
        check(&mut state, RecordState::Stopped, true, true);
        check(
            &mut state,
            RecordState::Failed("disk full".into()),
            true,
            true,
        );
        let detail = check(&mut state, RecordState::Interrupted, true, true);
        assert!(detail.starts_with("interrupted, "), "{detail}");
        let detail = check(&mut state, RecordState::Interrupted, false, false);
        assert!(
            detail.starts_with("interrupted in its first epoch, "),
            "{detail}"
        );
        check(&mut state, RecordState::Stopped, false, false);
        check(&mut state, RecordState::Finished, true, false);
        check(&mut state, RecordState::Elsewhere, true, false);
        check(&mut state, RecordState::Running, true, false);
    }

    #[test]
    fn showing_a_run_that_was_never_read_reads_it() {
        let view = RunsView::build(&fakes::state(), fakes::NOW);
        let mut row = view.rows[2].clone();
        row.loaded = false;
        let mut out = Vec::new();
        row::show(&row, true, &mut out);
        assert!(
            matches!(&out[..], [Command::OpenRun(_), Command::ShowRun(_, true)]),
            "{out:?}"
        );
    }
}
