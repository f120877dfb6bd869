//! How long the two usual ways of training will take, before anything is trained: from the measured
//! speed of the frozen network and the work that is repeated every epoch.

use crate::models::speed::Measured;

/// Epochs of the lesson's recipe: the new head alone, and then the top layers too.
const EPOCHS: f64 = 10.0;
/// A step forward and two back.
const TRAINING_WORK: f64 = 3.0;
/// Of a head's step on one picture's cached features, in seconds: measured with Dense 128.
const HEAD_SECONDS: f64 = 4e-5;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeEstimate {
    /// In seconds: 10 epochs of a new head on features that are computed once.
    pub feature_extraction: f64,
    /// In seconds: 10 further epochs in which the last 20 layers learn.
    pub fine_tuning: f64,
    /// Of the features that are kept.
    pub cached_bytes: u64,
}

impl TimeEstimate {
    /// For `train` pictures to learn from and `others` to validate and test on.
    pub fn new(measured: &Measured, train: usize, others: usize) -> Self {
        let picture = 1.0 / measured.pictures_per_second.max(1e-9);
        let (train, all) = (train as f64, (train + others) as f64);
        let feature_extraction = all * picture + EPOCHS * train * HEAD_SECONDS;
        let top = measured.top_share * picture;
        let fine_tuning = all * (picture - top) + EPOCHS * TRAINING_WORK * train * top;
        Self {
            feature_extraction,
            fine_tuning,
            cached_bytes: (all * f64::from(measured.features) * 4.0) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_pictures_take_twice_the_time() {
        let measured = Measured {
            pictures_per_second: 50.0,
            features: 1280,
            top_share: 0.25,
        };
        let one = TimeEstimate::new(&measured, 1_000, 500);
        let two = TimeEstimate::new(&measured, 2_000, 1_000);
        assert!((two.feature_extraction / one.feature_extraction - 2.0).abs() < 1e-9);
        assert!((two.fine_tuning / one.fine_tuning - 2.0).abs() < 1e-9);
        assert_eq!(one.cached_bytes, 1_500 * 1280 * 4);
        // 30 s through the network, and 10 epochs of a head.
        assert!((one.feature_extraction - 30.4).abs() < 1e-9);
        assert!(one.fine_tuning > one.feature_extraction);
    }
}
