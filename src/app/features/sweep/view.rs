//! What the view of a sweep is drawn from, as plain data: what all of it shares, and the page where it is edited. That of the
//! results stands in `results/data.rs`.

use std::path::PathBuf;
use std::sync::Arc;

use super::fields::{self, FieldChoice, Suggestion};
use super::forecast;
use super::values::Kind;
use crate::app::core::documents::file_title;
use crate::app::core::state::{State, Tree};
use crate::app::core::sweep::{Draft, OpenSweep, Training};
use crate::experiment::DataSource;
use crate::format;
use crate::models::tree::LayerTree;
use crate::runs::settings::label;
use crate::sweep::{CellState, CellStatus, Plan, Strategy, seconds_left};
use crate::training::time_estimate::RunEstimate;
use crate::worker::messages::PlanBase;

/// What stands above both pages.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadView {
    pub name: String,
    /// The file's name, or that there is none.
    pub file: String,
    pub is_changed: bool,
    pub can_undo: bool,
    pub can_redo: bool,
    pub counts: Counts,
    /// Whether it was edited a moment ago, so that its cells may be others.
    pub is_pending: bool,
    /// How far it is, in words.
    pub progress: String,
    pub training: Training,
    /// Whether cells are being trained by others than this window.
    pub runs_elsewhere: bool,
    /// Why nothing can be trained now.
    pub obstacle: Option<String>,
    /// Whether a person must do something about that.
    pub is_obstructed: bool,
    pub data_is_missing: bool,
    pub has_slurm: bool,
    /// Tasks of Slurm that wait or run.
    pub slurm_tasks: usize,
    pub unread: Option<String>,
}

/// How many cells there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub all: usize,
    pub finished: usize,
    pub running: usize,
    pub failed: usize,
    /// Trained no further by successive halving.
    pub pruned: usize,
    /// Begun, and neither finished nor worked on.
    pub stopped: usize,
}

impl Counts {
    pub fn of(plan: &Plan, cells: &[CellStatus]) -> Self {
        let mut counts = Self {
            all: plan.cells.len(),
            ..Self::default()
        };
        for cell in cells {
            match cell.state {
                CellState::Finished => counts.finished += 1,
                CellState::Running => counts.running += 1,
                CellState::Failed(_) => counts.failed += 1,
                CellState::Pruned => counts.pruned += 1,
                CellState::Stopped | CellState::Interrupted => counts.stopped += 1,
                CellState::Missing => {}
            }
        }
        counts
    }

    /// Cells that need no more work.
    pub fn done(&self) -> usize {
        self.finished + self.pruned
    }
}

impl HeadView {
    pub fn build(open: &OpenSweep, state: &State) -> Self {
        let document = &open.document;
        let status = open.current_status();
        let plan = open.planned.plan.as_deref();
        let cells = status.map_or(&[][..], |status| &status.cells);
        let counts = plan.map_or_else(Counts::default, |plan| Counts::of(plan, cells));
        let is_live = open.training.is_live();
        Self {
            name: document.draft.sweep.name.clone(),
            file: (document.file.as_deref()).map_or_else(|| "not saved yet".into(), file_title),
            is_changed: document.is_changed(),
            can_undo: document.can_undo(),
            can_redo: document.can_redo(),
            counts,
            is_pending: open.planned.is_pending,
            progress: progress(counts, cells),
            training: open.training.clone(),
            runs_elsewhere: counts.running > 0 && !is_live,
            obstacle: obstacle(open),
            is_obstructed: open.planned.problem.is_some() && !open.planned.is_pending,
            data_is_missing: data_is_missing(open),
            has_slurm: state.sweep.has_slurm == Some(true),
            slurm_tasks: open.slurm.alive(),
            unread: open.unread.clone(),
        }
    }
}

/// `14 of 24 cells trained, 1 running, 2 failed, about 12 min left`
fn progress(counts: Counts, cells: &[CellStatus]) -> String {
    if counts.all == 0 {
        return String::new();
    }
    let number = |number: usize| format::thousands(number as u64);
    let mut parts = vec![format!(
        "{} of {} trained",
        number(counts.done()),
        format::count(counts.all, "cell", "cells")
    )];
    for (count, what) in [
        (counts.running, "running"),
        (counts.failed, "failed"),
        (counts.stopped, "begun"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", number(count)));
        }
    }
    // Without anybody at work nothing is left to wait for.
    if counts.running > 0
        && let Some(seconds) = seconds_left(cells).filter(|seconds| *seconds > 0.0)
    {
        let seconds = seconds / counts.running as f64;
        parts.push(format!("about {} left", format::remaining(seconds)));
    }
    parts.join(", ")
}

/// Why the sweep can't be trained as it is.
fn obstacle(open: &OpenSweep) -> Option<String> {
    let planned = &open.planned;
    // What was edited a moment ago is looked at without keeping anybody from beginning: whoever trains looks at it again.
    if planned.problem.is_some() && !planned.is_pending {
        return Some("It can't be trained as it is: Setup says why".into());
    }
    if planned.plan.is_none() {
        return Some("The sweep is being looked at".into());
    }
    if data_is_missing(open) {
        return Some("Choose pictures first".into());
    }
    None
}

