//! What was placed in a folder, a line for each event: JSON in `.graft-placed.jsonl`, which grows as pictures are placed.
//!
//! ```text
//! {"layout":1}
//! {"folder":"cat"}
//! {"placed":{"to":"cat/1.png","from":"/photos/1.png","way":"copy","original":{"bytes":9,"modified":17},"copy":{…}}}
//! {"removed":"cat/1.png"}
//! ```

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Way;
use crate::ordinary_file::{self, Links, LockFile};
use crate::prediction::stamp::Stamp;
use crate::runs::RunError;
use crate::runs::files::problem;

/// The record's file, in the folder that pictures are placed in. Scans pass over it, because it is hidden.
pub const RECORD: &str = ".graft-placed.jsonl";

/// The layout that this version writes, and the only one that it reads.
pub(super) const LAYOUT: u32 = 1;

/// Of millions of pictures.
const MOST_BYTES: u64 = 2 << 30;

/// A picture that was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Below the folder: a class's folder and a name.
    pub to: RecordedPath,
    /// The original, absolute.
    pub from: RecordedPath,
    pub way: Way,
    /// The original when it was placed.
    pub original: Stamp,
    /// What was placed; nothing of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Stamp>,
}

impl Entry {
    /// Whether it stands in `root` as it was placed.
    pub fn stands(&self, root: &Path) -> bool {
        let path = root.join(&self.to.0);
        let folder = path.parent().unwrap_or(root);
        let is_folder = folder
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_dir());
        let Ok(metadata) = path.symlink_metadata() else {
            return false;
        };
        is_folder
            && match self.way {
                Way::Link => fs::read_link(&path).is_ok_and(|target| target == self.from.0),
                Way::Copy => metadata.is_file() && self.copy == Some(Stamp::of(&metadata)),
            }
    }
}

/// A path that also JSON can hold where it is no UTF-8: its bytes in hexadecimal digits behind a mark that begins no path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RecordedPath(pub PathBuf);

const BYTES: &str = "\0bytes:";

impl Serialize for RecordedPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => text.serialize(serializer),
            None => {
                let bytes = hex::encode(self.0.as_os_str().as_encoded_bytes());
                (BYTES.to_owned() + &bytes).serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for RecordedPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix(BYTES) {
            None => Ok(Self(text.into())),
            Some(digits) => {
                let bytes = hex::decode(digits).map_err(serde::de::Error::custom)?;
                let path = os_string(bytes)
                    .ok_or_else(|| serde::de::Error::custom("this system has no such name"))?;
                Ok(Self(path.into()))
            }
        }
    }
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(_bytes: Vec<u8>) -> Option<OsString> {
    None
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Layout(u32),
    /// A class's folder that was made; an empty name is the folder of all.
    Folder(String),
    Placed(Entry),
    /// What was placed, and is taken away again.
    Removed(RecordedPath),
}

/// The record of a folder, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Contents {
    /// In the order in which they were placed, without those that were removed again.
    pub entries: Vec<Entry>,
    /// Folders that were made.
    pub folders: Vec<String>,
    /// Of the file, up to the end of its last whole line.
    pub length: u64,
}

impl Contents {
    /// What the record in `root` says; nothing where there is none.
    ///
    /// # Errors
    /// When it can't be read, or is none of ours.
    pub fn read(root: &Path) -> Result<Self, RunError> {
        let path = root.join(RECORD);
        if !ordinary_file::is_there(&path) {
            return Ok(Self::default());
        }
        let text = ordinary_file::read_to_string(&path, MOST_BYTES, Links::Refused)
            .map_err(|error| problem(&path, format!("can't be read ({error})")))?;
        Self::parse(&text).map_err(|reason| problem(&path, reason))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut contents = Self::default();
        let mut entries: Vec<Option<Entry>> = Vec::new();
        let mut index_of: HashMap<RecordedPath, usize> = HashMap::new();
        // What a power cut left of a last line counts for nothing.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        for (number, line) in whole.lines().enumerate() {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                format!(
                    "is no record of placed pictures that this version reads (line {}: {error})",
                    number + 1
                )
            })?;
            match line {
                Line::Layout(LAYOUT) => {}
                Line::Layout(other) => {
                    return Err(format!(
                        "was written by a newer version of Graft (layout {other}): use that one"
                    ));
                }
                Line::Folder(name) => contents.folders.push(name),
                Line::Placed(entry) if is_below(&entry.to.0) => {
                    index_of.insert(entry.to.clone(), entries.len());
                    entries.push(Some(entry));
                }
                Line::Placed(entry) => {
                    return Err(format!(
                        "names what does not lie in a class's folder: {}",
                        entry.to.0.display()
                    ));
                }
                Line::Removed(path) => {
                    if let Some(index) = index_of.remove(&path) {
                        entries[index] = None;
                    }
                }
            }
        }
        contents.entries = entries.into_iter().flatten().collect();
        contents.length = whole.len() as u64;
        Ok(contents)
    }
}

/// Whether a path is that of a file in a folder, and leads nowhere else.
fn is_below(path: &Path) -> bool {
    let parts: Vec<Component<'_>> = path.components().collect();
    matches!(parts[..], [Component::Normal(_), Component::Normal(_)])
}

