//! Pictures to normalised tensors. Batches are made ready on a helper thread and rayon's pool, a
//! bounded two ahead of the computing thread; no tensor leaves the latter.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;
use tch::{Device, Kind, TchError, Tensor};

use super::TrainingError;
use super::augmented::augmented;
use super::reading::Reading;
use super::reporter::Reporter;
use crate::data::Pixels;
use crate::data::augment::{Change, augment, flip_view};
use crate::data::store::PictureStore;
use crate::experiment::Augmentation;
use crate::libtorch::cuda;
use crate::models::WeightsInfo;

/// Batches that wait for the computing thread at most.
pub(super) const AHEAD: usize = 2;

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
        self.changed_tensor(rgb, count, side, &[])
    }

    /// The same of pictures that are changed on their way, on the device; no `changes` leave them as they are.
    fn changed_tensor(
        &self,
        rgb: &[u8],
        count: usize,
        side: u32,
        changes: &[Change],
    ) -> Result<Tensor, TchError> {
        let shape = [count as i64, i64::from(side), i64::from(side), 3];
        let levels = cuda::bytes_to(rgb, &shape, self.device)?;
        let mut levels = if changes.is_empty() {
            levels.f_to_kind(Kind::Float)?
        } else {
            augmented(&levels, changes)?
        };
        // Nobody else holds them.
        levels
            .f_sub_(&self.mean)?
            .f_div_(&self.deviation)?
            .f_permute([0i64, 3, 1, 2])
    }
}

/// The squares of a run and how they become tensors. Those that epochs need again and again are decoded once and kept;
/// the others are decoded when a pass comes to them, beside the network, and not kept.
pub struct Pictures {
    squares: Squares,
    normalizer: Normalizer,
}

/// The part of [`Pictures`] that other threads may use.
struct Squares {
    stores: Vec<PictureStore>,
    augmentation: Augmentation,
    reading: Reading,
    /// Pictures leave as they are, and are augmented where the network computes.
    is_augmented_later: bool,
}

impl Pictures {
    pub(super) fn new(
        reading: Reading,
        augmentation: &Augmentation,
        normalizer: Normalizer,
    ) -> Self {
        Self {
            squares: Squares {
                stores: Vec::new(),
                augmentation: augmentation.clone(),
                reading,
                is_augmented_later: normalizer.device != Device::Cpu,
            },
            normalizer,
        }
    }

    /// Decodes and keeps those of `pictures` (indices into the data set) that have not been yet. Gives the ones that can't be
    /// read any more and stand as plain grey.
    pub(super) fn ensure(
        &mut self,
        pictures: &[usize],
        reporter: &mut Reporter<'_>,
    ) -> Result<Vec<usize>, TrainingError> {
        let is_new = |picture: &usize| self.squares.kept(*picture).is_none();
        let mut new: Vec<usize> = pictures.iter().copied().filter(is_new).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        new.sort_unstable();
        new.dedup();
        let (store, unreadable) = self.squares.reading.read(&new, reporter)?;
        self.squares.stores.push(store);
        Ok(unreadable)
    }

    /// Tells which pictures could not be read in the passes since the last call, and gives them: they stood as plain
    /// grey.
    pub(super) fn take_unreadable(
        &self,
        reporter: &mut Reporter<'_>,
    ) -> Result<Vec<usize>, TrainingError> {
        self.squares.reading.take_unreadable(reporter)
    }

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
        let side = squares.reading.spec.side;
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
                let batch = &batches[done];
                let changes = squares.changes(batch);
                let count = batch.len();
                let pictures = self
                    .normalizer
                    .changed_tensor(&rgb, count, side, &changes)?;
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
    /// The store that holds `picture`.
    fn kept(&self, picture: usize) -> Option<&PictureStore> {
        self.stores.iter().find(|store| store.holds(picture))
    }

    /// Those pictures of a batch that are not kept, decoded for it alone.
    fn passing(&self, batch: &[Shot]) -> HashMap<usize, Pixels> {
        let pictures = batch.iter().map(|shot| shot.picture);
        let mut passing: Vec<usize> = pictures
            .filter(|&picture| self.kept(picture).is_none())
            .collect();
        passing.sort_unstable();
        passing.dedup();
        passing
            .into_par_iter()
            .map(|picture| (picture, self.reading.square(picture)))
            .collect()
    }

    /// What is still to be done to a batch; nothing where all of it stays as it is.
    fn changes(&self, batch: &[Shot]) -> Vec<Change> {
        let is_plain = |shot: &Shot| matches!(shot.look, Look::Plain | Look::Flip(0));
        if !self.is_augmented_later || batch.iter().all(is_plain) {
            return Vec::new();
        }
        let side = self.reading.spec.side;
        let change = |shot: &Shot| match shot.look {
            Look::Plain => Change::nothing(),
            Look::Flip(view) => Change::flip(&self.augmentation, view, (side, side)),
            Look::Augmented { seed, view } => {
                Change::drawn(&self.augmentation, seed, view, (side, side))
            }
        };
        batch.iter().map(change).collect()
    }

    /// The bytes of a batch.
    fn rgb(&self, batch: &[Shot]) -> Vec<u8> {
        let passing = self.passing(batch);
        let copy_of = |picture: usize| -> Pixels {
            match self.kept(picture) {
                Some(store) => store.pixels(picture),
                None => passing[&picture].clone(),
            }
        };
        let copy = |out: &mut [u8], shot: &Shot| match self.kept(shot.picture) {
            Some(store) => out.copy_from_slice(store.rgb(shot.picture)),
            None => out.copy_from_slice(&passing[&shot.picture].rgb),
        };
        let side = self.reading.spec.side as usize;
        let length = side * side * 3;
        let mut rgb = vec![0; length * batch.len()];
        rgb.par_chunks_mut(length)
            .zip(batch)
            .for_each(|(out, shot)| match shot.look {
                _ if self.is_augmented_later => copy(out, shot),
                Look::Plain | Look::Flip(0) => copy(out, shot),
                Look::Flip(view) => {
                    let picture = copy_of(shot.picture);
                    out.copy_from_slice(&flip_view(&picture, &self.augmentation, view).rgb);
                }
                Look::Augmented { seed, view } => {
                    let picture = copy_of(shot.picture);
                    out.copy_from_slice(&augment(&picture, &self.augmentation, seed, view).rgb);
                }
            });
        rgb
    }
}
