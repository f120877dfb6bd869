//! Many pictures through one network: decoded ahead by all cores, computed batch by batch, none of them kept.

use std::ops::{ControlFlow, Range};

use super::error::TrainingError;
use super::prefetch::{Source, prefetch, ranges};
use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, PictureSource, Pixels, StopFlag, decode};

/// Makes the square of the picture at a position, or says why there is none.
pub(super) type ReadSquare<'a> = &'a (dyn Fn(usize) -> Result<Pixels, DataError> + Sync);

/// What a network makes of one picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NetworkOutput {
    /// Of every class; they add up to 1.
    pub probabilities: Vec<f64>,
    /// What the head takes of the picture as it is; empty unless it was asked for.
    pub features: Vec<f32>,
}

/// Takes what became of the pictures of a batch, with their positions, until it breaks off.
pub type DeliverOutputs<'a> =
    &'a mut dyn FnMut(Range<usize>, Vec<Result<NetworkOutput, DataError>>) -> ControlFlow<()>;

/// The square of a picture that no scan has seen.
///
/// # Errors
/// As [`decode::decode_alone`].
pub(super) fn square_alone(source: &PictureSource, spec: &SquareSpec) -> Result<Pixels, DataError> {
    Ok(to_square(&decode::decode_alone(source)?, spec))
}

/// Hands the squares of `count` pictures to `body`, `size` of them at a time and in order, with their positions, until it
/// breaks off. At most a few batches of squares are in memory.
///
/// # Errors
/// [`TrainingError::Stopped`] before the batch that follows the stop flag; those of `body`.
pub(super) fn for_each_batch(
    count: usize,
    size: usize,
    read: ReadSquare<'_>,
    stop: &StopFlag,
    mut body: impl FnMut(
        Range<usize>,
        Vec<Result<Pixels, DataError>>,
    ) -> Result<ControlFlow<()>, TrainingError>,
) -> Result<(), TrainingError> {
    let batches = ranges(count, size);
    let deliver = |_, made: Vec<Option<Result<Pixels, DataError>>>| {
        // Every position is a work of its own.
        Some(made.into_iter().flatten().collect::<Vec<_>>())
    };
    prefetch(
        &Squares { count, read },
        &batches,
        deliver,
        |index, made| {
            if stop.is_stopped() {
                return Err(TrainingError::Stopped);
            }
            body(batches[index].clone(), made)
        },
    )
}

struct Squares<'a> {
    count: usize,
    read: ReadSquare<'a>,
}

impl Source for Squares<'_> {
    type Item = Result<Pixels, DataError>;

    fn works(&self) -> Vec<Range<usize>> {
        (0..self.count)
            .map(|position| position..position + 1)
            .collect()
    }

    fn make(&self, positions: Range<usize>) -> Vec<Self::Item> {
        positions.map(self.read).collect()
    }
}
