//! A run's predictions with the pictures that they are about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{evaluate, novelty, out_of_fold};
use crate::data::{PictureSource, Split, StopFlag, scan};
use crate::evaluation::gallery::Predicted;
use crate::evaluation::novelty::KnownNovelty;
use crate::experiment::DataSource;
use crate::paths;
use crate::runs::{RunError, files, members, store};

/// What a gallery shows of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPictures {
    pub folder: PathBuf,
    pub predicted: Predicted,
    /// Where each picture of [`Predicted::entries`] is; nothing for one that is not there any more.
    pub sources: Vec<Option<PictureSource>>,
    /// The data's root, with which runs and experiments on the same pictures agree.
    pub root: Option<PathBuf>,
    /// Why no picture is found, when none is.
    pub problem: Option<String>,
    /// How far the run's own pictures are from those that it learned from, where it knows that.
    pub novelty: Option<KnownNovelty>,
    /// Indices in [`Predicted::entries`] by file.
    index_by_file: HashMap<String, u32>,
}

impl RunPictures {
    pub fn new(folder: PathBuf, predicted: Predicted, sources: Vec<Option<PictureSource>>) -> Self {
        let index_by_file = (0u32..)
            .zip(&predicted.entries)
            .map(|(index, entry)| (predicted.file(entry).to_owned(), index))
            .collect();
        Self {
            folder,
            predicted,
            sources,
            root: None,
            problem: None,
            novelty: None,
            index_by_file,
        }
    }

    /// The index in [`Predicted::entries`] of the picture called `file`, when the run has answered it.
    pub fn position(&self, file: &str) -> Option<u32> {
        self.index_by_file.get(file).copied()
    }
}

/// Reads what a run predicted, and looks up where its pictures are without opening them.
///
/// # Errors
/// When the run has no predictions on any part of its split, or a file of it can't be read.
pub fn open(folder: &Path, stop: &StopFlag) -> Result<RunPictures, RunError> {
    let tested = store::predictions(folder);
    let mut parts = Vec::new();
    for split in [Split::Validation, Split::Train] {
        // What was never asked for, or is out of date, is simply not shown.
        if let Ok(Some(predictions)) = evaluate::stored(folder, split) {
            parts.push((split, predictions));
        }
    }
    match tested {
        Ok(tested) => parts.insert(0, (Split::Test, tested)),
        // The test may be withheld, or there may be none: what else was answered is shown all the same.
        Err(error) if parts.is_empty() || folder.join(files::PREDICTIONS).exists() => {
            return Err(error);
        }
        Err(_) => {}
    }
    with_sources(folder, Predicted::new(parts), stop)
}

/// Training pictures with the answers of networks that have not learned from them; `None` where they have not been
/// worked out.
///
/// # Errors
/// When a file of the run can't be read.
pub fn open_out_of_fold(folder: &Path, stop: &StopFlag) -> Result<Option<RunPictures>, RunError> {
    let Some(predictions) = out_of_fold::stored(folder)? else {
        return Ok(None);
    };
    let predicted = Predicted::new(vec![(Split::Train, predictions)]);
    with_sources(folder, predicted, stop).map(Some)
}

fn with_sources(
    folder: &Path,
    predicted: Predicted,
    stop: &StopFlag,
) -> Result<RunPictures, RunError> {
    let novelty = novelty::known(folder);
    let distance = |file: &str| novelty.as_ref()?.distance(file);
    let predicted = predicted.with_distances(distance);
    let experiment = store::experiment(folder)?;
    let listed = scan::sources(&experiment.data, Some(folder), stop);
    let (by_name, problem) = match listed {
        Ok(listed) => (listed, None),
        Err(error) => (HashMap::new(), Some(error.to_string())),
    };
    let sources = predicted
        .entries
        .iter()
        .map(|entry| by_name.get(predicted.file(entry)).cloned())
        .collect();
    Ok(RunPictures {
        root: root(&experiment.data.source, Some(folder)),
        problem,
        novelty,
        ..RunPictures::new(folder.to_path_buf(), predicted, sources)
    })
}

/// A picture that a run was given, and what its split says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitPicture {
    pub name: String,
    pub class: String,
    pub split: Split,
    pub source: PictureSource,
}

