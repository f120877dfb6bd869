//! What the columns of a table hold, told by their cells.

mod header;
mod paths;

use std::collections::HashMap;

use super::super::folders::is_picture_name;
use super::divide::Row;
use super::number;
use super::pictures::Pictures;
use super::text::Table;
use crate::experiment::Column;

/// Rows that are looked at to tell what a column holds.
pub const CONTENT_ROWS: usize = 20_000;

/// Numbers of more different values than these are measurements, if they don't recur.
const MANY_VALUES: usize = 20;

/// A table with its header told from its rows.
#[derive(Debug)]
pub struct Sheet {
    pub table: Table,
    /// The names of the columns, without spaces around them.
    pub header: Option<Vec<String>>,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Empty,
    /// The same in every row.
    Constant,
    /// Names of pictures.
    Pictures,
    Addresses,
    Dates,
    /// 0, 1, 2, …, or numbers of which none comes twice.
    Index,
    /// Numbers of many values.
    Measure,
    /// Numbers from 0 to 1 that are not all whole, of many values.
    ManyShares,
    /// The same, of few values.
    Shares,
    /// Every cell is another text.
    Unique,
    /// Sentences.
    Prose,
    /// Yes or no.
    Flags,
    /// Whole numbers of few values.
    Numbers,
    /// Names that come again.
    Classes,
}

impl Content {
    /// Whether it can be what a network learns to tell.
    pub fn is_label(self) -> bool {
        matches!(
            self,
            Self::Shares | Self::Flags | Self::Numbers | Self::Classes
        )
    }
}

impl Sheet {
    /// `path_column` is where paths stand, if that is known by its index; `is_named` says that names of columns are
    /// asked for, so that there is a header.
    pub fn new(
        mut table: Table,
        path_column: Option<usize>,
        is_named: bool,
        pictures: &Pictures<'_>,
    ) -> Self {
        let has_header = is_named
            || path_column.is_some_and(|column| header::is_there(&table, column, pictures));
        let lacks = if has_header { header::lacks(&table) } else { 0 };
        if lacks > 0 {
            header::complete(&mut table, lacks, pictures);
        }
        let header = has_header
            .then(|| {
                table.rows.first().map(|row| {
                    row.cells
                        .iter()
                        .map(|cell| cell.trim().to_owned())
                        .collect()
                })
            })
            .flatten();
        Self { table, header }
    }

    /// Below the header.
    pub fn rows(&self) -> &[Row] {
        &self.table.rows[usize::from(self.header.is_some())..]
    }

    /// As many as the widest of the first rows has.
    pub fn width(&self) -> usize {
        self.table.width()
    }

    pub fn name(&self, column: usize) -> Option<&str> {
        let name = self.header.as_ref()?.get(column)?;
        (!name.is_empty()).then_some(name)
    }

