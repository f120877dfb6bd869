//! Which of the answered pictures are the run's own: those that it was trained, validated or tested on.
//!
//! They are told by what they hold (`digests.json`), wherever a copy of one stands, and one that was replaced is not told. Not
//! every file is read for that: only one that is called as one of the run's own is, or one whose distance to a training picture
//! is 0. A picture of the run's own that was renamed is therefore told where it was trained on and its distance is known.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::answer::Picture;
use crate::data::hash::sha256;
use crate::data::{PictureSource, Split};
use crate::evaluation::novelty::Novelty;
use crate::format;
use crate::ordinary_file::{self, Links};
use crate::runs::digests::Digests;
use crate::runs::members::{self, Member};

/// What a run used, by name and by contents.
#[derive(Debug, Default)]
pub(super) struct OwnPictures {
    /// By the name in the data set.
    by_name: HashMap<String, Split>,
    /// By SHA-256.
    by_contents: HashMap<[u8; 32], Split>,
    /// As files are called, with and without their ending, in small letters.
    file_names: HashSet<String>,
}

impl OwnPictures {
    /// As the run in `folder` kept them; and why copies of them are not told, where they are not, as a whole sentence.
    pub fn read(folder: &Path) -> (Self, Option<String>) {
        let untold = |reason: String| {
            Some(format!(
                "Which pictures the run was trained on is not told: {reason}."
            ))
        };
        let members = match members::read(folder) {
            Ok(members) => members,
            Err(error) => return (Self::default(), untold(error.to_string())),
        };
        let digests = Digests::read(folder);
        let reason = match digests {
            Some(_) => None,
            None => untold("it has not kept what its pictures hold (digests.json)".to_owned()),
        };
        let contents = digests.map(|digests| digests.pictures);
        let digest = |name: &str| contents.as_ref()?.get(name).cloned();
        (Self::new(members, digest), reason)
    }

    /// `digest`: what the picture of this name holds, as SHA-256 in hexadecimal digits.
    fn new(members: Vec<Member>, digest: impl Fn(&str) -> Option<String>) -> Self {
        let mut own = Self::default();
        for Member { file, split, .. } in members {
            let mut contents = [0; 32];
            if digest(&file).is_some_and(|hex| hex::decode_to_slice(hex, &mut contents).is_ok()) {
                // Of a picture that stands in two parts, the one that is worth most: what was trained on.
                let known = own.by_contents.entry(contents).or_insert(split);
                *known = split.min(*known);
                let (name, stem) = names_of(Path::new(&file));
                own.file_names.extend([name, stem]);
            }
            own.by_name.insert(file, split);
        }
        own
    }

    /// What `picture` was for the run; the outer `None` where it is called as none of the run's, and was not read.
    pub fn part_by_name(&self, picture: &Picture) -> Option<Option<Split>> {
        if let Some(name) = &picture.named {
            return Some(self.by_name.get(name).copied());
        }
        let PictureSource::File(path) = &picture.source else {
            return None;
        };
        let (name, stem) = names_of(path);
        let is_known = [name, stem]
            .iter()
            .any(|name| self.file_names.contains(name));
        is_known.then(|| self.part_by_contents(path))
    }

    /// The same of a picture that is called otherwise: a copy of a training picture has no distance to it.
    pub fn part_by_distance(&self, picture: &Picture, novelty: Option<Novelty>) -> Option<Split> {
        match &picture.source {
            PictureSource::File(path) if novelty.is_some_and(|novelty| novelty.is_zero()) => {
                self.part_by_contents(path)
            }
            _ => None,
        }
    }

    /// A file that can't be read any more is none of them.
    fn part_by_contents(&self, path: &Path) -> Option<Split> {
        if self.by_contents.is_empty() {
            return None;
        }
        let file = ordinary_file::open(path, Links::Followed).ok()?;
        self.by_contents.get(&sha256(file).ok()?).copied()
    }
}