/// Whether neither the base nor the person says where the pictures are.
fn data_is_missing(open: &OpenSweep) -> bool {
    let base = open.planned.base.as_deref();
    open.places.data.is_none()
        && base.is_some_and(|base| base.experiment.data.source == DataSource::Unset)
}

/// The page where a sweep is edited.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupView {
    pub draft: Draft,
    pub rows: Vec<VariedRow>,
    /// The base, whose fields can be added; they are listed only where a person looks for one.
    pub fields: Option<Arc<PlanBase>>,
    /// Fields that vary or are changed already.
    pub taken: Vec<String>,
    pub set: Vec<SetRow>,
    pub base: BaseView,
    /// What is wrong beside the lines.
    pub problem: Option<String>,
    pub remarks: Vec<String>,
    /// `6 settings under 2 seeds: 12 cells, 240 epochs`
    pub size: Option<String>,
    /// How long that takes, and what that is estimated from.
    pub time: Option<String>,
    /// The most epochs of a cell.
    pub longest: u32,
    pub data: String,
    pub data_is_missing: bool,
    pub has_other_data: bool,
    /// The pictures of the active experiment, where they are others.
    pub active_data: Option<PathBuf>,
    pub out: PathBuf,
    /// The folder that goes by the file's name, where another one is used.
    pub usual_out: Option<PathBuf>,
    pub all_cards: bool,
    pub cards: usize,
    /// Whether a run of this window trains now.
    pub trains_here: bool,
}

/// A line of what varies.
#[derive(Debug, Clone, PartialEq)]
pub struct VariedRow {
    pub path: String,
    pub label: String,
    /// The base's own value, as a preset has it.
    pub now: String,
    pub is_number: bool,
    pub suggestions: Vec<Suggestion>,
    pub problem: Option<String>,
}

/// A line of what is changed in every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct SetRow {
    pub path: String,
    pub label: String,
    pub value: String,
    pub problem: Option<String>,
}

/// What a sweep starts from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BaseView {
    pub title: String,
    pub detail: String,
    pub note: Option<String>,
    /// The name of the experiment that is active.
    pub active: Option<String>,
}

impl SetupView {
    /// Fields that can be added.
    pub fn choices(&self) -> Vec<FieldChoice> {
        let fields = (self.fields.as_deref()).map_or(&[][..], |base| &base.fields);
        fields::choices(fields, &self.taken)
    }

    /// `of_base`: what one run of the base takes, where that is known.
    pub fn build(open: &OpenSweep, state: &State, of_base: Option<&RunEstimate>) -> Self {
        let draft = open.document.draft.clone();
        let planned = &open.planned;
        let fields = planned.base.as_deref().map_or(&[][..], |base| &base.fields);
        let value = |path: &str| {
            let field = fields.iter().find(|field| field.path == path);
            field.map_or_else(String::new, |field| field.value.clone())
        };
        let stages = stages(open, state);
        let rows: Vec<VariedRow> = (draft.sweep.vary.iter().enumerate())
            .map(|(index, varied)| {
                let path = varied.fields.join(", ");
                let now = value(&path);
                VariedRow {
                    label: labels(&varied.fields),
                    is_number: now.parse::<f64>().is_ok()
                        || !matches!(Kind::of(&varied.values), Kind::List | Kind::Together),
                    suggestions: fields::suggestions(&path, &now, &stages),
                    problem: planned.problems_of_vary.get(index).cloned().flatten(),
                    path,
                    now,
                }
            })
            .collect();
        let set: Vec<SetRow> = (draft.sweep.set.iter().enumerate())
            .map(|(index, line)| {
                let (path, value) = line.split_once('=').unwrap_or((line, ""));
                SetRow {
                    label: label(path.trim()),
                    path: path.trim().to_owned(),
                    value: value.trim().to_owned(),
                    problem: planned.problems_of_set.get(index).cloned().flatten(),
                }
            })
            .collect();
        let is_said = rows.iter().any(|row| row.problem.is_some())
            || set.iter().any(|row| row.problem.is_some());
        let taken: Vec<String> = (draft.sweep.vary.iter())
            .flat_map(|varied| varied.fields.iter().cloned())
            .chain(set.iter().map(|row| row.path.clone()))
            .collect();
        let plan = planned.plan.as_deref();
        let problem = (planned.problem.clone()).filter(|_| !is_said && !planned.is_pending);
        Self {
            fields: planned.base.clone(),
            taken,
            base: base(open, state),
            size: plan.filter(|_| planned.problem.is_none()).map(size),
            time: (plan.filter(|_| planned.problem.is_none())).and_then(|plan| {
                let status = open.current_status();
                let cells = status.map_or(&[][..], |status| &status.cells);
                forecast::time_left(plan, cells, of_base)
            }),
            remarks: plan.map_or_else(Vec::new, |plan| plan.remarks.clone()),
            longest: plan.map_or(1, Plan::longest),
            data: data(open),
            data_is_missing: data_is_missing(open),
            has_other_data: open.places.data.is_some(),
            active_data: active_data(open, state),
            usual_out: (open.places.out.as_ref())
                .map(|_| open.usual_out(&state.runs_folder))
                .filter(|usual| open.places.out.as_ref() != Some(usual)),
            out: open.out(&state.runs_folder),
            all_cards: open.places.all_cards,
            cards: state
                .devices
                .as_ref()
                .map_or(0, |devices| devices.cuda.len()),
            trains_here: state.is_training(),
            problem,
            rows,
            set,
            draft,
        }
    }
}

