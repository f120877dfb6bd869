//! How far a number measured on few pictures can be from the truth.

use serde::{Deserialize, Serialize};

use crate::format;

/// The 97.5th percentile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// What a 95 % interval leaves out at either end.
const ONE_SIDE: f64 = 0.025;

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
    /// Percentiles over so many samples drawn with replacement (Efron 1979), less the bias that they show: see
    /// the module `resampled`.
    Bootstrap { resamples: u32 },
    /// The same over groups of pictures that are right or wrong together: see the module `by_group`.
    GroupBootstrap { resamples: u32, groups: u32 },
    /// Where no sample says anything else than the pictures do: [`all_right`].
    Exact,
    /// Of the difference of two shares on the same pictures: [`super::paired::newcombe`].
    Newcombe,
    /// Student's t, of a mean over repetitions.
    StudentT,
    /// None is given: there are fewer pictures than [`super::bootstrap::FEWEST`].
    TooFewPictures,
    /// None is given: so many of the classes have fewer pictures than [`super::bootstrap::FEWEST`].
    TooFewOfClasses { few: u32, classes: u32 },
    /// None is given: there are too few groups, of all pictures or of those of a class.
    TooFewGroups,
    /// None is given: pictures times classes are too many.
    TooMuchWork,
}

impl IntervalMethod {
    /// What a person calls it: `Wilson`, `bootstrap, 1000 resamples`.
    pub fn title(self) -> String {
        match self {
            Self::Wilson => "Wilson".to_owned(),
            Self::Bootstrap { resamples } => format!("bootstrap, {resamples} resamples"),
            Self::GroupBootstrap { resamples, groups } => {
                format!("bootstrap of {groups} groups, {resamples} resamples")
            }
            Self::Exact => "exact, of a test without a mistake".to_owned(),
            Self::Newcombe => "Newcombe, paired".to_owned(),
            Self::StudentT => "Student's t".to_owned(),
            Self::TooFewPictures | Self::TooFewOfClasses { .. } => "too few pictures".to_owned(),
            Self::TooFewGroups => "too few groups".to_owned(),
            Self::TooMuchWork => "not worked out".to_owned(),
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

    /// With the percentiles of `draws` within `bounds`, less the bias that the draws have against the value (Efron and
    /// Tibshirani 1993, chapter 10): a sample holds some pictures twice, which moves precisions up and down. Where the
    /// draws are missing, their place says why.
    ///
    /// Draws that are all alike say nothing of what other pictures would give: the interval is then `exact`, which the
    /// score has where it can't be better, and otherwise there is none.
    pub(super) fn with_bootstrap(
        self,
        draws: Result<&mut [f64], IntervalMethod>,
        bounds: Interval,
        exact: Option<Interval>,
    ) -> Self {
        let exact = exact.filter(|exact| self.value >= 1.0 - 1e-12 && exact.contains(1.0));
        if exact.is_some() {
            return Self {
                interval: exact,
                method: IntervalMethod::Exact,
                ..self
            };
        }
        let draws = match draws {
            Ok(draws) => draws,
            Err(method) => {
                return Self {
                    interval: None,
                    method,
                    ..self
                };
            }
        };
        let bias = draws.iter().sum::<f64>() / draws.len().max(1) as f64 - self.value;
        let interval = super::bootstrap::percentiles(draws)
            .filter(|found| found.high - found.low > 1e-9)
            .map(|found| Interval {
                // The value itself is what is known best.
                low: (found.low - bias).max(bounds.low).min(self.value),
                high: (found.high - bias).min(bounds.high).max(self.value),
            });
        Self {
            interval,
            method: IntervalMethod::Bootstrap {
                resamples: draws.len() as u32,
            },
            ..self
        }
    }

    /// Why there is no interval, as a sentence without its end; nothing where there is one, or where it is still to come.
    pub fn why_no_interval(&self) -> Option<String> {
        if self.interval.is_some() {
            return None;
        }
        let fewest = super::bootstrap::FEWEST;
        match self.method {
            IntervalMethod::Bootstrap { resamples: 0 } => None,
            IntervalMethod::TooFewPictures => Some(format!(
                "No interval is given, because there are fewer than {fewest} pictures"
            )),
            IntervalMethod::TooFewGroups => Some(
                "No interval is given, because there are too few groups of pictures to resample them".to_owned(),
            ),
            IntervalMethod::TooFewOfClasses { few, classes } => Some(format!(
                "No interval is given, because {} of {} fewer than {fewest} pictures",
                format::thousands(few.into()),
                match classes {
                    1 => "1 class has".to_owned(),
                    many => format!("{} classes {}", format::thousands(many.into()), if few == 1 { "has" } else { "have" }),
                },
            )),
            IntervalMethod::TooMuchWork => Some(
                "No interval is given, because resampling so many pictures and classes would take too long".to_owned(),
            ),
            IntervalMethod::Bootstrap { .. } | IntervalMethod::GroupBootstrap { .. } => Some(
                "No interval is given, because all resamples of the pictures give the same number"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// What is known, with 95 %, of the mean recall of classes of which `pictures` were tested, all answered rightly; none
/// without pictures. A bootstrap can't tell: each of its samples is as perfect.
///
/// The exact interval by inversion of the test, as Clopper and Pearson (1934) have it for one share: the lower end is
/// the smallest mean of recalls p that would still give such a test in one of 40 cases, `prod p^n >= 0.025`, with p
/// proportional to n where that is below 1. With as many pictures of every class it is Clopper and Pearson's bound of
/// the accuracy, `0.025^(1 / n)`: 0.858 for 24 pictures. Taken for every score that is 1 only in a test without a
/// mistake; for F1 and areas under curves that is an approximation, as they depend on where the mistakes would be.
pub fn all_right(pictures: &[u64]) -> Option<Interval> {
    let pictures: Vec<f64> = pictures.iter().map(|&count| count as f64).collect();
    all_right_in_parts(&pictures)
}

/// [`all_right`] of what belongs to several classes in parts, such as a patient with pictures of two. Such a one is right with at
/// most the probability of its hardest class, which is no more than the geometric mean of its classes' recalls, so that the
/// interval is none too narrow.
pub(super) fn all_right_in_parts(parts: &[f64]) -> Option<Interval> {
    let counts: Vec<f64> = parts.iter().copied().filter(|&count| count > 0.0).collect();
    let most = counts.iter().copied().fold(0.0, f64::max);
    if counts.is_empty() {
        return None;
    }
    let recall = |count: f64, factor: f64| (count * factor).min(1.0);
    let logarithm = |factor: f64| -> f64 {
        counts
            .iter()
            .map(|&count| count * recall(count, factor).ln())
            .sum()
    };
    // The logarithm of the test's probability grows with the factor: 0 where every recall is 1.
    let (mut low, mut high) = (0.0, 1.0 / counts.iter().copied().fold(most, f64::min));
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if logarithm(middle) < ONE_SIDE.ln() {
            low = middle;
        } else {
            high = middle;
        }
    }
    let sum: f64 = counts.iter().map(|&count| recall(count, high)).sum();
    Some(Interval {
        low: sum / counts.len() as f64,
        high: 1.0,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_wilsons_interval() {
        // Wilson's formula in Python, with z = 1.959963984540054.
        let found = wilson(593, 656);
        assert!((found.low - 0.879_008).abs() < 1e-4 && (found.high - 0.924_216).abs() < 1e-4);
        assert_eq!((wilson(0, 0).low, wilson(0, 0).high), (0.0, 1.0));
    }

    #[test]
    fn a_test_without_a_mistake_has_clopper_and_pearsons_interval() {
        // scipy.stats.binomtest(24, 24).proportion_ci(method="exact"): 0.857 5; of 1 picture 0.025.
        for (pictures, expected) in [
            (&[24u64][..], 0.857_528),
            (&[12, 12], 0.857_528),
            (&[8, 8, 8], 0.857_528),
            (&[1], 0.025),
            (&[0, 24, 0], 0.857_528),
        ] {
            let found = all_right(pictures).unwrap();
            assert!(
                (found.low - expected).abs() < 1e-5,
                "{pictures:?} {found:?}"
            );
            assert_eq!(found.high, 1.0);
        }
        assert_eq!(all_right(&[0, 0]), None);
        assert_eq!(all_right(&[]), None);
    }

    #[test]
    fn a_rare_class_makes_the_mean_recall_less_certain() {
        let even = all_right(&[12, 12]).unwrap().low;
        let uneven = all_right(&[22, 2]).unwrap().low;
        assert!(uneven < even - 0.1, "{uneven} {even}");
        // The smallest mean of two recalls that give such a test in one of 40 cases, by a fine grid.
        let smallest = (1..=100_000)
            .map(|step| f64::from(step) / 100_000.0)
            .filter_map(|rare| {
                let other = (ONE_SIDE / rare.powi(2)).powf(1.0 / 22.0);
                (other <= 1.0).then_some(f64::midpoint(rare, other))
            })
            .fold(1.0, f64::min);
        assert!((uneven - smallest).abs() < 1e-4, "{uneven} {smallest}");
    }

    #[test]
    fn draws_that_are_all_alike_are_no_interval() {
        let exact = all_right(&[24]);
        let bounds = Interval {
            low: 0.0,
            high: 1.0,
        };
        let perfect = Score::bare(1.0).with_bootstrap(Ok(&mut [1.0; 1000]), bounds, exact);
        assert_eq!(perfect.method, IntervalMethod::Exact);
        assert_eq!(perfect.interval, exact);
        let loss = Score::bare(0.3).with_bootstrap(Ok(&mut [0.3; 1000]), bounds, exact);
        assert_eq!(loss.interval, None);
        assert!(loss.why_no_interval().unwrap().contains("all resamples"));
        let usual = Score::bare(0.5).with_bootstrap(Ok(&mut [0.4, 0.5, 0.6]), bounds, exact);
        assert!(matches!(
            usual.method,
            IntervalMethod::Bootstrap { resamples: 3 }
        ));
        assert!(usual.interval.unwrap().contains(0.5));
        assert_eq!(usual.why_no_interval(), None);
    }

    #[test]
    fn biased_draws_are_put_right_and_stay_within_bounds() {
        let bounds = Interval {
            low: 0.0,
            high: 1.0,
        };
        let mut draws: Vec<f64> = (0..1000)
            .map(|index| 0.08 + 0.00004 * f64::from(index))
            .collect();
        let found = Score::bare(0.074).with_bootstrap(Ok(&mut draws), bounds, None);
        let interval = found.interval.unwrap();
        assert!(
            (interval.low - 0.055).abs() < 1e-3 && (interval.high - 0.093).abs() < 1e-3,
            "{interval:?}"
        );
        // So near the end of the range, the lower end is the range's.
        let mut draws: Vec<f64> = (0..1000)
            .map(|index| 0.08 + 0.00004 * f64::from(index))
            .collect();
        let found = Score::bare(0.01).with_bootstrap(Ok(&mut draws), bounds, None);
        assert_eq!(found.interval.unwrap().low, 0.0);
    }

    #[test]
    fn what_has_no_interval_says_why() {
        let bounds = Interval {
            low: 0.0,
            high: 1.0,
        };
        let of = |method| {
            Score::bare(0.5)
                .with_bootstrap(Err(method), bounds, None)
                .why_no_interval()
                .unwrap()
        };
        assert!(of(IntervalMethod::TooFewPictures).ends_with("fewer than 5 pictures"));
        let classes = of(IntervalMethod::TooFewOfClasses { few: 1, classes: 2 });
        assert!(
            classes.ends_with("1 of 2 classes has fewer than 5 pictures"),
            "{classes}"
        );
        let classes = of(IntervalMethod::TooFewOfClasses {
            few: 280,
            classes: 300,
        });
        assert!(
            classes.ends_with("280 of 300 classes have fewer than 5 pictures"),
            "{classes}"
        );
        assert_eq!(
            Score::bare(0.5).why_no_interval(),
            None,
            "it is still to come"
        );
    }
}
