//! Which columns of a table hold what, as far as their names and cells tell.

mod refusal;
mod remarks;

use std::collections::{HashMap, HashSet};

use super::super::super::split_names::{self, SplitWord};
use super::columns::{Content, Sheet};
use super::labels::Missing;
use super::names::{self, LabelName, label_name};
use super::number;
use super::one_hot::{self, Marks};
use super::pictures::Pictures;
use super::splits::{Parts, Rule};
use crate::experiment::{SplitPart, Threshold};

pub use remarks::{remarks, unused_splits};

/// A way to read a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub path: usize,
    pub label: Label,
    pub split: Option<usize>,
    /// Columns that could be the label as well.
    pub others: Vec<usize>,
    /// Columns that seem to tell a split and are not used.
    pub other_splits: Vec<usize>,
    /// Other columns of pictures' names.
    pub other_paths: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    Column(usize, Why),
    /// One column for each class.
    OneHot(Vec<usize>),
}

/// Why a column is the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Name,
    /// It holds the names of what another column numbers.
    NameOfNumber(usize),
    Only,
    /// It is the first that can be it.
    First,
    /// None of them can, as it seems.
    Left,
    /// Its name says that it is something else, such as an age.
    OtherName,
    /// Another column holds numbers of many values, which may be what is to be learnt.
    BesideMeasure(usize),
}

impl Proposal {
    /// `path` is the column of paths.
    ///
    /// # Errors
    /// When there is no column beside it.
    pub fn new(sheet: &Sheet, path: usize) -> Result<Self, String> {
        let width = sheet.width();
        let contents: Vec<Content> = (0..width).map(|column| sheet.content(column)).collect();
        let others = || (0..width).filter(|&column| column != path);
        let (split, other_splits) = split_column(sheet, others());
        let free: Vec<usize> = others()
            .filter(|column| Some(*column) != split && !other_splits.contains(column))
            .collect();
        let (label, others) = label_column(sheet, &contents, &free, path)
            .ok_or("the table has no column of classes: add one beside the paths")?;
        Ok(Self {
            path,
            label,
            split,
            others,
            other_splits,
            other_paths: free
                .into_iter()
                .filter(|&column| contents[column] == Content::Pictures)
                .collect(),
        })
    }

    /// Two classes, when the labels are shares rather than names.
    pub fn threshold(&self, sheet: &Sheet) -> Option<Threshold> {
        match self.label {
            Label::Column(column, _) => proposed_threshold(sheet, column),
            Label::OneHot(_) => None,
        }
    }
}

/// Two classes, when a column holds shares from 0 to 1 that are not all whole.
pub fn proposed_threshold(sheet: &Sheet, column: usize) -> Option<Threshold> {
    let numbers: Vec<f64> = sheet
        .values(column)
        .filter(|value| !super::labels::is_no_value(value))
        .map(number)
        .collect::<Option<_>>()?;
    let shares = numbers.iter().all(|number| (0.0..=1.0).contains(number));
    let whole = numbers.iter().all(|number| number.fract() == 0.0);
    (shares && !whole).then(Threshold::default)
}

/// The column that tells the split, and those that may tell one too.
fn split_column(
    sheet: &Sheet,
    columns: impl Iterator<Item = usize>,
) -> (Option<usize>, Vec<usize>) {
    let mut told: Vec<(bool, bool, bool, usize)> = Vec::new();
    let mut untold = Vec::new();
    for column in columns {
        let name = sheet.name(column).unwrap_or_default();
        let counts = sheet.first_counts(column);
        let parts = Parts::new(Some(name), counts.keys().copied(), &[]);
        let rows: usize = counts.values().sum();
        let known: usize = counts
            .iter()
            .filter(|(value, _)| parts.part(value).is_some())
            .map(|(_, count)| count)
            .sum();
        let words = counts
            .keys()
            .filter(|value| parts.part(value).is_some())
            .count();
        let named = names::is_split_name(name);
        // Where the words differ, they tell the split, whatever numbers follow.
        if parts.rule == Rule::Words && are_identifiers(&counts, rows) {
            continue;
        }
        let is_split = match parts.rule {
            Rule::Words => known > 0 && (named || known == rows || words > 1 && known * 2 >= rows),
            Rule::Flag | Rule::Numbers | Rule::TwoNumbers => known > 0,
            Rule::Chosen | Rule::None => false,
        };
        let has_test = counts
            .keys()
            .any(|value| parts.part(value) == Some(SplitPart::Test));
        // `test` of positive and negative is the answer of one.
        let is_answer = names::is_flag_of_split(name).is_some()
            && parts.rule == Rule::None
            && sheet.content(column) == Content::Classes;
        let names_split = names::is_fold_name(name)
            || named && counts.len() > 1 && counts.len() <= 20 && !is_answer
            || split_names::split_word(name).is_some() && sheet.content(column) == Content::Flags;
        // Of three flags, that of the test leaves nothing of it to the other parts.
        let asks_test = parts.rule == Rule::Flag
            && matches!(
                names::is_flag_of_split(name),
                Some(SplitWord::Test | SplitWord::Evaluation)
            );
        if is_split {
            told.push((has_test, named, asks_test, column));
        } else if names_split && label_name(name) < LabelName::Contains {
            untold.push(column);
        }
    }
    // One that marks a test first, so that nothing of it is trained on.
    let best = told
        .iter()
        .rev()
        .max_by_key(|(has_test, named, asks_test, _)| (*has_test, *named, *asks_test))
        .map(|(.., column)| *column);
    let rest = told.iter().map(|(.., column)| *column);
    untold.extend(rest.filter(|column| Some(*column) != best));
    untold.sort_unstable();
    (best, untold)
}

