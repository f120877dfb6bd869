//! Right side: the runs, the current one first; in the middle, the same runs as a table.

use std::collections::BTreeSet;
use std::path::PathBuf;

mod changes;
mod editing;
mod events;
mod filter;
mod list;
mod menu;
mod offers;
pub mod requests;
mod row;
pub mod table;
mod toolbar;

use crate::app::core::command::RunText;
use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RecordState, RunRecord, State};
use crate::app::core::sweep::SweepRuns;
use crate::app::ui::view::ViewContext;
use crate::runs::names::without_number;
use crate::runs::seeds::base_name;
use crate::training::events::Activity;
use crate::worker::messages::RunId;
use crate::{format, shown};

pub use list::runs_panel_ui;
pub use offers::{Offer, offers};

/// What the list of runs remembers between frames.
#[derive(Debug, Default)]
pub struct RunsLocal {
    pub filter: filter::Filter,
    pub editing: Option<editing::Editing>,
    /// Groups that are folded, by their names.
    pub folded: BTreeSet<String>,
    /// The run that is to come into sight, by its id.
    pub scroll_to: Option<String>,
}

/// Begins to type what is said of a run, in its row of the list; the row comes into sight, whatever is filtered.
pub fn begin_editing(context: &mut ViewContext<'_>, id: &str, what: RunText) {
    let state = context.state;
    let run = state.runs.iter().find(|run| run.id == id);
    let Some(run) = run.filter(|run| run.folder.is_some()) else {
        return;
    };
    let row = RunRow::build(run, state, context.now);
    let local = context.panels.of_window::<RunsLocal>();
    if !local.filter.apply(state).iter().any(|run| run.id == id) {
        local.filter = local.filter.without_conditions();
    }
    local.folded.remove(&row.experiment);
    local.editing = Some(editing::Editing::of(&row, what));
    local.scroll_to = Some(row.id);
}

/// Plain data of the run list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunsView {
    /// Running, then waiting in the order of the queue, then pinned ones, then the others as they are sorted.
    pub rows: Vec<RunRow>,
    /// Runs that there are, shown or not.
    pub known: usize,
    /// Whether the folder of runs is looked at for the first time.
    pub is_reading: bool,
    /// Bytes on disk of all of them.
    pub bytes: u64,
    pub archived: usize,
    /// Every tag that a run has, in the order of the alphabet.
    pub tags: Vec<String>,
    pub runs_folder: PathBuf,
    /// Where runs stood that were moved to the trash last.
    pub trashed: Vec<PathBuf>,
    pub can_train: bool,
    /// Runs of the open sweep's cells.
    pub of_sweep: Option<SweepRuns>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    pub id: String,
    pub run: Option<RunId>,
    pub folder: Option<PathBuf>,
    /// As no other run is called.
    pub name: String,
    /// What the person called it.
    pub given: Option<String>,
    /// The experiment's name without a seed, which runs are grouped by.
    pub experiment: String,
    pub note: String,
    pub tags: Vec<String>,
    pub pinned: bool,
    pub archived: bool,
    /// Whether it stands in another folder than the runs.
    pub is_from_elsewhere: bool,
    pub bytes: u64,
    pub state: RecordState,
    /// Trains, and is held.
    pub paused: bool,
    pub color: usize,
    pub shown: bool,
    pub selected: bool,
    /// "90.4 %" of the test pictures; nothing before the test.
    pub accuracy: Option<String>,
    /// The second line: when, or how far.
    pub detail: String,
    /// Share of the whole run.
    pub progress: Option<f32>,
    /// Whether it ended too early and can go on.
    pub can_resume: bool,
    /// It is a cross-validation without a network that was trained on all folds.
    pub can_refit: bool,
    pub warnings: Vec<String>,
}

