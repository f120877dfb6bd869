//! One run of the list: what it is, how far, and what can be done with it.

use eframe::egui::{self, Align2, Sense, vec2};

use super::RunRow;
use super::editing::{Editing, field_ui};
use super::menu::{keys, menu_ui};
use crate::app::core::command::{Command, RunText};
use crate::app::core::state::RecordState;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::{format, shown};

/// Of the button that goes on with a run, in points.
const RESUME_WIDTH: f32 = 72.0;

/// `height`: without the field that something is typed in.
pub fn row_ui(
    ui: &mut egui::Ui,
    row: &RunRow,
    height: f32,
    editing: &mut Option<Editing>,
    out: &mut Vec<Command>,
) {
    let colors = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let fill = match (row.selected, response.hovered(), row.progress.is_some()) {
        (true, ..) => colors.accent_faint,
        (_, true, _) => colors.raised,
        (_, false, true) => colors.accent_faint,
        (_, false, false) => colors.surface,
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, tokens::RADIUS_M, fill);
    if row.selected {
        let stroke = egui::Stroke::new(1.0, colors.accent);
        painter.rect_stroke(rect, tokens::RADIUS_M, stroke, egui::StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(tokens::SPACE_S, 5.0));

    // The colour shows whether the curves are drawn; it is also the switch.
    let eye_rect =
        egui::Rect::from_min_size(inner.min, vec2(20.0, 20.0)).translate(vec2(-3.0, -2.0));
    let eye = ui.interact(eye_rect, ui.scope_id().with("shown"), Sense::click());
    let color = tokens::run_color(row.color);
    if row.shown {
        painter.circle_filled(eye_rect.center(), 5.5, color);
    } else {
        painter.circle_stroke(
            eye_rect.center(),
            5.0,
            egui::Stroke::new(1.5, colors.text_faint),
        );
    }
    if eye.hovered() || eye.has_focus() {
        painter.circle_stroke(
            eye_rect.center(),
            8.5,
            egui::Stroke::new(1.0, colors.outline_strong),
        );
    }
    let name = format!("Show {}", row.name);
    eye.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::CheckBox, true, row.shown, &name)
    });
    if eye
        .on_hover_text("Show or hide this run in curves and results")
        .clicked()
    {
        out.push(Command::ShowRun(row.id.clone(), !row.shown));
    }

    let left = inner.left() + 22.0;
    let (symbol, symbol_color) = match &row.state {
        RecordState::Queued => (icon::HOURGLASS, colors.text_faint),
        RecordState::Running if row.paused => (icon::PAUSE, colors.accent),
        RecordState::Running => (icon::PLAY, colors.accent),
        RecordState::Finished => (icon::CHECK_CIRCLE, colors.success),
        RecordState::Stopped => (icon::STOP, colors.text_faint),
        RecordState::Failed(_) => (icon::X_CIRCLE, colors.danger),
        RecordState::Elsewhere => (icon::PLAY, colors.text_faint),
        RecordState::Interrupted => (icon::WARNING_CIRCLE, colors.warning),
    };
    // The name takes the whole line: it is what tells runs apart.
    let name_rect = egui::Rect::from_min_max(
        egui::pos2(left, inner.top()),
        egui::pos2(inner.right(), inner.top() + 18.0),
    );
    let text_color = if row.shown {
        colors.text
    } else {
        colors.text_muted
    };
    let typed = editing
        .as_ref()
        .filter(|typed| typed.id == row.id)
        .map(|typed| typed.what);
    let mut marks_left = name_rect.right();
    for symbol in marks(row) {
        let drawn = painter.text(
            egui::pos2(marks_left, name_rect.center().y),
            Align2::RIGHT_CENTER,
            symbol,
            egui::FontId::proportional(tokens::TEXT_SMALL),
            colors.text_muted,
        );
        marks_left = drawn.left() - 2.0;
    }
    // Of a name that is too long, the end would go, which is what tells the run from its neighbours: the second line has it.
    let mut differs = None;
    if typed != Some(RunText::Name) {
        let mut rect = name_rect;
        rect.max.x = marks_left;
        let font = tokens::medium_font(tokens::TEXT_BODY);
        let whole = painter.layout_no_wrap(row.name.clone(), font.clone(), text_color);
        let is_cut = whole.size().x > rect.width();
        differs = row.differs().filter(|_| is_cut);
        widgets::elided(ui, rect, &row.name, font, text_color);
    }
    let mut detail_rect = egui::Rect::from_min_max(
        egui::pos2(left, inner.bottom() - 15.0),
        egui::pos2(inner.right(), inner.bottom()),
    );
    if let Some(accuracy) = &row.accuracy {
        let drawn = painter.text(
            detail_rect.right_center(),
            Align2::RIGHT_CENTER,
            accuracy,
            tokens::semibold_font(tokens::TEXT_BODY),
            text_color,
        );
        detail_rect.max.x = drawn.left() - tokens::SPACE_XS;
    }
    if !row.warnings.is_empty() {
        let drawn = painter.text(
            detail_rect.right_center(),
            Align2::RIGHT_CENTER,
            icon::WARNING,
            egui::FontId::proportional(tokens::TEXT_BODY),
            colors.warning,
        );
        detail_rect.max.x = drawn.left() - tokens::SPACE_XS;
    }
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let symbol_font = egui::FontId::proportional(tokens::TEXT_BODY);
    painter.text(
        detail_rect.left_center(),
        Align2::LEFT_CENTER,
        symbol,
        symbol_font,
        symbol_color,
    );
    let mut text_rect = detail_rect;
    text_rect.min.x += 18.0;
    if row.can_resume
        && let Some(folder) = &row.folder
    {
        let button = resume_ui(ui, row, detail_rect);
        text_rect.max.x = button.rect.left() - tokens::SPACE_XS;
        if button.clicked() {
            out.push(Command::ResumeRun(folder.clone()));
        }
    }
    let failed = matches!(row.state, RecordState::Failed(_));
    let detail_color = if failed {
        colors.danger
    } else {
        colors.text_muted
    };
    let detail = match differs {
        // Why a run failed is more than what it was.
        Some(differs) if !failed => format!("{differs} · {}", row.detail),
        _ => row.detail.clone(),
    };
    widgets::elided(ui, text_rect, &detail, small.clone(), detail_color);
    if let Some(progress) = row.progress {
        let track =
            egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 3.0), rect.max);
        painter.rect_filled(track, 1.0, colors.sunken);
        let mut done = track;
        done.set_width(track.width() * progress);
        painter.rect_filled(done, 1.0, color);
    }

    let spoken = format!(
        "{}, {}, {}",
        row.name,
        row.accuracy.as_deref().unwrap_or("not tested"),
        row.detail
    );
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::accesskit::Role::Button, true, row.selected, &spoken)
    });
    response.context_menu(|ui| menu_ui(ui, row, editing, out));
    let mut is_done = false;
    if response.has_focus() {
        is_done = keys(ui, row, editing, out);
        painter.rect_stroke(
            rect,
            tokens::RADIUS_M,
            egui::Stroke::new(1.0, colors.accent),
            egui::StrokeKind::Inside,
        );
    }
    if response.double_clicked() {
        out.extend(row.folder.clone().map(Command::OpenRun));
    } else if response.clicked() && !is_done {
        // So that the keys mean this row.
        response.request_focus();
        out.push(Command::SelectRun(row.id.clone()));
        // What is selected is seen in every view; the dot hides it.
        if !row.shown {
            out.push(Command::ShowRun(row.id.clone(), true));
        }
    }
    response.on_hover_text(tooltip(row));
    let field = match typed {
        Some(RunText::Name) => egui::Rect::from_min_max(
            egui::pos2(left - 4.0, rect.top() + 1.0),
            egui::pos2(rect.right() - 2.0, rect.top() + 24.0),
        ),
        Some(RunText::Tags | RunText::Note) => egui::Rect::from_min_max(
            egui::pos2(rect.left() + 2.0, rect.bottom() + 2.0),
            ui.max_rect().right_bottom() - vec2(2.0, 0.0),
        ),
        None => return,
    };
    ui.scope_builder(egui::UiBuilder::new().max_rect(field), |ui| {
        field_ui(ui, row, editing, out);
    });
}

