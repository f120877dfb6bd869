//! What the window knows of a learning curve.

use std::path::PathBuf;
use std::sync::Arc;

use super::job::Doing;
use crate::evaluation::CurveScore;
use crate::experiment::{BackboneConfig, DataConfig, Experiment, HeadConfig};
use crate::report::LearningCurveReport;

/// What a curve depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveKey {
    pub data: DataConfig,
    pub base: Option<PathBuf>,
    pub backbone: BackboneConfig,
    /// Its layers take no part; its pooling and its stages do.
    pub head: HeadConfig,
    pub seed: u64,
}

impl CurveKey {
    pub fn new(experiment: &Experiment, base: Option<PathBuf>) -> Self {
        let head = HeadConfig {
            layers: Vec::new(),
            ..experiment.head.clone()
        };
        Self {
            data: experiment.data.clone(),
            base,
            backbone: experiment.backbone.clone(),
            head,
            seed: experiment.seed,
        }
    }
}

/// A curve that was measured, by both scores.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundCurve {
    pub key: CurveKey,
    pub accuracy: LearningCurveReport,
    pub macro_f1: LearningCurveReport,
    /// What a person should know of it.
    pub warnings: Vec<String>,
}

impl FoundCurve {
    pub fn by(&self, score: CurveScore) -> &LearningCurveReport {
        match score {
            CurveScore::Accuracy => &self.accuracy,
            CurveScore::MacroF1 => &self.macro_f1,
        }
    }
}

/// Everything that the view of the learning curve is built from.
#[derive(Debug, Clone, Default)]
pub struct LearningCurveState {
    /// The last one.
    pub found: Option<Arc<FoundCurve>>,
    /// While one is measured, how far that is.
    pub doing: Option<Doing>,
    /// Why the last one came to nothing.
    pub failure: Option<String>,
    pub score: CurveScore,
}

/// What a person asks of the learning curve.
#[derive(Debug, Clone, PartialEq)]
pub enum LearningCurveAction {
    Measure,
    Stop,
    Show(CurveScore),
    /// Puts the figure on the clipboard as an image.
    CopyFigure,
    /// Puts the points on the clipboard, for a spreadsheet.
    CopyTable,
}
