//! A folder of runs, looked at again and again: what has not changed since the last time is not read again.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::annotations::{self, Annotations};
use super::names::{self, Nameable};
use super::numbers::{self, Numbered};
use super::short_settings::{Setting, settings_of};
use super::{RunSummary, cross_validation, files, find, folder, store};

/// What other files of a run's folder say than its summary.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listed {
    pub folder: PathBuf,
    pub annotations: Annotations,
    /// Why what a person said of it can't be read; it is then not written either.
    pub problem: Option<String>,
    /// Nothing where the preset can't be read.
    pub settings: Arc<Vec<Setting>>,
    /// The folder or the table of its pictures, as the preset names it.
    pub pictures: Option<PathBuf>,
    /// Of a cross-validation, the network that was trained on all folds, once it has come to its end.
    pub refit: Option<PathBuf>,
    /// What all its files take on disk.
    pub bytes: u64,
}

/// Runs as they were listed last.
#[derive(Debug, Default)]
pub struct Listing {
    known: HashMap<PathBuf, (Stamp, RunSummary)>,
}

/// What changes when a run's files change.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    files: [Option<(SystemTime, u64)>; 7],
    is_locked: bool,
}

impl Stamp {
    fn of(folder: &Path) -> Self {
        let refit = cross_validation::fold_folder(Path::new(""), 0).join(files::SUMMARY);
        let names: [&Path; 7] = [
            &refit,
            files::SUMMARY.as_ref(),
            annotations::FILE.as_ref(),
            files::PRESET.as_ref(),
            files::METRICS.as_ref(),
            files::PREDICTIONS.as_ref(),
            files::RESUME.as_ref(),
        ];
        Self {
            files: names.map(|name| {
                let data = fs::symlink_metadata(folder.join(name)).ok()?;
                Some((data.modified().ok()?, data.len()))
            }),
            is_locked: folder::is_locked(folder),
        }
    }
}

impl Listing {
    /// Every run in `runs`, and those that `others` are or hold, newest first. A folder that can't be read is listed as failed, with
    /// the reason; a folder without a summary is no run. Runs in `runs` that have no number get one, the oldest first.
    pub fn list(&mut self, runs: &Path, others: &[PathBuf]) -> Vec<RunSummary> {
        let own = folders(runs);
        let mut known = HashMap::new();
        let mut read = |folder: PathBuf, before: &mut HashMap<PathBuf, (Stamp, RunSummary)>| {
            let stamp = Stamp::of(&folder);
            let summary = match before.remove(&folder) {
                Some((then, summary)) if then == stamp => summary,
                _ => read(&folder),
            };
            known.insert(folder, (stamp, summary.clone()));
            summary
        };
        let before = &mut self.known;
        let mut summaries: Vec<RunSummary> =
            own.into_iter().map(|folder| read(folder, before)).collect();
        let mut numbered: Vec<Numbered<'_>> = summaries
            .iter_mut()
            .map(|summary| Numbered {
                folder: summary.listed.folder.clone(),
                started: summary.started,
                annotations: (summary.listed.problem.is_none())
                    .then_some(&mut summary.listed.annotations),
            })
            .collect();
        numbers::number_all(runs, &mut numbered);
        let elsewhere: BTreeSet<PathBuf> = others
            .iter()
            .flat_map(|other| find::runs_in(other))
            .collect();
        for folder in elsewhere {
            if folder.parent() != Some(runs) {
                summaries.push(read(folder, before));
            }
        }
        self.known = known;
        store::newest_first(&mut summaries);
        summaries
    }
}

/// The folders of runs in `runs`, in no order.
pub(super) fn folders(runs: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|folder| folder.join(files::SUMMARY).is_file())
        .collect()
}

/// A name for each of these runs, the newest first, no two alike: see [`names`].
pub fn names_of(summaries: &[RunSummary]) -> Vec<String> {
    // Of runs that nothing tells apart, the later one says that it is another.
    let oldest_first: Vec<Nameable<'_>> = summaries.iter().rev().map(nameable).collect();
    let mut names = names::names(&oldest_first);
    names.reverse();
    names
}

fn nameable(summary: &RunSummary) -> Nameable<'_> {
    let listed = &summary.listed;
    Nameable {
        number: listed.annotations.number,
        given: listed.annotations.name.as_deref(),
        experiment: &summary.experiment,
        seed: summary.seed,
        started: summary.started,
        settings: &listed.settings,
    }
}

/// The names that these runs have among all runs of the folders that they stand in, as the window lists them.
pub fn names_among_all(folders: &[PathBuf]) -> Vec<String> {
    let mut parents: Vec<PathBuf> = Vec::new();
    let absolute: Vec<PathBuf> = folders
        .iter()
        .map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.clone()))
        .collect();
    for parent in absolute.iter().filter_map(|folder| folder.parent()) {
        if !parents.iter().any(|known| known == parent) {
            parents.push(parent.to_path_buf());
        }
    }
    let mut all: Vec<RunSummary> = Vec::new();
    for parent in &parents {
        all.extend(self::folders(parent).iter().map(|folder| described(folder)));
    }
    store::newest_first(&mut all);
    let names = names_of(&all);
    absolute
        .iter()
        .map(|folder| {
            let found = all.iter().position(|run| run.listed.folder == *folder);
            found.map_or_else(
                || folder.display().to_string(),
                |index| names[index].clone(),
            )
        })
        .collect()
}

/// All that a list says of the run in `folder`.
fn read(folder: &Path) -> RunSummary {
    let mut summary = described(folder);
    store::add_rightness(folder, &mut summary);
    summary.listed.bytes = bytes_of(folder);
    summary
}

/// The same without what takes time.
fn described(folder: &Path) -> RunSummary {
    let mut summary = store::summary_or_reason(folder);
    let (annotations, problem) = match annotations::read(folder) {
        Ok(annotations) => (annotations, None),
        Err(error) => (Annotations::default(), Some(error.to_string())),
    };
    let experiment = store::experiment(folder).ok();
    summary.listed = Listed {
        folder: folder.to_path_buf(),
        annotations,
        problem,
        settings: Arc::new(experiment.as_ref().map(settings_of).unwrap_or_default()),
        pictures: experiment
            .and_then(|experiment| experiment.data.source.path().map(Path::to_path_buf)),
        refit: cross_validation::refitted(folder),
        bytes: 0,
    };
    summary
}

/// What the files in `folder` and below take on disk; links are not followed.
pub fn bytes_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes_of(&entry.path()),
            Ok(data) if data.is_file() => data.len(),
            _ => 0,
        })
        .sum()
}
