//! Two runs on the same pictures: is one better, or is it luck?
//!
//! Pictures of one patient, cell or video (`groups`) are gained and lost together, so that a test that counts them one by one
//! finds differences where there are none. Where pictures have groups, the test is [`sign_flip`] and the interval of the
//! difference is a bootstrap of groups; else they are McNemar's and Newcombe's.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

use super::groups::{count, members};
use super::{Decision, Interval, IntervalMethod, Predictions, Score, by_group, wilson};
use crate::format;

/// Below this probability under chance, a difference counts as one.
pub const SIGNIFICANCE: f64 = 0.05;

/// The answers of two runs, picture by picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    pub pictures: u64,
    pub first_accuracy: Score,
    pub second_accuracy: Score,
    /// The second's accuracy less the first's, -1 to 1, with Newcombe's interval for pairs, or one of groups.
    pub difference: Score,
    pub both_right: u64,
    pub both_wrong: u64,
    /// Discordant: right in one run only.
    pub only_first_right: u64,
    pub only_second_right: u64,
    /// How often chance alone would make so large a difference, by [`Self::test`]. 1 without any discordant picture.
    pub p_value: f64,
    #[serde(default)]
    pub test: PairedTest,
    /// Pictures that the first has wrong and the second right, in the order of the first's rows.
    pub fixed: Vec<String>,
    /// Pictures that the first has right and the second wrong.
    pub broken: Vec<String>,
}

/// What a probability under chance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedTest {
    /// Picture by picture: [`mcnemar_exact`].
    #[default]
    #[serde(rename = "mcnemar_exact")]
    McNemar,
    /// Of so many groups of pictures: [`sign_flip`].
    GroupSignFlip { groups: usize },
}

/// Why two runs can't be laid side by side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnpairedError {
    #[error("their classes differ ({first} and {second})")]
    Classes { first: String, second: String },
    #[error("one was tested on {first} pictures, the other on {second}")]
    Count { first: usize, second: usize },
    #[error(
        "they were tested on different pictures ({file} is in one only): give both the same data, test share and split seed"
    )]
    Picture { file: String },
    #[error("the picture {file} is listed twice")]
    Twice { file: String },
    #[error("the picture {file} is {first} in one and {second} in the other")]
    Truth {
        file: String,
        first: String,
        second: String,
    },
    #[error("there is no picture to compare on")]
    Empty,
}

impl PairedComparison {
    /// Compares the most probable classes.
    ///
    /// # Errors
    /// Saying why, when classes or pictures are not the same.
    pub fn new(first: &Predictions, second: &Predictions) -> Result<Self, UnpairedError> {
        let plain = Decision::default();
        Self::with_decisions(first, &plain, second, &plain)
    }

    /// Compares the answers of two decisions. A picture whose answer is withheld counts as not
    /// right. The order of rows and classes may differ.
    ///
    /// # Errors
    /// Saying why, when classes or pictures are not the same.
    pub fn with_decisions(
        first: &Predictions,
        first_decision: &Decision,
        second: &Predictions,
        second_decision: &Decision,
    ) -> Result<Self, UnpairedError> {
        let pairs = pair(first, second)?;
        let is_right = |predictions: &Predictions, decision: &Decision, row: usize| {
            let row = &predictions.rows[row];
            let answer = decision.answer(&row.probabilities);
            !answer.is_rejected && answer.class == row.truth
        };
        let numbers = common_groups(
            first.rows.iter().map(|row| row.file.as_str()),
            [first, second],
        );
        let (mut files, mut one_right, mut two_right) = (Vec::new(), Vec::new(), Vec::new());
        for (one, two) in pairs {
            files.push(first.rows[one].file.clone());
            one_right.push(is_right(first, first_decision, one));
            two_right.push(is_right(second, second_decision, two));
        }
        let paired = Self::from_answers(&files, &one_right, &two_right)?;
        Ok(paired.with_groups(&one_right, &two_right, numbers.as_deref()))
    }

