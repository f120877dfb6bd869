//! Several tables in one folder: which of them is read, and why the others are not.

use std::path::{Path, PathBuf};

use super::super::super::split_names::{self, SplitWord};
use super::super::super::{DataError, Remark, Split, StopFlag};
use super::super::folders::list;
use super::columns::{Content, Sheet};
use super::pictures::{Meaning, Pictures};
use super::propose::{self, Proposal};
use super::rows::Part;
use super::{Source, text};

/// Other tables that are looked at.
const MAX_TABLES: usize = 24;
/// A larger one beside the table is not opened to say what it is.
const MAX_BYTES: u64 = 64 << 20;
/// Rows whose pictures are looked for.
const SAMPLE_ROWS: usize = 100;

/// A table of a folder.
#[derive(Debug)]
pub struct Assessed {
    pub file: PathBuf,
    pub name: String,
    /// How to read it, or why it can't be what a network learns from.
    pub usable: Result<(Sheet, Proposal), String>,
    /// Whether most of its first pictures are there.
    is_found: bool,
}

impl Assessed {
    /// Whether a column is the label by its name, or because no other can be.
    pub fn is_named(&self) -> bool {
        self.usable
            .as_ref()
            .is_ok_and(|(_, proposal)| propose::is_named(proposal))
    }
}

/// Other text files (a licence, a README) are no tables.
pub fn is_table_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "labels.txt" || [".csv", ".tsv"].iter().any(|end| name.ends_with(end))
}

/// The tables of a folder, in the order of their names.
pub fn tables_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = list(folder) else {
        return Vec::new();
    };
    entries
        .into_iter()
        .filter(|entry| !entry.is_folder && is_table_name(&entry.name))
        .map(|entry| entry.path)
        .take(MAX_TABLES)
        .collect()
}

/// What a table holds, as far as a look at it tells.
pub fn assess(file: &Path, pictures: &Pictures<'_>) -> Assessed {
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut is_found = false;
    let usable = inspect(file, pictures, &mut is_found);
    Assessed {
        file: file.to_path_buf(),
        name,
        usable,
        is_found,
    }
}

fn inspect(
    file: &Path,
    pictures: &Pictures<'_>,
    is_found: &mut bool,
) -> Result<(Sheet, Proposal), String> {
    if is_submission(file) {
        return Err("its name says that it is an example of what to submit".to_owned());
    }
    if std::fs::metadata(file).is_ok_and(|data| data.len() > MAX_BYTES) {
        return Err("it is large, and was not looked at".to_owned());
    }
    let table = text::read(file, None).map_err(|error| match error {
        DataError::Source { reason, .. } => reason,
        other => other.to_string(),
    })?;
    let (sheet, proposal) = propose::propose(table, pictures).map_err(|reason| {
        // What it holds instead, where that is known.
        if reason.starts_with("column") {
            reason
        } else {
            "it has no column of pictures' names and labels".to_owned()
        }
    })?;
    if is_list_of_classes(file) && sheet.content(proposal.path) != Content::Pictures {
        return Err("it lists classes, by its name".to_owned());
    }
    let part = part_of(file);
    let found = sheet
        .rows()
        .iter()
        .take(SAMPLE_ROWS)
        .filter_map(|row| row.cells.get(proposal.path))
        .filter(|cell| pictures.find(cell.trim(), part) != Meaning::Missing)
        .count();
    *is_found = found * 2 >= sheet.rows().len().min(SAMPLE_ROWS);
    if found == 0 {
        return Err("none of its first pictures is there".to_owned());
    }
    propose::has_labels(&sheet, &proposal)?;
    Ok((sheet, proposal))
}

fn is_submission(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    split_names::tokens(&stem)
        .iter()
        .any(|word| word.starts_with("submission") || word == "submit")
}

/// `classes.csv`, `label_map.csv`: what numbers of classes mean.
fn is_list_of_classes(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let words = split_names::tokens(&stem);
    let all = |word: &String| {
        matches!(
            word.as_str(),
            "class"
                | "classes"
                | "label"
                | "category"
                | "categories"
                | "map"
                | "mapping"
                | "names"
                | "name"
                | "index"
                | "list"
        )
    };
    !words.is_empty() && words.iter().all(all) && words != ["label"]
}

