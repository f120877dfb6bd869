//! Which file a cell of a table means: the path as it stands, or the one file below the table's folder that it can mean.

mod cells;
mod names;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::super::super::split_names::{self, SplitWord};
use super::super::super::{DataError, Split, StopFlag};
use super::super::check_stop;
use super::super::folders::is_picture_name;
use super::names::is_side_name;
use cells::Cells;
pub use names::{folded, tidy_name};
use names::{parts, percent_decoded, stem, whole_number};

/// Folders within folders that are looked through.
const MAX_DEPTH: usize = 12;
/// Files that are looked through at most.
const MAX_FILES: usize = 2_000_000;

/// Folders beside a table's own that pictures may stand in, where its own has none.
const SIBLINGS: [&str; 12] = [
    "images",
    "image",
    "imgs",
    "img",
    "pictures",
    "photos",
    "jpegimages",
    "jpg",
    "png",
    "train",
    "train_images",
    "data",
];

/// How a cell was understood, where it is not the path of a file as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    Written,
    /// The file's name stands in another folder.
    OtherFolder,
    /// `IMG.JPG` for `img.jpg`.
    Case,
    /// An accent as a letter of its own, or not.
    Unicode,
    /// `%20` for a space, or a file's address.
    Percent,
    /// The name without its ending.
    WithoutExtension,
    /// `.png` for `.jpg`.
    OtherExtension,
    /// `12.0` or `12` for `0012.jpg`.
    Number,
}

/// What a cell means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    File(PathBuf, How),
    /// Several files: nobody can tell which.
    Several(Vec<String>),
    Missing,
}

/// The pictures below a folder, looked through when the first cell is no path of a file.
#[derive(Debug)]
pub struct Pictures<'a> {
    pub folder: &'a Path,
    index: OnceCell<Index>,
    cells: Cells,
    stop: &'a StopFlag,
}

#[derive(Debug, Default)]
struct Index {
    files: Vec<Indexed>,
    by_name: HashMap<String, Vec<usize>>,
    /// Without the ending; pictures only.
    by_stem: HashMap<String, Vec<usize>>,
    /// Pictures named by a number alone.
    by_number: HashMap<u64, Vec<usize>>,
    /// Names of the folders that hold files, folded.
    folders: HashSet<String>,
    is_cut_off: bool,
}

#[derive(Debug)]
struct Indexed {
    path: PathBuf,
    /// Below the folder, with `/`.
    name: String,
    is_picture: bool,
}

impl<'a> Pictures<'a> {
    pub fn new(folder: &'a Path, stop: &'a StopFlag) -> Self {
        Self {
            folder,
            index: OnceCell::new(),
            cells: Cells::default(),
            stop,
        }
    }

    /// Tells what all cells of the column of paths are, so that none of them is taken for the file of another.
    pub fn know_cells<'c>(&mut self, cells: impl Iterator<Item = &'c str>) {
        self.cells = Cells::of(cells);
    }

    /// The file that `cell` means. Where several have its name, the one in a folder for `part` of the split, if
    /// there is one such.
    pub fn find(&self, cell: &str, part: Option<Split>) -> Meaning {
        let path = self.folder.join(cell.replace('\\', "/"));
        if !cell.is_empty() && path.is_file() {
            return Meaning::File(path, How::Written);
        }
        self.index().find(cell, part, &self.cells)
    }

    /// Whether the folder was looked through.
    pub fn is_indexed(&self) -> bool {
        self.index.get().is_some()
    }

    /// Pictures below the folder, by their names there, and whether these are all.
    pub fn all(&self) -> (impl Iterator<Item = (&Path, &str)>, bool) {
        let index = self.index();
        let pictures = index.files.iter().filter(|file| file.is_picture);
        (
            pictures.map(|file| (file.path.as_path(), file.name.as_str())),
            !index.is_cut_off,
        )
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            let mut visited = HashSet::new();
            index.walk(self.folder, "", 0, &mut visited, self.stop);
            if index.files.iter().any(|file| file.is_picture) {
                return index;
            }
            // `annotations/labels.csv` beside `images/`.
            let above = self
                .folder
                .parent()
                .filter(|above| above.file_name().is_some());
            for (path, name) in above.map(folders_of).unwrap_or_default() {
                if SIBLINGS.contains(&name.to_lowercase().as_str()) && path != self.folder {
                    index.walk(&path, &format!("../{name}"), 1, &mut visited, self.stop);
                }
            }
            index
        })
    }

    /// # Errors
    /// [`DataError::Stopped`], which cuts the index off.
    pub fn check_stop(&self) -> Result<(), DataError> {
        check_stop(self.stop)
    }
}

