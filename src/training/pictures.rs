//! Pictures to normalised tensors. They are made ready on rayon's pool, a bounded two batches ahead of the computing thread;
//! no tensor leaves the latter, but bytes on their way to a graphics card are filled by others.

use std::ops::{ControlFlow, Range};
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;
use tch::{Device, Kind, TchError, Tensor};

use super::augmented::augmented;
use super::error::TrainingError;
use super::micro_batch::MicroBatch;
use super::prefetch::{AHEAD, Source, consecutive, prefetch};
use super::reading::Reading;
use super::reporter::Reporter;
use super::sample::{Sample, Transform};
use crate::data::augment::{Change, augment, is_change_of_numbers, oriented};
use crate::data::store::PictureStore;
use crate::experiment::Augmentation;
use crate::libtorch::cuda::{self, Outgoing};
use crate::models::WeightsInfo;

/// The channel means and deviations that a network's weights were trained with.
#[derive(Debug)]
pub struct Normalizer {
    mean: Tensor,
    deviation: Tensor,
    device: Device,
}

impl Normalizer {
    /// By the mean and deviation that `weights` were trained with.
    ///
    /// # Errors
    /// libtorch's own.
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

    /// RGB bytes of `count` squares, one after the other, to `[count, 3, side, side]` in single precision with
    /// channels-last strides.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn tensor(&self, rgb: &[u8], count: usize, side: u32) -> Result<Tensor, TchError> {
        self.normalized(cuda::bytes_to(rgb, &shape(count, side), self.device)?, &[])
    }

    /// Bytes of the device, `[N, H, W, 3]`, as [`Self::tensor`] gives them, of pictures that are changed on their way; no
    /// `changes` leave them as they are.
    fn normalized(&self, bytes: Tensor, changes: &[Change]) -> Result<Tensor, TchError> {
        let mut levels = if changes.is_empty() {
            bytes.f_to_kind(Kind::Float)?
        } else {
            augmented(&bytes, changes)?
        };
        // Nobody else holds them.
        levels
            .f_sub_(&self.mean)?
            .f_div_(&self.deviation)?
            .f_permute([0i64, 3, 1, 2])
    }
}

/// Of `count` squares.
fn shape(count: usize, side: u32) -> [i64; 4] {
    [count as i64, i64::from(side), i64::from(side), 3]
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
                is_augmented_later: normalizer.device != Device::Cpu
                    && is_change_of_numbers(augmentation),
            },
            normalizer,
        }
    }

    /// Of the squares that the network sees, in pixels.
    pub(super) fn side(&self) -> u32 {
        self.squares.reading.spec.side
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

    /// Gives the memory of what is kept back.
    pub(super) fn release(&mut self) {
        self.squares.stores.clear();
    }

    /// Reports which pictures could not be read in the passes since the last call, and gives them: they stood as plain
    /// grey.
    pub(super) fn take_unreadable(
        &self,
        reporter: &mut Reporter<'_>,
    ) -> Result<Vec<usize>, TrainingError> {
        self.squares.reading.take_unreadable(reporter)
    }

    /// Hands every batch, in order, to `body` as its index and its pictures
    /// `[N, 3, side, side]`, until it breaks off.
    ///
    /// # Errors
    /// Those of `body`; libtorch's own; [`TrainingError::Experiment`] when the pictures can't be made ready.
    pub(super) fn for_each(
        &self,
        batches: &[Vec<Sample>],
        micro_batch: &MicroBatch,
        mut body: impl FnMut(usize, Tensor) -> Result<ControlFlow<()>, TrainingError>,
    ) -> Result<(), TrainingError> {
        let side = self.squares.reading.spec.side;
        let device = self.normalizer.device;
        let samples = &Samples {
            squares: &self.squares,
            all: batches.iter().flatten().copied().collect(),
        };
        let ranges = consecutive(batches.iter().map(Vec::len));
        // One batch is filled while others wait.
        let (give, empty) = sync_channel::<Outgoing>(AHEAD + 1);
        let mut targets = batches
            .iter()
            .map(move |batch| Outgoing::new(&shape(batch.len(), side), device));
        for target in targets.by_ref().take(AHEAD + 1) {
            // There is room for all of them.
            drop(give.send(target));
        }
        let length = (side as usize * side as usize * 3).max(1);
        let fill = move |positions: Range<usize>, made: Vec<Option<Vec<u8>>>| {
            let mut target = empty.recv().ok()?;
            target
                .as_mut()
                .par_chunks_mut(length)
                .zip(positions.into_par_iter().zip(&made))
                .for_each(|(out, (position, made))| match made {
                    Some(made) => out.copy_from_slice(made),
                    None => samples.copy(position, out),
                });
            Some(target)
        };
        prefetch(samples, &ranges, fill, move |index, outgoing| {
            if let Some(target) = targets.next() {
                // Refused where nobody takes it any more, which the next batch notices.
                drop(give.send(target));
            }
            let changes = self.squares.changes(&batches[index]);
            let pictures =
                micro_batch.again(|| self.normalizer.normalized(outgoing.arrive()?, &changes))?;
            drop(outgoing);
            body(index, pictures)
        })
    }
}

