//! Labels as people write them: missing ones, spellings of the same one, several in one cell.

mod several;

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;

use super::super::super::Remark;
use super::number;
use super::pictures::folded;
pub use several::{Several, refusal, several};

/// One in so many rows may have several labels before the whole table is refused.
pub const FEW: usize = 20;

/// Whether a cell says in whatever way that it holds nothing, and never a class.
pub fn is_no_value(cell: &str) -> bool {
    let cell = cell.trim();
    matches!(
        cell,
        "" | "?"
            | "<NA>"
            | "NaT"
            | "#N/A"
            | "#NA"
            | "N/A"
            | "n/a"
            | "NULL"
            | "null"
            | "Null"
            | "<null>"
            | "-"
            | "--"
    ) || cell.eq_ignore_ascii_case("nan")
}

/// Which cells of a column of labels say that there is none.
#[derive(Debug, Default)]
pub struct Missing {
    /// `NA` among codes of two letters is one of them.
    na_is_class: bool,
    /// `None` in many rows is a class.
    none_is_class: bool,
}

impl Missing {
    pub fn of(counts: &HashMap<&str, usize>) -> Self {
        let others: Vec<&str> = counts
            .keys()
            .copied()
            .filter(|value| !is_no_value(value) && !is_na(value))
            .collect();
        let is_code =
            |value: &&str| value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase());
        let all: usize = counts.values().sum();
        let none: usize = counts
            .iter()
            .filter(|(value, _)| is_none(value))
            .map(|(_, count)| count)
            .sum();
        Self {
            na_is_class: others.len() >= 2 && others.iter().all(is_code),
            none_is_class: none * FEW > all,
        }
    }

    pub fn is_missing(&self, cell: &str) -> bool {
        is_no_value(cell)
            || is_na(cell) && !self.na_is_class
            || is_none(cell) && !self.none_is_class
    }

    /// What was taken for a class although it may say that there is none.
    pub fn remarks(&self, counts: &HashMap<&str, usize>) -> Vec<Remark> {
        counts
            .keys()
            .filter(|value| is_na(value) || is_none(value))
            .filter(|value| !self.is_missing(value))
            .map(|value| {
                Remark::warning(format!(
                    "“{value}” is taken for a class: empty these cells if they mean that the label is missing."
                ))
            })
            .collect()
    }
}

fn is_na(cell: &str) -> bool {
    cell.trim() == "NA"
}

fn is_none(cell: &str) -> bool {
    cell.trim().eq_ignore_ascii_case("none")
}

/// One spelling for labels that are the same: accents in one letter or two, kinds and numbers of spaces, `1` and `1.0`.
#[derive(Debug, Default)]
pub struct Spellings {
    /// The spellings of each, with how often they occur.
    of: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Spellings {
    pub fn of<'a>(labels: impl Iterator<Item = &'a str>) -> Self {
        let mut spellings = Self::default();
        for label in labels {
            *spellings
                .of
                .entry(key(label))
                .or_default()
                .entry(label.to_owned())
                .or_default() += 1;
        }
        spellings
    }

    /// The spelling that is used most, the first of equals.
    pub fn common(&self, label: &str) -> String {
        self.of
            .get(&key(label))
            .and_then(most_used)
            .unwrap_or(label)
            .to_owned()
    }

    /// What was put together, and what only nearly is the same.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for spellings in self.of.values().filter(|spellings| spellings.len() > 1) {
            let common = most_used(spellings).unwrap_or_default();
            let others: Vec<String> = spellings
                .keys()
                .filter(|spelling| spelling.as_str() != common)
                .map(|spelling| format!("“{spelling}”"))
                .collect();
            remarks.push(Remark::warning(format!(
                "Labels that are written differently are one class: “{common}”, {}.",
                others.join(", ")
            )));
        }
        let mut by_case: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for spellings in self.of.values() {
            let common = most_used(spellings).unwrap_or_default();
            by_case.entry(folded(common)).or_default().push(common);
        }
        for alike in by_case.values().filter(|alike| alike.len() > 1) {
            remarks.push(Remark::warning(format!(
                "The classes “{}” differ in upper and lower case only: write them alike if they are one.",
                alike.join("” and “")
            )));
        }
        remarks
    }
}

fn most_used(spellings: &BTreeMap<String, usize>) -> Option<&str> {
    spellings
        .iter()
        .rev()
        .max_by_key(|(_, count)| **count)
        .map(|(spelling, _)| spelling.as_str())
}

fn key(label: &str) -> String {
    // Pandas writes whole numbers with a point where some are missing.
    if let Some((whole, zeros)) = label.split_once('.')
        && !whole.is_empty()
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && !zeros.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
    {
        return whole.to_owned();
    }
    label
        .nfc()
        .filter(|letter| !matches!(letter, '\u{200b}' | '\u{feff}'))
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a column of these labels holds measurements rather than classes; `is_named` if its name says that it
/// holds the label.
pub fn are_measurements(counts: &HashMap<&str, usize>, is_named: bool) -> bool {
    let numbers: Option<Vec<f64>> = counts.keys().map(|value| number(value)).collect();
    let Some(numbers) = numbers else {
        return false;
    };
    let rows: usize = counts.values().sum();
    let broken = numbers.iter().any(|number| number.fract() != 0.0);
    numbers.len() > 20 && numbers.len() * 2 > rows && (broken || !is_named)
}

#[cfg(test)]
mod tests;
