//! Answers as lines of a table: CSV for people and spreadsheets, JSON lines for programs.
//!
//! ```text
//! image,class,confidence,probability_<class>,…[,distance,none_of_these],error
//! {"image": …, "class": …, "confidence": …, "predictions": [{"class": …, "probability": …}, …], …}
//! ```
//!
//! The class is empty (`null`) where the answer was less sure than asked for. `distance` and `none_of_these` are there where
//! the run knows its pictures' features. A picture that could not be read has its reason in `error`, and nothing else.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::Serialize;

use super::answer::{AnsweredPicture, PictureOutcome};
use super::predictor::Predictor;
use crate::shown;
use crate::spreadsheet::guarded;

/// What the header of a CSV begins with.
const COLUMNS: [&str; 3] = ["image", "class", "confidence"];
/// What stands before a class's name in it.
const PROBABILITY: &str = "probability_";
const NOVELTY_COLUMNS: [&str; 2] = ["distance", "none_of_these"];
const ERROR: &str = "error";

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// By the end of a file's name.
    pub fn of(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?.to_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// One answer as JSON has it.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    #[serde(serialize_with = "shown::serialize_path")]
    image: &'a Path,
    /// `None` where it was not read, or less sure than asked for.
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    /// The most probable first; none where it was not read.
    predictions: Vec<Guess<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    none_of_these: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A class and its probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Guess<'a> {
    pub class: &'a str,
    pub probability: f32,
}

/// The first `top` classes by falling probability, of equals the first.
pub fn ranked<'a>(classes: &'a [String], probabilities: &[f32], top: usize) -> Vec<Guess<'a>> {
    let mut guesses: Vec<Guess<'a>> = std::iter::zip(classes, probabilities)
        .map(|(class, &probability)| Guess { class, probability })
        .collect();
    guesses.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    guesses.truncate(top);
    guesses
}

/// Makes lines of answers.
#[derive(Debug, Clone)]
pub struct Rows {
    format: Format,
    classes: Vec<String>,
    has_novelty: bool,
    /// Classes of a line of JSON.
    top: usize,
}

impl Rows {
    /// For the answers of `predictor`; all classes of each.
    pub fn new(format: Format, predictor: &Predictor) -> Self {
        Self::of(format, predictor.classes(), predictor.knows_novelty())
    }

    /// For answers whose network is not at hand any more.
    pub fn of(format: Format, classes: &[String], has_novelty: bool) -> Self {
        Self {
            format,
            classes: classes.to_vec(),
            has_novelty,
            top: usize::MAX,
        }
    }

    /// Only the most probable classes in JSON; a CSV has a column for each class in any case.
    #[must_use]
    pub fn top(self, top: usize) -> Self {
        Self { top, ..self }
    }

    /// What stands before all lines; nothing for JSON.
    ///
    /// # Errors
    /// None but what CSV itself says.
    pub fn header(&self) -> io::Result<Vec<u8>> {
        if self.format == Format::JsonLines {
            return Ok(Vec::new());
        }
        let classes = self.classes.iter();
        let probabilities = classes.map(|class| format!("{PROBABILITY}{class}"));
        let novelty = NOVELTY_COLUMNS.iter().filter(|_| self.has_novelty);
        let columns: Vec<String> = COLUMNS
            .iter()
            .map(ToString::to_string)
            .chain(probabilities)
            .chain(novelty.map(ToString::to_string))
            .chain([ERROR.to_owned()])
            .collect();
        line_of(columns.iter().map(String::as_str))
    }

    /// One answer, with the end of its line.
    ///
    /// # Errors
    /// None but what CSV and JSON themselves say.
    pub fn line(&self, outcome: &PictureOutcome) -> io::Result<Vec<u8>> {
        match self.format {
            Format::Csv => self.csv_line(outcome),
            Format::JsonLines => {
                let text = serde_json::to_string(&self.row(outcome))? + "\n";
                Ok(shown::json(&text).into_owned().into_bytes())
            }
        }
    }

    /// One answer as JSON has it.
    pub fn row<'a>(&'a self, outcome: &'a PictureOutcome) -> Row<'a> {
        let image = outcome.picture().name();
        match outcome {
            PictureOutcome::Answered(answer) => Row {
                image,
                class: self.class(answer),
                confidence: Some(answer.confidence),
                predictions: ranked(&self.classes, &answer.probabilities, self.top),
                distance: answer.novelty.map(|novelty| novelty.distance),
                none_of_these: answer.novelty.map(|novelty| novelty.is_none_of_these()),
                error: None,
            },
            PictureOutcome::Unreadable { reason, .. } => Row {
                image,
                class: None,
                confidence: None,
                predictions: Vec::new(),
                distance: None,
                none_of_these: None,
                error: Some(reason),
            },
        }
    }

    fn class(&self, answer: &AnsweredPicture) -> Option<&str> {
        let class = self.classes.get(answer.class? as usize)?;
        Some(class.as_str())
    }

    fn csv_line(&self, outcome: &PictureOutcome) -> io::Result<Vec<u8>> {
        let novelty_columns = if self.has_novelty { 2 } else { 0 };
        let mut cells = vec![shown::path(outcome.picture().name())];
        match outcome {
            PictureOutcome::Answered(answer) => {
                cells.push(self.class(answer).unwrap_or_default().to_owned());
                cells.push(answer.confidence.to_string());
                cells.extend(answer.probabilities.iter().map(f32::to_string));
                match answer.novelty.filter(|_| self.has_novelty) {
                    Some(novelty) => {
                        cells.push(novelty.distance.to_string());
                        cells.push(novelty.is_none_of_these().to_string());
                    }
                    None => cells.extend(vec![String::new(); novelty_columns]),
                }
                cells.push(String::new());
            }
            PictureOutcome::Unreadable { reason, .. } => {
                let empty = COLUMNS.len() - 1 + self.classes.len() + novelty_columns;
                cells.extend(vec![String::new(); empty]);
                cells.push(reason.clone());
            }
        }
        line_of(cells.iter().map(String::as_str))
    }
}

