//! Middle: accuracy and loss of the shown runs, epoch by epoch.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::view_id::ViewId;
use crate::app::ui::curves::{CurvesLocal, CurvesView, overlay_ui};
use crate::app::ui::diagnosis::diagnosis_ui;
use crate::app::ui::hidden_runs::show_hidden_ui;
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
            let text = "Its curves begin with the first epoch. What it does until then stands at the foot of the window.";
            widgets::empty_state(
                ui,
                icon::CHART_LINE_UP,
                &format!("{name} has begun"),
                text,
                |_| {},
            );
            return;
        }
        let (title, text) = if view.runs_known > 0 {
            (
                "No curves to show",
                "No run is switched on at the right. Curves of a training begin with its first epoch.",
            )
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
                "Train every included experiment",
            );
            if view.can_train && widgets::next_button(ui, &text, tooltip, !view.hidden.is_empty()) {
                out.push(Command::Train);
            }
        });
        return;
    }
    if let Some(found) = &view.diagnosis {
        diagnosis_ui(ui, found, out);
        ui.add_space(tokens::SPACE_S);
    }
    overlay_ui(ui, view, local, None);
}
