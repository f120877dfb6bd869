//! Folders that are watched: which pictures came, or changed, and are whole.
//!
//! The system tells what happens in them (`notify`); where it can't, as on most network drives, they are listed every few
//! seconds. Either only says where to look: whether a file is whole is told by its size and date, which stay the same for a
//! while, sooner when its writer has closed it or moved it there.

mod mounts;

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::answer::Picture;
use super::stamp::Stamp;
use crate::data::{StopFlag, scan};
use crate::format;
use crate::runs::RunError;
use crate::runs::files::problem;

/// How long a file that was closed, or moved here, stays the same before it counts as whole.
const QUIET: Duration = Duration::from_millis(300);
/// The same of one that may still be open: its writer may wait for a network.
const MAYBE_OPEN: Duration = Duration::from_secs(5);
/// The same where nobody tells what is closed.
const QUIET_WHEN_LISTED: Duration = Duration::from_secs(2);
/// Files that change are looked at so often.
const TICK: Duration = Duration::from_millis(100);
/// How often folders are listed where the system tells nothing.
const LIST_EVERY: Duration = Duration::from_secs(5);
/// Changes that wait to be looked at; when there are more, the folders are listed.
const MOST_CHANGES: usize = 1 << 16;

/// Folders with all below them, and what of them was answered.
pub struct FolderWatch {
    folders: Vec<Folder>,
    changes: Receiver<Change>,
    /// Changes were lost.
    is_incomplete: Arc<AtomicBool>,
    /// Ends with this.
    watcher: Option<RecommendedWatcher>,
    list_every: Option<Duration>,
    listed: Instant,
    remarks: Vec<String>,
    /// Pictures as they were when they were answered.
    answered: HashMap<PathBuf, Stamp>,
    changing: HashMap<PathBuf, Changing>,
}

struct Folder {
    /// As it was given, which is how its pictures are called.
    given: PathBuf,
    absolute: PathBuf,
}

/// Something happened to a file or folder.
struct Change {
    path: PathBuf,
    /// Nobody writes it any more; `None` where that is not known to have changed.
    is_closed: Option<bool>,
}

/// A file that may not be whole yet.
struct Changing {
    stamp: Option<Stamp>,
    since: Instant,
    is_closed: bool,
}

impl Changing {
    fn new() -> Self {
        Self {
            stamp: None,
            since: Instant::now(),
            is_closed: false,
        }
    }
}

impl std::fmt::Debug for FolderWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folders: Vec<&PathBuf> = self.folders.iter().map(|folder| &folder.given).collect();
        write!(f, "FolderWatch({folders:?})")
    }
}

impl FolderWatch {
    /// Begins to watch. Look for what is there already after this, so that nothing is missed, and have
    /// [`Self::take_whole`] note it.
    /// `list_every`: lists the folders so often, whatever the system tells.
    ///
    /// # Errors
    /// Where one of `folders` is none.
    pub fn new(folders: &[PathBuf], list_every: Option<Duration>) -> Result<Self, RunError> {
        let (sender, changes) = sync_channel(MOST_CHANGES);
        let is_incomplete = Arc::new(AtomicBool::new(false));
        let mut watch = Self {
            folders: Vec::new(),
            changes,
            is_incomplete: is_incomplete.clone(),
            watcher: None,
            list_every,
            listed: Instant::now(),
            remarks: Vec::new(),
            answered: HashMap::new(),
            changing: HashMap::new(),
        };
        for given in folders {
            if !given.is_dir() {
                return Err(problem(
                    given,
                    "this is no folder, and only folders can be watched",
                ));
            }
            let absolute = std::path::absolute(given).map_err(|error| problem(given, error))?;
            watch.folders.push(Folder {
                given: given.clone(),
                absolute,
            });
        }
        if watch.list_every.is_none() {
            match watch
                .why_not_told()
                .map_or_else(|| watch.told(sender, is_incomplete), Err)
            {
                Ok(watcher) => watch.watcher = Some(watcher),
                Err(reason) => {
                    watch.list_every = Some(LIST_EVERY);
                    watch.remarks.push(format!(
                        "{reason}: the folder is looked through every {} instead.",
                        format::count(LIST_EVERY.as_secs() as usize, "second", "seconds")
                    ));
                }
            }
        }
        Ok(watch)
    }

