//! `split.csv`, read back: which pictures a run used for what.

use std::path::Path;

use super::{RunError, files};
use crate::data::Split;
use crate::spreadsheet::unguarded;

/// A line of `split.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The picture's name in its data set.
    pub file: String,
    pub class: String,
    pub split: Split,
}

/// Every picture of a run, in the order of its file: training, validation, test.
///
/// # Errors
/// Naming the file, and the line that can't be read.
pub fn read(folder: &Path) -> Result<Vec<Member>, RunError> {
    let path = folder.join(files::SPLIT);
    parse(&files::read(&path)?, &path)
}

pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Member>, RunError> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|error| files::problem(path, error))?;
    if !header.iter().eq(["file", "class", "split"]) {
        return Err(files::problem(
            path,
            "does not have the columns file, class, split",
        ));
    }
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|error| files::problem(path, error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let split = Split::from_name(&record[2]).ok_or_else(|| {
                let reason = format!("line {line} has the split “{}”", &record[2]);
                files::problem(path, reason)
            })?;
            Ok(Member {
                file: unguarded(&record[0]).to_owned(),
                class: unguarded(&record[1]).to_owned(),
                split,
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_wrong_ones_are_named() {
        let path = Path::new("r/split.csv");
        let members = parse(
            b"file,class,split\n\"a, b.png\",cat,train\nc.png,dog,test\n",
            path,
        )
        .unwrap();
        assert_eq!(members.len(), 2);
        assert_eq!(
            (members[0].file.as_str(), members[0].split),
            ("a, b.png", Split::Train)
        );
        for (text, expected) in [
            ("path,class,split\n", "does not have the columns"),
            (
                "file,class,split\na,b,nowhere\n",
                "line 2 has the split “nowhere”",
            ),
            ("file,class,split\na,b\n", "record"),
        ] {
            let message = parse(text.as_bytes(), path).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.ends_with("r/split.csv"), "{message}");
        }
    }
}
