//! Where answers go, each as soon as it is known.

use std::io::{self, ErrorKind, Write as _, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Arguments, STANDARD_INPUT};
use crate::cli::classify::guesses_text;
use crate::cli::output;
use crate::cli::outputs::{refuse_to_replace, warn_among_pictures};
use crate::data::Split;
use crate::data::scan::is_picture_name;
use crate::prediction::{
    AnswerFile, AnsweredPicture, Assigned, Format, PictureOutcome, Predictor, Rows, is_answer_file,
    ranked,
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
        /// Answers of an earlier call stand there.
        replaces: bool,
    },
    /// A file that would be written if something were.
    Planned {
        path: PathBuf,
        replaces: bool,
    },
    Nowhere,
}

/// Nobody reads standard output any more.
pub fn is_reader_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

impl Sink {
    /// What stands before all answers.
    pub fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::Lines(rows) => print(&rows.header()?),
            Self::File {
                path,
                rows,
                file,
                replaces,
            } => {
                *file = Some(AnswerFile::create(path, rows.clone())?);
                if *replaces {
                    output::warn(&format!(
                        "The answers of an earlier call that stood there are replaced: {}",
                        path.display()
                    ));
                }
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
                    let text = guesses_text(outcome.picture().name(), guesses);
                    // What it amounts to stands before what it might have been.
                    let (name, table) = text.split_once('\n').unwrap_or((&text, ""));
                    let text = format!("{name}\n{}{table}", remarks(answer));
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
            Self::Planned { .. } | Self::Nowhere => Ok(()),
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
        !matches!(
            self,
            Self::File { .. } | Self::Planned { .. } | Self::Nowhere
        )
    }

    /// Where a file has the answers, or would have them.
    pub fn file_text(&self) -> Option<String> {
        let shown = |path: &Path| shown::line(&path.display().to_string()).into_owned();
        match self {
            Self::File { path, .. } => Some(format!("The answers are in {}", shown(path))),
            Self::Planned { path, replaces } => {
                let place = match replaces {
                    true => ", in the place of those of an earlier call",
                    false => "",
                };
                let path = shown(path);
                Some(format!("The answers would be written to {path}{place}"))
            }
            _ => None,
        }
    }
}

/// What a person must know of one answer, each on a line.
fn remarks(answer: &AnsweredPicture) -> String {
    let mut text = String::new();
    match (answer.assigned(), answer.novelty) {
        (Assigned::NoneOfThese, Some(novelty)) => {
            text += &format!("  none of these: {}\n", novelty.sentence());
        }
        (Assigned::Undecided, _) => {
            text += "  undecided: less sure than --reject-below asks for\n";
        }
        _ => {}
    }
    if let Some(part) = answer.part {
        let used = match part {
            Split::Train => "trained",
            Split::Validation => "validated",
            Split::Test => "tested",
        };
        text += &format!("  one of the pictures that the run was {used} on\n");
    }
    text
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
        let replaces = check_file(arguments, run, out)?;
        let path = out.clone();
        return Ok(match arguments.dry_run {
            true => Sink::Planned { path, replaces },
            false => Sink::File {
                path,
                rows: rows(format),
                file: None,
                replaces,
            },
        });
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

/// Makes sure that the file of answers can be written, and replaces nothing else; whether it replaces answers of an earlier
/// call.
fn check_file(arguments: &Arguments, run: &Path, out: &Path) -> anyhow::Result<bool> {
    let parent = out.parent().filter(|path| !path.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        bail!("there is no such folder: {}", parent.display());
    }
    // In a folder that is watched it would be answered, which is written to it, and so on for ever.
    if is_picture_name(&out.file_name().unwrap_or_default().to_string_lossy()) {
        bail!(
            "a file of answers is not called as pictures are: choose another name with --out, such as answers.csv: {}",
            out.display()
        );
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
    Ok(out.metadata().is_ok_and(|metadata| metadata.len() > 0))
}