    /// How it is watched, where that is not as a person would expect it.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Why the system would not tell of all changes.
    fn why_not_told(&self) -> Option<String> {
        let kind = self
            .folders
            .iter()
            .find_map(|folder| mounts::network(&folder.absolute))?;
        Some(format!(
            "The folder lies on a drive of the kind {kind}, which does not tell of changes that other machines make"
        ))
    }

    fn told(
        &self,
        sender: SyncSender<Change>,
        is_incomplete: Arc<AtomicBool>,
    ) -> Result<RecommendedWatcher, String> {
        let told = move |event: notify::Result<Event>| {
            let Ok(event) = event else {
                return is_incomplete.store(true, Ordering::Relaxed);
            };
            if event.need_rescan() {
                is_incomplete.store(true, Ordering::Relaxed);
            }
            let Some(is_closed) = closed(event.kind) else {
                return;
            };
            for path in event.paths {
                if sender.try_send(Change { path, is_closed }).is_err() {
                    is_incomplete.store(true, Ordering::Relaxed);
                }
            }
        };
        let failed = |error: notify::Error| {
            format!("The system does not tell what changes in the folder ({error})")
        };
        let mut watcher = notify::recommended_watcher(told).map_err(failed)?;
        for folder in &self.folders {
            watcher
                .watch(&folder.absolute, RecursiveMode::Recursive)
                .map_err(failed)?;
        }
        Ok(watcher)
    }

    /// Keeps of the `pictures` that are there those that are answered as they are now. One of a watched folder that was written
    /// a moment ago may not be whole: it is left to [`Self::next`].
    pub fn take_whole(&mut self, pictures: &mut Vec<Picture>) {
        pictures.retain(|picture| {
            let path = picture.source.path();
            let Ok(metadata) = path.metadata() else {
                return true;
            };
            let below = |folder: &Folder| path.starts_with(&folder.given);
            if is_young(&metadata) && self.folders.iter().any(below) {
                let changing = self.changing.entry(path.to_path_buf());
                changing.or_insert_with(Changing::new);
                return false;
            }
            let stamp = Stamp::of(&metadata);
            self.answered.insert(path.to_path_buf(), stamp);
            true
        });
    }

    /// Pictures that came or changed, and are whole; none when `wait` is over before there are any. They count as
    /// answered.
    pub fn next(&mut self, wait: Duration, stop: &StopFlag) -> Vec<Picture> {
        let until = Instant::now() + wait;
        loop {
            let pictures = self.look();
            if !pictures.is_empty() || stop.is_stopped() {
                return pictures;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Vec::new();
            }
            if self.watcher.is_none() {
                std::thread::sleep(left.min(TICK));
            } else if let Ok(change) = self.changes.recv_timeout(left.min(TICK)) {
                self.take(change);
            }
        }
    }

    fn look(&mut self) -> Vec<Picture> {
        while let Ok(change) = self.changes.try_recv() {
            self.take(change);
        }
        let is_due = self
            .list_every
            .is_some_and(|every| self.listed.elapsed() >= every);
        if self.is_incomplete.swap(false, Ordering::Relaxed) || is_due {
            self.list();
        }
        let paths: Vec<PathBuf> = self.changing.keys().cloned().collect();
        let mut whole: Vec<PathBuf> = paths
            .into_iter()
            .filter(|path| self.is_news(path))
            .collect();
        whole.sort();
        whole.into_iter().map(Picture::file).collect()
    }

    /// What the system told of.
    fn take(&mut self, change: Change) {
        let Some(path) = self.called(&change.path) else {
            return;
        };
        let changing = self.changing.entry(path).or_insert_with(Changing::new);
        changing.is_closed = change.is_closed.unwrap_or(changing.is_closed);
    }

