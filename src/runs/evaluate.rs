//! A finished run's network on any of its splits. What was worked out is kept in the run's folder
//! (`predictions_train.csv` and the like) and read back the next time.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tch::Device;

use super::members::{self, Member};
use super::{RunError, RunSummary, atomic, files, recorder, store};
use crate::data::{DataError, Dataset, Picture, Problem, Split, StopFlag, scan};
use crate::evaluation::Predictions;
use crate::experiment::{DataSource, Experiment};
use crate::ordinary_file;
use crate::training::TrainingError;
use crate::training::inference::Classifier;

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluateRequest {
    /// The run's folder.
    pub folder: PathBuf,
    pub pictures: Pictures,
    /// Where the pictures stand now, if not where they were: a folder or a table.
    pub data: Option<PathBuf>,
    pub device: Device,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// Those that the run used for this.
    Of(Split),
    /// Every picture of `data` whose class the run knows, used by the run or not.
    All,
}

/// A network's answers on a split.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedRun {
    pub predictions: Predictions,
    /// Pictures that are not in the predictions, with the reason.
    pub problems: Vec<Problem>,
    /// Pictures in the predictions that were written after the run began: it may have seen others.
    pub changed: Vec<PathBuf>,
    /// Whether they were read from the run's folder instead of being worked out.
    pub is_stored: bool,
    /// Why they could not be stored in the run's folder, if they should have been.
    pub not_stored: Option<String>,
}

/// The file in a run's folder that holds its answers on a split: on the test pictures, what the
/// training itself wrote.
fn stored_file(split: Split) -> &'static str {
    match split {
        Split::Train => "predictions_train.csv",
        Split::Validation => "predictions_validation.csv",
        Split::Test => files::PREDICTIONS,
    }
}

/// Answers on a split as they stand in the run's folder. `None` where they have not been worked out,
/// or belong to other weights or pictures.
///
/// # Errors
/// When a file is there and can't be read.
pub fn stored(folder: &Path, split: Split) -> Result<Option<Predictions>, RunError> {
    let members = of_split(members::read(folder)?, split);
    stored_for(folder, split, &members)
}

fn stored_for(
    folder: &Path,
    split: Split,
    members: &[Member],
) -> Result<Option<Predictions>, RunError> {
    let path = folder.join(stored_file(split));
    let Ok(written) = fs::metadata(&path).and_then(|metadata| metadata.modified()) else {
        return Ok(None);
    };
    // The trainer writes weights first; later ones make the answers those of another network.
    let weights = fs::metadata(folder.join(files::WEIGHTS)).and_then(|data| data.modified());
    if split != Split::Test && weights.is_ok_and(|weights| weights > written) {
        return Ok(None);
    }
    let predictions = files::parse_predictions(&files::read(&path)?, &path)?;
    let is_whole = predictions.rows.len() == members.len()
        && std::iter::zip(&predictions.rows, members).all(|(row, member)| {
            row.file == member.file
                && predictions.classes.get(row.truth as usize) == Some(&member.class)
        });
    Ok(is_whole.then_some(predictions))
}

