//! `split.csv`, read back: which pictures a run used for what.

use std::collections::HashMap;
use std::path::Path;

use super::{RunError, files};
use crate::data::Split;
use crate::format;
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

/// What is not the same in two splits, in words: pictures first, then what was done with them.
pub(super) fn difference(before: &[Member], now: &[Member]) -> String {
    let by_file = |members: &'_ [Member]| -> HashMap<String, Member> {
        members
            .iter()
            .map(|member| (member.file.clone(), member.clone()))
            .collect()
    };
    let (was, is) = (by_file(before), by_file(now));
    let missing: Vec<&str> = before
        .iter()
        .filter(|member| !is.contains_key(&member.file))
        .map(|member| member.file.as_str())
        .collect();
    let new: Vec<&str> = now
        .iter()
        .filter(|member| !was.contains_key(&member.file))
        .map(|member| member.file.as_str())
        .collect();
    let named = |files: &[&str], one: &str, several: &str| match files {
        [] => None,
        [file] => Some(format!("{file} {one}")),
        [file, ..] => Some(format!(
            "{} {several}, such as {file}",
            format::thousands(files.len() as u64)
        )),
    };
    let mut said: Vec<String> = [
        named(&missing, "is missing", "are missing"),
        named(&new, "is new", "are new"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if said.is_empty() {
        // Where pictures come or go, the others change sides as well, which says nothing.
        let other = before.iter().find_map(|member| {
            let now = is.get(&member.file).filter(|now| *now != member)?;
            Some((member, now))
        });
        said.push(match other {
            None => "they come in another order".to_owned(),
            Some((was, is)) if was.class != is.class => {
                format!("{} was {}, and is {}", was.file, was.class, is.class)
            }
            Some((was, is)) => format!(
                "{} was for {}, and is for {}",
                was.file,
                was.split.name(),
                is.split.name()
            ),
        });
    }
    said.join("; ")
}

/// Those of one split.
pub fn of_split(members: Vec<Member>, split: Split) -> Vec<Member> {
    members
        .into_iter()
        .filter(|member| member.split == split)
        .collect()
}

/// # Errors
/// Naming the line that is none.
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
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_splits_names_the_pictures() {
        let parsed = |lines: &str| {
            let text = format!("file,class,split\n{lines}");
            parse(text.as_bytes(), Path::new("split.csv")).unwrap()
        };
        let before = parsed("a/1.png,a,train\na/10.png,a,train\nb/1.png,b,test\n");
        for (now, expected) in [
            ("a/10.png,a,test\nb/1.png,b,train\n", "a/1.png is missing"),
            (
                "a/1.png,a,train\na/10.png,a,train\nb/1.png,b,test\nb/2.png,b,test\nb/3.png,b,test\n",
                "2 are new, such as b/2.png",
            ),
            (
                "a/0.png,a,train\na/10.png,a,train\nb/1.png,b,test\n",
                "a/1.png is missing; a/0.png is new",
            ),
            (
                "a/1.png,b,train\na/10.png,a,train\nb/1.png,b,test\n",
                "a/1.png was a, and is b",
            ),
            (
                "a/1.png,a,train\na/10.png,a,train\nb/1.png,b,train\n",
                "b/1.png was for test, and is for train",
            ),
            (
                "a/10.png,a,train\na/1.png,a,train\nb/1.png,b,test\n",
                "they come in another order",
            ),
        ] {
            assert_eq!(difference(&before, &parsed(now)), expected);
        }
    }

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