    /// From what was right, picture by picture, in the same order for both. `fixed` and `broken`
    /// hold `files`' names.
    ///
    /// # Errors
    /// [`UnpairedError::Count`] for lists of different lengths, [`UnpairedError::Empty`].
    pub fn from_answers(
        files: &[String],
        first: &[bool],
        second: &[bool],
    ) -> Result<Self, UnpairedError> {
        if first.len() != second.len() || files.len() != first.len() {
            return Err(UnpairedError::Count {
                first: first.len(),
                second: second.len(),
            });
        }
        if first.is_empty() {
            return Err(UnpairedError::Empty);
        }
        let mut table = [[0u64; 2]; 2];
        let (mut fixed, mut broken) = (Vec::new(), Vec::new());
        for (file, (&one, &two)) in files.iter().zip(first.iter().zip(second)) {
            table[usize::from(one)][usize::from(two)] += 1;
            match (one, two) {
                (false, true) => fixed.push(file.clone()),
                (true, false) => broken.push(file.clone()),
                _ => {}
            }
        }
        Ok(Self::from_table(table, fixed, broken))
    }

    /// What each has right with its most probable classes, picture by picture in the order of the first's rows.
    ///
    /// # Errors
    /// Saying why, when classes or pictures are not the same.
    pub fn rights(
        first: &Predictions,
        second: &Predictions,
    ) -> Result<(Vec<bool>, Vec<bool>), UnpairedError> {
        let pairs = pair(first, second)?;
        let truths = |predictions: &Predictions, row: usize| predictions.rows[row].is_correct();
        Ok(pairs
            .into_iter()
            .map(|(one, two)| (truths(first, one), truths(second, two)))
            .unzip())
    }

    /// As [`Self::from_answers`], where nobody asks for the pictures' names: `fixed` and `broken` stay empty.
    ///
    /// # Errors
    /// The same.
    pub fn from_rightness(first: &[bool], second: &[bool]) -> Result<Self, UnpairedError> {
        let paired = Self::from_answers(&vec![String::new(); first.len()], first, second)?;
        Ok(Self {
            fixed: Vec::new(),
            broken: Vec::new(),
            ..paired
        })
    }

    /// The same comparison with test and intervals by groups; `first` and `second` are those that it was made of, and
    /// `numbers` says the group of each picture, as [`super::Groups::numbers`] does. Nothing is changed without groups, or
    /// where there is not one number for each picture.
    #[must_use]
    pub fn with_groups(self, first: &[bool], second: &[bool], numbers: Option<&[u32]>) -> Self {
        let Some(numbers) =
            numbers.filter(|numbers| numbers.len() == first.len() && numbers.len() == second.len())
        else {
            return self;
        };
        let gains: Vec<i64> = (members(numbers).iter())
            .map(|group| {
                let gain = |&place: &u32| {
                    let place = place as usize;
                    i64::from(second[place]) - i64::from(first[place])
                };
                group.iter().map(gain).sum()
            })
            .collect();
        Self {
            first_accuracy: Score::bare(self.first_accuracy.value),
            second_accuracy: Score::bare(self.second_accuracy.value),
            difference: by_group::difference(self.difference.value, first, second, numbers),
            p_value: sign_flip(&gains),
            test: PairedTest::GroupSignFlip {
                groups: count(numbers),
            },
            ..self
        }
    }

    /// What interval and probability are, as a sentence without its end.
    pub fn how(&self) -> String {
        match self.test {
            PairedTest::McNemar => "the interval is the 95 % interval of the difference of paired shares (Newcombe); p is the \
                                    probability that chance alone makes the two numbers so different (McNemar's exact test)"
                .to_owned(),
            PairedTest::GroupSignFlip { groups } => format!(
                "pictures of one group are right or wrong together, so that the {} are compared and not the pictures; the \
                 interval is the 95 % interval of the difference over resampled groups; p is the probability that chance alone \
                 makes so large a difference (sign-flip test of the groups' differences)",
                format::count(groups, "group", "groups")
            ),
        }
    }

