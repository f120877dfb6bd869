//! What was placed, taken away again.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::record::{Contents, Entry, Line, RECORD, Writer};
use crate::data::{Problem, StopFlag};
use crate::ordinary_file;
use crate::runs::files::problem;
use crate::runs::{RunError, atomic};

/// What was taken away, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undone {
    pub removed: usize,
    /// What was placed and is not as it was, which is left alone.
    pub changed: Vec<Problem>,
    /// What was placed and is gone.
    pub gone: usize,
    /// Whether the stop flag ended it; the record knows what is left.
    pub is_stopped: bool,
}

/// What [`undo`] would do in `root`.
///
/// # Errors
/// When `root` has no record, or it can't be read.
pub fn undoable(root: &Path) -> Result<Undone, RunError> {
    let mut undone = Undone::default();
    for entry in read(root)?.entries {
        undone.count(root, &entry);
    }
    Ok(undone)
}

/// Removes exactly what was placed in `root` and stands there as it was placed, then folders that were made for it and are
/// empty, and the record. Of a copy, size and date are looked at; of a link, where it leads. `progress` hears how many of how
/// many have been looked at.
///
/// # Errors
/// When `root` has no record, it can't be read, or another process places pictures there.
pub fn undo(
    root: &Path,
    stop: &StopFlag,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Undone, RunError> {
    let contents = read(root)?;
    // Held, so that nobody places pictures meanwhile.
    let mut writer = Writer::open(root, contents.length)?;
    let mut undone = Undone::default();
    let mut left = Vec::new();
    let total = contents.entries.len();
    for (done, entry) in contents.entries.into_iter().rev().enumerate() {
        progress(done, total);
        if stop.is_stopped() {
            undone.is_stopped = true;
            return Ok(undone);
        }
        if !undone.count(root, &entry) {
            left.push(entry);
            continue;
        }
        let path = root.join(&entry.to.0);
        match fs::remove_file(&path) {
            Ok(()) => writer.add(&Line::Removed(entry.to))?,
            Err(error) => {
                undone.removed -= 1;
                undone.changed.push(Problem {
                    path,
                    reason: format!("can't be removed ({error})"),
                });
                left.push(entry);
            }
        }
    }
    drop(writer);
    finish(root, &contents.folders, left)?;
    Ok(undone)
}

impl Undone {
    /// Counts what is to be done with `entry`, and says whether it is removed.
    fn count(&mut self, root: &Path, entry: &Entry) -> bool {
        let path = root.join(&entry.to.0);
        if entry.stands(root) {
            self.removed += 1;
            return true;
        }
        if ordinary_file::is_there(&path) {
            self.changed.push(Problem {
                path,
                reason: "is not as it was placed, and is left".into(),
            });
        } else {
            self.gone += 1;
        }
        false
    }
}

fn read(root: &Path) -> Result<Contents, RunError> {
    if !ordinary_file::is_there(&root.join(RECORD)) {
        return Err(problem(
            root,
            "nothing was placed in this folder by graft predict --into, or it was undone already",
        ));
    }
    Contents::read(root)
}

/// Removes the folders that are empty, and the record where nothing is left to be undone.
fn finish(root: &Path, folders: &[String], mut left: Vec<Entry>) -> Result<(), RunError> {
    let record = root.join(RECORD);
    left.retain(|entry| ordinary_file::is_there(&root.join(&entry.to.0)));
    left.reverse();
    let is_plain = |name: &&String| {
        let mut parts = Path::new(name.as_str()).components();
        matches!(parts.next(), Some(std::path::Component::Normal(_))) && parts.next().is_none()
    };
    let mut kept: HashSet<&String> = folders.iter().collect();
    for name in folders.iter().filter(is_plain) {
        // One that holds anything stays.
        if fs::remove_dir(root.join(name)).is_ok() {
            kept.remove(name);
        }
    }
    if left.is_empty() {
        fs::remove_file(&record)
            .map_err(|error| problem(&record, format!("can't be removed ({error})")))?;
        if folders.iter().any(String::is_empty) {
            // It stays where something is in it.
            drop(fs::remove_dir(root));
        }
        return Ok(());
    }
    let mut lines = vec![Line::Layout(super::record::LAYOUT)];
    let mut folders: Vec<&String> = kept.into_iter().collect();
    folders.sort();
    lines.extend(folders.into_iter().cloned().map(Line::Folder));
    lines.extend(left.into_iter().map(Line::Placed));
    let mut text = String::new();
    for line in &lines {
        text += &serde_json::to_string(line).map_err(|error| problem(&record, error))?;
        text.push('\n');
    }
    atomic::write(&record, text.as_bytes())
        .map_err(|error| problem(&record, format!("can't be written ({error})")))
}
