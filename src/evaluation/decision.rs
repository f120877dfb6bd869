//! From probabilities to an answer: temperature, threshold, rejection.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{ConfusionMatrix, Prediction, Predictions};

/// How probabilities become answers; what the window's sliders set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Divides the logits: 1 leaves probabilities as they are, more makes them less sure.
    pub temperature: f64,
    /// For two classes; the more probable one is taken without it.
    pub threshold: Option<Threshold>,
    /// An answer less sure than this is withheld; 0 withholds none.
    pub reject_below: f64,
}

/// Of two classes, answers `positive` from this probability on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    pub positive: u32,
    /// 0 to 1.
    pub at_least: f64,
}

/// What one picture was taken for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    pub class: u32,
    /// The class's probability. With a threshold it may be below a half.
    pub confidence: f64,
    /// Whether it is too unsure to be given.
    pub is_rejected: bool,
}

impl Default for Decision {
    /// The most probable class, always.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            threshold: None,
            reject_below: 0.0,
        }
    }
}

impl Decision {
    /// The answer for one picture. A threshold is passed over unless there are two classes.
    pub fn answer(&self, probabilities: &[f32]) -> Answer {
        let class = match self.threshold {
            Some(threshold) if probabilities.len() == 2 && threshold.positive < 2 => {
                let positive = threshold.positive;
                if tempered(probabilities, positive as usize, self.temperature)
                    >= threshold.at_least
                {
                    positive
                } else {
                    1 - positive
                }
            }
            _ => most_probable(probabilities),
        };
        let confidence = tempered(probabilities, class as usize, self.temperature);
        Answer {
            class,
            confidence,
            is_rejected: confidence < self.reject_below,
        }
    }

    /// An answer for every picture, in their order.
    pub fn answers(&self, predictions: &Predictions) -> Vec<Answer> {
        predictions
            .rows
            .iter()
            .map(|row| self.answer(&row.probabilities))
            .collect()
    }

    /// The pictures whose answer is given, in their order.
    pub fn given<'a>(&self, predictions: &'a Predictions) -> Cow<'a, Predictions> {
        let given = |row: &&Prediction| !self.answer(&row.probabilities).is_rejected;
        if self.reject_below <= 0.0 {
            return Cow::Borrowed(predictions);
        }
        Cow::Owned(Predictions {
            classes: predictions.classes.clone(),
            rows: predictions.rows.iter().filter(given).cloned().collect(),
            groups: predictions.groups.clone(),
        })
    }

    /// Counts of the answers that are given.
    pub fn confusion(&self, predictions: &Predictions) -> ConfusionMatrix {
        let pairs = predictions.rows.iter().filter_map(|row| {
            let answer = self.answer(&row.probabilities);
            (!answer.is_rejected).then_some((row.truth, answer.class))
        });
        ConfusionMatrix::from_pairs(predictions.classes.clone(), pairs)
    }
}

/// The most probable class; the first of several.
pub fn most_probable(probabilities: &[f32]) -> u32 {
    let mut best = 0;
    for (index, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = index;
        }
    }
    best as u32
}

/// The probability of `class` after dividing the logits by `temperature`. Logarithms of
/// probabilities are logits but for a constant that the softmax cancels.
pub fn tempered(probabilities: &[f32], class: usize, temperature: f64) -> f64 {
    if temperature == 1.0 {
        return f64::from(probabilities[class]);
    }
    let own = log_probability(probabilities[class]);
    let sum: f64 = probabilities
        .iter()
        .map(|&other| ((log_probability(other) - own) / temperature).exp())
        .sum();
    1.0 / sum
}

/// Every class's probability after dividing the logits by `temperature`.
pub fn temper(probabilities: &[f32], temperature: f64) -> Vec<f32> {
    if temperature == 1.0 {
        return probabilities.to_vec();
    }
    let logs: Vec<f64> = probabilities.iter().map(|&p| log_probability(p)).collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logs
        .iter()
        .map(|log| ((log - most) / temperature).exp())
        .collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / sum) as f32).collect()
}

/// A probability that was stored as 0 was too small for its 32 bits, not impossible.
pub(super) fn log_probability(probability: f32) -> f64 {
    f64::from(probability.max(f32::MIN_POSITIVE)).ln()
}

impl Predictions {
    /// The same answers with their probabilities at another temperature.
    pub fn at_temperature(&self, temperature: f64) -> Self {
        let mut changed = self.clone();
        for row in &mut changed.rows {
            row.probabilities = temper(&row.probabilities, temperature);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_rejection_decide() {
        let decision = Decision {
            threshold: Some(Threshold {
                positive: 0,
                at_least: 0.3,
            }),
            reject_below: 0.6,
            ..Decision::default()
        };
        let of = |probabilities: [f32; 2]| {
            let answer = decision.answer(&probabilities);
            (answer.class, answer.is_rejected)
        };
        assert_eq!(of([0.5, 0.5]), (0, true));
        assert_eq!(of([0.25, 0.75]), (1, false));
        assert_eq!(of([0.9, 0.1]), (0, false));
        let plain = Decision::default().answer(&[0.2, 0.4, 0.4]);
        assert_eq!((plain.class, plain.is_rejected), (1, false));
        let row = |file: &str, probabilities: [f32; 2]| Prediction {
            file: file.into(),
            truth: 0,
            probabilities: probabilities.to_vec(),
        };
        let predictions = Predictions {
            classes: vec!["a".into(), "b".into()],
            rows: vec![row("unsure", [0.5, 0.5]), row("sure", [0.9, 0.1])],
            ..Predictions::default()
        };
        let given = decision.given(&predictions);
        assert_eq!((given.rows.len(), given.rows[0].file.as_str()), (1, "sure"));
        let all = Decision::default();
        assert!(matches!(all.given(&predictions), Cow::Borrowed(_)));
        // A threshold means nothing for three classes.
        assert_eq!(decision.answer(&[0.3, 0.6, 0.1]).class, 1);
    }

    #[test]
    fn a_temperature_of_two_takes_square_roots() {
        let found = temper(&[0.64, 0.36], 2.0);
        assert!((found[0] - 0.8 / 1.4).abs() < 1e-6 && (found[1] - 0.6 / 1.4).abs() < 1e-6);
        assert!((tempered(&[0.64, 0.36], 1, 2.0) - 0.6 / 1.4).abs() < 1e-6);
        let sure = temper(&[0.0, 1.0], 0.5);
        assert_eq!(sure, [0.0, 1.0]);
        assert!(tempered(&[0.0, 1.0], 0, 4.0) > 0.0);
    }
}
