//! scikit-learn's `classification_report`.

use serde::{Deserialize, Serialize};

use super::ConfusionMatrix;

/// Precision, recall and F1 per class, with averages. A ratio without a denominator is 0, as in scikit-learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    pub classes: Vec<ClassReport>,
    pub accuracy: f64,
    pub macro_average: ClassReport,
    pub weighted_average: ClassReport,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    pub name: String,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub support: u64,
}

impl ClassificationReport {
    pub fn new(confusion: &ConfusionMatrix) -> Self {
        let _ = confusion;
        unimplemented!()
    }
}
