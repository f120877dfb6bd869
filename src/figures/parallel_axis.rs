//! An axis of parallel coordinates: numbers, numbers over decades, or names, each with its place between bottom and top.

use super::axis;

/// Numbers that span more than this, by their quotient, stand by their power of ten.
const DECADES_FROM: f64 = 20.0;
/// As many values each have a mark of their own; more have round ones.
const MOST_MARKED: usize = 9;
/// Round marks of an axis, about.
const MARKS: usize = 5;

/// One upright axis.
#[derive(Debug, Clone, PartialEq)]
pub struct ParallelAxis {
    pub title: String,
    pub scale: ParallelScale,
    /// Where marks stand, as shares of the height from the bottom, and what they say.
    pub ticks: Vec<(f64, String)>,
}

/// How values find their places.
#[derive(Debug, Clone, PartialEq)]
pub enum ParallelScale {
    Linear {
        bottom: f64,
        top: f64,
    },
    /// Equal ratios, equal distances; both ends above 0.
    Logarithmic {
        bottom: f64,
        top: f64,
    },
    /// In equal steps, the first at the bottom.
    Names(Vec<String>),
}

impl ParallelScale {
    /// The share of the height at which a number stands; nothing for one that has no place.
    pub fn share_of_number(&self, value: f64) -> Option<f64> {
        let between = |value: f64, bottom: f64, top: f64| {
            let share = if top == bottom {
                0.5
            } else {
                (value - bottom) / (top - bottom)
            };
            share.is_finite().then_some(share)
        };
        match self {
            Self::Linear { bottom, top } => between(value, *bottom, *top),
            Self::Logarithmic { bottom, top } => between(value.ln(), bottom.ln(), top.ln()),
            Self::Names(_) => None,
        }
    }

    /// The share of the height at which what a text says stands.
    pub fn share(&self, text: &str) -> Option<f64> {
        match self {
            Self::Names(names) => {
                let index = names.iter().position(|name| name == text)?;
                Some(share_of_index(index, names.len()))
            }
            _ => self.share_of_number(number(text)?),
        }
    }

    /// The number at a share of the height; nothing on an axis of names.
    pub fn number_at(&self, share: f64) -> Option<f64> {
        match self {
            Self::Linear { bottom, top } => Some(bottom + share * (top - bottom)),
            Self::Logarithmic { bottom, top } => {
                Some((bottom.ln() + share * (top.ln() - bottom.ln())).exp())
            }
            Self::Names(_) => None,
        }
    }
}

impl ParallelAxis {
    /// An axis of the values of a setting, in the order in which they are given. All numbers, or names.
    pub fn of_texts<'a>(
        title: impl Into<String>,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut distinct: Vec<&str> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for text in texts {
            if seen.insert(text) {
                distinct.push(text);
            }
        }
        let numbers: Option<Vec<f64>> = distinct.iter().map(|text| number(text)).collect();
        let title = title.into();
        match numbers {
            Some(numbers) if !numbers.is_empty() => Self::of_settings(title, &distinct, &numbers),
            _ => {
                let names: Vec<String> = distinct.iter().map(|&text| text.to_owned()).collect();
                let count = names.len();
                let ticks = names.iter().enumerate();
                let ticks = ticks
                    .map(|(index, name)| (share_of_index(index, count), name.clone()))
                    .collect();
                Self {
                    title,
                    scale: ParallelScale::Names(names),
                    ticks,
                }
            }
        }
    }

    fn of_settings(title: String, texts: &[&str], numbers: &[f64]) -> Self {
        let (low, high) = axis::range(numbers.iter().copied()).unwrap_or((0.0, 1.0));
        let scale = if low > 0.0 && high / low >= DECADES_FROM {
            ParallelScale::Logarithmic {
                bottom: low,
                top: high,
            }
        } else {
            ParallelScale::Linear {
                bottom: low,
                top: high,
            }
        };
        let ticks = if numbers.len() <= MOST_MARKED {
            let mut ticks: Vec<(f64, String)> = (texts.iter().zip(numbers))
                .filter_map(|(text, number)| {
                    Some((scale.share_of_number(*number)?, (*text).to_owned()))
                })
                .collect();
            ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
            // Two ways to write one number.
            ticks.dedup_by(|a, b| a.0 == b.0);
            ticks
        } else {
            round_ticks(&scale, low, high, &crate::format::rate)
        };
        Self {
            title,
            scale,
            ticks,
        }
    }

    /// An axis of results, the best at the top. `text` writes a mark.
    pub fn of_results(
        title: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        higher_is_better: bool,
        text: &dyn Fn(f64) -> String,
    ) -> Self {
        let (low, high) = axis::range(values).unwrap_or((0.0, 1.0));
        let rounded = axis::Axis::rounded(low, high, MARKS, 0.0, 1.0);
        let (bottom, top) = if higher_is_better {
            (rounded.low, rounded.high)
        } else {
            (rounded.high, rounded.low)
        };
        let scale = ParallelScale::Linear { bottom, top };
        let ticks = rounded.ticks.iter();
        Self {
            title: title.into(),
            ticks: ticks
                .filter_map(|&tick| Some((scale.share_of_number(tick)?, text(tick))))
                .collect(),
            scale,
        }
    }
}

