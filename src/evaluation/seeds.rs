//! The same experiment with several seeds: how much of a difference is the draw.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Interval, IntervalMethod, Score};

/// Values of one measure over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub seeds: usize,
    /// With the 95 % interval of Student's t, from two seeds on.
    pub mean: Score,
    /// With n - 1 in the denominator; 0 for one seed.
    pub standard_deviation: f64,
    pub lowest: f64,
    pub highest: f64,
}

/// Two experiments carried out with the same seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedComparison {
    pub first: Spread,
    pub second: Spread,
    /// The second less the first, seed by seed.
    pub difference: Spread,
    /// Seeds with which the second is better, worse, level.
    pub better: usize,
    pub worse: usize,
    pub level: usize,
    /// Student's t-test on the pairs, two-sided; absent for one seed, or where the difference is the
    /// same with every seed.
    pub p_value: Option<f64>,
}

impl Spread {
    /// `None` without values.
    pub fn new(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let standard_deviation = if count > 1 {
            (squares / (count - 1) as f64).sqrt()
        } else {
            0.0
        };
        let interval = student(count).map(|student| {
            let half = student.inverse_cdf(0.975) * standard_deviation / (count as f64).sqrt();
            Interval {
                low: mean - half,
                high: mean + half,
            }
        });
        Some(Self {
            seeds: count,
            mean: Score {
                value: mean,
                interval,
                method: IntervalMethod::StudentT,
            },
            standard_deviation,
            lowest: values.iter().copied().fold(f64::INFINITY, f64::min),
            highest: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

impl SeedComparison {
    /// From one pair of values per seed, first and second experiment. `None` without seeds.
    pub fn new(pairs: &[(f64, f64)]) -> Option<Self> {
        let column = |value: fn(&(f64, f64)) -> f64| pairs.iter().map(value).collect::<Vec<_>>();
        let differences = column(|pair| pair.1 - pair.0);
        let count = |test: fn(f64) -> bool| differences.iter().filter(|&&d| test(d)).count();
        let difference = Spread::new(&differences)?;
        let p_value = student(pairs.len())
            .filter(|_| difference.standard_deviation > 0.0)
            .map(|student| {
                let error = difference.standard_deviation / (pairs.len() as f64).sqrt();
                2.0 * student.cdf(-(difference.mean.value / error).abs())
            });
        Some(Self {
            first: Spread::new(&column(|pair| pair.0))?,
            second: Spread::new(&column(|pair| pair.1))?,
            better: count(|difference| difference > 0.0),
            worse: count(|difference| difference < 0.0),
            level: count(|difference| difference == 0.0),
            difference,
            p_value,
        })
    }
}

/// Student's distribution for a mean of so many values; none for one.
fn student(values: usize) -> Option<StudentsT> {
    let freedom = values.checked_sub(1).filter(|&freedom| freedom > 0)?;
    StudentsT::new(0.0, 1.0, freedom as f64).ok()
}
