//! Answers as lines of a table: CSV for people and spreadsheets, JSON lines for programs.
//!
//! ```text
//! image,class,outcome,most_probable,confidence,probability_<class>,…[,distance,none_of_these],part,error
//! {"image": …, "class": …, "outcome": …, "most_probable": …, "confidence": …, "predictions": [{"class": …, "probability": …}, …], …}
//! ```
//!
//! The class is what the picture was given, and empty (`null`) where it was given none: whoever reads it alone never gets a class
//! that was withheld. The outcome says which of both it is, and why: `class`, `undecided` (less sure than asked for), `none of
//! these` (unlike all that the run learned from) or `unreadable`. The most probable class stands there whatever was decided;
//! the confidence is the probability of the class that is answered, or would be. `distance` and `none_of_these` are there where
//! the run knows its pictures' features. `part` is `train`, `validation` or `test` where the picture is known to be one of the
//! run's own. A picture that could not be read has its reason in `error`, and no numbers.

use std::io;
use std::path::Path;

use serde::Serialize;

use super::answer::{AnsweredPicture, Assigned, PictureOutcome};
use super::predictor::Predictor;
use crate::data::Split;
use crate::shown;
use crate::spreadsheet::guarded;

/// What the header of a CSV begins with.
pub(super) const COLUMNS: [&str; 5] = ["image", "class", "outcome", "most_probable", "confidence"];
/// What stands before a class's name in it.
const PROBABILITY: &str = "probability_";
const NOVELTY_COLUMNS: [&str; 2] = ["distance", "none_of_these"];
const LAST_COLUMNS: [&str; 2] = ["part", "error"];
/// The outcome of a picture that could not be read.
const UNREADABLE: &str = "unreadable";

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
    /// `None` where it was given none.
    class: Option<&'a str>,
    /// Which of both it is, and why.
    outcome: &'static str,
    most_probable: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    /// The most probable first; none where it was not read.
    predictions: Vec<Guess<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    none_of_these: Option<bool>,
    part: Option<Split>,
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
            .chain(LAST_COLUMNS.map(str::to_owned))
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
                outcome: answer.assigned().outcome(),
                most_probable: self.name(answer.most_probable()),
                confidence: Some(answer.confidence),
                predictions: ranked(&self.classes, &answer.probabilities, self.top),
                distance: answer.novelty.map(|novelty| novelty.distance),
                none_of_these: answer.novelty.map(|novelty| novelty.is_none_of_these()),
                part: answer.part,
                error: None,
            },
            PictureOutcome::Unreadable { reason, .. } => Row {
                image,
                class: None,
                outcome: UNREADABLE,
                most_probable: None,
                confidence: None,
                predictions: Vec::new(),
                distance: None,
                none_of_these: None,
                part: None,
                error: Some(reason),
            },
        }
    }

    /// What the picture was given.
    fn class(&self, answer: &AnsweredPicture) -> Option<&str> {
        match answer.assigned() {
            Assigned::Class(class) => self.name(class),
            Assigned::Undecided | Assigned::NoneOfThese => None,
        }
    }

    fn name(&self, class: u32) -> Option<&str> {
        self.classes.get(class as usize).map(String::as_str)
    }

    fn csv_line(&self, outcome: &PictureOutcome) -> io::Result<Vec<u8>> {
        let novelty_columns = if self.has_novelty { 2 } else { 0 };
        let mut cells = vec![shown::path(outcome.picture().name())];
        match outcome {
            PictureOutcome::Answered(answer) => {
                let most_probable = self.name(answer.most_probable());
                cells.push(self.class(answer).unwrap_or_default().to_owned());
                cells.push(answer.assigned().outcome().to_owned());
                cells.push(most_probable.unwrap_or_default().to_owned());
                cells.push(answer.confidence.to_string());
                cells.extend(answer.probabilities.iter().map(f32::to_string));
                match answer.novelty.filter(|_| self.has_novelty) {
                    Some(novelty) => {
                        cells.push(novelty.distance.to_string());
                        cells.push(novelty.is_none_of_these().to_string());
                    }
                    None => cells.extend(vec![String::new(); novelty_columns]),
                }
                let part = answer.part.map_or("", Split::name);
                cells.extend([part.to_owned(), String::new()]);
            }
            PictureOutcome::Unreadable { reason, .. } => {
                // Most probable class and confidence, probabilities, the distance and what follows from it, part.
                let empty = 2 + self.classes.len() + novelty_columns + 1;
                cells.extend([String::new(), UNREADABLE.to_owned()]);
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

    fn answered(name: &str, class: Option<u32>, distance: f32) -> PictureOutcome {
        PictureOutcome::Answered(AnsweredPicture {
            picture: Picture::file(name),
            probabilities: vec![0.1, 0.9],
            class,
            confidence: 0.9,
            novelty: Some(Novelty {
                distance,
                threshold: 2.0,
                rate: 0.01,
            }),
            part: (distance == 0.0).then_some(Split::Train),
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
    fn a_csv_names_a_class_only_where_it_was_given_and_holds_no_formula() {
        let rows = rows(Format::Csv, true);
        let all = [
            text(rows.header().unwrap()),
            text(rows.line(&answered("=1.png", Some(1), 0.0)).unwrap()),
            text(rows.line(&answered("b.png", None, 0.5)).unwrap()),
            text(rows.line(&answered("c.png", Some(1), 2.5)).unwrap()),
            text(rows.line(&answered("d\n.png", None, 2.5)).unwrap()),
            text(rows.line(&lost("e.png")).unwrap()),
        ]
        .concat();
        let expected = "image,class,outcome,most_probable,confidence,probability_=cat,\"probability_dog, old\",distance,none_of_these,part,error\n\
                        '=1.png,\"dog, old\",class,\"dog, old\",0.9,0.1,0.9,0,false,train,\n\
                        b.png,,undecided,\"dog, old\",0.9,0.1,0.9,0.5,false,,\n\
                        c.png,,none of these,\"dog, old\",0.9,0.1,0.9,2.5,true,,\n\
                        \"d\n.png\",,none of these,\"dog, old\",0.9,0.1,0.9,2.5,true,,\n\
                        e.png,,unreadable,,,,,,,,\"is cut off, and \"\"small\"\"\"\n";
        assert_eq!(all, expected);
        let mut reader = csv::Reader::from_reader(all.as_bytes());
        assert!(reader.records().all(|record| record.unwrap().len() == 11));
    }

    #[test]
    fn lines_of_json_have_the_same_numbers() {
        let rows = rows(Format::JsonLines, true).top(1);
        assert!(rows.header().unwrap().is_empty());
        let line = text(
            rows.line(&answered("a\nb\u{1b}.png", Some(1), 0.0))
                .unwrap(),
        );
        assert_eq!(
            line,
            "{\"image\":\"a\\nb\\u001b.png\",\"class\":\"dog, old\",\"outcome\":\"class\",\"most_probable\":\"dog, old\",\
             \"confidence\":0.9,\"predictions\":[{\"class\":\"dog, old\",\"probability\":0.9}],\"distance\":0.0,\
             \"none_of_these\":false,\"part\":\"train\"}\n"
        );
        for (outcome, expected) in [
            (answered("b.png", None, 0.5), "undecided"),
            (answered("b.png", Some(1), 2.5), "none of these"),
        ] {
            let line: serde_json::Value =
                serde_json::from_slice(&rows.line(&outcome).unwrap()).unwrap();
            assert!(line["class"].is_null() && line["part"].is_null(), "{line}");
            assert_eq!(line["outcome"], expected);
            assert_eq!(line["most_probable"], "dog, old");
        }
        let line = text(rows.line(&lost("c.png")).unwrap());
        assert_eq!(
            line,
            "{\"image\":\"c.png\",\"class\":null,\"outcome\":\"unreadable\",\"most_probable\":null,\"predictions\":[],\
             \"part\":null,\"error\":\"is cut off, and \\\"small\\\"\"}\n"
        );
    }
}
