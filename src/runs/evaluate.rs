//! A finished run's network on any of its splits. What was worked out is kept in the run's folder
//! (`predictions_train.csv` and the like) and read back the next time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tch::Device;

use super::answers::{self, Validity};
use super::digests::{self, Digests};
use super::members::{self, Member};
use super::{RunError, RunSummary, StoredRun, files, precision, recorder, store};
use crate::data::{DataError, Dataset, Picture, Problem, Split, StopFlag, scan};
use crate::evaluation::Predictions;
use crate::experiment::{DataSource, Experiment, Precision};
use crate::training::inference::Classifier;
use crate::training::{FrozenPrecision, TrainingError};
use crate::{format, ordinary_file};

/// Classes that a message names.
const CLASSES_SHOWN: usize = 10;

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluateRequest {
    /// The run's folder.
    pub folder: PathBuf,
    pub pictures: Pictures,
    /// Where the pictures stand now, if not where they were: a folder or a table.
    pub data: Option<PathBuf>,
    pub device: Device,
    /// Training and validation pictures are seen as the test pictures are, flipped where the experiment says so. Otherwise
    /// they are seen once, as while the run was validated, so that the numbers are those of `metrics.csv`.
    pub as_tested: bool,
    /// What frozen layers shall compute in: the run's own numbers, where this device has units for them, unless something
    /// else is asked for.
    pub precision: Precision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// Those that the run used for this.
    Of(Split),
    /// Every picture of `data` whose class the run knows, used by the run or not.
    All,
}

/// A network's answers on a split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluatedRun {
    pub predictions: Predictions,
    /// Pictures that are not in the predictions, with the reason.
    pub problems: Vec<Problem>,
    /// Pictures in the predictions that hold something else than when the run began; of a run that does not know what they
    /// held, those that were written after it began.
    pub changed: Vec<PathBuf>,
    /// Whether they were read from the run's folder instead of being worked out.
    pub is_stored: bool,
    /// Why they could not be stored in the run's folder, if they should have been.
    pub not_stored: Option<String>,
    /// Pictures of another place that the run learned from, and those that chose its best epoch.
    pub trained_on: usize,
    pub validated_on: usize,
    /// In how many views each picture was seen.
    pub views: u32,
    /// What was assumed, or is not as a person would expect it, in whole sentences.
    pub remarks: Vec<String>,
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
    if !folder.join(stored_file(split)).is_file() {
        return Ok(None);
    }
    let members = of_split(members::read(folder)?, split);
    let views = views(folder, Pictures::Of(split), false)?;
    Ok(stored_for(folder, split, &members, views)?.map(|(predictions, _)| predictions))
}

/// The same, as long as these answers were seen as the test pictures are: what is fitted on them holds for those.
///
/// # Errors
/// When a file is there and can't be read.
pub fn stored_as_tested(folder: &Path, split: Split) -> Result<Option<Predictions>, RunError> {
    match views(folder, Pictures::Of(split), false)? == store::test_views(folder)? {
        true => stored(folder, split),
        false => Ok(None),
    }
}

/// In how many views pictures are seen.
fn views(folder: &Path, pictures: Pictures, as_tested: bool) -> Result<u32, RunError> {
    match pictures {
        Pictures::Of(Split::Train | Split::Validation) if !as_tested => Ok(1),
        _ => store::test_views(folder),
    }
}

