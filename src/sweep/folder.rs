//! What processes that work on one sweep tell each other: locks and marks below `OUT/.sweep`.
//!
//! A lock is `flock` on a file that is never removed, which the system gives back however its process ends. On a shared file
//! system it holds between machines where that has such locks: NFS from version 4 on, or version 3 with `lockd`. Nothing here
//! goes by the clock of another machine.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::SweepError;
use crate::ordinary_file::{self, Links, LockFile};
use crate::runs::{atomic, files};

/// What processes say to each other about a sweep, in the folder of its cells' folders.
pub const OWN_FOLDER: &str = ".sweep";
const LOCKS: &str = "locks";
const FEATURES: &str = "features";
const FAILURES: &str = "failures";

/// Who merely looks whether a lock is held has it for a moment.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(5);

/// The longest reason that is kept.
const LONGEST: u64 = 1 << 16;

/// A sweep's folder.
#[derive(Debug, Clone)]
pub(super) struct SweepFolder(PathBuf);

/// One cell, which nobody else works on as long as this is held.
#[derive(Debug)]
pub(super) struct CellLock(LockFile);

/// Whether the features that a cell begins with may be computed now.
#[derive(Debug)]
pub(super) enum Claim {
    /// They are there, or nobody shares them.
    Free,
    /// They are computed by whoever holds this; [`FeatureClaim::done`] says that they are.
    Held(FeatureClaim),
    /// Another process computes them.
    Taken,
}

#[derive(Debug)]
pub(super) struct FeatureClaim(LockFile);

impl SweepFolder {
    pub fn new(out: &Path) -> Self {
        Self(out.to_path_buf())
    }

    /// Makes what is missing of it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn prepare(&self) -> Result<(), SweepError> {
        for name in [LOCKS, FEATURES, FAILURES] {
            let path = self.own().join(name);
            fs::create_dir_all(&path).map_err(|error| problem(&path, "can’t be made", &error))?;
        }
        Ok(())
    }

    fn own(&self) -> PathBuf {
        self.0.join(OWN_FOLDER)
    }

    /// While it stands, processes that work on the sweep stop.
    pub fn stop_path(&self) -> PathBuf {
        self.own().join("stop")
    }

    /// A file beside the locks.
    pub fn own_file(&self, name: &str) -> PathBuf {
        self.own().join(name)
    }

    /// The run of a cell.
    pub fn cell(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Held by the process that works on a cell; it holds how often that was begun.
    pub fn lock_path(&self, name: &str) -> PathBuf {
        self.own().join(LOCKS).join(name)
    }

    /// Says why a cell could not be carried out, where its run can't.
    pub fn failure_path(&self, name: &str) -> PathBuf {
        self.own().join(FAILURES).join(name)
    }

    /// The cell, unless another process works on it.
    ///
    /// # Errors
    /// When the lock can't be made.
    pub fn lock(&self, name: &str) -> Result<Option<CellLock>, SweepError> {
        let path = self.lock_path(name);
        let file =
            LockFile::open(&path).map_err(|error| problem(&path, "can’t be opened", &error))?;
        Ok(taken(&file, &path)?.then_some(CellLock(file)))
    }

    pub fn is_locked(&self, name: &str) -> bool {
        LockFile::is_held(&self.lock_path(name))
    }

    /// How often a cell was begun or gone on with, as far as it can be read.
    pub fn tries(&self, name: &str) -> u32 {
        let text = ordinary_file::read_to_string(&self.lock_path(name), 64, Links::Refused);
        text.ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0)
    }

    /// Why a cell could not be carried out.
    pub fn failure(&self, name: &str) -> Option<String> {
        let path = self.failure_path(name);
        match ordinary_file::read_to_string(&path, LONGEST, Links::Refused) {
            Ok(reason) => Some(reason.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(format!(
                "why it failed can’t be read ({error}): {}",
                path.display()
            )),
        }
    }

    /// # Errors
    /// What the disk says.
    pub fn set_failure(&self, name: &str, reason: &str) -> Result<(), SweepError> {
        let path = self.failure_path(name);
        let reason: String = reason.chars().take(LONGEST as usize / 4).collect();
        atomic::write(&path, reason.as_bytes())
            .map_err(|error| problem(&path, "can’t be written", &error))
    }

    /// # Errors
    /// What the disk says.
    pub fn clear_failure(&self, name: &str) -> Result<(), SweepError> {
        remove_if_there(&self.failure_path(name))
    }

    /// Whether the features of this name may be computed.
    ///
    /// # Errors
    /// When the lock can't be made.
    pub fn claim(&self, key: Option<&str>) -> Result<Claim, SweepError> {
        let Some(key) = key else {
            return Ok(Claim::Free);
        };
        let path = self.own().join(FEATURES).join(key);
        let mut file =
            LockFile::open(&path).map_err(|error| problem(&path, "can’t be opened", &error))?;
        if is_done(&mut file) {
            return Ok(Claim::Free);
        }
        if !taken(&file, &path)? {
            return Ok(Claim::Taken);
        }
        // They may have been finished in between.
        Ok(match is_done(&mut file) {
            true => Claim::Free,
            false => Claim::Held(FeatureClaim(file)),
        })
    }

    /// Removes the run folder of a cell whose process died before it was one. Under the cell's lock.
    ///
    /// # Errors
    /// When it holds something else than a run's files, or can't be removed.
    pub fn remove_half_made(&self, name: &str) -> Result<(), SweepError> {
        let path = self.cell(name);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(problem(&path, "can’t be read", &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| problem(&path, "can’t be read", &error))?;
            let file = entry.file_name();
            let file = file.to_string_lossy();
            if file == files::SUMMARY || !(files::is_of_run(&file) || file.starts_with('.')) {
                return Err(SweepError::Folder {
                    reason: format!(
                        "the folder of a cell holds something that no run wrote ({file}): move it elsewhere"
                    ),
                    path,
                });
            }
        }
        fs::remove_dir_all(&path).map_err(|error| problem(&path, "can’t be removed", &error))
    }
}

