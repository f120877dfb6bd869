//! The learning-rate range test of one phase, as plain numbers: the loss at every rate, and the rate that it suggests.
//!
//! Smith, “Cyclical Learning Rates for Training Neural Networks”, 2017 (arXiv 1506.01186): the rate grows from step to step
//! until the loss does. Range, smoothing, end and suggestions are those of `lr_find` of fastai 2
//! (`fastai/callback/schedule.py`), so that the numbers mean what its users know.

use serde::Serialize;

use crate::experiment::Phase;
use crate::models::ModelError;
use crate::models::freeze::frozen_leaves;
use crate::models::tree::{LayerNode, LayerTree};

/// The rate of the first step.
pub const FIRST_RATE: f64 = 1e-7;
/// The rate that is almost reached.
pub const LAST_RATE: f64 = 10.0;
/// Steps at most.
pub const STEPS: usize = 100;

/// How much of the smoothed loss stays at each step: an exponential average without bias, fastai's `AvgSmoothLoss`.
const STAYS: f64 = 0.98;
/// The test ends where the smoothed loss is so many times its lowest.
const DIVERGED: f64 = 4.0;
/// Points that no suggestion looks at: at the beginning, where the average is young, and at the end, where the loss explodes.
const SKIPPED_FIRST: usize = STEPS / 10;
const SKIPPED_LAST: usize = 5;
/// Fewer points say nothing.
const LEAST_POINTS: usize = 10;
/// Steps at rates so low that the loss varies from batch to batch and not by what was learned.
const CALM_STEPS: usize = 25;
/// A fall is told from that by three standard errors of a mean over about as many losses as the average holds.
const TOLD_BY: f64 = 3.0 / 4.0;
/// A fall by less than this share is none.
const LEAST_FALL: f64 = 0.01;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RatePoint {
    pub rate: f64,
    /// Of the step's batch, in nats, before the step.
    pub loss: f64,
    /// Averaged with those before it.
    pub smoothed: f64,
}

/// Why the test ended where it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeEnd {
    /// All steps were taken.
    AllSteps,
    /// The loss grew to several times its lowest, or was no number any more.
    Diverged,
}

/// A range test under way.
#[derive(Debug, Clone, Default)]
pub struct RangeTest {
    points: Vec<RatePoint>,
    average: f64,
    lowest: Option<f64>,
    diverged: bool,
    /// Whether a loss came that is NaN, which fastai's test goes on with.
    was_nan: bool,
    /// How many losses were heard of, infinite ones included.
    heard: usize,
}

impl RangeTest {
    /// The rate of `step`, counted from 0.
    pub fn rate(step: usize) -> f64 {
        FIRST_RATE * (LAST_RATE / FIRST_RATE).powf(step as f64 / STEPS as f64)
    }

    /// Takes the loss of the next step. Gives whether the test is over; what comes afterwards is left aside.
    pub fn add(&mut self, loss: f64) -> bool {
        if self.is_over() {
            return true;
        }
        self.heard += 1;
        if !loss.is_finite() {
            self.diverged = true;
            self.was_nan = loss.is_nan();
            return true;
        }
        self.average = STAYS * self.average + (1.0 - STAYS) * loss;
        let smoothed = self.average / (1.0 - STAYS.powi(self.heard as i32));
        let lowest = self.lowest.map_or(smoothed, |lowest| lowest.min(smoothed));
        self.lowest = Some(lowest);
        self.points.push(RatePoint {
            rate: Self::rate(self.points.len()),
            loss,
            smoothed,
        });
        self.diverged = smoothed > DIVERGED * lowest;
        self.is_over()
    }

    /// Whether no step is left.
    pub fn is_over(&self) -> bool {
        self.diverged || self.points.len() >= STEPS
    }

    /// Steps so far.
    pub fn steps(&self) -> usize {
        self.heard
    }

    pub fn into_curve(self) -> RateCurve {
        // fastai leaves out the last losses that were recorded; of one that went on with NaN to its end, those from there on.
        let usable = match self.was_nan {
            true => self.points.len().min(STEPS - SKIPPED_LAST),
            false => self.heard.saturating_sub(SKIPPED_LAST),
        };
        RateCurve {
            end: match self.diverged {
                true => RangeEnd::Diverged,
                false => RangeEnd::AllSteps,
            },
            points: self.points,
            usable,
        }
    }
}

/// The loss at every rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateCurve {
    /// From the lowest rate on.
    pub points: Vec<RatePoint>,
    pub end: RangeEnd,
    /// How many of the points, from the first on, a suggestion may look at.
    #[serde(skip)]
    usable: usize,
}

/// Rates that a curve suggests, each with its smoothed loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateSuggestion {
    /// About half-way along the longest fall: fastai's `valley`, its default.
    pub valley: f64,
    /// Where the loss falls most quickly with the logarithm of the rate: fastai's `steep`.
    pub steepest: f64,
}

