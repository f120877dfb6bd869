//! Which of the answered pictures are the run's own: those that it was trained, validated or tested on.
//!
//! They are told by what they hold (`digests.json`), wherever a copy of one stands and however it is called, and one that was
//! replaced is not told. Each file is read once more for that, right after it was decoded: about a hundredth of the work.

use std::collections::HashMap;
use std::path::Path;

use super::answer::Picture;
use crate::data::hash::sha256;
use crate::data::{PictureSource, Split};
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
            }
            own.by_name.insert(file, split);
        }
        own
    }

    /// What `picture` was for the run; `None` as well where its file can't be read any more.
    pub fn part(&self, picture: &Picture) -> Option<Split> {
        if let Some(name) = &picture.named {
            return self.by_name.get(name).copied();
        }
        let PictureSource::File(path) = &picture.source else {
            return None;
        };
        if self.by_contents.is_empty() {
            return None;
        }
        let file = ordinary_file::open(path, Links::Followed).ok()?;
        self.by_contents.get(&sha256(file).ok()?).copied()
    }
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
            member("cat/5.png", Split::Test),
        ];
        let holds = |name: &str| match name {
            "cat/1.png" => Some("one"),
            "cat/2.png" | "cat/3.png" => Some("two"),
            "cat/5.png" => Some("five"),
            _ => None,
        };
        let digest =
            |name: &str| holds(name).map(|text| hex::encode(sha256(text.as_bytes()).unwrap()));
        let own = OwnPictures::new(members, digest);
        for (name, text, expected) in [
            ("1.PNG", "one", Some(Split::Train)),
            ("2.png", "two", Some(Split::Train)),
            // Another picture of this name, which was replaced perhaps.
            ("3.png", "three", None),
            ("4.png", "four", None),
            // Copies by other names.
            ("copy.png", "one", Some(Split::Train)),
            ("copy 2.png", "five", Some(Split::Test)),
        ] {
            let picture = Picture::file(write(name, text));
            assert_eq!(own.part(&picture), expected, "{name}");
        }
        // By the run's own name for it.
        let named = Picture {
            named: Some("cat/4.png".to_owned()),
            ..Picture::file("gone.png")
        };
        assert_eq!(own.part(&named), Some(Split::Validation));
        assert_eq!(own.part(&Picture::file("gone.png")), None);
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
