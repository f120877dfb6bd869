//! Every number of a run's test, in one table.

use crate::evaluation::bootstrap::RESAMPLES;
use crate::evaluation::{Evaluation, IntervalMethod, Score};
use crate::format;
use crate::runs::{cross_validation, groups};

use super::comparison::Comparison;

/// One line of the table: a number of every tested run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScoreLine {
    pub name: &'static str,
    /// As scikit-learn calls it; names the column of a table for other programs.
    pub key: &'static str,
    pub unit: Unit,
    /// One per tested run; nothing where it can't be worked out.
    pub scores: Vec<Option<Score>>,
}

/// How a number is written for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Percent,
    Plain,
}

impl ScoreLine {
    /// `90.4 % (87.9 to 92.4 %)`, one per run.
    pub fn texts(&self) -> Vec<String> {
        self.scores
            .iter()
            .map(|score| {
                score
                    .as_ref()
                    .map_or_else(|| "–".to_owned(), |score| self.text(score))
            })
            .collect()
    }

    /// Its name, then its texts.
    pub fn cells(&self) -> Vec<String> {
        let name = std::iter::once(self.name.to_owned());
        name.chain(self.texts()).collect()
    }

    fn text(&self, score: &Score) -> String {
        let value = match self.unit {
            Unit::Percent => format::percent(score.value),
            Unit::Plain => format::score(score.value),
        };
        match (score.interval, self.unit) {
            (Some(interval), Unit::Percent) => {
                let interval = format::percent_interval(interval.low, interval.high);
                format!("{value} ({interval})")
            }
            (Some(interval), Unit::Plain) => format!(
                "{value} ({} to {})",
                format::score(interval.low),
                format::score(interval.high)
            ),
            (None, _) if score.why_no_interval().is_some() => format!("{value} (no interval)"),
            (None, _) => value,
        }
    }
}

/// What a line takes from a run's evaluation.
type Take = fn(&Evaluation) -> Option<Score>;

/// The lines of the tested runs, in the order that people look for them.
pub(super) fn score_lines(comparison: &Comparison) -> Vec<ScoreLine> {
    score_lines_of(&evaluations(comparison))
}

fn evaluations(comparison: &Comparison) -> Vec<&Evaluation> {
    let tested = comparison.tested().into_iter();
    tested.map(|(_, tested)| &tested.evaluation).collect()
}

/// The same of these evaluations.
pub(super) fn score_lines_of(evaluations: &[&Evaluation]) -> Vec<ScoreLine> {
    let lines: [(&str, &str, Unit, Take); 11] = [
        ("Accuracy", "accuracy", Unit::Percent, |e| {
            Some(e.answers.accuracy)
        }),
        (
            "Balanced accuracy",
            "balanced_accuracy",
            Unit::Percent,
            |e| Some(e.answers.balanced_accuracy),
        ),
        ("Macro-F1", "macro_f1", Unit::Plain, |e| {
            Some(e.answers.macro_f1)
        }),
        ("Weighted F1", "weighted_f1", Unit::Plain, |e| {
            Some(e.answers.weighted_f1)
        }),
        ("Cohen's kappa", "cohen_kappa", Unit::Plain, |e| {
            Some(e.answers.cohen_kappa)
        }),
        (
            "Matthews correlation",
            "matthews_correlation",
            Unit::Plain,
            |e| Some(e.answers.matthews_correlation),
        ),
        ("ROC AUC", "roc_auc", Unit::Plain, |e| e.ranking.roc_auc),
        ("Average precision", "average_precision", Unit::Plain, |e| {
            e.ranking.average_precision
        }),
        ("Log loss", "log_loss", Unit::Plain, |e| {
            Some(e.probabilities.log_loss)
        }),
        ("Brier score", "brier_score", Unit::Plain, |e| {
            Some(e.probabilities.brier_score)
        }),
        (
            "Calibration error",
            "expected_calibration_error",
            Unit::Percent,
            |e| {
                Some(Score {
                    value: e.reliability.expected_error,
                    interval: None,
                    // None is worked out: a bootstrap of it is biased upward.
                    method: IntervalMethod::Bootstrap { resamples: 0 },
                })
            },
        ),
    ];
    lines
        .into_iter()
        .map(|(name, key, unit, take)| ScoreLine {
            name,
            key,
            unit,
            scores: evaluations
                .iter()
                .map(|evaluation| take(evaluation))
                .collect(),
        })
        .collect()
}

/// What the intervals of [`score_lines`] are.
const INTERVALS: &str = "In brackets the 95 % interval: Wilson's of the accuracy; of the others, percentiles of a \
bootstrap over the test pictures, within each class for scores that count every class alike; after a test without a \
mistake, which no resample can doubt, Clopper and Pearson's exact bound. ROC AUC and average precision are means over \
the classes, each against the others.";

/// The same where pictures belong to groups.
const INTERVALS_OF_GROUPS: &str = "In brackets the 95 % interval: percentiles of a bootstrap over whole groups of test \
pictures, because those of one group are right or wrong together; after a test without a mistake, which no resample can \
doubt, an exact bound that counts groups. ROC AUC and average precision are means over the classes, each against the others.";

/// What the intervals are, why some scores have none, and which rest on fewer resamples than others, in whole sentences.
pub(super) fn interval_remarks(comparison: &Comparison) -> Vec<String> {
    let tested = comparison.tested();
    let of_folds = tested.iter().filter_map(|(run, _)| {
        let remark = cross_validation::remark(&run.run.folder)?;
        Some(format!("{}: {remark}", run.name))
    });
    let of_groups = tested.iter().filter_map(|(run, tested)| {
        let remark = tested.evaluation.groups?.remark();
        Some(format!("{}: {remark}", run.name))
    });
    let not_kept = tested.iter().filter_map(|(run, _)| {
        let remark = groups::not_kept(&run.run.folder)?;
        Some(format!("{}: {remark}", run.name))
    });
    of_folds
        .chain(of_groups)
        .chain(not_kept)
        .chain(interval_remarks_of(&evaluations(comparison)))
        .collect()
}

/// The same of these evaluations.
pub(super) fn interval_remarks_of(evaluations: &[&Evaluation]) -> Vec<String> {
    // Reasons in the order of the table, each with the scores that it holds for.
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for line in score_lines_of(evaluations) {
        for score in line.scores.iter().flatten() {
            let Some(reason) = score.why_no_interval().or_else(|| fewer_resamples(score)) else {
                continue;
            };
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) if names.contains(&line.name) => {}
                Some((_, names)) => names.push(line.name),
                None => reasons.push((reason, vec![line.name])),
            }
        }
    }
    let sentences = reasons
        .into_iter()
        .map(|(reason, names)| format!("{}: {reason}.", names.join(", ")));
    let is_of_groups = |evaluation: &&&Evaluation| evaluation.groups.is_some();
    let of_groups = evaluations.iter().filter(is_of_groups).count();
    let what = [
        (of_groups < evaluations.len()).then_some(INTERVALS),
        (of_groups > 0).then_some(INTERVALS_OF_GROUPS),
    ];
    (what.into_iter().flatten().map(str::to_owned))
        .chain(sentences)
        .collect()
}

fn fewer_resamples(score: &Score) -> Option<String> {
    match score.method {
        IntervalMethod::Bootstrap { resamples } if (1..RESAMPLES).contains(&resamples) => {
            Some(format!(
                "The interval rests on {resamples} resamples, because pictures times classes are many"
            ))
        }
        _ => None,
    }
}
