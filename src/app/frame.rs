//! One frame: bars, sides, and the arranged views of the middle.

use eframe::egui::{self, Margin};

use super::actions::Action;
use super::command::{Command, View};
use super::notices::{notices_ui, warnings_ui};
use super::run_bar::{RunBarView, run_bar_ui};
use super::shell::Graft;
use super::theme::icon_button_enabled;
use super::tokens::{self, tokens};
use super::top_bar::{TopBarView, top_bar_ui};
use super::views::Locals;
use super::welcome::welcome_ui;

/// Draws the views of the middle where the person has put them.
struct Middle<'a> {
    state: &'a super::state::State,
    locals: &'a mut Locals,
    out: &'a mut Vec<Command>,
}

impl Graft {
    pub(super) fn frame_ui(&mut self, ui: &mut egui::Ui, out: &mut Vec<Command>) {
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
                top_bar_ui(ui, &TopBarView::build(&self.state), out);
            });
        egui::Panel::bottom("run bar")
            .exact_size(42.0)
            .resizable(false)
            .frame(bar(4))
            .show(ui, |ui| {
                run_bar_ui(ui, &RunBarView::build(&self.state), self.warnings_open, out);
            });
        if self.warnings_open && self.state.runs.iter().any(|run| !run.warnings.is_empty()) {
            egui::Panel::bottom("warnings")
                .resizable(false)
                .frame(bar(8))
                .show(ui, |ui| {
                    warnings_ui(ui, &self.state, out);
                });
        }
        if self.state.documents.is_empty() && self.state.runs.is_empty() {
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
            if !self.state.documents.is_empty() {
                egui::Panel::left("experiment")
                    .default_size(left)
                    .size_range(250.0..=460.0)
                    .frame(bar(10))
                    .show(ui, |ui| self.side_ui(ui, out));
            }
            egui::Panel::right("runs")
                .default_size(right)
                .size_range(180.0..=420.0)
                .frame(bar(10))
                .show(ui, |ui| {
                    self.runs_side_ui(ui, out);
                });
            self.middle_frame_ui(ui, out, |app, ui, out| {
                if app.state.documents.is_empty() && !app.middle_has_use() {
                    welcome_ui(ui, app.demo_is_there, out);
                } else {
                    let Self {
                        state,
                        locals,
                        views,
                        ..
                    } = app;
                    views.ui(&mut Middle { state, locals, out }, ui);
                }
            });
        }
        self.hovered_files_ui(&ctx);
        if let Some(mut palette) = self.palette.take()
            && palette.modal_ui(&ctx, &self.state, out)
        {
            self.palette = Some(palette);
        }
        self.export_ui(&ctx, out);
        self.files.browser_ui(&ctx, out);
        self.question_ui(&ctx);
        self.closing_ui(&ctx);
    }

    /// Without an open experiment, whether a run is looked at.
    fn middle_has_use(&self) -> bool {
        self.state.selected_run.is_some() || self.state.runs.iter().any(|run| run.shown)
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
                if !self.state.notices.is_empty() {
                    egui::Frame::new()
                        .inner_margin(Margin {
                            left: 10,
                            right: 10,
                            top: 8,
                            bottom: 4,
                        })
                        .show(ui, |ui| {
                            notices_ui(ui, &self.state.notices, out);
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
        let t = tokens::of_theme(self.settings.dark);
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
        let text = "Drop to open: a folder or table of pictures, a preset, a weight file";
        painter.text(
            rect.center(),
            egui::Align2::CENTER_CENTER,
            text,
            tokens::semibold_font(20.0),
            egui::Color32::WHITE,
        );
    }
}

/// Tabs that have less room than this, in points, show no icons.
const NARROW_TABS: f32 = 960.0;

/// What can be done with the figure of a view, at the end of its tabs.
fn figure_buttons_ui(
    ui: &mut egui::Ui,
    view: View,
    state: &super::state::State,
    out: &mut Vec<Command>,
) {
    let Some(kind) = view.figure() else {
        return;
    };
    ui.add_space(tokens::SPACE_S);
    let export = Action::ExportFigures;
    let button = icon_button_enabled(ui, export.icon(), export.text(), export.is_enabled(state));
    let hint = export.hint(ui.ctx());
    let why = "Switch on the runs to export in the list at the right first";
    if button
        .on_hover_text(hint)
        .on_disabled_hover_text(why)
        .clicked()
    {
        out.push(Command::ExportFiguresDialog);
    }
    let name = format!("Copy {} as an image", kind.title().to_lowercase());
    let button = icon_button_enabled(ui, tokens::icon::COPY, &name, true);
    let hint = format!(
        "Copy the figure to the clipboard: {}",
        kind.sentence().to_lowercase()
    );
    if button.on_hover_text(hint).clicked() {
        // An evaluation is of one run; other figures are of the runs that are shown.
        let run = (view == View::Evaluation)
            .then(|| super::evaluating::shown(state))
            .flatten()
            .map(|run| run.id.clone());
        out.push(Command::CopyFigure { kind, run });
    }
}

impl egui_tiles::Behavior<View> for Middle<'_> {
    fn pane_ui(
        &mut self,
        ui: &mut egui::Ui,
        _tile: egui_tiles::TileId,
        view: &mut View,
    ) -> egui_tiles::UiResponse {
        egui::Frame::new()
            .inner_margin(Margin::same(tokens::SPACE_M as i8))
            .show(ui, |ui| {
                ui.set_min_size(ui.available_size());
                self.locals.view_ui(ui, *view, self.state, self.out);
            });
        egui_tiles::UiResponse::None
    }

    fn top_bar_right_ui(
        &mut self,
        tiles: &egui_tiles::Tiles<View>,
        ui: &mut egui::Ui,
        _tile: egui_tiles::TileId,
        tabs: &egui_tiles::Tabs,
        _scroll: &mut f32,
    ) {
        let view = tabs.active.and_then(|tile| tiles.get_pane(&tile));
        if let Some(view) = view {
            figure_buttons_ui(ui, *view, self.state, self.out);
        }
    }

    fn tab_title_for_pane(&mut self, view: &View) -> egui::WidgetText {
        format!("{}  {}", view.icon(), view.title()).into()
    }

    fn tab_ui(
        &mut self,
        tiles: &mut egui_tiles::Tiles<View>,
        ui: &mut egui::Ui,
        id: egui::Id,
        tile: egui_tiles::TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Response {
        let t = tokens(ui);
        let title = tiles.get_pane(&tile).map_or("Views", |view| view.title());
        // In a narrow middle, names are worth more than icons.
        let narrow = ui.clip_rect().width() < NARROW_TABS;
        let text = if narrow {
            title.into()
        } else {
            self.tab_title_for_tile(tiles, tile)
        };
        let padding = if narrow { 14.0 } else { 24.0 };
        let font = tokens::medium_font(tokens::TEXT_BODY);
        let galley = text.into_galley(ui, Some(egui::TextWrapMode::Extend), f32::INFINITY, font);
        let (_, rect) =
            ui.allocate_space(egui::vec2(galley.size().x + padding, ui.available_height()));
        let response = ui.interact(rect, id, egui::Sense::click_and_drag());
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, state.active, title)
        });
        if ui.is_rect_visible(rect) && !state.is_being_dragged {
            let color = if state.active || response.hovered() {
                t.text
            } else {
                t.text_muted
            };
            if response.hovered() && !state.active {
                ui.painter().rect_filled(
                    rect.shrink2(egui::vec2(2.0, 5.0)),
                    tokens::RADIUS_M,
                    t.raised,
                );
            }
            if state.active {
                let line = egui::Rect::from_min_max(
                    egui::pos2(rect.left() + 10.0, rect.bottom() - 2.5),
                    rect.right_bottom() - egui::vec2(10.0, 0.0),
                );
                ui.painter().rect_filled(line, 1, t.accent);
            }
            if response.has_focus() {
                ui.painter().rect_stroke(
                    rect.shrink(3.0),
                    tokens::RADIUS_M,
                    egui::Stroke::new(1.0, t.accent),
                    egui::StrokeKind::Inside,
                );
            }
            let place = rect.center() - galley.size() / 2.0;
            ui.painter()
                .galley_with_override_text_color(place, galley, color);
        }
        response.on_hover_text("Click to show, drag to put it beside or below another view")
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        38.0
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        tokens::of_theme(visuals.dark_mode).background
    }

    fn tab_bar_hline_stroke(&self, visuals: &egui::Visuals) -> egui::Stroke {
        tokens::of_theme(visuals.dark_mode).outline_stroke()
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        1.0
    }

    fn resize_stroke(&self, style: &egui::Style, state: egui_tiles::ResizeState) -> egui::Stroke {
        let t = tokens::of_theme(style.visuals.dark_mode);
        match state {
            egui_tiles::ResizeState::Idle => t.outline_stroke(),
            _ => egui::Stroke::new(2.0, t.accent),
        }
    }

    fn min_size(&self) -> f32 {
        160.0
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        egui_tiles::SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..Default::default()
        }
    }
}
