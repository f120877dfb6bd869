//! What "none of these" is measured to: features of the kept network, once nothing changes it any more.

use std::ops::ControlFlow;
use std::time::Instant;

use tch::Tensor;

use super::session::Session;
use crate::data::Split;
use crate::evaluation::neighbours::FeatureIndex;
use crate::evaluation::novelty::{MOST_PICTURES, NoveltyReference, drawn};
use crate::format;
use crate::training::error::TrainingError;
use crate::training::events::Activity;
use crate::training::forecast::Work;
use crate::training::micro_batch::forward_batch;
use crate::training::novelty::reference;
use crate::training::prefetch::ranges;
use crate::training::probabilities::rows_of;
use crate::training::sample::{Sample, Transform, Variation};
use crate::training::sample_pass::{Batches, SamplePass};

/// Features of pictures as they are, and how long they took.
pub(super) struct OwnFeatures {
    train: FeatureIndex,
    validation: FeatureIndex,
    seconds: f64,
}

impl Session<'_> {
    /// Features of training and validation pictures, where the listener keeps them; before the test, which gives back what is
    /// kept of the frozen part. What goes wrong is told, and costs the run nothing else.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], and those of the listener.
    pub fn own_features(&mut self) -> Result<Option<OwnFeatures>, TrainingError> {
        if !self.reporter.wants_novelty() {
            return Ok(None);
        }
        let began = Instant::now();
        let drawn = drawn(&self.train.labels, MOST_PICTURES, self.experiment.seed);
        let all: Vec<usize> = (0..self.validation.len()).collect();
        let computed = (self.reporter)
            .begin(Activity::ComputingFeatures, drawn.len() + all.len())
            .and_then(|()| self.features_of(Split::Train, &drawn))
            .and_then(|train| {
                Ok(OwnFeatures {
                    train,
                    validation: self.features_of(Split::Validation, &all)?,
                    seconds: began.elapsed().as_secs_f64(),
                })
            });
        self.unless_ended(computed)
    }

    /// What further pictures are compared with; `test`: features of the test pictures.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn novelty(
        &mut self,
        own: Option<OwnFeatures>,
        test: FeatureIndex,
    ) -> Result<Option<NoveltyReference>, TrainingError> {
        let Some(own) = own else {
            return Ok(None);
        };
        let began = Instant::now();
        let device = self.network.device;
        let (validation, train) = (own.validation, own.train);
        let fitted = reference(train, self.train.len(), validation, test, device);
        let fitted = self.unless_ended(fitted)?;
        if let Some(fitted) = &fitted {
            let seconds = own.seconds + began.elapsed().as_secs_f64();
            let took = format::duration(seconds);
            self.reporter
                .note(format!("{} ({took})", fitted.summary()))?;
        }
        Ok(fitted)
    }

    /// A stop, and a listener that fails, end the run; all else is told.
    fn unless_ended<T>(
        &mut self,
        result: Result<T, TrainingError>,
    ) -> Result<Option<T>, TrainingError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_stop() || matches!(error, TrainingError::Listener(_)) => {
                Err(error)
            }
            Err(error) => {
                self.reporter.warn(format!(
                    "Pictures that are none of the classes can't be told by this run: {error}. They can once graft predict or graft evaluate has worked out what that takes."
                ))?;
                Ok(None)
            }
        }
    }

    /// Features of the pictures at these `positions` of `split`, as they are, by their names.
    fn features_of(
        &mut self,
        split: Split,
        positions: &[usize],
    ) -> Result<FeatureIndex, TrainingError> {
        let network = &self.network;
        let micro_batch = &network.micro_batch;
        let unchanged = self.unchanged();
        let is_kept_plain = split != Split::Train
            || Variation::of(&self.experiment.augmentation) == Variation::None;
        let from = match is_kept_plain {
            true => self.cache.kept_depth(split, unchanged),
            false => 0,
        };
        let rest = micro_batch.again(|| network.frozen(unchanged..network.depth()))?;
        let members = match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        };
        let pass = SamplePass {
            network,
            cache: &self.cache,
            pictures: &self.pictures,
            micro_batch,
            split,
            depth: from,
            prefix: match from {
                0 => Some(micro_batch.again(|| network.prefix(0..unchanged))?),
                _ => None,
            },
            work: Work::Forward,
            cost: network.cost(from..network.depth()),
            mixing: None,
        };
        let batches = Batches {
            ranges: ranges(positions.len(), forward_batch(network.device)),
            row: &|place| positions[place] as i64,
            sample: &|place| Sample {
                picture: members.pictures[positions[place]],
                transform: Transform::Plain,
            },
        };
        let forecast = &mut self.reporter.forecast;
        forecast.plan(Work::Forward, positions.len(), pass.cost);
        let mut index = FeatureIndex::default();
        let dataset = self.dataset;
        pass.for_each(&batches, &mut self.reporter, |_, input, places| {
            let pooled = micro_batch
                .again(|| -> Result<Tensor, TrainingError> { rest.advance(network, &input()?) })?;
            for (place, row) in places.clone().zip(rows_of(&pooled)?) {
                let picture = members.pictures[positions[place]];
                add(&mut index, &dataset.pictures[picture].name, &row);
            }
            Ok(ControlFlow::Continue(places.len()))
        })?;
        // They stood as plain grey.
        let unreadable = self.pictures.take_unreadable(&mut self.reporter)?;
        for picture in unreadable {
            index.remove(&dataset.pictures[picture].name);
        }
        Ok(index)
    }
}

/// Adds a row of features in single precision.
pub(super) fn add(index: &mut FeatureIndex, name: &str, row: &[f64]) {
    let row: Vec<f32> = row.iter().map(|&value| value as f32).collect();
    index.add(name, &row);
}
