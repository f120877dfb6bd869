//! A file of answers that grows.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use super::answer::PictureOutcome;
use super::rows::{COLUMNS, Rows};

/// More than the first line of a file of answers has, with all classes of any data set.
const LONGEST_LINE: u64 = 16 << 20;

/// A file that grows by whole lines, each as soon as it is known, so that it can be read meanwhile.
#[derive(Debug)]
pub struct AnswerFile {
    file: File,
    rows: Rows,
    /// Of its whole lines, in bytes.
    length: u64,
}

impl AnswerFile {
    /// Empties or makes the file at `path`; see [`is_answer_file`] for what may stand there.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path, rows: Rows) -> io::Result<Self> {
        let mut new = Self {
            file: File::create(path)?,
            length: 0,
            rows,
        };
        let header = new.rows.header()?;
        new.add(&header)?;
        Ok(new)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What the disk says; the file then ends with the line before.
    pub fn write(&mut self, outcome: &PictureOutcome) -> io::Result<()> {
        let line = self.rows.line(outcome)?;
        self.add(&line)
    }

    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(line);
        match &written {
            Ok(()) => self.length += line.len() as u64,
            // A full disk takes half a line, which would be read as a picture with other answers. What can't be cut stays.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }
}

/// Whether the file begins as those that [`AnswerFile`] writes, or is empty.
pub fn is_answer_file(file: File) -> bool {
    let mut first = Vec::new();
    let read = BufReader::new(file.take(LONGEST_LINE)).read_until(b'\n', &mut first);
    if read.is_err() {
        return false;
    }
    let columns = COLUMNS.join(",");
    first.is_empty() || first.starts_with(columns.as_bytes()) || is_row(&first)
}

/// Whether a line of JSON has what tells an answer: others begin with an image, too.
fn is_row(line: &[u8]) -> bool {
    let Ok(row) = serde_json::from_slice::<serde_json::Value>(line) else {
        return false;
    };
    let keys = ["image", "class", "outcome", "most_probable", "predictions"];
    keys.iter().all(|key| row.get(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::{AnsweredPicture, Format, Picture};
    use super::*;

    fn answered(name: &str) -> PictureOutcome {
        PictureOutcome::Answered(AnsweredPicture {
            picture: Picture::file(name),
            probabilities: vec![0.1, 0.9],
            class: Some(1),
            confidence: 0.9,
            novelty: None,
            part: None,
        })
    }

    #[test]
    fn a_file_grows_by_whole_lines_and_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let classes = ["cat", "dog"].map(str::to_owned);
        for (name, format) in [("a.csv", Format::Csv), ("a.JSONL", Format::JsonLines)] {
            let path = folder.path().join(name);
            assert_eq!(Format::of(&path), Some(format));
            let mut file = AnswerFile::create(&path, Rows::of(format, &classes, false)).unwrap();
            for number in 0..3 {
                file.write(&answered(&format!("{number}.png"))).unwrap();
                let written = std::fs::read_to_string(&path).unwrap();
                let header = usize::from(format == Format::Csv);
                assert_eq!(written.lines().count(), number + 1 + header);
                assert!(written.ends_with('\n'));
            }
            assert!(is_answer_file(File::open(&path).unwrap()));
        }
        // A person's own labels, and lists of others.
        for text in [
            "file,true_class\n",
            "image,class,confidence\na.png,cat,0.5\n",
            "{\"image\":\"a.png\",\"text\":\"a cat\"}\n",
            "a.png\nb.png\n",
        ] {
            let other = folder.path().join("b.csv");
            std::fs::write(&other, text).unwrap();
            assert!(!is_answer_file(File::open(&other).unwrap()), "{text}");
        }
        assert_eq!(Format::of(Path::new("x.txt")), None);
    }
}
