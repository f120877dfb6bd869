//! Opening files that somebody else may have put there: a picture, a preset, a run's folder from an archive.
//!
//! A named pipe, a device or a socket is refused before it is opened, because opening it can block for ever, where no
//! signal helps, and reading it never ends. What is read into memory has a limit. In folders whose files have fixed names
//! (a run's folder, the cache), a link is refused as well: through one, a stranger's folder would show, or empty, a file
//! that is not in it.

use std::fs::{File, FileType, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::ops::{Deref, DerefMut};
use std::path::Path;

use crate::format;

/// What a symbolic link at the place of a file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// The person named the path: the file that it leads to.
    Followed,
    /// The name is ours: no file.
    Refused,
}

/// Opens an ordinary file to read.
///
/// # Errors
/// What the disk says; `InvalidInput`, with a text that follows "because", where something else stands there.
pub fn open(path: &Path, links: Links) -> io::Result<File> {
    // First without opening it: to open a device can do something, such as rewind a tape.
    check(&metadata(path, links)?)?;
    let file = match options(links).read(true).open(path) {
        // Another process holds a lease on it (a file server does), which must be waited for.
        Err(error) if error.kind() == ErrorKind::WouldBlock => File::open(path)?,
        other => other.map_err(refused_link)?,
    };
    // It may have been exchanged in between.
    check(&file.metadata()?)?;
    Ok(file)
}

/// All bytes of an ordinary file that has at most `limit`.
///
/// # Errors
/// As [`open`]; `FileTooLarge` for a larger file, which is not read.
pub fn read(path: &Path, limit: u64, links: Links) -> io::Result<Vec<u8>> {
    let file = open(path, links)?;
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_large(limit));
    }
    // The file may grow while it is read; `length` is no more than `limit`.
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|_| io::Error::from(ErrorKind::OutOfMemory))?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

/// As [`read()`], for text.
///
/// # Errors
/// Those of [`read()`], and `InvalidData` for what is not UTF-8.
pub fn read_to_string(path: &Path, limit: u64, links: Links) -> io::Result<String> {
    String::from_utf8(read(path, limit, links)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))
}

/// Whether something of this name stands there, a link that leads nowhere included: whoever reads it is then told what is
/// wrong with it.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Refuses what [`read()`] would, for a path that is handed on.
///
/// # Errors
/// As [`read()`].
pub fn check_there(path: &Path, limit: u64, links: Links) -> io::Result<()> {
    let metadata = metadata(path, links)?;
    check(&metadata)?;
    if metadata.len() > limit {
        return Err(too_large(limit));
    }
    Ok(())
}

/// A file whose lock says that one process works on something. The lock is held from [`File::try_lock`] or
/// [`File::lock`] until this is dropped.
///
/// It is given back by name, not by closing the file: a child that is being started at that moment still shares the open
/// file, until its own program runs, and would hold the lock as long.
#[derive(Debug)]
pub struct LockFile(File);

impl LockFile {
    /// Opens the lock file at `path`, and makes it where there is none. What stands there is neither followed nor changed.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(path: &Path) -> io::Result<Self> {
        if is_there(path) {
            check(&metadata(path, Links::Refused)?)?;
        }
        let file = options(Links::Refused)
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(refused_link)?;
        check(&file.metadata()?)?;
        Ok(Self(file))
    }

    /// Whether some process holds the lock at `path`, which is neither made nor changed.
    pub fn is_held(path: &Path) -> bool {
        open(path, Links::Refused)
            .map(Self)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

impl Deref for LockFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Where it says no, closing the file is all that can be done.
        let _ = self.0.unlock();
    }
}

fn metadata(path: &Path, links: Links) -> io::Result<Metadata> {
    match links {
        Links::Followed => path.metadata(),
        Links::Refused => path.symlink_metadata(),
    }
}

fn options(links: Links) -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe that took the file's place just now must not block; ordinary files don't mind.
        let mut flags = libc::O_NONBLOCK | libc::O_NOCTTY;
        if links == Links::Refused {
            flags |= libc::O_NOFOLLOW;
        }
        options.custom_flags(flags);
    }
    #[cfg(not(unix))]
    let _ = links;
    options
}

fn check(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_symlink() {
        return Err(link());
    }
    let what = name(kind);
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        format!("it is {what} and no ordinary file"),
    ))
}

fn link() -> io::Error {
    io::Error::new(
        ErrorKind::InvalidInput,
        "it is a link to another place, which is not followed here: put the file itself there",
    )
}

fn name(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    if kind.is_dir() {
        "a folder"
    } else {
        "something else"
    }
}

/// What the system says when a link took the file's place just now.
fn refused_link(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ELOOP) {
        return link();
    }
    error
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(
        ErrorKind::FileTooLarge,
        format!("it is larger than {}", format::bytes(limit)),
    )
}

#[cfg(all(test, unix))]
#[path = "ordinary_file_tests.rs"]
mod tests;
