//! The mean loss per picture.

use super::{Batch, Metric, MetricInfo, Unit};

#[derive(Debug, Clone, Default)]
pub struct MeanLoss {
    pub(super) sum: f64,
    pub(super) pictures: usize,
}

impl MeanLoss {
    pub const INFO: MetricInfo = MetricInfo {
        name: "Loss",
        unit: Unit::Nats,
        higher_is_better: false,
    };
}

impl Metric for MeanLoss {
    fn info(&self) -> MetricInfo {
        Self::INFO
    }

    fn update(&mut self, batch: &Batch<'_>) {
        self.sum += batch.loss_sum;
        self.pictures += batch.truth.len();
    }

    fn value(&self) -> f64 {
        self.sum / self.pictures as f64
    }
}
