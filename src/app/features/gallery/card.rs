//! What stands on a prediction's card.

use eframe::egui;

use super::view::ReadyView;
use crate::app::ui::picture_grid::{CardText, GridPictures, split_color, tip_rows_ui};
use crate::app::ui::tokens::{self, Tokens, icon, tokens};
use crate::data::PictureSource;
use crate::evaluation::gallery::SortBy;
use crate::evaluation::novelty::distance_text;
use crate::format;

/// A run's predictions as a grid shows them.
pub struct GalleryPictures<'a> {
    pub ready: &'a ReadyView,
    pub sort: SortBy,
}

impl GridPictures for GalleryPictures<'_> {
    fn shown(&self) -> &[u32] {
        &self.ready.picture_indices
    }

    fn source(&self, picture_index: u32) -> Option<&PictureSource> {
        self.ready.source(picture_index)
    }

    fn card(&self, colors: &Tokens, picture_index: u32) -> CardText {
        let ready = self.ready;
        let entry = ready.entry(picture_index);
        let (symbol, color, mark) = if ready.is_none_of_these(picture_index) {
            // However sure the network is of it.
            (icon::WARNING, colors.warning, colors.warning)
        } else if entry.is_right() {
            (icon::CHECK, colors.text, colors.success)
        } else {
            (icon::X, colors.danger, colors.danger)
        };
        let has_splits = ready.splits.len() > 1;
        CardText {
            mark,
            dot: has_splits.then(|| split_color(colors, entry.split)),
            dot_text: "",
            answer: (format!("{symbol} {}", ready.class(entry.predicted)), color),
            confidence: format::confidence(f64::from(entry.confidence)),
            below: if entry.is_right() {
                measure(ready, picture_index, self.sort)
            } else {
                format!("True: {}", ready.class(entry.truth))
            },
            is_file_name: entry.is_right() && self.sort == SortBy::File,
        }
    }

    fn spoken(&self, picture_index: u32) -> String {
        self.ready.spoken(picture_index)
    }

    fn tip_ui(&self, ui: &mut egui::Ui, picture_index: u32) {
        tip_ui(ui, self.ready, picture_index);
    }
}

/// The number that cards are sorted by, in words.
fn measure(ready: &ReadyView, picture_index: u32, sort: SortBy) -> String {
    let entry = ready.entry(picture_index);
    match sort {
        SortBy::Margin => {
            format!("margin {}", format::confidence(f64::from(entry.margin)))
        }
        SortBy::Disagreement => ready.disagreement.at(picture_index).map_or_else(
            || "not in the other run".to_owned(),
            |distance| format!("disagreement {distance:.2}"),
        ),
        SortBy::Distance => entry.distance.map_or_else(
            || "no distance".to_owned(),
            |distance| format!("distance {}", distance_text(distance)),
        ),
        SortBy::File => ready
            .file(picture_index)
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        SortBy::Confidence | SortBy::Loss => format!("loss {:.3}", entry.loss),
    }
}

/// Whether the rank of the true class says more than that it is not the first.
pub fn has_rank(ready: &ReadyView, picture_index: u32) -> bool {
    ready.run.predicted.classes.len() > 2 && !ready.entry(picture_index).is_right()
}

/// "3 of 300"
pub fn rank_text(ready: &ReadyView, picture_index: u32) -> String {
    format!(
        "{} of {}",
        format::thousands(ready.rank_of_truth(picture_index) as u64),
        format::thousands(ready.run.predicted.classes.len() as u64)
    )
}

/// What hovering a card tells.
fn tip_ui(ui: &mut egui::Ui, ready: &ReadyView, picture_index: u32) {
    let entry = ready.entry(picture_index);
    ui.label(tokens::medium(ready.file(picture_index)));
    if ready.is_none_of_these(picture_index) {
        ui.label(egui::RichText::new("None of these").color(tokens(ui).warning));
    }
    tip_rows_ui(ui, |row| {
        row("True class", ready.class(entry.truth));
        row("Predicted", ready.class(entry.predicted));
        let confidence = format::confidence(f64::from(entry.confidence));
        row("Confidence", &confidence);
        if has_rank(ready, picture_index) {
            row("Rank of the true class", &rank_text(ready, picture_index));
        }
        row("Margin", &format::confidence(f64::from(entry.margin)));
        row("Loss", &format!("{:.4}", entry.loss));
        row("Split", entry.split.name());
        if let Some(distance) = entry.distance {
            row("Distance", &distance_text(distance));
        }
        if let Some(distance) = ready.disagreement.at(picture_index) {
            row("Disagreement", &format!("{distance:.3}"));
        }
    });
}
