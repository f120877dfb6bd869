//! The mean over classes of F1, the harmonic mean of precision and recall.

use super::{Batch, Metric, MetricInfo, Unit};

/// Every class counts the same, however rare. As scikit-learn's `f1_score(average="macro")`:
/// classes that neither occur nor are predicted are left out.
#[derive(Debug, Clone)]
pub struct MacroF1 {
    counts: Vec<Counts>,
}

/// Of one class.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    right: usize,
    truth: usize,
    predicted: usize,
}

impl MacroF1 {
    pub const INFO: MetricInfo = MetricInfo {
        name: "Macro-F1",
        unit: Unit::Share,
        higher_is_better: true,
    };

    pub fn new(classes: usize) -> Self {
        Self {
            counts: vec![Counts::default(); classes],
        }
    }

    /// Right, true and predicted pictures of each class.
    pub(super) fn counts(&self) -> Vec<[usize; 3]> {
        let counts = self.counts.iter();
        counts
            .map(|counts| [counts.right, counts.truth, counts.predicted])
            .collect()
    }

    /// Goes on from what [`Self::counts`] gave.
    pub(super) fn from_counts(counts: &[[usize; 3]]) -> Self {
        let counts = counts.iter();
        Self {
            counts: counts
                .map(|&[right, truth, predicted]| Counts {
                    right,
                    truth,
                    predicted,
                })
                .collect(),
        }
    }
}

impl Metric for MacroF1 {
    fn info(&self) -> MetricInfo {
        Self::INFO
    }

    fn update(&mut self, batch: &Batch<'_>) {
        for (&truth, &predicted) in batch.truth.iter().zip(batch.predicted) {
            if let Some(counts) = self.counts.get_mut(truth as usize) {
                counts.truth += 1;
                counts.right += usize::from(truth == predicted);
            }
            if let Some(counts) = self.counts.get_mut(predicted as usize) {
                counts.predicted += 1;
            }
        }
    }

    fn value(&self) -> f64 {
        let seen = || {
            self.counts
                .iter()
                .filter(|counts| counts.truth + counts.predicted > 0)
        };
        let sum: f64 = seen()
            .map(|counts| 2.0 * counts.right as f64 / (counts.truth + counts.predicted) as f64)
            .sum();
        sum / seen().count() as f64
    }
}