/// Every picture of a run's split that is still there.
///
/// # Errors
/// When the split can't be read, or no picture is found any more.
pub fn split_pictures(folder: &Path, stop: &StopFlag) -> Result<Vec<SplitPicture>, RunError> {
    let lines = members::read(folder)?;
    let experiment = store::experiment(folder)?;
    let mut by_name = scan::sources(&experiment.data, Some(folder), stop)
        .map_err(|error| files::problem(folder, error))?;
    Ok(lines
        .into_iter()
        .filter_map(|line| {
            Some(SplitPicture {
                source: by_name.remove(&line.file)?,
                name: line.file,
                class: line.class,
                split: line.split,
            })
        })
        .collect())
}

/// Where the pictures called `images` are: files, or, where there is no such file, pictures of a run's data by the names
/// that its split and its predictions have, such as the records of CIFAR's batches.
///
/// # Errors
/// Naming the first that is neither.
pub fn find_pictures(
    folder: &Path,
    images: &[PathBuf],
    stop: &StopFlag,
) -> Result<Vec<PictureSource>, RunError> {
    let mut by_name = HashMap::new();
    if images.iter().any(|image| !image.exists())
        && let Ok(experiment) = store::experiment(folder)
    {
        by_name = scan::sources(&experiment.data, Some(folder), stop).unwrap_or_default();
    }
    images
        .iter()
        .map(|image| {
            if image.exists() {
                return Ok(PictureSource::File(image.clone()));
            }
            let named = image.to_str().and_then(|name| by_name.get(name));
            named.cloned().ok_or_else(|| {
                files::problem(
                    image,
                    "there is no such file, and none of the run's pictures is called so",
                )
            })
        })
        .collect()
}

/// The folder or table that `source` names.
pub fn root(source: &DataSource, base: Option<&Path>) -> Option<PathBuf> {
    source.path().map(|path| paths::expand(path, base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Prediction, Predictions};
    use crate::experiment::{Experiment, preset};

    /// A run's folder with these predictions on class folders that hold `there`.
    fn run(folder: &Path, there: &[&str], predicted: &[&str]) -> PathBuf {
        let pictures = folder.join("pictures");
        for name in there {
            let path = pictures.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "never opened").unwrap();
        }
        let mut experiment = Experiment::default();
        experiment.data.source = DataSource::ClassFolders { path: pictures };
        let run = folder.join("run");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join(files::PRESET), preset::to_text(&experiment)).unwrap();
        let rows = predicted
            .iter()
            .map(|file| Prediction {
                file: (*file).into(),
                truth: 0,
                probabilities: vec![0.75, 0.25],
            })
            .collect();
        let predictions = Predictions {
            classes: vec!["cat".into(), "dog".into()],
            rows,
            ..Predictions::default()
        };
        std::fs::write(
            run.join(files::PREDICTIONS),
            files::predictions(&predictions).unwrap(),
        )
        .unwrap();
        run
    }

    #[test]
    fn every_prediction_finds_its_picture_or_says_that_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let there = ["cat/1.png", "cat/2.png", "dog/3.png"];
        let run = run(folder.path(), &there, &["cat/2.png", "cat/gone.png"]);
        let found = open(&run, &StopFlag::default()).unwrap();
        assert_eq!(
            found.sources,
            [
                Some(PictureSource::File(
                    folder.path().join("pictures/cat/2.png")
                )),
                None
            ]
        );
        assert_eq!(found.problem, None);
        assert_eq!(found.root, Some(folder.path().join("pictures")));
    }

    #[test]
    fn predictions_are_shown_when_the_pictures_have_moved() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(folder.path(), &["cat/1.png", "dog/2.png"], &["cat/1.png"]);
        std::fs::remove_dir_all(folder.path().join("pictures")).unwrap();
        let found = open(&run, &StopFlag::default()).unwrap();
        assert_eq!(found.predicted.entries.len(), 1);
        assert_eq!(found.sources, [None]);
        assert!(found.problem.unwrap().contains("pictures"));
    }

    #[test]
    fn a_run_without_predictions_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path(), &StopFlag::default()).unwrap_err();
        assert!(error.to_string().contains("has no predictions"), "{error}");
    }
}