fn stored_for(
    folder: &Path,
    split: Split,
    members: &[Member],
    views: u32,
) -> Result<Option<(Predictions, Validity)>, RunError> {
    let validity = answers::validity(folder, stored_file(split), views)?;
    if validity == Validity::Stale {
        return Ok(None);
    }
    let path = folder.join(stored_file(split));
    let predictions = files::parse_predictions(&files::read(&path)?, &path)?;
    let is_whole = predictions.rows.len() == members.len()
        && std::iter::zip(&predictions.rows, members).all(|(row, member)| {
            row.file == member.file
                && predictions.classes.get(row.truth as usize) == Some(&member.class)
        });
    Ok(is_whole.then_some((predictions, validity)))
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
    let all_members = members::read(folder)?;
    let members = match request.pictures {
        Pictures::Of(split) => of_split(all_members.clone(), split),
        Pictures::All => Vec::new(),
    };
    let own_split = match (request.pictures, &request.data) {
        (Pictures::Of(split), None) => Some(split),
        _ => None,
    };
    let views = views(folder, request.pictures, request.as_tested)?;
    let mut remarks: Vec<String> = run.shortfall().into_iter().collect();
    let mut own = None;
    if let Some(split) = own_split {
        if members.is_empty() {
            return Err(files::problem(
                folder,
                format!("the run has no {} pictures", split.name()),
            ));
        }
        own = stored_for(folder, split, &members, views)?;
        if own.is_none() && folder.join(stored_file(split)).is_file() {
            remarks.push(format!(
                "The answers on the {} pictures in the run's folder are not of its present weights and pictures: they are \
                 worked out anew.",
                split.name()
            ));
        }
    }
    let work = Work {
        request,
        run: &run,
        all_members: &all_members,
        members: &members,
        own_split,
        views,
    };
    let (Some(split), Some((predictions, validity))) = (own_split, own) else {
        return work.compute(None, remarks, progress, stop);
    };
    let kept = precision::of_stored(&run, stored_file(split));
    let wanted = precision::using(&run, request.precision).on(request.device);
    if kept != wanted {
        let stored = Stored {
            split,
            predictions: &predictions,
            precision: kept,
        };
        // Asked for, other numbers are computed.
        if request.precision != Precision::Auto {
            return work.compute(Some(stored), remarks, progress, stop);
        }
        match work.in_other_numbers(stored, wanted, &remarks, progress, stop)? {
            ControlFlow::Break(computed) => return Ok(computed),
            ControlFlow::Continue(remark) => remarks.push(remark),
        }
    }
    progress(members.len(), members.len());
    if validity == Validity::Assumed {
        remarks.push(format!(
            "These answers on the {} pictures come from a version of Graft that did not say which weights gave them; \
             going by the dates of the files, they are taken for those of the run's weights.",
            split.name()
        ));
    }
    let now = changed_since(folder, &run.summary, split, &members, stop)?;
    if !now.changed.is_empty() {
        remarks.push("The answers that are shown are on what those pictures held then.".to_owned());
    }
    remarks.extend(now.missing_text());
    Ok(EvaluatedRun {
        predictions,
        changed: now.changed,
        is_stored: true,
        views,
        remarks,
        ..EvaluatedRun::default()
    })
}

/// Answers that must be worked out.
struct Work<'a> {
    request: &'a EvaluateRequest,
    run: &'a StoredRun,
    all_members: &'a [Member],
    /// The wanted ones.
    members: &'a [Member],
    /// Whose answers belong into the run's folder.
    own_split: Option<Split>,
    views: u32,
}

/// The folder's answers to the same question, in other numbers.
#[derive(Clone, Copy)]
struct Stored<'a> {
    split: Split,
    predictions: &'a Predictions,
    precision: FrozenPrecision,
}

impl Work<'_> {
    /// How many of the `stored` answers are others in what this device computes in: what is known of that, else the answers
    /// themselves, which say it; where not all of them can be had, that.
    fn in_other_numbers(
        &self,
        stored: Stored<'_>,
        here: FrozenPrecision,
        remarks: &[String],
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<ControlFlow<EvaluatedRun, String>, RunError> {
        let (kept, now) = (stored.precision.name(), here.name());
        let file = stored_file(stored.split);
        if let Some(count) = answers::differing(&self.request.folder, file, here) {
            let pictures = stored.predictions.rows.len();
            let remark = precision::remark(count, pictures, here, stored.precision);
            return Ok(ControlFlow::Continue(remark));
        }
        match self.compute(Some(stored), remarks.to_vec(), progress, stop) {
            Err(RunError::Stopped) => Err(RunError::Stopped),
            Err(error) => Ok(ControlFlow::Continue(format!(
                "These answers were computed in {kept}, this device computes in {now}, and how many that changes could not be worked out ({error})."
            ))),
            Ok(computed) if !computed.problems.is_empty() || !computed.changed.is_empty() => {
                Ok(ControlFlow::Continue(format!(
                    "These answers were computed in {kept}; this device computes in {now}, and not all of the pictures are there to tell how many that changes."
                )))
            }
            Ok(computed) => Ok(ControlFlow::Break(computed)),
        }
    }

    fn compute(
        &self,
        stored: Option<Stored<'_>>,
        mut remarks: Vec<String>,
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<EvaluatedRun, RunError> {
        let Self {
            request,
            run,
            own_split,
            ..
        } = *self;
        let folder = request.folder.as_path();
        let mut experiment = store::experiment(folder)?;
        if let Some(path) = &request.data {
            experiment.data.source = source_at(&experiment.data.source, path)?;
        }
        // Before the pictures are looked for in vain.
        let checkpoint = answers::checkpoint(folder)?;
        let opened = open_classifier_in(run, request.device, request.precision)?;
        let classifier = match self.views {
            1 => opened.seeing_once(),
            _ => opened,
        };
        let digests = Digests::read(folder);
        let found = find(
            &experiment,
            &run.summary,
            request.pictures,
            self.members,
            digests.as_ref(),
            stop,
        )?;
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
            views: classifier.views(),
            ..EvaluatedRun::default()
        };
        if request.pictures == Pictures::All {
            let all = self.all_members;
            let seen = Seen::of(folder, digests.as_ref(), all, &found.dataset, stop)?;
            (result.trained_on, result.validated_on) = (seen.trained, seen.validated);
        }
        let used = classifier.precision();
        // What is incomplete, or may be of other pictures, is worked out again next time.
        let is_whole = result.problems.is_empty() && result.changed.is_empty();
        match stored {
            Some(Stored {
                split,
                predictions,
                precision: kept,
            }) => {
                let file = stored_file(split);
                // Those that another device kept give way to the run's own without a word.
                if used != run.summary.own_precision()
                    && let Some(count) = precision::count(predictions, &result.predictions)
                {
                    remarks.push(precision::remark(count, predictions.rows.len(), used, kept));
                    if is_whole {
                        precision::keep_count(folder, file, used, count, checkpoint.as_deref());
                    }
                }
            }
            None => remarks.extend(precision::remark_elsewhere(run, used)),
        }
        let is_own = used == run.summary.own_precision();
        if let Some(split) = own_split
            && is_whole
            && (stored.is_none() || is_own)
            // Seen otherwise, they are no answer to the usual question.
            && !request.as_tested
        {
            result.not_stored = keep(folder, split, &result, checkpoint, used)
                .err()
                .map(|error| error.to_string());
        }
        result.remarks = remarks;
        Ok(result)
    }
}