/// Marks at round numbers that lie on the axis, and nothing beyond its ends.
fn round_ticks(
    scale: &ParallelScale,
    low: f64,
    high: f64,
    text: &dyn Fn(f64) -> String,
) -> Vec<(f64, String)> {
    let rounded = match scale {
        ParallelScale::Logarithmic { .. } => axis::Axis::decades(low, high, 0.0, 1.0),
        _ => axis::Axis::rounded(low, high, MARKS, 0.0, 1.0),
    };
    let on_the_axis = |share: &f64| (-1e-9..=1.0 + 1e-9).contains(share);
    let mut ticks: Vec<(f64, String)> = (rounded.ticks.iter())
        .filter_map(|&tick| {
            let share = scale.share_of_number(tick).filter(on_the_axis)?;
            Some((share, text(tick)))
        })
        .collect();
    if ticks.len() < 2 {
        ticks = vec![(0.0, text(low)), (1.0, text(high))];
    }
    ticks
}

/// Where the one at `index` of so many stands, as a share of the way: a single one in the middle.
pub(super) fn share_of_index(index: usize, count: usize) -> f64 {
    if count < 2 {
        0.5
    } else {
        index as f64 / (count - 1) as f64
    }
}

/// The number that a text says; nothing for infinities and what is none.
fn number(text: &str) -> Option<f64> {
    let value: f64 = text.trim().replace('_', "").parse().ok()?;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &ParallelAxis) -> String {
        let ticks = axis.ticks.iter();
        let ticks: Vec<String> = ticks
            .map(|(share, text)| format!("{text}@{share:.2}"))
            .collect();
        ticks.join(" ")
    }

    #[test]
    fn rates_stand_by_their_decades_and_sizes_by_their_value() {
        let axis = ParallelAxis::of_texts("Rate", ["1e-5", "1e-4", "1e-3"]);
        assert_eq!(ticks(&axis), "1e-5@0.00 1e-4@0.50 1e-3@1.00");
        let axis = ParallelAxis::of_texts("Batch size", ["64", "16", "32", "16"]);
        assert_eq!(ticks(&axis), "16@0.00 32@0.33 64@1.00");
        assert_eq!(axis.scale.share("48"), Some(2.0 / 3.0));
        assert_eq!(axis.scale.share("many"), None);
    }

    #[test]
    fn what_is_no_number_is_a_name_in_the_order_given() {
        let axis = ParallelAxis::of_texts("Frozen", ["nothing", "below layer4", "3"]);
        assert_eq!(ticks(&axis), "nothing@0.00 below layer4@0.50 3@1.00");
        let one = ParallelAxis::of_texts("Frozen", ["nothing"]);
        assert_eq!(ticks(&one), "nothing@0.50");
        assert!(ParallelAxis::of_texts("None", []).ticks.is_empty());
    }

    #[test]
    fn many_numbers_have_round_marks_on_the_axis() {
        let texts: Vec<String> = (0..40)
            .map(|step| format!("{}", 0.013 + 0.011 * f64::from(step)))
            .collect();
        let axis = ParallelAxis::of_texts("Decay", texts.iter().map(String::as_str));
        assert!((2..=8).contains(&axis.ticks.len()), "{}", ticks(&axis));
        assert!(
            axis.ticks
                .iter()
                .all(|(share, _)| (0.0..=1.0).contains(share))
        );
        let texts: Vec<String> = (0..40)
            .map(|step| format!("{:e}", 1.3e-5 * 1.3f64.powi(step)))
            .collect();
        let axis = ParallelAxis::of_texts("Rate", texts.iter().map(String::as_str));
        assert!(matches!(axis.scale, ParallelScale::Logarithmic { .. }));
        assert!(axis.ticks.len() >= 2, "{}", ticks(&axis));
    }

    #[test]
    fn the_best_result_stands_at_the_top() {
        let percent = |value: f64| format!("{:.0} %", value * 100.0);
        let up = ParallelAxis::of_results("Accuracy", [0.81, 0.9], true, &percent);
        assert!(up.scale.share_of_number(0.9) > up.scale.share_of_number(0.81));
        let down = ParallelAxis::of_results("Loss", [0.3, f64::NAN, 0.5], false, &percent);
        assert!(down.scale.share_of_number(0.3) > down.scale.share_of_number(0.5));
        assert_eq!(down.scale.share_of_number(f64::NAN), None);
        let half = up.scale.number_at(0.5);
        assert!(
            half.is_some_and(|half| (0.8..0.92).contains(&half)),
            "{half:?}"
        );
        // Nothing is known yet.
        assert!(
            !ParallelAxis::of_results("Loss", [], false, &percent)
                .ticks
                .is_empty()
        );
    }
}
