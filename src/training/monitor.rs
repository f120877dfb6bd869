//! Which epoch was best, and when a phase has stopped getting better.

use serde::{Deserialize, Serialize};

use super::metrics::MetricInfo;
use crate::experiment::EarlyStopping;

/// What was seen of a metric so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The best value's bits, because text would lose what is no number.
    best: Option<u64>,
    /// The epoch of the best value, or the epochs since then.
    count: u32,
}

impl Watched {
    fn new(best: Option<f64>, count: u32) -> Self {
        Self {
            best: best.map(f64::to_bits),
            count,
        }
    }

    /// The same best value, with no epoch since.
    pub fn from_now(self) -> Self {
        Self { count: 0, ..self }
    }

    fn best(self) -> Option<f64> {
        self.best.map(f64::from_bits)
    }
}

/// Watches one metric over all epochs of a run.
#[derive(Debug)]
pub struct Best {
    metric: MetricInfo,
    best: Option<f64>,
    /// Counted from 1 over all phases; 0 before the first.
    epoch: u32,
}

impl Best {
    pub fn new(metric: MetricInfo) -> Self {
        Self {
            metric,
            best: None,
            epoch: 0,
        }
    }

    /// Whether `value` is better than every epoch's before. Of equals the first wins, and a value
    /// that is no number never does, except as the first.
    pub fn is_new_best(&mut self, epoch: u32, value: f64) -> bool {
        let better = self
            .best
            .is_none_or(|best| improves(self.metric, value, best, 0.0));
        if better {
            self.best = Some(value);
            self.epoch = epoch;
        }
        better
    }

    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The best epoch and its value.
    pub fn watched(&self) -> Watched {
        Watched::new(self.best, self.epoch)
    }

    /// Goes on from what [`Self::watched`] gave.
    pub fn set_watched(&mut self, watched: Watched) {
        self.best = watched.best();
        self.epoch = watched.count;
    }
}

/// Ends one phase.
#[derive(Debug)]
pub struct Patience {
    metric: MetricInfo,
    config: EarlyStopping,
    best: Option<f64>,
    /// Epochs since the last improvement.
    waited: u32,
}

impl Patience {
    pub fn new(metric: MetricInfo, config: EarlyStopping) -> Self {
        Self {
            metric,
            config,
            best: None,
            waited: 0,
        }
    }

    /// Whether the phase should end after an epoch with `value`.
    pub fn is_exhausted(&mut self, value: f64) -> bool {
        let better = self
            .best
            .is_none_or(|best| improves(self.metric, value, best, self.config.min_delta));
        if better {
            self.best = Some(value);
            self.waited = 0;
        } else {
            // A run that goes on says how long it has waited.
            self.waited = self.waited.saturating_add(1);
        }
        self.waited >= self.config.patience.max(1)
    }

    /// The best value, and how many epochs brought nothing better since.
    pub fn watched(&self) -> Watched {
        Watched::new(self.best, self.waited)
    }

    /// Goes on from what [`Self::watched`] gave.
    pub fn set_watched(&mut self, watched: Watched) {
        self.best = watched.best();
        self.waited = watched.count;
    }
}

fn improves(metric: MetricInfo, value: f64, best: f64, min_delta: f64) -> bool {
    if best.is_nan() {
        return !value.is_nan();
    }
    if metric.higher_is_better {
        value > best + min_delta
    } else {
        value < best - min_delta
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::monitored;
    use super::*;
    use crate::experiment::Monitor;

    #[test]
    fn the_best_epoch_follows_the_metrics_direction() {
        let check = |monitor, values: &[f64], expect| {
            let mut best = Best::new(monitored(monitor));
            for (epoch, &value) in (1..).zip(values) {
                best.is_new_best(epoch, value);
            }
            assert_eq!(best.epoch(), expect, "{monitor:?} {values:?}");
        };
        check(Monitor::ValidationLoss, &[0.9, 0.5, 0.5, 0.7], 2);
        check(Monitor::ValidationAccuracy, &[0.9, 0.5, 0.95, 0.95], 3);
        check(Monitor::ValidationMacroF1, &[f64::NAN, 0.2, 0.1], 2);
        check(Monitor::ValidationLoss, &[f64::NAN, f64::NAN], 1);
        check(Monitor::ValidationLoss, &[], 0);
    }

    #[test]
    fn patience_counts_epochs_without_improvement() {
        let check = |patience, min_delta, values: &[f64], expect| {
            let config = EarlyStopping {
                patience,
                min_delta,
            };
            let mut watch = Patience::new(monitored(Monitor::ValidationLoss), config);
            let ended = values.iter().position(|&value| watch.is_exhausted(value));
            assert_eq!(
                ended, expect,
                "patience {patience}, min_delta {min_delta}: {values:?}"
            );
        };
        check(2, 0.0, &[1.0, 0.9, 0.95, 0.93, 0.5], Some(3));
        check(2, 0.0, &[1.0, 0.9, 0.95, 0.8, 0.9, 0.7], None);
        check(1, 0.2, &[1.0, 0.9, 0.5], Some(1));
        check(0, 0.0, &[1.0, 0.9, 0.9], Some(2));
    }
}
