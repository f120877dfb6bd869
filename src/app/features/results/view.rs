//! What the results show, as plain data.

use std::collections::BTreeMap;

use super::results_verdict::verdict;
use crate::app::core::state::{RunRecord, State};
use crate::app::core::{evaluation, run_names};
use crate::app::ui::hidden_runs;
use crate::evaluation::{Interval, Spread};
use crate::runs::{RunSummary, seeds, store};
use crate::training::events::TestMetrics;

/// Plain data of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultsView {
    /// Best first; runs on other test pictures come last.
    pub rows: Vec<ResultRow>,
    /// Which of two is ahead, and by how much.
    pub verdict: Option<String>,
    /// Experiments that were trained with several seeds on these pictures, best mean first.
    pub groups: Vec<GroupRow>,
    pub runs_known: usize,
    /// Tested runs that could be shown, by their ids.
    pub hidden: Vec<String>,
    pub can_train: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    pub id: String,
    pub name: String,
    pub backbone: String,
    pub color: usize,
    pub accuracy: f64,
    /// Its 95 % interval; nothing where there are too few groups for one.
    pub interval: Option<Interval>,
    pub macro_f1: f64,
    pub loss: f64,
    pub seconds: f64,
    /// Held at most.
    pub memory: Option<String>,
    /// The former with the latter, for whoever asks.
    pub memory_details: Option<String>,
    pub trainable: u64,
    pub n: usize,
    /// Whether it was tested on the same pictures as the others.
    pub comparable: bool,
    pub selected: bool,
}

/// One experiment, with all its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    pub name: String,
    pub backbone: String,
    /// Test pictures.
    pub n: usize,
    pub accuracy: Spread,
    pub macro_f1: Spread,
    /// Further runs with a seed that counts already.
    pub repeats: usize,
}

