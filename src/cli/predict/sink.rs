//! Where answers go, each as soon as it is known.

use std::io::{self, ErrorKind, Write as _, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Arguments, STANDARD_INPUT};
use crate::cli::classify::guesses_text;
use crate::cli::outputs::{refuse_to_replace, warn_among_pictures};
use crate::evaluation::novelty::Novelty;
use crate::prediction::{
    AnswerFile, Format, PictureOutcome, Predictor, Rows, is_answer_file, ranked,
};
use crate::runs::store;
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

/// Where answers go, made ready.
pub fn open(arguments: &Arguments, run: &Path, predictor: &Predictor) -> anyhow::Result<Sink> {
    let top = arguments.top.map_or(usize::MAX, usize::from);
    let rows = |format| Rows::new(format, predictor).top(top);
    if let Some(out) = &arguments.out {
        let format = match arguments.format {
            Some(format) => format.into(),
            None => Format::of(out).with_context(|| {
                format!(
                    "the name does not end in .csv or .jsonl: rename it, or add --format csv or --format jsonl: {}",
                    out.display()
                )
            })?,
        };
        check_file(arguments, run, out)?;
        return Ok(Sink::file(out, rows(format)));
    }
    if let Some(format) = arguments.format {
        return Ok(Sink::Lines(rows(format.into())));
    }
    if arguments.into.is_some() {
        return Ok(Sink::Nowhere);
    }
    if arguments.json {
        return Ok(Sink::List {
            rows: rows(Format::JsonLines),
            is_begun: false,
        });
    }
    Ok(Sink::Text {
        classes: predictor.classes().to_vec(),
        top,
    })
}

/// Makes sure that the file of answers can be written, and replaces nothing else.
fn check_file(arguments: &Arguments, run: &Path, out: &Path) -> anyhow::Result<()> {
    let parent = out.parent().filter(|path| !path.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        bail!("there is no such folder: {}", parent.display());
    }
    let inputs: Vec<&Path> = arguments
        .paths
        .iter()
        .map(PathBuf::as_path)
        .filter(|path| *path != Path::new(STANDARD_INPUT))
        .collect();
    refuse_to_replace(out, &inputs, "file of answers", &is_answer_file)?;
    if let Ok(experiment) = store::experiment(run) {
        warn_among_pictures(out, &experiment.data.source, Some(run));
    }
    Ok(())
}
