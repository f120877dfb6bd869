//! What a run, or several on the same test pictures, leave for a document: figures, one HTML file,
//! tables, and scalars for TensorBoard. The command line and the window write the same.

mod comparison;
mod destination;
mod export;
mod figure_file;
mod figures;
mod html;
mod learning;
pub mod learning_curve;
pub mod model_card;
mod network;
mod network_sentences;
mod pictures;
mod probabilities;
mod rate_curve;
mod scores;
mod shootout;
pub mod sweep;
mod tables;
mod tensorboard;
mod text;
mod themed;
mod verdict;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::data::DataError;
use crate::figures::RenderError;
use crate::runs::RunError;

pub use comparison::{ComparedRun, Comparison};
pub use destination::{free_folder, is_comparison, is_filled};
pub use export::{Format, Options, Parts, Written, write};
pub use figure_file::{is_figure, is_png, write_figure};
pub use figures::{FigureKind, Named, figures};
pub use learning::freeze_figure;
pub use learning_curve::LearningCurveReport;
pub use model_card::{Block, ModelCard};
pub use network::{ExportedNetwork, NetworkFormat, NetworkOptions, export_network};
pub use pictures::{Material, augmented};
pub use rate_curve::RateReport;
pub use shootout::{frontier_figure, write_shootout};
pub use text::{results_text, settings_text};
pub use verdict::sentences as verdict;

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("{reason}: {path}")]
    File { reason: String, path: PathBuf },
    /// With how many files were written until then.
    #[error("stopped")]
    Stopped { files: usize },
}