    /// A path that the system names, as one below the folder that was given; nothing where it is hidden there.
    fn called(&self, path: &Path) -> Option<PathBuf> {
        self.folders.iter().find_map(|folder| {
            let below = path.strip_prefix(&folder.absolute).ok()?;
            (!scan::is_hidden(below)).then(|| match below.as_os_str().is_empty() {
                true => folder.given.clone(),
                false => folder.given.join(below),
            })
        })
    }

    /// Looks through all folders.
    fn list(&mut self) {
        self.listed = Instant::now();
        let folders: Vec<PathBuf> = self
            .folders
            .iter()
            .map(|folder| folder.given.clone())
            .collect();
        let mut there = HashSet::new();
        for folder in folders {
            there.extend(self.list_below(&folder));
        }
        self.answered.retain(|path, _| there.contains(path));
    }

    /// Notes what is new below a folder; gives all pictures below it, those of kinds that are not read among them.
    fn list_below(&mut self, folder: &Path) -> Vec<PathBuf> {
        // A folder that is gone holds nothing.
        let (pictures, problems) =
            scan::pictures_below(folder, &StopFlag::default()).unwrap_or_default();
        let lost = problems.into_iter().filter(scan::is_lost_picture);
        let lost = lost.map(|problem| problem.path);
        let mut there = Vec::with_capacity(pictures.len());
        for path in pictures.into_iter().map(|(path, _)| path).chain(lost) {
            let metadata = path.metadata().ok().filter(Metadata::is_file);
            let Some(stamp) = metadata.map(|metadata| Stamp::of(&metadata)) else {
                continue;
            };
            if self.answered.get(&path) != Some(&stamp) {
                self.changing
                    .entry(path.clone())
                    .or_insert_with(Changing::new);
            }
            there.push(path);
        }
        there
    }

    /// Whether a file that changed is whole, is a picture, and is not answered as it is. It no longer counts as changing
    /// when that is known.
    fn is_news(&mut self, path: &Path) -> bool {
        let Ok(metadata) = path.metadata() else {
            self.changing.remove(path);
            self.answered.remove(path);
            return false;
        };
        if metadata.is_dir() {
            self.changing.remove(path);
            self.list_below(path);
            return false;
        }
        let stamp = Stamp::of(&metadata);
        let is_listed = self.watcher.is_none();
        let Some(changing) = self.changing.get_mut(path) else {
            return false;
        };
        if changing.stamp != Some(stamp) {
            changing.stamp = Some(stamp);
            changing.since = Instant::now();
            return false;
        }
        let quiet = match (changing.is_closed, is_listed) {
            (true, _) => QUIET,
            (false, true) => QUIET_WHEN_LISTED,
            (false, false) => MAYBE_OPEN,
        };
        if changing.since.elapsed() < quiet {
            return false;
        }
        self.changing.remove(path);
        if self.answered.get(path) == Some(&stamp) || !scan::is_picture_that_came(path) {
            return false;
        }
        self.answered.insert(path.to_path_buf(), stamp);
        true
    }
}

/// Whether the file was written to so lately that it may still be open.
fn is_young(metadata: &Metadata) -> bool {
    // A date to come is another machine's clock, and says nothing.
    let age = metadata.modified().map(|modified| modified.elapsed());
    matches!(age, Ok(Ok(age)) if age < MAYBE_OPEN)
}

/// Whether what happened is worth a look, and what it says of whether somebody still writes.
fn closed(kind: EventKind) -> Option<Option<bool>> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Some(true)),
        // To read a picture is no change of it.
        EventKind::Access(_) => None,
        EventKind::Modify(ModifyKind::Name(_)) => Some(Some(true)),
        EventKind::Modify(ModifyKind::Metadata(_)) => Some(None),
        EventKind::Create(_) | EventKind::Modify(_) => Some(Some(false)),
        EventKind::Remove(_) | EventKind::Any | EventKind::Other => Some(None),
    }
}

#[cfg(test)]
mod tests;