impl RunsView {
    /// `now` is in seconds since 1970.
    pub fn build(state: &State, now: u64, filter: &filter::Filter) -> Self {
        let records = filter.apply(state);
        let mut tags: Vec<String> = (state.runs.iter())
            .flat_map(|run| run.listed.annotations.tags.iter().cloned())
            .collect();
        tags.sort_unstable();
        tags.dedup();
        Self {
            rows: (records.into_iter())
                .map(|run| RunRow::build(run, state, now))
                .collect(),
            known: state.runs.len(),
            is_reading: !state.runs_listed,
            bytes: state.runs.iter().map(|run| run.listed.bytes).sum(),
            archived: (state.runs.iter())
                .filter(|run| run.listed.annotations.archived)
                .count(),
            tags,
            runs_folder: state.runs_folder.clone(),
            trashed: state.trashed.clone(),
            can_train: state.active_document().is_some(),
            of_sweep: state.sweep.cells_with_runs(),
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
    pub fn build(run: &RunRecord, state: &State, now: u64) -> Self {
        let accuracy = run
            .summary
            .as_ref()
            .and_then(|summary| summary.test.as_ref())
            .map(|test| format::percent(test.accuracy));
        let said = &run.listed.annotations;
        Self {
            id: run.id.clone(),
            run: run.run,
            folder: run.folder.clone(),
            name: told_apart(run, state),
            given: said.name.clone(),
            experiment: base_name(&run.name).to_owned(),
            note: said.note.clone(),
            tags: said.tags.clone(),
            pinned: said.pinned,
            archived: said.archived,
            is_from_elsewhere: (run.folder.as_ref())
                .is_some_and(|folder| folder.parent() != Some(&state.runs_folder)),
            bytes: run.listed.bytes,
            state: run.state.clone(),
            paused: run.state == RecordState::Running && state.is_held(run),
            color: run.color,
            shown: run.shown,
            selected: state.is_selected(&run.id),
            accuracy,
            detail: detail(run, state.is_held(run), now),
            progress: (run.state == RecordState::Running).then(|| share(run)),
            can_resume: run.can_resume(),
            can_refit: run.can_refit(),
            warnings: run.warnings.clone(),
        }
    }

    /// The name without the run's number: what it is called while nobody has given it a name.
    fn automatic(&self) -> &str {
        without_number(&self.name)
    }

    /// What stands in the name behind the experiment's: what tells the run from the others of that experiment.
    fn differs(&self) -> Option<&str> {
        let (_, differs) = self.name.split_once(self.experiment.as_str())?;
        differs.strip_prefix(", ")
    }

    /// Whether it can still be stopped.
    fn is_pending(&self) -> bool {
        matches!(self.state, RecordState::Running | RecordState::Queued)
    }
}

/// When a run began, or how far it is.
pub(super) fn detail(run: &RunRecord, paused: bool, now: u64) -> String {
    // What ended now did not begin now: what counts for a person is when it was there.
    let ended = |seconds: f64| seconds.max(0.0) as u64;
    let when = run.summary.as_ref().map(|summary| {
        format::ago(
            summary
                .started
                .saturating_add(ended(summary.seconds_total))
                .min(now),
            now,
        )
    });
    let epochs = run.metrics.len();
    match &run.state {
        // It has a card, and its process begins.
        RecordState::Queued if run.card.is_some() => on_card(run, "starting".into()),
        RecordState::Queued => "waiting".into(),
        RecordState::Running => running_text(run, paused),
        RecordState::Finished => {
            let when = when.unwrap_or_else(|| "finished".into());
            match run.summary.as_ref().and_then(|summary| summary.folds) {
                Some(folds) => format!("{folds} folds, {when}"),
                None => when,
            }
        }
        RecordState::Stopped => {
            let epochs = format::plural(epochs as u64, "epoch", "epochs");
            when.map_or_else(
                || format!("stopped after {epochs}"),
                |when| format!("stopped, {when}"),
            )
        }
        RecordState::Failed(reason) => shown::line(reason).into_owned(),
        RecordState::Elsewhere => "training in another window or on the command line".into(),
        RecordState::Interrupted => {
            let how = if run.can_resume() {
                "interrupted"
            } else {
                "interrupted in its first epoch"
            };
            when.map_or_else(|| how.into(), |when| format!("{how}, {when}"))
        }
    }
}

/// Finished epochs and the part of the current one, of all that are planned.
fn share(run: &RunRecord) -> f32 {
    if let Some((fold, folds)) = run.fold {
        let inside = share_of_one(run);
        // The one on all folds is trained for itself.
        return match fold.checked_sub(1) {
            None => inside,
            Some(before) => ((before as f32 + inside) / folds.max(1) as f32).clamp(0.0, 1.0),
        };
    }
    share_of_one(run)
}

fn share_of_one(run: &RunRecord) -> f32 {
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
        return on_card(run, "starting".into());
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
    let activity = match run.fold_text() {
        Some(fold) => format!("{fold}, {activity}"),
        None => activity,
    };
    let text = match progress.remaining_seconds {
        Some(seconds) if !paused => {
            format!("{activity}, {} left", crate::format::remaining(seconds))
        }
        _ => activity,
    };
    on_card(run, text)
}

/// With the card that trains it, where several do.
fn on_card(run: &RunRecord, text: String) -> String {
    match run.card {
        Some(card) => format!("{text}, cuda:{card}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fakes;
    use super::*;

    #[test]
    fn the_running_one_stands_first_and_the_latest_follow() {
        let view = RunsView::build(&fakes::state(), fakes::NOW, &filter::Filter::default());
        let expected = "\
AdamW, everything free | – | epoch 4/10, 3 min left
Waiting one | – | waiting
Fine-tuning | 91.2 % | just now
Feature extraction | 86.1 % | 9 min ago
From scratch | 71.2 % | 1 h ago
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
        let text = RunsView::build(&state, fakes::NOW, &filter::Filter::default()).text();
        assert!(text.contains("Fine-tuning, seed 2 | 91.2 % | "), "{text}");
        let view = RunsView::build(&state, fakes::NOW, &filter::Filter::default());
        let differs: Vec<&str> = view.rows.iter().filter_map(RunRow::differs).collect();
        assert!(differs.contains(&"seed 2"), "{differs:?}");
        assert!(!text.contains("free, seed"), "{text}");
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
            let row = RunRow::build(&state.runs[0], state, fakes::NOW);
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
}
