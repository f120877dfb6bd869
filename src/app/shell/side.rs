//! The left side: which experiments are open, and everything that the active one decides.

use eframe::egui;

use super::actions::Action;
use super::top_bar::icon_action_ui;
use super::trailing::trailing_ui;
use crate::app::core::command::Command;
use crate::app::core::documents::file_title;
use crate::app::core::state::{Document, DocumentId, State};
use crate::app::features::SECTIONS;
use crate::app::features::training::forecast::totals_ui;
use crate::app::ui::theme::icon_button;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, ViewContext};

/// One open experiment as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    pub id: DocumentId,
    pub name: String,
    pub notes: String,
    pub active: bool,
    pub included: bool,
    pub changed: bool,
    pub problems: usize,
    /// The name of its file, or that it has none.
    pub file: String,
}

/// The list's plain data.
pub fn document_rows(state: &State) -> Vec<DocumentRow> {
    state
        .documents
        .iter()
        .enumerate()
        .map(|(index, document)| DocumentRow {
            id: document.id,
            name: document.experiment.name.clone(),
            notes: document.experiment.notes.trim().to_owned(),
            active: index == state.active,
            included: document.included,
            changed: Document::is_changed(document),
            problems: document.problems.len(),
            file: document
                .file
                .as_deref()
                .map_or_else(|| "not saved to a file yet".into(), file_title),
        })
        .collect()
}

pub fn side_ui(ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.label(
            tokens::semibold("EXPERIMENTS")
                .size(tokens::TEXT_SMALL)
                .color(t.text_muted),
        );
        trailing_ui(ui, "buttons of the experiments", |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for action in [
                Action::DescribeExperiment,
                Action::DuplicateExperiment,
                Action::NewExperiment,
            ] {
                icon_action_ui(ui, action, true, out);
            }
        });
    });
    let rows = document_rows(context.state);
    egui::ScrollArea::vertical()
        .id_salt("experiments")
        .max_height(150.0)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for (index, row) in rows.iter().enumerate() {
                document_row_ui(ui, index, row, out);
            }
        });
    ui.add_space(tokens::SPACE_S);
    ui.separator();
    egui::Panel::bottom("totals")
        .resizable(false)
        .show_separator_line(true)
        .frame(foot_frame())
        .show(ui, |ui| totals_ui(ui, context));
    egui::CentralPanel::no_frame().show(ui, |ui| {
        egui::ScrollArea::vertical()
            .id_salt("sections")
            .auto_shrink(false)
            .show(ui, |ui| {
                for &section in SECTIONS {
                    section_frame_ui(ui, section, context, out);
                }
                ui.add_space(tokens::SPACE_M);
            });
    });
}

fn section_frame_ui(
    ui: &mut egui::Ui,
    section: &dyn Section,
    context: &mut ViewContext<'_>,
    out: &mut Vec<Command>,
) {
    let Some(document) = context.state.active_document() else {
        return;
    };
    let t = tokens(ui);
    let info = section.info();
    let id = ui.make_persistent_id(info.title);
    let state = egui::collapsing_header::CollapsingState::load_with_default_open(
        ui.ctx(),
        id,
        info.starts_open,
    );
    let problems = problems_of(document, info.fields);
    let open = state.is_open();
    let caret = if open {
        icon::CARET_DOWN
    } else {
        icon::CARET_RIGHT
    };
    let mut state = state;
    let mut text = egui::text::LayoutJob::default();
    let format =
        |size: f32, color| egui::TextFormat::simple(egui::FontId::proportional(size), color);
    text.append(caret, 0.0, format(12.0, t.text_muted));
    text.append(info.icon, 6.0, format(tokens::ICON_SIZE, t.accent));
    text.append(
        info.title,
        8.0,
        egui::TextFormat::simple(tokens::medium_font(tokens::TEXT_LARGE - 1.0), t.text),
    );
    let mark = if problems > 0 {
        egui::RichText::new(icon::WARNING_CIRCLE)
            .color(t.danger)
            .size(tokens::ICON_SIZE)
    } else {
        t.small(if open {
            String::new()
        } else {
            section.summary(document, context)
        })
    };
    let button = egui::Button::new(text)
        .frame_when_inactive(false)
        .right_text(mark)
        .truncate()
        .min_size(egui::vec2(ui.available_width(), 30.0));
    let response = ui.add(button);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, open, info.title));
    let head = response.rect;
    // Once it is as high as it will be: requests in frames after each other would add up.
    let unfolding = id.with("unfolding");
    let mut unfolds = ui.data(|data| data.get_temp(unfolding).unwrap_or(false));
    let is_clicked = response.on_hover_text(info.tooltip).clicked();
    if is_clicked {
        state.toggle(ui);
        unfolds = state.is_open();
    }
    let is_unfolded = !is_clicked && state.openness(ui.ctx()) >= 1.0;
    ui.data_mut(|data| data.insert_temp(unfolding, unfolds && !is_unfolded));
    let body = state.show_body_unindented(ui, |ui| {
        egui::Frame::new()
            .inner_margin(egui::Margin {
                left: 10,
                right: 4,
                top: 2,
                bottom: 10,
            })
            .show(ui, |ui| {
                // What egui itself keeps by a control's name (a half-typed number, the focus, a drag) is the document's too.
                ui.push_id(document.id, |ui| section.ui(ui, context, out));
            });
    });
    if let Some(body) = body.filter(|_| unfolds && is_unfolded) {
        // As much of it as there is room for, from its beginning.
        let section = head.union(body.response.rect);
        ui.scroll_to_rect(section, None);
    }
}

