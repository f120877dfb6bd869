//! The answer so far, in sentences.

use super::words::{cost_text, score_text};
use crate::format;
use crate::shootout::{ShootoutCost, ShootoutEntry, ShootoutReport};

/// The answer so far.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerView {
    /// `MobileNetV2 is the best so far: 87.3 % accuracy (84.1 to 90.0 %)`
    pub sentence: String,
    pub evidence: Vec<String>,
    pub best: usize,
    pub best_title: String,
    /// The one that computes quickest of those that can't be told from the best, where it is another one.
    pub cheapest: Option<(usize, String)>,
    pub restriction: Option<String>,
}

/// The best so far, what can't be told from it, and what it costs.
pub(super) fn answer(report: &ShootoutReport) -> Option<AnswerView> {
    let best = report.best()?;
    let score = best.score(report.metric)?;
    let done = report.done();
    let title = best.called();
    let metric = report.metric.title();
    let so_far = match report.is_done() {
        true => "",
        false => " so far",
    };
    let sentence = match done {
        1 => format!("{title} has {} {metric}", score_text(score)),
        _ => format!(
            "{title} is the best{so_far}: {} {metric}",
            score_text(score)
        ),
    };
    let like_best: Vec<(usize, &ShootoutEntry)> = (report.entries.iter().enumerate())
        .filter(|(_, entry)| {
            entry.outcome.is_some()
                && entry
                    .comparison
                    .is_some_and(|comparison| !comparison.is_worse && !comparison.is_borderline)
        })
        .collect();
    let mut evidence = Vec::new();
    if done > 1 {
        evidence.push(told_apart(report, done, &like_best));
    }
    evidence.push(costs_sentence(best));
    let rate = |entry: &ShootoutEntry| entry.cost(ShootoutCost::SecondsPerPicture);
    let cheapest = (like_best.iter().filter_map(|(index, entry)| {
        let cost = rate(entry)?;
        Some((*index, entry, cost))
    }))
    .min_by(|a, b| a.2.total_cmp(&b.2))
    .filter(|(_, _, cost)| rate(best).is_some_and(|best| *cost < best))
    .map(|(index, entry, _)| (index, entry.called()));
    Some(AnswerView {
        sentence,
        evidence,
        best: 0,
        best_title: title,
        cheapest,
        restriction: best.restriction.clone(),
    })
}

/// What can't be told from the best, what may be worse, or that all others are.
fn told_apart(
    report: &ShootoutReport,
    done: usize,
    like_best: &[(usize, &ShootoutEntry)],
) -> String {
    let names: Vec<String> = like_best.iter().map(|(_, entry)| entry.called()).collect();
    let is_borderline = |entry: &&ShootoutEntry| {
        entry
            .comparison
            .is_some_and(|comparison| comparison.is_borderline)
    };
    let borderline = report.entries.iter().filter(is_borderline);
    let borderline: Vec<String> = borderline.map(ShootoutEntry::called).collect();
    let mut parts = Vec::new();
    if !names.is_empty() {
        parts.push(format!(
            "Not distinguishable from it: {}.",
            listed(&names, 5)
        ));
    }
    if !borderline.is_empty() {
        parts.push(format!("May be worse: {}.", listed(&borderline, 3)));
    }
    if parts.is_empty() {
        let others = match done {
            2 => "the other",
            _ => "all others",
        };
        let pictures = format::count(report.pictures, "picture", "pictures");
        parts.push(format!(
            "Better than {others} beyond luck, on the same {pictures}."
        ));
    }
    parts.join(" ")
}

/// The first of several names.
fn listed(names: &[String], most: usize) -> String {
    match names.len() > most {
        true => format!(
            "{} and {} more",
            names[..most].join(", "),
            names.len() - most
        ),
        false => names.join(", "),
    }
}

/// `It takes 4.2 ms for a picture here, 412 MB of memory and 13.6 MB on disk.`
fn costs_sentence(entry: &ShootoutEntry) -> String {
    let parts: Vec<String> = [
        (ShootoutCost::SecondsPerPicture, " for a picture here"),
        (ShootoutCost::Memory, " of memory"),
        (ShootoutCost::FileSize, " on disk"),
    ]
    .into_iter()
    .filter_map(|(cost, what)| {
        let value = entry.cost(cost)?;
        Some(format!("{}{what}", cost_text(cost, value)))
    })
    .collect();
    match parts.split_last() {
        Some((last, [])) => format!("It takes {last}."),
        Some((last, first)) => format!("It takes {} and {last}.", first.join(", ")),
        None => String::new(),
    }
}
