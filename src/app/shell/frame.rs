//! One frame: bars, sides, and the arranged views of the middle.

use eframe::egui::{self, Margin};

use super::middle::Middle;
use super::notices::warnings_ui;
use super::popups::hush_tooltips;
use super::run_bar::{RunBarView, run_bar_ui};
use super::side::side_ui;
use super::top_bar::{TopBarView, top_bar_ui};
use super::welcome::{WelcomeView, welcome_ui};
use crate::app::core::background::{self, Work};
use crate::app::core::clock;
use crate::app::core::command::{Command, Side};
use crate::app::features::runs::{self, runs_panel_ui};
use crate::app::shell::Graft;
use crate::app::ui::tokens::{self, Tokens, tokens};
use crate::app::ui::view::ViewContext;

/// With less width, in points, one side is shown at a time.
const BOTH_SIDES: f32 = 1000.0;
/// With less, none is shown until a person asks for it.
const ONE_SIDE: f32 = 860.0;
/// With less, both are at their narrowest at first.
const ROOMY: f32 = 1160.0;
const NARROW_LEFT: f32 = 276.0;
const NARROW_RIGHT: f32 = 200.0;

impl Graft {
    pub(in crate::app) fn frame_ui(&mut self, ui: &mut egui::Ui, out: &mut Vec<Command>) {
        let ctx = ui.ctx().clone();
        let t = tokens(ui);
        if self.is_modal() || self.palette.is_some() {
            hush_tooltips(&ctx);
        }
        egui::Panel::top("top bar")
            .exact_size(50.0)
            .resizable(false)
            .frame(bar(t, 6))
            .show(ui, |ui| {
                top_bar_ui(ui, &TopBarView::build(&self.session.state), out);
            });
        // What stands below and at the right takes its room first and is drawn last: the keyboard goes through the window
        // in the order in which it is read.
        let run_bar = reserve(
            ui,
            egui::Panel::bottom("run bar")
                .exact_size(42.0)
                .resizable(false)
                .frame(bar(t, 4)),
        );
        let has_warnings = (self.session.state.runs.iter()).any(|run| !run.warnings.is_empty());
        self.warnings_open &= has_warnings;
        let warnings = self.warnings_open.then(|| {
            let panel = egui::Panel::bottom("warnings")
                .default_size(150.0)
                .size_range(90.0..=400.0)
                .frame(bar(t, 8));
            reserve(ui, panel)
        });
        let is_empty = self.session.state.documents.is_empty()
            && self.session.state.runs.is_empty()
            && !self.has_sweep();
        let runs = self.is_shown(Side::Runs, &ctx).then(|| {
            let width = side_widths(&ctx).1;
            let panel = egui::Panel::right("runs")
                .default_size(width)
                .size_range(180.0..=420.0)
                .frame(bar(t, 10));
            reserve(ui, panel)
        });
        if self.is_shown(Side::Experiment, &ctx) {
            let panel = egui::Panel::left("experiment")
                .default_size(side_widths(&ctx).0)
                .size_range(250.0..=460.0)
                .frame(bar(t, 10));
            // Drawn within its room: what is too wide in it for a moment does not make it grow for good.
            let rect = reserve(ui, panel);
            within(ui, "experiment", rect, |ui| {
                side_ui(ui, &mut self.view_context(), out);
            });
        }
        let fill = t.surface;
        let middle = egui::CentralPanel::no_frame()
            .frame(egui::Frame::new().fill(fill))
            .show(ui, |ui| {
                if is_empty || self.session.state.documents.is_empty() && !self.middle_has_use() {
                    let session = &self.session;
                    let view =
                        WelcomeView::build(session, self.demo_is_there, self.example.as_deref());
                    welcome_ui(ui, &view, out);
                } else {
                    let Self {
                        session,
                        locals,
                        views,
                        ..
                    } = self;
                    let context = ViewContext::new(&session.state, locals);
                    views.ui(&mut Middle::new(context, out), ui);
                }
            });
        let middle = middle.response.rect;
        (self.toasts).ui(&ctx, middle, &self.session.state.notices, out);
        if let Some(rect) = runs {
            within(ui, "runs", rect, |ui| {
                runs_panel_ui(ui, &mut self.view_context(), out);
            });
        }
        if let Some(rect) = warnings {
            within(ui, "warnings", rect, |ui| {
                warnings_ui(ui, &self.session.state, out);
            });
        }
        within(ui, "run bar", run_bar, |ui| {
            let view = RunBarView::build(&self.session.state, self.works());
            run_bar_ui(ui, &view, self.warnings_open, out);
        });
        self.hovered_files_ui(&ctx);
        self.exports.ui(&self.session, &ctx, out);
        self.networks.ui(&ctx, out);
        self.rates.ui(&self.session, &ctx, out);
        self.cuda.ui(&self.session, &ctx, out);
        self.placing.ui(&self.session, &ctx, out);
        self.slurm_ui(&ctx, out);
        self.dropped_ui(&ctx, out);
        self.dialog_ui(&ctx, out);
        if let Some(mut palette) = self.palette.take() {
            let offers = runs::offers(&self.session.state, clock::now());
            if palette.modal_ui(&ctx, &self.session.state, &offers, out) {
                self.palette = Some(palette);
            }
        }
        self.files.browser_ui(&ctx, &self.session.state, out);
        self.picture_choice_ui(&ctx);
        self.question_ui(&ctx);
        self.closing_ui(&ctx);
    }

