//! Finished runs, used: class probabilities of pictures.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use rayon::prelude::*;
use tch::{Device, Tensor};

use super::answering::{DeliverOutputs, NetworkOutput, ReadSquare, for_each_batch, square_alone};
use super::cores::use_all_cores;
use super::error::TrainingError;
use super::events::TestMetrics;
use super::micro_batch::forward_batch;
use super::network::{FrozenPart, Network};
use super::out_of_memory::once_more;
use super::pictures::Normalizer;
use super::precision;
use super::precision::of_run::{FrozenPrecision, Use};
use super::preprocessing::{input_side, square_spec};
use super::probabilities::{ProbabilitySum, rows_of, test_metrics};
use super::sample::orientations;
use crate::data::augment::{Orientation, oriented};
use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, Dataset, PictureSource, Pixels, Problem, StopFlag, decode};
use crate::evaluation::{Groups, Prediction, Predictions};
use crate::experiment::Experiment;
use crate::libtorch::arithmetic::Hold;
use crate::models::{ModelError, weights};

/// A network's answers on labelled pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// Of the pictures that could be read.
    pub metrics: TestMetrics,
    pub predictions: Predictions,
    /// Pictures that could not be read, and are in neither of the above.
    pub problems: Vec<Problem>,
}

/// A finished run's network.
pub struct Classifier {
    classes: Vec<String>,
    pub(super) network: Network,
    pub(super) whole: FrozenPart,
    pub(super) spec: SquareSpec,
    pub(super) normalizer: Normalizer,
    /// Over which probabilities are averaged; the first is the picture itself.
    views: Vec<Orientation>,
    precision: FrozenPrecision,
    /// Last, so that the card's memory goes back when nothing of the network is left.
    _card: Hold,
}

