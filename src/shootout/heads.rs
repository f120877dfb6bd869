//! Linear heads on a network's features, judged on pictures that they have not seen.

use super::pictures::ShootoutPictures;
use crate::data::StopFlag;
use crate::evaluation::{AnswerScores, Decision, Prediction, Predictions, Score};
use crate::format;
use crate::training::logistic::{Rows, Settings, cross_validated};
use crate::training::{PooledFeatures, TrainingError};

/// What came of a network's heads.
pub(super) struct HeadScores {
    pub accuracy: Score,
    pub macro_f1: Score,
    /// Pictures that count, and those that can't be read.
    pub pictures: usize,
    pub unreadable: usize,
    /// C of each fold, and of the head that learns from all pictures.
    pub strengths: Vec<f64>,
    pub strength: f64,
    /// For each picture in the data set's order.
    pub answers: Vec<Option<u32>>,
    pub remarks: Vec<String>,
}

/// Logistic regression, fold by fold, each with a penalty that was chosen on the other folds.
///
/// # Errors
/// [`TrainingError::Stopped`]; too few pictures that can be read; libtorch's own.
pub(super) fn cross_validate(
    pictures: &ShootoutPictures,
    found: PooledFeatures,
    stop: &StopFlag,
) -> Result<HeadScores, TrainingError> {
    let width = found.features;
    let mut values: Vec<f32> = Vec::new();
    let (mut labels, mut folds, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for part in found.parts {
        // The larger part is not copied.
        match values.is_empty() {
            true => values = part.rows,
            false => values.extend_from_slice(&part.rows),
        }
        labels.extend(&part.labels);
        for picture in &part.pictures {
            let place = pictures.members.binary_search(picture).map_err(|_| {
                TrainingError::Experiment("a picture has features that was not asked for".into())
            })?;
            folds.push(pictures.folds[place]);
            places.push(place);
        }
    }
    let classes = pictures.class_names.len();
    let rows = Rows {
        values: &values,
        features: width,
        labels: &labels,
        classes,
        weights: None,
    };
    let mut watch = |_: &_| match stop.is_stopped() {
        true => Err(TrainingError::Stopped),
        false => Ok(()),
    };
    let fitted = cross_validated(&rows, &folds, &Settings::default(), &mut watch)?;
    let mut answers = vec![None; pictures.members.len()];
    let mut predictions = Predictions {
        classes: pictures.class_names.clone(),
        groups: pictures.groups.clone(),
        rows: Vec::with_capacity(places.len()),
    };
    let probabilities = fitted.probabilities.chunks_exact(classes.max(1));
    for ((&place, &truth), probabilities) in places.iter().zip(&labels).zip(probabilities) {
        let prediction = Prediction {
            file: pictures.names[place].clone(),
            truth,
            probabilities: probabilities.to_vec(),
        };
        answers[place] = Some(prediction.predicted());
        predictions.rows.push(prediction);
    }
    let scores = AnswerScores::with_bootstrap(&predictions, &Decision::default());
    let unreadable = pictures.members.len() - places.len();
    let mut remarks = Vec::new();
    if unreadable > 0 {
        remarks.push(format!(
            "{} can’t be read and {} for nothing.",
            format::count(unreadable, "picture", "pictures"),
            format::unit(unreadable as u64, "counts", "count"),
        ));
    }
    if !fitted.converged {
        remarks.push(
            "Not every head came to its end within the usual number of steps: its accuracy may be a little too low.".into(),
        );
    }
    Ok(HeadScores {
        accuracy: scores.accuracy,
        macro_f1: scores.macro_f1,
        pictures: places.len(),
        unreadable,
        strengths: fitted.fold_c,
        strength: fitted.solved.c,
        answers,
        remarks,
    })
}
