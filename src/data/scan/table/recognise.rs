//! What a table holds that a person drops on the window, and which of a folder's tables is meant.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::super::super::split_names;
use super::super::super::{DataError, Split, StopFlag};
use super::super::folders::FolderEntry;
use super::super::{relative_name, source_error};
pub use super::beside::is_table_name;
use super::beside::{self, Assessed};
use super::columns::Sheet;
use super::pictures::{Meaning, Pictures, part_of_name};
use super::propose::{self, Label, Proposal};
use super::text;
use crate::experiment::{Column, DataSource};

/// Rows whose folders are looked at.
const SAMPLE_ROWS: usize = 500;

/// Proposes the columns of the table `file`, and a threshold when its labels are numbers from 0 to 1 that are not
/// all whole. A table for training brings those for validation and test that stand beside it.
///
/// # Errors
/// [`DataError::Source`] when it is no table, or one without pictures.
pub fn recognise_table(file: &Path) -> Result<DataSource, DataError> {
    let stop = StopFlag::default();
    let folder = file.parent().unwrap_or(Path::new(""));
    let pictures = Pictures::new(folder, &stop);
    let table = text::read(file, None)?;
    let (sheet, proposal) =
        propose::propose(table, &pictures).map_err(|reason| source_error(file, reason))?;
    Ok(source(file, &sheet, &proposal, &pictures))
}

/// The table of a folder that is meant, if one can be used.
pub fn usable_among(folder: &Path) -> Option<DataSource> {
    let stop = StopFlag::default();
    let pictures = Pictures::new(folder, &stop);
    let tables: Vec<Assessed> = beside::tables_in(folder)
        .iter()
        .map(|table| beside::assess(table, &pictures))
        .collect();
    with_parts(beside::best(&tables)?, &tables, &pictures)
}

/// Which table of a folder is meant: the one whose pictures are there and which has labels.
///
/// # Errors
/// Why the only table, or the likeliest of several, can't be read.
pub fn among(folder: &Path) -> Option<Result<DataSource, DataError>> {
    let tables = beside::tables_in(folder);
    if tables.is_empty() {
        return None;
    }
    let stop = StopFlag::default();
    let pictures = Pictures::new(folder, &stop);
    let tables: Vec<Assessed> = tables
        .iter()
        .map(|table| beside::assess(table, &pictures))
        .collect();
    let Some(best) = beside::best(&tables) else {
        let first = tables
            .iter()
            .min_by_key(|table| !table.name.to_lowercase().starts_with("labels."))?;
        if tables.len() == 1 {
            return Some(recognise_table(&first.file));
        }
        let reasons: Vec<String> = tables
            .iter()
            .filter_map(|table| Some(format!("{}: {}", table.name, table.usable.as_ref().err()?)))
            .collect();
        return Some(Err(source_error(
            folder,
            format!(
                "none of the tables here lists pictures with labels ({}): choose a table by itself",
                reasons.join("; ")
            ),
        )));
    };
    Some(Ok(with_parts(best, &tables, &pictures)?))
}

/// Tables beside folders that may be classes.
#[derive(Debug, Default)]
pub struct BesideFolders {
    /// The table that gives labels by a column named for them, if there is one.
    pub best: Option<Beside>,
    /// The names of those that can't be read, and why.
    pub unread: Vec<(String, String)>,
}

/// A table beside folders.
#[derive(Debug)]
pub struct Beside {
    pub source: DataSource,
    pub labels: BTreeSet<String>,
}

/// What the tables of a folder say of the pictures in its folders.
pub fn beside_folders(folder: &Path) -> BesideFolders {
    let files = beside::tables_in(folder);
    if files.is_empty() {
        return BesideFolders::default();
    }
    let stop = StopFlag::default();
    let pictures = Pictures::new(folder, &stop);
    let mut tables: Vec<Assessed> = files
        .iter()
        .map(|file| beside::assess(file, &pictures))
        .collect();
    let unread = tables
        .iter()
        .filter_map(|table| Some((table.name.clone(), table.usable.as_ref().err()?.clone())))
        .collect();
    tables.retain(Assessed::is_named);
    let best = beside::best(&tables).and_then(|best| {
        let (sheet, proposal) = best.usable.as_ref().ok()?;
        let labels = match &proposal.label {
            Label::Column(column, _) => sheet.values(*column).map(str::to_owned).collect(),
            Label::OneHot(columns) => columns
                .iter()
                .filter_map(|column| sheet.name(*column))
                .map(str::to_owned)
                .collect(),
        };
        let source = with_parts(best, &tables, &pictures)?;
        Some(Beside { source, labels })
    });
    BesideFolders { best, unread }
}

/// Whether a table's name says that it holds labels, so that it is not skipped without a word.
pub fn is_named_for_labels(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    split_names::tokens(stem).iter().any(|word| {
        word.starts_with("label")
            || word.starts_with("annotation")
            || matches!(
                word.as_str(),
                "gt" | "classes" | "class" | "train" | "training"
            )
    })
}