/// What several fields that go together are called.
fn labels(fields: &[String]) -> String {
    let labels: Vec<String> = fields.iter().map(|field| label(field)).collect();
    labels.join(" with ")
}

/// The layers of the active experiment's backbone that a freeze plan can name, where the sweep has the same backbone.
fn stages(open: &OpenSweep, state: &State) -> Vec<String> {
    let Tree::Ready(tree) = &state.tree else {
        return Vec::new();
    };
    let base = open
        .planned
        .base
        .as_deref()
        .map(|base| &base.experiment.backbone.name);
    let active = state
        .active_document()
        .map(|active| &active.experiment.backbone.name);
    if base.is_none() || base != active {
        return Vec::new();
    }
    top_layers(tree)
}

fn top_layers(tree: &LayerTree) -> Vec<String> {
    let paths = tree.root.children.iter().map(|layer| layer.path.clone());
    paths.collect()
}

fn base(open: &OpenSweep, state: &State) -> BaseView {
    let draft = &open.document.draft;
    let base = open.planned.base.as_deref();
    let name = base.map_or_else(String::new, |base| base.experiment.name.clone());
    let active = state
        .active_document()
        .map(|active| active.experiment.name.clone());
    match &draft.base {
        Some(unsaved) => BaseView {
            title: unsaved.experiment.name.clone(),
            detail: "the open experiment, as it was".into(),
            note: Some(
                "It stands in no file as it is: a copy of it is kept beside the sweep when that is saved.".into(),
            ),
            active,
        },
        None => BaseView {
            title: if name.is_empty() { draft.sweep.base.clone() } else { name },
            detail: draft.sweep.base.clone(),
            note: None,
            active,
        },
    }
}

fn data(open: &OpenSweep) -> String {
    if let Some(data) = &open.places.data {
        return data.display().to_string();
    }
    let base = open.planned.base.as_deref();
    match base.and_then(|base| base.experiment.data.source.path()) {
        Some(path) => format!("{} (the base's)", path.display()),
        None => "none chosen".into(),
    }
}

fn active_data(open: &OpenSweep, state: &State) -> Option<PathBuf> {
    let document = state.active_document()?;
    let path = document.experiment.data.source.path()?;
    let path = crate::paths::expand(path, document.base().as_deref());
    (open.places.data.as_ref() != Some(&path)).then_some(path)
}

/// How much work there is, in words.
fn size(plan: &Plan) -> String {
    let settings = format::count(plan.groups(), "setting", "settings");
    let cells = format::count(plan.cells.len(), "cell", "cells");
    let seeds = format::plural(plan.sweep.seeds.into(), "seed", "seeds");
    let epochs = format::plural(plan.epochs(), "epoch", "epochs");
    let epochs = match plan.sweep.strategy {
        Strategy::SuccessiveHalving { .. } => format!("about {epochs}"),
        _ => epochs,
    };
    format!("{settings} under {seeds}: {cells}, {epochs} in all.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sweep::tests::sample;

    #[test]
    fn the_work_is_counted_by_what_the_strategy_trains() {
        let mut plan = sample(27, 0).plan;
        assert_eq!(
            size(&plan),
            "27 settings under 2 seeds: 54 cells, 1,080 epochs in all."
        );
        plan.sweep.strategy = Strategy::SuccessiveHalving {
            cells: None,
            seed: 1,
            first_epochs: 2,
            keep: 3,
            waits: true,
        };
        // 27 settings to 2 epochs, 9 of them to 6, 3 to 18, 1 to 20; each under two seeds.
        assert_eq!(
            size(&plan),
            "27 settings under 2 seeds: 54 cells, about 256 epochs in all."
        );
    }

    #[test]
    fn progress_is_said_in_words() {
        let sample = sample(10, 4);
        let counts = Counts::of(&sample.plan, &sample.cells);
        assert_eq!(
            (counts.all, counts.finished, counts.running, counts.failed),
            (20, 8, 1, 1)
        );
        let text = progress(counts, &sample.cells);
        assert!(
            text.starts_with("8 of 20 cells trained, 1 running, 1 failed, about "),
            "{text}"
        );
        assert_eq!(progress(Counts::default(), &[]), "");
    }
}
