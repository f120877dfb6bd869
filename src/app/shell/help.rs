//! Help: how things are done, with the button that does them, and every keyboard shortcut. What takes longer to say stands in
//! the manual.

use eframe::egui;

use super::actions::Action;
use super::dialog::scroll_height;
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets::has_words;

/// The open help.
#[derive(Debug, Clone, Default)]
pub struct Help {
    typed: String,
    is_old: bool,
}

/// Something that people ask, and how it is done.
struct Topic {
    question: &'static str,
    answer: &'static str,
    /// What opens it.
    opens: Opens,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Opens {
    Action(Action),
    View(ViewId),
}

impl Opens {
    fn action(self) -> Option<Action> {
        match self {
            Self::Action(action) => Some(action),
            Self::View(view) => features::view(view).map(Action::Show),
        }
    }
}

const TOPICS: [Topic; 18] = [
    Topic {
        question: "How do I learn to use Graft step by step?",
        answer: "The manual leads in ten short pages from the example pictures to a trained network that is used on new pictures.",
        opens: Opens::Action(Action::Manual),
    },
    Topic {
        question: "How do I begin with my own pictures?",
        answer: "Sort them into one folder per class and open the folder around them, or drop it on the window. A table of paths and labels works, too.",
        opens: Opens::Action(Action::OpenPictures),
    },
    Topic {
        question: "How do I see whether my pictures were read rightly?",
        answer: "The Data view shows classes, counts, the split into training, validation and test pictures, and every file that was left out, with the reason.",
        opens: Opens::View(ViewId::DATA),
    },
    Topic {
        question: "Which pre-trained network should I take?",
        answer: "The Backbones view lists them with their accuracy on ImageNet, their size and their speed on this machine. EfficientNet-Lite0 comes with Graft and is a good first choice on a processor.",
        opens: Opens::View(ViewId::BACKBONES),
    },
    Topic {
        question: "How do I decide which layers learn?",
        answer: "In the Layers view, a closed lock is a frozen layer and an open lock is one that trains. A click changes a layer, a click with Shift trains from there on.",
        opens: Opens::View(ViewId::LAYERS),
    },
    Topic {
        question: "Is feature extraction or fine-tuning better for me?",
        answer: "“Extraction vs. fine-tuning” trains one of each on the same pictures and shows them side by side when both have ended. With several seeds it also tells how much of the difference is chance.",
        opens: Opens::Action(Action::CompareBothWays),
    },
    Topic {
        question: "How do I change one thing and compare?",
        answer: "Duplicate the experiment, change the copy, tick both, and train. The Compare view shows what differs in settings and in results.",
        opens: Opens::Action(Action::DuplicateExperiment),
    },
    Topic {
        question: "How do I see whether training goes well?",
        answer: "In the Curves view, the validation loss should fall with the training loss. When it rises while the training loss falls, the network overfits: fewer layers that train, more augmentation, or fewer epochs help.",
        opens: Opens::View(ViewId::CURVES),
    },
    Topic {
        question: "How good is a run, and how sure is that?",
        answer: "The Evaluation view gives accuracy and other scores with a 95 % interval, the confusion matrix, and how far the probabilities can be believed.",
        opens: Opens::View(ViewId::EVALUATION),
    },
    Topic {
        question: "Which pictures does a network get wrong?",
        answer: "The Gallery shows them, sorted by how sure the network was. There, likely wrong labels and duplicates are searched for, too.",
        opens: Opens::View(ViewId::GALLERY),
    },
    Topic {
        question: "How do I ask a trained network about a new picture?",
        answer: "Drop the picture on the window: every run that is shown says what it sees, and where it looked.",
        opens: Opens::View(ViewId::RESULTS),
    },
    Topic {
        question: "What do the colours of a heat map over a picture mean?",
        answer: "The warmer a place, the more it spoke for the class (a class activation map, Grad-CAM). Click a picture in the Gallery view to see where the network looked.",
        opens: Opens::View(ViewId::GALLERY),
    },
    Topic {
        question: "What is the seed?",
        answer: "The number from which all chance of a training is drawn: first weights, order, augmentation. The same seed gives the same run again; several seeds show how much of a result is chance.",
        opens: Opens::View(ViewId::RESULTS),
    },
    Topic {
        question: "What do p and the 95 % interval of a comparison mean?",
        answer: "The interval holds the true value in 19 of 20 such tests; p says how often chance alone would make such a difference between two equal networks. Above 0.05 it is no evidence of one.",
        opens: Opens::View(ViewId::COMPARE),
    },
    Topic {
        question: "How do I take figures and tables to a paper?",
        answer: "“Export figures and report…” writes PNG, SVG, CSV and one HTML page of the runs that are shown. The copy button beside a view's tabs puts its figure on the clipboard.",
        opens: Opens::Action(Action::ExportFigures),
    },
    Topic {
        question: "How do I keep an experiment, or give it to somebody?",
        answer: "Save it: a preset is a text file that the window and the command line read. Every run's folder holds the exact preset that it was trained with.",
        opens: Opens::Action(Action::SaveAs),
    },
    Topic {
        question: "What happened, and when?",
        answer: "The Log view keeps every message of this session; every run's folder keeps its own log.",
        opens: Opens::View(ViewId::new("Log")),
    },
    Topic {
        question: "How do I make everything larger?",
        answer: "The settings have the size of the interface, its colours, and how many processor threads a training may use.",
        opens: Opens::Action(Action::Settings),
    },
];

/// Keys that belong to no action of the table, and where they work.
const OTHER_KEYS: [(&str, &str); 7] = [
    ("Tab, Shift+Tab", "Go to the next or the previous control"),
    ("Space, Enter", "Press the control that has the focus"),
    ("Esc", "Close what was opened last"),
    ("Arrow keys", "Gallery: go from picture to picture"),
    ("Enter", "Gallery: look at the picture closely"),
    ("1 to 9", "Gallery: show one class alone, or all again"),
    (
        "Double click",
        "Left side: rename the experiment. Plots: show everything again",
    ),
];

impl Help {
    /// Whether it stays open.
    pub fn ui(&mut self, ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) -> bool {
        let field = egui::TextEdit::singleline(&mut self.typed)
            .hint_text(format!("{}  Search the help", icon::MAGNIFYING_GLASS))
            .margin(egui::Margin::symmetric(10, 6));
        let mut is_open = true;
        let field = ui.horizontal(|ui| {
            let action = Action::Manual;
            let text = format!("{}  {}", action.icon(), action.text());
            let width = ui.available_width() - 110.0;
            let field = ui.add(field.desired_width(width));
            let button = ui.add(egui::Button::new(text).min_size(egui::vec2(0.0, 30.0)));
            crate::app::ui::theme::name(&button, true, action.text());
            if button.on_hover_text(action.tooltip()).clicked() {
                out.push(action.command());
                is_open = false;
            }
            field
        });
        let field = field.inner;
        field.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search the help")
        });
        if !std::mem::replace(&mut self.is_old, true) {
            field.request_focus();
        }
        ui.add_space(tokens::SPACE_S);
        // The same size whatever is found, so that nothing moves while a person types.
        let height = scroll_height(ui.ctx(), 520.0, 210.0);
        egui::ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .auto_shrink(false)
            .show(ui, |ui| {
                is_open &= self.topics_ui(ui, state, out);
                self.shortcuts_ui(ui);
            });
        is_open
    }

    /// False when one of them was opened.
    fn topics_ui(&self, ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) -> bool {
        let t = tokens(ui);
        let found: Vec<&Topic> = (TOPICS.iter())
            .filter(|topic| {
                let texts = format!("{} {}", topic.question, topic.answer);
                has_words(&texts, &self.typed)
            })
            .collect();
        let mut is_open = true;
        ui.label(tokens::medium("How do I …").color(t.text_muted));
        if found.is_empty() {
            ui.label(t.muted("No answer has these words. Try fewer of them."));
        }
        for topic in found {
            t.card().show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.add(egui::Label::new(tokens::medium(topic.question)).wrap());
                ui.add(egui::Label::new(t.muted(topic.answer)).wrap());
                let Some(action) = topic.opens.action() else {
                    return;
                };
                let is_possible = action.is_enabled(state);
                let text = format!("{}  {}", action.icon(), action.text());
                let button = ui.add_enabled(is_possible, egui::Button::new(text));
                crate::app::ui::theme::name(&button, is_possible, action.text());
                let clicked = button
                    .on_hover_text(action.hint(ui.ctx()))
                    .on_disabled_hover_text(
                        "Not possible at the moment: open pictures, or train a run, first",
                    )
                    .clicked();
                if clicked {
                    out.push(action.command());
                    is_open = false;
                }
            });
        }
        is_open
    }

    fn shortcuts_ui(&self, ui: &mut egui::Ui) {
        let t = tokens(ui);
        let of_actions = Action::all().filter_map(|action| {
            let shortcuts = action.shortcuts();
            let keys: Vec<String> = (shortcuts.iter())
                .map(|keys| ui.ctx().format_shortcut(keys))
                .collect();
            (!keys.is_empty()).then(|| (keys.join(", "), action.text(), action.info().words))
        });
        let others = OTHER_KEYS.map(|(keys, text)| (keys.to_owned(), text, ""));
        let rows: Vec<(String, &str)> = of_actions
            .chain(others)
            .filter(|(keys, text, words)| has_words(&format!("{keys} {text} {words}"), &self.typed))
            .map(|(keys, text, _)| (keys, text))
            .collect();
        ui.add_space(tokens::SPACE_M);
        ui.label(tokens::medium("Keyboard shortcuts").color(t.text_muted));
        if rows.is_empty() {
            ui.label(t.muted("No shortcut has these words."));
        }
        egui::Grid::new("shortcuts")
            .num_columns(2)
            .striped(true)
            .spacing([tokens::SPACE_XL, 6.0])
            .show(ui, |ui| {
                for (keys, text) in rows {
                    ui.label(tokens::medium(keys));
                    ui.label(text);
                    ui.end_row();
                }
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_opens_something_and_is_found_by_its_words() {
        for topic in &TOPICS {
            assert!(topic.opens.action().is_some(), "{}", topic.question);
            assert!(topic.question.ends_with('?') && topic.answer.ends_with('.'));
            assert!(has_words(topic.question, topic.question));
        }
        assert!(has_words("How do I begin?", "BEGIN how"));
        assert!(!has_words("How do I begin?", "end"));
    }
}
