//! Middle: accuracy and loss of the shown runs, epoch by epoch.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::view_id::ViewId;
use crate::app::ui::curves::{CurvesLocal, CurvesView, overlay_ui};
use crate::app::ui::diagnosis::verdicts_ui;
use crate::app::ui::hidden_runs::{self, show_hidden_ui};
use crate::app::ui::sweep_runs::sweep_runs_ui;
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::report::FigureKind;

/// How the runs learn.
pub struct CurvesTab;

impl View for CurvesTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::CURVES,
            title: "Curves",
            icon: icon::CHART_LINE,
            action: "Show curves",
            tooltip: "Loss and accuracy over the epochs",
            figure: Some(FigureKind::Curves),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let view = CurvesView::build(context.state);
        curves_ui(ui, &view, context.panels.of_window(), out);
    }
}

pub fn curves_ui(
    ui: &mut egui::Ui,
    view: &CurvesView,
    local: &mut CurvesLocal,
    out: &mut Vec<Command>,
) {
    if view.runs.is_empty() {
        if let Some(name) = &view.beginning {
            let text = "Its curves begin with the first epoch. Until then, the foot of the window says what it does.";
            widgets::empty_state(
                ui,
                icon::CHART_LINE_UP,
                &format!("{name} has begun"),
                text,
                |_| {},
            );
            return;
        }
        if let Some(found) = view.of_sweep.as_ref().filter(|_| view.runs_known == 0) {
            sweep_runs_ui(ui, found, out);
            return;
        }
        let (title, text) = if view.runs_known > 0 {
            ("No curves to show", hidden_runs::NONE_SHOWN)
        } else {
            (
                "No runs yet",
                "Train the experiment to watch its accuracy and loss here, epoch by epoch.",
            )
        };
        widgets::empty_state(ui, icon::CHART_LINE_UP, title, text, |ui| {
            show_hidden_ui(ui, &view.hidden, out);
            let (text, tooltip) = (
                format!("{} Train", icon::PLAY),
                "Train every ticked experiment",
            );
            if view.can_train && widgets::next_button(ui, &text, tooltip, !view.hidden.is_empty()) {
                out.push(Command::Train);
            }
        });
        return;
    }
    let room = reserved(ui.available_width(), view.runs.len());
    let plots = (ui.available_height() - room - tokens::SPACE_S).max(LEAST_PLOTS);
    egui::ScrollArea::vertical()
        .id_salt("curves")
        .auto_shrink(false)
        .show(ui, |ui| {
            let size = egui::vec2(ui.available_width(), plots);
            let down = egui::Layout::top_down(egui::Align::Min);
            ui.allocate_ui_with_layout(size, down, |ui| {
                ui.set_height(plots);
                overlay_ui(ui, view, local, None);
            });
            ui.add_space(tokens::SPACE_S);
            verdict_ui(ui, view, room, out);
        });
}

/// Plots and legend together become no lower than this, in points; then the view scrolls.
const LEAST_PLOTS: f32 = 260.0;

/// The height that is kept for what the curves say: the plots don't move when it comes, or changes from epoch to epoch.
fn reserved(width: f32, runs: usize) -> f32 {
    let verdict = if width >= 900.0 { 128.0 } else { 176.0 };
    // With a line of the other runs.
    let others = tokens::ROW_HEIGHT + tokens::SPACE_M;
    let others = if runs > 1 { others } else { 0.0 };
    verdict + others
}

fn verdict_ui(ui: &mut egui::Ui, view: &CurvesView, height: f32, out: &mut Vec<Command>) {
    let size = egui::vec2(ui.available_width(), height);
    let down = egui::Layout::top_down(egui::Align::Min);
    ui.allocate_ui_with_layout(size, down, |ui| {
        ui.set_min_size(size);
        egui::ScrollArea::vertical()
            .id_salt("what the curves say")
            .max_height(height)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                verdicts_ui(ui, &view.verdicts, view.looked_at.as_deref(), out);
            });
    });
}
