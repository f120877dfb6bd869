//! One frame: bars, sides, and the arranged views of the middle.

use eframe::egui::{self, Margin};

use super::middle::Middle;
use super::notices::{notices_ui, warnings_ui};
use super::run_bar::{RunBarView, run_bar_ui};
use super::side::side_ui;
use super::top_bar::{TopBarView, top_bar_ui};
use super::welcome::welcome_ui;
use crate::app::core::command::Command;
use crate::app::features::runs::runs_panel_ui;
use crate::app::shell::Graft;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::view::ViewContext;

impl Graft {
    pub(in crate::app) fn frame_ui(&mut self, ui: &mut egui::Ui, out: &mut Vec<Command>) {
        let ctx = ui.ctx().clone();
        let t = tokens(ui);
        let bar = |vertical: i8| {
            egui::Frame::new()
                .fill(t.background)
                .inner_margin(Margin::symmetric(tokens::SPACE_M as i8, vertical))
        };
        egui::Panel::top("top bar")
            .exact_size(50.0)
            .resizable(false)
            .frame(bar(6))
            .show(ui, |ui| {
                top_bar_ui(ui, &TopBarView::build(&self.session.state), out);
            });
        egui::Panel::bottom("run bar")
            .exact_size(42.0)
            .resizable(false)
            .frame(bar(4))
            .show(ui, |ui| {
                run_bar_ui(
                    ui,
                    &RunBarView::build(&self.session.state),
                    self.warnings_open,
                    out,
                );
            });
        if self.warnings_open
            && self
                .session
                .state
                .runs
                .iter()
                .any(|run| !run.warnings.is_empty())
        {
            egui::Panel::bottom("warnings")
                .resizable(false)
                .frame(bar(8))
                .show(ui, |ui| {
                    warnings_ui(ui, &self.session.state, out);
                });
        }
        if self.session.state.documents.is_empty() && self.session.state.runs.is_empty() {
            self.middle_frame_ui(ui, out, |app, ui, out| {
                welcome_ui(ui, app.demo_is_there, out)
            });
        } else {
            let narrow = ctx.content_rect().width() < 1160.0;
            let (left, right) = if narrow {
                (276.0, 200.0)
            } else {
                (tokens::LEFT_WIDTH, tokens::RIGHT_WIDTH)
            };
            if !self.session.state.documents.is_empty() {
                egui::Panel::left("experiment")
                    .default_size(left)
                    .size_range(250.0..=460.0)
                    .frame(bar(10))
                    .show(ui, |ui| side_ui(ui, &mut self.view_context(), out));
            }
            egui::Panel::right("runs")
                .default_size(right)
                .size_range(180.0..=420.0)
                .frame(bar(10))
                .show(ui, |ui| runs_panel_ui(ui, &mut self.view_context(), out));
            self.middle_frame_ui(ui, out, |app, ui, out| {
                if app.session.state.documents.is_empty() && !app.middle_has_use() {
                    welcome_ui(ui, app.demo_is_there, out);
                } else {
                    let Self {
                        session,
                        locals,
                        views,
                        ..
                    } = app;
                    let context = ViewContext::new(&session.state, locals);
                    views.ui(&mut Middle::new(context, out), ui);
                }
            });
        }
        self.hovered_files_ui(&ctx);
        if let Some(mut palette) = self.palette.take()
            && palette.modal_ui(&ctx, &self.session.state, out)
        {
            self.palette = Some(palette);
        }
        self.exports.ui(&self.session, &ctx, out);
        self.dropped_ui(&ctx, out);
        self.files.browser_ui(&ctx, out);
        self.question_ui(&ctx);
        self.closing_ui(&ctx);
    }

    /// Without an open experiment, whether a run is looked at.
    fn middle_has_use(&self) -> bool {
        self.session.state.selected_run.is_some()
            || self.session.state.runs.iter().any(|run| run.shown)
    }

    fn middle_frame_ui(
        &mut self,
        ui: &mut egui::Ui,
        out: &mut Vec<Command>,
        content: impl FnOnce(&mut Self, &mut egui::Ui, &mut Vec<Command>),
    ) {
        let fill = tokens(ui).surface;
        egui::CentralPanel::no_frame()
            .frame(egui::Frame::new().fill(fill))
            .show(ui, |ui| {
                if !self.session.state.notices.is_empty() {
                    egui::Frame::new()
                        .inner_margin(Margin {
                            left: 10,
                            right: 10,
                            top: 8,
                            bottom: 4,
                        })
                        .show(ui, |ui| {
                            notices_ui(ui, &self.session.state.notices, out);
                        });
                }
                content(self, ui, out);
            });
    }

    /// Says what a drop would do, while something is held over the window.
    fn hovered_files_ui(&self, ctx: &egui::Context) {
        if ctx.input(|input| input.raw.hovered_files.is_empty()) {
            return;
        }
        let t = tokens::of_theme(self.session.settings.dark);
        let painter = ctx.layer_painter(egui::LayerId::new(
            egui::Order::Foreground,
            egui::Id::unique("drop"),
        ));
        let rect = ctx.content_rect();
        painter.rect_filled(rect, 0, t.backdrop);
        painter.rect_stroke(
            rect.shrink(12.0),
            tokens::RADIUS_L,
            egui::Stroke::new(2.0, t.accent),
            egui::StrokeKind::Inside,
        );
        let text = "Drop to open: a folder or table of pictures, a preset, a weight file; a picture to see what networks make of it";
        painter.text(
            rect.center(),
            egui::Align2::CENTER_CENTER,
            text,
            tokens::semibold_font(20.0),
            egui::Color32::WHITE,
        );
    }
}
