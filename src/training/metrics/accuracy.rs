//! The share of pictures whose most probable class is the true one.

use super::{Batch, Metric, MetricInfo, Unit};

#[derive(Debug, Clone, Default)]
pub struct Accuracy {
    pub(super) right: usize,
    pub(super) pictures: usize,
}

impl Accuracy {
    pub const INFO: MetricInfo = MetricInfo {
        name: "Accuracy",
        unit: Unit::Share,
        higher_is_better: true,
    };
}

impl Metric for Accuracy {
    fn info(&self) -> MetricInfo {
        Self::INFO
    }

    fn update(&mut self, batch: &Batch<'_>) {
        let pairs = batch.truth.iter().zip(batch.predicted);
        self.right += pairs
            .filter(|(truth, predicted)| truth == predicted)
            .count();
        self.pictures += batch.truth.len();
    }

    fn value(&self) -> f64 {
        self.right as f64 / self.pictures as f64
    }
}
