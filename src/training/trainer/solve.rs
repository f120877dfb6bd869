//! A phase whose linear head is solved at once, by logistic regression on the features of the training pictures.

use std::ops::ControlFlow;
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::epoch::EpochPlan;
use super::session::Session;
use super::workload::training_cost;
use crate::data::{Split, folds};
use crate::experiment::OutputLayer;
use crate::format;
use crate::training::error::TrainingError;
use crate::training::events::Activity;
use crate::training::forecast::Work;
use crate::training::logistic::{
    Iteration, LinearClassifier, Rows, Settings, Solved, fit, fit_on_folds, row_weights,
};
use crate::training::metrics::{Batch, Metrics};
use crate::training::micro_batch::forward_batch;
use crate::training::prefetch::ranges;
use crate::training::resume::Partial;
use crate::training::sample::{Variation, kept_views};
use crate::training::sample_pass::{Batches, SamplePass};

/// Of the training pictures, to choose the strength of the penalty on; or as many as there are groups.
const FOLDS: usize = 5;
/// The strength where there are no two folds.
const USUAL_C: f64 = 1.0;

/// What the head takes of every training picture, in every version that is kept of it.
struct HeadRows {
    /// `[rows, features]`.
    values: Vec<f32>,
    features: usize,
    labels: Vec<u32>,
}

