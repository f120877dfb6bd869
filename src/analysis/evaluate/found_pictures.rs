//! The pictures of a run, or others, where they stand now.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Pictures;
use crate::data::{DataError, Dataset, Picture, Problem, StopFlag, scan};
use crate::experiment::{DataSource, Experiment};
use crate::format;
use crate::runs::digests::{self, Digests};
use crate::runs::members::Member;
use crate::runs::{RunError, RunSummary, files};

/// Classes that a message names.
const CLASSES_SHOWN: usize = 10;

/// The pictures of a run where they stand now.
pub(in crate::analysis) struct FoundPictures {
    /// With the run's classes.
    pub dataset: Dataset,
    pub problems: Vec<Problem>,
    pub changed: Vec<PathBuf>,
}

/// Looks the wanted pictures up by their names, without decoding them. `digests`: what the run's pictures held, where that
/// is known.
///
/// # Errors
/// [`RunError::Stopped`], or when not one of the pictures is there.
pub(in crate::analysis) fn find(
    experiment: &Experiment,
    summary: &RunSummary,
    pictures: Pictures,
    members: &[Member],
    digests: Option<&Digests>,
    stop: &StopFlag,
) -> Result<FoundPictures, RunError> {
    let mut config = experiment.data.clone();
    if pictures == Pictures::All {
        // Other pictures need not have every class.
        config.classes.clear();
        // Nor the column that kept pictures together in the split.
        config.split.group = None;
        config.split.together.clear();
    }
    let listed = scan::list(&config, None, stop)?;
    let mut found = FoundPictures {
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

impl FoundPictures {
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
pub(super) fn root(experiment: &Experiment) -> &Path {
    match &experiment.data.source {
        DataSource::Table { file, .. } => file.parent().unwrap_or(file),
        other => other.path().unwrap_or(Path::new("")),
    }
}

pub(super) fn nothing_left(experiment: &Experiment, problems: &[Problem]) -> RunError {
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

/// The same kind of source at another path: a table keeps its columns and its threshold.
///
/// # Errors
/// When nothing there is a source of pictures.
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
