//! The values that a sweep's file says, one by one.

use super::Values;

/// More steps than any sweep has cells are not written out.
const MOST_STEPS: u32 = 100_001;

impl Values {
    /// Whether there are endlessly many, from which some are drawn.
    pub fn is_distribution(&self) -> bool {
        matches!(self, Self::Uniform { .. } | Self::LogUniform { .. })
    }

    /// The values of one field as RON texts, as a person writes them; `None` for distributions, and for several fields.
    pub fn listed(&self) -> Option<Vec<String>> {
        match self {
            Self::Together(_) | Self::Uniform { .. } | Self::LogUniform { .. } => None,
            _ => Some(self.rows().concat()),
        }
    }

    /// One row for each combination of an entry's fields, with one value for every field; of distributions none.
    pub(in crate::sweep) fn rows(&self) -> Vec<Vec<String>> {
        match self {
            Self::List(items) => items.iter().map(|item| vec![item.clone()]).collect(),
            Self::Together(rows) => rows.clone(),
            &Self::Linear { from, to, steps } => {
                range(from, to, steps, &|share| from + share * (to - from))
            }
            &Self::Logarithmic { from, to, steps } => {
                range(from, to, steps, &|share| from * (to / from).powf(share))
            }
            Self::Uniform { .. } | Self::LogUniform { .. } => Vec::new(),
        }
    }
}

fn range(from: f64, to: f64, steps: u32, at: &dyn Fn(f64) -> f64) -> Vec<Vec<String>> {
    let last = steps.clamp(2, MOST_STEPS) - 1;
    (0..=last)
        .map(|step| {
            let number = match step {
                0 => from,
                step if step == last => to,
                step => rounded(at(f64::from(step) / f64::from(last))),
            };
            vec![number_text(number)]
        })
        .collect()
}

/// To four digits: more say nothing, and make names long.
pub(in crate::sweep) fn rounded(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}

/// As RON has it: `16` for 16.0, which fields of whole and of other numbers take.
pub(in crate::sweep) fn number_text(number: f64) -> String {
    format!("{number}")
}
