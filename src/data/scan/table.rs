//! Tables of picture paths and labels.

mod beside;
mod columns;
mod divide;
mod encoding;
mod labels;
mod names;
mod one_hot;
mod pictures;
pub(super) mod preview;
mod propose;
pub(super) mod recognise;
mod remarks;
mod rows;
mod splits;
mod text;
pub(super) mod things;

use std::path::{Path, PathBuf};

use super::super::{DataError, Split, StopFlag};
use super::{FoundPictures, source_error};
use crate::experiment::{Column, DataSource, SplitPart, Threshold};

use columns::Sheet;
pub(super) use labels::{Missing, Spellings};
use pictures::Pictures;

/// A table as an experiment describes it.
#[derive(Debug, Clone)]
pub(super) struct Source<'a> {
    pub file: PathBuf,
    pub path: &'a Column,
    pub label: &'a Column,
    pub one_hot: &'a [Column],
    pub split: Option<&'a Column>,
    pub split_values: &'a [(String, SplitPart)],
    pub threshold: Option<&'a Threshold>,
    pub validation_table: Option<&'a str>,
    pub test_table: Option<&'a str>,
    pub encoding: Option<&'a str>,
    pub split_from_folders: bool,
    /// The column that says which pictures belong together.
    pub group: Option<&'a Column>,
    /// Whether anything says that, a column or names.
    pub is_grouped: bool,
}

impl<'a> Source<'a> {
    /// `None` for a source that is no table. `expand` makes the file's path absolute.
    pub fn of(source: &'a DataSource, expand: impl Fn(&Path) -> PathBuf) -> Option<Self> {
        let DataSource::Table {
            file,
            path_column,
            label_column,
            split_column,
            threshold,
            one_hot,
            split_values,
            validation_table,
            test_table,
            encoding,
            split_from_folders,
        } = source
        else {
            return None;
        };
        Some(Self {
            file: expand(file),
            path: path_column,
            label: label_column,
            one_hot,
            split: split_column.as_ref(),
            split_values,
            threshold: threshold.as_ref(),
            validation_table: validation_table.as_deref(),
            test_table: test_table.as_deref(),
            encoding: encoding.as_deref(),
            split_from_folders: *split_from_folders,
            group: None,
            is_grouped: false,
        })
    }

    /// The table's own folder.
    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Every table of it, and the part of the split that all of its pictures belong to.
    fn tables(&self) -> Vec<(PathBuf, Option<Split>)> {
        let others = [
            (self.validation_table, Split::Validation),
            (self.test_table, Split::Test),
        ];
        let has_others = others.iter().any(|(table, _)| table.is_some());
        let own = (self.file.clone(), has_others.then_some(Split::Train));
        let others = others.iter().filter_map(|(table, split)| {
            let path = self.folder().join(table.as_ref()?.replace('\\', "/"));
            Some((lexically_normal(&path), Some(*split)))
        });
        std::iter::once(own).chain(others).collect()
    }

    /// Every column that it names.
    fn columns(&self) -> impl Iterator<Item = &Column> {
        let label = self.one_hot.is_empty().then_some(self.label);
        [Some(self.path), label, self.split, self.group]
            .into_iter()
            .flatten()
            .chain(self.one_hot)
    }

    fn read(&self, file: &Path, pictures: &Pictures<'_>) -> Result<Sheet, DataError> {
        let table = text::read(file, self.encoding)?;
        let named = self
            .columns()
            .any(|column| matches!(column, Column::Name(_)));
        let path = match self.path {
            Column::Index(index) => Some(*index),
            Column::Name(_) => None,
        };
        Ok(Sheet::new(table, path, named, pictures))
    }
}

/// The pictures that a table lists, relative to the table's own folder. `wanted` are the classes that the
/// experiment keeps, if it names them.
pub(super) fn find(
    source: &Source<'_>,
    wanted: &[String],
    stop: &StopFlag,
) -> Result<FoundPictures, DataError> {
    rows::find(source, wanted, stop)
}

/// A finite number, with a point or a comma.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.replace(',', ".").parse())
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Where a column stands.
fn column_index(column: &Column, sheet: &Sheet, file: &Path) -> Result<usize, DataError> {
    match column {
        Column::Index(index) if *index < sheet.width() => Ok(*index),
        Column::Index(index) => Err(source_error(
            file,
            format!(
                "there is no column {}; the table has {} columns (a preset counts them from 0)",
                index + 1,
                sheet.width()
            ),
        )),
        Column::Name(name) => sheet.index_of(name.trim()).ok_or_else(|| {
            source_error(
                file,
                format!(
                    "there is no column {name}; the first line has {}",
                    sheet.header.as_deref().unwrap_or_default().join(", ")
                ),
            )
        }),
    }
}

/// Without `.` and with as few `..` as the text alone allows.
fn lexically_normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests;
