//! Two runs on the same pictures: is one better, or is it luck?

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

use super::{Decision, Interval, IntervalMethod, Predictions, Score, wilson};

/// Below this probability under chance, a difference counts as one.
pub const SIGNIFICANCE: f64 = 0.05;

/// The answers of two runs, picture by picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    pub pictures: u64,
    pub first_accuracy: Score,
    pub second_accuracy: Score,
    /// The second's accuracy less the first's, -1 to 1, with Newcombe's interval for pairs.
    pub difference: Score,
    pub both_right: u64,
    pub both_wrong: u64,
    /// Discordant: right in one run only.
    pub only_first_right: u64,
    pub only_second_right: u64,
    /// McNemar's exact two-sided test: how often chance alone would split the discordant pictures
    /// at least as unevenly. 1 without any.
    pub p_value: f64,
    /// Pictures that the first has wrong and the second right, in the order of the first's rows.
    pub fixed: Vec<String>,
    /// Pictures that the first has right and the second wrong.
    pub broken: Vec<String>,
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
        let (mut files, mut one_right, mut two_right) = (Vec::new(), Vec::new(), Vec::new());
        for (one, two) in pairs {
            files.push(first.rows[one].file.clone());
            one_right.push(is_right(first, first_decision, one));
            two_right.push(is_right(second, second_decision, two));
        }
        Self::from_answers(&files, &one_right, &two_right)
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
        let leaves_zero_out = |interval: Interval| !interval.contains(0.0);
        self.difference.interval.is_some_and(leaves_zero_out)
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
