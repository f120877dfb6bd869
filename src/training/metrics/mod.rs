//! Metrics, accumulated over batches as plain numbers. Each says what it is called, its unit and
//! which direction is better; curves and the choice of the best epoch read that.

mod accuracy;
mod loss;
mod macro_f1;

pub use accuracy::Accuracy;
pub use loss::MeanLoss;
pub use macro_f1::MacroF1;

use serde::{Deserialize, Serialize};

use crate::experiment::Monitor;

/// How a metric is shown and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricInfo {
    /// "Accuracy", as axes and tables call it.
    pub name: &'static str,
    pub unit: Unit,
    pub higher_is_better: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share of 1, shown in per cent.
    Share,
    Nats,
}

/// Pictures of one batch, judged.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Sum of the pictures' losses.
    pub loss_sum: f64,
    pub truth: &'a [u32],
    pub predicted: &'a [u32],
}

/// A number about all pictures seen so far.
pub trait Metric {
    fn info(&self) -> MetricInfo;

    fn update(&mut self, batch: &Batch<'_>);

    /// `NaN` before the first picture.
    fn value(&self) -> f64;
}

/// The metric that `monitor` watches.
pub fn monitored(monitor: Monitor) -> MetricInfo {
    match monitor {
        Monitor::ValidationLoss => MeanLoss::INFO,
        Monitor::ValidationAccuracy => Accuracy::INFO,
        Monitor::ValidationMacroF1 => MacroF1::INFO,
    }
}

/// What [`Metrics`] have counted so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The bits of the sum, because text would lose the last of them.
    loss: u64,
    pictures: usize,
    right: usize,
    /// Right, true and predicted pictures of each class.
    classes: Vec<[usize; 3]>,
}

/// All three, fed together.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub loss: MeanLoss,
    pub accuracy: Accuracy,
    pub macro_f1: MacroF1,
}

impl Metrics {
    pub fn new(classes: usize) -> Self {
        Self {
            loss: MeanLoss::default(),
            accuracy: Accuracy::default(),
            macro_f1: MacroF1::new(classes),
        }
    }

    pub fn update(&mut self, batch: &Batch<'_>) {
        self.loss.update(batch);
        self.accuracy.update(batch);
        self.macro_f1.update(batch);
    }

    /// Everything that was counted, to go on from.
    pub fn counted(&self) -> Counted {
        Counted {
            loss: self.loss.sum.to_bits(),
            pictures: self.loss.pictures,
            right: self.accuracy.right,
            classes: self.macro_f1.counts(),
        }
    }

    /// Goes on from what [`Self::counted`] gave.
    pub fn from_counted(counted: &Counted) -> Self {
        Self {
            loss: MeanLoss {
                sum: f64::from_bits(counted.loss),
                pictures: counted.pictures,
            },
            accuracy: Accuracy {
                right: counted.right,
                pictures: counted.pictures,
            },
            macro_f1: MacroF1::from_counts(&counted.classes),
        }
    }

    /// What `monitor` watches.
    pub fn monitored(&self, monitor: Monitor) -> f64 {
        match monitor {
            Monitor::ValidationLoss => self.loss.value(),
            Monitor::ValidationAccuracy => self.accuracy.value(),
            Monitor::ValidationMacroF1 => self.macro_f1.value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::golden;

    #[test]
    fn accuracy_and_macro_f1_equal_scikit_learn_over_uneven_batches() {
        let cases = golden::cases("metrics");
        assert!(cases.len() >= 3);
        for case in cases {
            let whole = |key: &str| -> Vec<u32> {
                golden::numbers(&case[key])
                    .iter()
                    .map(|&value| value as u32)
                    .collect()
            };
            let (truth, predicted) = (whole("truth"), whole("predicted"));
            let mut metrics = Metrics::new(case["classes"].as_u64().unwrap() as usize);
            for (truth, predicted) in truth.chunks(7).zip(predicted.chunks(7)) {
                metrics.update(&Batch {
                    loss_sum: 0.5 * truth.len() as f64,
                    truth,
                    predicted,
                });
            }
            let close = |got: f64, key: &str| {
                let expected = case[key].as_f64().unwrap();
                assert!(
                    (got - expected).abs() < 1e-12,
                    "{key}: {got}, scikit-learn {expected}"
                );
            };
            close(metrics.accuracy.value(), "accuracy");
            close(metrics.macro_f1.value(), "macro_f1");
            assert!((metrics.loss.value() - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_seen_is_no_number() {
        let metrics = Metrics::new(2);
        for monitor in [
            Monitor::ValidationLoss,
            Monitor::ValidationAccuracy,
            Monitor::ValidationMacroF1,
        ] {
            assert!(metrics.monitored(monitor).is_nan());
            let higher = monitored(monitor).higher_is_better;
            assert_eq!(higher, monitor != Monitor::ValidationLoss);
        }
    }
}