impl CellLock {
    /// Counts one more time that the cell is begun; what was counted before.
    pub fn begin(&mut self) -> u32 {
        let mut text = String::new();
        let before = self
            .0
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&mut *self.0).take(64).read_to_string(&mut text))
            .ok()
            .and_then(|_| text.trim().parse().ok())
            .unwrap_or(0_u32);
        // A count that can't be kept is no reason not to train.
        if let Err(error) = rewrite(&mut self.0, &before.saturating_add(1).to_string()) {
            log::warn!("how often a cell was begun can’t be written ({error})");
        }
        before
    }
}

impl FeatureClaim {
    /// The features are there: whoever needs them may begin.
    pub fn done(mut self) {
        if let Err(error) = rewrite(&mut self.0, DONE) {
            log::warn!("that features are computed can’t be written ({error})");
        }
    }
}

const DONE: &str = "done";

fn is_done(file: &mut File) -> bool {
    let mut text = String::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(64).read_to_string(&mut text));
    read.is_ok() && text.trim() == DONE
}

fn rewrite(file: &mut File, text: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Takes the lock; false where another process holds it.
fn taken(file: &File, path: &Path) -> Result<bool, SweepError> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(problem(
                    path,
                    "can’t be locked; a sweep needs a file system that has locks (on NFS version 4, or version 3 with lockd)",
                    &error,
                ));
            }
        }
    }
    Ok(false)
}

/// Removes a file; that there is none is as well.
pub(super) fn remove_if_there(path: &Path) -> Result<(), SweepError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(problem(path, "can’t be removed", &error))
        }
        _ => Ok(()),
    }
}

pub(super) fn problem(path: &Path, what: &str, error: &io::Error) -> SweepError {
    SweepError::Folder {
        reason: format!("{what} ({error})"),
        path: path.to_path_buf(),
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
