//! Left side: what the number of pictures and their kind say about the settings, each piece of advice
//! with its reason and the button that follows it.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Document, Scan, State};
use crate::app::ui::editor::EditorView;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::experiment::advice::{Advice, Similarity, advise};
use crate::format;

/// What the pictures say about the settings.
pub struct AdviceSection;

impl Section for AdviceSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Advice",
            icon: icon::LIGHTBULB,
            tooltip: "What to change, judged by the number and kind of your pictures",
            fields: &[],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let Some(view) = AdviceView::build(context.state) else {
            let text = "Advice appears here once the pictures have been scanned.";
            ui.label(tokens(ui).small(text));
            return;
        };
        let local = context.panels.of_document(view.editor.document);
        advice_ui(ui, &view, local, out);
    }

    fn summary(&self, document: &Document, context: &mut ViewContext<'_>) -> String {
        let local: &mut AdviceLocal = context.panels.of_document(document.id);
        match local.pieces(context.state) {
            None => String::new(),
            Some(0) => "nothing to change".into(),
            Some(number) => format::plural(number as u64, "hint", "hints"),
        }
    }
}

/// Plain data of the advice.
#[derive(Debug, Clone, PartialEq)]
pub struct AdviceView {
    pub editor: EditorView,
    /// Pictures to train on.
    pub pictures: usize,
}

impl AdviceView {
    /// Nothing while no experiment is open or its pictures are not known.
    pub fn build(state: &State) -> Option<Self> {
        let Scan::Done { split, .. } = &state.scan else {
            return None;
        };
        Some(Self {
            editor: EditorView::build(state)?,
            pictures: split.train.len(),
        })
    }

    pub fn advice(&self, similarity: Similarity) -> Vec<Advice> {
        advise(&self.editor.experiment, self.pictures, similarity)
    }
}

/// What the advice remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct AdviceLocal {
    similarity: Similarity,
}

impl AdviceLocal {
    /// How much advice there is for what the person said of the pictures; nothing while they, or an
    /// experiment, are not there.
    pub fn pieces(&self, state: &State) -> Option<usize> {
        let Scan::Done { split, .. } = &state.scan else {
            return None;
        };
        let experiment = &state.active_document()?.experiment;
        Some(advise(experiment, split.train.len(), self.similarity).len())
    }
}

const SIMILARITIES: [(Similarity, &str, &str); 2] = [
    (
        Similarity::Photographs,
        "Photographs",
        "Everyday things, animals, scenes: like the pictures of ImageNet, on which the backbone was trained",
    ),
    (
        Similarity::Other,
        "Other",
        "X-rays, microscopy, drawings, satellite pictures: unlike the pictures of ImageNet",
    ),
];

pub fn advice_ui(
    ui: &mut egui::Ui,
    view: &AdviceView,
    local: &mut AdviceLocal,
    out: &mut Vec<Command>,
) {
    let tooltip = "What the pictures show. The less they resemble those of ImageNet, the more layers should be trained";
    widgets::segmented_row(
        ui,
        "Kind of pictures",
        tooltip,
        &mut local.similarity,
        &SIMILARITIES,
    );
    let advice = view.advice(local.similarity);
    if advice.is_empty() {
        let number = format::plural(
            view.pictures as u64,
            "training picture",
            "training pictures",
        );
        ui.horizontal(|ui| {
            ui.label(tokens::icon_text(icon::CHECK_CIRCLE).color(tokens(ui).success));
            ui.add(
                egui::Label::new(tokens(ui).small(format!("The settings suit {number}.")))
                    .truncate(),
            );
        });
    }
    for (index, piece) in advice.iter().enumerate() {
        ui.push_id(("advice", index), |ui| {
            widgets::card(ui, |ui| {
                ui.add(egui::Label::new(tokens::medium(&piece.title)).wrap());
                ui.add(egui::Label::new(tokens(ui).small(&piece.reason)).wrap());
                let button = ui.button(format!("{} Apply", icon::LIGHTBULB));
                let name = format!("Apply: {}", piece.title);
                if button
                    .accessible_name(&name)
                    .on_hover_text("Change the experiment accordingly; undo takes it back")
                    .clicked()
                {
                    let experiment = piece.apply(&view.editor.experiment);
                    out.push(view.editor.edit(experiment, ""));
                }
            });
        });
        ui.add_space(tokens::SPACE_XS);
    }
}
