//! One pass over samples, batch by batch: the rows that are kept of them, else their pictures, made ready ahead of the network.
//! Whether a person stops or pauses is looked at, and how far it is told, here.

use std::cell::OnceCell;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use super::error::TrainingError;
use super::features::cache::FeatureCache;
use super::features::key::stands_alone;
use super::features::selection::Selection;
use super::forecast::Work;
use super::micro_batch::MicroBatch;
use super::mixing::mixed;
use super::network::{FrozenPart, Network};
use super::pictures::Pictures;
use super::reporter::Reporter;
use super::sample::Sample;
use crate::data::Split;
use crate::data::augment::Mixing;
use crate::models::fold::{filled_up, piece};

/// A graphics card computes while the processor prepares what follows, unless somebody waits for its results: they are
/// asked for as seldom as this. The processor's own are there at once.
const WAIT_SELDOM: Duration = Duration::from_millis(100);

/// Gives a batch's input, each time that it is asked for: `[N, F]` or `[N, C, H, W]`, in single precision.
pub(super) type Input<'i> = &'i dyn Fn() -> Result<Tensor, TrainingError>;

/// Where a pass takes its batches from.
pub(super) struct SamplePass<'a> {
    pub network: &'a Network,
    pub cache: &'a FeatureCache,
    pub pictures: &'a Pictures,
    /// Of those who compute with the batches.
    pub micro_batch: &'a MicroBatch,
    pub split: Split,
    /// The depth whose kept rows are taken; 0 where pictures are.
    pub depth: usize,
    /// What pictures pass before they are handed on.
    pub prefix: Option<FrozenPart>,
    pub work: Work,
    /// Multiply-adds of one picture.
    pub cost: f64,
    /// How the pictures of a batch, by its index in the pass, are mixed before anything sees them. Kept rows are not mixed:
    /// [`Self::depth`] is 0.
    pub mixing: Option<&'a dyn Fn(usize) -> Option<Mixing>>,
}

/// What a pass goes over, by its position.
pub(super) struct Batches<'a> {
    /// Positions of each batch, from 0 on, one batch after the other.
    pub ranges: Vec<Range<usize>>,
    /// The row of kept features at a position.
    pub row: &'a dyn Fn(usize) -> i64,
    /// The sample at a position.
    pub sample: &'a dyn Fn(usize) -> Sample,
}

impl SamplePass<'_> {
    /// Hands each batch's input and positions to `body`, in order, until it breaks off. It reports of how many pictures the
    /// results are there.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`] before the batch that follows the stop flag; those of `body`, of the listener, of kept rows
    /// that can't be read, and libtorch's own.
    pub fn for_each(
        &self,
        batches: &Batches<'_>,
        reporter: &mut Reporter<'_>,
        mut body: impl FnMut(
            &mut Reporter<'_>,
            Input<'_>,
            &Range<usize>,
        ) -> Result<ControlFlow<(), usize>, TrainingError>,
    ) -> Result<(), TrainingError> {
        let control = reporter.control().clone();
        let mut since = Instant::now();
        let mut step = |index: usize, input: Input<'_>| -> Result<ControlFlow<()>, TrainingError> {
            control.checkpoint()?;
            match body(reporter, input, &batches.ranges[index])? {
                ControlFlow::Continue(0) => {}
                ControlFlow::Continue(pictures) => {
                    reporter.advance(self.work, pictures, self.cost, since.elapsed())?;
                    since = Instant::now();
                }
                ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
            }
            Ok(ControlFlow::Continue(()))
        };
        if self.depth > 0 {
            let rows = Selection::new(batches.ranges.iter().cloned().flatten().map(batches.row));
            let lost = OnceCell::new();
            for (index, range) in batches.ranges.iter().enumerate() {
                let pick = || {
                    let kept = (self.cache).pick(self.split, self.depth, &rows, range.clone())?;
                    match kept {
                        Some(kept) => Ok(kept),
                        None => self.compute_again(&lost, range.clone().map(batches.sample)),
                    }
                };
                if step(index, &pick)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let samples = |range: &Range<usize>| range.clone().map(batches.sample).collect();
        let samples: Vec<Vec<Sample>> = batches.ranges.iter().map(samples).collect();
        self.pictures
            .for_each(&samples, self.micro_batch, |index, pictures| {
                let pictures = match self.mixing.and_then(|of| of(index)) {
                    Some(mixing) => self.micro_batch.again(|| mixed(&pictures, &mixing))?,
                    None => pictures,
                };
                let Some(prefix) = &self.prefix else {
                    return step(index, &|| Ok(pictures.shallow_clone()));
                };
                control.checkpoint()?;
                let passed = self
                    .micro_batch
                    .again(|| -> Result<Tensor, TrainingError> {
                        let passed = prefix.advance(self.network, &pictures)?;
                        Ok(passed.f_to_kind(Kind::Float)?)
                    })?;
                step(index, &|| Ok(passed.shallow_clone()))
            })
    }
}

impl SamplePass<'_> {
    /// What the kept rows of a batch were, from its pictures: a file of rows has gone, or is damaged. On a processor where
    /// rows stand alone they are the same to the bit. `part`: the frozen part, once it has been made.
    fn compute_again(
        &self,
        part: &OnceCell<FrozenPart>,
        samples: impl Iterator<Item = Sample>,
    ) -> Result<Tensor, TrainingError> {
        let network = self.network;
        let part = match part.get() {
            Some(part) => part,
            None => {
                let made = network
                    .micro_batch
                    .again(|| network.prefix(0..self.depth))?;
                part.get_or_init(|| made)
            }
        };
        let together = if stands_alone(network.device) {
            piece(network.side)
        } else {
            1
        };
        let mut output = None;
        let batch = [samples.collect::<Vec<Sample>>()];
        self.pictures
            .for_each(&batch, &network.micro_batch, |_, pictures| {
                let passed = network
                    .micro_batch
                    .again(|| -> Result<Tensor, TrainingError> {
                        let passed = part.advance(network, &filled_up(&pictures, together)?)?;
                        let rows = passed.f_narrow(0, 0, batch[0].len() as i64)?;
                        Ok(rows.f_to_kind(Kind::Float)?)
                    })?;
                output = Some(passed);
                Ok(ControlFlow::Continue(()))
            })?;
        output.ok_or_else(|| TrainingError::Experiment("a batch without pictures".into()))
    }
}

/// Results of batches where they were computed. Nobody waits for a graphics card more often than needs be.
pub(super) struct Pending<T> {
    results: Vec<T>,
    device: Device,
    since: Instant,
}

impl<T> Pending<T> {
    pub fn new(device: Device) -> Self {
        Self {
            results: Vec::new(),
            device,
            since: Instant::now(),
        }
    }

    pub fn push(&mut self, result: T) {
        self.results.push(result);
    }

    /// Those that wait.
    pub fn results(&self) -> &[T] {
        &self.results
    }

    /// Whether it is time to ask for them.
    pub fn is_due(&self) -> bool {
        self.device == Device::Cpu || self.waited() >= WAIT_SELDOM
    }

    /// Takes those that were asked for.
    pub fn take(&mut self) -> Vec<T> {
        self.since = Instant::now();
        std::mem::take(&mut self.results)
    }

    /// The time since they were taken last.
    pub fn waited(&self) -> Duration {
        self.since.elapsed()
    }
}
