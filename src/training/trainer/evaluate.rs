//! Validation after every epoch.

use std::ops::{ControlFlow, Range};

use tch::{Device, Kind, Tensor};

use super::session::Session;
use crate::data::Split;
use crate::training::error::TrainingError;
use crate::training::events::Activity;
use crate::training::features::selection::Selection;
use crate::training::forecast::Work;
use crate::training::loss::per_picture;
use crate::training::metrics::{Batch, Metrics};
use crate::training::micro_batch::{POOLED_FORWARD_BATCH, forward_batch};
use crate::training::network::classes_of;
use crate::training::prefetch::ranges;
use crate::training::sample::{Sample, Transform};
use crate::training::sample_pass::{Batches, Pending, SamplePass};

impl Session<'_> {
    /// Metrics of the network as it is on the validation pictures, never augmented; `None` when
    /// there are none. `frozen_depth`: the depth at which features may be kept.
    ///
    /// # Errors
    /// [`TrainingError::Stopped`], those of the listener, and libtorch's own.
    pub fn validate(&mut self, frozen_depth: usize) -> Result<Option<Metrics>, TrainingError> {
        let count = self.validation.len();
        if count == 0 {
            return Ok(None);
        }
        let depth = self.network.depth();
        let from = self.cache.kept_depth(Split::Validation, frozen_depth);
        let device = self.network.device;
        let size = if from == depth {
            POOLED_FORWARD_BATCH
        } else {
            forward_batch(device)
        };
        self.reporter.begin(Activity::Validating, count)?;

        let _guard = tch::no_grad_guard();
        let micro_batch = &self.network.micro_batch;
        let rest = micro_batch.again(|| self.network.partly_frozen(from..depth, frozen_depth))?;
        let truth = &self.validation.labels;
        let labels = Selection::new(truth.iter().map(|&label| i64::from(label)));
        let mut metrics = Metrics::new(self.dataset.classes.len());
        let mut pending: Pending<BatchAnswers> = Pending::new(device);
        let pass = SamplePass {
            network: &self.network,
            cache: &self.cache,
            pictures: &self.pictures,
            micro_batch,
            split: Split::Validation,
            depth: from,
            prefix: None,
            work: Work::Forward,
            cost: self.network.cost(from..depth),
            mixing: None,
        };
        let batches = Batches {
            ranges: ranges(count, size),
            row: &|position| position as i64,
            sample: &|position| Sample {
                picture: self.validation.pictures[position],
                transform: Transform::Plain,
            },
        };
        pass.for_each(&batches, &mut self.reporter, |_, input, positions| {
            pending.push(
                micro_batch.again(|| -> Result<BatchAnswers, TrainingError> {
                    let logits = self.network.logits(&input()?, &rest)?;
                    let labels = labels.on(device, positions.clone())?;
                    let losses = per_picture(self.network.output, &logits, &labels)?;
                    Ok(BatchAnswers {
                        loss_sum: losses.f_sum(Kind::Double)?,
                        predicted: self.network.most_probable(&logits)?,
                        positions: positions.clone(),
                    })
                })?,
            );
            if positions.end < count && !pending.is_due() {
                return Ok(ControlFlow::Continue(0));
            }
            let (losses, predicted) = micro_batch.again(|| read(pending.results()))?;
            let mut pictures = 0;
            for (BatchAnswers { positions, .. }, loss_sum) in pending.take().into_iter().zip(losses)
            {
                let of_batch = pictures..pictures + positions.len();
                pictures = of_batch.end;
                metrics.update(&Batch {
                    loss_sum,
                    truth: &truth[positions],
                    predicted: predicted.get(of_batch).unwrap_or_default(),
                });
            }
            Ok(ControlFlow::Continue(pictures))
        })?;
        Ok(Some(metrics))
    }
}

/// A batch's results, where they were computed.
struct BatchAnswers {
    /// A scalar, double precision.
    loss_sum: Tensor,
    /// `[N]`, int64.
    predicted: Tensor,
    /// Among the validation pictures.
    positions: Range<usize>,
}

/// The losses' sums batch by batch, and the classes picture by picture: asked for in one go each.
fn read(answers: &[BatchAnswers]) -> Result<(Vec<f64>, Vec<u32>), TrainingError> {
    let all = |of: fn(&BatchAnswers) -> &Tensor| answers.iter().map(of).collect::<Vec<_>>();
    let sums = Tensor::f_stack(&all(|answers| &answers.loss_sum), 0)?.f_to(Device::Cpu)?;
    let predicted = Tensor::f_cat(&all(|answers| &answers.predicted), 0)?;
    Ok((Vec::try_from(sums)?, classes_of(&predicted)?))
}