impl RateCurve {
    /// The points that a suggestion looks at.
    pub fn considered(&self) -> &[RatePoint] {
        let points = &self.points[..self.usable.min(self.points.len())];
        points.get(SKIPPED_FIRST..).unwrap_or_default()
    }

    /// The rates that the curve suggests.
    ///
    /// # Errors
    /// A sentence, where the curve says nothing.
    pub fn suggestion(&self) -> Result<RateSuggestion, String> {
        let points = self.considered();
        if points.len() < LEAST_POINTS {
            return Err(
                "The loss grew after a few steps already, so that no range of rates is left to choose from: look for wrong labels, or choose a smaller factor in the layers' rates."
                    .into(),
            );
        }
        if !self.falls() {
            return Err(
                "The loss falls at no rate by more than it varies from batch to batch: this phase has little to learn, or its batches are too small to tell. Keep the rate that is usual."
                    .into(),
            );
        }
        let losses: Vec<f64> = points.iter().map(|point| point.smoothed).collect();
        let rates: Vec<f64> = points.iter().map(|point| point.rate).collect();
        let at = |index: usize| rates[index.min(rates.len() - 1)];
        Ok(RateSuggestion {
            valley: at(valley(&losses)),
            steepest: at(steepest(&rates, &losses)),
        })
    }

    /// Whether the smoothed loss falls by more than chance has it.
    fn falls(&self) -> bool {
        let points = self.considered();
        let (Some(first), calm) = (points.first(), &self.points) else {
            return false;
        };
        let calm: Vec<f64> = (calm.iter().take(CALM_STEPS))
            .map(|point| point.loss)
            .collect();
        let mean = calm.iter().sum::<f64>() / calm.len() as f64;
        let squares: f64 = calm.iter().map(|loss| (loss - mean).powi(2)).sum();
        let deviation = (squares / calm.len() as f64).sqrt();
        let lowest = points.iter().map(|point| point.smoothed);
        let lowest = lowest.fold(f64::INFINITY, f64::min);
        let fall = first.smoothed - lowest;
        fall > LEAST_FALL * first.smoothed.abs() && fall > TOLD_BY * deviation
    }
}

/// The index that fastai's `valley` takes: of the longest sequence of ever lower losses, neighbours or not, a point half-way.
fn valley(losses: &[f64]) -> usize {
    // How long the longest falling sequence is that ends at each loss.
    let mut lengths = vec![1usize; losses.len()];
    let (mut start, mut end) = (0i64, 0usize);
    for later in 1..losses.len() {
        for earlier in 0..later {
            if losses[later] < losses[earlier] {
                lengths[later] = lengths[later].max(lengths[earlier] + 1);
            }
            // As fastai does: once a sequence is the longest, its beginning is taken to lie as many points before its end.
            if lengths[end] < lengths[later] {
                end = later;
                start = end as i64 - lengths[end] as i64;
            }
        }
    }
    let section = (end as i64 - start) as f64 / 3.0;
    let index = start + section as i64 + (section / 2.0) as i64;
    usize::try_from(index).unwrap_or(0)
}

/// The index before the steepest fall by the logarithm of the rate: fastai's `steep`.
fn steepest(rates: &[f64], losses: &[f64]) -> usize {
    let slopes = rates.windows(2).zip(losses.windows(2));
    let slopes = slopes
        .map(|(rates, losses)| (losses[1] - losses[0]) / (rates[1].ln() - rates[0].ln()))
        .enumerate();
    let least = slopes.min_by(|(_, one), (_, other)| one.total_cmp(other));
    least.map_or(0, |(index, _)| index)
}

/// A rate with two digits that count, as it is typed.
pub fn two_digits(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

/// Why the test would mislead for `phase` of a network with these layers; nothing where it tells.
///
/// For transformers it “does not give reliable results … usually indicates one in the 1e-3 when the actual best value is in the
/// 1e-5 range” (S. Gugger, who wrote fastai's, in issue 16013 of huggingface/transformers). A frozen one is a fixed function
/// before a head, which the test measures as any.
///
/// # Errors
/// Where the phase's freeze plan does not fit the layers.
pub fn why_not(phase: &Phase, tree: &LayerTree) -> Result<Option<String>, ModelError> {
    fn attends(node: &LayerNode) -> bool {
        node.kind.contains("Attention") || node.children.iter().any(attends)
    }
    if phase.optimizer.is_solver() {
        return Ok(Some(
            "Logistic regression has no learning rate: it solves the head without steps.".into(),
        ));
    }
    let learns = frozen_leaves(&phase.freeze, tree)?
        .iter()
        .any(|frozen| !frozen);
    Ok((learns && attends(&tree.root)).then(|| {
        "The range test misleads where layers of a transformer learn: it usually points at about 0.001, and the best rates are a hundredth of that. Use 1e-5 to 5e-5 with AdamW and a warm-up of about a tenth of the epochs, or freeze the whole backbone."
            .into()
    }))
}

#[cfg(test)]
#[path = "rate_finder_tests.rs"]
mod tests;
