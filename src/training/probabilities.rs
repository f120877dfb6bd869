//! Probabilities of pictures, and what they are worth.

use tch::{Device, Kind, Tensor};

use super::error::TrainingError;
use super::events::TestMetrics;
use super::metrics::{Batch, Metric, Metrics};
use crate::evaluation::{Predictions, cross_entropy};
use crate::experiment::OutputLayer;

/// Probabilities of pictures, summed over the views in which they are seen.
pub(super) struct ProbabilitySum {
    rows: Vec<Vec<f64>>,
    views: Vec<u32>,
}

impl ProbabilitySum {
    pub fn new(pictures: usize, classes: usize) -> Self {
        Self {
            rows: vec![vec![0.0; classes]; pictures],
            views: vec![0; pictures],
        }
    }

    /// Adds one view of the pictures at `indices`, whose `logits` are `[N, classes]`, or `[N, 1]` for a sigmoid. The softmax is taken in float64, so that the
    /// loss of a sure mistake is not lost to rounding.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn add(
        &mut self,
        indices: &[usize],
        output: OutputLayer,
        logits: &Tensor,
    ) -> Result<(), TrainingError> {
        let _guard = tch::no_grad_guard();
        let logits = logits.f_to_kind(Kind::Double)?;
        let probabilities = match output {
            OutputLayer::Softmax => logits.f_softmax(-1, Kind::Double)?,
            OutputLayer::Sigmoid => {
                Tensor::f_cat(&[logits.f_neg()?.f_sigmoid()?, logits.f_sigmoid()?], 1)?
            }
        };
        for (&index, row) in indices.iter().zip(rows_of(&probabilities)?) {
            self.views[index] += 1;
            for (sum, value) in self.rows[index].iter_mut().zip(row) {
                *sum += value;
            }
        }
        Ok(())
    }

    pub fn mean(mut self) -> Vec<Vec<f64>> {
        for (row, &views) in self.rows.iter_mut().zip(&self.views) {
            for value in row {
                *value /= f64::from(views.max(1));
            }
        }
        self.rows
    }
}

/// The rows of a matrix `[rows, columns]`, on the CPU.
pub(super) fn rows_of(matrix: &Tensor) -> Result<Vec<Vec<f64>>, TrainingError> {
    let (_, columns) = matrix.size2()?;
    let flat = matrix
        .f_to(Device::Cpu)?
        .f_to_kind(Kind::Double)?
        .f_contiguous()?
        .f_reshape([-1i64])?;
    let flat: Vec<f64> = Vec::try_from(flat)?;
    Ok(flat
        .chunks(columns.max(1) as usize)
        .map(<[f64]>::to_vec)
        .collect())
}

/// Metrics of probabilities `[pictures][classes]`; the loss is the mean cross-entropy.
pub(super) fn test_metrics(probabilities: &[Vec<f64>], truth: &[u32]) -> TestMetrics {
    let classes = probabilities.first().map_or(0, Vec::len);
    let mut metrics = Metrics::new(classes);
    for (row, &label) in probabilities.iter().zip(truth) {
        let likelihood = row.get(label as usize).copied().unwrap_or(0.0);
        let mut best = 0;
        for (class, probability) in row.iter().enumerate() {
            if *probability > row[best] {
                best = class;
            }
        }
        metrics.update(&Batch {
            // As the answers are stored and read back.
            loss_sum: cross_entropy(likelihood as f32),
            truth: &[label],
            predicted: &[best as u32],
        });
    }
    TestMetrics {
        loss: metrics.loss.value(),
        accuracy: metrics.accuracy.value(),
        macro_f1: metrics.macro_f1.value(),
        n: truth.len(),
    }
}

/// What answers that were kept are worth, as a training says it of its own.
pub fn metrics_of(predictions: &Predictions) -> TestMetrics {
    let rows = &predictions.rows;
    let probabilities: Vec<Vec<f64>> = (rows.iter())
        .map(|row| {
            row.probabilities
                .iter()
                .map(|&value| value.into())
                .collect()
        })
        .collect();
    let truth: Vec<u32> = rows.iter().map(|row| row.truth).collect();
    test_metrics(&probabilities, &truth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Prediction, Predictions};

    #[test]
    fn the_test_loss_is_that_of_the_averaged_probabilities() {
        let metrics = test_metrics(
            &[vec![0.25, 0.75], vec![0.5, 0.5], vec![0.0, 1.0]],
            &[1, 0, 1],
        );
        let expected = -(0.75_f64.ln() + 0.5_f64.ln()) / 3.0;
        assert!((metrics.loss - expected).abs() < 1e-7);
        assert_eq!(
            (metrics.accuracy, metrics.macro_f1, metrics.n),
            (1.0, 1.0, 3)
        );
        assert!(test_metrics(&[vec![1.0, 0.0]], &[1]).loss.is_finite());
    }

    #[test]
    fn the_test_loss_is_the_log_loss_of_the_stored_answers() {
        // Sure and wrong, sure and right, and what single precision rounds.
        let probabilities = [
            vec![1.0, 0.0],
            vec![1.0 - 1e-12, 1e-12],
            vec![1.0, 0.0],
            vec![0.1, 0.9],
        ];
        let truth = [1, 1, 0, 1];
        let predictions = Predictions {
            classes: vec!["a".into(), "b".into()],
            rows: probabilities
                .iter()
                .zip(truth)
                .map(|(row, truth)| Prediction {
                    file: String::new(),
                    truth,
                    probabilities: row.iter().map(|&value| value as f32).collect(),
                })
                .collect(),
            ..Predictions::default()
        };
        let metrics = test_metrics(&probabilities, &truth);
        assert_eq!(metrics.loss, crate::evaluation::log_loss(&predictions));
        // (2 ln(1 / eps) - ln(1 - eps) - ln(0.9)) / 4 with numpy's float32 eps.
        assert!((metrics.loss - 7.997_533).abs() < 1e-5, "{}", metrics.loss);
    }
}