fn folders_of(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut folders: Vec<(PathBuf, String)> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| {
            (
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            )
        })
        .collect();
    folders.sort();
    folders
}

impl Index {
    /// Links are followed, but no folder is entered twice; hidden files are none.
    fn walk(
        &mut self,
        folder: &Path,
        below: &str,
        depth: usize,
        visited: &mut HashSet<PathBuf>,
        stop: &StopFlag,
    ) {
        if depth > MAX_DEPTH || self.files.len() >= MAX_FILES || stop.is_stopped() {
            self.is_cut_off = true;
            return;
        }
        let listed = fs::canonicalize(folder)
            .and_then(|real| Ok((visited.insert(real), fs::read_dir(folder)?)));
        let Ok((true, entries)) = listed else {
            return;
        };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut holds_files = false;
        for entry in entries {
            let file_name = entry.file_name();
            let file_name = file_name.to_string_lossy();
            if file_name.starts_with('.') || file_name == "__MACOSX" {
                continue;
            }
            let path = entry.path();
            let Ok(mut kind) = entry.file_type() else {
                continue;
            };
            if kind.is_symlink() {
                match fs::metadata(&path) {
                    Ok(target) => kind = target.file_type(),
                    Err(_) => continue,
                }
            }
            let name = if below.is_empty() {
                file_name.into_owned()
            } else {
                format!("{below}/{file_name}")
            };
            if kind.is_dir() {
                self.walk(&path, &name, depth + 1, visited, stop);
            } else if kind.is_file() {
                holds_files = true;
                self.add(path, name);
            }
        }
        if holds_files && let Some(name) = below.rsplit('/').next() {
            self.folders.insert(folded(name));
        }
    }

    fn add(&mut self, path: PathBuf, name: String) {
        let at = self.files.len();
        let file_name = name.rsplit('/').next().unwrap_or(&name);
        let is_picture = is_picture_name(file_name);
        self.by_name.entry(folded(file_name)).or_default().push(at);
        if is_picture {
            let stem = stem(file_name);
            self.by_stem.entry(folded(stem)).or_default().push(at);
            if let Some(number) = whole_number(stem) {
                self.by_number.entry(number).or_default().push(at);
            }
        }
        self.files.push(Indexed {
            path,
            name,
            is_picture,
        });
    }

    fn find(&self, cell: &str, part: Option<Split>, cells: &Cells) -> Meaning {
        let plain = parts(cell);
        let decoded = percent_decoded(cell).map(|decoded| parts(&decoded));
        for (parts, how) in [(Some(plain), None), (decoded, Some(How::Percent))] {
            let Some(parts) = parts else {
                continue;
            };
            let Some(last) = parts.last() else {
                continue;
            };
            let stem = stem(last);
            let has_extension = is_picture_name(last);
            let number = whole_number(if has_extension { stem } else { last })
                .or_else(|| last.strip_suffix(".0").and_then(whole_number));
            let by_stem = |stem: &str| self.by_stem.get(&folded(stem));
            let candidates = [
                (self.by_name.get(&folded(last)), None),
                (
                    by_stem(last).filter(|_| !has_extension),
                    Some(How::WithoutExtension),
                ),
                (
                    by_stem(stem).filter(|_| has_extension),
                    Some(How::OtherExtension),
                ),
                (
                    number.and_then(|number| self.by_number.get(&number)),
                    Some(How::Number),
                ),
            ];
            // A mask of the right name is no picture while there is one of another ending.
            let names_side = parts[..parts.len() - 1]
                .iter()
                .any(|part| is_side_name(part));
            let is_learnt_from =
                |at: &usize| names_side || !self.files[*at].name.split('/').any(is_side_name);
            let learnt_from = candidates.map(|(candidates, how)| {
                let kept = candidates.map(|all| {
                    all.iter()
                        .copied()
                        .filter(is_learnt_from)
                        .collect::<Vec<_>>()
                });
                (kept, how)
            });
            let all = candidates.map(|(candidates, how)| (candidates.cloned(), how));
            for (candidates, found_by) in learnt_from.into_iter().chain(all) {
                let Some(candidates) = candidates else {
                    continue;
                };
                match self.choose(&candidates, &parts, part, cells) {
                    Choice::One(at) => {
                        let file = &self.files[at];
                        let how = how
                            .or(found_by)
                            .unwrap_or_else(|| how_named(last, &file.name));
                        return Meaning::File(file.path.clone(), how);
                    }
                    Choice::Several(several) => {
                        let names = several.iter().map(|&at| self.files[at].name.clone());
                        return Meaning::Several(names.collect());
                    }
                    Choice::None => {}
                }
            }
        }
        Meaning::Missing
    }

