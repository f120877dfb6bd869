//! A data set in folders, while it is read: its classes' pictures, and what a person should know of the rest.

use std::path::{Path, PathBuf};

use super::super::split_names::SplitWord;
use super::super::{DataError, PictureSource, Remark, Split, StopFlag};
use super::class_names::{ClassFolder, classes};
use super::entries::{self, FolderEntry, list_all, unreadable};
use super::layout::{self, FolderSearch, SplitFolder};
use super::names::Names;
use super::walk::Walk;
use super::{Candidate, FoundPictures, count, nested, shortened};

/// A data set in folders, while it is read.
pub(super) struct Reading<'a> {
    root: &'a Path,
    pub walk: Walk<'a>,
    /// With the pictures of each.
    pub folders: Vec<(ClassFolder, Vec<PathBuf>)>,
    /// Pictures beside the folders of classes.
    pub loose: Vec<PathBuf>,
}

impl<'a> Reading<'a> {
    pub fn new(root: &'a Path, stop: &'a StopFlag) -> Self {
        Self {
            root,
            walk: Walk::new(root, stop),
            folders: Vec::new(),
            loose: Vec::new(),
        }
    }

    /// What lies beside the folders of classes or splits: no picture of a class.
    pub fn beside(&mut self, entries: &[FolderEntry]) -> Result<(), DataError> {
        for entry in entries
            .iter()
            .filter(|entry| entry.is_hidden || !entry.is_folder)
        {
            if let Some(picture) = self.walk.file(entry)? {
                self.walk.found.problem(
                    &picture,
                    "lies beside the folders of the classes, so that nothing tells its class: move it into one of \
                     them, or away",
                );
                self.loose.push(picture);
            }
        }
        Ok(())
    }

    /// The pictures of `folder`, of the class that `named_by` is called after.
    pub fn class(
        &mut self,
        folder: &Path,
        named_by: &Path,
        split: Option<Split>,
    ) -> Result<(), DataError> {
        let pictures = self.walk.pictures(folder)?;
        if pictures.is_empty() && split.is_some() {
            self.walk
                .found
                .problem(folder, "holds no pictures: add some, or delete the folder");
        }
        self.add(named_by, split, pictures);
        Ok(())
    }

    pub fn add(&mut self, named_by: &Path, split: Option<Split>, pictures: Vec<PathBuf>) {
        let path = named_by.to_path_buf();
        self.folders.push((ClassFolder { path, split }, pictures));
    }

    /// The classes of a split folder, which lie in `class_root`.
    pub fn split(
        &mut self,
        folder: &Path,
        class_root: &Path,
        split: Split,
    ) -> Result<(), DataError> {
        let mut between = folder.to_path_buf();
        for part in class_root.strip_prefix(folder).unwrap_or(Path::new("")) {
            let next = between.join(part);
            let entries = self.list(&between);
            self.beside(&entries)?;
            for other in entries
                .iter()
                .filter(|entry| entry.is_folder && !entry.is_hidden)
            {
                if other.path != next {
                    self.walk.found.problem(
                        &other.path,
                        "lies beside the folder that holds the classes, and is skipped",
                    );
                }
            }
            between = next;
        }
        if class_root != folder {
            self.walk.found.remarks.push(Remark::taken(format!(
                "The classes of {} are the names of the folders in {}.",
                Names::default().relative(folder, self.root),
                Names::default().relative(class_root, self.root)
            )));
        }
        let entries = self.list(class_root);
        self.beside(&entries)?;
        for class in entries
            .iter()
            .filter(|entry| entry.is_folder && !entry.is_hidden)
        {
            self.class(&class.path, &class.path, Some(split))?;
        }
        Ok(())
    }

    fn list(&mut self, folder: &Path) -> Vec<FolderEntry> {
        list_all(folder).unwrap_or_else(|error| {
            self.walk.found.problem(folder, unreadable(&error));
            Vec::new()
        })
    }

    /// A split folder whose pictures have no class.
    pub fn without_classes(
        &mut self,
        split: &SplitFolder<'_>,
        part: Option<Split>,
        search: &FolderSearch,
    ) {
        let path = &split.entry.path;
        self.walk.found.problem(
            path,
            "holds no folders of classes and is left out: sort its pictures into one folder per class",
        );
        if !search.holds_pictures(path, layout::MAX_DEPTH) {
            return;
        }
        let name = Names::default().relative(path, self.root);
        let texts: Vec<String> = entries::list(path)
            .unwrap_or_default()
            .into_iter()
            .filter(|entry| entry.is_file() && entry.name.to_lowercase().ends_with(".txt"))
            .map(|entry| entry.name)
            .collect();
        let unread = if texts.is_empty() {
            String::new()
        } else {
            format!(" ({} there is not read)", shortened(&texts, 3))
        };
        let drawn = match part {
            Some(Split::Test) => "; the test pictures are drawn from the others",
            Some(Split::Validation) => "; the validation pictures are drawn from the others",
            _ => "",
        };
        self.walk.found.remarks.push(Remark::warning(format!(
            "The pictures in {name} lie in no folders of classes, and nothing else says which class they are{unread}, so {name} \
             is skipped{drawn}."
        )));
    }

    /// A folder that holds the classes once more.
    pub fn copy(&mut self, copy: &FolderEntry) {
        self.walk.found.problem(
            &copy.path,
            "holds folders called like those beside it, as a copy of the data set would, and is skipped",
        );
        self.walk.found.remarks.push(Remark::warning(format!(
            "{} is skipped, because it holds folders called like those beside it, as a copy of the data set would. \
             If it is a class, rename its folders.",
            copy.name
        )));
    }

