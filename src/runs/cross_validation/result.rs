//! What a cross-validation says: all folds' answers as one result.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{RunError, answers, atomic, files, store};
use super::fold_folder;
use crate::data::{Dataset, Picture};
use crate::evaluation::seeds::Spread;
use crate::evaluation::{Groups, PooledScores, Prediction, Predictions};
use crate::format;
use crate::training::EpochMetrics;
use crate::training::events::TestMetrics;

/// The file in the run's folder.
pub const FILE: &str = "cross_validation.json";
/// Of the file's layout. A later one is not understood, and counts as no file.
const VERSION: u32 = 1;
/// What to do about a fold whose answers are not its own.
const REMEDY: &str = "this fold's answers are damaged: move its folder elsewhere, and graft run --resume trains it anew";

/// `cross_validation.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossValidation {
    version: u32,
    /// Of all answers together, each picture answered by the network that was not trained on it.
    pub scores: PooledScores,
    /// Over the folds' own scores.
    pub spread: FoldSpread,
    pub folds: Vec<FoldResult>,
    /// The groups that took part; nothing where pictures have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupProof>,
}

/// That no group stands in two folds, as it was counted in the folds' own answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupProof {
    pub groups: usize,
    pub in_two_folds: usize,
}

/// What one fold was worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldResult {
    /// Counted from 1.
    pub fold: u32,
    pub train_pictures: usize,
    pub validation_pictures: usize,
    pub best_epoch: u32,
    pub test: TestMetrics,
}

/// Mean and spread over the folds. Their networks share most of their training pictures, so that the standard deviation
/// is no interval: folds differ less than independent samples would (Bengio and Grandvalet 2004).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FoldSpread {
    pub accuracy: MeanAndSpread,
    pub macro_f1: MeanAndSpread,
    pub loss: MeanAndSpread,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanAndSpread {
    pub mean: f64,
    /// With n - 1 in the denominator.
    pub standard_deviation: f64,
    pub lowest: f64,
    pub highest: f64,
}

impl GroupProof {
    /// "0 of 312 groups stand in two folds"
    pub fn text(&self) -> String {
        format!(
            "{} of {} in two folds",
            self.in_two_folds,
            format::count(self.groups, "group stands", "groups stand")
        )
    }
}

/// What the run in `folder` says of its folds; nothing where it is no cross-validation that came to its end.
pub fn read(folder: &Path) -> Option<CrossValidation> {
    let bytes = files::read(&folder.join(FILE)).ok()?;
    let read: CrossValidation = serde_json::from_slice(&bytes).ok()?;
    (read.version == VERSION).then_some(read)
}

/// The answers of all folds of the run in `folder`, in the order of `indices`, and what is said of them.
pub(super) struct Pooled {
    pub result: CrossValidation,
    pub predictions: Predictions,
    /// Stands for the weights of all folds.
    pub checkpoint: String,
}

impl Pooled {
    /// What was written when the run in `folder` came to its end, if all of it is there.
    pub fn stored(folder: &Path) -> Option<Self> {
        Some(Self {
            result: read(folder)?,
            predictions: store::predictions(folder).ok()?,
            checkpoint: String::new(),
        })
    }

