//! Runs on the same test pictures, laid side by side: what they were told, what they learned, and
//! which pictures one of them gets right and the other wrong.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::evaluation::{
    ClassificationReport, ConfusionMatrix, Predictions, Score, groups, log_loss,
};
use crate::experiment::Experiment;
use crate::runs::settings::{Difference, differences};
use crate::runs::{RunError, RunSummary, StoredRun, seeds, store};
use crate::training::EpochMetrics;

/// Everything that is shown of several runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    pub classes: Vec<String>,
    /// The test pictures' names in their data set.
    pub files: Vec<String>,
    /// The class of each picture.
    pub truths: Vec<u32>,
    /// In the order that was asked for, without those that were refused.
    pub runs: Vec<ComparedRun>,
    /// Runs that can't be laid beside the first that can, and why.
    pub refused: Vec<Refused>,
    /// Settings that are not the same in all `runs`, with a value for each.
    pub settings: Vec<Difference>,
    /// Indices in `runs` of one experiment under several seeds.
    pub groups: Vec<Vec<usize>>,
    /// The group of each of `files` (a patient, a cell, a video), where a run knows it: of several runs that say something
    /// else, the fewest groups.
    pub picture_groups: Option<Vec<u32>>,
}

/// One run with its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedRun {
    pub folder: PathBuf,
    pub summary: RunSummary,
    pub experiment: Experiment,
    pub metrics: Vec<EpochMetrics>,
    pub phase_starts: Vec<(u32, String)>,
    /// The predicted class of each of [`Comparison::files`].
    pub predicted: Vec<u32>,
    /// The probability of the predicted class.
    pub confidence: Vec<f32>,
    pub confusion: ConfusionMatrix,
    pub report: ClassificationReport,
    /// With its 95 % interval, of groups where the run knows them.
    pub accuracy: Score,
    /// In nats per picture.
    pub log_loss: f64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub folder: PathBuf,
    pub reason: String,
}

/// What changes in going from one run to another, picture by picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Indices in [`Comparison::files`]: wrong in the first run, right in the second. The second's
    /// surest come first.
    pub fixed: Vec<usize>,
    /// Right in the first run, wrong in the second; the second's surest mistakes come first.
    pub broken: Vec<usize>,
    pub both_right: usize,
    pub both_wrong: usize,
}

impl Comparison {
    /// Reads the runs in `folders`. The first that has answers on test pictures says which pictures
    /// count; a run that was tested on others, or was not tested, is refused with the reason.
    ///
    /// # Errors
    /// When none of them can be compared.
    pub fn load(folders: &[PathBuf]) -> Result<Self, RunError> {
        let mut comparison = Self::default();
        let mut opened: Vec<StoredRun> = Vec::new();
        for folder in folders {
            match Self::read(folder, &opened) {
                Ok((run, experiment, predictions)) => {
                    if let Err(reason) = comparison.add(&run, experiment, predictions) {
                        comparison.refuse(folder, reason);
                    } else {
                        opened.push(run);
                    }
                }
                Err(reason) => comparison.refuse(folder, reason),
            }
        }
        if comparison.runs.is_empty() {
            let reasons: Vec<&str> = comparison
                .refused
                .iter()
                .map(|refused| refused.reason.as_str())
                .collect();
            return Err(RunError::Comparison(if reasons.is_empty() {
                "there is no run to compare".to_owned()
            } else {
                reasons.join("; ")
            }));
        }
        let experiments: Vec<Experiment> = comparison
            .runs
            .iter()
            .map(|run| run.experiment.clone())
            .collect();
        comparison.settings = differences(&experiments);
        let recipes: Vec<Option<String>> = experiments
            .iter()
            .map(|experiment| Some(seeds::recipe(experiment)))
            .collect();
        comparison.groups = seeds::groups(&recipes);
        Ok(comparison)
    }

    fn read(
        folder: &Path,
        opened: &[StoredRun],
    ) -> Result<(StoredRun, Experiment, Predictions), String> {
        let run = store::open(folder).map_err(|error| error.to_string())?;
        if let Some(first) = opened.first() {
            store::check_comparable(&[first.clone(), run.clone()])
                .map_err(|error| error.to_string())?;
        }
        let experiment = store::experiment(folder).map_err(|error| error.to_string())?;
        let predictions = store::predictions(folder).map_err(|error| error.to_string())?;
        Ok((run, experiment, predictions))
    }

