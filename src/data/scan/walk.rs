//! Walks through folders: every file is a picture, or is listed with the reason why it is none.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::super::{DataError, Remark, StopFlag};
use super::entries::{EntryKind, FolderEntry, list_all, unreadable};
use super::file_kinds::{self, FileKind, HIDDEN, HIDDEN_FOLDER};
use super::names::Names;
use super::{FoundPictures, annotations, check_stop, count, shortened, source_error};

/// A folder of a data set is not this deep; a path of so many parts can't be opened at last.
const MAX_DEPTH: usize = 64;

/// After so many files, a data set has shown some pictures …
const ENOUGH_FILES: usize = 200_000;
/// … at least one in so many.
const FILES_PER_PICTURE: usize = 100;

/// The state of a walk.
pub(super) struct Walk<'a> {
    pub root: PathBuf,
    pub found: FoundPictures,
    stop: &'a StopFlag,
    real_root: PathBuf,
    /// Pictures that their names don't tell.
    by_content: Vec<PathBuf>,
    /// Files and folders of masks beside pictures.
    masks: Vec<PathBuf>,
    /// Text beside pictures that tells where things are in them.
    annotations: Vec<PathBuf>,
    /// Which folder of a class was the first to hold a real folder.
    first_readers: HashMap<PathBuf, PathBuf>,
    /// Folders that two classes hold, by links.
    shared: Vec<(PathBuf, PathBuf)>,
    files: usize,
    pictures: usize,
}

