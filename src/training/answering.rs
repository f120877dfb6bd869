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

/// Reads the squares of `count` pictures, has `compute` make one thing of each of a batch of at most `size`, and hands those
/// to `deliver` in order, with their positions, until it breaks off. At most a few batches of squares are in memory.
///
/// # Errors
/// [`TrainingError::Stopped`] before the batch that follows the stop flag; those of `compute`.
pub(super) fn for_each_batch<T>(
    count: usize,
    size: usize,
    read: ReadSquare<'_>,
    stop: &StopFlag,
    mut compute: impl FnMut(&[Pixels]) -> Result<Vec<T>, TrainingError>,
    deliver: &mut dyn FnMut(Range<usize>, Vec<Result<T, DataError>>) -> ControlFlow<()>,
) -> Result<(), TrainingError> {
    let batches = ranges(count, size);
    let whole = |_, made: Vec<Option<Result<Pixels, DataError>>>| {
        // Every position is a work of its own.
        Some(made.into_iter().flatten().collect::<Vec<_>>())
    };
    prefetch(&Squares { count, read }, &batches, whole, |index, made| {
        if stop.is_stopped() {
            return Err(TrainingError::Stopped);
        }
        let (mut squares, mut lost) = (Vec::new(), Vec::new());
        for made in made {
            match made {
                Ok(square) => {
                    squares.push(square);
                    lost.push(None);
                }
                Err(error) => lost.push(Some(error)),
            }
        }
        let mut computed = match squares.is_empty() {
            true => Vec::new().into_iter(),
            false => compute(&squares)?.into_iter(),
        };
        let each = lost.into_iter().filter_map(|lost| match lost {
            Some(error) => Some(Err(error)),
            None => computed.next().map(Ok),
        });
        Ok(deliver(batches[index].clone(), each.collect()))
    })
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
