//! What the cells of a column say about the split.

use std::collections::HashMap;

use super::super::super::Split;
use super::super::super::split_names::{self, SplitWord};
use super::columns::flag;
use super::names;
use crate::experiment::SplitPart;

/// By which rule a column's values are parts of the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The experiment says what each value means.
    Chosen,
    /// Their words: train, validation, test.
    Words,
    /// The column's name, and yes or no.
    Flag,
    /// 0, 1, 2 for training, validation and test.
    Numbers,
    /// 0 and 1 for training and test: it could be the other way round.
    TwoNumbers,
    /// Nothing tells what they mean.
    None,
}

/// The meaning of every value of a column.
#[derive(Debug)]
pub struct Parts {
    pub rule: Rule,
    meanings: HashMap<String, Option<SplitPart>>,
}

impl Parts {
    /// `name` is the column's, `values` are all that stand in it, `chosen` is what the experiment says of them.
    pub fn new<'a>(
        name: Option<&str>,
        values: impl Iterator<Item = &'a str>,
        chosen: &[(String, SplitPart)],
    ) -> Self {
        let mut values: Vec<&str> = values.collect();
        values.sort_unstable();
        values.dedup();
        let name = name.unwrap_or_default();
        let (rule, meanings) = if chosen.is_empty() {
            by_name_and_values(name, &values)
        } else {
            let meaning = |value: &&str| {
                chosen
                    .iter()
                    .find(|(of, _)| of.trim().eq_ignore_ascii_case(value))
                    .map(|(_, part)| *part)
            };
            (Rule::Chosen, values.iter().map(meaning).collect())
        };
        Self {
            rule,
            meanings: values
                .into_iter()
                .map(str::to_owned)
                .zip(meanings)
                .collect(),
        }
    }

    /// What a value means; `None` when nobody knows.
    pub fn part(&self, value: &str) -> Option<SplitPart> {
        self.meanings.get(value).copied().flatten()
    }
}

pub fn split_of(part: SplitPart) -> Option<Split> {
    match part {
        SplitPart::Train => Some(Split::Train),
        SplitPart::Validation => Some(Split::Validation),
        SplitPart::Test => Some(Split::Test),
        SplitPart::Unused => None,
    }
}

fn by_name_and_values(name: &str, values: &[&str]) -> (Rule, Vec<Option<SplitPart>>) {
    let flags: Option<Vec<bool>> = values.iter().map(|value| flag(value)).collect();
    if let (Some(word), Some(flags)) = (names::is_flag_of_split(name), flags) {
        let (yes, no) = match word {
            SplitWord::Train => (SplitPart::Train, SplitPart::Test),
            SplitWord::Validation => (SplitPart::Validation, SplitPart::Train),
            SplitWord::Test | SplitWord::Evaluation => (SplitPart::Test, SplitPart::Train),
            SplitWord::Unlabelled => (SplitPart::Unused, SplitPart::Train),
        };
        let meaning = |flag| Some(if flag { yes } else { no });
        return (Rule::Flag, flags.into_iter().map(meaning).collect());
    }
    let words: Vec<Option<SplitWord>> = values.iter().map(|value| word(value)).collect();
    if words.iter().any(Option::is_some) {
        let known: Vec<SplitWord> = words.iter().copied().flatten().collect();
        let parts: HashMap<SplitWord, Option<Split>> = known
            .iter()
            .copied()
            .zip(split_names::assign(&known))
            .collect();
        let meaning = |word: Option<SplitWord>| {
            parts
                .get(&word?)
                .copied()
                .flatten()
                .map(|split| match split {
                    Split::Train => SplitPart::Train,
                    Split::Validation => SplitPart::Validation,
                    Split::Test => SplitPart::Test,
                })
        };
        return (Rule::Words, words.into_iter().map(meaning).collect());
    }
    // "train_test_split" says nothing about which of 0 and 1 is which.
    let names_parts = split_names::tokens(name)
        .iter()
        .any(|token| split_names::split_word(token).is_some());
    if names::is_split_name(name) && !names::is_fold_name(name) && !names_parts {
        let numbers: Option<Vec<i64>> = values.iter().map(|value| whole(value)).collect();
        let mut numbers = numbers.unwrap_or_default();
        numbers.sort_unstable();
        let parts: &[SplitPart] = match numbers.as_slice() {
            [0, 1, 2] | [1, 2, 3] => &[SplitPart::Train, SplitPart::Validation, SplitPart::Test],
            [0, 1] | [1, 2] => &[SplitPart::Train, SplitPart::Test],
            _ => &[],
        };
        if !parts.is_empty() {
            let rule = if parts.len() == 2 {
                Rule::TwoNumbers
            } else {
                Rule::Numbers
            };
            let meaning = |value: &&str| {
                let index = numbers
                    .iter()
                    .position(|number| Some(*number) == whole(value));
                index.and_then(|index| parts.get(index)).copied()
            };
            return (rule, values.iter().map(meaning).collect());
        }
    }
    (Rule::None, vec![None; values.len()])
}

fn whole(value: &str) -> Option<i64> {
    value
        .trim()
        .strip_suffix(".0")
        .unwrap_or(value.trim())
        .parse()
        .ok()
}

/// The word for a part of a split in a cell.
fn word(value: &str) -> Option<SplitWord> {
    split_names::split_name(value)
        // Kaggle's public and private test.
        .filter(|name| name.rest.is_empty() || matches!(name.rest.as_str(), "public" | "private"))
        .map(|name| name.word)
}

#[cfg(test)]
mod tests;
