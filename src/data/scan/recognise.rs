//! What a folder or file is that a person drops on the window.

use std::path::Path;

use super::super::{DataError, Split};
use super::folders::{Entry, is_picture_name, list, unreadable};
use super::{cifar, source_error, table};
use crate::experiment::{Column, DataSource, Threshold};

/// An archive often unpacks to a folder within a folder.
const MAX_NESTING: u32 = 3;

/// Values of a split column that are looked at.
const SAMPLE_ROWS: usize = 200;

/// Finds out what `path` holds: class folders, train/validation/test folders, the CIFAR-10 batches,
/// or a table. One picture stands for the folder that holds its class's folder. For a table the columns are proposed, and a threshold when its labels are numbers
/// from 0 to 1 that are not all whole.
///
/// # Errors
/// [`DataError::Source`], saying how pictures must be arranged, when it is none of these.
pub fn recognise(path: &Path) -> Result<DataSource, DataError> {
    if path.is_dir() {
        return recognise_folder(path, MAX_NESTING);
    }
    if !path.exists() {
        return Err(source_error(
            path,
            "there is no such file or folder: choose it again",
        ));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    if is_picture_name(&name) {
        // Whoever drops one picture means the folders that it was sorted into.
        if let Some(classes) = path.parent().and_then(Path::parent)
            && holds_only_classes(classes)
        {
            return Ok(DataSource::ClassFolders {
                path: classes.to_path_buf(),
            });
        }
        return Err(source_error(
            path,
            "this is one picture: choose the folder that holds one folder of pictures per class",
        ));
    }
    if name.ends_with(".bin")
        && let Some(folder) = path.parent()
        && cifar::batches(folder).is_some()
    {
        return Ok(DataSource::Cifar10 {
            path: folder.to_path_buf(),
        });
    }
    recognise_table(path)
}

fn recognise_folder(folder: &Path, nesting: u32) -> Result<DataSource, DataError> {
    if cifar::batches(folder).is_some() {
        return Ok(DataSource::Cifar10 {
            path: folder.to_path_buf(),
        });
    }
    let entries = list(folder).map_err(|error| source_error(folder, unreadable(&error)))?;
    if has_split_folders(&entries) {
        return Ok(DataSource::SplitFolders {
            path: folder.to_path_buf(),
        });
    }
    let with_pictures = entries
        .iter()
        .filter(|entry| entry.is_folder && holds_pictures(&entry.path, MAX_NESTING));
    if with_pictures.count() >= 2 {
        return Ok(DataSource::ClassFolders {
            path: folder.to_path_buf(),
        });
    }
    let table = entries
        .iter()
        .filter(|entry| !entry.is_folder && is_table_name(&entry.name.to_lowercase()))
        .min_by_key(|entry| !entry.name.to_lowercase().starts_with("labels."));
    if let Some(table) = table {
        return recognise_table(&table.path);
    }
    let folders: Vec<&Entry> = entries.iter().filter(|entry| entry.is_folder).collect();
    if let [only] = folders.as_slice()
        && nesting > 0
        && let Ok(source) = recognise_folder(&only.path, nesting - 1)
    {
        return Ok(source);
    }
    let reason = if entries.iter().any(|entry| is_picture_name(&entry.name)) {
        "the pictures lie in this folder itself: make one folder per class within it (such as cat and dog), and move \
         the pictures of each class into its folder"
    } else {
        "this folder holds neither folders of classes nor a table: make one folder per class within it, with its \
         pictures, or add a labels.csv of paths and classes"
    };
    Err(source_error(folder, reason))
}

/// Whether every folder in here holds pictures itself, and there are several: a home folder with some
/// pictures in it is no data set.
fn holds_only_classes(folder: &Path) -> bool {
    let Ok(entries) = list(folder) else {
        return false;
    };
    let folders = || entries.iter().filter(|entry| entry.is_folder);
    folders().count() >= 2 && folders().all(|entry| holds_pictures(&entry.path, 0))
}

/// Other text files (a licence, a README) are no tables.
fn is_table_name(name: &str) -> bool {
    name == "labels.txt" || [".csv", ".tsv"].iter().any(|end| name.ends_with(end))
}

/// A folder named like a training split that holds folders of pictures itself; a class may be
/// called train too.
fn has_split_folders(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.is_folder
            && Split::from_name(&entry.name) == Some(Split::Train)
            && list(&entry.path).is_ok_and(|classes| {
                classes
                    .iter()
                    .any(|class| class.is_folder && holds_pictures(&class.path, MAX_NESTING))
            })
    })
}

