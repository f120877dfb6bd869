//! What a person says of a run: `annotations.json` in the run's folder, which the training never touches.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{RunError, atomic, files};
use crate::ordinary_file;

pub const FILE: &str = "annotations.json";

/// The layout that this version writes, and the only one that it reads.
const LAYOUT: u32 = 1;

/// More than fits on a line of the window is no name and no tag.
const LONGEST_NAME: usize = 120;
const LONGEST_TAG: usize = 40;
const LONGEST_NOTE: usize = 20_000;

/// `annotations.json`, without its layout.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Annotations {
    /// Given once, and never to another run of the same folder of runs: see [`super::numbers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The folder's name when the number was given: of two folders with one number, the other is a copy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub numbered_as: String,
    /// In place of the name that is made of the experiment's and of what differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// In the order of the alphabet, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Stands before the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Left out of lists unless they are asked for all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
struct Layout {
    layout: u32,
    #[serde(flatten)]
    annotations: Annotations,
}

/// The part of a file of any layout that says which it is.
#[derive(Deserialize)]
struct LayoutNumber {
    layout: u32,
}

/// One change of what a person says of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `None` or an empty text: back to the name that is made of the experiment.
    Name(Option<String>),
    Note(String),
    AddTag(String),
    RemoveTag(String),
    Pin(bool),
    Archive(bool),
}

impl Change {
    /// Makes the change in `annotations`.
    ///
    /// # Errors
    /// Saying what can't be a name, a tag or a note.
    pub fn apply(&self, annotations: &mut Annotations) -> Result<(), String> {
        match self {
            Self::Name(name) => {
                annotations.name = match name.as_deref().map(one_line).filter(|n| !n.is_empty()) {
                    Some(name) => Some(checked(name, LONGEST_NAME, "a name")?),
                    None => None,
                };
            }
            Self::Note(note) => {
                annotations.note = checked(note.trim().to_owned(), LONGEST_NOTE, "a note")?;
            }
            Self::AddTag(tag) => {
                let tag = checked_tag(tag)?;
                if let Err(index) = annotations.tags.binary_search(&tag) {
                    annotations.tags.insert(index, tag);
                }
            }
            Self::RemoveTag(tag) => {
                let tag = one_line(tag);
                annotations.tags.retain(|other| *other != tag);
            }
            Self::Pin(pinned) => annotations.pinned = *pinned,
            Self::Archive(archived) => annotations.archived = *archived,
        }
        Ok(())
    }
}

/// A tag as it is kept: one word or several, on one line.
///
/// # Errors
/// Saying why it is none.
pub fn checked_tag(tag: &str) -> Result<String, String> {
    let tag = one_line(tag);
    if tag.is_empty() {
        return Err("a tag needs at least one letter or digit".to_owned());
    }
    if tag.starts_with(['+', '-']) || tag.contains(',') {
        return Err(format!(
            "{tag} can't be a tag: write it without a comma, and without + or - at its beginning"
        ));
    }
    checked(tag, LONGEST_TAG, "a tag")
}

/// Line ends and other control characters become spaces, which stand alone and not at the ends.
pub fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn checked(text: String, longest: usize, what: &str) -> Result<String, String> {
    let letters = text.chars().count();
    if letters > longest {
        return Err(format!(
            "{what} has at most {longest} characters, and this one has {letters}"
        ));
    }
    Ok(text)
}

/// What is said of the run in `folder`; nothing where nothing has been said.
///
/// # Errors
/// When the file can't be read, or is of a later version.
pub fn read(folder: &Path) -> Result<Annotations, RunError> {
    let path = folder.join(FILE);
    if !ordinary_file::is_there(&path) {
        return Ok(Annotations::default());
    }
    let bytes = files::read(&path)?;
    let broken = |error: serde_json::Error| {
        files::problem(
            &path,
            format!(
                "is not what Graft keeps of a run's name and tags ({error}): remove the file to begin anew"
            ),
        )
    };
    let LayoutNumber { layout } = serde_json::from_slice(&bytes).map_err(broken)?;
    if layout != LAYOUT {
        return Err(files::problem(
            &path,
            format!(
                "was written by a later version of Graft (layout {layout}, this one knows {LAYOUT}): use that version, or \
                 remove the file to begin anew"
            ),
        ));
    }
    let Layout { annotations, .. } = serde_json::from_slice(&bytes).map_err(broken)?;
    Ok(annotations)
}

/// Writes all of it.
///
/// # Errors
/// What the disk says.
pub(super) fn write(folder: &Path, annotations: &Annotations) -> Result<(), RunError> {
    let path = folder.join(FILE);
    let layout = Layout {
        layout: LAYOUT,
        annotations: annotations.clone(),
    };
    let mut bytes =
        serde_json::to_vec_pretty(&layout).map_err(|error| files::problem(&path, error))?;
    bytes.push(b'\n');
    atomic::write(&path, &bytes)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}

/// Changes what is said of the run in `folder`, from what the file says at this moment, also while the run is trained.
///
/// # Errors
/// When the file can't be read or written, and when something can't be a name, a tag or a note.
pub fn change(folder: &Path, changes: &[Change]) -> Result<Annotations, RunError> {
    let before = read(folder)?;
    let mut annotations = before.clone();
    for change in changes {
        change
            .apply(&mut annotations)
            .map_err(|reason| files::problem(folder, reason))?;
    }
    if annotations != before {
        write(folder, &annotations)?;
    }
    Ok(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_run_is_kept_and_changed_piece_by_piece() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), Annotations::default());
        let changes = [
            Change::Name(Some("  The good\none ".into())),
            Change::Note("Lamp was replaced.\nSee diary.".into()),
            Change::AddTag("paper".into()),
            Change::AddTag("figure 2".into()),
            Change::AddTag("paper".into()),
            Change::Pin(true),
        ];
        let said = change(folder.path(), &changes).unwrap();
        assert_eq!(said.name.as_deref(), Some("The good one"));
        assert_eq!(said.note, "Lamp was replaced.\nSee diary.");
        assert_eq!(said.tags, ["figure 2", "paper"]);
        assert_eq!(read(folder.path()).unwrap(), said);
        let changes = [
            Change::Name(Some(" \n".into())),
            Change::RemoveTag("paper".into()),
            Change::Pin(false),
            Change::Archive(true),
        ];
        let said = change(folder.path(), &changes).unwrap();
        assert_eq!((said.name, said.pinned, said.archived), (None, false, true));
        assert_eq!(said.tags, ["figure 2"]);
        assert_eq!(said.note, "Lamp was replaced.\nSee diary.");
    }

    #[test]
    fn what_can_be_no_tag_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for tag in ["", " \t", "-draft", "+a", "a,b", &"x".repeat(41)] {
            let error = change(folder.path(), &[Change::AddTag(tag.to_owned())]).unwrap_err();
            assert!(error.to_string().contains("tag"), "{error}");
        }
        assert!(change(folder.path(), &[Change::Name(Some("x".repeat(121)))]).is_err());
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn a_file_of_a_later_version_and_a_broken_one_are_refused_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for (text, expected) in [
            (r#"{"layout": 2, "names": ["a"]}"#, "later version"),
            ("{", "remove the file"),
            (r#"{"layout": 1, "number": "twelve"}"#, "remove the file"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = change(folder.path(), &[Change::Pin(true)])
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected) && error.contains(FILE), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
