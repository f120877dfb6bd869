//! What a comparison says, in words with its evidence.

use serde::{Deserialize, Serialize};

use super::{PairedComparison, PairedTest, SeedComparison};
use crate::format;

/// Which of two runs is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    First,
    Second,
    /// The pictures do not tell.
    Neither,
}

/// A verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub better: Better,
    /// `Fine-tuning is better than Feature extraction`, or `No difference between Fine-tuning and Feature extraction that 150
    /// pictures could show`, or `Fine-tuning may be better than …` where test and interval disagree: the one ahead first.
    pub headline: String,
    /// `90.4 % against 86.1 %, +4.3 points (2.1 to 6.5), p = 0.0003`: the better one first.
    pub evidence: String,
    /// What the seeds say, when there are several.
    pub seeds: Option<String>,
}

impl Verdict {
    /// Of two named runs on the same pictures.
    pub fn new(first: &str, second: &str, comparison: &PairedComparison) -> Self {
        let second_leads = comparison.difference.value >= 0.0;
        let better = match (comparison.is_significant(), second_leads) {
            (false, _) => Better::Neither,
            (true, true) => Better::Second,
            (true, false) => Better::First,
        };
        let (leader, other) = if second_leads {
            (&comparison.second_accuracy, &comparison.first_accuracy)
        } else {
            (&comparison.first_accuracy, &comparison.second_accuracy)
        };
        let sign = if second_leads { 1.0 } else { -1.0 };
        let interval = comparison
            .difference
            .interval
            .map_or_else(String::new, |interval| {
                let (mut low, mut high) = (sign * interval.low, sign * interval.high);
                if low > high {
                    std::mem::swap(&mut low, &mut high);
                }
                format!(" ({} to {})", points(low), points(high))
            });
        let evidence = format!(
            "{} against {}, {}{} points{interval}, {}{}",
            percent(leader.value),
            percent(other.value),
            if comparison.difference.value == 0.0 {
                ""
            } else {
                "+"
            },
            points(sign * comparison.difference.value),
            p_text(comparison.p_value),
            match comparison.test {
                PairedTest::McNemar => "",
                PairedTest::GroupSignFlip { .. } => " by group",
            },
        );
        let (ahead, behind) = if second_leads {
            (second, first)
        } else {
            (first, second)
        };
        let mut pictures = format::plural(comparison.pictures, "picture", "pictures");
        if let PairedTest::GroupSignFlip { groups } = comparison.test {
            pictures += &format!(" of {}", format::count(groups, "group", "groups"));
        }
        let headline = match better {
            Better::First | Better::Second => format!("{ahead} is better than {behind}"),
            // “No difference” beside an interval that leaves 0 out would contradict itself.
            Better::Neither if comparison.is_borderline() => format!(
                "{ahead} may be better than {behind}, but {pictures} are too few to be sure"
            ),
            Better::Neither => {
                format!("No difference between {ahead} and {behind} that {pictures} could show")
            }
        };
        Self {
            better,
            headline,
            evidence,
            seeds: None,
        }
    }

    /// Adds what several seeds say about the same two experiments.
    pub fn with_seeds(mut self, first: &str, second: &str, seeds: &SeedComparison) -> Self {
        self.seeds = (seeds.difference.seeds > 1).then(|| seeds_text(first, second, seeds));
        self
    }

    /// `Fine-tuning is better than Feature extraction: 90.4 % against 86.1 %, +4.3 points (2.1 to 6.5), p = 0.0003`.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}", self.headline, self.evidence);
        if let Some(seeds) = &self.seeds {
            text.push_str(". ");
            text.push_str(seeds);
        }
        text
    }
}

/// `Over 3 seeds 90.1 ± 0.4 % against 86.3 ± 0.9 %: Fine-tuning is ahead with every one`.
fn seeds_text(first: &str, second: &str, seeds: &SeedComparison) -> String {
    let second_leads = seeds.difference.mean.value >= 0.0;
    let (name, leader, other, ahead) = if second_leads {
        (second, &seeds.second, &seeds.first, seeds.better)
    } else {
        (first, &seeds.first, &seeds.second, seeds.worse)
    };
    let count = seeds.difference.seeds;
    let spread = |spread: &super::Spread| {
        format!(
            "{} ± {:.1} %",
            points(spread.mean.value),
            spread.standard_deviation * 100.0
        )
    };
    let ahead = if ahead == count {
        "with every one".to_owned()
    } else {
        format!("with {ahead} of them")
    };
    format!(
        "Over {count} seeds {} against {} (mean ± standard deviation): {name} is ahead {ahead}",
        spread(leader),
        spread(other),
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share in points of a hundred, without a sign for what rounds to nothing.
fn points(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    match text.strip_prefix('-') {
        Some("0.0") => "0.0".to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// `p = 0.0003`, `p = 0.042`, `p < 0.0001`.
pub fn p_text(p: f64) -> String {
    if p < 0.0001 {
        "p < 0.0001".to_owned()
    } else if p < 0.001 {
        format!("p = {p:.4}")
    } else if p < 0.0995 {
        format!("p = {p:.3}")
    } else {
        format!("p = {p:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_keep_the_digits_that_count() {
        for (p, expected) in [
            (0.000_32, "p = 0.0003"),
            (0.000_01, "p < 0.0001"),
            (0.0418, "p = 0.042"),
            (0.4, "p = 0.40"),
            (1.0, "p = 1.00"),
        ] {
            assert_eq!(p_text(p), expected);
        }
        assert_eq!(
            (points(-0.0121), points(-0.0001)),
            ("−1.2".into(), "0.0".into())
        );
    }
}