    /// By its name, if no other column before it has the same.
    pub fn column(&self, index: usize) -> Column {
        match self.name(index) {
            Some(name) if self.index_of(name) == Some(index) => Column::Name(name.to_owned()),
            _ => Column::Index(index),
        }
    }

    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.header.as_ref()?.iter().position(|cell| cell == name)
    }

    /// `“label”`, or `2` counted from 1.
    pub fn called(&self, index: usize) -> String {
        match self.name(index) {
            Some(name) => format!("“{name}”"),
            None => (index + 1).to_string(),
        }
    }

    /// The cells of a column that are not empty.
    pub fn values(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows()
            .iter()
            .filter_map(move |row| row.cells.get(column))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    /// How often each value stands in a column.
    pub fn counts(&self, column: usize) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for value in self.values(column) {
            *counts.entry(value).or_default() += 1;
        }
        counts
    }

    /// The same of so many of the first rows that a table of a thousand columns is no work.
    pub fn first_counts(&self, column: usize) -> HashMap<&str, usize> {
        let rows = self.rows();
        let cells = rows[..rows.len().min(CONTENT_ROWS)]
            .iter()
            .filter_map(|row| row.cells.get(column))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty());
        let mut counts = HashMap::new();
        for value in cells {
            *counts.entry(value).or_default() += 1;
        }
        counts
    }

    pub fn content(&self, column: usize) -> Content {
        let mut counts = self.first_counts(column);
        counts.retain(|value, _| !super::labels::is_no_value(value));
        let filled: usize = counts.values().sum();
        let distinct = counts.len();
        let all = |test: &dyn Fn(&str) -> bool| counts.keys().all(|value| test(value));
        let most = |test: &dyn Fn(&str) -> bool| {
            counts.keys().filter(|value| test(value)).count() * 10 >= distinct * 8
        };
        match distinct {
            0 => return Content::Empty,
            1 if filled > 1 => return Content::Constant,
            _ => {}
        }
        if most(&is_picture_name) {
            return Content::Pictures;
        }
        if most(&|value| value.contains("://")) {
            return Content::Addresses;
        }
        if all(&is_flag) {
            return Content::Flags;
        }
        let numbers: Option<Vec<f64>> = counts.keys().map(|value| number(value)).collect();
        if let Some(numbers) = numbers {
            return of_numbers(&numbers, filled);
        }
        if most(&is_date) {
            return Content::Dates;
        }
        let words: usize = counts
            .keys()
            .map(|value| value.split_whitespace().count())
            .sum();
        if distinct * 2 > filled && words >= distinct * 5 {
            return Content::Prose;
        }
        if distinct == filled && filled >= 6 {
            return Content::Unique;
        }
        Content::Classes
    }
}

impl Sheet {
    /// Whether a column holds numbers of many values that count nothing: in whole numbers, steps of more than one.
    pub fn is_measured(&self, column: usize) -> bool {
        match self.content(column) {
            Content::Measure | Content::ManyShares => true,
            Content::Index => {
                let numbers: Vec<f64> = self.values(column).filter_map(number).collect();
                let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                most - least >= 2.0 * numbers.len() as f64
            }
            _ => false,
        }
    }
}

fn of_numbers(numbers: &[f64], filled: usize) -> Content {
    let distinct = numbers.len();
    let recur = distinct * 2 <= filled;
    let shares = numbers.iter().all(|number| (0.0..=1.0).contains(number));
    if numbers.iter().any(|number| number.fract() != 0.0) {
        let many = distinct > MANY_VALUES || distinct == filled && filled >= 3;
        return match (shares, many) {
            (true, false) => Content::Shares,
            (true, true) => Content::ManyShares,
            (false, true) => Content::Measure,
            (false, false) => Content::Numbers,
        };
    }
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let in_a_row = most - least + 1.0 == filled as f64;
    if distinct == filled && (in_a_row && filled >= 4 || filled >= 6) {
        Content::Index
    } else if distinct > MANY_VALUES && !recur {
        Content::Measure
    } else {
        Content::Numbers
    }
}

/// Whether a cell says yes (`Some(true)`) or no.
pub fn flag(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "1" | "1.0" | "true" | "t" | "yes" | "y" | "wahr" | "ja" | "vrai" | "oui" | "verdadero" => {
            Some(true)
        }
        "0" | "0.0" | "-1" | "-1.0" | "false" | "f" | "no" | "n" | "falsch" | "nein" | "faux"
        | "non" | "falso" => Some(false),
        _ => None,
    }
}

fn is_flag(value: &str) -> bool {
    flag(value).is_some()
}

/// Digits with dashes, slashes, points or colons between them, as dates and times have.
fn is_date(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let separators = value.bytes().filter(|byte| b"-/.:".contains(byte)).count();
    let others = value
        .bytes()
        .filter(|byte| !byte.is_ascii_digit() && !b"-/.: TZ+,".contains(byte))
        .count();
    digits >= 5 && separators >= 2 && others == 0
}
