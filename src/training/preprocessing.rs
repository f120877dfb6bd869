//! How a picture becomes the network's square, as its weights were trained.

use super::error::TrainingError;
use crate::data::square::SquareSpec;
use crate::experiment::Experiment;
use crate::models::{WeightsInfo, backbone_info, weights};

/// How an experiment's pictures become what its network sees: whose mean and deviation they are normalised with, and the
/// square.
///
/// # Errors
/// When the experiment names a backbone or weights that there are not.
pub fn preparation(experiment: &Experiment) -> Result<(WeightsInfo, SquareSpec), TrainingError> {
    let config = &experiment.backbone;
    let weights = weights::preprocessing(backbone_info(&config.name)?, config)?;
    let square = square_spec(experiment, &weights, input_side(experiment, &weights));
    Ok((weights, square))
}

/// The side of the input square.
pub(super) fn input_side(experiment: &Experiment, pretrained: &WeightsInfo) -> u32 {
    experiment
        .backbone
        .input_size
        .unwrap_or(pretrained.input_size)
}

/// How a picture becomes the network's square: as the weights were evaluated, in proportion where
/// another size is asked for.
pub(super) fn square_spec(experiment: &Experiment, weights: &WeightsInfo, side: u32) -> SquareSpec {
    let resize = f64::from(weights.resize) * f64::from(side) / f64::from(weights.input_size.max(1));
    SquareSpec {
        side,
        resize: (resize.round() as u32).max(side),
        interpolation: weights.interpolation,
        fit: experiment.data.fit,
        background: weights
            .mean
            .map(|mean| (mean * 255.0).round().clamp(0.0, 255.0) as u8),
    }
}

/// Bytes that the squares of `count` pictures take.
pub(super) fn square_bytes(side: u32, count: usize) -> u64 {
    u64::from(side) * u64::from(side) * 3 * count as u64
}