/// `train_0001`, `train_0002`: cells that are hardly ever the same, and only their numbers differ.
fn are_identifiers(counts: &HashMap<&str, usize>, rows: usize) -> bool {
    let words: HashSet<Vec<String>> = counts
        .keys()
        .map(|value| split_names::tokens(value))
        .collect();
    counts.len() * 2 > rows && counts.len() > 1 && words.len() == 1
}

fn label_column(
    sheet: &Sheet,
    contents: &[Content],
    free: &[usize],
    path: usize,
) -> Option<(Label, Vec<usize>)> {
    let named = |column: usize| names::of_column(sheet, column);
    let score = |column: usize| {
        let content = match contents[column] {
            Content::Flags if sheet.header.is_some() => 28,
            Content::Classes | Content::Numbers | Content::Shares | Content::Flags => 30,
            Content::ManyShares => -20,
            Content::Unique | Content::Prose => -60,
            Content::Dates | Content::Addresses => -70,
            Content::Constant => -75,
            Content::Measure => -80,
            Content::Index => -90,
            Content::Pictures | Content::Empty => -200,
        };
        let name = match named(column) {
            LabelName::LabelsName => 105,
            LabelName::Label => 100,
            LabelName::Contains => 60,
            LabelName::Maybe => 10,
            LabelName::Silent => 0,
            LabelName::Other => -45,
        };
        // A column that says the same as the path is no label.
        let same = if named(column) < LabelName::Label && is_same_as(sheet, column, path) {
            -100
        } else {
            0
        };
        content + name + same
    };
    let scores: Vec<(i32, usize)> = free.iter().map(|&column| (score(column), column)).collect();
    let (best, column) = *scores.iter().rev().max_by_key(|(score, _)| *score)?;
    // Columns of 0 and 1 are one label together, unless another column holds it by its name.
    let marks: Vec<usize> = free
        .iter()
        .copied()
        .filter(|&column| sheet.name(column).is_some() && one_hot::is_marked(sheet, column))
        .collect();
    let others = |chosen: &[usize]| -> Vec<usize> {
        free.iter()
            .copied()
            .filter(|column| !chosen.contains(column))
            .filter(|column| contents[*column].is_label() || marks.contains(column))
            .collect()
    };
    let is_named = named(column) >= LabelName::Contains
        && contents[column].is_label()
        && !marks.contains(&column);
    if !is_named {
        let silent: Vec<usize> = marks
            .iter()
            .copied()
            .filter(|&column| named(column) != LabelName::Other || marks.len() > 4)
            .collect();
        let silent = if silent.len() >= 2 {
            silent
        } else {
            marks.clone()
        };
        let is_other = |column: usize| {
            named(column) == LabelName::Other || sheet.name(column).is_some_and(names::is_question)
        };
        let together = one_hot::one_each(sheet, &silent, &is_other).or_else(|| {
            // Many of them are labels of which a picture has several; the scan says so.
            let are_several = silent.len() >= 2
                && named(column) < LabelName::Label
                && (silent.len() >= 3 || best <= 30)
                && one_hot::marks(sheet, &silent) == Marks::Several;
            are_several.then(|| silent.clone())
        });
        if let Some(together) = together {
            let others = others(&together);
            return Some((Label::OneHot(together), others));
        }
    }
    // Of a number and its name, the name.
    if contents[column] == Content::Numbers || contents[column] == Content::Flags {
        let name = scores.iter().find(|(score, other)| {
            *other != column
                && *score >= 0
                && contents[*other] == Content::Classes
                && named(*other) >= LabelName::Maybe
                && is_renamed(sheet, column, *other)
        });
        if let Some((_, name)) = name {
            return Some((
                Label::Column(*name, Why::NameOfNumber(column)),
                others(&[*name, column]),
            ));
        }
    }
    let number = free.iter().copied().find(|&other| {
        contents[column] == Content::Classes
            && matches!(contents[other], Content::Numbers | Content::Flags)
            && named(other) >= LabelName::Contains
            && is_renamed(sheet, other, column)
    });
    let rest = others(&[column]);
    let is_mark = marks.len() >= 2 && marks.contains(&column);
    let measure = free.iter().copied().find(|&other| {
        matches!(contents[column], Content::Flags | Content::Numbers)
            && named(other) != LabelName::Other
            && sheet.is_measured(other)
    });
    let why = match number {
        Some(number) => Why::NameOfNumber(number),
        None if named(column) >= LabelName::Label => Why::Name,
        None if is_mark => Why::First,
        None if named(column) >= LabelName::Contains => Why::Name,
        None if named(column) == LabelName::Other && contents[column].is_label() => Why::OtherName,
        None if !contents[column].is_label() && contents[column] != Content::ManyShares => {
            Why::Left
        }
        None => match measure {
            Some(measure) => Why::BesideMeasure(measure),
            None if rest.is_empty() => Why::Only,
            None => Why::First,
        },
    };
    Some((Label::Column(column, why), rest))
}

