//! Validation after every epoch.

use std::ops::ControlFlow;
use std::time::Instant;

use tch::{Kind, Tensor};

use super::phase::Session;
use crate::training::TrainingError;
use crate::training::events::Activity;
use crate::training::features::{BATCH, Group};
use crate::training::forecast::Work;
use crate::training::loss::per_picture;
use crate::training::metrics::{Batch, Metrics};
use crate::training::pictures::{Look, Shot};

/// Rows of pooled features per pass through the head.
const POOLED_BATCH: usize = 512;

impl Session<'_> {
    /// Metrics of the network as it is on the validation pictures, never augmented; `None` when
    /// there are none. `cut`: the depth at which features may be kept.
    pub fn validate(&mut self, cut: usize) -> Result<Option<Metrics>, TrainingError> {
        if self.validation.len() == 0 {
            return Ok(None);
        }
        let depth = self.network.depth();
        let is_kept = cut > 0 && self.cache.holds(Group::Validation, cut);
        let from = if is_kept { cut } else { 0 };
        let size = if from == depth { POOLED_BATCH } else { BATCH };
        let places: Vec<usize> = (0..self.validation.len()).collect();
        let batches: Vec<&[usize]> = places.chunks(size).collect();
        self.reporter.begin(Activity::Validating, places.len())?;

        let _guard = tch::no_grad_guard();
        let cost = self.network.cost(from..depth);
        let rest = self.network.partly_frozen(from..depth, cut)?;
        let mut metrics = Metrics::new(self.dataset.classes.len());
        let mut began = Instant::now();
        let mut judge = |input: &Tensor, places: &[usize]| -> Result<(), TrainingError> {
            self.reporter.checkpoint()?;
            let logits = self.network.logits(input, &rest)?;
            let labels = self.validation.label_tensor(places, self.network.device)?;
            let losses = per_picture(self.network.output, &logits, &labels)?;
            let loss_sum = losses.f_sum(Kind::Double)?.f_double_value(&[])?;
            let truth: Vec<u32> = places
                .iter()
                .map(|&place| self.validation.labels[place])
                .collect();
            let predicted = self.network.predicted(&logits)?;
            metrics.update(&Batch {
                loss_sum,
                truth: &truth,
                predicted: &predicted,
            });
            self.reporter
                .advance(Work::Forward, places.len(), cost, began.elapsed())?;
            began = Instant::now();
            Ok(())
        };
        if is_kept {
            for places in batches {
                let rows: Vec<i64> = places.iter().map(|&place| place as i64).collect();
                judge(&self.cache.pick(Group::Validation, cut, &rows)?, places)?;
            }
        } else {
            let shot = |&place: &usize| Shot {
                picture: self.validation.pictures[place],
                look: Look::Plain,
            };
            let shots: Vec<Vec<Shot>> = batches
                .iter()
                .map(|places| places.iter().map(shot).collect())
                .collect();
            self.pictures.for_each(&shots, |place, pictures| {
                judge(&pictures, batches[place])?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Some(metrics))
    }
}
