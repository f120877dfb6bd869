//! `predictions.csv`: `file,true_class,predicted_class,probability_<class>,…`.

use std::path::Path;

use super::{PREDICTIONS, check_classes, problem, table};
use crate::evaluation::{Prediction, Predictions};
use crate::runs::RunError;
use crate::spreadsheet::{guarded, unguarded};

/// What stands before a class's name in the header of `predictions.csv`.
const PROBABILITY: &str = "probability_";
/// The columns of `predictions.csv` before the probabilities.
const PREDICTION_COLUMNS: [&str; 3] = ["file", "true_class", "predicted_class"];

/// `predictions.csv`: `file,true_class,predicted_class`, then `probability_<class>` for each class.
///
/// # Errors
/// When a line can't be written, which memory always can.
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
///
/// # Errors
/// Saying what the file is not.
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
        let class_index = |class: &str| classes.iter().position(|known| known == class);
        let truth = class_index(class)
            // As older versions wrote it.
            .or_else(|| class_index(&record[1]))
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
    Ok(Predictions {
        classes,
        rows,
        ..Predictions::default()
    })
}