    /// The candidate with most of the cell's folders. Where the folder that the cell names is here, no other will do.
    fn choose(
        &self,
        candidates: &[usize],
        parts: &[String],
        part: Option<Split>,
        cells: &Cells,
    ) -> Choice {
        let folders = &parts[..parts.len() - 1];
        let last = parts.last().map_or("", String::as_str);
        let least = usize::from(folders.last().is_some_and(|folder| {
            self.folders.contains(&folded(folder)) || cells.needs_folder(last)
        }));
        let part_of_cell = folders
            .iter()
            .rev()
            .find_map(|folder| part_of_folder(folder));
        // What another cell names with its folder, or what stands in another part of the split, is not meant.
        let is_of_another = |&at: &usize| {
            let name = &self.files[at].name;
            folders
                .last()
                .is_some_and(|folder| cells.has_for_another(name, folder))
                || part_of_cell
                    .is_some_and(|part| part_of_name(name).is_some_and(|other| other != part))
        };
        let candidates: Vec<usize> = candidates
            .iter()
            .copied()
            .filter(|at| !is_of_another(at))
            .collect();
        let common = |&at: &usize| {
            let own: Vec<&str> = self.files[at].name.split('/').collect();
            own[..own.len() - 1]
                .iter()
                .rev()
                .zip(folders.iter().rev())
                .take_while(|(a, b)| folded(a) == folded(b))
                .count()
        };
        let most = candidates.iter().map(common).max().unwrap_or(0);
        if most < least {
            return Choice::None;
        }
        let mut best: Vec<usize> = candidates
            .iter()
            .copied()
            .filter(|at| common(at) == most)
            .collect();
        let name = |at: usize| self.files[at].name.as_str();
        // Whatever tells them apart, unless it speaks against all of them.
        let is_same_case = |at: &usize| name(*at).rsplit('/').next() == Some(last);
        let is_of_part = |at: &usize| {
            part.is_some()
                && name(*at)
                    .split('/')
                    .any(|folder| part_of_folder(folder) == part)
        };
        let rules: [&dyn Fn(&usize) -> bool; 2] = [&is_same_case, &is_of_part];
        for rule in rules {
            if best.len() > 1 {
                let kept: Vec<usize> = best.iter().copied().filter(rule).collect();
                if !kept.is_empty() {
                    best = kept;
                }
            }
        }
        match best.as_slice() {
            [] => Choice::None,
            [only] => Choice::One(*only),
            _ => Choice::Several(best),
        }
    }
}

enum Choice {
    None,
    One(usize),
    Several(Vec<usize>),
}

/// The part of a split that the lowest such folder of a picture's name is for.
pub fn part_of_name(name: &str) -> Option<Split> {
    let (folders, _) = name.rsplit_once('/')?;
    folders.rsplit('/').find_map(part_of_folder)
}

/// The part of a split that a folder is named for: `train_images`.
fn part_of_folder(name: &str) -> Option<Split> {
    match split_names::split_word(name)? {
        SplitWord::Train => Some(Split::Train),
        SplitWord::Validation => Some(Split::Validation),
        SplitWord::Test | SplitWord::Evaluation => Some(Split::Test),
        SplitWord::Unlabelled => None,
    }
}

fn how_named(cell: &str, file: &str) -> How {
    let file = file.rsplit('/').next().unwrap_or(file);
    if file == cell {
        How::OtherFolder
    } else if file.nfc().eq(cell.nfc()) {
        How::Unicode
    } else {
        How::Case
    }
}

#[cfg(test)]
mod tests;