    /// `table[right in the first][right in the second]`, 0 for wrong and 1 for right.
    fn from_table(table: [[u64; 2]; 2], fixed: Vec<String>, broken: Vec<String>) -> Self {
        let [
            [both_wrong, only_second_right],
            [only_first_right, both_right],
        ] = table;
        let pictures = both_wrong + both_right + only_first_right + only_second_right;
        let first_accuracy = Score::share(both_right + only_first_right, pictures);
        let second_accuracy = Score::share(both_right + only_second_right, pictures);
        let difference = Score {
            value: (only_second_right as f64 - only_first_right as f64) / pictures as f64,
            interval: Some(newcombe(
                both_right,
                only_second_right,
                only_first_right,
                both_wrong,
            )),
            method: IntervalMethod::Newcombe,
        };
        Self {
            pictures,
            first_accuracy,
            second_accuracy,
            difference,
            both_right,
            both_wrong,
            only_first_right,
            only_second_right,
            p_value: mcnemar_exact(only_first_right, only_second_right),
            test: PairedTest::McNemar,
            fixed,
            broken,
        }
    }

    /// Whether the difference is more than these pictures give by chance: by the test, and with an
    /// interval that leaves 0 out.
    pub fn is_significant(&self) -> bool {
        self.p_value < SIGNIFICANCE && self.leaves_zero_out()
    }

    /// Whether the test and the interval, which are exact in different ways, disagree: one of them calls the difference more
    /// than chance. It happens where few pictures tell the two runs apart.
    pub fn is_borderline(&self) -> bool {
        (self.p_value < SIGNIFICANCE) != self.leaves_zero_out()
    }

    fn leaves_zero_out(&self) -> bool {
        match self.difference.interval {
            Some(interval) => !interval.contains(0.0),
            // Where all groups gain alike, every resample gives the difference itself.
            None => {
                matches!(
                    self.difference.method,
                    IntervalMethod::GroupBootstrap { .. }
                ) && self.difference.value != 0.0
            }
        }
    }
}

/// The rows of the same picture in both.
fn pair(first: &Predictions, second: &Predictions) -> Result<Vec<(usize, usize)>, UnpairedError> {
    let mut sorted = [first.classes.clone(), second.classes.clone()];
    sorted.iter_mut().for_each(|classes| classes.sort());
    if sorted[0] != sorted[1] {
        return Err(UnpairedError::Classes {
            first: first.classes.join(", "),
            second: second.classes.join(", "),
        });
    }
    if first.rows.is_empty() && second.rows.is_empty() {
        return Err(UnpairedError::Empty);
    }
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(second.rows.len());
    for (place, row) in second.rows.iter().enumerate() {
        if places.insert(&row.file, place).is_some() {
            return Err(UnpairedError::Twice {
                file: row.file.clone(),
            });
        }
    }
    if first.rows.len() != second.rows.len() {
        return Err(UnpairedError::Count {
            first: first.rows.len(),
            second: second.rows.len(),
        });
    }
    let class = |predictions: &Predictions, truth: u32| {
        predictions
            .classes
            .get(truth as usize)
            .cloned()
            .unwrap_or_default()
    };
    let mut pairs = Vec::with_capacity(first.rows.len());
    for (place, row) in first.rows.iter().enumerate() {
        // Taken out, so that a picture listed twice is not found again.
        let Some(other) = places.remove(row.file.as_str()) else {
            return Err(UnpairedError::Picture {
                file: row.file.clone(),
            });
        };
        let (one, two) = (
            class(first, row.truth),
            class(second, second.rows[other].truth),
        );
        if one != two {
            return Err(UnpairedError::Truth {
                file: row.file.clone(),
                first: one,
                second: two,
            });
        }
        pairs.push((place, other));
    }
    Ok(pairs)
}

/// McNemar's test (1947) in its exact form: the two-sided binomial probability, under equal odds, of
/// a split of the discordant pictures at least as uneven. statsmodels' `mcnemar(exact=True)`.
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    let trials = only_first + only_second;
    // Equal odds are a valid share, so this does not fail.
    let Ok(binomial) = Binomial::new(0.5, trials) else {
        return 1.0;
    };
    (2.0 * binomial.cdf(only_first.min(only_second))).min(1.0)
}

/// How many sums [`sign_flip`] counts, at most: about a tenth of a second.
const MOST_SUMS: u64 = 100_000_000;