impl<'a> Walk<'a> {
    pub fn new(root: &Path, stop: &'a StopFlag) -> Self {
        Self {
            root: root.to_path_buf(),
            found: FoundPictures {
                root: root.to_path_buf(),
                ..FoundPictures::default()
            },
            stop,
            real_root: fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf()),
            by_content: Vec::new(),
            masks: Vec::new(),
            annotations: Vec::new(),
            first_readers: HashMap::new(),
            shared: Vec::new(),
            files: 0,
            pictures: 0,
        }
    }

    /// The pictures of a folder and of all below it, in the order of their names.
    ///
    /// # Errors
    /// [`DataError::Stopped`]; [`DataError::Source`] when this can't be a folder of pictures.
    pub fn pictures(&mut self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let mut below = Below {
            top: folder,
            real_top: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf()),
            visited: HashSet::new(),
            pictures: Vec::new(),
        };
        self.enter(folder, 0, &mut below)?;
        Ok(below.pictures)
    }

    /// Collects the pictures of a folder and of all below it. A folder that was visited already (a link to a folder
    /// above or beside) is not entered again.
    fn enter(
        &mut self,
        folder: &Path,
        depth: usize,
        below: &mut Below<'_>,
    ) -> Result<(), DataError> {
        check_stop(self.stop)?;
        let listed = fs::canonicalize(folder).and_then(|real| Ok((real, list_all(folder)?)));
        let (real, entries) = match listed {
            Ok(listed) => listed,
            Err(error) => {
                self.found.problem(folder, unreadable(&error));
                return Ok(());
            }
        };
        let is_above = below.real_top.starts_with(&real) && real != below.real_top;
        // A walk through all of the root begins there.
        if is_above || self.real_root.starts_with(&real) && below.top != self.root {
            self.found.problem(
                folder,
                "is a link to a folder that it lies in, which is not followed: delete the link",
            );
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            let reason = format!("lies in more than {MAX_DEPTH} folders: move it further up");
            self.found.problem(folder, reason);
            return Ok(());
        }
        if !below.visited.insert(real.clone()) {
            self.found.problem(
                folder,
                "is a link to a folder whose pictures were read already",
            );
            return Ok(());
        }
        let first = self
            .first_readers
            .entry(real)
            .or_insert_with(|| below.top.to_path_buf());
        if first != below.top {
            self.shared.push((first.clone(), below.top.to_path_buf()));
        }
        let masks = annotations::folders_of_masks(&entries);
        let mut here = Vec::new();
        for entry in &entries {
            if entry.is_hidden || !entry.is_folder {
                here.extend(self.file(entry)?);
            } else if masks.contains(&entry.path) {
                self.found.problem(
                    &entry.path,
                    "looks like masks of the pictures in the folder beside it, and is skipped",
                );
                self.masks.push(entry.path.clone());
            } else {
                // What stands in deeper folders comes where their names stand.
                self.sift_masks(&mut here, &entries);
                below.pictures.append(&mut here);
                self.enter(&entry.path, depth + 1, below)?;
            }
        }
        self.sift_masks(&mut here, &entries);
        below.pictures.append(&mut here);
        self.annotations
            .extend(annotations::beside_pictures(&entries));
        Ok(())
    }

    /// `x_mask.png` beside `x.png` is no picture of the class.
    fn sift_masks(&mut self, pictures: &mut Vec<PathBuf>, entries: &[FolderEntry]) {
        if pictures.is_empty() {
            return;
        }
        let masks = annotations::masks_of_others(pictures, entries);
        if masks.is_empty() {
            return;
        }
        let (masks, others) = std::mem::take(pictures)
            .into_iter()
            .partition(|picture| masks.contains(picture));
        *pictures = others;
        for mask in &masks {
            self.found.problem(
                mask,
                "looks like a mask of the picture beside it, and is skipped",
            );
        }
        self.masks.extend(masks);
    }

    /// The path of a picture; anything else is listed.
    ///
    /// # Errors
    /// [`DataError::Source`] when after very many files there are hardly any pictures.
    pub fn file(&mut self, entry: &FolderEntry) -> Result<Option<PathBuf>, DataError> {
        self.files += 1;
        if self.files >= ENOUGH_FILES && self.pictures < self.files / FILES_PER_PICTURE {
            return Err(source_error(
                &self.root,
                format!(
                    "this is no folder of pictures: of the first {} files in it, {} are pictures; choose the folder \
                     of the data set itself",
                    self.files, self.pictures
                ),
            ));
        }
        if self.files.is_multiple_of(1024) {
            check_stop(self.stop)?;
        }
        if entry.is_hidden {
            let reason = if entry.is_folder {
                HIDDEN_FOLDER
            } else {
                HIDDEN
            };
            self.found.problem(&entry.path, reason);
            return Ok(None);
        }
        match &entry.kind {
            // The caller enters folders.
            EntryKind::Folder => return Ok(None),
            EntryKind::Special(what) => {
                let reason = format!("is {what} and no ordinary file: it is not opened");
                self.found.problem(&entry.path, reason);
                return Ok(None);
            }
            EntryKind::Lost(reason) => {
                self.found.problem(&entry.path, reason);
                return Ok(None);
            }
            EntryKind::File => {}
        }
        let kind = match file_kinds::of_file(&entry.path, &entry.name) {
            Ok(kind) => kind,
            Err(error) => {
                self.found.problem(&entry.path, unreadable(&error));
                return Ok(None);
            }
        };
        if let Some(reason) = kind.reason() {
            self.found.problem(&entry.path, reason);
            return Ok(None);
        }
        if kind == FileKind::PictureByContent {
            self.by_content.push(entry.path.clone());
        }
        self.pictures += 1;
        Ok(Some(entry.path.clone()))
    }

    /// What the walk found, with what a person should know of it.
    pub fn finish(self, names: Names) -> FoundPictures {
        let mut found = self.found;
        let named = |paths: &[PathBuf]| {
            let names: Vec<String> = paths
                .iter()
                .map(|path| names.relative(path, &self.root))
                .collect();
            shortened(&names, 3)
        };
        if let Some(encoding) = names.encoding() {
            found.remarks.push(Remark::taken(format!(
                "Names of folders and files that are not in UTF-8 are read as {encoding}, which is a guess."
            )));
        }
        if !self.by_content.is_empty() {
            found.remarks.push(Remark::taken(format!(
                "{} as pictures by their content, although their names don't end like those of pictures (.jpg, .png …): {}.",
                count(self.by_content.len(), "file is read", "files are read"),
                named(&self.by_content)
            )));
        }
        if !self.masks.is_empty() {
            found.remarks.push(Remark::warning(format!(
                "Masks beside pictures are skipped, because they show no class of their own: {}.",
                named(&self.masks)
            )));
        }
        if let Some(first) = self.annotations.first() {
            found.remarks.push(Remark::warning(format!(
                "{} like annotations of object detection, which are not used: the folders name the classes, one for \
                 each picture ({}).",
                count(
                    self.annotations.len(),
                    "file beside the pictures looks",
                    "files beside the pictures look"
                ),
                named(std::slice::from_ref(first))
            )));
        }
        if let Some((first, second)) = self.shared.first() {
            let name = |path: &Path| names.relative(path, &self.root);
            found.remarks.push(Remark::warning(format!(
                "{} and {} hold the same folder, by a link: its pictures are read twice.",
                name(first),
                name(second)
            )));
        }
        found
    }
}

/// One walk through a folder and all below it.
struct Below<'a> {
    top: &'a Path,
    real_top: PathBuf,
    visited: HashSet<PathBuf>,
    pictures: Vec<PathBuf>,
}