/// A file's name with and without its ending.
fn names_of(path: &Path) -> (String, String) {
    let small = |name: Option<&std::ffi::OsStr>| {
        let name = name.unwrap_or_default().to_string_lossy();
        name.to_lowercase()
    };
    (small(path.file_name()), small(path.file_stem()))
}

/// How many of the answered pictures are the run's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnCounts {
    pub train: usize,
    pub validation: usize,
    pub test: usize,
}

impl OwnCounts {
    pub fn add(&mut self, part: Option<Split>) {
        match part {
            Some(Split::Train) => self.train += 1,
            Some(Split::Validation) => self.validation += 1,
            Some(Split::Test) => self.test += 1,
            None => {}
        }
    }

    /// What a person must know of these answers, as whole sentences; nothing where none of the pictures is the run's own.
    pub fn sentence(&self) -> Option<String> {
        let are = |number: usize, what: &str| {
            let are = format::unit(number as u64, "is one", "are ones");
            let number = format::thousands(number as u64);
            format!("{number} of these pictures {are} that the run was {what} on")
        };
        let parts = [
            (
                self.train,
                "trained",
                ", which it answers better than new ones.",
            ),
            (self.validation, "validated", "."),
            (self.test, "tested", "."),
        ];
        let sentences: Vec<String> = parts
            .iter()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, what, end)| are(*number, what) + end)
            .collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(file: &str, split: Split) -> Member {
        Member {
            file: file.to_owned(),
            class: "cat".to_owned(),
            split,
        }
    }

    #[test]
    fn own_pictures_are_told_by_what_they_hold_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, holds: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, holds).unwrap();
            path
        };
        let members = vec![
            member("cat/1.png", Split::Train),
            member("cat/2.png", Split::Test),
            // The same picture again, and one whose contents are not known.
            member("cat/3.png", Split::Train),
            member("cat/4.png", Split::Validation),
        ];
        let holds = |name: &str| match name {
            "cat/1.png" => Some("one"),
            "cat/2.png" | "cat/3.png" => Some("two"),
            _ => None,
        };
        let digest =
            |name: &str| holds(name).map(|text| hex::encode(sha256(text.as_bytes()).unwrap()));
        let own = OwnPictures::new(members, digest);
        let near = |distance| {
            Some(Novelty {
                distance,
                threshold: 0.4,
                rate: 0.01,
            })
        };
        for (name, text, distance, expected) in [
            ("1.PNG", "one", 0.3, Some(Split::Train)),
            ("2.png", "two", 0.3, Some(Split::Train)),
            // Another picture of this name, which was replaced perhaps.
            ("3.png", "three", 0.3, None),
            ("4.png", "four", 0.0, None),
            // A copy by another name.
            ("copy.png", "one", 1e-7, Some(Split::Train)),
            ("copy 2.png", "one", 0.3, None),
        ] {
            let picture = Picture::file(write(name, text));
            let part = own
                .part_by_name(&picture)
                .unwrap_or_else(|| own.part_by_distance(&picture, near(distance)));
            assert_eq!(part, expected, "{name}");
        }
        // By the run's own name for it.
        let named = Picture {
            named: Some("cat/4.png".to_owned()),
            ..Picture::file("gone.png")
        };
        assert_eq!(own.part_by_name(&named), Some(Some(Split::Validation)));
        assert_eq!(own.part_by_name(&Picture::file("gone.png")), None);
    }

    #[test]
    fn own_pictures_are_counted_in_words() {
        let mut counts = OwnCounts::default();
        counts.add(None);
        assert_eq!(counts.sentence(), None);
        for part in [Split::Train, Split::Train, Split::Test] {
            counts.add(Some(part));
        }
        assert_eq!(
            counts.sentence().unwrap(),
            "2 of these pictures are ones that the run was trained on, which it answers better than new ones. 1 of these \
             pictures is one that the run was tested on."
        );
    }
}