/// The samples of some batches, one after the other.
struct Samples<'a> {
    squares: &'a Squares,
    all: Vec<Sample>,
}

impl Samples<'_> {
    /// Copies the bytes of a sample that stays as it is kept.
    fn copy(&self, position: usize, out: &mut [u8]) {
        let picture = self.all[position].picture;
        match self.squares.kept(picture) {
            Some(store) => out.copy_from_slice(store.rgb(picture)),
            None => out.copy_from_slice(&self.squares.reading.square(picture).rgb),
        }
    }
}

impl Source for Samples<'_> {
    type Item = Vec<u8>;

    /// One for each picture, or for each run of samples of one picture, which is decoded once for them; none for what is
    /// kept and stays as it is.
    fn works(&self) -> Vec<Range<usize>> {
        let mut works: Vec<Range<usize>> = Vec::new();
        for (position, sample) in self.all.iter().enumerate() {
            if self.squares.is_copied(sample) {
                continue;
            }
            match works.last_mut() {
                Some(last)
                    if last.end == position && self.all[last.start].picture == sample.picture =>
                {
                    last.end = position + 1;
                }
                _ => works.push(position..position + 1),
            }
        }
        works
    }

    fn make(&self, positions: Range<usize>) -> Vec<Vec<u8>> {
        self.squares.make(&self.all[positions])
    }
}

impl Squares {
    /// The store that holds `picture`.
    fn kept(&self, picture: usize) -> Option<&PictureStore> {
        self.stores.iter().find(|store| store.holds(picture))
    }

    /// Whether its bytes leave as they are kept.
    fn is_copied(&self, sample: &Sample) -> bool {
        (sample.transform.is_identity() || self.is_augmented_later)
            && self.kept(sample.picture).is_some()
    }

    /// What is still to be done to a batch; nothing where all of it stays as it is.
    fn changes(&self, batch: &[Sample]) -> Vec<Change> {
        let is_plain = |sample: &Sample| sample.transform.is_identity();
        if !self.is_augmented_later || batch.iter().all(is_plain) {
            return Vec::new();
        }
        let side = self.reading.spec.side;
        let change = |sample: &Sample| match sample.transform {
            Transform::Plain => Change::nothing(),
            Transform::Oriented(orientation) => Change::oriented(orientation, (side, side)),
            Transform::Augmented { seed, view } => {
                Change::drawn(&self.augmentation, seed, view, (side, side))
            }
        };
        batch.iter().map(change).collect()
    }

    /// The bytes of `samples`, all of one picture.
    fn make(&self, samples: &[Sample]) -> Vec<Vec<u8>> {
        let Some(picture) = samples.first().map(|sample| sample.picture) else {
            return Vec::new();
        };
        let square = match self.kept(picture) {
            Some(store) => store.pixels(picture),
            None => self.reading.square(picture),
        };
        let (last, others) = (samples.len() - 1, &square);
        let changed = |transform: Transform| match transform {
            _ if self.is_augmented_later => None,
            transform if transform.is_identity() => None,
            Transform::Plain => None,
            Transform::Oriented(orientation) => Some(oriented(others, orientation).rgb),
            Transform::Augmented { seed, view } => {
                Some(augment(others, &self.augmentation, seed, view).rgb)
            }
        };
        let made: Vec<Option<Vec<u8>>> = samples
            .iter()
            .map(|sample| changed(sample.transform))
            .collect();
        let mut square = Some(square.rgb);
        let mut all = Vec::with_capacity(made.len());
        for (index, made) in made.into_iter().enumerate() {
            all.push(match made {
                Some(made) => made,
                None if index == last => square.take().unwrap_or_default(),
                None => square.clone().unwrap_or_default(),
            });
        }
        all
    }
}