/// What a person said of the run, as icons, the last first.
fn marks(row: &RunRow) -> impl Iterator<Item = &'static str> {
    [
        (row.archived, icon::ARCHIVE),
        (!row.note.is_empty(), icon::FILE_TEXT),
        (!row.tags.is_empty(), icon::TAG),
        (row.pinned, icon::PUSH_PIN),
    ]
    .into_iter()
    .filter_map(|(is_there, symbol)| is_there.then_some(symbol))
}

fn tooltip(row: &RunRow) -> String {
    let mut text = format!("{}\n{}", row.name, row.detail);
    if let Some(accuracy) = &row.accuracy {
        text.push_str(&format!("\n{accuracy} of the test pictures right"));
    }
    if !row.tags.is_empty() {
        let tags: Vec<_> = row.tags.iter().map(|tag| shown_name(tag)).collect();
        text.push_str(&format!("\n{} {}", icon::TAG, tags.join(", ")));
    }
    if !row.note.is_empty() {
        text.push_str(&format!(
            "\n{} {}",
            icon::FILE_TEXT,
            shown::lines(&row.note)
        ));
    }
    for warning in &row.warnings {
        text.push_str(&format!("\n{} {warning}", icon::WARNING));
    }
    if row.bytes > 0 {
        text.push_str(&format!("\n{} on disk", format::bytes(row.bytes)));
    }
    text.push_str(
        "\nClick to select it, double-click for its results, right-click for more; the dot shows or hides it",
    );
    text
}

/// The button that goes on with a run that ended too early, at the right of its second line.
fn resume_ui(ui: &mut egui::Ui, row: &RunRow, line: egui::Rect) -> egui::Response {
    let mut rect = line.expand2(vec2(0.0, 2.0));
    rect.min.x = (rect.max.x - RESUME_WIDTH).max(rect.min.x);
    let text = egui::RichText::new(format!("{} Resume", icon::PLAY)).size(tokens::TEXT_SMALL);
    ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(4.0, 0.0);
        ui.spacing_mut().interact_size.y = rect.height();
        ui.put(rect, egui::Button::new(text).min_size(rect.size()))
    })
    .inner
    .accessible_name(format!("Resume {}", row.name))
    .on_hover_text(
        "Go on from the last epoch that was saved, with the numbers of a run that was never interrupted",
    )
}
