//! A run's folder: its name, and the lock of the one process that writes in it.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{RunError, atomic, files};
use crate::format;
use crate::ordinary_file::LockFile;

/// How often, and how far apart, a lock is asked for before it counts as another writer's.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Makes `<UTC time>-<slug>` in `runs`, with a number behind it where that stands already.
///
/// # Errors
/// When the folder can't be made.
pub(super) fn make(runs: &Path, started: u64, name: &str) -> Result<(PathBuf, String), RunError> {
    let failed = |path: &Path, error: io::Error| {
        files::problem(path, format!("the run's folder can't be made ({error})"))
    };
    fs::create_dir_all(runs).map_err(|error| failed(runs, error))?;
    let stem = format!("{}-{}", format::utc_file_stamp(started), slug(name));
    for attempt in 1u32.. {
        let id = if attempt == 1 {
            stem.clone()
        } else {
            format!("{stem}-{attempt}")
        };
        let folder = runs.join(&id);
        match fs::create_dir(&folder) {
            Ok(()) => {
                atomic::sync_folder(runs).map_err(|error| failed(runs, error))?;
                return Ok((folder, id));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&folder, error)),
        }
    }
    Err(files::problem(
        runs,
        "there is no free name for another run",
    ))
}

/// Makes the folder `id` in `runs`, which nobody else has.
///
/// # Errors
/// When something of this name stands there already, or the folder can't be made.
pub(super) fn make_named(runs: &Path, id: &str) -> Result<PathBuf, RunError> {
    let folder = runs.join(id);
    let failed = |error: io::Error| {
        files::problem(&folder, format!("the run's folder can't be made ({error})"))
    };
    fs::create_dir_all(runs).map_err(failed)?;
    fs::create_dir(&folder).map_err(failed)?;
    atomic::sync_folder(runs).map_err(failed)?;
    Ok(folder)
}

/// Takes the lock of a run's folder, for as long as the file stays open.
///
/// # Errors
/// [`RunError::Locked`] when another process holds it, and what the system says against it.
pub fn lock(folder: &Path) -> Result<LockFile, RunError> {
    let path = folder.join(files::LOCK);
    let failed = |error: io::Error| {
        files::problem(&path, format!("the run's lock can't be taken ({error})"))
    };
    let file = LockFile::open(&path).map_err(failed)?;
    // Who merely looks whether a run is alive (`is_locked`) holds the lock for a moment.
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(RunError::Locked(folder.to_path_buf()))
}

/// Whether some process writes in `folder` now.
pub fn is_locked(folder: &Path) -> bool {
    LockFile::is_held(&folder.join(files::LOCK))
}

/// `Solar cells, fine-tuning` to `solar-cells-fine-tuning`: letters and digits of any script,
/// at most 60 characters.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase).take(60) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "run".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_short_and_plain() {
        for (name, expected) in [
            ("Solar cells, fine-tuning", "solar-cells-fine-tuning"),
            ("  ../../etc/passwd ", "etc-passwd"),
            ("Prüfung №5", "prüfung-5"),
            ("…", "run"),
            ("", "run"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert_eq!(slug(&"a".repeat(500)).len(), 60);
    }

    #[test]
    fn folders_of_the_same_second_differ() {
        let runs = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..3)
            .map(|_| make(runs.path(), 1_700_000_000, "Two ways").unwrap().1)
            .collect();
        assert_eq!(
            names,
            [
                "2023-11-14T22-13-20-two-ways",
                "2023-11-14T22-13-20-two-ways-2",
                "2023-11-14T22-13-20-two-ways-3"
            ]
        );
    }

    #[test]
    fn a_folder_has_one_writer() {
        let runs = tempfile::tempdir().unwrap();
        let (folder, _) = make(runs.path(), 0, "x").unwrap();
        assert!(!is_locked(&folder));
        let held = lock(&folder).unwrap();
        assert!(is_locked(&folder));
        assert!(matches!(lock(&folder), Err(RunError::Locked(_))));
        drop(held);
        assert!(!is_locked(&folder));
    }
}
