//! The confusion matrix.

use serde::{Deserialize, Serialize};

use super::Predictions;

/// `counts[truth][predicted]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    pub classes: Vec<String>,
    pub counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    pub fn new(predictions: &Predictions) -> Self {
        let n = predictions.classes.len();
        let mut counts = vec![vec![0; n]; n];
        for row in &predictions.rows {
            counts[row.truth as usize][row.predicted() as usize] += 1;
        }
        Self { classes: predictions.classes.clone(), counts }
    }
}