/// The two-sided probability, under chance, of a difference of two runs at least as large, from what each group of pictures
/// gained: its pictures that only the second has right, less those that only the first has.
///
/// A randomization test (Fisher 1935, The Design of Experiments, section 21) on whole groups, as exchangeability blocks of
/// permutation tests are (Winkler and others 2014, NeuroImage 92, 381-397): if neither run is better, every group's gain might
/// as well have been the other's, with the opposite sign. It is exact, whatever pictures of one group have to do with each
/// other, and with groups of one picture it is McNemar's exact test. All signs are counted, by the distribution of their sum;
/// where these are more than `MOST_SUMS`, so many groups have gains that the sum is normal (continuity corrected).
pub fn sign_flip(gains: &[i64]) -> f64 {
    let sizes: Vec<u64> = (gains.iter())
        .map(|gain| gain.unsigned_abs())
        .filter(|size| *size > 0)
        .collect();
    let observed = gains.iter().sum::<i64>().unsigned_abs();
    let all: u64 = sizes.iter().sum();
    if observed == 0 {
        return 1.0;
    }
    if all.saturating_mul(sizes.len() as u64) > MOST_SUMS {
        let variance: f64 = sizes.iter().map(|size| (*size as f64).powi(2)).sum();
        let z = (observed as f64 - 1.0) / variance.sqrt();
        return statrs::function::erf::erfc(z / std::f64::consts::SQRT_2).min(1.0);
    }
    // The probability of each sum of those that are positive: twice it, less all, is the difference.
    let mut of_sum = vec![0.0; all as usize + 1];
    of_sum[0] = 1.0;
    let mut most = 0;
    for size in sizes {
        let size = size as usize;
        most += size;
        for sum in (0..=most).rev() {
            let with = sum.checked_sub(size).map_or(0.0, |rest| of_sum[rest]);
            of_sum[sum] = 0.5 * (of_sum[sum] + with);
        }
    }
    let is_as_large = |sum: u64| (2 * sum).abs_diff(all) >= observed;
    let found: f64 = (0..=all)
        .filter(|sum| is_as_large(*sum))
        .map(|sum| of_sum[sum as usize])
        .sum();
    found.min(1.0)
}

/// The group of each picture, of what either of two runs knows of them; of two that say something else the one with fewer
/// groups, which takes less for granted.
pub fn common_groups<'a>(
    files: impl Iterator<Item = &'a str> + Clone,
    runs: [&Predictions; 2],
) -> Option<Vec<u32>> {
    let known = runs
        .into_iter()
        .filter_map(|run| run.groups.numbers(files.clone()));
    known.min_by_key(|numbers| count(numbers))
}

/// The 95 % interval of the difference of two shares on the same pictures, the first less the
/// second: method 10 of Newcombe (1998), Statistics in Medicine 17, 2635-2650, which joins Wilson's
/// intervals of both shares by their correlation, continuity corrected. `both`: successes in both;
/// `first`, `second`: in one only; `neither`: in none. -1 to 1 without pictures.
pub fn newcombe(both: u64, first: u64, second: u64, neither: u64) -> Interval {
    let total = both + first + second + neither;
    if total == 0 {
        return Interval {
            low: -1.0,
            high: 1.0,
        };
    }
    let n = total as f64;
    let (one, two) = (both + first, both + second);
    let (share_one, share_two) = (one as f64 / n, two as f64 / n);
    let (wilson_one, wilson_two) = (wilson(one, total), wilson(two, total));
    let difference = (first as f64 - second as f64) / n;
    let margins = one as f64 * (total - one) as f64 * two as f64 * (total - two) as f64;
    let phi = if margins == 0.0 {
        0.0
    } else {
        let cross = both as f64 * neither as f64 - first as f64 * second as f64;
        let corrected = if cross > 0.0 {
            (cross - n / 2.0).max(0.0)
        } else {
            cross
        };
        corrected / margins.sqrt()
    };
    let join = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
    let low = join(share_one - wilson_one.low, wilson_two.high - share_two);
    let high = join(wilson_one.high - share_one, share_two - wilson_two.low);
    Interval {
        low: (difference - low).max(-1.0),
        high: (difference + high).min(1.0),
    }
}

