//! A plan, carried out.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::Way;
use super::plan::{FreeNames, Placer, Plan, Step};
use super::record::{Entry, Line, RecordedPath, Writer};
use crate::data::{Problem, StopFlag};
use crate::ordinary_file::{self, Links};
use crate::prediction::stamp::Stamp;
use crate::runs::RunError;
use crate::runs::files::problem;

/// How the names of copies begin that are not whole yet; a scan passes over them.
const WRITING: &str = ".graft-placing-";

/// Another program may take each name just before.
const TRIES: usize = 5;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placed {
    pub placed: usize,
    /// Of these, those that stood elsewhere before.
    pub moved: usize,
    pub failed: Vec<Problem>,
    /// Whether the stop flag ended it.
    pub is_stopped: bool,
}

impl Placer {
    /// Places what `plan` says, and records each picture as soon as it stands. `progress` hears how many are done.
    ///
    /// # Errors
    /// When the folder or its record can't be written, or the disk is full; what was placed before stands in the record.
    pub fn carry_out(
        &mut self,
        plan: &Plan,
        stop: &StopFlag,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Placed, RunError> {
        if plan.steps.is_empty() {
            return Ok(Placed::default());
        }
        let mut writer = self.begin()?;
        let placed = self.place_all(plan, &mut writer, stop, progress);
        self.writer = Some(writer);
        placed
    }

    fn place_all(
        &mut self,
        plan: &Plan,
        writer: &mut Writer,
        stop: &StopFlag,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Placed, RunError> {
        let mut placed = Placed::default();
        for (done, step) in plan.steps.iter().enumerate() {
            progress(done);
            if stop.is_stopped() {
                placed.is_stopped = true;
                return Ok(placed);
            }
            match self.place(step, writer) {
                Ok(()) => {
                    placed.placed += 1;
                    placed.moved += usize::from(step.replaces.is_some());
                }
                Err(NotPlaced::Picture(reason)) => placed.failed.push(Problem {
                    path: step.from.clone(),
                    reason,
                }),
                Err(NotPlaced::DiskFull) => {
                    return Err(problem(
                        &self.root,
                        "the disk is full: make room and start again; what was placed stays",
                    ));
                }
                Err(NotPlaced::All(error)) => return Err(error),
            }
        }
        progress(plan.steps.len());
        Ok(placed)
    }

    /// The folder of everything and its record.
    fn begin(&mut self) -> Result<Writer, RunError> {
        if let Some(writer) = self.writer.take() {
            return Ok(writer);
        }
        let is_new = !self.root.exists();
        fs::create_dir_all(&self.root)
            .map_err(|error| problem(&self.root, format!("can't be made ({error})")))?;
        let mut writer = Writer::open(&self.root, self.length)?;
        if is_new {
            writer.add(&Line::Folder(String::new()))?;
        }
        Ok(writer)
    }

    fn place(&mut self, step: &Step, writer: &mut Writer) -> Result<(), NotPlaced> {
        let folder = self.root.join(&step.folder);
        make_folder(&folder, &step.folder, writer)?;
        let (name, original, copy) = self.put(step, &folder)?;
        let entry = Entry {
            to: RecordedPath(Path::new(&step.folder).join(name)),
            from: RecordedPath(step.from.clone()),
            way: self.way,
            original,
            copy,
        };
        writer.add(&Line::Placed(entry.clone()))?;
        let earlier = self.entries.insert(step.from.clone(), entry);
        let earlier = earlier.filter(|earlier| Some(&earlier.to.0) == step.replaces.as_ref());
        if let Some(earlier) = earlier
            && earlier.stands(&self.root)
        {
            fs::remove_file(self.root.join(&earlier.to.0))?;
            writer.add(&Line::Removed(earlier.to))?;
        }
        Ok(())
    }

    /// Gives the name that it got, the original's stamp and the copy's.
    fn put(
        &self,
        step: &Step,
        folder: &Path,
    ) -> Result<(OsString, Stamp, Option<Stamp>), NotPlaced> {
        let mut name = step.name.clone();
        let mut names = FreeNames::new(&self.root);
        for _ in 0..TRIES {
            let to = folder.join(&name);
            let put = match self.way {
                Way::Link => link(&step.from, &to),
                Way::Copy => copy(&step.from, &to, folder),
            };
            match put {
                Ok((original, copy)) => return Ok((name, original, copy)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    name = names.free(&step.folder, &step.name);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(NotPlaced::Picture(
            "can't be placed: other programs took every name for it".into(),
        ))
    }
}

enum NotPlaced {
    /// The sentence follows the picture's path.
    Picture(String),
    DiskFull,
    All(RunError),
}

impl From<RunError> for NotPlaced {
    fn from(error: RunError) -> Self {
        Self::All(error)
    }
}

impl From<io::Error> for NotPlaced {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => Self::DiskFull,
            _ => Self::Picture(format!("can't be placed ({error})")),
        }
    }
}

/// Both give the stamp of the original, and of what was placed.
fn link(from: &Path, to: &Path) -> io::Result<(Stamp, Option<Stamp>)> {
    let original = Stamp::of(&from.metadata()?);
    #[cfg(unix)]
    std::os::unix::fs::symlink(from, to)?;
    #[cfg(windows)]
    std::os::windows::fs::symlink_file(from, to)?;
    Ok((original, None))
}

/// A whole copy with the original's date, under a name that nothing had.
fn copy(from: &Path, to: &Path, folder: &Path) -> io::Result<(Stamp, Option<Stamp>)> {
    let mut original = ordinary_file::open(from, Links::Followed)?;
    let metadata = original.metadata()?;
    let mut file = tempfile::Builder::new()
        .prefix(WRITING)
        .tempfile_in(folder)?;
    io::copy(&mut original, &mut file)?;
    make_readable(file.as_file())?;
    if let Ok(modified) = metadata.modified() {
        file.as_file().set_modified(modified)?;
    }
    let file = file.persist_noclobber(to).map_err(|error| error.error)?;
    Ok((Stamp::of(&metadata), Some(Stamp::of(&file.metadata()?))))
}

#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// A class's folder, which is no link: it would lead out of the folder of all.
fn make_folder(folder: &Path, name: &str, writer: &mut Writer) -> Result<(), RunError> {
    match fs::create_dir(folder) {
        Ok(()) => writer.add(&Line::Folder(name.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match folder.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => Ok(()),
                _ => Err(problem(
                    folder,
                    "this is no folder, and pictures of a class are to be placed in it: rename it, or choose another folder",
                )),
            }
        }
        Err(error) => Err(problem(folder, format!("can't be made ({error})"))),
    }
}
