//! Validation after every epoch.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::epoch::WAIT_SELDOM;
use super::phase::Session;
use crate::training::TrainingError;
use crate::training::events::Activity;
use crate::training::features::{Group, Selection, batch};
use crate::training::forecast::Work;
use crate::training::loss::per_picture;
use crate::training::metrics::{Batch, Metrics};
use crate::training::network::classes_of;
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
        let device = self.network.device;
        let size = if from == depth {
            POOLED_BATCH
        } else {
            batch(device)
        };
        let count = self.validation.len();
        let batches: Vec<Range<usize>> = (0..count)
            .step_by(size)
            .map(|start| start..(start + size).min(count))
            .collect();
        self.reporter.begin(Activity::Validating, count)?;

        let _guard = tch::no_grad_guard();
        let cost = self.network.cost(from..depth);
        let at_once = &self.network.at_once;
        let rest = at_once.again(|| self.network.partly_frozen(from..depth, cut))?;
        let truth = &self.validation.labels;
        let labels = Selection::new(truth.iter().map(|&label| i64::from(label)));
        let mut metrics = Metrics::new(self.dataset.classes.len());
        let mut untold: Vec<Judged> = Vec::new();
        let mut told = Instant::now();
        let mut judge = |input: &dyn Fn() -> Result<Tensor, TrainingError>,
                         places: &Range<usize>|
         -> Result<(), TrainingError> {
            self.reporter.checkpoint()?;
            untold.push(at_once.again(|| -> Result<Judged, TrainingError> {
                let logits = self.network.logits(&input()?, &rest)?;
                let labels = labels.on(device, places.clone())?;
                let losses = per_picture(self.network.output, &logits, &labels)?;
                Ok(Judged {
                    loss_sum: losses.f_sum(Kind::Double)?,
                    predicted: self.network.most_probable(&logits)?,
                    places: places.clone(),
                })
            })?);
            // Nobody waits for a graphics card, but for the last batch.
            if device != Device::Cpu && places.end < count && told.elapsed() < WAIT_SELDOM {
                return Ok(());
            }
            let (losses, predicted) = at_once.again(|| read(&untold))?;
            let mut pictures = 0;
            for (Judged { places, .. }, loss_sum) in untold.drain(..).zip(losses) {
                let of_batch = pictures..pictures + places.len();
                pictures = of_batch.end;
                metrics.update(&Batch {
                    loss_sum,
                    truth: &truth[places],
                    predicted: predicted.get(of_batch).unwrap_or_default(),
                });
            }
            self.reporter
                .advance(Work::Forward, pictures, cost, told.elapsed())?;
            told = Instant::now();
            Ok(())
        };
        if is_kept {
            let rows = Selection::new(0..count as i64);
            for places in &batches {
                let pick = || {
                    self.cache
                        .pick(Group::Validation, cut, &rows, places.clone())
                };
                judge(&pick, places)?;
            }
        } else {
            let shot = |&picture: &usize| Shot {
                picture,
                look: Look::Plain,
            };
            let shots: Vec<Vec<Shot>> = batches
                .iter()
                .map(|places| {
                    let pictures = &self.validation.pictures[places.clone()];
                    pictures.iter().map(shot).collect()
                })
                .collect();
            self.pictures.for_each(&shots, at_once, |place, pictures| {
                judge(&|| Ok(pictures.shallow_clone()), &batches[place])?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Some(metrics))
    }
}

/// A batch's results, where they were computed.
struct Judged {
    /// A scalar, double precision.
    loss_sum: Tensor,
    /// `[N]`, int64.
    predicted: Tensor,
    /// Among the validation pictures.
    places: Range<usize>,
}

/// The losses' sums batch by batch, and the classes picture by picture: asked for in one go each.
fn read(judged: &[Judged]) -> Result<(Vec<f64>, Vec<u32>), TrainingError> {
    let all = |of: fn(&Judged) -> &Tensor| judged.iter().map(of).collect::<Vec<_>>();
    let sums = Tensor::f_stack(&all(|judged| &judged.loss_sum), 0)?.f_to(Device::Cpu)?;
    let predicted = Tensor::f_cat(&all(|judged| &judged.predicted), 0)?;
    Ok((Vec::try_from(sums)?, classes_of(&predicted)?))
}
