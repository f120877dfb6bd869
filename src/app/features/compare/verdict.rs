//! Which of a pair is better, in words with the evidence.

use super::view::Named;
use crate::analysis::better;
use crate::analysis::comparison::Comparison;
use crate::format;
use crate::runs::seeds;

/// A verdict in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictText {
    pub sentence: String,
    pub evidence: Vec<String>,
}

/// Which of the pair is better, and what speaks for it.
pub(super) fn verdict(
    comparison: &Comparison,
    runs: &[Named],
    from: usize,
    to: usize,
) -> Option<VerdictText> {
    let (first, second) = (&runs[from].name, &runs[to].name);
    let name = |run: usize| seeds::base_name(&comparison.runs[run].summary.experiment).to_owned();
    let judged = better::judge(
        (first, &comparison.right(from)),
        (second, &comparison.right(to)),
        comparison.picture_groups.as_deref(),
        (&name(from), &name(to)),
        &seed_pairs(comparison, from, to),
    );
    let (paired, verdict) = match judged {
        Ok(judged) => judged,
        Err(reason) => {
            return Some(VerdictText {
                sentence: reason,
                evidence: Vec::new(),
            });
        }
    };
    let mut evidence = vec![format!(
        "Of {}, only “{second}” is right on {}, and only “{first}” on {}.",
        format::plural(paired.pictures, "test picture", "test pictures"),
        format::thousands(paired.only_second_right),
        format::thousands(paired.only_first_right),
    )];
    evidence.extend(verdict.seeds.clone().map(|text| format!("{text}.")));
    evidence.push(format!("How this is computed: {}.", paired.how()));
    Some(VerdictText {
        sentence: format!("{}: {}", verdict.headline, verdict.evidence),
        evidence,
    })
}

/// Accuracies of two experiments under the same seeds, each seed once.
fn seed_pairs(comparison: &Comparison, from: usize, to: usize) -> Vec<(f64, f64)> {
    let group = |run: usize| comparison.groups.iter().find(|group| group.contains(&run));
    let (Some(first), Some(second)) = (group(from), group(to)) else {
        return Vec::new();
    };
    if first == second {
        return Vec::new();
    }
    let accuracy = |run: usize| comparison.runs[run].confusion.accuracy();
    let seed = |run: usize| comparison.runs[run].experiment.seed;
    let started = |run: usize| comparison.runs[run].summary.started;
    let once = |group: &[usize]| seeds::one_per_seed(group, |run| (Some(seed(run)), started(run)));
    let second = once(second);
    once(first)
        .into_iter()
        .filter_map(|one| {
            let other = second.iter().find(|&&other| seed(other) == seed(one))?;
            Some((accuracy(one), accuracy(*other)))
        })
        .collect()
}
