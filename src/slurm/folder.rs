//! `OUT/.sweep/slurm`: where what concerns Slurm stands.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::SlurmError;
use super::parse::TaskId;
use crate::ordinary_file::{self, LockFile};
use crate::sweep::OWN_FOLDER;

/// How long the lock of the folder is waited for: whoever submits holds it for as long as `sbatch` takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub fn of(out: &Path) -> Self {
        Self(out.join(OWN_FOLDER).join("slurm"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn script(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn jobs(&self) -> PathBuf {
        self.0.join("jobs.json")
    }

    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    pub fn log(&self, id: &TaskId) -> PathBuf {
        self.logs().join(format!("{id}.txt"))
    }

    pub fn tasks(&self) -> PathBuf {
        self.0.join("tasks")
    }

    /// Whether all that works on the sweep was asked to stop (see `sweep::ask_to_stop`).
    pub fn is_asked_to_stop(&self) -> bool {
        ordinary_file::is_there(&self.0.with_file_name("stop"))
    }

    fn cancelled(&self) -> PathBuf {
        self.0.join("cancelled")
    }

    fn mark(&self, id: &TaskId) -> PathBuf {
        self.cancelled().join(id.to_string())
    }

    /// Makes it, with all its folders.
    ///
    /// # Errors
    /// Naming the folder that can't be made.
    pub fn make(&self) -> Result<(), SlurmError> {
        for folder in [self.logs(), self.tasks(), self.cancelled()] {
            std::fs::create_dir_all(&folder).map_err(|error| {
                SlurmError::file(&folder, format!("the folder can’t be made ({error})"))
            })?;
        }
        Ok(())
    }

    /// Waits for the folder's lock, which is held for as long as the file stays open.
    ///
    /// # Errors
    /// When another process keeps it, and when the system says no.
    pub fn lock(&self) -> Result<LockFile, SlurmError> {
        self.make()?;
        let path = self.0.join("lock");
        let failed = |error: std::io::Error| {
            SlurmError::file(&path, format!("this lock can’t be taken ({error})"))
        };
        let file = LockFile::open(&path).map_err(failed)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
                Err(std::fs::TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                    return Err(SlurmError::file(
                        &path,
                        "another Graft has been submitting or cancelling this sweep for minutes: wait for it, or end it",
                    ));
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// Notes that a person cancels a task: from then on it does not come back.
    pub fn mark_cancelled(&self, id: &TaskId) -> Result<(), SlurmError> {
        let path = self.mark(id);
        std::fs::write(&path, b"").map_err(|error| {
            SlurmError::file(&path, format!("this note can’t be written ({error})"))
        })
    }

    pub fn is_cancelled(&self, id: &TaskId) -> bool {
        ordinary_file::is_there(&self.mark(id))
    }
}
