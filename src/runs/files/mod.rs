//! The formats of a run's files. Bytes out, values in; no file is opened here but through `read`.

mod predictions;
#[cfg(test)]
mod tests;
mod weights;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{
    RunError, RunSummary, annotations, answers, cross_validation, digests, groups, novelty,
};
use crate::data::hash::sha256_of_pairs;
use crate::data::{Dataset, SplitIndices};
use crate::experiment::preset;
use crate::ordinary_file::{self, Links};
use crate::spreadsheet::guarded;
use crate::training::EpochMetrics;
use crate::training::movement::Movement;

pub use predictions::{parse_predictions, predictions};
pub use weights::write_weights;

pub const PRESET: &str = "preset.ron";
pub const SPLIT: &str = "split.csv";
pub const METRICS: &str = "metrics.csv";
pub const WEIGHTS: &str = "weights.safetensors";
pub const PREDICTIONS: &str = "predictions.csv";
pub const MOVEMENT: &str = "movement.csv";
pub const SUMMARY: &str = "summary.json";
pub const LOG: &str = "log.txt";
pub const LOCK: &str = "lock";
pub const RESUME: &str = "resume.safetensors";
pub const END: &str = "end.safetensors";

/// Whether a run's folder has a file of this name, or may get one.
pub fn is_of_run(name: &str) -> bool {
    let own = [
        PRESET, SPLIT, METRICS, WEIGHTS, MOVEMENT, SUMMARY, LOG, LOCK, RESUME, END,
    ];
    own.contains(&name)
        || [
            answers::FILE,
            digests::FILE,
            annotations::FILE,
            novelty::FILE,
            cross_validation::FILE,
            groups::FILE,
        ]
        .contains(&name)
        || name.starts_with("predictions")
}

/// More than any data set of pictures has: ImageNet-21k has 21,843.
const MOST_CLASSES: usize = 30_000;

/// The columns of `metrics.csv`: [`EpochMetrics`]' fields.
pub const METRICS_COLUMNS: [&str; 9] = [
    "epoch",
    "phase",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "validation_macro_f1",
    "seconds",
];

/// An error about the file at `path`.
pub fn problem(path: &Path, reason: impl std::fmt::Display) -> RunError {
    RunError::File {
        reason: reason.to_string(),
        path: path.to_path_buf(),
    }
}

/// All bytes of a file of a run. The folder may be a stranger's: a link is not followed, and what is larger than such a
/// file can be is not read.
///
/// # Errors
/// Saying why it is not read.
pub fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ordinary_file::read(path, most_bytes(&name), Links::Refused)
        .map_err(|error| problem(path, format!("can't be read ({error})")))
}

/// Refuses what [`read`] would, for a file that is read piece by piece.
///
/// # Errors
/// Saying why it would not be read.
pub fn check(path: &Path) -> Result<(), RunError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ordinary_file::check_there(path, most_bytes(&name), Links::Refused)
        .map_err(|error| problem(path, format!("can't be read ({error})")))
}

/// More than the file `name` of any run has: answers are a number for each picture and class, a split is a line for each
/// picture.
fn most_bytes(name: &str) -> u64 {
    match name {
        PRESET => preset::LARGEST_BYTES,
        annotations::FILE => 1 << 20,
        RESUME | WEIGHTS => 16_000_000_000,
        SPLIT | digests::FILE | novelty::FILE | groups::FILE => 500_000_000,
        _ if name.starts_with("predictions") => 2_000_000_000,
        _ => 64_000_000,
    }
}

/// Collects the lines of a table in memory.
pub(super) fn table(
    path: &str,
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<Vec<u8>, RunError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer).map_err(|error| problem(Path::new(path), error))?;
    writer
        .into_inner()
        .map_err(|error| problem(Path::new(path), error.error()))
}

