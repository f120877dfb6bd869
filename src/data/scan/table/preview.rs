//! A table's first rows with its columns, for a person who looks at how it is read.

use std::path::{Path, PathBuf};

use super::super::super::{DataError, StopFlag};
use super::super::source_error;
use super::beside;
use super::columns::{Content, Sheet};
use super::pictures::Pictures;
use super::propose::proposed_threshold;
use super::splits::Parts;
use super::text;
use crate::experiment::{Column, DataSource, SplitPart, Threshold};

/// Rows that are shown.
const ROWS: usize = 8;
/// Values of a split column that can be given a meaning.
const VALUES: usize = 24;
/// Letters of a cell that are shown.
const LETTERS: usize = 60;

/// The first rows of a table, and what can be done with its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePreview {
    pub columns: Vec<ColumnPreview>,
    pub rows: Vec<Vec<String>>,
    /// Rows in all.
    pub count: usize,
    pub encoding: &'static str,
    /// Other tables in the folder, by name, with what speaks against each of them.
    pub others: Vec<OtherTable>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPreview {
    /// Its name, or `column 2`.
    pub name: String,
    pub column: Column,
    pub index: usize,
    /// "3 different names", "numbers of 57 values".
    pub content: String,
    /// Two classes of it, where it holds shares.
    pub threshold: Option<Threshold>,
    /// Its values, where they are few, and what each says about the split.
    pub values: Vec<(String, Option<SplitPart>)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OtherTable {
    pub name: String,
    pub against: Option<String>,
    /// The experiment's source when it is chosen.
    pub source: Option<DataSource>,
}

/// Looks at the table `file`, in the encoding that `source` names.
pub fn preview(file: &Path, source: &DataSource) -> Result<TablePreview, DataError> {
    let stop = StopFlag::default();
    let folder = file.parent().unwrap_or(Path::new(""));
    let pictures = Pictures::new(folder, &stop);
    let (encoding, path, columns) = match source {
        DataSource::Table {
            encoding,
            path_column,
            label_column,
            ..
        } => (
            encoding.as_deref(),
            Some(path_column),
            [path_column, label_column],
        ),
        _ => return Err(source_error(file, "this is no table")),
    };
    let table = text::read(file, encoding)?;
    let encoding = table.written.encoding;
    let names = table
        .rows
        .first()
        .map(|row| {
            row.cells
                .iter()
                .map(|cell| cell.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .unwrap_or_default();
    // A name that the experiment has and the table has not must not make a row its header.
    let is_named = columns
        .iter()
        .any(|column| matches!(column, Column::Name(name) if names.contains(name)));
    let path = match path {
        Some(Column::Index(index)) => Some(*index),
        _ => Sheet::path_column(&table, &pictures),
    };
    let sheet = Sheet::new(table, path, is_named, &pictures);
    let columns = (0..sheet.width())
        .map(|index| column(&sheet, index))
        .collect();
    let rows = sheet
        .rows()
        .iter()
        .take(ROWS)
        .map(|row| {
            (0..sheet.width())
                .map(|column| shortened(row.cells.get(column).map_or("", |cell| cell.trim())))
                .collect()
        })
        .collect();
    Ok(TablePreview {
        columns,
        rows,
        count: sheet.rows().len(),
        encoding,
        others: others(file, source, &pictures),
    })
}

fn column(sheet: &Sheet, index: usize) -> ColumnPreview {
    let content = sheet.content(index);
    let counts = sheet.counts(index);
    let parts = Parts::new(sheet.name(index), counts.keys().copied(), &[]);
    let mut values: Vec<(String, Option<SplitPart>)> = counts
        .into_keys()
        .map(|value| (value.to_owned(), parts.part(value)))
        .collect();
    values.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let distinct = values.len();
    let number = |one: &str, many: &str| super::super::count(distinct, one, many);
    let content = match content {
        Content::Empty => "empty".to_owned(),
        Content::Constant => "the same in every row".to_owned(),
        Content::Pictures => "names of pictures".to_owned(),
        Content::Addresses => "addresses".to_owned(),
        Content::Dates => "dates".to_owned(),
        Content::Index => "numbers, none twice".to_owned(),
        Content::Measure | Content::ManyShares | Content::Shares => {
            number("number", "different numbers")
        }
        Content::Unique => "texts, none twice".to_owned(),
        Content::Prose => "sentences".to_owned(),
        Content::Flags => "yes or no".to_owned(),
        Content::Numbers => number("number", "numbers"),
        Content::Classes => number("name", "names"),
    };
    if distinct > VALUES {
        values.clear();
    }
    ColumnPreview {
        name: sheet
            .name(index)
            .map_or_else(|| format!("column {}", index + 1), str::to_owned),
        column: sheet.column(index),
        index,
        content,
        threshold: proposed_threshold(sheet, index),
        values,
    }
}

fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let mut short: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// What else stands in the table's folder.
fn others(file: &Path, source: &DataSource, pictures: &Pictures<'_>) -> Vec<OtherTable> {
    let used: Vec<PathBuf> = super::Source::of(source, |_| file.to_path_buf())
        .map(|source| {
            source
                .tables()
                .into_iter()
                .map(|(table, _)| table)
                .collect()
        })
        .unwrap_or_default();
    let folder = file.parent().unwrap_or(Path::new(""));
    beside::tables_in(folder)
        .into_iter()
        .filter(|table| !used.contains(table))
        .map(|table| {
            let assessed = beside::assess(&table, pictures);
            OtherTable {
                name: assessed.name,
                against: assessed.usable.err(),
                source: super::recognise::recognise_table(&table).ok(),
            }
        })
        .collect()
}

impl TablePreview {
    /// The index of a column that an experiment names.
    pub fn index_of(&self, column: &Column) -> Option<usize> {
        match column {
            Column::Index(index) => Some(*index).filter(|index| *index < self.columns.len()),
            Column::Name(name) => self
                .columns
                .iter()
                .find(|column| column.name == *name)
                .map(|column| column.index),
        }
    }
}