/// Whether each number of one column always stands beside the same name of the other.
fn is_renamed(sheet: &Sheet, number: usize, name: usize) -> bool {
    let mut names = std::collections::HashMap::new();
    let mut numbers = std::collections::HashMap::new();
    sheet.rows().iter().all(|row| {
        let (Some(number), Some(name)) = (row.cells.get(number), row.cells.get(name)) else {
            return true;
        };
        let (number, name) = (number.trim(), name.trim());
        *names.entry(number).or_insert(name) == name
            && *numbers.entry(name).or_insert(number) == number
    })
}

/// Whether a column repeats the names of the files.
fn is_same_as(sheet: &Sheet, column: usize, path: usize) -> bool {
    let mut rows = 0;
    let same = sheet
        .rows()
        .iter()
        .take(200)
        .filter(|row| {
            let (Some(cell), Some(path)) = (row.cells.get(column), row.cells.get(path)) else {
                return false;
            };
            rows += 1;
            let path = path.trim().replace('\\', "/");
            let name = path.rsplit('/').next().unwrap_or_default();
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let cell = cell.trim();
            !cell.is_empty() && (cell == path || cell == name || cell == stem)
        })
        .count();
    same > 0 && same * 2 > rows
}

/// Whether names tell where the label is.
pub fn is_named(proposal: &Proposal) -> bool {
    matches!(
        proposal.label,
        Label::OneHot(_) | Label::Column(_, Why::Name | Why::NameOfNumber(_) | Why::Only)
    )
}

/// Whether the label's column has labels of two classes at least.
pub fn has_labels(sheet: &Sheet, proposal: &Proposal) -> Result<(), String> {
    let Label::Column(column, _) = proposal.label else {
        return Ok(());
    };
    let counts = sheet.counts(column);
    let missing = Missing::of(&counts);
    let labels: Vec<&str> = counts
        .into_keys()
        .filter(|label| !missing.is_missing(label))
        .collect();
    match labels.as_slice() {
        [] => Err("it has no labels".to_owned()),
        [only] => Err(format!("all of its labels are “{only}”")),
        _ => Ok(()),
    }
}

/// Reads a table's header and proposes how to read the rest.
pub fn propose(
    table: super::text::Table,
    pictures: &Pictures<'_>,
) -> Result<(Sheet, Proposal), String> {
    let Some(path) = Sheet::path_column(&table, pictures) else {
        if let Some(reason) = refusal::pixels(&table) {
            return Err(reason);
        }
        return Err("no column of this table holds names of pictures, and none holds names of files below its folder: write one line per picture, with its path and its class".to_owned());
    };
    let sheet = Sheet::new(table, Some(path), false, pictures);
    let proposal = Proposal::new(&sheet, path)?;
    refusal::other_task(&sheet, &proposal)?;
    if let Some(rival) = sheet.rival_path(path, pictures) {
        return Err(format!(
            "columns {} and {} both hold numbers of pictures, and not the same: write the files' names (such as 0001.jpg) \
             into one of them, or delete the other",
            sheet.called(path),
            sheet.called(rival)
        ));
    }
    Ok((sheet, proposal))
}
