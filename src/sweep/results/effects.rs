//! How the goal depends on each field, and on pairs of them: means over all settings that share a value.

use super::{Effect, PairEffect};
use crate::format;
use crate::sweep::cell::{CellState, CellStatus};
use crate::sweep::plan::Plan;
use crate::sweep::strategy;

/// Ranges that drawn numbers are put into, at most.
const RANGES: usize = 5;
/// Of more values than this, each stands for too few settings to say anything.
const MOST_VALUES: usize = 8;

/// Settings that are measured alike, and the values of their fields.
pub(super) struct Effects {
    /// By field: its values in their order.
    values: Vec<Vec<String>>,
    /// The index of each field's value, and the goal.
    settings: Vec<(Vec<usize>, f64)>,
    /// The group of each of `settings`.
    groups: Vec<usize>,
    basis: String,
}

impl Effects {
    pub fn new(plan: &Plan, cells: &[CellStatus]) -> Self {
        let goal = plan.sweep.goal;
        let rung = strategy::rungs(&plan.sweep.strategy, plan.longest())
            .first()
            .copied();
        let measured = |cell: &CellStatus| match rung {
            // Settings that were trained for different times can't be averaged: all of them have the first rung.
            Some(rung) if cell.epochs_done >= rung || cell.state == CellState::Finished => {
                goal.best(&cell.metrics, rung).map(|(value, _)| value)
            }
            Some(_) => None,
            None if cell.state == CellState::Finished => cell.goal,
            None => None,
        };
        let means: Vec<(usize, f64)> = (0..plan.groups())
            .filter_map(|group| {
                let of_group = plan.of_group(group).filter_map(|index| cells.get(index));
                let values: Vec<f64> = of_group.filter_map(measured).collect();
                let sum: f64 = values.iter().sum();
                (!values.is_empty()).then(|| (group, sum / values.len() as f64))
            })
            .collect();
        let text = |group: usize, field: usize| -> &str {
            let cell = plan.of_group(group).next();
            let settings = cell.and_then(|index| plan.cells.get(index));
            settings
                .and_then(|cell| cell.settings.get(field))
                .map_or("", String::as_str)
        };
        let mut values = Vec::with_capacity(plan.fields.len());
        let mut indices: Vec<Vec<usize>> = vec![Vec::new(); means.len()];
        for field in 0..plan.fields.len() {
            let all: Vec<&str> = (0..plan.groups()).map(|group| text(group, field)).collect();
            let scale = EffectValues::new(&all);
            for ((group, _), indices) in means.iter().zip(&mut indices) {
                indices.push(scale.index(text(*group, field)));
            }
            values.push(scale.names().to_vec());
        }
        let settings = std::iter::zip(indices, &means)
            .map(|(indices, (_, mean))| (indices, *mean))
            .collect();
        let counted = format::count(means.len(), "setting", "settings");
        Self {
            values,
            settings,
            groups: means.iter().map(|(group, _)| *group).collect(),
            basis: match rung {
                Some(rung) => format!(
                    "Means over {counted} after {}, which all settings are trained for.",
                    format::plural(rung.into(), "epoch", "epochs")
                ),
                None => {
                    format!("Means over {counted} of which at least one seed has come to its end.")
                }
            },
        }
    }

    /// The goal of each of so many groups.
    pub fn compared(&self, groups: usize) -> Vec<Option<f64>> {
        let mut compared = vec![None; groups];
        for (&group, (_, goal)) in std::iter::zip(&self.groups, &self.settings) {
            if let Some(place) = compared.get_mut(group) {
                *place = Some(*goal);
            }
        }
        compared
    }

    pub fn single(&self) -> Vec<Effect> {
        (self.values.iter().enumerate())
            .map(|(field, values)| Effect {
                field,
                values: (values.iter().enumerate())
                    .filter_map(|(value, name)| {
                        let (mean, count) = self.mean(|indices| indices[field] == value)?;
                        Some((name.clone(), mean, count))
                    })
                    .collect(),
            })
            .collect()
    }

    pub fn pairs(&self) -> Vec<PairEffect> {
        let mut pairs = Vec::new();
        for first in 0..self.values.len() {
            for second in first + 1..self.values.len() {
                let mean = |row: usize, column: usize| {
                    let mean =
                        self.mean(|indices| indices[first] == row && indices[second] == column);
                    mean.map(|(mean, _)| mean)
                };
                let (rows, columns) = (&self.values[first], &self.values[second]);
                pairs.push(PairEffect {
                    fields: (first, second),
                    rows: rows.clone(),
                    columns: columns.clone(),
                    means: (0..rows.len())
                        .map(|row| (0..columns.len()).map(|column| mean(row, column)).collect())
                        .collect(),
                });
            }
        }
        pairs
    }

    pub fn basis(&self) -> String {
        self.basis.clone()
    }

    fn mean(&self, is_meant: impl Fn(&[usize]) -> bool) -> Option<(f64, usize)> {
        let goals: Vec<f64> = (self.settings.iter())
            .filter(|(indices, _)| is_meant(indices))
            .map(|(_, goal)| *goal)
            .collect();
        let sum: f64 = goals.iter().sum();
        (!goals.is_empty()).then(|| (sum / goals.len() as f64, goals.len()))
    }
}

/// The values of a field that effects are told for: one by one, or many numbers in a few ranges of as many settings each.
pub enum EffectValues {
    Values(Vec<String>),
    /// The highest number of each range but the last, and their names.
    Ranges(Vec<f64>, Vec<String>),
}

impl EffectValues {
    /// `all`: what each setting of the plan has.
    pub fn new(all: &[&str]) -> Self {
        let mut values: Vec<String> = Vec::new();
        for text in all {
            if !values.iter().any(|value| value == text) {
                values.push((*text).to_owned());
            }
        }
        let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
        match numbers {
            Some(mut numbers) if values.len() > MOST_VALUES => {
                numbers.sort_by(f64::total_cmp);
                let bounds: Vec<usize> = (0..=RANGES)
                    .map(|range| range * numbers.len() / RANGES)
                    .collect();
                let ranges = bounds.windows(2).map(|ends| &numbers[ends[0]..ends[1]]);
                let ends: Vec<(f64, f64)> = ranges
                    .filter_map(|range| Some((*range.first()?, *range.last()?)))
                    .collect();
                Self::Ranges(
                    ends.iter().map(|(_, last)| *last).collect(),
                    (ends.iter())
                        .map(|(first, last)| format!("{first} to {last}"))
                        .collect(),
                )
            }
            _ => Self::Values(values),
        }
    }

    /// Of the value, or range, that `text` is.
    pub fn index(&self, text: &str) -> usize {
        match self {
            Self::Values(values) => values.iter().position(|value| value == text).unwrap_or(0),
            Self::Ranges(ends, _) => {
                let number = text.parse().unwrap_or(f64::NAN);
                let index = ends.iter().position(|&end| number <= end);
                index.unwrap_or(ends.len().saturating_sub(1))
            }
        }
    }

    pub fn names(&self) -> &[String] {
        match self {
            Self::Values(values) => values,
            Self::Ranges(_, names) => names,
        }
    }
}