/// The network of a finished run on one of its splits, from its folder if the answers stand there.
/// `progress` hears how many pictures are done, and of how many.
///
/// # Errors
/// [`RunError::Stopped`] within one batch of the stop flag, [`RunError::Locked`] while the run still
/// trains, or what is missing: the weights, the pictures, the memory.
pub fn evaluate_run(
    request: &EvaluateRequest,
    progress: &mut dyn FnMut(usize, usize),
    stop: &StopFlag,
) -> Result<EvaluatedRun, RunError> {
    let folder = request.folder.as_path();
    let run = store::open(folder)?;
    if recorder::is_locked(folder) && run.summary.state == super::RunState::Running {
        return Err(RunError::Locked(folder.to_path_buf()));
    }
    let members = match request.pictures {
        Pictures::Of(split) => of_split(members::read(folder)?, split),
        Pictures::All => Vec::new(),
    };
    if let (Pictures::Of(split), None) = (request.pictures, &request.data) {
        if members.is_empty() {
            return Err(files::problem(
                folder,
                format!("the run has no {} pictures", split.name()),
            ));
        }
        if let Some(predictions) = stored_for(folder, split, &members)? {
            progress(members.len(), members.len());
            return Ok(EvaluatedRun {
                predictions,
                problems: Vec::new(),
                changed: Vec::new(),
                is_stored: true,
                not_stored: None,
            });
        }
    }
    let mut experiment = store::experiment(folder)?;
    if let Some(path) = &request.data {
        experiment.data.source = source_at(&experiment.data.source, path)?;
    }
    // Before the pictures are looked for in vain.
    let classifier = open_classifier(folder, request.device)?;
    let found = find(&experiment, &run.summary, request.pictures, &members, stop)?;
    let indices: Vec<usize> = (0..found.dataset.pictures.len()).collect();
    let evaluated = classifier.evaluate(&found.dataset, &indices, progress, stop)?;
    let mut problems = found.problems;
    problems.extend(evaluated.problems);
    if evaluated.predictions.rows.is_empty() {
        return Err(nothing_left(&experiment, &problems));
    }
    let mut result = EvaluatedRun {
        predictions: evaluated.predictions,
        problems,
        changed: found.changed,
        is_stored: false,
        not_stored: None,
    };
    if let (Pictures::Of(split), None) = (request.pictures, &request.data)
        // What is incomplete, or may be of other pictures, is worked out again next time.
        && result.problems.is_empty()
        && result.changed.is_empty()
        // What the training itself wrote stays.
        && !(split == Split::Test && folder.join(stored_file(split)).exists())
    {
        result.not_stored = keep(folder, split, &result.predictions)
            .err()
            .map(|error| error.to_string());
    }
    Ok(result)
}

/// The network of a run with the weights that it kept.
///
/// # Errors
/// When the run kept none, or they do not fit.
pub fn open_classifier(folder: &Path, device: Device) -> Result<Classifier, RunError> {
    let run = store::open(folder)?;
    let weights = folder.join(files::WEIGHTS);
    if !ordinary_file::is_there(&weights) {
        return Err(files::problem(
            folder,
            format!(
                "the run kept no {}: it ended before its first epoch did",
                files::WEIGHTS
            ),
        ));
    }
    files::check(&weights)?;
    let experiment = store::experiment(folder)?;
    let classes = &run.summary.classes;
    Ok(Classifier::open(&experiment, classes, &weights, device)?)
}

pub(super) fn of_split(members: Vec<Member>, split: Split) -> Vec<Member> {
    members
        .into_iter()
        .filter(|member| member.split == split)
        .collect()
}

/// Writes answers into the run's folder, as its only writer for that moment.
fn keep(folder: &Path, split: Split, predictions: &Predictions) -> Result<(), RunError> {
    let _lock = recorder::lock(folder)?;
    let path = folder.join(stored_file(split));
    atomic::write(&path, &files::predictions(predictions)?)
        .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
}

/// The pictures of a run where they stand now.
pub(super) struct Found {
    /// With the run's classes.
    pub dataset: Dataset,
    problems: Vec<Problem>,
    changed: Vec<PathBuf>,
}

/// Looks the wanted pictures up by their names, without opening them.
pub(super) fn find(
    experiment: &Experiment,
    summary: &RunSummary,
    pictures: Pictures,
    members: &[Member],
    stop: &StopFlag,
) -> Result<Found, RunError> {
    let mut config = experiment.data.clone();
    if pictures == Pictures::All {
        // Other pictures need not have every class.
        config.classes.clear();
    }
    let listed = scan::list(&config, None, stop)?;
    let mut found = Found {
        dataset: Dataset {
            classes: summary.classes.clone(),
            ..Dataset::default()
        },
        problems: Vec::new(),
        changed: Vec::new(),
    };
    let label_of: HashMap<&str, u32> = summary
        .classes
        .iter()
        .map(String::as_str)
        .zip(0..)
        .collect();
    match pictures {
        Pictures::All => found.take_all(listed, &label_of),
        Pictures::Of(_) => found.take_members(listed, &label_of, members, root(experiment)),
    }
    if found.dataset.pictures.is_empty() {
        return Err(nothing_left(experiment, &found.problems));
    }
    // The start is known to the second.
    let began = UNIX_EPOCH + Duration::from_secs(summary.started.saturating_add(1));
    for picture in &found.dataset.pictures {
        let path = picture.source.path();
        if pictures != Pictures::All
            && modified(path).is_some_and(|modified| modified > began)
            && found.changed.last().is_none_or(|last| last != path)
        {
            found.changed.push(path.to_path_buf());
        }
    }
    Ok(found)
}