/// Pictures that are not what they were.
#[derive(Debug, Default)]
struct Since {
    changed: Vec<PathBuf>,
    missing: Vec<Problem>,
    /// Why none of them could be looked at.
    obstacle: Option<String>,
}

impl Since {
    fn missing_text(&self) -> Option<String> {
        let what = match (&self.obstacle, self.missing.first()) {
            (Some(obstacle), _) => format!("The pictures can't be looked at any more ({obstacle})"),
            (None, Some(first)) => format!(
                "{} not as the run had them ({} {})",
                format::count(
                    self.missing.len(),
                    "of these pictures is",
                    "of these pictures are"
                ),
                first.path.display(),
                first.reason
            ),
            (None, None) => return None,
        };
        Some(format!(
            "{what}: the answers that are shown are from when they were."
        ))
    }
}

/// What became of a split's pictures, as far as the run knows what they held.
fn changed_since(
    folder: &Path,
    summary: &RunSummary,
    split: Split,
    members: &[Member],
    stop: &StopFlag,
) -> Result<Since, RunError> {
    let Some(digests) = Digests::read(folder) else {
        return Ok(Since::default());
    };
    let experiment = store::experiment(folder)?;
    let pictures = Pictures::Of(split);
    match find(
        &experiment,
        summary,
        pictures,
        members,
        Some(&digests),
        stop,
    ) {
        Ok(found) => Ok(Since {
            changed: found.changed,
            missing: found.problems,
            obstacle: None,
        }),
        Err(RunError::Stopped) => Err(RunError::Stopped),
        // All of them were moved or removed, which takes nothing away from answers that are there.
        Err(error) => Ok(Since {
            obstacle: Some(error.to_string()),
            ..Since::default()
        }),
    }
}

/// Pictures of another place that a run knows.
struct Seen {
    trained: usize,
    validated: usize,
}

impl Seen {
    fn of(
        folder: &Path,
        digests: Option<&Digests>,
        members: &[Member],
        dataset: &Dataset,
        stop: &StopFlag,
    ) -> Result<Self, RunError> {
        if let Some(digests) = digests {
            let indices: Vec<usize> = (0..dataset.pictures.len()).collect();
            let contents = digests::contents(dataset, &indices, stop)?;
            let seen = |split| digests.seen(members, split, dataset, &contents);
            return Ok(Self {
                trained: seen(Split::Train),
                validated: seen(Split::Validation),
            });
        }
        // A run that does not know what its pictures held knows at least where they stood.
        let experiment = store::experiment(folder)?;
        let root = root(&experiment).to_path_buf();
        let seen = |split| {
            let files: HashSet<PathBuf> = members
                .iter()
                .filter(|member| member.split == split)
                .map(|member| absolute(&root.join(&member.file)))
                .collect();
            let is_one = |path: &Path| files.contains(&absolute(path));
            let pictures = dataset.pictures.iter();
            pictures
                .filter(|picture| is_one(picture.source.path()))
                .count()
        };
        Ok(Self {
            trained: seen(Split::Train),
            validated: seen(Split::Validation),
        })
    }
}