    /// What is worked on beside training: what the state knows, and what has threads of its own.
    fn works(&self) -> Vec<Work> {
        let mut works = background::works(&self.session.state);
        if let Some(work) = self.exports.work() {
            works.insert(0, work);
        }
        if let Some(work) = self.networks.work() {
            works.insert(0, work);
        }
        works.extend(self.rates.work());
        works.extend(self.learning_curves.work());
        if let Some(work) = self.placing.work() {
            works.insert(0, work);
        }
        if self.cuda.is_installing() {
            let work = Work::new("Installing the CUDA part");
            works.push(work.stopped_by(Command::StopCudaInstallation));
        }
        works
    }

    /// Whether a side is shown now.
    pub(in crate::app) fn is_shown(&self, side: Side, ctx: &egui::Context) -> bool {
        let state = &self.session.state;
        let has_experiment = !state.documents.is_empty();
        let has_content = match side {
            Side::Experiment => has_experiment,
            Side::Runs => has_experiment || !state.runs.is_empty(),
        };
        let settings = &self.session.settings;
        let is_wanted = if is_narrow(ctx) {
            self.narrow_side(ctx) == Some(side)
        } else {
            match side {
                Side::Experiment => settings.experiment_side,
                Side::Runs => settings.runs_side,
            }
        };
        has_content && is_wanted
    }

    /// Where there is room for one side at most.
    fn narrow_side(&self, ctx: &egui::Context) -> Option<Side> {
        let has_experiment = !self.session.state.documents.is_empty();
        let first = if has_experiment {
            Side::Experiment
        } else {
            Side::Runs
        };
        let has_room = ctx.content_rect().width() >= ONE_SIDE;
        self.narrow_side
            .unwrap_or_else(|| has_room.then_some(first))
    }

    pub(in crate::app) fn toggle_side(&mut self, side: Side, ctx: &egui::Context) {
        if is_narrow(ctx) {
            let is_shown = self.narrow_side(ctx) == Some(side);
            self.narrow_side = Some((!is_shown).then_some(side));
            return;
        }
        let settings = &mut self.session.settings;
        match side {
            Side::Experiment => settings.experiment_side = !settings.experiment_side,
            Side::Runs => settings.runs_side = !settings.runs_side,
        }
    }

    fn has_sweep(&self) -> bool {
        self.session.state.sweep.open.is_some()
    }

    /// Without an open experiment, whether a run is looked at, or answers pictures.
    fn middle_has_use(&self) -> bool {
        self.has_sweep()
            || self.session.state.selected_run.is_some()
            || self.session.state.prediction.is_wanted
            || self.session.state.runs.iter().any(|run| run.shown)
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
        let text = match self.predicts_drops() {
            true => {
                "Drop pictures or a folder to predict them; a table, a preset, a sweep or a weight file to open it"
            }
            false => {
                "Drop to open: a folder or table of pictures, a preset, a sweep, or a weight file; one picture to see what the networks say of it"
            }
        };
        let mut job = egui::text::LayoutJob::simple(
            text.to_owned(),
            tokens::semibold_font(20.0),
            egui::Color32::WHITE,
            rect.width() - 80.0,
        );
        job.halign = egui::Align::Center;
        let galley = painter.layout_job(job);
        let top = rect.center() - egui::vec2(0.0, galley.size().y / 2.0);
        painter.galley(top, galley, egui::Color32::WHITE);
    }
}

fn bar(t: &Tokens, vertical: i8) -> egui::Frame {
    egui::Frame::new()
        .fill(t.background)
        .inner_margin(Margin::symmetric(tokens::SPACE_M as i8, vertical))
}

/// Whether there is no room for both sides beside the views.
fn is_narrow(ctx: &egui::Context) -> bool {
    ctx.content_rect().width() < BOTH_SIDES
}

/// Of the left and the right side, at first.
fn side_widths(ctx: &egui::Context) -> (f32, f32) {
    if ctx.content_rect().width() < ROOMY {
        (NARROW_LEFT, NARROW_RIGHT)
    } else {
        (tokens::LEFT_WIDTH, tokens::RIGHT_WIDTH)
    }
}

/// Takes the room of a panel; what stands in it is drawn later, [`within`] what is given back.
fn reserve(ui: &mut egui::Ui, panel: egui::Panel) -> egui::Rect {
    let panel = panel.show(ui, |ui| {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        rect
    });
    panel.inner
}

fn within(
    ui: &mut egui::Ui,
    name: &'static str,
    rect: egui::Rect,
    add: impl FnOnce(&mut egui::Ui),
) {
    let builder = egui::UiBuilder::new().id_salt(name).max_rect(rect);
    let mut inside = ui.new_child(builder);
    inside.set_clip_rect(
        rect.expand(tokens::SPACE_XS)
            .intersect(ui.ctx().content_rect()),
    );
    add(&mut inside);
}