impl Found {
    fn take_all(&mut self, listed: Dataset, label_of: &HashMap<&str, u32>) {
        let mut unknown = vec![0usize; listed.classes.len()];
        for picture in listed.pictures {
            let class = &listed.classes[picture.label as usize];
            match label_of.get(class.as_str()) {
                Some(&label) => self.dataset.pictures.push(Picture { label, ..picture }),
                None => unknown[picture.label as usize] += 1,
            }
        }
        for (class, count) in listed.classes.iter().zip(unknown) {
            if count > 0 {
                self.problems.push(Problem {
                    path: PathBuf::from(class),
                    reason: format!("the run does not know this class: {count} left out"),
                });
            }
        }
        self.problems.extend(listed.problems);
    }

    fn take_members(
        &mut self,
        listed: Dataset,
        label_of: &HashMap<&str, u32>,
        members: &[Member],
        root: &Path,
    ) {
        let classes = listed.classes;
        let mut by_name: HashMap<String, Picture> = listed
            .pictures
            .into_iter()
            .map(|picture| (picture.name.clone(), picture))
            .collect();
        for member in members {
            let reason = match by_name.remove(&member.file) {
                None => {
                    "is not there any more: put it back, or say where the pictures are now".into()
                }
                Some(picture) if classes[picture.label as usize] != member.class => format!(
                    "is {} now, and was {} in the run",
                    classes[picture.label as usize], member.class
                ),
                Some(picture) => match label_of.get(member.class.as_str()) {
                    Some(&label) => {
                        self.dataset.pictures.push(Picture { label, ..picture });
                        continue;
                    }
                    None => format!("is {}, a class that the run does not have", member.class),
                },
            };
            self.problems.push(Problem {
                path: root.join(&member.file),
                reason,
            });
        }
    }
}

/// The folder that pictures' names are relative to, for messages.
fn root(experiment: &Experiment) -> &Path {
    match &experiment.data.source {
        DataSource::Unset => Path::new(""),
        DataSource::ClassFolders { path }
        | DataSource::SplitFolders { path }
        | DataSource::Cifar10 { path } => path,
        DataSource::Table { file, .. } => file.parent().unwrap_or(file),
    }
}

fn nothing_left(experiment: &Experiment, problems: &[Problem]) -> RunError {
    let example = problems.first().map_or_else(String::new, |problem| {
        format!(" ({}: {})", problem.reason, problem.path.display())
    });
    files::problem(
        root(experiment),
        format!("none of the pictures can be used{example}; say where they are now"),
    )
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The same kind of source at another place: a table keeps its columns and its threshold.
fn source_at(source: &DataSource, path: &Path) -> Result<DataSource, DataError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    if let DataSource::Table { file, .. } = source {
        let moved = if path.is_file() {
            path.clone()
        } else {
            path.join(file.file_name().unwrap_or_default())
        };
        if moved.is_file() {
            let mut source = source.clone();
            if let DataSource::Table { file, .. } = &mut source {
                *file = moved;
            }
            return Ok(source);
        }
    }
    scan::recognise(&path)
}

impl From<TrainingError> for RunError {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Stopped | TrainingError::Data(DataError::Stopped) => Self::Stopped,
            error => Self::Training(error),
        }
    }
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        TrainingError::from(error).into()
    }
}