/// Problems of the fields whose names in a preset begin so.
fn problems_of(document: &Document, fields: &[&str]) -> usize {
    (document.problems.iter())
        .filter(|problem| (fields.iter()).any(|prefix| problem.field.starts_with(prefix)))
        .count()
}

fn foot_frame() -> egui::Frame {
    egui::Frame::new().inner_margin(egui::Margin {
        left: 2,
        right: 2,
        top: 8,
        bottom: 2,
    })
}

fn document_row_ui(ui: &mut egui::Ui, index: usize, row: &DocumentRow, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let (fill, stroke) = if row.active {
        (t.accent_faint, egui::Stroke::new(1.0, t.accent))
    } else {
        (t.surface, t.outline_stroke())
    };
    let frame = egui::Frame::new()
        .fill(fill)
        .stroke(stroke)
        .corner_radius(tokens::RADIUS_M)
        .inner_margin(egui::Margin::symmetric(8, 3));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            let mut included = row.included;
            let tick = ui.add(egui::Checkbox::without_text(&mut included));
            tick.widget_info(|| {
                egui::WidgetInfo::selected(
                    egui::Role::CheckBox,
                    true,
                    included,
                    format!("Train {}", row.name),
                )
            });
            if tick
                .on_hover_text("Whether Train trains this experiment")
                .changed()
            {
                out.push(Command::IncludeExperiment(index, included));
            }
            // What is wider than the panel would make the panel grow, frame by frame.
            let close_width = 30.0 + ui.spacing().item_spacing.x;
            let width = (ui.available_width() - close_width).max(0.0);
            let mut text = egui::text::LayoutJob::default();
            let format =
                |color| egui::TextFormat::simple(tokens::medium_font(tokens::TEXT_BODY), color);
            text.append(&row.name, 0.0, format(t.text));
            if row.changed {
                text.append("•", 5.0, format(t.warning));
            }
            if row.problems > 0 {
                text.append(icon::WARNING_CIRCLE, 5.0, format(t.danger));
            }
            let label = egui::Label::new(text)
                .truncate()
                .sense(egui::Sense::click());
            let name = ui.allocate_ui_with_layout(
                egui::vec2(width, tokens::CONTROL_HEIGHT),
                egui::Layout::left_to_right(egui::Align::Center)
                    .with_main_justify(true)
                    .with_main_align(egui::Align::Min),
                |ui| ui.add(label),
            );
            let mut hint = format!("Show {} ({})", row.name, row.file);
            if row.changed {
                hint += ". Changed since it was saved or loaded";
            }
            if !row.notes.is_empty() {
                hint += &format!("\n{}", row.notes);
            }
            hint += "\nDouble-click to rename it";
            name.inner.widget_info(|| {
                egui::WidgetInfo::selected(
                    egui::Role::Button,
                    true,
                    row.active,
                    format!("Experiment {}", row.name),
                )
            });
            let name = (name.inner)
                .on_hover_text(hint)
                .on_hover_cursor(egui::CursorIcon::PointingHand);
            if name.clicked() {
                out.push(Command::SelectExperiment(index));
            }
            if name.double_clicked() {
                out.push(Command::DescribeExperiment(row.id));
            }
            name.context_menu(|ui| row_menu_ui(ui, index, row, out));
            let close = icon_button(ui, icon::X, &format!("Close {}", row.name));
            if close
                .on_hover_text(Action::CloseExperiment.tooltip())
                .clicked()
            {
                out.push(Command::CloseExperiment(index));
            }
        });
    });
}

fn row_menu_ui(ui: &mut egui::Ui, index: usize, row: &DocumentRow, out: &mut Vec<Command>) {
    for action in [
        Action::DescribeExperiment,
        Action::DuplicateExperiment,
        Action::CloseExperiment,
    ] {
        let text = format!("{}  {}", action.icon(), action.text());
        let button =
            egui::Button::new(text).shortcut_text(tokens(ui).small(action.shortcut_text(ui.ctx())));
        if ui.add(button).on_hover_text(action.tooltip()).clicked() {
            // All of them are about the one that is shown.
            out.push(Command::SelectExperiment(index));
            out.push(match action {
                Action::DescribeExperiment => Command::DescribeExperiment(row.id),
                Action::CloseExperiment => Command::CloseExperiment(index),
                _ => action.command(),
            });
        }
    }
}
