//! Pictures to normalised tensors. Batches are made ready on a helper thread and rayon's pool, a
//! bounded two ahead of the computing thread; no tensor leaves the latter.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;
use tch::{Device, Kind, TchError, Tensor};

use super::TrainingError;
use crate::data::augment::{augment, flip_view};
use crate::data::store::PictureStore;
use crate::experiment::Augmentation;
use crate::models::WeightsInfo;

/// Batches that wait for the computing thread at most.
const AHEAD: usize = 2;

/// How a picture is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Plain,
    /// One combination of the flips that the augmentation uses; 0 is the picture itself.
    Flip(u32),
    /// Augmented, reproducibly.
    Augmented {
        seed: u64,
        view: u32,
    },
}

/// One picture of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// Index into the data set.
    pub picture: usize,
    pub look: Look,
}

/// The channel means and deviations that a network's weights were trained with.
#[derive(Debug)]
pub struct Normalizer {
    mean: Tensor,
    deviation: Tensor,
    device: Device,
}

impl Normalizer {
    pub fn new(weights: &WeightsInfo, device: Device) -> Result<Self, TchError> {
        let scaled = |values: [f64; 3]| -> Result<Tensor, TchError> {
            let values = values.map(|value| (value * 255.0) as f32);
            Tensor::f_from_slice(&values)?.f_to(device)
        };
        Ok(Self {
            mean: scaled(weights.mean)?,
            deviation: scaled(weights.std)?,
            device,
        })
    }

    /// RGB bytes of `count` squares, one after the other, to `[count, 3, side, side]` with
    /// channels-last strides.
    pub fn tensor(&self, rgb: &[u8], count: usize, side: u32) -> Result<Tensor, TchError> {
        let shape = [count as i64, i64::from(side), i64::from(side), 3];
        Tensor::f_from_data_size(rgb, &shape, Kind::Uint8)?
            .f_to(self.device)?
            .f_to_kind(Kind::Float)?
            .f_sub_(&self.mean)?
            .f_div_(&self.deviation)?
            .f_permute([0i64, 3, 1, 2])
    }
}

/// The squares of a run and how they become tensors.
pub struct Pictures {
    pub squares: Squares,
    pub normalizer: Normalizer,
}

/// The part of [`Pictures`] that other threads may use.
pub struct Squares {
    pub store: PictureStore,
    pub augmentation: Augmentation,
}

impl Pictures {
    /// Bytes that the squares of `count` pictures take.
    pub fn bytes(side: u32, count: usize) -> u64 {
        u64::from(side) * u64::from(side) * 3 * count as u64
    }

    /// Hands every batch, in order, to `body` as its place and its pictures
    /// `[N, 3, side, side]`, until it breaks off.
    pub fn for_each(
        &self,
        batches: &[Vec<Shot>],
        mut body: impl FnMut(usize, Tensor) -> Result<ControlFlow<()>, TrainingError>,
    ) -> Result<(), TrainingError> {
        let squares = &self.squares;
        let side = squares.store.side();
        std::thread::scope(|scope| {
            let (ready, coming) = sync_channel::<Vec<u8>>(AHEAD);
            let prepare = move || {
                for batch in batches {
                    // A closed channel means that the computing thread has ended early.
                    if ready.send(squares.rgb(batch)).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new()
                .name("graft-pictures".into())
                .spawn_scoped(scope, prepare)
                .map_err(|error| {
                    TrainingError::Experiment(format!("can't start a thread: {error}"))
                })?;
            let mut done = 0;
            while let Ok(rgb) = coming.recv() {
                let pictures = self.normalizer.tensor(&rgb, batches[done].len(), side)?;
                if body(done, pictures)?.is_break() {
                    return Ok(());
                }
                done += 1;
            }
            if done < batches.len() {
                return Err(TrainingError::Experiment(
                    "preparing the pictures ended unexpectedly".into(),
                ));
            }
            Ok(())
        })
    }
}

impl Squares {
    /// The bytes of a batch.
    fn rgb(&self, batch: &[Shot]) -> Vec<u8> {
        let side = self.store.side() as usize;
        let length = side * side * 3;
        let mut rgb = vec![0; length * batch.len()];
        rgb.par_chunks_mut(length)
            .zip(batch)
            .for_each(|(out, shot)| match shot.look {
                Look::Plain | Look::Flip(0) => out.copy_from_slice(self.store.rgb(shot.picture)),
                Look::Flip(view) => {
                    let picture = self.store.pixels(shot.picture);
                    out.copy_from_slice(&flip_view(&picture, &self.augmentation, view).rgb);
                }
                Look::Augmented { seed, view } => {
                    let picture = self.store.pixels(shot.picture);
                    out.copy_from_slice(&augment(&picture, &self.augmentation, seed, view).rgb);
                }
            });
        rgb
    }
}
