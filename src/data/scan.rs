//! Finds the pictures of a source, checks that each decodes, and lists what was skipped.

mod agree;
mod annotations;
mod arrays;
mod check;
mod cifar;
mod class_names;
mod classes;
mod depth;
mod doubts;
mod entries;
mod exclude;
mod file_kinds;
mod folder_search;
mod folders;
mod groups;
mod idx;
mod labels;
mod layout;
mod names;
mod nested;
mod outside;
mod reading;
mod recognise;
mod roots;
mod same_files;
mod table;
mod teaching;
mod together;
mod unread;
mod walk;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DataError, Dataset, Picture, PictureSource, Problem, Remark, Split, StopFlag};
use crate::experiment::{DataConfig, DataSource};
use crate::format::count;
use crate::paths;
use file_kinds::FileKind;

pub use folders::is_picture_name;
pub(super) use groups::{Pattern, folder as folder_of_name};
pub use outside::outside;
pub use recognise::recognise;
pub use table::preview::{ColumnPreview, OtherTable, TablePreview};
pub use table::things::names_a_thing;

/// How far a scan is: pictures checked, of how many (0 while they are being counted).
pub type ScanProgress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Finds and checks every picture of `config.source`, keeping `config.classes`.
/// `base` is the preset's folder, for relative paths.
///
/// Every picture is decoded whole, on all cores: only that tells whether it can be used.
///
/// # Errors
/// [`DataError::NoSource`], [`DataError::Stopped`], or [`DataError::Source`] when the source can't
/// be read or holds fewer than two classes.
pub fn scan(
    config: &DataConfig,
    base: Option<&Path>,
    progress: ScanProgress<'_>,
    stop: &StopFlag,
) -> Result<Dataset, DataError> {
    progress(0, 0);
    let chosen = find(config, base, stop)?;
    let root = chosen.root.clone();
    let class_paths = chosen.class_paths.clone();
    let dataset = check::check(chosen, progress, stop)?;
    let dataset = exclude::leave_out(dataset, &config.exclude);
    let dataset = together::unite(dataset, &config.split.together);
    let path_of = |class: &str| {
        let path = class_paths.get(class).cloned();
        path.unwrap_or_else(|| root.join(class))
    };
    let asked_for = !config.classes.is_empty();
    let threshold = match &config.source {
        DataSource::Table { threshold, .. } => threshold.as_ref(),
        _ => None,
    };
    let mut dataset = classes::drop_empty(dataset, &root, path_of, asked_for, threshold)?;
    dataset.remarks.extend(doubts::pairs(&dataset));
    // First what a person can mend.
    dataset
        .problems
        .sort_by_key(|problem| file_kinds::is_harmless(&problem.reason));
    Ok(dataset)
}

/// Every picture that `config.source` lists, by the names that [`scan`] gives them, none of them
/// opened but those whose name does not tell what they are: sizes are 0, and a picture may be unusable or gone.
///
/// # Errors
/// As [`scan`], but classes may be empty or few.
pub fn list(
    config: &DataConfig,
    base: Option<&Path>,
    stop: &StopFlag,
) -> Result<Dataset, DataError> {
    let mut found = find(config, base, stop)?;
    found.make_names_unique();
    let picture = |candidate: Candidate| Picture {
        source: candidate.source,
        name: candidate.name,
        label: candidate.label,
        size: (0, 0),
        split: candidate.split,
        group: candidate.group,
    };
    Ok(Dataset {
        classes: found.classes,
        pictures: found.candidates.into_iter().map(picture).collect(),
        problems: found.problems,
        excluded: Vec::new(),
        remarks: found.remarks,
    })
}

/// Where every picture of `config.source` is, by the name that splits and predictions call it.
/// What can't be used is among them.
///
/// # Errors
/// As [`scan`].
pub fn sources(
    config: &DataConfig,
    base: Option<&Path>,
    stop: &StopFlag,
) -> Result<HashMap<String, PictureSource>, DataError> {
    let listed = list(config, base, stop)?;
    let named = |picture: Picture| (picture.name, picture.source);
    Ok(listed.pictures.into_iter().map(named).collect())
}

/// The first rows of the table that `source` names, what its columns hold, and the tables beside it.
///
/// # Errors
/// [`DataError::Source`] when it is no table that can be read.
pub fn preview_table(source: &DataSource, base: Option<&Path>) -> Result<TablePreview, DataError> {
    let DataSource::Table { file, .. } = source else {
        return Err(DataError::NoSource);
    };
    table::preview::preview(&paths::expand(file, base), source)
}

