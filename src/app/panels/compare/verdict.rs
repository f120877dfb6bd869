//! Which of a pair is better, in words with the evidence.

use super::super::format;
use super::view::Named;
use crate::evaluation::{PairedComparison, Prediction, Predictions, SeedComparison, Verdict};
use crate::runs::comparison::Comparison;
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
    // The test looks at right and wrong alone.
    let rightness = |run: usize| Predictions {
        classes: vec!["right".into(), "wrong".into()],
        rows: comparison
            .files
            .iter()
            .enumerate()
            .map(|(picture, file)| Prediction {
                file: file.clone(),
                truth: 0,
                probabilities: if comparison.is_right(run, picture) {
                    vec![1.0, 0.0]
                } else {
                    vec![0.0, 1.0]
                },
            })
            .collect(),
    };
    let paired = PairedComparison::new(&rightness(from), &rightness(to)).ok()?;
    let (first, second) = (&runs[from].name, &runs[to].name);
    let mut verdict = Verdict::new(first, second, &paired);
    let name = |run: usize| seeds::base_name(&comparison.runs[run].summary.experiment).to_owned();
    if let Some(seeds) = seed_pairs(comparison, from, to) {
        verdict = verdict.with_seeds(&name(from), &name(to), &seeds);
    }
    let mut evidence = vec![format!(
        "Of {}, {} went from wrong to right and {} from right to wrong. The interval of the difference is Newcombe's \
         for pairs, 95 %; p is McNemar's exact test: how often chance alone would split them so unevenly.",
        format::plural(paired.pictures, "test picture", "test pictures"),
        format::count(paired.only_second_right),
        format::count(paired.only_first_right),
    )];
    evidence.extend(verdict.seeds.clone().map(|text| format!("{text}.")));
    Some(VerdictText {
        sentence: format!("{}: {}", verdict.headline, verdict.evidence),
        evidence,
    })
}

/// Accuracies of two experiments under the same seeds.
fn seed_pairs(comparison: &Comparison, from: usize, to: usize) -> Option<SeedComparison> {
    let group = |run: usize| comparison.groups.iter().find(|group| group.contains(&run));
    let (first, second) = (group(from)?, group(to)?);
    if first == second {
        return None;
    }
    let accuracy = |run: usize| comparison.runs[run].confusion.accuracy();
    let seed = |run: usize| comparison.runs[run].experiment.seed;
    let pairs: Vec<(f64, f64)> = first
        .iter()
        .filter_map(|&one| {
            let other = second.iter().find(|&&other| seed(other) == seed(one))?;
            Some((accuracy(one), accuracy(*other)))
        })
        .collect();
    SeedComparison::new(&pairs)
}
