//! What stands on an answer's card.

use eframe::egui;

use super::query::part_sentence;
use super::view::{AnswersView, file_name, path_of};
use crate::app::ui::closeup::of_allowed;
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{CardText, GridPictures, split_color, tip_rows_ui};
use crate::app::ui::tokens::{self, Tokens, icon};
use crate::data::{PictureSource, Split};
use crate::format;
use crate::prediction::{Assigned, ranked};

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
                dot_text: "",
                answer: (String::new(), colors.text),
                confidence: String::new(),
                below: String::new(),
                is_file_name: true,
            };
        };
        let assigned = answer.assigned();
        let is_none = assigned == Assigned::NoneOfThese;
        CardText {
            mark: match assigned {
                Assigned::NoneOfThese => colors.warning,
                Assigned::Class(_) if !answer.is_unsure() => colors.accent,
                _ => colors.outline_strong,
            },
            dot: answer.part.map(|part| split_color(colors, part)),
            dot_text: match answer.part {
                Some(Split::Train) => "training",
                Some(Split::Validation) => "validation",
                Some(Split::Test) => "test",
                None => "",
            },
            answer: match is_none {
                true => (format!("{} None of these", icon::QUESTION), colors.warning),
                false => (shown_name(&self.assigned(answer)).into_owned(), colors.text),
            },
            // How sure a network is of what it has never seen means nothing.
            confidence: match is_none {
                true => String::new(),
                false => format::confidence(f64::from(answer.confidence)),
            },
            below: file_name(answer.picture.name()),
            is_file_name: true,
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
        if let Some(part) = answer.part {
            ui.label(part_sentence(part));
        }
        tip_rows_ui(ui, |row| {
            for guess in ranked(&self.classes, &answer.probabilities, TOP) {
                let probability = format::confidence(f64::from(guess.probability));
                row(&shown_name(guess.class), &probability);
            }
            if let Some(novelty) = answer.novelty {
                row("Distance", &of_allowed(novelty));
            }
        });
    }
}

/// Classes that hovering a card names.
const TOP: usize = 3;
