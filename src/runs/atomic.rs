//! Files that are written whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tempfile::NamedTempFile;

use super::RunError;
use super::files::problem;

/// How the names of files begin that are not whole yet.
const WRITING: &str = ".writing-";

/// Replaces `path` by `bytes`: new file beside it, fsync, rename, fsync of the folder.
///
/// A reader sees the old file or the new one, never a part of either, also after a power cut.
///
/// # Errors
/// Whatever the disk says; the file at `path` is then as it was, and the new file is gone.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = begin(path)?;
    file.write_all(bytes)?;
    finish(file, path)
}

/// A new file that is to replace `path`, once it is written and [`finish`]ed; dropped before, it is gone.
///
/// # Errors
/// Whatever the disk says.
pub(super) fn begin(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(WRITING)
        .tempfile_in(folder_of(path))
}

/// Replaces `path` by `file`, all of which was written.
fn finish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    make_readable(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Replaces `path` by a file that `write` makes at the path it is given; otherwise as [`write()`].
///
/// # Errors
/// Those of `write`, and whatever the disk says.
pub fn write_by(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(path);
    // A folder of its own, so that whatever `write` makes on its way is gone as well.
    let place = tempfile::Builder::new()
        .prefix(WRITING)
        .tempdir_in(folder)?;
    let new = place.path().join("new");
    write(&new)?;
    let file = File::open(&new)?;
    make_readable(&file)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_folder(folder)
}

/// Files that another thread brings to the disk, one at a time. Dropped, it waits for the last one.
#[derive(Debug, Default)]
pub(super) struct Background(Option<(PathBuf, JoinHandle<io::Result<()>>)>);

impl Background {
    /// Replaces `path` by `file`, which [`begin`] made and which is written, once what was given before is on the disk.
    ///
    /// # Errors
    /// What the disk said of the file before; when the system gives no thread.
    pub fn finish(&mut self, path: PathBuf, file: NamedTempFile) -> Result<(), RunError> {
        self.wait()?;
        let place = path.clone();
        let writing = std::thread::Builder::new()
            .name("graft-writing".into())
            .spawn(move || finish(file, &place))
            .map_err(|error| problem(&path, format!("can't be written ({error})")))?;
        self.0 = Some((path, writing));
        Ok(())
    }

    /// Returns when everything is on the disk.
    ///
    /// # Errors
    /// What the disk said.
    pub fn wait(&mut self) -> Result<(), RunError> {
        let Some((path, writing)) = self.0.take() else {
            return Ok(());
        };
        let written = writing
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("an error inside Graft")));
        written.map_err(|error| problem(&path, format!("can't be written ({error})")))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Err(error) = self.wait() {
            log::warn!("{error}");
        }
    }
}

/// Removes what processes that died have left half-written in `folder`, which nobody else writes.
pub(super) fn clean(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(WRITING) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Temporary files are made for their owner alone; the finished file is an ordinary one.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Makes a rename in `folder` last.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Only Unix can open a folder to synchronise it; elsewhere the rename itself is all there is.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_died_half_written_is_cleaned_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole");
        write_by(&path, |new| std::fs::write(new, b"text")).unwrap();
        assert!(write_by(&path, |_| Err(io::Error::other("full"))).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        std::fs::write(folder.path().join(".writing-1"), b"half").unwrap();
        std::fs::create_dir(folder.path().join(".writing-2")).unwrap();
        std::fs::write(folder.path().join(".writing-2/new"), b"half").unwrap();
        clean(folder.path()).unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["whole"]);
    }

    #[test]
    fn what_another_thread_writes_is_there_after_waiting_and_failures_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let new = |bytes: &[u8]| {
            let mut file = begin(&path).unwrap();
            file.write_all(bytes).unwrap();
            file
        };
        let mut background = Background::default();
        background.wait().unwrap();
        for number in 0..3u8 {
            let file = new(&[number; 1000]);
            background.finish(path.clone(), file).unwrap();
        }
        background.wait().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [2; 1000]);
        background.finish(path.clone(), new(&[7])).unwrap();
        drop(background);
        assert_eq!(std::fs::read(&path).unwrap(), [7]);
        let mut background = Background::default();
        let missing = folder.path().join("missing/file");
        background.finish(missing, new(&[1])).unwrap();
        let error = background.wait().unwrap_err().to_string();
        assert!(error.contains("can't be written") && error.contains("missing/file"));
        assert!(begin(&folder.path().join("missing/file")).is_err());
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        // A folder that stands where the file should go can't be replaced.
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        assert!(write(&path, b"text").is_err());
        assert!(path.is_dir());
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a half-written file was left"
        );
        assert!(write(&folder.path().join("missing/file"), b"text").is_err());
    }
}