/// What the source lists of the classes that are kept.
fn find(
    config: &DataConfig,
    base: Option<&Path>,
    stop: &StopFlag,
) -> Result<FoundPictures, DataError> {
    let found = match &config.source {
        DataSource::Unset => return Err(DataError::NoSource),
        DataSource::ClassFolders { path } => {
            let found = folders::class_folders(&paths::expand(path, base), stop)?;
            of_folders(found, config)?
        }
        DataSource::SplitFolders { path } => {
            let found = folders::split_folders(&paths::expand(path, base), stop)?;
            of_folders(found, config)?
        }
        DataSource::Cifar10 { path } => {
            cifar::find(&paths::expand(path, base), cifar::Set::Ten, stop)?
        }
        DataSource::Cifar100 { path, labels } => {
            let set = cifar::Set::Hundred(*labels);
            cifar::find(&paths::expand(path, base), set, stop)?
        }
        DataSource::Idx { path } => idx::find(&paths::expand(path, base), stop)?,
        DataSource::Arrays { path } => arrays::find(&paths::expand(path, base), stop)?,
        source @ DataSource::Table { .. } => {
            let mut table = table::Source::of(source, |file| paths::expand(file, base))
                .ok_or(DataError::NoSource)?;
            table.group = groups::column(config.split.group.as_ref());
            table.is_grouped = config.split.group.is_some();
            let mut found = table::find(&table, &config.classes, stop)?;
            found.remarks.extend(agree::folders_of_table(&found));
            found
        }
    };
    let mut found = classes::choose(found, &config.classes)?;
    groups::assign(&mut found, config)?;
    Ok(found)
}

/// What folders hold, and what speaks against their classes.
fn of_folders(found: FoundPictures, config: &DataConfig) -> Result<FoundPictures, DataError> {
    let mut found = doubts::judge(found, &config.classes)?;
    found.remarks.extend(agree::tables_beside(&found));
    found.remarks.extend(same_files::remark(&found));
    Ok(found)
}

/// What a source lists, before any picture is opened.
#[derive(Debug, Default)]
struct FoundPictures {
    /// The folder (or table) that the source names, for messages.
    root: PathBuf,
    classes: Vec<String>,
    /// Where a class's folder is, for messages; not of every kind of source.
    class_paths: HashMap<String, PathBuf>,
    candidates: Vec<Candidate>,
    problems: Vec<Problem>,
    remarks: Vec<Remark>,
}

#[derive(Debug)]
struct Candidate {
    source: PictureSource,
    name: String,
    label: u32,
    split: Option<Split>,
    group: Option<Arc<str>>,
}

impl FoundPictures {
    fn problem(&mut self, path: impl Into<PathBuf>, reason: impl Into<String>) {
        self.problems.push(Problem {
            path: path.into(),
            reason: reason.into(),
        });
    }

    /// Names that are not UTF-8 may become equal when they are made readable.
    fn make_names_unique(&mut self) {
        let mut seen = HashSet::new();
        for candidate in &mut self.candidates {
            let plain = candidate.name.clone();
            let mut copy = 2;
            while !seen.insert(candidate.name.clone()) {
                candidate.name = format!("{plain}~{copy}");
                copy += 1;
            }
        }
    }
}

/// A picture's file, and its name below the folder, with `/`.
pub type NamedFile = (PathBuf, String);

/// Every file below `root` that is called like a picture, in the order of their names; and what was
/// skipped. A file is opened only where its name does not tell what it is.
///
/// # Errors
/// [`DataError::Source`] when `root` is no folder that can be read, [`DataError::Stopped`].
pub fn pictures_below(
    root: &Path,
    stop: &StopFlag,
) -> Result<(Vec<NamedFile>, Vec<Problem>), DataError> {
    folders::everything(root, stop)
}

/// Whether what [`pictures_below`] skipped may be a picture: it is of a kind that is not read, or can't be opened.
pub fn is_lost_picture(problem: &Problem) -> bool {
    let reason = Some(problem.reason.as_str());
    if [Some(file_kinds::HIDDEN), Some(file_kinds::HIDDEN_FOLDER)].contains(&reason) {
        return false;
    }
    if reason == FileKind::OtherPicture.reason() {
        return true;
    }
    let path = problem.path.as_path();
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => path.read_dir().is_err(),
        Ok(metadata) if metadata.is_file() => std::fs::File::open(path).is_err(),
        Ok(_) => false,
        Err(_) => true,
    }
}

/// Whether [`pictures_below`] passes over a path below its root, because it or a folder on the way is hidden.
pub fn is_hidden(below: &Path) -> bool {
    below.iter().any(entries::is_hidden)
}

/// Whether a file that came into a folder is a picture, by its name or its first bytes; one of a kind that is not read is
/// taken too, so that it is told. What programs call a file that they have not finished is none.
pub fn is_picture_that_came(path: &Path) -> bool {
    const UNFINISHED: &[&str] = &[
        "part",
        "partial",
        "crdownload",
        "download",
        "filepart",
        "tmp",
        "temp",
        "swp",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    if name.ends_with('~') || UNFINISHED.contains(&extension.as_str()) {
        return false;
    }
    matches!(
        file_kinds::of_file(path, &name),
        Ok(FileKind::Picture | FileKind::PictureByContent | FileKind::OtherPicture)
    )
}

fn source_error(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Source {
        reason: reason.into(),
        path: path.to_path_buf(),
    }
}

fn check_stop(stop: &StopFlag) -> Result<(), DataError> {
    if stop.is_stopped() {
        Err(DataError::Stopped)
    } else {
        Ok(())
    }
}

/// `path` below `root`, with `/`.
fn relative_name(path: &Path, root: &Path) -> String {
    names::Names::default().relative(path, root)
}

/// The first of these, and how many more there are.
fn shortened(items: &[String], shown: usize) -> String {
    let first = items
        .iter()
        .take(shown)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match items.len().saturating_sub(shown) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