/// `split.csv`: `file,class,split`, first what is trained on, then validation, then test.
pub fn split(dataset: &Dataset, split: &SplitIndices) -> Result<Vec<u8>, RunError> {
    table(SPLIT, |writer| {
        writer.write_record(["file", "class", "split"])?;
        for (name, indices) in [
            ("train", &split.train),
            ("validation", &split.validation),
            ("test", &split.test),
        ] {
            for &index in indices {
                let picture = &dataset.pictures[index];
                writer.write_record([
                    &*guarded(&picture.name),
                    &guarded(&dataset.classes[picture.label as usize]),
                    name,
                ])?;
            }
        }
        Ok(())
    })
}

/// SHA-256 over the names and classes of the test pictures, in the order of their names.
pub fn test_split(dataset: &Dataset, split: &SplitIndices) -> String {
    let mut lines: Vec<(&str, &str)> = split
        .test
        .iter()
        .map(|&index| &dataset.pictures[index])
        .map(|picture| {
            (
                picture.name.as_str(),
                dataset.classes[picture.label as usize].as_str(),
            )
        })
        .collect();
    lines.sort_unstable();
    hex::encode(sha256_of_pairs(lines))
}

/// `metrics.csv`: a column per field of [`EpochMetrics`], empty where a value is absent.
pub fn metrics(epochs: &[EpochMetrics]) -> Result<Vec<u8>, RunError> {
    if epochs.is_empty() {
        return table(METRICS, |writer| writer.write_record(METRICS_COLUMNS));
    }
    table(METRICS, |writer| {
        epochs.iter().try_for_each(|epoch| writer.serialize(epoch))
    })
}

/// What [`metrics`] wrote. `path` is for messages.
///
/// # Errors
/// Naming the line that is none.
pub fn parse_metrics(bytes: &[u8], path: &Path) -> Result<Vec<EpochMetrics>, RunError> {
    csv::Reader::from_reader(bytes)
        .deserialize()
        .map(|line| line.map_err(|error| problem(path, error)))
        .collect()
}

/// One line of `movement.csv`.
#[derive(Serialize, Deserialize)]
struct MovementLine {
    path: String,
    relative_l2: f64,
    initial_l2: f64,
    distance_l2: f64,
}

/// `movement.csv`: `path,relative_l2,initial_l2,distance_l2`, a line per layer that has weights. The
/// two norms let whole stages be taken together.
pub fn movement(layers: &[Movement]) -> Result<Vec<u8>, RunError> {
    table(MOVEMENT, |writer| {
        layers.iter().try_for_each(|layer| {
            writer.serialize(MovementLine {
                path: layer.path.clone(),
                relative_l2: layer.relative_l2(),
                initial_l2: layer.initial_l2,
                distance_l2: layer.distance_l2,
            })
        })
    })
}

/// What [`movement`] wrote. `path` is for messages.
///
/// # Errors
/// Naming the line that is none.
pub fn parse_movement(bytes: &[u8], path: &Path) -> Result<Vec<Movement>, RunError> {
    csv::Reader::from_reader(bytes)
        .deserialize()
        .map(|line| {
            let line: MovementLine = line.map_err(|error| problem(path, error))?;
            Ok(Movement {
                path: line.path,
                initial_l2: line.initial_l2,
                distance_l2: line.distance_l2,
            })
        })
        .collect()
}

/// `summary.json`.
pub fn summary(summary: &RunSummary) -> Result<Vec<u8>, RunError> {
    let mut bytes =
        serde_json::to_vec_pretty(summary).map_err(|error| problem(Path::new(SUMMARY), error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What [`summary`] wrote. `path` is for messages.
///
/// # Errors
/// When it is no summary.
pub fn parse_summary(bytes: &[u8], path: &Path) -> Result<RunSummary, RunError> {
    let summary: RunSummary = serde_json::from_slice(bytes)
        .map_err(|error| problem(path, format!("is no summary of a run ({error})")))?;
    check_classes(summary.classes.len(), path)?;
    Ok(summary)
}

/// Each class is a row and a column of a confusion matrix: a short file could ask for any amount of memory.
fn check_classes(classes: usize, path: &Path) -> Result<(), RunError> {
    if classes > MOST_CLASSES {
        return Err(problem(
            path,
            format!("names {classes} classes, more than the {MOST_CLASSES} that a run can have"),
        ));
    }
    Ok(())
}
