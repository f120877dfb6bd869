//! What a sweep has found so far.

mod csv;
mod effects;
mod told_apart;

use super::cell::{CellState, CellStatus};
use super::goal::Goal;
use super::plan::Plan;
use crate::evaluation::seeds::Spread;
use crate::evaluation::{Interval, IntervalMethod, Score, wilson};
use crate::experiment::Monitor;
use crate::training::metrics::Unit;

pub use effects::EffectValues;
use told_apart::Measured;

/// What a sweep has found so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// One for each group, in the plan's order.
    pub rows: Vec<Row>,
    /// Index of the best row: of those that have come to their end, where there are any. `None` while nothing is measured.
    pub best: Option<usize>,
    /// Rows that can't be told from the best beyond luck, the best left out.
    pub not_distinguishable: Vec<usize>,
    /// How that was judged, and where its limits are, as whole sentences.
    pub method: String,
    /// By row: the mean of the goal that effects are means of; `None` where it does not count. See `effects_basis`.
    pub compared: Vec<Option<f64>>,
    /// Mean of the goal by value of each field, in the order of [`Plan::fields`].
    pub effects: Vec<Effect>,
    /// The same for each pair of fields, the first before the second: rows are the first's values.
    pub pairs: Vec<PairEffect>,
    /// What the means of effects are over, as a whole sentence.
    pub effects_basis: String,
}

/// One setting over its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub group: usize,
    /// Cells of the group, by index in [`Plan::cells`].
    pub cells: Vec<usize>,
    pub settings: Vec<String>,
    /// Seeds that count: finished ones where there are some, else those that have been measured.
    pub seeds: usize,
    /// Mean of the goal with its 95 % interval; `None` while nothing is measured.
    pub score: Option<Score>,
    /// Whether all seeds have come to their end.
    pub is_complete: bool,
    /// The fewest epochs that a seed of it has which was begun; 0 where none was.
    pub epochs: u32,
    /// Of all its cells together.
    pub seconds: f64,
}

/// Mean of the goal for each value of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Index in [`Plan::fields`].
    pub field: usize,
    /// The value, the mean of its settings, and how many they are. Numbers that were drawn stand in ranges.
    pub values: Vec<(String, f64, usize)>,
}

/// Mean of the goal for each pair of values.
#[derive(Debug, Clone, PartialEq)]
pub struct PairEffect {
    /// Indices in [`Plan::fields`].
    pub fields: (usize, usize),
    /// Values of the first field and of the second.
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    /// By row, then column; `None` where nothing is measured.
    pub means: Vec<Vec<Option<f64>>>,
}

impl Results {
    /// From how the cells stand, in the order of the plan's.
    pub fn new(plan: &Plan, cells: &[CellStatus]) -> Self {
        let measured: Vec<Measured> = (0..plan.groups())
            .map(|group| Measured::new(plan, cells, group))
            .collect();
        let rows: Vec<Row> = (measured.iter().enumerate())
            .map(|(group, measured)| row(plan, cells, group, measured))
            .collect();
        let best = best(plan.sweep.goal, &rows);
        let (not_distinguishable, method) =
            told_apart::from_best(plan.sweep.goal, &rows, &measured, best);
        let effects = effects::Effects::new(plan, cells);
        Self {
            compared: effects.compared(rows.len()),
            effects: effects.single(),
            pairs: effects.pairs(),
            effects_basis: effects.basis(),
            rows,
            best,
            not_distinguishable,
            method,
        }
    }

    /// Rows from the best to the worst: those that have come to their end first, what is not measured last.
    pub fn ranked(&self, goal: Goal) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let worth = |index: &usize| {
            let score = self.rows[*index].score;
            score.map(|score| goal.worth(score.value))
        };
        order.sort_by(|a, b| {
            let (left, right) = (worth(a), worth(b));
            (self.rows[*b].is_complete.cmp(&self.rows[*a].is_complete))
                .then(right.is_some().cmp(&left.is_some()))
                .then(
                    right
                        .unwrap_or_default()
                        .total_cmp(&left.unwrap_or_default()),
                )
                .then(a.cmp(b))
        });
        order
    }
}

fn row(plan: &Plan, cells: &[CellStatus], group: usize, measured: &Measured) -> Row {
    let indices: Vec<usize> = plan.of_group(group).collect();
    let of_group = || indices.iter().filter_map(|&index| cells.get(index));
    Row {
        group,
        settings: (indices.first())
            .map(|&index| plan.cells[index].settings.clone())
            .unwrap_or_default(),
        seeds: measured.values.len(),
        score: score(plan.sweep.goal, measured),
        is_complete: of_group().all(|cell| cell.state == CellState::Finished),
        epochs: of_group()
            .map(|cell| cell.epochs_done)
            .filter(|&epochs| epochs > 0)
            .min()
            .unwrap_or(0),
        seconds: of_group().map(|cell| cell.seconds).sum(),
        cells: indices,
    }
}

fn score(goal: Goal, measured: &Measured) -> Option<Score> {
    let values: Vec<f64> = measured.values.iter().map(|(_, value)| *value).collect();
    let is_share = goal.metric == Monitor::ValidationAccuracy && measured.pictures > 0;
    mean_score(
        &values,
        goal.info().unit,
        is_share.then_some(measured.pictures),
    )
}

/// The mean with the interval that its seeds give; of one seed, or of seeds that agree to the last digit, the one that its
/// `pictures` give, which only a share of them has.
pub(super) fn mean_score(values: &[f64], unit: Unit, pictures: Option<u64>) -> Option<Score> {
    let spread = Spread::new(values)?;
    if spread.standard_deviation > 0.0 {
        return Some(within_bounds(unit, spread.mean));
    }
    let value = spread.mean.value;
    Some(match pictures {
        Some(pictures) => Score {
            value,
            interval: Some(wilson(told_apart::right(value, pictures), pictures)),
            method: IntervalMethod::Wilson,
        },
        None => Score {
            value,
            interval: None,
            method: IntervalMethod::StudentT,
        },
    })
}

/// Student's interval knows no bounds, which shares and losses have.
fn within_bounds(unit: Unit, score: Score) -> Score {
    let most = match unit {
        Unit::Share => 1.0,
        Unit::Nats => f64::INFINITY,
    };
    Score {
        interval: score.interval.map(|interval| Interval {
            low: interval.low.max(0.0),
            high: interval.high.min(most),
        }),
        ..score
    }
}

fn best(goal: Goal, rows: &[Row]) -> Option<usize> {
    let any_complete = rows
        .iter()
        .any(|row| row.is_complete && row.score.is_some());
    let mut best: Option<(usize, f64)> = None;
    for (index, row) in rows.iter().enumerate() {
        if any_complete && !row.is_complete {
            continue;
        }
        if let Some(score) = row.score
            && best.is_none_or(|(_, known)| goal.is_better(score.value, known))
        {
            best = Some((index, score.value));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests;
