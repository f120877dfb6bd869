//! What lies in a folder, told without opening any of it.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, FileType};
use std::io;
use std::path::{Path, PathBuf};

/// One entry of a folder.
pub(super) struct FolderEntry {
    pub path: PathBuf,
    /// For people, and to be compared: bytes that are no UTF-8 are replaced.
    pub name: String,
    pub is_folder: bool,
    pub kind: EntryKind,
    /// Nothing that a person put there to be learned from.
    pub is_hidden: bool,
}

/// What an entry is, or what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntryKind {
    Folder,
    File,
    /// A pipe, a socket, a device: opening it may do something or block for ever.
    Special(&'static str),
    /// A link that can't be followed, and why.
    Lost(String),
}

impl FolderEntry {
    pub fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }
}

/// What systems and programs put beside people's pictures.
const HIDDEN: &[&str] = &[
    "__MACOSX",
    "@eaDir",
    "@Recycle",
    "#recycle",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "lost+found",
    "__pycache__",
];

/// The entries of a folder by name, without hidden ones. Links are followed.
pub(super) fn list(folder: &Path) -> io::Result<Vec<FolderEntry>> {
    let mut entries = list_all(folder)?;
    entries.retain(|entry| !entry.is_hidden);
    Ok(entries)
}

/// The entries of a folder by name, hidden ones among them.
pub(super) fn list_all(folder: &Path) -> io::Result<Vec<FolderEntry>> {
    let mut entries = fs::read_dir(folder)?
        .map(|entry| Ok(FolderEntry::from(&entry?)))
        .collect::<io::Result<Vec<FolderEntry>>>()?;
    entries.sort_by(|a, b| a.path.file_name().cmp(&b.path.file_name()));
    Ok(entries)
}

impl From<&DirEntry> for FolderEntry {
    fn from(entry: &DirEntry) -> Self {
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => kind_of(&path),
            Ok(kind) => EntryKind::from(kind),
            Err(error) => EntryKind::Lost(unreadable(&error)),
        };
        let name = entry.file_name();
        Self {
            is_folder: kind == EntryKind::Folder,
            is_hidden: is_hidden(&name),
            name: name.to_string_lossy().into_owned(),
            kind,
            path,
        }
    }
}

/// What stands at `path`, links followed.
pub(super) fn kind_of(path: &Path) -> EntryKind {
    match fs::metadata(path) {
        Ok(metadata) => EntryKind::from(metadata.file_type()),
        Err(error) => EntryKind::Lost(match error.kind() {
            io::ErrorKind::NotFound => {
                "is a link to something that is not there: put that back, or delete the link".into()
            }
            io::ErrorKind::PermissionDenied => {
                "is a link to something that may not be read: give yourself permission to read it"
                    .into()
            }
            _ => format!("is a link that can't be followed ({error}): delete it"),
        }),
    }
}

impl From<FileType> for EntryKind {
    fn from(kind: FileType) -> Self {
        if kind.is_dir() {
            return Self::Folder;
        }
        if kind.is_file() {
            return Self::File;
        }
        Self::Special(special_name(kind))
    }
}

#[cfg(unix)]
fn special_name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "something else"
    }
}

#[cfg(not(unix))]
fn special_name(_kind: FileType) -> &'static str {
    "something else"
}

pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.') || HIDDEN.iter().any(|hidden| name == *hidden)
}

pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "may not be read: give yourself permission to read it".into()
        }
        _ => format!("can't be read ({error}): check the disk, or copy it again"),
    }
}
