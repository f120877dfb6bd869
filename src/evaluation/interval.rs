//! How far a number measured on few pictures can be from the truth.

use serde::{Deserialize, Serialize};

/// The 97.5th percentile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// A range of values, for shares 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// How an interval was worked out. All are of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Of a share: [`wilson`].
    Wilson,
    /// Percentiles over so many samples drawn with replacement from the pictures (Efron 1979).
    Bootstrap { resamples: u32 },
    /// Of the difference of two shares on the same pictures: [`super::paired::newcombe`].
    Newcombe,
    /// Student's t, of a mean over repetitions.
    StudentT,
}

impl IntervalMethod {
    /// What a person calls it: `Wilson`, `bootstrap, 1000 resamples`.
    pub fn title(self) -> String {
        match self {
            Self::Wilson => "Wilson".to_owned(),
            Self::Bootstrap { resamples } => format!("bootstrap, {resamples} resamples"),
            Self::Newcombe => "Newcombe, paired".to_owned(),
            Self::StudentT => "Student's t".to_owned(),
        }
    }
}

/// A number with its 95 % interval, and how that was worked out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub value: f64,
    /// Absent where it has not been worked out, or can't be.
    pub interval: Option<Interval>,
    pub method: IntervalMethod,
}

impl Score {
    /// A share with Wilson's interval; 0 with an interval of 0 to 1 where there is nothing to count.
    pub fn share(successes: u64, trials: u64) -> Self {
        Self {
            value: super::confusion::ratio(successes, trials),
            interval: Some(wilson(successes, trials)),
            method: IntervalMethod::Wilson,
        }
    }

    /// A value whose interval would come from a bootstrap.
    pub(super) fn bare(value: f64) -> Self {
        Self {
            value,
            interval: None,
            method: IntervalMethod::Bootstrap { resamples: 0 },
        }
    }

    pub(super) fn with_bootstrap(self, draws: &mut [f64]) -> Self {
        let resamples = draws.len() as u32;
        Self {
            interval: super::bootstrap::percentiles(draws),
            method: IntervalMethod::Bootstrap { resamples },
            ..self
        }
    }
}

/// The 95 % interval of a share, after Wilson (1927), without continuity correction: unlike the
/// textbook's normal interval it stays within 0 and 1 and holds for shares near them. 0 to 1
/// without any trial.
pub fn wilson(successes: u64, trials: u64) -> Interval {
    if trials == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let n = trials as f64;
    let share = successes as f64 / n;
    let z2 = Z_95 * Z_95;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula is exactly 0 or 1 but for rounding.
    let low = if successes == 0 { 0.0 } else { middle - half };
    let high = if successes == trials {
        1.0
    } else {
        middle + half
    };
    Interval { low, high }
}
