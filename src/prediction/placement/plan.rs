//! Which picture goes where, before anything is written.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Way;
use super::folder_names::FolderNames;
use super::record::{Contents, Entry, Writer};
use crate::data::below::{lies_in, pictures_around, takes_what_appears};
use crate::data::{PictureSource, Problem};
use crate::ordinary_file;
use crate::prediction::answer::{Assigned, Picture};
use crate::prediction::stamp::Stamp;
use crate::runs::files::{self, problem};
use crate::runs::{RunError, store};

/// Places pictures in one folder.
#[derive(Debug)]
pub struct Placer {
    /// Absolute.
    pub(super) root: PathBuf,
    pub(super) way: Way,
    folders: FolderNames,
    /// What was placed by now, by its original.
    pub(super) entries: HashMap<PathBuf, Entry>,
    /// Of the record, as it was read; then it is held.
    pub(super) length: u64,
    pub(super) writer: Option<Writer>,
}

/// What is to be done with some answered pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Pictures that stand where they belong.
    pub stays: usize,
    /// Answers to pictures that were answered before among these, and are placed once.
    pub repeated: usize,
    /// Pictures that can't be placed, and why.
    pub unplaceable: Vec<Problem>,
    /// How many pictures each folder gets, or has of these already, in the order of the classes; those with none are left
    /// out.
    pub counts: Vec<(String, usize)>,
}

/// One picture that is to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Absolute.
    pub from: PathBuf,
    pub folder: String,
    pub name: OsString,
    /// Where it was placed before, below the root; taken away when it stands in its new place.
    pub replaces: Option<PathBuf>,
}

/// The folder of the pictures that `run` learned from, where what is placed in `root` would be taken for more of them.
pub fn learned_from(root: &Path, run: &Path) -> Option<PathBuf> {
    let experiment = store::experiment(run).ok()?;
    let source = &experiment.data.source;
    let around = pictures_around(root, source, Some(run));
    around.filter(|_| takes_what_appears(source))
}

impl Placer {
    /// For the folder `root`, which need not be there yet. `read`: files and folders that pictures are read from.
    ///
    /// # Errors
    /// Where `root` is no folder, is a run's, has a record that can't be read, or where what is placed would be read
    /// again: it lies in one of the folders that are read, or one of them in it.
    pub fn open(
        root: &Path,
        way: Way,
        classes: &[String],
        read: &[PathBuf],
    ) -> Result<Self, RunError> {
        let root = std::path::absolute(root).map_err(|error| problem(root, error))?;
        if ordinary_file::is_there(&root) && !root.is_dir() {
            return Err(problem(
                &root,
                "this is no folder, and pictures are to be placed in one: choose another name",
            ));
        }
        if root.join(files::SUMMARY).exists() {
            return Err(problem(
                &root,
                "this is a run's folder: choose another one for the pictures",
            ));
        }
        let folders = read.iter().filter(|path| path.is_dir());
        for folder in folders {
            if lies_in(&root, folder) || lies_in(folder, &root) {
                return Err(problem(
                    &root,
                    format!(
                        "pictures are read from {}, and what is placed here would be read again: choose a folder that lies \
                         neither in it nor around it",
                        folder.display()
                    ),
                ));
            }
        }
        let contents = Contents::read(&root)?;
        let by_original = |entry: Entry| (entry.from.0.clone(), entry);
        Ok(Self {
            root,
            way,
            folders: FolderNames::new(classes),
            entries: contents.entries.into_iter().map(by_original).collect(),
            length: contents.length,
            writer: None,
        })
    }