    fn add(
        &mut self,
        run: &StoredRun,
        experiment: Experiment,
        predictions: Predictions,
    ) -> Result<(), String> {
        let confusion = ConfusionMatrix::new(&predictions);
        let log_loss = log_loss(&predictions);
        let accuracy = predictions.accuracy();
        let known = predictions.groups.clone();
        let answer = |row: &crate::evaluation::Prediction| {
            let predicted = row.predicted();
            let confidence = row.probabilities.get(predicted as usize).copied();
            (predicted, confidence.unwrap_or(0.0))
        };
        let (predicted, confidence) = if self.runs.is_empty() {
            self.classes.clone_from(&predictions.classes);
            self.truths = predictions.rows.iter().map(|row| row.truth).collect();
            let answers = predictions.rows.iter().map(answer).unzip();
            self.files = predictions.rows.into_iter().map(|row| row.file).collect();
            answers
        } else {
            // The same pictures in another order are the same pictures.
            let rows: HashMap<&str, &crate::evaluation::Prediction> = predictions
                .rows
                .iter()
                .map(|row| (row.file.as_str(), row))
                .collect();
            let mut answers = (Vec::new(), Vec::new());
            for (file, truth) in self.files.iter().zip(&self.truths) {
                let row = rows
                    .get(file.as_str())
                    .filter(|row| row.truth == *truth)
                    .ok_or_else(|| {
                        format!(
                            "{} can't be compared: its predictions lack the picture {file}",
                            run.summary.id
                        )
                    })?;
                let (predicted, confidence) = answer(row);
                answers.0.push(predicted);
                answers.1.push(confidence);
            }
            answers
        };
        self.runs.push(ComparedRun {
            folder: run.folder.clone(),
            summary: run.summary.clone(),
            experiment,
            metrics: run.metrics.clone(),
            phase_starts: run.phase_starts.clone(),
            predicted,
            confidence,
            report: ClassificationReport::new(&confusion),
            confusion,
            accuracy,
            log_loss,
        });
        let numbers = known.numbers(self.files.iter().map(String::as_str));
        let all = [self.picture_groups.take(), numbers].into_iter().flatten();
        self.picture_groups = all.min_by_key(|numbers| groups::count(numbers));
        Ok(())
    }

    fn refuse(&mut self, folder: &Path, reason: String) {
        self.refused.push(Refused {
            folder: folder.to_path_buf(),
            reason,
        });
    }

    /// Whether run `run` is right about picture `picture`.
    pub fn is_right(&self, run: usize, picture: usize) -> bool {
        self.runs[run].predicted[picture] == self.truths[picture]
    }

    /// What run `run` has right, picture by picture.
    pub fn right(&self, run: usize) -> Vec<bool> {
        (0..self.files.len())
            .map(|picture| self.is_right(run, picture))
            .collect()
    }

    /// What goes right and wrong in going from run `from` to run `to`.
    pub fn changes(&self, from: usize, to: usize) -> Changes {
        let mut changes = Changes::default();
        for picture in 0..self.files.len() {
            match (self.is_right(from, picture), self.is_right(to, picture)) {
                (true, true) => changes.both_right += 1,
                (false, false) => changes.both_wrong += 1,
                (false, true) => changes.fixed.push(picture),
                (true, false) => changes.broken.push(picture),
            }
        }
        let confidence = &self.runs[to].confidence;
        let surest_first =
            |a: &usize, b: &usize| confidence[*b].total_cmp(&confidence[*a]).then(a.cmp(b));
        changes.fixed.sort_by(surest_first);
        changes.broken.sort_by(surest_first);
        changes
    }