/// A line of a CSV, in which no cell is a formula.
fn line_of<'a>(cells: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for cell in cells {
        writer.write_field(guarded(cell).as_bytes())?;
    }
    writer.write_record(None::<&[u8]>)?;
    writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))
}

/// A file that grows by whole lines, each as soon as it is known, so that it can be read meanwhile.
#[derive(Debug)]
pub struct AnswerFile {
    file: File,
    rows: Rows,
}

impl AnswerFile {
    /// Empties or makes the file at `path`; see [`is_answer_file`] for what may stand there.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path, rows: Rows) -> io::Result<Self> {
        let mut file = File::create(path)?;
        file.write_all(&rows.header()?)?;
        Ok(Self { file, rows })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&mut self, outcome: &PictureOutcome) -> io::Result<()> {
        self.file.write_all(&self.rows.line(outcome)?)
    }
}

/// Whether the file begins as those that [`AnswerFile`] writes, or is empty.
pub fn is_answer_file(file: File) -> bool {
    let mut start = Vec::new();
    if file.take(64).read_to_end(&mut start).is_err() {
        return false;
    }
    let columns = COLUMNS.join(",");
    start.is_empty() || start.starts_with(columns.as_bytes()) || start.starts_with(b"{\"image\":\"")
}

#[cfg(test)]
mod tests {
    use super::super::{Novelty, Picture};
    use super::*;

    fn rows(format: Format, has_novelty: bool) -> Rows {
        Rows {
            format,
            classes: vec!["=cat".into(), "dog, old".into()],
            has_novelty,
            top: usize::MAX,
        }
    }

    fn answered(name: &str, class: Option<u32>) -> PictureOutcome {
        PictureOutcome::Answered(AnsweredPicture {
            picture: Picture::file(name),
            probabilities: vec![0.1, 0.9],
            class,
            confidence: 0.9,
            novelty: Some(Novelty {
                distance: 2.5,
                threshold: 2.0,
                rate: 0.01,
            }),
        })
    }

    fn lost(name: &str) -> PictureOutcome {
        PictureOutcome::Unreadable {
            picture: Picture::file(name),
            reason: "is cut off, and \"small\"".into(),
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_csv_has_a_column_for_each_class_and_no_formula() {
        let rows = rows(Format::Csv, true);
        let all = [
            text(rows.header().unwrap()),
            text(rows.line(&answered("=1.png", Some(1))).unwrap()),
            text(rows.line(&answered("b.png", None)).unwrap()),
            text(rows.line(&lost("c.png")).unwrap()),
        ]
        .concat();
        let expected = "image,class,confidence,probability_=cat,\"probability_dog, old\",distance,none_of_these,error\n\
                        '=1.png,\"dog, old\",0.9,0.1,0.9,2.5,true,\n\
                        b.png,,0.9,0.1,0.9,2.5,true,\n\
                        c.png,,,,,,,\"is cut off, and \"\"small\"\"\"\n";
        assert_eq!(all, expected);
        let mut reader = csv::Reader::from_reader(all.as_bytes());
        assert!(reader.records().all(|record| record.unwrap().len() == 8));
    }

    #[test]
    fn lines_of_json_have_the_same_numbers() {
        let rows = rows(Format::JsonLines, true).top(1);
        assert!(rows.header().unwrap().is_empty());
        let line = text(rows.line(&answered("a\nb\u{1b}.png", Some(1))).unwrap());
        assert_eq!(
            line,
            "{\"image\":\"a\\nb\\u001b.png\",\"class\":\"dog, old\",\"confidence\":0.9,\
             \"predictions\":[{\"class\":\"dog, old\",\"probability\":0.9}],\"distance\":2.5,\"none_of_these\":true}\n"
        );
        let line = text(rows.line(&lost("c.png")).unwrap());
        assert_eq!(
            line,
            "{\"image\":\"c.png\",\"class\":null,\"predictions\":[],\"error\":\"is cut off, and \\\"small\\\"\"}\n"
        );
    }

    #[test]
    fn a_file_grows_by_whole_lines_and_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        for (name, format) in [("a.csv", Format::Csv), ("a.JSONL", Format::JsonLines)] {
            let path = folder.path().join(name);
            assert_eq!(Format::of(&path), Some(format));
            let mut file = AnswerFile::create(&path, rows(format, false)).unwrap();
            for number in 0..3 {
                file.write(&answered(&format!("{number}.png"), Some(0)))
                    .unwrap();
                let written = std::fs::read_to_string(&path).unwrap();
                let header = usize::from(format == Format::Csv);
                assert_eq!(written.lines().count(), number + 1 + header);
                assert!(written.ends_with('\n'));
            }
            assert!(is_answer_file(File::open(&path).unwrap()));
        }
        let other = folder.path().join("b.csv");
        std::fs::write(&other, "file,true_class\n").unwrap();
        assert!(!is_answer_file(File::open(&other).unwrap()));
        assert_eq!(Format::of(Path::new("x.txt")), None);
    }
}
