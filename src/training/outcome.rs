//! What a training leaves.

use super::events::TestMetrics;
use super::movement::Movement;
use super::phase_summary::PhaseSummary;
use crate::evaluation::Predictions;
use crate::evaluation::novelty::NoveltyReference;

/// What a finished training leaves beside its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub test: Option<TestMetrics>,
    pub predictions: Option<Predictions>,
    /// Name, epochs and seconds of each phase.
    pub phases: Vec<PhaseSummary>,
    pub seconds_total: f64,
    /// Epoch whose weights were kept, counted from 1.
    pub best_epoch: u32,
    /// How far each layer of the backbone is from where it began.
    pub movement: Vec<Movement>,
    /// What further pictures are compared with, where the listener keeps it.
    pub novelty: Option<NoveltyReference>,
}
