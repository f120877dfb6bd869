//! What stands on an answer's card.

use eframe::egui;

use super::view::{AnswersView, SortBy, file_name, is_unsure, path_of};
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{CardText, GridPictures, tip_rows_ui};
use crate::app::ui::tokens::{self, Tokens, icon};
use crate::data::PictureSource;
use crate::evaluation::novelty::distance_text;
use crate::format;
use crate::prediction::Assigned;

impl GridPictures for AnswersView {
    fn shown(&self) -> &[u32] {
        &self.shown
    }

    fn source(&self, index: u32) -> Option<&PictureSource> {
        Some(&self.answer(index)?.picture.source)
    }

    fn card(&self, colors: &Tokens, index: u32) -> CardText {
        let Some(answer) = self.answer(index) else {
            return CardText {
                mark: colors.outline,
                dot: None,
                answer: (String::new(), colors.text),
                confidence: String::new(),
                below: String::new(),
            };
        };
        let below = match (self.sort, answer.novelty) {
            (SortBy::Name, _) | (_, None) => file_name(answer.picture.name()),
            (_, Some(novelty)) => format!("distance {}", distance_text(novelty.distance)),
        };
        match answer.assigned() {
            Assigned::NoneOfThese => CardText {
                mark: colors.warning,
                dot: Some(colors.warning),
                answer: (format!("{} None of these", icon::QUESTION), colors.warning),
                // How sure a network is of what it has never seen means nothing.
                confidence: String::new(),
                below,
            },
            assigned => CardText {
                mark: match is_unsure(answer) || assigned == Assigned::Undecided {
                    true => colors.outline_strong,
                    false => colors.accent,
                },
                dot: None,
                answer: (shown_name(&self.assigned(answer)).into_owned(), colors.text),
                confidence: format::confidence(f64::from(answer.confidence)),
                below,
            },
        }
    }

    fn spoken(&self, index: u32) -> String {
        AnswersView::spoken(self, index)
    }

    fn tip_ui(&self, ui: &mut egui::Ui, index: u32) {
        let Some(answer) = self.answer(index) else {
            return;
        };
        ui.label(tokens::medium(path_of(answer)));
        tip_rows_ui(ui, |row| {
            let mut ranked: Vec<(f32, u32)> =
                answer.probabilities.iter().copied().zip(0u32..).collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (probability, class) in ranked.into_iter().take(TOP) {
                let probability = format::confidence(f64::from(probability));
                row(&shown_name(self.class(class)), &probability);
            }
            if let Some(novelty) = answer.novelty {
                let text = format!(
                    "{}, limit {}",
                    distance_text(novelty.distance),
                    distance_text(novelty.threshold)
                );
                row("Distance", &text);
            }
        });
    }
}

/// Classes that hovering a card names.
const TOP: usize = 3;
