//! Labels as people write them: missing ones, spellings of the same one, several in one cell.

mod several;

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;

use super::super::super::Remark;
use super::number;
use super::pictures::folded;
pub use several::{Several, are_boxes, joined, refusal, several};

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
                    "“{value}” is read as a class: if it means that the class is missing, empty these cells."
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
    /// `007` is 7.
    numbers_are_one: bool,
}

impl Spellings {
    pub fn of<'a>(labels: impl Iterator<Item = &'a str>) -> Self {
        Self::default().with(labels)
    }

    /// Of names of groups, where numbers are one however many zeros stand before them: pandas drops these.
    pub fn of_groups<'a>(groups: impl Iterator<Item = &'a str>) -> Self {
        let spellings = Self {
            numbers_are_one: true,
            ..Self::default()
        };
        spellings.with(groups)
    }

    /// How many different things the labels name, however each is written.
    pub fn distinct(&self) -> usize {
        self.of.len()
    }

    fn key(&self, label: &str) -> String {
        let key = key(label);
        if self.numbers_are_one {
            without_zeros(&key).to_owned()
        } else {
            key
        }
    }

    fn with<'a>(mut self, labels: impl Iterator<Item = &'a str>) -> Self {
        let spellings = &mut self;
        for label in labels {
            let key = spellings.key(label);
            *spellings
                .of
                .entry(key)
                .or_default()
                .entry(label.to_owned())
                .or_default() += 1;
        }
        self
    }

    /// The spelling that is used most, the first of equals.
    pub fn common(&self, label: &str) -> String {
        self.of
            .get(&self.key(label))
            .and_then(most_used)
            .unwrap_or(label)
            .to_owned()
    }

    /// What was put together, and what only nearly is the same.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for spellings in self.united() {
            remarks.push(Remark::warning(format!(
                "Classes that are written differently are taken as one: “{}”.",
                spellings.join("”, “")
            )));
        }
        for alike in self.nearly_alike() {
            let is_number = alike.iter().all(|label| number(label).is_some());
            remarks.push(Remark::warning(format!(
                "The classes “{}” differ in {} only: if they are one class, write them alike.",
                alike.join("” and “"),
                if is_number {
                    "leading zeros"
                } else {
                    "upper and lower case"
                }
            )));
        }
        remarks
    }

    /// Every label that is written in more ways than one, the way that is used most first.
    pub fn united(&self) -> Vec<Vec<&str>> {
        let several = self.of.values().filter(|spellings| spellings.len() > 1);
        several
            .map(|spellings| {
                let common = most_used(spellings).unwrap_or_default();
                let others = spellings.keys().map(String::as_str);
                std::iter::once(common)
                    .chain(others.filter(|spelling| *spelling != common))
                    .collect()
            })
            .collect()
    }

    /// Labels that are two, and differ in upper and lower case only, or numbers in the zeros before them.
    pub fn nearly_alike(&self) -> Vec<Vec<&str>> {
        let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for spellings in self.of.values() {
            let common = most_used(spellings).unwrap_or_default();
            let key = without_zeros(&folded(common)).to_owned();
            alike.entry(key).or_default().push(common);
        }
        alike
            .into_values()
            .filter(|alike| alike.len() > 1)
            .collect()
    }
}

/// A whole number without the zeros before it; anything else as it stands.
fn without_zeros(text: &str) -> &str {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text;
    }
    match text.trim_start_matches('0') {
        "" => "0",
        digits => digits,
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
        && let digits = whole.strip_prefix('-').unwrap_or(whole)
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !zeros.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
    {
        return whole.to_owned();
    }
    label
        .nfc()
        .filter(|letter| {
            !matches!(
                letter,
                '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{2060}' | '\u{feff}'
            )
        })
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

/// Why a column of measurements is refused.
pub fn measurements(column: &str, distinct: usize, rows: usize) -> String {
    format!(
        "column {column} holds {distinct} different numbers in {rows} rows: these are measurements, which need regression, and \
         Graft learns classes; choose a column of classes, or make two classes of the numbers by a threshold"
    )
}

#[cfg(test)]
mod tests;
