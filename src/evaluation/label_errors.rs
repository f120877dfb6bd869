//! Labels that are likely wrong: confident learning after Northcutt, Jiang and Chuang, “Confident
//! Learning: Estimating Uncertainty in Dataset Labels”, 2021 (arXiv 1911.00068), as cleanlab's
//! `find_label_issues(filter_by="confident_learning")` does it. Only answers on pictures that the
//! network has not learned from can tell.

use super::decision::most_probable;

/// A label that the network contradicts with confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelError {
    /// Place of the answer in what was given.
    pub index: usize,
    pub label: u32,
    /// The class that it confidently counts as.
    pub suggested: u32,
    /// The probability of the label (self-confidence): the lower, the more suspicious.
    pub label_probability: f32,
    /// The probability of the suggested class.
    pub suggested_probability: f32,
    /// From where on an answer counts as confident for the suggested class: the mean probability that
    /// pictures labelled so get.
    pub threshold: f64,
}

/// What keeps rounding from taking an answer below its threshold.
const SLACK: f64 = 1e-6;

/// A threshold that nothing reaches, of a class without pictures.
const UNREACHED: f64 = 2.0;

/// The least threshold, as cleanlab has it.
const LEAST: f64 = 2e-6;

/// Suspicious labels, the most suspicious first. `labels[i]` is the label of answer `i`, whose
/// probabilities `probabilities(i)` gives, one per class.
///
/// An answer counts for a class when its probability there reaches the class's threshold, the mean
/// over the pictures labelled with that class; of several classes, for the most probable one of all.
/// A label is suspicious when its picture counts for another class and is predicted as another.
pub fn label_errors<'a>(
    labels: &[u32],
    classes: usize,
    probabilities: impl Fn(usize) -> &'a [f32],
) -> Vec<LabelError> {
    let thresholds = thresholds(labels, classes, &probabilities);
    let mut found = Vec::new();
    for (index, &label) in labels.iter().enumerate() {
        let row = probabilities(index);
        let confident: Vec<usize> = (0..classes.min(row.len()))
            .filter(|&class| f64::from(row[class]) >= thresholds[class] - SLACK)
            .collect();
        let most_probable = most_probable(row) as usize;
        let counts_for = match confident[..] {
            [] => continue,
            [only] => only,
            _ => most_probable,
        };
        if counts_for as u32 == label || most_probable as u32 == label {
            continue;
        }
        found.push(LabelError {
            index,
            label,
            suggested: counts_for as u32,
            label_probability: row.get(label as usize).copied().unwrap_or(0.0),
            suggested_probability: row[counts_for],
            threshold: thresholds[counts_for],
        });
    }
    found.sort_by(|a, b| a.label_probability.total_cmp(&b.label_probability));
    found
}

fn thresholds<'a>(
    labels: &[u32],
    classes: usize,
    probabilities: &impl Fn(usize) -> &'a [f32],
) -> Vec<f64> {
    let mut sums = vec![(0.0, 0usize); classes];
    for (index, &label) in labels.iter().enumerate() {
        if let Some((sum, count)) = sums.get_mut(label as usize) {
            *sum += f64::from(
                probabilities(index)
                    .get(label as usize)
                    .copied()
                    .unwrap_or(0.0),
            );
            *count += 1;
        }
    }
    sums.into_iter()
        .map(|(sum, count)| {
            if count == 0 {
                UNREACHED
            } else {
                (sum / count as f64).max(LEAST)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        classes: usize,
        labels: Vec<u32>,
        probabilities: Vec<Vec<f32>>,
        issues: Vec<usize>,
    }

    #[test]
    fn suspicions_and_their_order_are_cleanlab_s() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/golden/label_errors.json")).unwrap();
        assert!(cases.iter().any(|case| case.issues.len() > 5));
        for case in cases {
            let found = label_errors(&case.labels, case.classes, |index| {
                &case.probabilities[index]
            });
            let indices: Vec<usize> = found.iter().map(|error| error.index).collect();
            assert_eq!(indices, case.issues);
        }
    }

    #[test]
    fn a_sure_contradiction_is_told_with_what_it_should_be() {
        let rows = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.02, 0.98]];
        let found = label_errors(&[0, 0, 1, 1, 0], 2, |index| &rows[index]);
        let [error] = found[..] else {
            panic!("{found:?}");
        };
        assert_eq!((error.index, error.label, error.suggested), (4, 0, 1));
        assert!((error.threshold - 0.85).abs() < 1e-6);
        assert!(label_errors(&[], 2, |index| &rows[index]).is_empty());
    }

    proptest! {
        #[test]
        fn a_suspect_is_never_what_the_network_predicts(
            rows in prop::collection::vec((0u32..3, prop::array::uniform3(0.01f32..1.0)), 1..40)
        ) {
            let labels: Vec<u32> = rows.iter().map(|(label, _)| *label).collect();
            let probabilities: Vec<[f32; 3]> = rows
                .iter()
                .map(|(_, row)| row.map(|value| value / row.iter().sum::<f32>()))
                .collect();
            let found = label_errors(&labels, 3, |index| &probabilities[index]);
            for pair in found.windows(2) {
                prop_assert!(pair[0].label_probability <= pair[1].label_probability);
            }
            for error in found {
                prop_assert_ne!(error.suggested, error.label);
                prop_assert!(f64::from(error.suggested_probability) > 0.0);
                prop_assert!(error.label_probability <= probabilities[error.index].iter().copied().fold(0.0, f32::max));
            }
        }
    }
}