impl Session<'_> {
    /// Solves the head: an epoch that ends at the least loss. `from`: it was solved before the run was stopped. What was
    /// measured, and a learning rate of 0.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`] before the next iteration, those of the listener, and libtorch's own.
    pub fn solve_head(
        &mut self,
        plan: &EpochPlan,
        c: Option<f64>,
        from: Option<&Partial>,
    ) -> Result<(Metrics, f64), TrainingError> {
        if let Some(from) = from {
            return Ok((Metrics::from_counted(&from.counted), 0.0));
        }
        let began = Instant::now();
        let pictures = self.train.len();
        self.reporter.begin(Activity::Training, pictures)?;
        let rows = self.head_rows(plan)?;
        let solved = self.solve(&rows, c)?;
        self.put_into_head(&solved.classifier)?;
        self.report_solved(&solved, c)?;
        let metrics = self.measure(&rows, solved.loss)?;
        let frozen_depth = self.plans[plan.phase].cut;
        let depth = self.cache.kept_depth(Split::Train, frozen_depth);
        let cost = training_cost(&self.network, depth, frozen_depth);
        self.reporter.set_done(0)?;
        self.reporter
            .advance(Work::Training, pictures, cost, began.elapsed())?;
        Ok((metrics, 0.0))
    }

    fn head_rows(&mut self, plan: &EpochPlan) -> Result<HeadRows, TrainingError> {
        let augmentation = &self.experiment.augmentation;
        let variation = Variation::of(augmentation);
        let views = kept_views(augmentation).unwrap_or(1) as usize;
        let pictures = self.train.len();
        let (network, train) = (&self.network, &self.train);
        let micro_batch = &network.micro_batch;
        let frozen_depth = self.plans[plan.phase].cut;
        let depth = self.cache.kept_depth(Split::Train, frozen_depth);
        let rest = micro_batch.again(|| network.frozen(frozen_depth..network.depth()))?;
        let samples = variation.all_samples(self.experiment.seed, &train.pictures);
        let pass = SamplePass {
            network,
            cache: &self.cache,
            pictures: &self.pictures,
            micro_batch,
            split: Split::Train,
            depth,
            prefix: match depth {
                0 => Some(micro_batch.again(|| network.prefix(0..frozen_depth))?),
                _ => None,
            },
            work: Work::Training,
            cost: 0.0,
            mixing: None,
        };
        let batches = Batches {
            ranges: ranges(views * pictures, forward_batch(network.device)),
            row: &|position| position as i64,
            sample: &|position| samples[position],
        };
        let mut rows = HeadRows {
            values: Vec::new(),
            features: 0,
            labels: train.labels.repeat(views),
        };
        let _guard = tch::no_grad_guard();
        pass.for_each(&batches, &mut self.reporter, |_, input, _| {
            let pooled = micro_batch.again(|| -> Result<Tensor, TrainingError> {
                let pooled = rest.advance(network, &input()?)?;
                Ok(pooled.f_to_kind(Kind::Float)?.f_to(Device::Cpu)?)
            })?;
            let (_, features) = pooled.size2()?;
            rows.features = usize::try_from(features).unwrap_or(0);
            rows.values
                .extend(Vec::<f32>::try_from(pooled.f_reshape([-1i64])?)?);
            // How far the phase is, its iterations tell.
            Ok(ControlFlow::Continue(0))
        })?;
        Ok(rows)
    }

    fn solve(&mut self, rows: &HeadRows, c: Option<f64>) -> Result<Solved, TrainingError> {
        let weights = (self.loss.class_weights()).map(|weights| row_weights(&rows.labels, weights));
        let values = Rows {
            values: &rows.values,
            features: rows.features,
            labels: &rows.labels,
            classes: self.dataset.classes.len(),
            weights: weights.as_deref(),
        };
        let folds = self.folds(rows.labels.len() / self.train.len().max(1));
        let pictures = self.train.len();
        let control = self.reporter.control().clone();
        let reporter = &mut self.reporter;
        let mut watch = |iteration: &Iteration| {
            control.checkpoint()?;
            if iteration.objective.is_finite() {
                reporter.batch_loss(iteration.objective);
            }
            // Nobody knows how many iterations a step takes: twenty are taken for half of it.
            let of_step = f64::from(iteration.iteration) / f64::from(iteration.iteration + 20);
            let done = ((iteration.step - 1) as f64 + of_step) / iteration.steps as f64;
            reporter.set_done((done * pictures as f64) as usize)
        };
        let settings = Settings::default();
        match (c, folds) {
            (None, Some(folds)) => fit_on_folds(&values, &folds, &settings, &mut watch),
            (c, _) => fit(&values, c.unwrap_or(USUAL_C), &settings, &mut watch),
        }
    }

    /// The fold of each row: every version of a picture, and every picture of a group, in one. Nothing where all are in one.
    fn folds(&self, views: usize) -> Option<Vec<usize>> {
        let train = &self.train;
        let pictures = train.pictures.iter();
        let groups: Vec<Option<&str>> = pictures
            .map(|&picture| self.dataset.pictures[picture].group.as_deref())
            .collect();
        let folds = folds::grouped(&train.labels, &groups, FOLDS, self.experiment.seed);
        let is_several = folds.iter().any(|fold| Some(fold) != folds.first());
        is_several.then(|| folds.repeat(views))
    }

    fn put_into_head(&self, classifier: &LinearClassifier) -> Result<(), TrainingError> {
        let features = classifier.features;
        let (weights, biases): (Vec<f64>, Vec<f64>) = match self.network.output {
            OutputLayer::Softmax => (classifier.weights.clone(), classifier.intercepts.clone()),
            // One output: by how much the second class is ahead.
            OutputLayer::Sigmoid => {
                let (first, second) = classifier.weights.split_at(features);
                let ahead = second
                    .iter()
                    .zip(first)
                    .map(|(second, first)| second - first);
                let bias = classifier.intercepts[1] - classifier.intercepts[0];
                (ahead.collect(), vec![bias])
            }
        };
        let _guard = tch::no_grad_guard();
        for (name, values) in [
            ("head.output.weight", weights),
            ("head.output.bias", biases),
        ] {
            let Some(entry) = self.network.head.parameters().get(name) else {
                return Err(TrainingError::Experiment(format!(
                    "the head has no {name} to solve for: empty head.layers"
                )));
            };
            let solved = Tensor::f_from_slice(&values)?.f_reshape(entry.tensor.size())?;
            entry.tensor.shallow_clone().f_copy_(&solved)?;
        }
        Ok(())
    }

    fn report_solved(&mut self, solved: &Solved, c: Option<f64>) -> Result<(), TrainingError> {
        let how = match c {
            Some(_) => "as the experiment says",
            None if self.folds(1).is_none() => {
                "because all training pictures are of one group, and there are no folds to choose it on"
            }
            None => "chosen on folds of the training pictures",
        };
        let iterations = u64::from(solved.iterations);
        self.reporter.note(format!(
            "Logistic regression: C {}, {how}; {} of L-BFGS on all of them",
            format::rate(solved.c),
            format::plural(iterations, "iteration", "iterations"),
        ))?;
        if solved.converged {
            return Ok(());
        }
        self.reporter.warn(format!(
            "Logistic regression did not converge in {}: the head is usable, and a smaller C in the phase’s optimizer, which is a stronger penalty, gives a unique one.",
            format::plural(iterations, "iteration", "iterations"),
        ))
    }

    /// What the head, as it is now, says of `rows`.
    fn measure(&self, rows: &HeadRows, loss: f64) -> Result<Metrics, TrainingError> {
        let network = &self.network;
        let mut metrics = Metrics::new(self.dataset.classes.len());
        let size = forward_batch(network.device);
        for (values, truth) in
            (rows.values.chunks(size * rows.features)).zip(rows.labels.chunks(size))
        {
            let predicted = network
                .micro_batch
                .again(|| -> Result<Vec<u32>, TrainingError> {
                    let rows = Tensor::f_from_slice(values)?
                        .f_reshape([-1i64, rows.features as i64])?
                        .f_to(network.device)?;
                    network.predicted(&network.answers(&rows)?)
                })?;
            metrics.update(&Batch {
                loss_sum: loss * truth.len() as f64,
                truth,
                predicted: &predicted,
            });
        }
        Ok(metrics)
    }
}