/// The part of the split that a table is named for: `train.csv`.
pub fn part_of(file: &Path) -> Option<Split> {
    let stem = file.file_stem()?.to_string_lossy();
    let tokens = split_names::tokens(&stem);
    // `train_labels.csv` is train, too.
    let words: Vec<SplitWord> = tokens
        .iter()
        .filter_map(|token| split_names::split_word(token))
        .collect();
    let others = tokens
        .iter()
        .filter(|token| split_names::split_word(token).is_none())
        .all(|token| {
            split_names::is_uninformative(token)
                || matches!(
                    token.as_str(),
                    "label"
                        | "labels"
                        | "annotations"
                        | "metadata"
                        | "meta"
                        | "gt"
                        | "csv"
                        | "info"
                )
        });
    match words.as_slice() {
        [SplitWord::Train] if others => Some(Split::Train),
        [SplitWord::Validation] if others => Some(Split::Validation),
        [SplitWord::Test | SplitWord::Evaluation] if others => Some(Split::Test),
        _ => None,
    }
}

/// The table to read of those that can be: `labels.…` first, then one for training, then the first by name that is
/// none of the other parts of a split.
pub fn best(tables: &[Assessed]) -> Option<&Assessed> {
    let rank = |table: &Assessed| {
        let name = table.name.to_lowercase();
        match part_of(&table.file) {
            _ if name.starts_with("labels.") => 0,
            Some(Split::Train) => 1,
            None => 2,
            Some(Split::Validation | Split::Test) => 3,
        }
    };
    tables
        .iter()
        .filter(|table| table.usable.is_ok())
        .min_by_key(|table| (!table.is_found, rank(table), !table.is_named()))
}

/// Of the tables that can be read, those for validation and test beside `train`, with the same columns.
pub fn other_parts<'t>(train: &Assessed, tables: &'t [Assessed]) -> [Option<&'t Assessed>; 2] {
    if part_of(&train.file) != Some(Split::Train) {
        return [None, None];
    }
    [Split::Validation, Split::Test].map(|split| {
        let mut of_part = tables.iter().filter(|table| {
            part_of(&table.file) == Some(split)
                && match (&train.usable, &table.usable) {
                    (Ok((own, proposal)), Ok((sheet, other))) => {
                        own.header == sheet.header
                            && proposal.path == other.path
                            && proposal.label == other.label
                    }
                    _ => false,
                }
        });
        of_part.next().filter(|_| of_part.next().is_none())
    })
}

/// What is said of the tables beside those that are read.
pub fn remarks(source: &Source<'_>, parts: &[Part<'_>]) -> Vec<Remark> {
    let folder = source.folder();
    let others: Vec<PathBuf> = tables_in(folder)
        .into_iter()
        .filter(|table| !parts.iter().any(|part| part.file == *table))
        .collect();
    if others.is_empty() {
        return Vec::new();
    }
    let stop = StopFlag::default();
    let pictures = Pictures::new(folder, &stop);
    let assessed: Vec<Assessed> = others
        .iter()
        .map(|table| assess(table, &pictures))
        .collect();
    let mut remarks = Vec::new();
    let why: Vec<String> = assessed
        .iter()
        .filter_map(|table| {
            let reason = match &table.usable {
                Err(reason) => reason.as_str(),
                Ok(_) if !table.is_named() => "no column is named like classes",
                Ok(_) => return None,
            };
            Some(format!("{} ({reason})", table.name))
        })
        .collect();
    if !why.is_empty() {
        remarks.push(Remark::taken(format!(
            "Other tables in this folder are not read: {}.",
            why.join(", ")
        )));
    }
    let could_be: Vec<&str> = assessed
        .iter()
        .filter(|table| table.is_named())
        .map(|table| table.name.as_str())
        .collect();
    if !could_be.is_empty() {
        let text = format!(
            "Other tables in this folder list pictures and classes, too, and are not read: {}. To read one of them instead, \
             click it under “Other tables in this folder” in the Data panel.",
            could_be.join(", ")
        );
        remarks.push(Remark::warning(text).field("data.source.file"));
    }
    remarks
}
