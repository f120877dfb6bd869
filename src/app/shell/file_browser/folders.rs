//! What a path leads to, and folders that are made.

use std::path::{Path, PathBuf};

use crate::shown;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Folder,
    File,
    Nothing,
}

pub fn look_at(path: &Path) -> Found {
    match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => Found::Folder,
        Ok(_) => Found::File,
        Err(_) => Found::Nothing,
    }
}

/// Makes a folder in `parent`.
///
/// # Errors
///
/// A sentence that says why there is none.
pub fn make_folder(parent: &Path, name: &str) -> Result<PathBuf, String> {
    let name = name.trim();
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
        return Err(
            "A folder's name holds at least one letter or digit, and no / or \\.".to_owned(),
        );
    }
    let folder = parent.join(name);
    match std::fs::create_dir(&folder) {
        Ok(()) => Ok(folder),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(format!("“{name}” is there already. Choose another name."))
        }
        Err(error) => Err(not_made(&error, &folder)),
    }
}

/// Makes a folder that was typed, with those above it.
///
/// # Errors
///
/// A sentence that says why there is none.
pub fn make_folders(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| not_made(&error, folder))
}

fn not_made(error: &std::io::Error, folder: &Path) -> String {
    format!(
        "The folder can't be made ({error}): {}",
        shown::path(folder)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let made = make_folder(folder.path(), " New ").unwrap();
        assert_eq!(made, folder.path().join("New"));
        assert_eq!(look_at(&made), Found::Folder);
        assert!(
            make_folder(folder.path(), "New")
                .unwrap_err()
                .contains("there already")
        );
        for name in ["", "..", "a/b"] {
            assert!(make_folder(folder.path(), name).is_err(), "{name}");
        }
        assert!(
            make_folder(&made.join("absent"), "a")
                .unwrap_err()
                .contains("can't be made")
        );
    }
}
