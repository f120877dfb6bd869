//! What a folder of features holds, for people: its name is a digest, which says nothing.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::Dataset;
use crate::data::replace::replace;
use crate::ordinary_file::{self, Links};

/// The file beside the rows.
const FILE: &str = "about.json";
/// Folders of pictures that are named at most.
const FOLDERS: usize = 4;
/// Far more than that takes.
const LARGEST_BYTES: u64 = 1_000_000;

/// What the rows of one folder are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// As the catalogue names it.
    pub backbone: String,
    /// Side of the input square in pixels.
    pub side: u32,
    /// Leading segments of the backbone that were passed, and how many there are.
    pub depth: usize,
    pub segments: usize,
    /// Folders of the pictures, of all data sets that rows came from; the first few of them.
    pub pictures: BTreeSet<PathBuf>,
}

impl About {
    /// Whether the rows are what a head takes: the whole backbone was passed.
    pub fn is_pooled(&self) -> bool {
        self.depth == self.segments
    }

    /// What stands in `folder`; `None` where nothing or something else does.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let bytes = ordinary_file::read(&folder.join(FILE), LARGEST_BYTES, Links::Refused);
        serde_json::from_slice(&bytes.ok()?).ok()
    }

    /// Adds what is known to `folder`, whole or not at all. Of two processes at once one may win, which costs a name
    /// in a list.
    pub(super) fn add_to(mut self, folder: &Path) -> io::Result<()> {
        if let Some(before) = Self::read(folder) {
            let known = before.pictures.len();
            self.pictures.extend(before.pictures);
            if self.pictures.len() == known {
                return Ok(());
            }
        }
        while self.pictures.len() > FOLDERS {
            self.pictures.pop_last();
        }
        replace(&folder.join(FILE), &serde_json::to_vec(&self)?)
    }

    /// Removes it where it stands alone.
    pub(super) fn remove_if_alone(folder: &Path) {
        let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let is_alone =
            entries.next().is_some_and(|only| only.file_name() == FILE) && entries.next().is_none();
        if is_alone {
            drop(std::fs::remove_file(folder.join(FILE)));
        }
    }
}

/// The deepest folder that holds all pictures of `dataset`.
pub(super) fn folder_of(dataset: &Dataset) -> Option<PathBuf> {
    let mut paths = dataset.pictures.iter().map(|picture| picture.source.path());
    let mut common = paths.next()?.parent()?.to_path_buf();
    for path in paths {
        while !path.starts_with(&common) {
            common = common.parent()?.to_path_buf();
        }
    }
    Some(common)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Picture, PictureSource};

    fn about(pictures: &str) -> About {
        About {
            backbone: "resnet18".into(),
            side: 224,
            depth: 10,
            segments: 10,
            pictures: BTreeSet::from([PathBuf::from(pictures)]),
        }
    }

    #[test]
    fn names_gather_and_go_with_the_last_row() {
        let folder = tempfile::tempdir().unwrap();
        about("/data/a").add_to(folder.path()).unwrap();
        about("/data/b").add_to(folder.path()).unwrap();
        about("/data/b").add_to(folder.path()).unwrap();
        let read = About::read(folder.path()).unwrap();
        let names: Vec<_> = read.pictures.iter().collect();
        assert_eq!(names, [Path::new("/data/a"), Path::new("/data/b")]);
        assert!(read.is_pooled());
        let rows = folder.path().join("x.features");
        std::fs::write(&rows, "rows").unwrap();
        About::remove_if_alone(folder.path());
        assert!(About::read(folder.path()).is_some());
        std::fs::remove_file(rows).unwrap();
        About::remove_if_alone(folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(About::read(folder.path()).is_none());
    }

    #[test]
    fn the_folder_of_all_pictures_is_named() {
        let picture = |path: &str| Picture {
            source: PictureSource::File(path.into()),
            name: path.into(),
            label: 0,
            size: (1, 1),
            split: None,
            group: None,
        };
        let dataset = Dataset {
            classes: vec!["one".into()],
            pictures: vec![picture("/data/cats/a.png"), picture("/data/dogs/b.png")],
            problems: Vec::new(),
            excluded: Vec::new(),
            remarks: Vec::new(),
        };
        assert_eq!(folder_of(&dataset), Some("/data".into()));
    }
}
