//! The columns of the tree, by how much room there is, and their names.

use eframe::egui::{self, Align2, Sense, vec2};

use super::view::Moved;
use crate::app::ui::tokens::{self, tokens};

/// Where the columns of the tree stand, from the left edge of a row.
pub(super) struct Columns {
    pub width: f32,
    /// Numbers and shapes are written short.
    pub is_compact: bool,
    pub kind: f32,
    pub detail: Option<f32>,
    pub shape: Option<f32>,
    /// The right edge of the numbers.
    pub parameters: f32,
    pub norm: Option<Norm>,
    /// The left edge of the learning-rate factor.
    pub rate: Option<f32>,
    /// The right edge of how far the layer moved.
    pub moved: Option<f32>,
}

/// The column that says what a BatchNorm does.
pub(super) struct Norm {
    pub at: f32,
    /// There is room for a word only.
    pub is_short: bool,
}

pub(super) const PARAMETERS_WIDTH: f32 = 56.0;
pub(super) const RATE_WIDTH: f32 = 46.0;
pub(super) const MOVED_WIDTH: f32 = 54.0;
/// The button that trains from a layer up, at the end of its name.
pub(super) const BUTTON_WIDTH: f32 = 20.0;

/// Columns keep together on a large screen.
const WIDEST: f32 = 1_040.0;

impl Columns {
    /// In `width` points; `with_moved` when there is a run that says how far layers moved.
    pub fn new(width: f32, with_moved: bool) -> Self {
        // A line that the eye can follow.
        let width = width.min(WIDEST);
        // From the right: what is narrow and says most keeps its place the longest.
        let mut right = width - 4.0;
        let mut take = |room: f32, is_there: bool| {
            if is_there {
                right -= room;
            }
            is_there.then_some(right)
        };
        let moved = take(MOVED_WIDTH, with_moved && width >= 380.0).map(|left| left + MOVED_WIDTH);
        let is_short = width < 860.0;
        // Its name is longer than its numbers.
        let rate_width = if is_short { 58.0 } else { 112.0 };
        let rate =
            take(rate_width, width >= 330.0).map(|left| left + rate_width - RATE_WIDTH - 6.0);
        let norm = take(if is_short { 72.0 } else { 118.0 }, width >= 500.0);
        let norm = norm.map(|at| Norm {
            at: at + 4.0,
            is_short,
        });
        let is_compact = width < 640.0;
        let parameters_width = if is_compact { 46.0 } else { PARAMETERS_WIDTH };
        let parameters = take(parameters_width, true).unwrap_or(width) + parameters_width - 4.0;
        let shape = take(if is_compact { 68.0 } else { 88.0 }, width >= 480.0);
        let detail = take(150.0, width >= 800.0);
        let kind_width = match width {
            800.0.. => 120.0,
            300.0.. => 86.0,
            _ => 66.0,
        };
        let kind = take(kind_width, true).unwrap_or(width);
        Self {
            width,
            is_compact,
            kind,
            detail,
            shape,
            parameters,
            norm,
            rate,
            moved,
        }
    }
}

/// The names of the columns.
pub(super) fn header_ui(ui: &mut egui::Ui, columns: &Columns, moved: Option<&Moved>) {
    let colors = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let put = |x: f32, align: Align2, text: &str| {
        let position = egui::pos2(rect.left() + x, rect.center().y);
        ui.painter()
            .text(position, align, text, font.clone(), colors.text_faint)
    };
    put(30.0, Align2::LEFT_CENTER, "Layer");
    put(columns.kind, Align2::LEFT_CENTER, "Kind");
    if let Some(x) = columns.detail {
        put(x, Align2::LEFT_CENTER, "Detail");
    }
    if let Some(x) = columns.shape {
        put(x, Align2::LEFT_CENTER, "Output");
    }
    let parameters = if columns.is_compact {
        "Params"
    } else {
        "Parameters"
    };
    put(columns.parameters, Align2::RIGHT_CENTER, parameters);
    if let Some(norm) = &columns.norm {
        let header = put(norm.at, Align2::LEFT_CENTER, "BatchNorm");
        let hover = ui.interact(header, ui.scope_id().with("norm header"), Sense::hover());
        hover.on_hover_text(
            "What each batch normalisation layer (BatchNorm) normalises with in this phase: running statistics are those that came with the \
             weights and stay as they are; batch statistics are computed from each training batch and update the running ones; \
             where statistics adapt, only these are updated. The Backbone section sets it for frozen and trained layers",
        );
    }
    if let Some(x) = columns.rate {
        let name = match &columns.norm {
            Some(norm) if !norm.is_short => "Learning rate factor",
            _ => "LR factor",
        };
        let header = put(x + RATE_WIDTH - 4.0, Align2::RIGHT_CENTER, name);
        let hover = ui.interact(header, ui.scope_id().with("rate header"), Sense::hover());
        hover.on_hover_text(
            "Learning rate factor: the layer learns with the phase's learning rate times this factor; faint where it comes from a parent layer or from a rule of the phase",
        );
    }
    if let (Some(x), Some(moved)) = (columns.moved, moved) {
        let header = put(x, Align2::RIGHT_CENTER, "Change");
        let hover = ui.interact(header, ui.scope_id().with("moved header"), Sense::hover());
        hover.on_hover_text(format!(
            "Relative change of the weights in the run “{}”: |after − before| / |before|, including the running statistics of a BatchNorm. Exactly 0 where nothing changed",
            moved.run
        ));
    }
    ui.painter()
        .hline(rect.x_range(), rect.bottom(), colors.outline_stroke());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_has_its_columns_in_order() {
        for width in [260.0, 340.0, 400.0, 520.0, 700.0, 900.0, 1_600.0] {
            for with_moved in [false, true] {
                let columns = Columns::new(width, with_moved);
                let mut edges = vec![120.0, columns.kind];
                edges.extend(columns.detail);
                edges.extend(columns.shape);
                edges.push(columns.parameters);
                edges.extend(columns.norm.map(|norm| norm.at));
                edges.extend(columns.rate);
                edges.extend(columns.moved);
                edges.push(width);
                assert!(edges.is_sorted(), "{width}: {edges:?}");
            }
        }
    }
}
