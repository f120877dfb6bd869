//! Pictures to normalised tensors. They are made ready on rayon's pool, a bounded two batches ahead of the computing thread;
//! no tensor leaves the latter, but bytes on their way to a graphics card are filled by others.

use std::ops::{ControlFlow, Range};
use std::sync::mpsc::sync_channel;

use tch::{Device, Kind, TchError, Tensor};

use super::TrainingError;
use super::augmented::augmented;
use super::pipeline::{self, Source};
use super::reading::Reading;
use super::reporter::Reporter;
use super::shortage::AtOnce;
use crate::data::augment::{Change, augment, flip_view};
use crate::data::store::PictureStore;
use crate::experiment::Augmentation;
use crate::libtorch::cuda::{self, Outgoing};
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
        at_once: &AtOnce,
        mut body: impl FnMut(usize, Tensor) -> Result<ControlFlow<()>, TrainingError>,
    ) -> Result<(), TrainingError> {
        let side = self.squares.reading.spec.side;
        let device = self.normalizer.device;
        let target = |batch: &Vec<Shot>| Outgoing::new(&shape(batch.len(), side), device);
        let shots = Shots {
            squares: &self.squares,
            all: batches.iter().flatten().copied().collect(),
        };
        let mut end = 0;
        let ranges: Vec<Range<usize>> = batches
            .iter()
            .map(|batch| {
                let start = end;
                end += batch.len();
                start..end
            })
            .collect();
        let length = side as usize * side as usize * 3;
        std::thread::scope(|scope| {
            // One batch is filled while others wait.
            let (give, empty) = sync_channel::<Outgoing>(AHEAD + 1);
            let (ready, coming) = sync_channel::<Outgoing>(AHEAD);
            let prepare = move || pipeline::fill(&shots, &ranges, length, &empty, &ready);
            std::thread::Builder::new()
                .name("graft-pictures".into())
                .spawn_scoped(scope, prepare)
                .map_err(|error| {
                    TrainingError::Experiment(format!("can't start a thread: {error}"))
                })?;
            let mut targets = batches.iter().map(target);
            for target in targets.by_ref().take(AHEAD + 1) {
                // Refused where nobody takes it any more, which the next lines notice.
                drop(give.send(target));
            }
            let mut done = 0;
            while let Ok(outgoing) = coming.recv() {
                if let Some(target) = targets.next() {
                    drop(give.send(target));
                }
                let changes = self.squares.changes(&batches[done]);
                let pictures =
                    at_once.again(|| self.normalizer.normalized(outgoing.arrive()?, &changes))?;
                drop(outgoing);
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

/// The shots of some batches, one after the other.
struct Shots<'a> {
    squares: &'a Squares,
    all: Vec<Shot>,
}

impl Source for Shots<'_> {
    /// One for each picture, or for each run of shots of one picture, which is decoded once for them; none for what is kept
    /// and stays as it is.
    fn works(&self) -> Vec<Range<usize>> {
        let mut works: Vec<Range<usize>> = Vec::new();
        for (place, shot) in self.all.iter().enumerate() {
            if self.squares.is_copied(shot) {
                continue;
            }
            match works.last_mut() {
                Some(last) if last.end == place && self.all[last.start].picture == shot.picture => {
                    last.end = place + 1;
                }
                _ => works.push(place..place + 1),
            }
        }
        works
    }

    fn make(&self, places: Range<usize>) -> Vec<Vec<u8>> {
        self.squares.make(&self.all[places])
    }

    fn copy(&self, place: usize, out: &mut [u8]) {
        let picture = self.all[place].picture;
        match self.squares.kept(picture) {
            Some(store) => out.copy_from_slice(store.rgb(picture)),
            None => out.copy_from_slice(&self.squares.reading.square(picture).rgb),
        }
    }
}

impl Squares {
    /// The store that holds `picture`.
    fn kept(&self, picture: usize) -> Option<&PictureStore> {
        self.stores.iter().find(|store| store.holds(picture))
    }

    /// Whether its bytes leave as they are kept.
    fn is_copied(&self, shot: &Shot) -> bool {
        let is_plain = matches!(shot.look, Look::Plain | Look::Flip(0));
        (is_plain || self.is_augmented_later) && self.kept(shot.picture).is_some()
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

    /// The bytes of `shots`, all of one picture.
    fn make(&self, shots: &[Shot]) -> Vec<Vec<u8>> {
        let Some(picture) = shots.first().map(|shot| shot.picture) else {
            return Vec::new();
        };
        let square = match self.kept(picture) {
            Some(store) => store.pixels(picture),
            None => self.reading.square(picture),
        };
        let (last, others) = (shots.len() - 1, &square);
        let changed = |look: Look| match look {
            _ if self.is_augmented_later => None,
            Look::Plain | Look::Flip(0) => None,
            Look::Flip(view) => Some(flip_view(others, &self.augmentation, view).rgb),
            Look::Augmented { seed, view } => {
                Some(augment(others, &self.augmentation, seed, view).rgb)
            }
        };
        let made: Vec<Option<Vec<u8>>> = shots.iter().map(|shot| changed(shot.look)).collect();
        let mut square = Some(square.rgb);
        let mut all = Vec::with_capacity(made.len());
        for (place, made) in made.into_iter().enumerate() {
            all.push(match made {
                Some(made) => made,
                None if place == last => square.take().unwrap_or_default(),
                None => square.clone().unwrap_or_default(),
            });
        }
        all
    }
}
