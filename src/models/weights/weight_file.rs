//! A weight file that is read piece by piece, so that memory holds one tensor of it at a time.
//!
//! Not a memory map: a file that another program shortens while it is mapped ends the process, and a
//! map needs unsafe code. Reading at a position costs one copy, which decoding makes anyway.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::data::contents::Stamp;
use crate::ordinary_file::{self, Links};

/// An open file of known length.
#[derive(Debug)]
pub(super) struct WeightFile {
    file: Mutex<File>,
    length: u64,
    stamp: Stamp,
}

impl WeightFile {
    /// # Errors
    /// A sentence without the path: it can't be opened, or it is no file.
    pub fn open(path: &Path) -> Result<Self, String> {
        // With what a person can do about it.
        if let Ok(metadata) = path.metadata() {
            refuse_what_is_no_file(&metadata)?;
        }
        let file = ordinary_file::open(path, Links::Followed)
            .map_err(|error| format!("the weight file can't be opened ({error})"))?;
        let metadata = file
            .metadata()
            .map_err(|error| format!("the weight file can't be read ({error})"))?;
        Ok(Self {
            file: Mutex::new(file),
            length: metadata.len(),
            stamp: Stamp::from(&metadata),
        })
    }

    /// In bytes, when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Of the file that was opened.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// `count` bytes from `start`; nothing is allocated for more than the file holds.
    ///
    /// # Errors
    /// A clause: the file ends before, or can't be read.
    pub fn read(&self, start: u64, count: u64) -> Result<Vec<u8>, String> {
        let inside = start
            .checked_add(count)
            .is_some_and(|end| end <= self.length);
        let size = usize::try_from(count).ok().filter(|_| inside);
        let mut bytes = vec![0; size.ok_or("the file is cut off")?];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| read_error(&error))?;
        Ok(bytes)
    }

    /// Hands the file itself to `work`, from its beginning; nobody else reads meanwhile.
    ///
    /// # Errors
    /// Those of `work`; a clause where the file can't be read.
    pub fn with_file<T>(
        &self,
        work: impl FnOnce(&mut File) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))
            .map_err(|error| read_error(&error))?;
        work(&mut file)
    }
}

fn refuse_what_is_no_file(metadata: &Metadata) -> Result<(), String> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err("this is a folder and no weight file; name the file in it".into())
    } else {
        Err("this is no file but a pipe, a socket or a device; copy what it gives into a file first".into())
    }
}

fn read_error(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        "the file became shorter while it was read".into()
    } else {
        format!("the file can't be read ({error})")
    }
}
