//! From paths that a person gives to pictures: files, folders with all below them, and a run's own pictures by name.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::answer::Picture;
use crate::data::{PictureSource, Problem, StopFlag, scan};
use crate::runs::{RunError, store};

/// What paths led to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// In the order of the paths; those below a folder by their names.
    pub pictures: Vec<Picture>,
    /// What was passed over below folders although it is, or may be, a picture: of a kind that is not read, or unreadable.
    pub lost: Vec<Problem>,
    /// What is no picture, hidden, or a mask of one.
    pub passed_over: Vec<Problem>,
    /// Paths that lead to nothing.
    pub missing: Vec<Problem>,
}

impl Found {
    /// Keeps each picture once, where it was found first: a folder may be given twice, or beside one that it lies in. How many
    /// pictures were left out.
    pub fn drop_repeated(&mut self) -> usize {
        let absolute =
            |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut seen = HashSet::new();
        let before = self.pictures.len() + self.lost.len();
        self.pictures.retain(|picture| {
            seen.insert(match &picture.source {
                PictureSource::File(path) => (absolute(path), None),
                PictureSource::Record { file, index } => (absolute(file.path()), Some(*index)),
            })
        });
        for problems in [&mut self.lost, &mut self.passed_over] {
            problems.retain(|problem| seen.insert((absolute(&problem.path), None)));
        }
        before - self.pictures.len() - self.lost.len()
    }
}

/// Finds pictures. What a run calls its own is looked up once, and only where a path leads to no file.
#[derive(Debug)]
pub struct Finder {
    run: PathBuf,
    by_name: Option<HashMap<String, PictureSource>>,
}

impl Finder {
    /// For the run in this folder.
    pub fn new(run: &Path) -> Self {
        Self {
            run: run.to_path_buf(),
            by_name: None,
        }
    }

    /// Adds what `path` leads to: a file, every picture below a folder, or a picture of the run by its name.
    ///
    /// # Errors
    /// [`RunError::Stopped`], and a folder that can't be one of pictures.
    pub fn find(
        &mut self,
        path: &Path,
        found: &mut Found,
        stop: &StopFlag,
    ) -> Result<(), RunError> {
        if path.is_dir() {
            let (pictures, problems) = scan::pictures_below(path, stop)?;
            let files = pictures.into_iter().map(|(file, _)| Picture::file(file));
            found.pictures.extend(files);
            let (lost, passed_over): (Vec<_>, Vec<_>) =
                problems.into_iter().partition(scan::is_lost_picture);
            found.lost.extend(lost);
            found.passed_over.extend(passed_over);
        } else if path.exists() {
            found.pictures.push(Picture::file(path));
        } else if let Some(picture) = self.named(path, stop) {
            found.pictures.push(picture);
        } else {
            found.missing.push(Problem {
                path: path.to_path_buf(),
                reason: "there is no such file, and none of the run's pictures is called so".into(),
            });
        }
        Ok(())
    }

    fn named(&mut self, name: &Path, stop: &StopFlag) -> Option<Picture> {
        let name = name.to_str()?;
        let by_name = self.by_name.get_or_insert_with(|| {
            // A run whose pictures were moved knows none of them.
            store::experiment(&self.run)
                .ok()
                .and_then(|experiment| scan::sources(&experiment.data, Some(&self.run), stop).ok())
                .unwrap_or_default()
        });
        Some(Picture {
            source: by_name.get(name)?.clone(),
            named: Some(name.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_twice_is_found_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("new");
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        for name in ["1.png", "deep/2.png", "3.heic", "note.txt"] {
            std::fs::write(folder.join(name), "its name says enough").unwrap();
        }
        let (mut found, mut finder) = (Found::default(), Finder::new(root.path()));
        for name in ["new", "new/./", "new/deep", "new/1.png", "absent"] {
            finder
                .find(&root.path().join(name), &mut found, &StopFlag::default())
                .unwrap();
        }
        assert_eq!(found.pictures.len(), 6);
        assert_eq!(found.drop_repeated(), 4 + 1);
        let names: Vec<&Path> = found.pictures.iter().map(Picture::name).collect();
        assert_eq!(names, [folder.join("1.png"), folder.join("deep/2.png")]);
        assert_eq!((found.lost.len(), found.passed_over.len()), (1, 1));
        assert_eq!(found.missing.len(), 1);
    }
}
