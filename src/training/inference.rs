//! Finished runs, used: class probabilities of pictures.

use std::path::Path;
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::TrainingError;
use super::events::TestMetrics;
use super::features::batch;
use super::metrics::{Batch, Metric, Metrics};
use super::network::{FrozenPart, Network, input_side};
use super::pictures::Normalizer;
use super::precision::{self, FrozenPrecision, Use};
use super::shortage::once_more;
use super::trainer::{square_spec, test_views, use_all_cores};
use crate::data::augment::flip_view;
use crate::data::square::{SquareSpec, to_square};
use crate::data::{DataError, Dataset, Pixels, Problem, StopFlag, decode};
use crate::evaluation::{Prediction, Predictions, cross_entropy};
use crate::experiment::{Augmentation, Experiment, OutputLayer};
use crate::libtorch::arithmetic::Hold;
use crate::models::{ModelError, weights};

/// Batches that wait for the network at most.
const AHEAD: usize = 2;

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
    augmentation: Augmentation,
    /// Flip combinations over which probabilities are averaged.
    views: u32,
    precision: FrozenPrecision,
    /// Last, so that the card's memory goes back when nothing of the network is left.
    _card: Hold,
}

impl Classifier {
    /// The network of `experiment` with the weights that its run kept in `file`: safetensors with
    /// the names of the backbone and of `head.*`. `using`: what the run computed in, and what it shall compute in now.
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
        let views = test_views(experiment);
        let augmentation = experiment.augmentation.clone();
        let cuts = network.cuts(experiment)?;
        let unchanged = cuts.iter().copied().min().unwrap_or(network.depth());
        network.frozen_kind = using.on(device).kind();
        let precision = precision::of_answers(&network, &[unchanged]);
        let at_once = &network.at_once;
        let whole = at_once.again(|| network.partly_frozen(0..network.depth(), unchanged))?;
        let classes = classes.to_vec();
        Ok(Self {
            classes,
            network,
            whole,
            spec,
            normalizer,
            augmentation,
            views,
            precision,
            _card: card,
        })
    }

    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Sees every picture once, as it is, whatever the experiment asks for in the test: as validation does.
    pub fn seeing_once(self) -> Self {
        Self { views: 1, ..self }
    }

    /// In how many views a picture is seen.
    pub fn views(&self) -> u32 {
        self.views
    }

    /// What its answers are computed in.
    pub fn precision(&self) -> FrozenPrecision {
        self.precision
    }

    /// The probability of every class for every picture, of any size.
    pub fn predict(&self, pictures: &[Pixels]) -> Result<Vec<Vec<f64>>, TrainingError> {
        let mut rows = Vec::with_capacity(pictures.len());
        // Of what the other threads need, only the size: tensors stay here.
        let spec = &self.spec;
        for batch in pictures.chunks(batch(self.network.device)) {
            let squares: Vec<Pixels> = batch
                .par_iter()
                .map(|picture| to_square(picture, spec))
                .collect();
            rows.extend(self.predict_squares(&squares)?);
        }
        Ok(rows)
    }

    /// One batch of pictures that have the network's size already.
    fn predict_squares(&self, squares: &[Pixels]) -> Result<Vec<Vec<f64>>, TrainingError> {
        let mut sum = ProbabilitySum::new(squares.len(), self.classes.len());
        let places: Vec<usize> = (0..squares.len()).collect();
        for view in 0..self.views {
            let mut rgb = Vec::new();
            for square in squares {
                match view {
                    0 => rgb.extend_from_slice(&square.rgb),
                    view => rgb.extend(flip_view(square, &self.augmentation, view).rgb),
                }
            }
            let at_once = &self.network.at_once;
            at_once.again(|| -> Result<(), TrainingError> {
                let input = self
                    .normalizer
                    .tensor(&rgb, squares.len(), self.spec.side)?;
                let logits = self.network.logits(&input, &self.whole)?;
                sum.add(&places, &self.network, &logits)
            })?;
        }
        Ok(sum.mean())
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
        let mut done = 0;
        progress(done, indices.len());
        // Of what the other threads need, only the size: tensors stay here.
        let spec = &self.spec;
        let size = batch(self.network.device);
        // Pictures are made ready beside the network, on rayon's pool.
        std::thread::scope(|scope| {
            let (ready, coming) = sync_channel::<Vec<Result<Pixels, DataError>>>(AHEAD);
            let prepare = move || {
                for batch in indices.chunks(size) {
                    let read = |&index: &usize| {
                        let picture = decode::decode(&dataset.pictures[index].source)?;
                        Ok(to_square(&picture, spec))
                    };
                    // A closed channel means that the network has ended early.
                    if ready.send(batch.par_iter().map(read).collect()).is_err() {
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
            for batch in indices.chunks(size) {
                if stop.is_stopped() {
                    return Err(TrainingError::Stopped);
                }
                let Ok(prepared) = coming.recv() else {
                    return Err(TrainingError::Experiment(
                        "preparing the pictures ended unexpectedly".into(),
                    ));
                };
                let (mut members, mut squares) = (Vec::new(), Vec::new());
                for (&index, square) in batch.iter().zip(prepared) {
                    let picture = &dataset.pictures[index];
                    match square {
                        Ok(square) => {
                            members.push(picture);
                            squares.push(square);
                        }
                        Err(error) => problems.push(error.into_problem(picture.source.path())),
                    }
                }
                for (picture, probabilities) in
                    members.into_iter().zip(self.predict_squares(&squares)?)
                {
                    rows.push(Prediction {
                        file: picture.name.clone(),
                        truth: picture.label,
                        probabilities: probabilities.iter().map(|&value| value as f32).collect(),
                    });
                    all.push(probabilities);
                }
                done += batch.len();
                progress(done, indices.len());
            }
            Ok(())
        })?;
        let labels: Vec<u32> = rows.iter().map(|row| row.truth).collect();
        Ok(Evaluated {
            metrics: test_metrics(&all, &labels),
            predictions: Predictions {
                classes: self.classes.clone(),
                rows,
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

/// Probabilities of pictures, summed over the views in which they are seen.
pub(super) struct ProbabilitySum {
    rows: Vec<Vec<f64>>,
    views: Vec<u32>,
}

impl ProbabilitySum {
    pub fn new(pictures: usize, classes: usize) -> Self {
        Self {
            rows: vec![vec![0.0; classes]; pictures],
            views: vec![0; pictures],
        }
    }

    /// Adds one view of the pictures at `places`. The softmax is taken in float64, so that the
    /// loss of a sure mistake is not lost to rounding.
    pub fn add(
        &mut self,
        places: &[usize],
        network: &Network,
        logits: &Tensor,
    ) -> Result<(), TrainingError> {
        let _guard = tch::no_grad_guard();
        let logits = logits.f_to_kind(Kind::Double)?;
        let probabilities = match network.output {
            OutputLayer::Softmax => logits.f_softmax(-1, Kind::Double)?,
            OutputLayer::Sigmoid => {
                Tensor::f_cat(&[logits.f_neg()?.f_sigmoid()?, logits.f_sigmoid()?], 1)?
            }
        };
        for (&place, row) in places.iter().zip(rows_of(&probabilities)?) {
            self.views[place] += 1;
            for (sum, value) in self.rows[place].iter_mut().zip(row) {
                *sum += value;
            }
        }
        Ok(())
    }

    pub fn mean(mut self) -> Vec<Vec<f64>> {
        for (row, &views) in self.rows.iter_mut().zip(&self.views) {
            for value in row {
                *value /= f64::from(views.max(1));
            }
        }
        self.rows
    }
}

/// A matrix's rows, on the CPU.
pub(super) fn rows_of(matrix: &Tensor) -> Result<Vec<Vec<f64>>, TrainingError> {
    let (_, columns) = matrix.size2()?;
    let flat = matrix
        .f_to(Device::Cpu)?
        .f_to_kind(Kind::Double)?
        .f_contiguous()?
        .f_reshape([-1i64])?;
    let flat: Vec<f64> = Vec::try_from(flat)?;
    Ok(flat
        .chunks(columns.max(1) as usize)
        .map(<[f64]>::to_vec)
        .collect())
}

/// Metrics of probabilities `[pictures][classes]`; the loss is the mean cross-entropy.
pub(super) fn test_metrics(probabilities: &[Vec<f64>], truth: &[u32]) -> TestMetrics {
    let classes = probabilities.first().map_or(0, Vec::len);
    let mut metrics = Metrics::new(classes);
    for (row, &label) in probabilities.iter().zip(truth) {
        let likelihood = row.get(label as usize).copied().unwrap_or(0.0);
        let mut best = 0;
        for (class, probability) in row.iter().enumerate() {
            if *probability > row[best] {
                best = class;
            }
        }
        metrics.update(&Batch {
            // As the answers are stored and read back.
            loss_sum: cross_entropy(likelihood as f32),
            truth: &[label],
            predicted: &[best as u32],
        });
    }
    TestMetrics {
        loss: metrics.loss.value(),
        accuracy: metrics.accuracy.value(),
        macro_f1: metrics.macro_f1.value(),
        n: truth.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_loss_is_that_of_the_averaged_probabilities() {
        let metrics = test_metrics(
            &[vec![0.25, 0.75], vec![0.5, 0.5], vec![0.0, 1.0]],
            &[1, 0, 1],
        );
        let expected = -(0.75_f64.ln() + 0.5_f64.ln()) / 3.0;
        assert!((metrics.loss - expected).abs() < 1e-7);
        assert_eq!(
            (metrics.accuracy, metrics.macro_f1, metrics.n),
            (1.0, 1.0, 3)
        );
        assert!(test_metrics(&[vec![1.0, 0.0]], &[1]).loss.is_finite());
    }

    #[test]
    fn the_test_loss_is_the_log_loss_of_the_stored_answers() {
        // Sure and wrong, sure and right, and what single precision rounds.
        let probabilities = [
            vec![1.0, 0.0],
            vec![1.0 - 1e-12, 1e-12],
            vec![1.0, 0.0],
            vec![0.1, 0.9],
        ];
        let truth = [1, 1, 0, 1];
        let predictions = Predictions {
            classes: vec!["a".into(), "b".into()],
            rows: probabilities
                .iter()
                .zip(truth)
                .map(|(row, truth)| Prediction {
                    file: String::new(),
                    truth,
                    probabilities: row.iter().map(|&value| value as f32).collect(),
                })
                .collect(),
        };
        let metrics = test_metrics(&probabilities, &truth);
        assert_eq!(metrics.loss, crate::evaluation::log_loss(&predictions));
        // (2 ln(1 / eps) - ln(1 - eps) - ln(0.9)) / 4 with numpy's float32 eps.
        assert!((metrics.loss - 7.997_533).abs() < 1e-5, "{}", metrics.loss);
    }
}
