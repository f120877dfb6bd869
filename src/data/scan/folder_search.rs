//! Whether folders hold pictures, however deep and however many there are.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use super::entries::{EntryKind, FolderEntry, list};
use super::file_kinds::{self, FileKind};

/// Folders that a picture may lie below its class's folder.
pub(super) const MAX_DEPTH: u32 = 8;

/// Searches folders for pictures, but not for ever: a home folder, or all of a disk, is not looked through to find out that it
/// is no data set.
pub(super) struct FolderSearch {
    left: Cell<u32>,
}

/// Entries that are looked at before a folder is given up.
const ENTRIES_LOOKED_AT: u32 = 300_000;

/// Files without a picture's name that are opened in one folder to see whether they are pictures.
const FILES_OPENED: usize = 20;

impl FolderSearch {
    pub fn new() -> Self {
        Self {
            left: Cell::new(ENTRIES_LOOKED_AT),
        }
    }

    /// Whether there was more to look at than a data set needs.
    pub fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether a picture lies in a folder, or in one at most `depth` below it.
    pub fn holds_pictures(&self, folder: &Path, depth: u32) -> bool {
        let Ok(entries) = fs::read_dir(folder) else {
            return false;
        };
        let (mut folders, mut unclear) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            if self.left.get() == 0 {
                return false;
            }
            self.left.set(self.left.get() - 1);
            let entry = FolderEntry::from(&entry);
            if entry.is_hidden {
                continue;
            }
            match (&entry.kind, file_kinds::by_name(&entry.name)) {
                (EntryKind::File, Some(FileKind::Picture)) => return true,
                (EntryKind::File, None) if unclear.len() < FILES_OPENED => unclear.push(entry),
                (EntryKind::Folder, _) => folders.push(entry.path),
                _ => {}
            }
        }
        let is_picture = |entry: &FolderEntry| {
            file_kinds::of_file(&entry.path, &entry.name)
                .is_ok_and(|kind| kind == FileKind::PictureByContent)
        };
        unclear.iter().any(is_picture)
            || depth > 0
                && folders
                    .iter()
                    .any(|folder| self.holds_pictures(folder, depth - 1))
    }

    /// How many folders in this one hold pictures; no more than `enough` are counted.
    pub fn folders_with_pictures(&self, folder: &Path, enough: usize) -> usize {
        let entries = list(folder).unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry.is_folder && self.holds_pictures(&entry.path, MAX_DEPTH))
            .take(enough)
            .count()
    }
}
