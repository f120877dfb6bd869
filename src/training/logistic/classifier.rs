//! What logistic regression comes to: a linear layer.

use tch::{Kind, Tensor};

use crate::training::error::TrainingError;

/// A linear layer: a row of features times its weights, and its intercepts, are the logits of a softmax. Of two classes, the
/// logits are each other's negative.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearClassifier {
    pub features: usize,
    pub classes: usize,
    /// `[classes, features]`, row by row, for features as they come from the network.
    pub weights: Vec<f64>,
    /// `[classes]`.
    pub intercepts: Vec<f64>,
}

impl LinearClassifier {
    /// Of rows `[rows, features]`, `[rows, classes]`.
    ///
    /// # Errors
    /// [`TrainingError::Experiment`] where the rows are of other features, and libtorch's own.
    pub fn probabilities(&self, values: &[f32]) -> Result<Vec<f32>, TrainingError> {
        if self.features == 0 || !values.len().is_multiple_of(self.features) {
            return Err(TrainingError::Experiment(format!(
                "{} numbers are no rows of {} features",
                values.len(),
                self.features
            )));
        }
        let _guard = tch::no_grad_guard();
        let weights = Tensor::f_from_slice(&self.weights)?;
        let weights = weights
            .f_reshape([self.classes as i64, self.features as i64])?
            .f_transpose(0, 1)?;
        let intercepts = Tensor::f_from_slice(&self.intercepts)?;
        let mut probabilities = Vec::with_capacity(values.len() / self.features * self.classes);
        // In double precision, some rows at a time: features may stand far from zero.
        for values in values.chunks(self.features * 4096) {
            let rows = Tensor::f_from_slice(values)?
                .f_reshape([-1i64, self.features as i64])?
                .f_to_kind(Kind::Double)?;
            let logits = rows.f_mm(&weights)?.f_add(&intercepts)?;
            let part = logits.f_softmax(1, Kind::Double)?.f_to_kind(Kind::Float)?;
            probabilities.extend(Vec::<f32>::try_from(part.f_reshape([-1i64])?)?);
        }
        Ok(probabilities)
    }
}
