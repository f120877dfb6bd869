//! How far a share measured on few pictures can be from the truth.

use serde::{Deserialize, Serialize};

/// The 97.5th percentile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// A range of shares, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
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