/// Means and spreads of experiments with the runs that they are of, one of each seed; best first. Most have been trained
/// once.
fn groups<'a>(
    tested: &[(&'a RunRecord, &'a RunSummary, &'a TestMetrics)],
) -> Vec<(GroupRow, Vec<&'a RunSummary>)> {
    let recipes: Vec<Option<&String>> = tested
        .iter()
        .map(|(_, summary, _)| summary.recipe.as_ref())
        .collect();
    let mut rows: Vec<(GroupRow, Vec<&RunSummary>)> = seeds::groups(&recipes)
        .into_iter()
        .filter_map(|group| {
            let once = seeds::one_per_seed(&group, |index| {
                let summary = tested[index].1;
                (summary.seed, summary.started)
            });
            let values = |value: fn(&TestMetrics) -> f64| {
                let values: Vec<f64> = once.iter().map(|&index| value(tested[index].2)).collect();
                Spread::new(&values)
            };
            let (run, summary, test) = tested[group[0]];
            let row = GroupRow {
                name: match once.len() {
                    1 => run.called().to_owned(),
                    _ => seeds::base_name(&run.name).to_owned(),
                },
                backbone: summary.backbone.clone(),
                n: test.n,
                accuracy: values(|test| test.accuracy)?,
                macro_f1: values(|test| test.macro_f1)?,
                repeats: group.len() - once.len(),
            };
            Some((row, once.into_iter().map(|index| tested[index].1).collect()))
        })
        .collect();
    rows.sort_by(|a, b| b.0.accuracy.mean.value.total_cmp(&a.0.accuracy.mean.value));
    rows
}

impl ResultsView {
    pub fn build(state: &State) -> Self {
        let tested: Vec<_> = state
            .runs
            .iter()
            .filter(|run| run.shown)
            .filter_map(|run| {
                let summary = run.summary.as_ref()?;
                Some((run, summary, summary.test.as_ref()?))
            })
            .collect();
        // The split that most runs share; of equals, that of the pictures in front, then the one used last.
        let is_in_front = evaluation::on_pictures_in_front(state);
        let mut splits: BTreeMap<&str, (usize, bool, u64)> = BTreeMap::new();
        for (run, summary, _) in &tested {
            let entry = splits.entry(&summary.test_split).or_default();
            *entry = (
                entry.0 + 1,
                entry.1 || is_in_front(run),
                entry.2.max(summary.started),
            );
        }
        let split = splits
            .iter()
            .max_by_key(|(_, rank)| **rank)
            .map(|(split, _)| *split);
        // Equal names are not enough: pictures may have been changed between two runs.
        let reference = tested
            .iter()
            .map(|(_, summary, _)| *summary)
            .filter(|summary| Some(summary.test_split.as_str()) == split)
            .max_by_key(|summary| summary.started);
        let is_comparable = |summary: &RunSummary| {
            reference.is_some_and(|reference| store::same_test(reference, summary).is_ok())
        };
        let mut rows: Vec<ResultRow> = tested
            .iter()
            .map(|(run, summary, test)| ResultRow {
                id: run.id.clone(),
                name: run_names::told_apart(run, state),
                backbone: summary.backbone.clone(),
                color: run.color,
                accuracy: test.accuracy,
                interval: summary.accuracy().and_then(|score| score.interval),
                macro_f1: test.macro_f1,
                loss: test.loss,
                seconds: summary.seconds_total,
                memory: summary.peak_memory_bytes.map(crate::format::bytes),
                memory_details: summary.memory(),
                trainable: summary.trainable_parameters,
                n: test.n,
                comparable: is_comparable(summary),
                selected: state.is_selected(&run.id),
            })
            .collect();
        rows.sort_by(|a, b| {
            (b.comparable.cmp(&a.comparable))
                .then(b.accuracy.total_cmp(&a.accuracy))
                .then(a.loss.total_cmp(&b.loss))
                .then_with(|| a.id.cmp(&b.id))
        });
        let comparable: Vec<_> = tested
            .into_iter()
            .filter(|(_, summary, _)| is_comparable(summary))
            .collect();
        let groups = groups(&comparable);
        let verdict = verdict(&groups);
        let groups = groups
            .into_iter()
            .map(|(row, _)| row)
            .filter(|row| row.accuracy.seeds > 1)
            .collect();
        Self {
            rows,
            verdict,
            groups,
            runs_known: state.runs.len(),
            hidden: hidden_runs::hidden(state),
            can_train: state.active_document().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::features::fakes;

    #[test]
    fn the_best_comparable_run_stands_first() {
        let view = ResultsView::build(&fakes::state());
        let names: Vec<(&str, bool)> = view
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.comparable))
            .collect();
        assert_eq!(
            names,
            [
                ("Fine-tuning", true),
                ("Feature extraction", true),
                ("From scratch", true),
                ("Solar cells, all views", false)
            ]
        );
        assert_eq!(
            view.verdict.as_deref(),
            Some(
                "Fine-tuning is better than Feature extraction: 91.2 % against 86.1 %, +5.0 points (3.4 to 6.9), p < 0.0001"
            )
        );
    }

    #[test]
    fn seeds_of_one_experiment_stand_together() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if let Some(summary) = run.summary.as_mut()
                && ["a", "b", "d"].contains(&run.id.as_str())
            {
                summary.recipe = Some("same".into());
            }
        }
        let view = ResultsView::build(&state);
        // The third was tested on other pictures.
        assert_eq!(view.groups.len(), 1);
        let spread = view.groups[0].accuracy;
        assert_eq!(spread.seeds, 2);
        assert!((spread.mean.value - 0.8865).abs() < 1e-9, "{spread:?}");
        assert!(ResultsView::build(&fakes::state()).groups.is_empty());
    }

    #[test]
    fn a_difference_that_chance_explains_is_none() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if run.name == "Fine-tuning"
                && let Some(summary) = run.summary.as_mut()
            {
                fakes::set_right(summary, 0.868);
            }
        }
        let verdict = ResultsView::build(&state).verdict.unwrap_or_default();
        assert!(
            verdict
                .starts_with("No difference between Fine-tuning and Feature extraction that 656 pictures could show: 86.7 % against 86.1 %"),
            "{verdict}"
        );
    }

    #[test]
    fn repeats_of_one_seed_are_no_spread() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if let Some(summary) = run.summary.as_mut() {
                summary.recipe = Some("same".into());
                summary.seed = Some(7);
            }
        }
        let view = ResultsView::build(&state);
        assert!(view.groups.is_empty());
        let verdict = view.verdict.unwrap_or_default();
        assert!(
            verdict.contains("times with one seed") && !verdict.contains("± 0.0"),
            "{verdict}"
        );
    }

    #[test]
    fn test_pictures_that_hold_something_else_are_not_comparable() {
        let mut state = fakes::state();
        for run in &mut state.runs {
            if let Some(summary) = run.summary.as_mut() {
                let contents = if run.name == "Fine-tuning" {
                    "new"
                } else {
                    "old"
                };
                summary.test_contents = Some(contents.into());
            }
        }
        let view = ResultsView::build(&state);
        let row = |name: &str| {
            view.rows
                .iter()
                .find(|row| row.name == name)
                .map(|row| row.comparable)
        };
        assert_ne!(row("Fine-tuning"), row("Feature extraction"));
    }
}
