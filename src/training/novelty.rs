//! Distances of pictures' features to those of training pictures, computed where the network computes.

use tch::{Device, Tensor};

use super::error::TrainingError;
use crate::evaluation::neighbours::FeatureIndex;
use crate::evaluation::novelty::{Distances, NoveltyReference, most_pictures};
use crate::libtorch::cuda;

/// Pictures whose similarities to all training pictures are in memory at once: 20 MB at most.
const TOGETHER: usize = 512;

/// Features of training pictures on a device.
pub struct ReferenceRows {
    /// `[F, N]`, each column of length 1, in single precision.
    columns: Tensor,
    width: usize,
}

impl ReferenceRows {
    /// # Errors
    /// libtorch's own.
    pub fn new(index: &FeatureIndex, device: Device) -> Result<Self, TrainingError> {
        let shape = [index.len() as i64, index.width() as i64];
        let rows = Tensor::f_from_slice(index.rows())?.f_reshape(shape)?;
        Ok(Self {
            columns: cuda::tensor_to(&rows, device)?.f_transpose(0, 1)?,
            width: index.width(),
        })
    }

    /// How far each of `pictures` is from the training pictures; of features of another width, nothing.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn distances(&self, pictures: &FeatureIndex) -> Result<Vec<f32>, TrainingError> {
        if pictures.width() != self.width || pictures.is_empty() {
            return Ok(Vec::new());
        }
        let _guard = tch::no_grad_guard();
        let mut distances = Vec::with_capacity(pictures.len());
        for rows in pictures.rows().chunks(TOGETHER * self.width) {
            let shape = [(rows.len() / self.width) as i64, self.width as i64];
            let rows = Tensor::f_from_slice(rows)?.f_reshape(shape)?;
            let rows = cuda::tensor_to(&rows, self.columns.device())?;
            let similarities = rows.f_matmul(&self.columns)?;
            let nearest = similarities.f_amax([1i64].as_slice(), false)?;
            let nearest = Vec::<f32>::try_from(nearest.f_to(Device::Cpu)?)?;
            // Rounding may take a picture's similarity to itself above 1.
            distances.extend(nearest.into_iter().map(|one| (1.0 - one).max(0.0)));
        }
        Ok(distances)
    }
}

/// What distances of further pictures are measured to: `train`, of a run with so many `training_pictures`; and those of the
/// run's validation and test pictures.
///
/// # Errors
/// When there are no training pictures, or features are no numbers; and libtorch's own.
pub fn reference(
    train: FeatureIndex,
    training_pictures: usize,
    validation: FeatureIndex,
    test: FeatureIndex,
    device: Device,
) -> Result<NoveltyReference, TrainingError> {
    let all = [&train, &validation, &test];
    if train.is_empty() || all.iter().any(|rows| !rows.is_finite()) {
        return Err(TrainingError::Experiment(
            "the features of the training pictures are not there, or are no numbers".to_owned(),
        ));
    }
    // As they come back from the file.
    let most = most_pictures(train.width());
    let index = train.thinned(most).rounded();
    let rows = ReferenceRows::new(&index, device)?;
    let distances = |pictures: FeatureIndex| -> Result<Distances, TrainingError> {
        Ok(Distances {
            values: rows.distances(&pictures)?,
            names: pictures.into_names(),
        })
    };
    Ok(NoveltyReference {
        validation: distances(validation)?,
        test: distances(test)?,
        index,
        training_pictures,
    })
}