    /// # Errors
    /// Where a fold's answers are not there, or can't be read.
    pub fn new(
        folder: &Path,
        number: u32,
        dataset: &Dataset,
        indices: &[usize],
    ) -> Result<Self, RunError> {
        let mut by_file: HashMap<String, (u32, Prediction)> = HashMap::new();
        let mut folds = Vec::new();
        let mut checkpoints = Vec::new();
        for fold in 1..=number {
            let own = fold_folder(folder, fold);
            let summary = store::read_summary(&own)?;
            let test = summary.test.ok_or_else(|| {
                files::problem(
                    &own,
                    "this fold was not tested: remove its folder and train it anew",
                )
            })?;
            let predictions = store::predictions(&own).map_err(|error| {
                files::problem(
                    &own,
                    format!("{REMEDY} (its answers can't be read: {error})"),
                )
            })?;
            if predictions.rows.len() as u64 != test.n as u64 {
                return Err(files::problem(
                    &own,
                    format!(
                        "{REMEDY} (it was tested on {}, and its answers are of {})",
                        format::count(test.n, "picture", "pictures"),
                        format::thousands(predictions.rows.len() as u64)
                    ),
                ));
            }
            if predictions.classes != dataset.classes {
                return Err(files::problem(
                    &own,
                    "this fold has other classes than the pictures: remove its folder and train it anew",
                ));
            }
            for row in predictions.rows {
                let file = row.file.clone();
                if let Some((other, _)) = by_file.insert(file.clone(), (fold, row)) {
                    return Err(files::problem(
                        &own,
                        format!("{REMEDY} ({file} is answered by fold {other} too)"),
                    ));
                }
            }
            checkpoints.push(answers::checkpoint(&own)?.unwrap_or_default());
            folds.push(FoldResult {
                fold,
                train_pictures: summary.train_pictures,
                validation_pictures: summary.validation_pictures,
                best_epoch: summary.best_epoch,
                test,
            });
        }
        let pictures = indices
            .iter()
            .filter_map(|index| dataset.pictures.get(*index));
        let mut rows = Vec::with_capacity(indices.len());
        let mut used: Vec<&Picture> = Vec::with_capacity(indices.len());
        let mut folds_of_group: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for picture in pictures {
            // One that could not be read has no answer, as in any run.
            if let Some((fold, row)) = by_file.remove(&picture.name) {
                rows.push(row);
                used.push(picture);
                if let Some(group) = &picture.group {
                    folds_of_group.entry(group).or_default().insert(fold);
                }
            }
        }
        if let Some((file, (fold, _))) = by_file.into_iter().min_by(|a, b| a.0.cmp(&b.0)) {
            return Err(files::problem(
                &fold_folder(folder, fold),
                format!("{REMEDY} (it answers {file}, which is no picture of this run)"),
            ));
        }
        let predictions = Predictions {
            classes: dataset.classes.clone(),
            rows,
            groups: Groups::of_pictures(used),
        };
        let torn = folds_of_group.values().filter(|folds| folds.len() > 1);
        let proof = GroupProof {
            groups: folds_of_group.len(),
            in_two_folds: torn.count(),
        };
        Ok(Self {
            result: CrossValidation {
                version: VERSION,
                scores: PooledScores::new(&predictions),
                spread: FoldSpread::new(&folds),
                folds,
                groups: (proof.groups > 0).then_some(proof),
            },
            predictions,
            checkpoint: answers::checkpoint_of(checkpoints.join("\n").as_bytes()),
        })
    }

    /// Writes the result into the run's folder.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), RunError> {
        let path = folder.join(FILE);
        let mut bytes = serde_json::to_vec_pretty(&self.result)
            .map_err(|error| files::problem(&path, error))?;
        bytes.push(b'\n');
        atomic::write(&path, &bytes)
            .map_err(|error| files::problem(&path, format!("can't be written ({error})")))
    }
}

impl FoldSpread {
    fn new(folds: &[FoldResult]) -> Self {
        let of = |value: fn(&TestMetrics) -> f64| {
            let values: Vec<f64> = folds.iter().map(|fold| value(&fold.test)).collect();
            let spread = Spread::new(&values);
            spread.map_or(
                MeanAndSpread {
                    mean: 0.0,
                    standard_deviation: 0.0,
                    lowest: 0.0,
                    highest: 0.0,
                },
                |spread| MeanAndSpread {
                    mean: spread.mean.value,
                    standard_deviation: spread.standard_deviation,
                    lowest: spread.lowest,
                    highest: spread.highest,
                },
            )
        };
        Self {
            accuracy: of(|test| test.accuracy),
            macro_f1: of(|test| test.macro_f1),
            loss: of(|test| test.loss),
        }
    }
}

/// For each epoch the mean over the folds that have it. Early stopping ends folds at different epochs.
pub(super) fn mean_metrics(folds: &[Vec<EpochMetrics>]) -> Vec<EpochMetrics> {
    let longest = folds.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .filter_map(|place| {
            let epochs: Vec<&EpochMetrics> =
                folds.iter().filter_map(|fold| fold.get(place)).collect();
            let first = *epochs.first()?;
            let number = epochs.len() as f64;
            let mean = |value: fn(&EpochMetrics) -> f64| {
                epochs.iter().map(|epoch| value(epoch)).sum::<f64>() / number
            };
            let mean_of_some = |value: fn(&EpochMetrics) -> Option<f64>| {
                let values: Option<Vec<f64>> = epochs.iter().map(|epoch| value(epoch)).collect();
                values.map(|values| values.iter().sum::<f64>() / number)
            };
            Some(EpochMetrics {
                epoch: first.epoch,
                phase: first.phase,
                learning_rate: mean(|epoch| epoch.learning_rate),
                train_loss: mean(|epoch| epoch.train_loss),
                train_accuracy: mean(|epoch| epoch.train_accuracy),
                validation_loss: mean_of_some(|epoch| epoch.validation_loss),
                validation_accuracy: mean_of_some(|epoch| epoch.validation_accuracy),
                validation_macro_f1: mean_of_some(|epoch| epoch.validation_macro_f1),
                seconds: mean(|epoch| epoch.seconds),
            })
        })
        .collect()
}