/// The table in one of the folders without pictures, of which there is one alone: `labels/labels.csv` beside `images`.
pub fn in_side_folder<'a>(folders: impl Iterator<Item = &'a FolderEntry>) -> Option<DataSource> {
    let mut found = folders.filter_map(|entry| among(&entry.path)?.ok());
    let only = found.next();
    only.filter(|_| found.next().is_none())
}

/// The table that lists what lies in a folder's sub-folders, where these are named for parts of a split or say
/// nothing of what the pictures show (`train_images`, `images`).
pub fn above_pictures(folder: &Path, entries: &[FolderEntry]) -> Option<DataSource> {
    let says_nothing =
        |name: &str| split_names::split_word(name).is_some() || split_names::is_uninformative(name);
    let mut folders = entries.iter().filter(|entry| entry.is_folder);
    folders
        .all(|entry| says_nothing(&entry.name))
        .then(|| among(folder))
        .flatten()?
        .ok()
}

/// A table in each of the folders for the parts of a split, as Roboflow writes them: `train/_classes.csv`,
/// `valid/_classes.csv`, `test/_classes.csv`.
pub fn in_split_folders(entries: &[FolderEntry]) -> Option<DataSource> {
    let part = |split: Split| {
        entries
            .iter()
            .filter(|entry| entry.is_folder)
            .find(|entry| Split::from_name(&entry.name) == Some(split))
    };
    let train = part(Split::Train)?;
    let tables = beside::tables_in(&train.path);
    let others: Vec<(&FolderEntry, Split)> = [Split::Validation, Split::Test]
        .into_iter()
        .filter_map(|split| Some((part(split)?, split)))
        .collect();
    for table in tables {
        let Some(name) = table.file_name() else {
            continue;
        };
        let with_table: Vec<&(&FolderEntry, Split)> = others
            .iter()
            .filter(|(entry, _)| entry.path.join(name).is_file())
            .collect();
        if with_table.is_empty() {
            continue;
        }
        let stop = StopFlag::default();
        let pictures = Pictures::new(&train.path, &stop);
        let assessed = beside::assess(&table, &pictures);
        let Ok((sheet, proposal)) = &assessed.usable else {
            continue;
        };
        let mut source = source(&table, sheet, proposal, &pictures);
        for (entry, split) in with_table {
            let path = format!("../{}/{}", entry.name, name.to_string_lossy());
            set_part(&mut source, *split, path);
        }
        return Some(source);
    }
    None
}

fn with_parts(best: &Assessed, tables: &[Assessed], pictures: &Pictures<'_>) -> Option<DataSource> {
    let (sheet, proposal) = best.usable.as_ref().ok()?;
    let mut source = source(&best.file, sheet, proposal, pictures);
    for (table, split) in beside::other_parts(best, tables)
        .into_iter()
        .zip([Split::Validation, Split::Test])
    {
        if let Some(table) = table {
            set_part(&mut source, split, table.name.clone());
        }
    }
    Some(source)
}

fn set_part(source: &mut DataSource, split: Split, table: String) {
    if let DataSource::Table {
        validation_table,
        test_table,
        ..
    } = source
    {
        match split {
            Split::Train => {}
            Split::Validation => *validation_table = Some(table),
            Split::Test => *test_table = Some(table),
        }
    }
}

/// The source that a proposal means.
fn source(file: &Path, sheet: &Sheet, proposal: &Proposal, pictures: &Pictures<'_>) -> DataSource {
    let mut source = DataSource::table(file);
    if let DataSource::Table {
        path_column,
        label_column,
        split_column,
        threshold,
        one_hot,
        split_from_folders,
        ..
    } = &mut source
    {
        *path_column = sheet.column(proposal.path);
        match &proposal.label {
            Label::Column(column, _) => *label_column = sheet.column(*column),
            Label::OneHot(columns) => {
                *one_hot = columns.iter().map(|&column| sheet.column(column)).collect();
                if let Some(first) = one_hot.first() {
                    *label_column = Column::clone(first);
                }
            }
        }
        *split_column = proposal.split.map(|column| sheet.column(column));
        *threshold = proposal.threshold(sheet);
        *split_from_folders =
            proposal.split.is_none() && folders_name_split(sheet, proposal.path, pictures);
    }
    source
}

/// Whether pictures stand in folders for training and in others for validation or test.
fn folders_name_split(sheet: &Sheet, path: usize, pictures: &Pictures<'_>) -> bool {
    let rows = sheet.rows();
    // Rows from everywhere: a table often lists one part after the other.
    let step = (rows.len() / SAMPLE_ROWS).max(1);
    let mut parts = HashSet::new();
    for row in rows.iter().step_by(step) {
        let cell = row.cells.get(path).map_or("", |cell| cell.trim());
        let Meaning::File(file, _) = pictures.find(cell, None) else {
            continue;
        };
        let name = relative_name(&file, pictures.folder);
        match part_of_name(&name) {
            Some(part) => parts.insert(part),
            None => return false,
        };
    }
    parts.contains(&Split::Train) && parts.len() > 1
}
