//! What a sweep looks for.

use crate::experiment::Monitor;
use crate::training::EpochMetrics;
use crate::training::metrics::{MetricInfo, monitored};

/// What a sweep looks for. It is measured on validation pictures: the test pictures are not looked at before a setting was
/// chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    pub metric: Monitor,
}

impl Default for Goal {
    fn default() -> Self {
        Self {
            metric: Monitor::ValidationAccuracy,
        }
    }
}

impl Goal {
    /// Its name, and whether higher is better.
    pub fn info(self) -> MetricInfo {
        monitored(self.metric)
    }

    /// Its value after an epoch; `None` without validation pictures, or where it is no number.
    pub fn of(self, epoch: &EpochMetrics) -> Option<f64> {
        let value = match self.metric {
            Monitor::ValidationLoss => epoch.validation_loss,
            Monitor::ValidationAccuracy => epoch.validation_accuracy,
            Monitor::ValidationMacroF1 => epoch.validation_macro_f1,
        };
        value.filter(|value| value.is_finite())
    }

    /// As its column of `metrics.csv` is called.
    pub fn column(self) -> &'static str {
        match self.metric {
            Monitor::ValidationLoss => "validation_loss",
            Monitor::ValidationAccuracy => "validation_accuracy",
            Monitor::ValidationMacroF1 => "validation_macro_f1",
        }
    }

    /// A value turned so that higher is better.
    pub fn worth(self, value: f64) -> f64 {
        match self.info().higher_is_better {
            true => value,
            false => -value,
        }
    }

    /// Whether `a` is better than `b`.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        self.worth(a) > self.worth(b)
    }

    /// The best value among the epochs up to `until`, and its epoch; of equals the first.
    pub fn best(self, metrics: &[EpochMetrics], until: u32) -> Option<(f64, u32)> {
        let mut best: Option<(f64, u32)> = None;
        for epoch in metrics.iter().filter(|epoch| epoch.epoch <= until) {
            if let Some(value) = self.of(epoch)
                && best.is_none_or(|(known, _)| self.is_better(value, known))
            {
                best = Some((value, epoch.epoch));
            }
        }
        best
    }
}