/// The same for a file whatever way leads to it.
fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The network of a run with the weights that it kept.
///
/// # Errors
/// When the run kept none, or they do not fit.
pub fn open_classifier(folder: &Path, device: Device) -> Result<Classifier, RunError> {
    open_classifier_in(&store::open(folder)?, device, Precision::Auto)
}

/// The same, whose frozen layers compute in what is asked for.
fn open_classifier_in(
    run: &StoredRun,
    device: Device,
    asked: Precision,
) -> Result<Classifier, RunError> {
    let folder = run.folder.as_path();
    let weights = folder.join(files::WEIGHTS);
    if !ordinary_file::is_there(&weights) {
        return Err(files::problem(
            folder,
            format!("has no {}: {}", files::WEIGHTS, why_no_weights(run)),
        ));
    }
    files::check(&weights)?;
    let experiment = store::experiment(folder)?;
    let classes = &run.summary.classes;
    let using = precision::using(run, asked);
    Ok(Classifier::open(
        &experiment,
        classes,
        &weights,
        device,
        using,
    )?)
}

fn why_no_weights(run: &StoredRun) -> String {
    let epochs = format::count(run.metrics.len(), "epoch", "epochs");
    let (finished, can_resume) = (run.metrics.len(), run.summary.can_resume);
    match (&run.summary.state, finished, can_resume) {
        (super::RunState::Finished, ..) => "they were removed".to_owned(),
        (super::RunState::Running, ..) => format!(
            "it is being trained now, {epochs} so far, and writes its weights for the first time after about 20 seconds"
        ),
        (_, 0, false) => "the run was interrupted before its first epoch was saved".to_owned(),
        (_, _, true) => format!(
            "the run was interrupted after {epochs}, before they were written; it goes on with graft run --resume"
        ),
        (_, _, false) => {
            format!("the run was interrupted after {epochs}, before they were written")
        }
    }
}

pub(super) fn of_split(members: Vec<Member>, split: Split) -> Vec<Member> {
    members
        .into_iter()
        .filter(|member| member.split == split)
        .collect()
}

/// Writes answers into the run's folder, as its only writer for that moment. `checkpoint`: the weights that gave them.
fn keep(
    folder: &Path,
    split: Split,
    result: &EvaluatedRun,
    checkpoint: Option<String>,
    precision: FrozenPrecision,
) -> Result<(), RunError> {
    let _lock = recorder::lock(folder)?;
    let Some(checkpoint) = checkpoint.filter(|one| {
        answers::checkpoint(folder).is_ok_and(|now| now.as_deref() == Some(one.as_str()))
    }) else {
        return Err(files::problem(
            &folder.join(files::WEIGHTS),
            "the weights were changed meanwhile",
        ));
    };
    let bytes = files::predictions(&result.predictions)?;
    let of = answers::Of {
        checkpoint: &checkpoint,
        views: result.views,
        precision,
    };
    answers::keep(folder, stored_file(split), &bytes, of)
}

/// The pictures of a run where they stand now.
pub(super) struct Found {
    /// With the run's classes.
    pub dataset: Dataset,
    problems: Vec<Problem>,
    pub changed: Vec<PathBuf>,
}