/// The smallest difference of accuracies that the exact test could tell from chance, if every
/// discordant picture spoke for the same run: a floor under what so many pictures can show.
pub fn least_detectable(pictures: u64) -> Option<f64> {
    // A split of k to 0 has p = 2 * 0.5^k.
    let needed = (2.0_f64 / SIGNIFICANCE).log2().floor() as u64 + 1;
    (pictures >= needed).then(|| needed as f64 / pictures as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All signs, one by one.
    fn by_brute_force(gains: &[i64]) -> f64 {
        let observed = gains.iter().sum::<i64>().abs();
        let signs = 1u32 << gains.len();
        let as_large = (0..signs).filter(|signs| {
            let signed = gains.iter().enumerate();
            let sum: i64 = signed
                .map(|(place, gain)| {
                    if signs >> place & 1 == 1 {
                        *gain
                    } else {
                        -gain
                    }
                })
                .sum();
            sum.abs() >= observed
        });
        as_large.count() as f64 / f64::from(signs)
    }

    #[test]
    fn the_test_of_groups_counts_all_signs() {
        // scipy.stats.permutation_test((gains,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
        assert!((sign_flip(&[3, 2, -1, 4, 0, 1, 2]) - 0.093_75).abs() < 1e-12);
        assert!((sign_flip(&[5, 5, 5, 5, 5]) - 0.0625).abs() < 1e-12);
        for number in 1..14 {
            let gains: Vec<i64> = (0..number)
                .map(|place| (place * place * 5 + 3 * number) % 9 - 3)
                .collect();
            let (found, expected) = (sign_flip(&gains), by_brute_force(&gains));
            assert!(
                (found - expected).abs() < 1e-12,
                "{gains:?}: {found} and {expected}"
            );
        }
        assert_eq!(sign_flip(&[]), 1.0);
        assert_eq!(sign_flip(&[0, 2, -2]), 1.0);
    }

    #[test]
    fn groups_of_one_picture_are_mcnemars_test() {
        for (first, second) in [(3u64, 14u64), (0, 6), (40, 61), (9, 9)] {
            let gains: Vec<i64> = (0..first)
                .map(|_| -1)
                .chain((0..second).map(|_| 1))
                .collect();
            let (found, expected) = (sign_flip(&gains), mcnemar_exact(first, second));
            assert!(
                (found - expected).abs() < 1e-12,
                "{first} {second}: {found} {expected}"
            );
        }
    }

    #[test]
    fn very_many_groups_are_normal() {
        // 12,000 groups that differ: the exact probability of McNemar's test is near.
        let gains: Vec<i64> = (0..12_000)
            .map(|place| if place < 6_130 { 1 } else { -1 })
            .collect();
        let (found, exact) = (sign_flip(&gains), mcnemar_exact(5_870, 6_130));
        assert!((found / exact - 1.0).abs() < 0.01, "{found} {exact}");
    }

    #[test]
    fn one_patient_with_many_pictures_is_no_proof() {
        // The second run has 20 more pictures right, all of one patient.
        let first: Vec<bool> = (0..100).map(|picture| picture >= 20).collect();
        let second = vec![true; 100];
        let numbers: Vec<u32> = (0..100).map(|picture| picture / 20).collect();
        let by_picture = PairedComparison::from_rightness(&first, &second).unwrap();
        assert!(by_picture.is_significant() && by_picture.p_value < 1e-5);
        let by_group = by_picture.with_groups(&first, &second, Some(&numbers));
        assert_eq!(by_group.p_value, 1.0);
        assert_eq!(by_group.test, PairedTest::GroupSignFlip { groups: 5 });
        assert!(!by_group.is_significant(), "{by_group:?}");
        assert_eq!(
            (by_group.difference.value, by_group.only_second_right),
            (0.2, 20)
        );
        // Where every patient gains, it is one.
        let first: Vec<bool> = (0..100).map(|picture| picture % 10 != 0).collect();
        let numbers: Vec<u32> = (0..100).map(|picture| picture / 10).collect();
        let all_gain = PairedComparison::from_rightness(&first, &second).unwrap();
        let all_gain = all_gain.with_groups(&first, &second, Some(&numbers));
        assert!((all_gain.p_value - 2.0 / 1024.0).abs() < 1e-12);
        assert!(all_gain.is_significant(), "{all_gain:?}");
    }
}
