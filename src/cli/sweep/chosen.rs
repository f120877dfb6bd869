//! What `graft sweep best` says of the setting that was chosen.

use serde_json::json;

use super::best::{Arguments, names, of_setting};
use super::results::{interval, row_json};
use crate::evaluation::Score;
use crate::format;
use crate::report::sweep::goal_text;
use crate::sweep::{Plan, Results, Tested};

/// Other settings that are listed.
const LISTED: usize = 12;

pub(super) fn as_text(
    arguments: &Arguments,
    plan: &Plan,
    results: &Results,
    chosen: usize,
    tested: &[Tested],
) -> String {
    let row = &results.rows[chosen];
    let mut text = String::new();
    for (field, value) in std::iter::zip(&plan.fields, &row.settings) {
        text += &format!("{field} = {value}\n");
    }
    let name = plan.sweep.goal.info().name;
    if let Some(score) = row.score {
        text += &format!(
            "{name} on validation pictures: {}{}, over {}\n",
            goal_text(plan.sweep.goal, score.value),
            interval(plan, row).map_or(String::new(), |interval| format!(
                " (95 % interval {interval}, {})",
                score.method.title()
            )),
            format::count(row.seeds, "seed", "seeds"),
        );
    }
    if results.best == Some(chosen) {
        text += &alike_text(plan, results);
    }
    text += &format!("{}\n", results.method);
    for name in names(plan, chosen) {
        text += &format!("Run: {}\n", arguments.which.out().join(name).display());
    }
    text += &test_text(plan, chosen, tested, &arguments.which.words());
    if arguments.preset.is_none() {
        text += &format!(
            "A preset of it: graft sweep best {} --preset FILE\n",
            arguments.which.words()
        );
    }
    text
}

fn alike_text(plan: &Plan, results: &Results) -> String {
    let alike = &results.not_distinguishable;
    if alike.is_empty() {
        return "Every other setting that was compared is worse beyond luck.\n".into();
    }
    let mut text = format!(
        "Can’t be told from it: {}\n",
        format::count(alike.len(), "other setting", "other settings")
    );
    let ranked = results.ranked(plan.sweep.goal);
    let listed = ranked.iter().filter(|index| alike.contains(index));
    for &index in listed.clone().take(LISTED) {
        let row = &results.rows[index];
        text += &format!(
            "  {}: {}\n",
            plan.setting_text(&row.settings),
            row.score.map_or("–".into(), |score| goal_text(
                plan.sweep.goal,
                score.value
            ))
        );
    }
    let rest = alike.len().saturating_sub(LISTED);
    if rest > 0 {
        text += &format!("  … and {rest} more\n");
    }
    text
}

fn test_text(plan: &Plan, chosen: usize, all: &[Tested], words: &str) -> String {
    let of_this = of_setting(all, plan, chosen);
    match of_this.and_then(|tested| Some((tested, tested.accuracy()?))) {
        Some((tested, accuracy)) => {
            let pictures = tested.metrics.first().map_or(0, |test| test.n);
            format!(
                "Test accuracy {}, {}, over {}\n",
                score_text(accuracy),
                format::count(pictures, "picture", "pictures"),
                format::count(tested.metrics.len(), "seed", "seeds")
            )
        }
        None if all.is_empty() => format!(
            "The test pictures were not looked at. Once you have chosen: graft sweep best {words} --test\n"
        ),
        None => format!(
            "The test pictures were looked at for {}, not for this one\n",
            format::count(all.len(), "other setting", "other settings")
        ),
    }
}

fn score_text(score: Score) -> String {
    match score.interval {
        Some(interval) => format!(
            "{} (95 % interval {}, {})",
            format::percent(score.value),
            format::percent_interval(interval.low, interval.high),
            score.method.title()
        ),
        None => format::percent(score.value),
    }
}

pub(super) fn as_json(
    plan: &Plan,
    results: &Results,
    chosen: usize,
    left: usize,
    tested: &[Tested],
) -> serde_json::Value {
    let alike: Vec<serde_json::Value> = (results.not_distinguishable.iter())
        .map(|&index| row_json(plan, &results.rows[index]))
        .collect();
    json!({
        "sweep": plan.sweep.name,
        "metric": plan.sweep.goal.info().name,
        "chosen": row_json(plan, &results.rows[chosen]),
        "is_best": results.best == Some(chosen),
        "not_distinguishable": alike,
        "method": results.method,
        "cells_left": left,
        "tested": of_setting(tested, plan, chosen),
        "settings_tested": tested.len(),
    })
}
