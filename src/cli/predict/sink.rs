//! Where answers go, each as soon as it is known.

use std::io::{self, ErrorKind, Write as _, stdout};
use std::path::{Path, PathBuf};

use crate::cli::classify::guesses_text;
use crate::evaluation::novelty::Novelty;
use crate::prediction::{AnswerFile, PictureOutcome, Rows, ranked};
use crate::shown;

/// What becomes of an answer.
pub enum Sink {
    /// Lines for people on standard output: the most probable classes, so many.
    Text {
        classes: Vec<String>,
        top: usize,
    },
    /// CSV or JSON lines on standard output.
    Lines(Rows),
    /// One JSON list on standard output.
    List {
        rows: Rows,
        is_begun: bool,
    },
    /// It is made, or emptied, when the answers begin.
    File {
        path: PathBuf,
        rows: Rows,
        file: Option<AnswerFile>,
    },
    Nowhere,
}

/// Nobody reads standard output any more.
pub fn is_reader_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

impl Sink {
    pub fn file(path: &Path, rows: Rows) -> Self {
        Self::File {
            path: path.to_path_buf(),
            rows,
            file: None,
        }
    }

    /// What stands before all answers.
    pub fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::Lines(rows) => print(&rows.header()?),
            Self::File { path, rows, file } => {
                *file = Some(AnswerFile::create(path, rows.clone())?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub fn write(&mut self, outcome: &PictureOutcome) -> io::Result<()> {
        match self {
            Self::Text { classes, top } => match outcome {
                PictureOutcome::Answered(answer) => {
                    let guesses = ranked(classes, &answer.probabilities, *top).into_iter();
                    let guesses = guesses.map(|guess| (f64::from(guess.probability), guess.class));
                    let mut text = guesses_text(outcome.picture().name(), guesses);
                    if answer.class.is_none() {
                        text += "  undecided: less sure than --reject-below asks for\n";
                    }
                    if let Some(novelty) = answer.novelty.filter(Novelty::is_none_of_these) {
                        text += &format!("  none of these: {}\n", novelty.sentence());
                    }
                    print(shown::lines(&text).as_bytes())
                }
                // Standard error tells it.
                PictureOutcome::Unreadable { .. } => Ok(()),
            },
            Self::Lines(rows) => print(&rows.line(outcome)?),
            Self::List { rows, is_begun } => {
                let before = if *is_begun { "," } else { "[" };
                *is_begun = true;
                let text = serde_json::to_string(&rows.row(outcome))?;
                print(format!("{before}{}", shown::json(&text)).as_bytes())
            }
            Self::File { file, .. } => file.as_mut().map_or(Ok(()), |file| file.write(outcome)),
            Self::Nowhere => Ok(()),
        }
    }

    /// What stands behind all answers, also where the last ones are missing.
    pub fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::List { is_begun, .. } => print(if *is_begun { &b"]\n"[..] } else { b"[]\n" }),
            _ => Ok(()),
        }
    }

    /// Whether answers are told one by one on standard output.
    pub fn prints(&self) -> bool {
        !matches!(self, Self::File { .. } | Self::Nowhere)
    }
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}
