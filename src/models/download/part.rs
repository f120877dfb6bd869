//! The hidden file that a download grows in.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::Fault;
use crate::data::StopFlag;
use crate::data::replace::replace;
use crate::ordinary_file::{self, Links, LockFile};

/// Between two looks at whether another process is done.
const WAIT: Duration = Duration::from_millis(100);

/// What is known of a part, beside it on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub url: String,
    /// The server's strong ETag, or else when the file last changed: sent back with a resumption.
    pub validator: Option<String>,
    pub total: Option<u64>,
}

/// A part file that this process holds locked. The lock goes with the process.
#[derive(Debug)]
pub(super) struct Part {
    file: LockFile,
    path: PathBuf,
    target: PathBuf,
    hasher: Sha256,
    pub record: Option<Record>,
}

impl Part {
    /// Opens or makes the part of `target`, and waits while another process holds it. `None` when
    /// the person stopped the waiting.
    pub fn open(target: &Path, stop: &StopFlag) -> Result<Option<Self>, Fault> {
        let folder = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| Fault::disk(folder, error))?;
        let path = beside(target, "part");
        loop {
            let file = LockFile::open(&path).map_err(|error| Fault::disk(&path, error))?;
            loop {
                match file.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) if stop.is_stopped() => return Ok(None),
                    Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
                    Err(TryLockError::Error(error)) => return Err(Fault::disk(&path, error)),
                }
            }
            // Whoever held it may have finished it: then the lock is on the finished file.
            if !is_same_file(&file, &path) {
                continue;
            }
            let record = ordinary_file::read(&beside(target, "part.json"), 100_000, Links::Refused)
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok());
            return Ok(Some(Self {
                file,
                path,
                target: target.to_path_buf(),
                hasher: Sha256::new(),
                record,
            }));
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn length(&self) -> Result<u64, Fault> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(|error| self.fault(error))?.len())
    }

    /// Forgets everything fetched so far.
    pub fn restart(&mut self) -> Result<(), Fault> {
        self.hasher = Sha256::new();
        self.forget_record();
        let emptied = if self.length()? > 0 {
            self.file.set_len(0)
        } else {
            Ok(())
        };
        let rewound = emptied.and_then(|()| self.file.seek(SeekFrom::Start(0)));
        rewound.map(drop).map_err(|error| self.fault(error))
    }

    /// Takes what an earlier attempt fetched into the checksum; writing goes on behind it.
    pub fn hash_what_is_there(&mut self, stop: &StopFlag) -> Result<(), Fault> {
        self.hasher = Sha256::new();
        let mut left = self.length()?;
        if let Err(error) = self.file.seek(SeekFrom::Start(0)) {
            return Err(self.fault(error));
        }
        let mut buffer = vec![0; 1 << 20];
        while left > 0 {
            if stop.is_stopped() {
                return Err(Fault::Stopped);
            }
            let count = match self.file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Err(self.fault(error)),
            };
            self.hasher.update(&buffer[..count]);
            left = left.saturating_sub(count as u64);
        }
        Ok(())
    }

    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if let Err(error) = self.file.write_all(bytes) {
            return Err(self.fault(error));
        }
        self.hasher.update(bytes);
        Ok(())
    }

    /// Of everything in the part, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        hex::encode(self.hasher.clone().finalize())
    }

    pub fn keep_record(&mut self, record: Record) -> Result<(), Fault> {
        let path = beside(&self.target, "part.json");
        let bytes = serde_json::to_vec(&record).unwrap_or_default();
        replace(&path, &bytes).map_err(|error| Fault::disk(&path, error))?;
        self.record = Some(record);
        Ok(())
    }

    /// The part becomes the target: on the disk first, then under its name.
    pub fn finish(&mut self) -> Result<(), Fault> {
        let done = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, &self.target))
            .and_then(|()| sync_folder(self.target.parent()));
        done.map_err(|error| self.fault(error))?;
        self.forget_record();
        Ok(())
    }

    /// The part is worth nothing. Failing to delete it does no harm: the record is gone.
    pub fn discard(&mut self) {
        self.forget_record();
        if is_same_file(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }

    /// An attempt that brought nothing leaves nothing.
    pub fn remove_if_empty(&mut self) {
        if self.length().is_ok_and(|length| length == 0) {
            self.discard();
        }
    }

    fn forget_record(&mut self) {
        self.record = None;
        let _ = fs::remove_file(beside(&self.target, "part.json"));
    }

    fn fault(&self, error: std::io::Error) -> Fault {
        Fault::disk(&self.path, error)
    }
}

/// A hidden file of ours beside `target`.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.graft-{ending}"))
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.dev() == named.dev() && open.ino() == named.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_file(_file: &File, path: &Path) -> bool {
    path.is_file()
}

/// Makes a rename in the folder last; only Unix can.
pub(in crate::models) fn sync_folder(folder: Option<&Path>) -> std::io::Result<()> {
    match folder {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
