//! Figures for files: one plain description of each, drawn to SVG, and from that to PNG.
//!
//! A figure is plain data that knows how to draw itself on a [`canvas::Canvas`]; its letters and
//! lines grow with the sheet. [`to_svg`] and [`to_png`] make files of it.

pub mod axis;
pub mod canvas;
pub mod class_counts;
pub mod confusion;
pub mod curves;
pub mod effects;
pub mod fonts;
pub mod freeze;
pub mod frontier;
pub mod gallery;
pub mod heat;
mod key;
pub mod learning_curve;
mod matrix;
pub mod movement;
mod names;
pub mod palette;
pub mod parallel;
pub mod parallel_axis;
mod picture;
mod plot;
pub mod rate_curve;
pub mod reliability;
pub mod render;
pub mod results;
pub mod roc;
pub mod sheet;

#[cfg(test)]
mod arbitrary_tests;
#[cfg(test)]
mod samples;

pub use class_counts::{ClassCount, ClassCountsFigure};
pub use confusion::{ConfusionDifferenceFigure, ConfusionFigure, Shown};
pub use curves::{CurveSeries, CurvesFigure};
pub use effects::{EffectPair, EffectSetting, EffectValue, EffectsFigure};
pub use freeze::{FreezeFigure, FreezePhase, FreezeStage, Parameters};
pub use frontier::{FrontierFigure, FrontierPoint};
pub use gallery::{GalleryFigure, GalleryPicture, GalleryRow};
pub use learning_curve::{LearningCurveBand, LearningCurveDots, LearningCurveFigure};
pub use movement::{MovementFigure, MovementStage};
pub use palette::{Rgb, Theme};
pub use parallel::{ParallelFigure, ParallelLine};
pub use parallel_axis::{ParallelAxis, ParallelScale};
pub use rate_curve::{RateCurveFigure, RateCurvePoint};
pub use reliability::{ReliabilityBin, ReliabilityFigure, ReliabilitySeries};
pub use render::{
    DEFAULT_DPI, DPI_RANGE, Raster, RenderError, Size, outlined, to_png, to_raster, to_svg,
};
pub use results::{ResultBar, ResultsFigure};
pub use roc::{RocFigure, RocSeries};
pub use sheet::{SheetCell, SheetFigure};

use canvas::{Anchor, Canvas, TextStyle, Weight};

/// Something that can be drawn at any size.
pub trait Figure {
    /// What stands above it and what a screen reader says.
    fn title(&self) -> String;

    /// Draws everything, the title included.
    fn draw(&self, canvas: &mut Canvas);
}

/// Draws title and remark at the top left; returns where the rest can begin.
fn heading(canvas: &mut Canvas, title: &str, remark: &str) -> f64 {
    let unit = canvas.unit;
    let left = 56.0 * unit;
    let room = canvas.width - 2.0 * left;
    let style = TextStyle::new(38.0 * unit, canvas.theme.text)
        .weight(Weight::SemiBold)
        .anchor(Anchor::Start);
    let title = canvas.shorten(title, room, style.size, style.weight);
    canvas.text(&title, (left, 62.0 * unit), style);
    if remark.is_empty() {
        return 104.0 * unit;
    }
    let style = TextStyle::new(25.0 * unit, canvas.theme.muted);
    let remark = canvas.shorten(remark, room, style.size, style.weight);
    canvas.text(&remark, (left, 110.0 * unit), style);
    146.0 * unit
}
