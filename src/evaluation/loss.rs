//! Log loss of stored answers.

use super::Predictions;

/// Mean cross-entropy per picture in nats, as scikit-learn's `log_loss` has it for single-precision
/// probabilities: each is first kept away from 0 and 1 by the precision of its kind. 0 without
/// pictures.
pub fn log_loss(predictions: &Predictions) -> f64 {
    if predictions.rows.is_empty() {
        return 0.0;
    }
    let sum: f64 = predictions
        .rows
        .iter()
        .map(|row| row.probabilities[row.truth as usize].clamp(f32::EPSILON, 1.0 - f32::EPSILON))
        .map(|probability| -f64::from(probability).ln())
        .sum();
    sum / predictions.rows.len() as f64
}
