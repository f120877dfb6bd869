//! The formats of a run's files. Bytes out, values in; no file is opened here but through `read`.

use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::{RunError, RunSummary, answers, digests};
use crate::data::hash::{hexadecimal, sha256_of_pairs};
use crate::data::{Dataset, SplitIndices};
use crate::evaluation::{Prediction, Predictions};
use crate::ordinary_file::{self, Links};
use crate::spreadsheet::{guarded, unguarded};
use crate::training::movement::Movement;
use crate::training::{EpochMetrics, TrainingError};

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
        || [answers::FILE, digests::FILE].contains(&name)
        || name.starts_with("predictions")
}

/// More than any data set of pictures has: ImageNet-21k has 21,843.
const MOST_CLASSES: usize = 30_000;

/// What stands before a class's name in the header of `predictions.csv`.
const PROBABILITY: &str = "probability_";
/// The columns of `predictions.csv` before the probabilities.
const PREDICTION_COLUMNS: [&str; 3] = ["file", "true_class", "predicted_class"];
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
pub fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ordinary_file::read(path, most_bytes(&name), Links::Refused)
        .map_err(|error| problem(path, format!("can't be read ({error})")))
}

/// Refuses what [`read`] would, for a file that is read piece by piece.
pub fn check(path: &Path) -> Result<(), RunError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    ordinary_file::check_there(path, most_bytes(&name), Links::Refused)
        .map_err(|error| problem(path, format!("can't be read ({error})")))
}

/// More than the file `name` of any run has: answers are a number for each picture and class, a split is a line for each
/// picture.
fn most_bytes(name: &str) -> u64 {
    match name {
        PRESET => 1 << 20,
        RESUME | WEIGHTS => 16_000_000_000,
        SPLIT | digests::FILE => 500_000_000,
        _ if name.starts_with("predictions") => 2_000_000_000,
        _ => 64_000_000,
    }
}