    /// Cell by cell, run `to`'s counts less run `from`'s.
    pub fn confusion_change(&self, from: usize, to: usize) -> Vec<Vec<i64>> {
        let (from, to) = (&self.runs[from].confusion, &self.runs[to].confusion);
        from.counts
            .iter()
            .zip(&to.counts)
            .map(|(from, to)| {
                from.iter()
                    .zip(to)
                    .map(|(from, to)| *to as i64 - *from as i64)
                    .collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Picture, PictureSource, SplitIndices};
    use crate::evaluation::Prediction;
    use crate::runs::RunRecorder;
    use crate::training::Outcome;
    use crate::training::events::TestMetrics;

    const PICTURES: usize = 6;

    fn dataset() -> Dataset {
        let pictures = (0..PICTURES)
            .map(|index| Picture {
                source: PictureSource::File(format!("{index}.png").into()),
                name: format!("{index}.png"),
                label: (index % 2) as _,
                size: (8, 8),
                split: None,
                group: None,
            })
            .collect();
        Dataset {
            classes: vec!["cat".into(), "dog".into()],
            pictures,
            problems: Vec::new(),
            excluded: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A finished run that answers `cats[i]` as the probability that test picture `i` is a cat.
    fn run(runs: &Path, seed: u64, batch: u32, test: &[usize], cats: &[f32]) -> PathBuf {
        let mut experiment = Experiment {
            name: "Two".into(),
            seed,
            ..Experiment::default()
        };
        experiment.data.split.seed = Some(1);
        experiment.training.batch_size = batch;
        let split = SplitIndices {
            train: vec![0],
            validation: Vec::new(),
            test: test.to_vec(),
        };
        let dataset = dataset();
        let recorder = RunRecorder::create(runs, &experiment, None, &dataset, &split).unwrap();
        let folder = recorder.folder().to_path_buf();
        let rows = test
            .iter()
            .zip(cats)
            .map(|(&index, &cat)| Prediction {
                file: format!("{index}.png"),
                truth: (index % 2) as u32,
                probabilities: vec![cat, 1.0 - cat],
            })
            .collect();
        let outcome = Outcome {
            test: Some(TestMetrics {
                loss: 0.5,
                accuracy: 0.5,
                macro_f1: 0.5,
                n: test.len(),
            }),
            predictions: (!cats.is_empty()).then_some(Predictions {
                classes: dataset.classes,
                rows,
                ..Predictions::default()
            }),
            phases: Vec::new(),
            seconds_total: 1.0,
            best_epoch: 1,
            movement: Vec::new(),
            novelty: None,
        };
        recorder.finish(&outcome).unwrap();
        folder
    }

    #[test]
    fn pictures_that_change_sides_are_found_whatever_their_order() {
        let runs = tempfile::tempdir().unwrap();
        // Truths of pictures 2, 3, 4, 5: cat, dog, cat, dog.
        let first = run(runs.path(), 1, 32, &[2, 3, 4, 5], &[0.9, 0.9, 0.2, 0.1]);
        let second = run(runs.path(), 1, 64, &[5, 4, 3, 2], &[0.7, 0.8, 0.6, 0.95]);
        let comparison = Comparison::load(&[first, second]).unwrap();
        assert_eq!(comparison.files, ["2.png", "3.png", "4.png", "5.png"]);
        assert_eq!(comparison.runs[1].predicted, [0, 0, 0, 0]);
        let changes = comparison.changes(0, 1);
        assert_eq!((changes.fixed, changes.broken), (vec![2], vec![3]));
        assert_eq!((changes.both_right, changes.both_wrong), (1, 1));
        assert_eq!(
            comparison.confusion_change(0, 1),
            vec![vec![1, -1], vec![1, -1]]
        );
        let fields: Vec<&str> = comparison
            .settings
            .iter()
            .map(|setting| setting.field.as_str())
            .collect();
        assert_eq!(fields, ["training.batch_size"]);
        assert_eq!(comparison.groups, vec![vec![0], vec![1]]);
    }

    #[test]
    fn seeds_of_one_experiment_are_one_group() {
        let runs = tempfile::tempdir().unwrap();
        let test = [2, 3];
        let folders: Vec<PathBuf> = [(1, 32), (1, 64), (2, 32), (2, 64)]
            .map(|(seed, batch)| run(runs.path(), seed, batch, &test, &[0.9, 0.1]))
            .to_vec();
        let comparison = Comparison::load(&folders).unwrap();
        assert_eq!(comparison.groups, vec![vec![0, 2], vec![1, 3]]);
    }

    #[test]
    fn what_can_t_be_compared_is_refused_with_its_reason_and_the_rest_is_compared() {
        let runs = tempfile::tempdir().unwrap();
        let good = run(runs.path(), 1, 32, &[2, 3], &[0.9, 0.1]);
        let other = run(runs.path(), 1, 32, &[4, 5], &[0.9, 0.1]);
        let silent = run(runs.path(), 1, 32, &[2, 3], &[]);
        let absent = runs.path().join("absent");
        let comparison = Comparison::load(&[silent.clone(), good, other.clone(), absent]).unwrap();
        assert_eq!(comparison.runs.len(), 1);
        let reasons: Vec<&str> = comparison
            .refused
            .iter()
            .map(|refused| refused.reason.as_str())
            .collect();
        assert!(reasons[0].contains("has no predictions"), "{reasons:?}");
        assert!(
            reasons[1].contains("tested on different pictures"),
            "{reasons:?}"
        );
        assert!(reasons[2].contains("no such folder"), "{reasons:?}");
        assert!(Comparison::load(&[silent]).is_err());
        assert!(Comparison::load(&[]).is_err());
        // One run alone is no comparison yet, but nothing is wrong with it.
        assert_eq!(Comparison::load(&[other]).unwrap().runs.len(), 1);
    }
}