fn holds_pictures(folder: &Path, depth: u32) -> bool {
    let Ok(entries) = list(folder) else {
        return false;
    };
    entries
        .iter()
        .any(|entry| !entry.is_folder && is_picture_name(&entry.name))
        || depth > 0
            && entries
                .iter()
                .any(|entry| entry.is_folder && holds_pictures(&entry.path, depth - 1))
}

fn recognise_table(file: &Path) -> Result<DataSource, DataError> {
    let table = table::text::read(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let sample = &table.rows[..table.rows.len().min(SAMPLE_ROWS)];
    let pictures_in = |column: usize| {
        sample
            .iter()
            .filter(|row| {
                row.cells
                    .get(column)
                    .is_some_and(|cell| is_picture_name(cell.trim()))
            })
            .count()
    };
    // The first of those with most pictures.
    let path_place = (0..table.width())
        .rev()
        .max_by_key(|&column| pictures_in(column))
        .unwrap_or(0);
    if pictures_in(path_place) == 0 {
        return Err(source_error(
            file,
            "no column of this table holds names of pictures: write one line per picture, with its path and its class",
        ));
    }
    let header: Option<Vec<String>> = table
        .has_header(path_place, folder)
        .then(|| {
            table.rows.first().map(|row| {
                row.cells
                    .iter()
                    .map(|cell| cell.trim().to_owned())
                    .collect()
            })
        })
        .flatten();
    let rows = &table.rows[usize::from(header.is_some())..];
    let named = |place: usize| match header.as_ref().and_then(|header| header.get(place)) {
        Some(name) if !name.is_empty() => Column::Name(name.clone()),
        _ => Column::Index(place),
    };
    let header_name = |place: usize| {
        header
            .as_ref()
            .and_then(|header| header.get(place))
            .map(|name| name.to_lowercase())
    };
    let values = |place: usize| {
        rows.iter()
            .filter_map(move |row| row.cells.get(place))
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
    };
    let others = || (0..table.width()).filter(|&place| place != path_place);
    let split_place = others().find(|&place| {
        let mut sampled = values(place).take(SAMPLE_ROWS).peekable();
        sampled.peek().is_some() && sampled.all(|value| Split::from_name(value).is_some())
    });
    let label_place = others()
        .filter(|&place| Some(place) != split_place)
        .min_by_key(|&place| {
            let is_named = header_name(place).is_some_and(|name| {
                ["label", "class", "category", "target", "y"].contains(&name.as_str())
            });
            !is_named
        })
        .ok_or_else(|| {
            source_error(
                file,
                "the table has no column of classes: add one beside the paths",
            )
        })?;
    Ok(DataSource::Table {
        file: file.to_path_buf(),
        path_column: named(path_place),
        label_column: named(label_place),
        split_column: split_place.map(named),
        threshold: proposed_threshold(values(label_place)),
    })
}

/// Two classes, when the labels are shares rather than names.
fn proposed_threshold<'a>(labels: impl Iterator<Item = &'a str>) -> Option<Threshold> {
    let numbers: Vec<f64> = labels.map(table::number).collect::<Option<_>>()?;
    let shares = numbers.iter().all(|number| (0.0..=1.0).contains(number));
    let whole = numbers.iter().all(|number| number.fract() == 0.0);
    (shares && !whole).then(Threshold::default)
}
