//! The best setting so far in words: what was measured, what it can't be told from, and what its test said.

use crate::format;
use crate::report::sweep::{self, SettingTexts, goal_text, interval_text};
use crate::sweep::{Plan, Results, Row, Tested};
use crate::worker::messages::SweepStatus;

/// The best setting so far, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictView {
    /// `Best so far: learning rate 0.001, batch size 32`
    pub sentence: String,
    pub evidence: Vec<String>,
    /// How it is judged which others can't be told from it.
    pub rule: String,
    /// Its first cell, by index in the plan.
    pub cell: usize,
    /// Whether all its seeds have come to their end.
    pub is_complete: bool,
    /// Whether the test pictures were looked at for all its seeds.
    pub is_tested: bool,
    /// What the test pictures said, where they were looked at for it.
    pub tested: Option<String>,
    /// Whether another setting was tested before.
    pub other_was_tested: bool,
}

/// Others like the best that are named one by one.
const MOST_NAMED: usize = 2;

pub(super) fn verdict(
    plan: &Plan,
    status: &SweepStatus,
    texts: &SettingTexts,
) -> Option<VerdictView> {
    let results = &status.results;
    let row = results.rows.get(results.best?)?;
    let goal = plan.sweep.goal;
    let name = |group: usize| sweep::setting_name(plan, texts, group);
    let score = row.score?;
    let mut measured = format!(
        "{} {}",
        sweep::goal_title(goal),
        goal_text(goal, score.value)
    );
    if let Some(interval) = score.interval {
        measured += &format!(
            ", 95 % interval {} ({})",
            interval_text(goal, interval.low, interval.high),
            score.method.title()
        );
    }
    measured += &format!(
        ", {}.",
        match row.seeds {
            1 => "one seed".to_owned(),
            many => format!("mean of {}", format::count(many, "seed", "seeds")),
        }
    );
    let mut evidence = vec![measured];
    evidence.extend(compared(plan, results, row, &name));
    let cells = row.cells.iter().filter_map(|&index| plan.cells.get(index));
    let names: Vec<&String> = cells.map(|cell| &cell.name).collect();
    let tested_seeds = |tested: &Tested| {
        let is_tested = |name: &&&String| tested.cells.contains(name);
        names.iter().filter(is_tested).count()
    };
    let of_row = |tested: &Tested| tested_seeds(tested) > 0;
    let tested = status.tested.iter().rev().find(|tested| of_row(tested));
    let has_result = |tested: &&Tested| !tested.metrics.is_empty();
    // Seeds may have been added since.
    let seeds = tested.filter(has_result).map_or(0, tested_seeds);
    let is_over = status.cells.iter().all(|cell| cell.state.is_done());
    let best = if is_over { "Best" } else { "Best so far" };
    Some(VerdictView {
        sentence: format!("{best}: {}", name(row.group)),
        evidence,
        rule: results.method.clone(),
        cell: *row.cells.first()?,
        is_complete: row.is_complete,
        is_tested: seeds == names.len(),
        tested: tested.map(|tested| match tested.accuracy() {
            Some(score) => {
                let interval = score.interval.map_or_else(String::new, |interval| {
                    format!(
                        ", 95 % interval {}",
                        format::percent_range(interval.low, interval.high)
                    )
                });
                let of = match seeds == names.len() {
                    true => String::new(),
                    false => format!(
                        ", of {seeds} of its {}",
                        format::count(names.len(), "seed", "seeds")
                    ),
                };
                format!(
                    "On the test pictures: accuracy {}{interval}{of}.",
                    format::percent(score.value)
                )
            }
            None => {
                "Its test was begun and did not come to its end: it can be gone on with.".into()
            }
        }),
        other_was_tested: status.tested.iter().any(|tested| !of_row(tested)),
    })
}

/// What can be said of the settings beside the best one, in sentences.
fn compared(
    plan: &Plan,
    results: &Results,
    best: &Row,
    name: &dyn Fn(usize) -> String,
) -> Vec<String> {
    let is_other = |row: &&Row| row.group != best.group && row.score.is_some();
    let others = || results.rows.iter().filter(is_other);
    if others().next().is_none() {
        return Vec::new();
    }
    let like = &results.not_distinguishable;
    let judged = others()
        .filter(|row| row.is_complete || !best.is_complete)
        .count();
    let mut sentences = vec![match (like.len(), judged) {
        (0, 0) => {
            "No other setting has come to its end yet: nothing can be compared with it.".to_owned()
        }
        (0, 1) => "The other setting that has come to its end is worse beyond luck.".to_owned(),
        (0, judged) => format!(
            "All {} other settings that have come to their end are worse beyond luck.",
            format::thousands(judged as u64)
        ),
        (many, _) if many <= MOST_NAMED => {
            let names: Vec<String> = (like.iter())
                .filter_map(|&index| Some(name(results.rows.get(index)?.group)))
                .collect();
            format!("Not distinguishable from it: {}.", names.join("; "))
        }
        (many, _) => format!(
            "Not distinguishable from it: {}, marked in the table.",
            format::count(many, "other setting", "other settings")
        ),
    }];
    // A setting some of whose seeds are missing may yet be better.
    let goal = plan.sweep.goal;
    let is_higher = |row: &&Row| {
        let values = row.score.zip(best.score);
        !row.is_complete
            && best.is_complete
            && values.is_some_and(|(a, b)| goal.is_better(a.value, b.value))
    };
    let higher = others().filter(is_higher).count();
    if higher > 0 {
        let higher = format::count(higher, "setting stands", "settings stand");
        sentences.push(format!(
            "{higher} better so far, and not all of their seeds are trained yet."
        ));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sweep::tests::sample;

    fn said(change: impl FnOnce(&mut Results)) -> Vec<String> {
        let mut sample = sample(6, 3);
        change(&mut sample.results);
        let plan = std::sync::Arc::new(sample.plan);
        let status = SweepStatus {
            cells: sample.cells,
            results: sample.results,
            tested: Vec::new(),
            plan: plan.clone(),
        };
        let texts = SettingTexts::of(&plan);
        let verdict = verdict(&plan, &status, &texts);
        verdict.map_or_else(Vec::new, |verdict| verdict.evidence)
    }

    #[test]
    fn what_was_not_compared_is_not_called_worse() {
        // Three settings have come to their end, a fourth has one seed so far.
        let evidence = said(|results| {
            results.best = Some(2);
            results.not_distinguishable.clear();
        });
        assert_eq!(
            evidence[1],
            "All 2 other settings that have come to their end are worse beyond luck."
        );
        assert_eq!(
            evidence[2],
            "1 setting stands better so far, and not all of their seeds are trained yet."
        );
        let evidence = said(|results| {
            results.best = Some(2);
            results.not_distinguishable.clear();
            for row in [0, 1] {
                results.rows[row].is_complete = false;
            }
        });
        assert!(
            evidence[1].starts_with("No other setting has come to its end yet"),
            "{evidence:?}"
        );
        let evidence = said(|results| {
            results.best = Some(2);
            results.not_distinguishable = vec![1];
        });
        assert!(
            evidence[1].starts_with("Not distinguishable from it: Phase 2, learning rate 0.0001,"),
            "{evidence:?}"
        );
    }

    #[test]
    fn nothing_is_said_before_anything_was_measured() {
        assert!(said(|results| results.best = None).is_empty());
    }
}