/// The record of a folder, held by the one process that writes it.
#[derive(Debug)]
pub(super) struct Writer {
    file: LockFile,
    path: PathBuf,
}

impl Writer {
    /// Goes on with the record in `root`, which is made where there is none. `length`: of what was read of it.
    ///
    /// # Errors
    /// When another process holds it, or it is not what was read.
    pub fn open(root: &Path, length: u64) -> Result<Self, RunError> {
        let path = root.join(RECORD);
        let unusable = |error: io::Error| problem(&path, format!("can't be written ({error})"));
        let file = LockFile::open(&path).map_err(unusable)?;
        if file.try_lock().is_err() {
            return Err(problem(
                root,
                "another Graft places pictures in this folder now: wait for its end",
            ));
        }
        let mut writer = Self { file, path };
        let (length, tail) = writer.tail(length)?;
        if tail.contains(&b'\n') {
            return Err(problem(
                &writer.path,
                "was changed by another program just now: try again",
            ));
        }
        // Half a line goes.
        writer
            .file
            .set_len(length)
            .and_then(|()| writer.file.seek(SeekFrom::End(0)))
            .map_err(|error| problem(&writer.path, format!("can't be written ({error})")))?;
        if length == 0 {
            writer.add(&Line::Layout(LAYOUT))?;
        }
        Ok(writer)
    }

    /// What stands behind `length`, and that length, or the file's where it is shorter.
    fn tail(&mut self, length: u64) -> Result<(u64, Vec<u8>), RunError> {
        let mut read = || {
            let length = length.min(self.file.metadata()?.len());
            self.file.seek(SeekFrom::Start(length))?;
            let mut tail = Vec::new();
            (&mut *self.file).take(MOST_BYTES).read_to_end(&mut tail)?;
            Ok((length, tail))
        };
        read().map_err(|error: io::Error| problem(&self.path, format!("can't be read ({error})")))
    }

    /// Adds a line, whole.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add(&mut self, line: &Line) -> Result<(), RunError> {
        let text = serde_json::to_string(line).map_err(|error| problem(&self.path, error))? + "\n";
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| problem(&self.path, format!("can't be written ({error})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(to: &str) -> Entry {
        let stamp: Stamp = serde_json::from_str(r#"{"bytes":3,"modified":5}"#).unwrap();
        Entry {
            to: RecordedPath(to.into()),
            from: RecordedPath("/photos/1.png".into()),
            way: Way::Copy,
            original: stamp,
            copy: Some(stamp),
        }
    }

    #[test]
    fn what_was_written_is_read_and_half_a_line_is_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let read = || Contents::read(root.path()).unwrap();
        assert_eq!(read(), Contents::default());
        let mut writer = Writer::open(root.path(), 0).unwrap();
        let removed = Line::Removed(entry("cat/1.png").to);
        for line in [
            Line::Folder("cat".into()),
            Line::Placed(entry("cat/1.png")),
            Line::Placed(entry("cat/2.png")),
            removed.clone(),
        ] {
            writer.add(&line).unwrap();
        }
        let error = Writer::open(root.path(), read().length).unwrap_err();
        assert!(error.to_string().contains("another Graft"), "{error}");
        writer.file.write_all(b"{\"placed\":{\"to\"").unwrap();
        drop(writer);
        let found = read();
        assert_eq!(found.entries, [entry("cat/2.png")]);
        assert_eq!(found.folders, ["cat"]);
        let mut writer = Writer::open(root.path(), found.length).unwrap();
        writer.add(&Line::Placed(entry("cat/1.png"))).unwrap();
        assert_eq!(read().entries, [entry("cat/2.png"), entry("cat/1.png")]);
        writer.add(&removed).unwrap();
        assert_eq!(read().entries, [entry("cat/2.png")]);
        drop(writer);
        // Somebody else has begun one in between.
        assert!(Writer::open(root.path(), 0).is_err());
    }

    #[test]
    fn strangers_records_lead_nowhere_else() {
        for to in [
            "../x/1.png",
            "/etc/passwd",
            "cat/../1.png",
            "1.png",
            "a/b/c.png",
        ] {
            let line = serde_json::to_string(&Line::Placed(entry(to))).unwrap() + "\n";
            let reason = Contents::parse(&line).unwrap_err();
            assert!(reason.contains("does not lie"), "{to}: {reason}");
        }
        assert!(
            Contents::parse("{\"layout\":2}\n")
                .unwrap_err()
                .contains("newer")
        );
        assert!(
            Contents::parse("picture,class\n")
                .unwrap_err()
                .contains("line 1")
        );
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_come_back() {
        use std::os::unix::ffi::OsStringExt;
        let name = OsString::from_vec(b"caf\xe9/1.png".to_vec());
        let mut placed = entry("cat/1.png");
        placed.from = RecordedPath(name.into());
        let line = serde_json::to_string(&Line::Placed(placed.clone())).unwrap() + "\n";
        assert_eq!(Contents::parse(&line).unwrap().entries, [placed]);
    }
}