/// Collects the lines of a table in memory.
fn table(
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
    hexadecimal(&sha256_of_pairs(lines))
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

/// `predictions.csv`: `file,true_class,predicted_class`, then `probability_<class>` for each class.
pub fn predictions(predictions: &Predictions) -> Result<Vec<u8>, RunError> {
    table(PREDICTIONS, |writer| {
        for column in PREDICTION_COLUMNS {
            writer.write_field(column)?;
        }
        for class in &predictions.classes {
            writer.write_field(format!("{PROBABILITY}{class}"))?;
        }
        writer.write_record(None::<&[u8]>)?;
        for row in &predictions.rows {
            writer.write_field(guarded(&row.file).as_bytes())?;
            for class in [row.truth, row.predicted()] {
                let class = &predictions.classes[class as usize];
                writer.write_field(guarded(class).as_bytes())?;
            }
            for probability in &row.probabilities {
                writer.write_field(probability.to_string())?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        Ok(())
    })
}

/// What [`predictions`] wrote. `path` is for messages.
pub fn parse_predictions(bytes: &[u8], path: &Path) -> Result<Predictions, RunError> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader
        .headers()
        .map_err(|error| problem(path, error))?
        .clone();
    if !header
        .iter()
        .take(PREDICTION_COLUMNS.len())
        .eq(PREDICTION_COLUMNS)
    {
        return Err(problem(
            path,
            format!(
                "does not begin with the columns {}",
                PREDICTION_COLUMNS.join(", ")
            ),
        ));
    }
    let classes: Vec<String> = header
        .iter()
        .skip(PREDICTION_COLUMNS.len())
        .map(|column| {
            column
                .strip_prefix(PROBABILITY)
                .map(str::to_owned)
                .ok_or_else(|| {
                    problem(
                        path,
                        format!("has a column “{column}”, which should begin with {PROBABILITY}"),
                    )
                })
        })
        .collect::<Result<_, _>>()?;
    check_classes(classes.len(), path)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| problem(path, error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let class = unguarded(&record[1]);
        let place = |class: &str| classes.iter().position(|known| known == class);
        let truth = place(class)
            // As older versions wrote it.
            .or_else(|| place(&record[1]))
            .ok_or_else(|| {
                problem(
                    path,
                    format!("line {line} names the class “{class}”, which has no column"),
                )
            })?;
        let probabilities = record
            .iter()
            .skip(PREDICTION_COLUMNS.len())
            .map(|field| {
                field
                    .parse()
                    .ok()
                    .filter(|probability: &f32| (0.0..=1.0).contains(probability))
                    .ok_or_else(|| {
                        problem(
                            path,
                            format!("line {line} holds “{field}” for a probability"),
                        )
                    })
            })
            .collect::<Result<_, _>>()?;
        rows.push(Prediction {
            file: unguarded(&record[0]).to_owned(),
            truth: truth as u32,
            probabilities,
        });
    }
    Ok(Predictions { classes, rows })
}

/// `summary.json`.
pub fn summary(summary: &RunSummary) -> Result<Vec<u8>, RunError> {
    let mut bytes =
        serde_json::to_vec_pretty(summary).map_err(|error| problem(Path::new(SUMMARY), error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What [`summary`] wrote. `path` is for messages.
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

/// `weights.safetensors`: named tensors of kind float or int64, on the CPU or not.
pub fn weights(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, TrainingError> {
    let mut buffers = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = tensor
            .f_detach()?
            .f_to_device(Device::Cpu)?
            .f_contiguous()?;
        let kind = tensor.f_kind()?;
        let dtype = match kind {
            Kind::Float => Dtype::F32,
            Kind::Int64 => Dtype::I64,
            other => {
                let reason = format!("{name} is of kind {other:?}, which {WEIGHTS} does not hold");
                return Err(TrainingError::Listener(reason));
            }
        };
        let shape: Vec<usize> = tensor.size().iter().map(|&side| side as usize).collect();
        let mut bytes = vec![0; tensor.numel() * dtype.bitsize() / 8];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        buffers.push((name.as_str(), dtype, shape, bytes));
    }
    let mut views = Vec::with_capacity(buffers.len());
    for (name, dtype, shape, bytes) in &buffers {
        let view = TensorView::new(*dtype, shape.clone(), bytes)
            .map_err(|error| TrainingError::Listener(format!("{name}: {error}")))?;
        views.push((*name, view));
    }
    safetensors::serialize(views, None)
        .map_err(|error| TrainingError::Listener(format!("{WEIGHTS}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Picture, PictureSource};

    fn epoch(epoch: u32, validation: Option<f64>) -> EpochMetrics {
        EpochMetrics {
            epoch,
            phase: 0,
            learning_rate: 1e-3,
            train_loss: 0.1 + 0.2,
            train_accuracy: 0.5,
            validation_loss: validation,
            validation_accuracy: validation,
            validation_macro_f1: validation,
            seconds: 1.5,
        }
    }

    #[test]
    fn metrics_come_back_as_they_were() {
        let epochs = vec![epoch(1, Some(1.0 / 3.0)), epoch(2, None)];
        let bytes = metrics(&epochs).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(text.lines().next().unwrap(), METRICS_COLUMNS.join(","));
        assert_eq!(
            text.lines().nth(2).unwrap(),
            "2,0,0.001,0.30000000000000004,0.5,,,,1.5"
        );
        assert_eq!(parse_metrics(&bytes, Path::new(METRICS)).unwrap(), epochs);
        let none = metrics(&[]).unwrap();
        assert_eq!(
            String::from_utf8(none.clone()).unwrap(),
            METRICS_COLUMNS.join(",") + "\n"
        );
        assert!(parse_metrics(&none, Path::new(METRICS)).unwrap().is_empty());
    }

    #[test]
    fn movement_comes_back_as_it_was() {
        let layer = |path: &str, initial_l2, distance_l2| Movement {
            path: path.into(),
            initial_l2,
            distance_l2,
        };
        let given = vec![
            layer("conv1", 0.1 + 0.2, 0.0),
            layer("layer4.1.conv2", 8.0, 2.0),
            layer("layer_scale", 0.0, 1.0),
        ];
        let bytes = movement(&given).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text.lines().take(3).collect::<Vec<_>>(),
            [
                "path,relative_l2,initial_l2,distance_l2",
                "conv1,0.0,0.30000000000000004,0.0",
                "layer4.1.conv2,0.25,8.0,2.0"
            ]
        );
        assert_eq!(parse_movement(&bytes, Path::new(MOVEMENT)).unwrap(), given);
        let error = parse_movement(
            b"path,relative_l2\nconv1,much\n",
            Path::new("r/movement.csv"),
        );
        let message = error.unwrap_err().to_string();
        assert!(message.ends_with("r/movement.csv"), "{message}");
    }

    #[test]
    fn predictions_come_back_as_they_were() {
        let given = Predictions {
            classes: vec!["cat, grey".into(), "dog \"big\"".into()],
            rows: vec![
                Prediction {
                    file: "a/1.png".into(),
                    truth: 0,
                    probabilities: vec![0.1, 0.9],
                },
                Prediction {
                    file: "b/2.png".into(),
                    truth: 1,
                    probabilities: vec![1.0 / 3.0, 2.0 / 3.0],
                },
            ],
        };
        let bytes = predictions(&given).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(
            text.lines().next().unwrap(),
            "file,true_class,predicted_class,\"probability_cat, grey\",\"probability_dog \"\"big\"\"\""
        );
        assert_eq!(
            text.lines().nth(1).unwrap(),
            "a/1.png,\"cat, grey\",\"dog \"\"big\"\"\",0.1,0.9"
        );
        assert_eq!(
            parse_predictions(&bytes, Path::new(PREDICTIONS)).unwrap(),
            given
        );
    }

    #[test]
    fn a_wrong_table_is_refused_by_line_and_file() {
        let path = Path::new("runs/one/predictions.csv");
        let cases = [
            (
                "path,label\n",
                "does not begin with the columns file, true_class, predicted_class: runs/one",
            ),
            (
                "file,true_class,predicted_class,cat\n",
                "has a column “cat”",
            ),
            (
                "file,true_class,predicted_class,probability_cat\na,dog,cat,1\n",
                "line 2 names the class “dog”",
            ),
            (
                "file,true_class,predicted_class,probability_cat\na,cat,cat,x\n",
                "line 2 holds “x”",
            ),
            (
                "file,true_class,predicted_class,probability_cat\na,cat\n",
                "runs/one/predictions.csv",
            ),
        ];
        for (text, expected) in cases {
            let message = parse_predictions(text.as_bytes(), path)
                .unwrap_err()
                .to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn the_test_split_is_named_by_its_pictures_and_classes_alone() {
        let picture = |name: &str, label| Picture {
            source: PictureSource::File(name.into()),
            name: name.into(),
            label,
            size: (8, 8),
            split: None,
            group: None,
        };
        let classes = vec!["cat".to_owned(), "dog".to_owned()];
        let one = Dataset {
            classes: classes.clone(),
            pictures: vec![picture("a", 0), picture("b", 1), picture("c", 1)],
            problems: Vec::new(),
            excluded: Vec::new(),
            remarks: Vec::new(),
        };
        let mut other = one.clone();
        other.pictures.reverse();
        let of = |dataset: &Dataset, train: Vec<usize>, test: Vec<usize>| {
            test_split(
                dataset,
                &SplitIndices {
                    train,
                    validation: Vec::new(),
                    test,
                },
            )
        };
        let first = of(&one, vec![0], vec![1, 2]);
        assert_eq!(first.len(), 64);
        assert_eq!(
            first,
            of(&other, Vec::new(), vec![0, 1]),
            "order and training pictures do not count"
        );
        assert_ne!(first, of(&one, vec![0], vec![1]));
        other.pictures[0].label = 0;
        assert_ne!(first, of(&other, Vec::new(), vec![0, 1]), "a class counts");
        let text = split(
            &one,
            &SplitIndices {
                train: vec![0],
                validation: vec![2],
                test: vec![1],
            },
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "file,class,split\na,cat,train\nc,dog,validation\nb,dog,test\n"
        );
    }

    #[test]
    fn weights_come_back_bit_for_bit() {
        let float = Tensor::f_from_slice(&[1.5f32, -2.25, 3.0e-8, 4.0, 5.0, 6.0])
            .unwrap()
            .f_view([2, 3])
            .unwrap();
        let turned = float.f_transpose(0, 1).unwrap();
        let counter = Tensor::f_from_slice(&[7i64])
            .unwrap()
            .f_view([] as [i64; 0])
            .unwrap();
        let bytes = weights(&[
            ("a.weight".into(), turned),
            ("a.num_batches_tracked".into(), counter),
        ])
        .unwrap();
        let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let weight = read.tensor("a.weight").unwrap();
        assert_eq!(
            (weight.dtype(), weight.shape()),
            (Dtype::F32, &[3usize, 2][..])
        );
        let values: Vec<f32> = weight
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        assert_eq!(
            values,
            [1.5, 4.0, -2.25, 5.0, 3.0e-8, 6.0],
            "row by row, whatever the strides were"
        );
        let counter = read.tensor("a.num_batches_tracked").unwrap();
        assert_eq!(
            (counter.dtype(), counter.shape(), counter.data()),
            (Dtype::I64, &[][..], &7i64.to_le_bytes()[..])
        );
        let half = Tensor::f_from_slice(&[1.0f32])
            .unwrap()
            .f_to_kind(Kind::Half)
            .unwrap();
        assert!(
            weights(&[("h".into(), half)])
                .unwrap_err()
                .to_string()
                .contains("h is of kind Half")
        );
    }
}