    /// Folders beside those of the splits.
    pub fn other_folders(
        &mut self,
        entries: &[FolderEntry],
        splits: &[SplitFolder<'_>],
        search: &FolderSearch,
    ) {
        let mut with_pictures = Vec::new();
        for entry in entries.iter().filter(|entry| entry.is_folder) {
            if splits.iter().any(|split| split.entry.path == entry.path) {
                continue;
            }
            self.walk.found.problem(
                &entry.path,
                "is called neither train nor validation nor test, and is skipped",
            );
            if search.holds_pictures(&entry.path, layout::MAX_DEPTH) {
                with_pictures.push(entry.name.clone());
            }
        }
        if !with_pictures.is_empty() {
            self.walk.found.remarks.push(Remark::warning(format!(
                "Folders with pictures that are called neither train nor validation nor test are skipped: {}. \
                 If one of them is for one of these, rename it.",
                shortened(&with_pictures, 3)
            )));
        }
    }

    /// Which folder is which part of the split, and what is drawn.
    pub fn report_split(&mut self, read: &[(&SplitFolder<'_>, Split)], splits: &[SplitFolder<'_>]) {
        let of = |part: Split| -> Vec<String> {
            let these = read.iter().filter(|(_, split)| *split == part);
            these.map(|(split, _)| split.entry.name.clone()).collect()
        };
        let mut parts = Vec::new();
        for (part, what) in [
            (Split::Train, "training"),
            (Split::Validation, "validation"),
            (Split::Test, "test"),
        ] {
            let names = of(part);
            if !names.is_empty() {
                parts.push(format!("{} for {what}", names.join(" and ")));
            }
        }
        let mut text = format!(
            "The folders say how the pictures are split: {}.",
            parts.join(", ")
        );
        if !read.iter().any(|(_, part)| *part == Split::Validation) {
            text += " Validation pictures are drawn from the training pictures.";
        }
        if !read.iter().any(|(_, part)| *part == Split::Test) {
            text += " Test pictures are drawn from the training pictures.";
        }
        let has_training = read.iter().any(|(_, part)| *part == Split::Train);
        let is_guess = read
            .iter()
            .find(|(split, _)| split.word == SplitWord::Evaluation);
        let remarks = &mut self.walk.found.remarks;
        remarks.insert(0, Remark::taken(text));
        if let Some((split, part)) = is_guess {
            let name = &split.entry.name;
            remarks.insert(
                1,
                Remark::warning(if *part == Split::Validation {
                    format!(
                        "The folder {name} is used for validation, because there is a test folder beside it. If it is for the \
                         test, rename it."
                    )
                } else {
                    format!("The folder {name} is used for the test. If it is for validation, rename it to validation.")
                }),
            );
        }
        if !has_training && !splits.is_empty() {
            remarks.push(Remark::warning(
                "No folder is for training: trained networks can be evaluated on these pictures, but none can be trained on them.",
            ));
        }
    }

    /// Names the classes and the pictures.
    pub fn finish(mut self) -> FoundPictures {
        let named_by = self.folders.iter().map(|(folder, _)| folder.path.as_path());
        let below_root = |path: &'_ Path| -> PathBuf {
            path.strip_prefix(self.root).unwrap_or(path).to_path_buf()
        };
        let pictures = self.folders.iter().flat_map(|(_, pictures)| pictures);
        let all: Vec<PathBuf> = named_by
            .map(below_root)
            .chain(
                pictures
                    .filter(|path| path.to_str().is_none())
                    .map(|path| below_root(path)),
            )
            .collect();
        let names = Names::detect(all.iter().map(PathBuf::as_path));
        if !self.loose.is_empty() {
            let loose: Vec<String> = self
                .loose
                .iter()
                .map(|path| names.relative(path, self.root))
                .collect();
            self.walk.found.remarks.push(Remark::warning(format!(
                "{} beside the folders of the classes and {} not used, because nothing says which class: {}. Move each \
                 into the folder of its class.",
                count(loose.len(), "picture lies", "pictures lie"),
                if loose.len() == 1 { "is" } else { "are" },
                shortened(&loose, 3)
            )));
        }
        let (folders, mut pictures): (Vec<ClassFolder>, Vec<Vec<PathBuf>>) =
            self.folders.into_iter().unzip();
        let nested = nested::remark(
            folders
                .iter()
                .zip(&pictures)
                .map(|(folder, pictures)| (folder.path.as_path(), pictures.as_slice())),
        );
        let (classes, remarks) = classes(&folders, names);
        let mut found = self.walk.finish(names);
        found.remarks.extend(nested);
        found.remarks.extend(remarks);
        for (label, class) in (0u32..).zip(classes) {
            for number in class.folders {
                let folder = &folders[number];
                found
                    .class_paths
                    .entry(class.name.clone())
                    .or_insert_with(|| folder.path.clone());
                let candidates = std::mem::take(&mut pictures[number])
                    .into_iter()
                    .map(|path| Candidate {
                        name: names.relative(&path, self.root),
                        source: PictureSource::File(path),
                        label,
                        split: folder.split,
                        group: None,
                    });
                found.candidates.extend(candidates);
            }
            found.classes.push(class.name);
        }
        found
    }
}
