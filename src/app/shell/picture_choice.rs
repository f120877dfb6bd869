//! Which experiments get pictures, where several may be meant: asked, because each loses the pictures that it has.

use eframe::egui;

use crate::app::core::state::{DocumentId, State};
use crate::app::features::data::requests::{PictureChoice, Recipients};
use crate::app::shell::Graft;
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::dialog;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::shown;

/// Plain data of the question.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureChoiceView {
    folder: String,
    /// Each answer with its words and what it would do.
    answers: Vec<(String, String, Recipients)>,
}

impl PictureChoiceView {
    pub fn build(state: &State, choice: &PictureChoice) -> Self {
        let open: Vec<(DocumentId, &str)> = (state.documents.iter())
            .map(|document| (document.id, document.experiment.name.as_str()))
            .collect();
        let is_open = |id: &DocumentId| open.iter().any(|(open, _)| open == id);
        let same: Vec<DocumentId> = choice.same.iter().copied().filter(is_open).collect();
        let mut answers = Vec::new();
        // The one that is shown comes first.
        let (shown, others): (Vec<_>, Vec<_>) =
            (open.iter().copied()).partition(|(id, _)| *id == choice.document);
        for (id, name) in shown.into_iter().chain(others) {
            answers.push((
                format!("Only {}", shown_name(name)),
                "The other experiments keep their pictures".to_owned(),
                Recipients::These(vec![id]),
            ));
        }
        if same.len() > 1 && same.len() < open.len() {
            answers.push((
                format!("The {} that have the same pictures now", same.len()),
                "They stay comparable: their runs are tested on the same pictures".to_owned(),
                Recipients::These(same),
            ));
        }
        if open.len() > 1 {
            let all = open.iter().map(|(id, _)| *id).collect();
            answers.push((
                format!(
                    "All {}",
                    crate::format::count(open.len(), "experiment", "experiments")
                ),
                "They are comparable then: their runs are tested on the same pictures".to_owned(),
                Recipients::These(all),
            ));
        }
        answers.push((
            "A new experiment".to_owned(),
            "The open experiments keep their pictures".to_owned(),
            Recipients::New,
        ));
        Self {
            folder: shown::path(&choice.path),
            answers,
        }
    }
}

impl Graft {
    /// Asks about the pictures that came first.
    pub(in crate::app) fn picture_choice_ui(&mut self, ctx: &egui::Context) {
        let Some(choice) = self.requests.data.choices.front() else {
            return;
        };
        let view = PictureChoiceView::build(&self.session.state, choice);
        let title = "Which experiment gets these pictures?";
        let (mut chosen, is_closed) = dialog(ctx, "picture choice", title, 420.0, |ui| {
            choice_ui(ui, &view)
        });
        if is_closed {
            chosen = Some(Recipients::None);
        }
        if let Some(recipients) = chosen {
            self.requests.data.chosen(&mut self.session, recipients);
            ctx.request_repaint();
        }
    }
}

/// What was chosen.
fn choice_ui(ui: &mut egui::Ui, view: &PictureChoiceView) -> Option<Recipients> {
    let t = tokens(ui);
    let mut chosen = None;
    ui.add(egui::Label::new(t.muted(&view.folder)).truncate())
        .on_hover_text(&view.folder);
    ui.add_space(tokens::SPACE_S);
    egui::ScrollArea::vertical()
        .max_height((ui.ctx().content_rect().height() - 260.0).max(120.0))
        .show(ui, |ui| {
            for (index, (title, sentence, recipients)) in view.answers.iter().enumerate() {
                let symbol = match recipients {
                    Recipients::New => icon::FILE_PLUS,
                    Recipients::These(documents) if documents.len() > 1 => icon::STACK,
                    _ => icon::FILE_TEXT,
                };
                let button = egui::Button::new(format!("{symbol}  {title}"))
                    .min_size(egui::vec2(
                        ui.available_width(),
                        tokens::CONTROL_HEIGHT + 6.0,
                    ))
                    .truncate()
                    .right_text("");
                let response = ui.add(button);
                crate::app::ui::theme::name(&response, true, title);
                if index == 0 && ui.memory(|memory| memory.focused().is_none()) {
                    response.request_focus();
                }
                if response.on_hover_text(sentence).clicked() {
                    chosen = Some(recipients.clone());
                }
            }
        });
    ui.add_space(tokens::SPACE_S);
    let size = egui::vec2(ui.available_width(), tokens::CONTROL_HEIGHT);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        if ui
            .button("Cancel")
            .on_hover_text("Change no experiment (Esc)")
            .clicked()
        {
            chosen = Some(Recipients::None);
        }
    });
    chosen
}