/// Looks the wanted pictures up by their names, without decoding them. `digests`: what the run's pictures held, where that
/// is known.
pub(super) fn find(
    experiment: &Experiment,
    summary: &RunSummary,
    pictures: Pictures,
    members: &[Member],
    digests: Option<&Digests>,
    stop: &StopFlag,
) -> Result<Found, RunError> {
    let mut config = experiment.data.clone();
    if pictures == Pictures::All {
        // Other pictures need not have every class.
        config.classes.clear();
        // Nor the column that kept pictures together in the split.
        config.split.group = None;
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
    let mut unknown = Vec::new();
    match pictures {
        Pictures::All => unknown = found.take_all(listed, &label_of),
        Pictures::Of(_) => found.take_members(listed, &label_of, members, root(experiment)),
    }
    if found.dataset.pictures.is_empty() {
        return Err(match unknown.is_empty() {
            true => nothing_left(experiment, &found.problems),
            false => no_known_class(experiment, &found.dataset.classes, &unknown),
        });
    }
    if pictures != Pictures::All {
        found.changed = match digests {
            Some(digests) => found.changed_by_digest(digests, stop)?,
            None => found.changed_by_date(summary),
        };
    }
    Ok(found)
}

impl Found {
    fn changed_by_digest(
        &self,
        digests: &Digests,
        stop: &StopFlag,
    ) -> Result<Vec<PathBuf>, RunError> {
        let pictures = &self.dataset.pictures;
        let indices: Vec<usize> = (0..pictures.len()).collect();
        let contents = digests::contents(&self.dataset, &indices, stop)?;
        let mut changed: Vec<PathBuf> = Vec::new();
        for (picture, now) in pictures.iter().zip(contents) {
            let was = digests.pictures.get(&digests::key(picture));
            let path = picture.source.path();
            if was.is_some_and(|was| now.is_some_and(|now| *was != now))
                && changed.last().is_none_or(|last| last != path)
            {
                changed.push(path.to_path_buf());
            }
        }
        Ok(changed)
    }

    /// As far as the dates of the files tell.
    fn changed_by_date(&self, summary: &RunSummary) -> Vec<PathBuf> {
        // The start is known to the second.
        let began = Duration::from_secs(summary.started.saturating_add(1));
        let Some(began) = UNIX_EPOCH.checked_add(began) else {
            return Vec::new();
        };
        let mut changed: Vec<PathBuf> = Vec::new();
        for picture in &self.dataset.pictures {
            let path = picture.source.path();
            if modified(path).is_some_and(|modified| modified > began)
                && changed.last().is_none_or(|last| last != path)
            {
                changed.push(path.to_path_buf());
            }
        }
        changed
    }

    /// Gives the classes that the run does not know, with how many pictures they have.
    fn take_all(&mut self, listed: Dataset, label_of: &HashMap<&str, u32>) -> Vec<(String, usize)> {
        let mut unknown = vec![0usize; listed.classes.len()];
        for picture in listed.pictures {
            let class = &listed.classes[picture.label as usize];
            match label_of.get(class.as_str()) {
                Some(&label) => self.dataset.pictures.push(Picture { label, ..picture }),
                None => unknown[picture.label as usize] += 1,
            }
        }
        let unknown: Vec<(String, usize)> = std::iter::zip(listed.classes, unknown)
            .filter(|(_, count)| *count > 0)
            .collect();
        for (class, count) in &unknown {
            self.problems.push(Problem {
                path: PathBuf::from(class),
                reason: format!("the run does not know this class: {count} left out"),
            });
        }
        self.problems.extend(listed.problems);
        unknown
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
        DataSource::Table { file, .. } => file.parent().unwrap_or(file),
        other => other.path().unwrap_or(Path::new("")),
    }
}

fn nothing_left(experiment: &Experiment, problems: &[Problem]) -> RunError {
    let example = problems.first().map_or_else(String::new, |problem| {
        format!(" ({}: {})", problem.reason, problem.path.display())
    });
    files::problem(
        root(experiment),
        format!("none of the pictures can be used{example}"),
    )
}

/// Pictures of other classes only.
fn no_known_class(
    experiment: &Experiment,
    classes: &[String],
    unknown: &[(String, usize)],
) -> RunError {
    let shown: Vec<String> = unknown
        .iter()
        .take(CLASSES_SHOWN)
        .map(|(class, count)| format!("{class} ({count})"))
        .collect();
    let more = match unknown.len().saturating_sub(CLASSES_SHOWN) {
        0 => String::new(),
        more => format!(" and {}", format::count(more, "other", "others")),
    };
    let mut known = classes
        .iter()
        .take(CLASSES_SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if classes.len() > CLASSES_SHOWN {
        known += ", …";
    }
    files::problem(
        root(experiment),
        format!(
            "none of the pictures is of a class that the run knows: it knows {known}, and these are of {}{more}. If they are \
             the same by other names, give their folders or labels the run's names",
            shown.join(", ")
        ),
    )
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The same kind of source at another place: a table keeps its columns and its threshold.
pub fn source_at(source: &DataSource, path: &Path) -> Result<DataSource, DataError> {
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
    let mut found = scan::recognise(&path)?;
    if let (DataSource::Cifar100 { labels, .. }, DataSource::Cifar100 { labels: own, .. }) =
        (&mut found, source)
    {
        *labels = *own;
    }
    Ok(found)
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