impl Classifier {
    /// The network of `experiment` with the weights that its run kept in `file`: safetensors with
    /// the names of the backbone and of `head.*`. `using`: what the run computed in, and what it shall compute in now.
    ///
    /// # Errors
    /// Where `file` can't be read or does not fit the experiment's network, and libtorch's own.
    pub fn open(
        experiment: &Experiment,
        classes: &[String],
        file: &Path,
        device: Device,
        using: Use,
    ) -> Result<Self, TrainingError> {
        use_all_cores();
        // While a training computes on the card in another precision, the processor answers.
        let (device, card) = match Hold::take(device, experiment.training.tf32, false)? {
            Some(hold) => (device, hold),
            None => {
                log::info!(
                    "the processor answers: a training holds the card with another training.tf32"
                );
                (Device::Cpu, Hold::none())
            }
        };
        let build = || Network::blank(experiment, classes.len(), device);
        let mut network = once_more(device, build)?;
        weights::load(network.backbone.as_mut(), file)?;
        load_head(&network, file)?;
        let info = &network.pretrained;
        let spec = square_spec(experiment, info, input_side(experiment, info));
        let normalizer = once_more(device, || Normalizer::new(info, device))?;
        let views = orientations(experiment);
        let frozen_depths = network.frozen_depths(experiment)?;
        let unchanged = frozen_depths
            .iter()
            .copied()
            .min()
            .unwrap_or(network.depth());
        network.frozen_kind = using.on(device).kind();
        let precision = precision::of_answers(&network, &[unchanged]);
        let micro_batch = &network.micro_batch;
        let whole = micro_batch.again(|| network.partly_frozen(0..network.depth(), unchanged))?;
        let classes = classes.to_vec();
        Ok(Self {
            classes,
            network,
            whole,
            spec,
            normalizer,
            views,
            precision,
            _card: card,
        })
    }

    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.network.device
    }

    /// Sees every picture once, as it is, whatever the experiment asks for in the test: as validation does.
    pub fn seeing_once(self) -> Self {
        let views = vec![Orientation::PLAIN];
        Self { views, ..self }
    }

    /// In how many views a picture is seen.
    pub fn views(&self) -> u32 {
        self.views.len() as u32
    }

    /// How the picture lies in each of them.
    pub fn orientations(&self) -> &[Orientation] {
        &self.views
    }

    /// What its answers are computed in.
    pub fn precision(&self) -> FrozenPrecision {
        self.precision
    }

    /// The probability of every class for every picture, of any size.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn predict(&self, pictures: &[Pixels]) -> Result<Vec<Vec<f64>>, TrainingError> {
        let mut rows = Vec::with_capacity(pictures.len());
        // Of what the other threads need, only the size: tensors stay here.
        let spec = &self.spec;
        for batch in pictures.chunks(forward_batch(self.network.device)) {
            let squares: Vec<Pixels> = batch
                .par_iter()
                .map(|picture| to_square(picture, spec))
                .collect();
            let answered = self.answer_squares(&squares, false)?;
            rows.extend(answered.into_iter().map(|answered| answered.probabilities));
        }
        Ok(rows)
    }

    /// One batch of pictures that have the network's size already.
    fn answer_squares(
        &self,
        squares: &[Pixels],
        with_features: bool,
    ) -> Result<Vec<NetworkOutput>, TrainingError> {
        let mut sum = ProbabilitySum::new(squares.len(), self.classes.len());
        let indices: Vec<usize> = (0..squares.len()).collect();
        let mut features = Vec::new();
        for (view, &orientation) in self.views.iter().enumerate() {
            let mut rgb = Vec::new();
            for square in squares {
                match view {
                    0 => rgb.extend_from_slice(&square.rgb),
                    _ => rgb.extend(oriented(square, orientation).rgb),
                }
            }
            let micro_batch = &self.network.micro_batch;
            micro_batch.again(|| -> Result<(), TrainingError> {
                let input = self
                    .normalizer
                    .tensor(&rgb, squares.len(), self.spec.side)?;
                let pooled = self.whole.advance(&self.network, &input)?;
                if with_features && view == 0 {
                    features = rows_of(&pooled)?;
                }
                sum.add(
                    &indices,
                    self.network.output,
                    &self.network.answers(&pooled)?,
                )
            })?;
        }
        let mut features = features.into_iter();
        let answered = |probabilities| NetworkOutput {
            probabilities,
            features: features
                .next()
                .unwrap_or_default()
                .into_iter()
                .map(|value| value as f32)
                .collect(),
        };
        Ok(sum.mean().into_iter().map(answered).collect())
    }

    /// What the network makes of each of `pictures`, which no scan has seen; handed to `deliver` batch by batch and in order,
    /// with their positions, until it breaks off. Pictures are decoded beside the network, and none is kept.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`] within one batch of the stop flag; libtorch's own.
    pub fn answer_each(
        &self,
        pictures: &[PictureSource],
        with_features: bool,
        stop: &StopFlag,
        deliver: DeliverOutputs<'_>,
    ) -> Result<(), TrainingError> {
        let square_of = self.square_reader();
        let read = |position: usize| square_of(&pictures[position]);
        self.answer_read(pictures.len(), &read, with_features, stop, deliver)
    }

    /// Makes the square that the network takes of a picture which no scan has seen, on any thread.
    pub fn square_reader(
        &self,
    ) -> impl Fn(&PictureSource) -> Result<Pixels, DataError> + Sync + use<'_> {
        let spec = &self.spec;
        move |source| square_alone(source, spec)
    }

    /// The same of `count` pictures, of which `read` makes the squares on many threads, by [`Self::square_reader`].
    ///
    /// # Errors
    /// As [`Self::answer_each`].
    pub fn answer_read(
        &self,
        count: usize,
        read: ReadSquare<'_>,
        with_features: bool,
        stop: &StopFlag,
        deliver: DeliverOutputs<'_>,
    ) -> Result<(), TrainingError> {
        let size = forward_batch(self.network.device);
        let compute = |squares: &[Pixels]| self.answer_squares(squares, with_features);
        for_each_batch(count, size, read, stop, compute, deliver)
    }

    /// Predictions and metrics for the pictures at `indices` of a labelled data set, in this order.
    /// Its classes must be those of the run. `progress` hears how many are done. A picture that
    /// can't be read is listed and left out.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`] within one batch of the stop flag.
    pub fn evaluate(
        &self,
        dataset: &Dataset,
        indices: &[usize],
        progress: &mut dyn FnMut(usize, usize),
        stop: &StopFlag,
    ) -> Result<Evaluated, TrainingError> {
        if dataset.classes != self.classes {
            return Err(TrainingError::Experiment(format!(
                "the pictures' classes are {}, but the run knows {}",
                dataset.classes.join(", "),
                self.classes.join(", ")
            )));
        }
        let (mut rows, mut all, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        progress(0, indices.len());
        // Of what other threads need, only the size: tensors stay here.
        let spec = &self.spec;
        let read = |position: usize| {
            let picture = decode::decode(&dataset.pictures[indices[position]].source)?;
            Ok(to_square(&picture, spec))
        };
        let deliver =
            &mut |positions: Range<usize>, answered: Vec<Result<NetworkOutput, DataError>>| {
                for (&index, answered) in indices[positions.clone()].iter().zip(answered) {
                    let picture = &dataset.pictures[index];
                    match answered {
                        Ok(NetworkOutput { probabilities, .. }) => {
                            rows.push(Prediction {
                                file: picture.name.clone(),
                                truth: picture.label,
                                probabilities: probabilities
                                    .iter()
                                    .map(|&value| value as f32)
                                    .collect(),
                            });
                            all.push(probabilities);
                        }
                        Err(error) => problems.push(error.into_problem(picture.source.path())),
                    }
                }
                progress(positions.end, indices.len());
                ControlFlow::Continue(())
            };
        self.answer_read(indices.len(), &read, false, stop, deliver)?;
        let labels: Vec<u32> = rows.iter().map(|row| row.truth).collect();
        Ok(Evaluated {
            metrics: test_metrics(&all, &labels),
            predictions: Predictions {
                classes: self.classes.clone(),
                rows,
                groups: Groups::of_pictures(indices.iter().map(|&index| &dataset.pictures[index])),
            },
            problems,
        })
    }
}

/// Copies the `head.*` tensors of `file` into the network's head: all or nothing.
fn load_head(network: &Network, file: &Path) -> Result<(), TrainingError> {
    let unusable = |reason: String| ModelError::Weights {
        reason,
        path: file.to_path_buf(),
    };
    let found = Tensor::read_safetensors(file)
        .map_err(|error| unusable(format!("this is no run's weights file ({error})")))?;
    let mut pairs = Vec::new();
    for entry in &network.head.parameters().entries {
        let (_, tensor) = found
            .iter()
            .find(|(name, _)| *name == entry.name)
            .ok_or_else(|| unusable(format!("the head's “{}” is missing", entry.name)))?;
        if tensor.size() != entry.tensor.size() {
            return Err(TrainingError::Model(unusable(format!(
                "the head's “{}” has the shape {:?}, not {:?}: the preset and the weights do not belong together",
                entry.name,
                tensor.size(),
                entry.tensor.size()
            ))));
        }
        pairs.push((entry.tensor.shallow_clone(), tensor));
    }
    let _guard = tch::no_grad_guard();
    for (mut target, tensor) in pairs {
        target.f_copy_(tensor)?;
    }
    Ok(())
}
