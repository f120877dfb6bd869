//! Beside the picture: what was answered, how sure, and what it was learned from.

use eframe::egui::{self, RichText};

use super::super::GalleryLocal;
use super::super::card::{has_rank, rank_text};
use super::super::probabilities::probabilities_ui;
use super::super::view::{GalleryView, ReadyView};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::closeup::{
    NeighboursOf, distance_row_ui, fact_rows_ui, method_ui, neighbours_ui,
};
use crate::app::ui::picture_grid::split_color;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::format;

pub fn details_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    picture_index: u32,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    let entry = ready.entry(picture_index);
    let (symbol, color, verdict) = if entry.is_right() {
        (icon::CHECK_CIRCLE, colors.success, "Correct")
    } else {
        (icon::X_CIRCLE, colors.danger, "Wrong")
    };
    ui.label(
        RichText::new(format!("{symbol} {verdict}"))
            .size(tokens::TEXT_LARGE)
            .color(color),
    );
    if let Some(novelty) = ready.novelty(picture_index)
        && novelty.is_none_of_these()
    {
        let text = format!("{} None of these", icon::WARNING);
        ui.label(RichText::new(text).color(colors.warning))
            .on_hover_text(novelty.sentence());
    }
    fact_rows_ui(ui, |row| {
        row(
            "True class",
            tokens::medium(ready.class(entry.truth)),
            "What the data set says",
        );
        row(
            "Predicted",
            tokens::medium(ready.class(entry.predicted)).color(color),
            "The most probable class",
        );
        row(
            "Confidence",
            format::confidence(f64::from(entry.confidence)).into(),
            "The probability of the predicted class",
        );
        if has_rank(ready, picture_index) {
            row(
                "Rank of true class",
                rank_text(ready, picture_index).into(),
                "Where the true class stands among all classes, by probability: 1 is the most probable",
            );
        }
        row(
            "Margin",
            format::confidence(f64::from(entry.margin)).into(),
            "The difference of the two highest probabilities",
        );
        row(
            "Loss",
            format!("{:.4}", entry.loss).into(),
            "Cross-entropy: the negative logarithm of the true class's probability. 0 is perfect",
        );
        let split = match entry.split {
            Split::Train => "Train",
            Split::Validation => "Validation",
            Split::Test => "Test",
        };
        row(
            "Split",
            RichText::new(format!("● {split}")).color(split_color(colors, entry.split)),
            "The part that this picture belongs to",
        );
        if let Some(novelty) = ready.novelty(picture_index) {
            distance_row_ui(row, colors, novelty);
        }
        if let Some(distance) = ready.disagreement.at(picture_index) {
            row(
                "Disagreement",
                format!("{distance:.3}").into(),
                "Total variation distance of the two runs' probabilities: 0 is the same, 1 is certain and different",
            );
        }
    });
    widgets::heading(ui, "Probabilities");
    probabilities_ui(ui, view, ready, picture_index);
    let of = NeighboursOf {
        folder: &ready.run.folder,
        name: ready.file(picture_index),
        source: ready.source(picture_index),
        class: Some(ready.class(entry.truth)),
        note: "The training pictures whose features are most similar to this one's: often the reason for a wrong prediction.",
    };
    let GalleryLocal { grid, closeup, .. } = local;
    neighbours_ui(ui, of, state, grid, closeup, out);
    if let Some(run) = view.run.and_then(|run| view.runs.get(run)) {
        method_ui(ui, &run.folder, state);
    }
}