    /// The folder of everything, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How pictures come into it.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Where each of these pictures goes. Two of one name get different ones: `1.png`, `1 (2).png`; what stands there
    /// already is left alone. A picture that was placed before and stands as it was placed stays there, or is taken away
    /// when it has another class by now, or has changed.
    pub fn plan<'a>(&self, answers: impl IntoIterator<Item = (&'a Picture, Assigned)>) -> Plan {
        let mut plan = Plan::default();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut seen: HashSet<PathBuf> = HashSet::new();
        let mut names = FreeNames::new(&self.root);
        for (picture, assigned) in answers {
            let path = picture.source.path();
            let from = match self.original(picture) {
                Ok(from) => from,
                Err(reason) => {
                    plan.unplaceable.push(Problem {
                        path: path.to_path_buf(),
                        reason,
                    });
                    continue;
                }
            };
            if !seen.insert(from.clone()) {
                plan.repeated += 1;
                continue;
            }
            let folder = self.folders.of(assigned);
            *counts.entry(folder).or_default() += 1;
            let earlier = self.entries.get(&from);
            let earlier = earlier.filter(|entry| entry.stands(&self.root));
            if earlier.is_some_and(|entry| self.is_right(entry, &from, folder)) {
                plan.stays += 1;
                continue;
            }
            let name = from.file_name().unwrap_or(OsStr::new("picture"));
            plan.steps.push(Step {
                name: names.free(folder, name),
                folder: folder.to_owned(),
                replaces: earlier.map(|entry| entry.to.0.clone()),
                from,
            });
        }
        plan.counts = self
            .folders
            .all()
            .filter_map(|folder| Some((folder.to_owned(), *counts.get(folder)?)))
            .collect();
        plan
    }

    /// The absolute path of what is placed.
    fn original(&self, picture: &Picture) -> Result<PathBuf, String> {
        let PictureSource::File(path) = &picture.source else {
            return Err("holds many pictures, of which none can be placed alone".into());
        };
        let from = std::path::absolute(path).map_err(|error| error.to_string())?;
        if from.starts_with(&self.root) {
            return Err("lies in the folder that pictures are placed in".into());
        }
        Ok(from)
    }

    /// Whether what was placed is what would be placed now.
    fn is_right(&self, entry: &Entry, from: &Path, folder: &str) -> bool {
        let is_same = match self.way {
            Way::Link => true,
            Way::Copy => from
                .metadata()
                .is_ok_and(|metadata| Stamp::of(&metadata) == entry.original),
        };
        is_same && entry.way == self.way && entry.to.0.parent() == Some(Path::new(folder))
    }
}

/// Names that nothing has yet.
pub(super) struct FreeNames<'a> {
    root: &'a Path,
    /// Folder and name in small letters, with the number that is tried next.
    taken: HashMap<(String, String), u32>,
}

impl<'a> FreeNames<'a> {
    pub fn new(root: &'a Path) -> Self {
        Self {
            root,
            taken: HashMap::new(),
        }
    }

    /// `name`, or the same with a number before its ending.
    pub fn free(&mut self, folder: &str, name: &OsStr) -> OsString {
        let key = |name: &OsStr| {
            let name = name.to_string_lossy().to_lowercase();
            (folder.to_owned(), name)
        };
        let first = self.taken.get(&key(name)).copied().unwrap_or(1);
        for number in first.. {
            let candidate = numbered(name, number);
            let is_new =
                number == first && first == 1 || !self.taken.contains_key(&key(&candidate));
            if is_new && !ordinary_file::is_there(&self.root.join(folder).join(&candidate)) {
                self.taken.entry(key(&candidate)).or_insert(2);
                self.taken.insert(key(name), number + 1);
                return candidate;
            }
        }
        name.to_owned()
    }
}

/// `1.png`, `1 (2).png`, `1 (3).png`.
fn numbered(name: &OsStr, number: u32) -> OsString {
    if number < 2 {
        return name.to_owned();
    }
    let path = Path::new(name);
    let mut numbered = path.file_stem().unwrap_or(name).to_owned();
    numbered.push(format!(" ({number})"));
    if let Some(extension) = path.extension() {
        numbered.push(".");
        numbered.push(extension);
    }
    numbered
}
