//! The arranged views of the middle: their tabs, and what can be done with the figure of a view.

use std::sync::Arc;

use eframe::egui::{self, Margin};

use super::actions::Action;
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::core::view_id::ViewId;
use crate::app::features;
use crate::app::ui::theme::icon_button_enabled;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};

/// Draws the views of the middle where the person has put them.
pub struct Middle<'a> {
    context: ViewContext<'a>,
    out: &'a mut Vec<Command>,
    /// How the tabs of the row at hand are drawn; found by its first.
    tabs: TabStyle,
}

impl<'a> Middle<'a> {
    pub fn new(context: ViewContext<'a>, out: &'a mut Vec<Command>) -> Self {
        Self {
            context,
            out,
            tabs: TabStyle::default(),
        }
    }
}

/// What a tab shows of its view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TabText {
    IconAndName,
    Name,
    Icon,
}

/// How the tabs of one row are drawn, so that all of them are in sight.
#[derive(Debug, Clone, Copy, PartialEq)]
struct TabStyle {
    /// Of the tabs whose view is not shown.
    text: TabText,
    /// Around a tab's text, both sides together, in points.
    padding: f32,
}

impl Default for TabStyle {
    fn default() -> Self {
        Self {
            text: TabText::IconAndName,
            padding: WIDE_PADDING,
        }
    }
}

/// Around the text of a tab where there is room, and the least that keeps tabs apart, in points.
const WIDE_PADDING: f32 = 24.0;
const LEAST_PADDING: f32 = 8.0;

impl TabStyle {
    /// The roomiest style in which tabs of these widths (of their texts with icon, without, and of
    /// their icons alone) fit into `room`; the shown view's tab keeps its name.
    fn fitting(room: f32, tabs: &[[f32; 3]], shown: Option<usize>) -> Self {
        let count = tabs.len().max(1) as f32;
        let padding_with = |text: TabText| {
            let width = |index: usize, tab: &[f32; 3]| match text {
                TabText::IconAndName => tab[0],
                TabText::Icon if shown != Some(index) => tab[2],
                TabText::Name | TabText::Icon => tab[1],
            };
            let texts: f32 = (tabs.iter().enumerate())
                .map(|(index, tab)| width(index, tab))
                .sum();
            (room - texts) / count
        };
        // Icons are worth having only where tabs stay well apart.
        for (text, least) in [
            (TabText::IconAndName, 16.0),
            (TabText::Name, LEAST_PADDING),
            (TabText::Icon, LEAST_PADDING),
        ] {
            let padding = padding_with(text);
            if padding >= least {
                let padding = padding.floor().min(WIDE_PADDING);
                return Self { text, padding };
            }
        }
        Self {
            text: TabText::Icon,
            padding: LEAST_PADDING,
        }
    }
}

/// What can be done with the figure of a view, at the end of its tabs.
fn figure_buttons_ui(ui: &mut egui::Ui, view: &dyn View, state: &State, out: &mut Vec<Command>) {
    let Some(kind) = view.info().figure else {
        return;
    };
    ui.add_space(tokens::SPACE_S);
    let export = Action::ExportFigures;
    let button = icon_button_enabled(ui, export.icon(), export.text(), export.is_enabled(state));
    let hint = export.hint(ui.ctx());
    let why = "Show the runs to export first: click the dot before the name of a run in the list at the right";
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
        let run = view.figure_run(state);
        out.push(Command::CopyFigure { kind, run });
    }
}

/// In points, with the space before it.
const FIGURE_BUTTONS: f32 = 76.0;

/// In the order of [`TabStyle::fitting`].
const TEXTS: [TabText; 3] = [TabText::IconAndName, TabText::Name, TabText::Icon];

fn tab_text(view: &dyn View, text: TabText) -> String {
    let ViewInfo { icon, title, .. } = view.info();
    match text {
        TabText::IconAndName => format!("{icon}  {title}"),
        TabText::Name => title.to_owned(),
        TabText::Icon => icon.to_owned(),
    }
}

fn tab_galley(ui: &egui::Ui, view: &dyn View, text: TabText) -> Arc<egui::Galley> {
    galley(ui, tab_text(view, text))
}

fn galley(ui: &egui::Ui, text: String) -> Arc<egui::Galley> {
    let font = tokens::medium_font(tokens::TEXT_BODY);
    // The colour is that of the moment, when it is drawn.
    ui.painter()
        .layout_no_wrap(text, font, egui::Color32::PLACEHOLDER)
}

impl egui_tiles::Behavior<ViewId> for Middle<'_> {
    fn pane_ui(
        &mut self,
        ui: &mut egui::Ui,
        _tile: egui_tiles::TileId,
        view: &mut ViewId,
    ) -> egui_tiles::UiResponse {
        egui::Frame::new()
            .inner_margin(Margin::same(tokens::SPACE_M as i8))
            .show(ui, |ui| {
                ui.set_min_size(ui.available_size());
                if let Some(view) = features::view(*view) {
                    view.ui(ui, &mut self.context, self.out);
                }
            });
        egui_tiles::UiResponse::None
    }

    fn top_bar_right_ui(
        &mut self,
        tiles: &egui_tiles::Tiles<ViewId>,
        ui: &mut egui::Ui,
        _tile: egui_tiles::TileId,
        tabs: &egui_tiles::Tabs,
        _scroll: &mut f32,
    ) {
        // The same room for every view, so that tabs stay where they are.
        let right = ui.max_rect().right();
        let view_of = |tile| tiles.get_pane(&tile).and_then(|id| features::view(*id));
        if let Some(view) = tabs.active.and_then(view_of) {
            figure_buttons_ui(ui, view, self.context.state, self.out);
        }
        let taken = right - ui.available_rect_before_wrap().right();
        ui.add_space((FIGURE_BUTTONS - taken).max(0.0));
        let views: Vec<(egui_tiles::TileId, &dyn View)> = (tabs.children.iter())
            .filter_map(|tile| Some((*tile, view_of(*tile)?)))
            .collect();
        let widths: Vec<[f32; 3]> = (views.iter())
            .map(|(_, view)| TEXTS.map(|text| tab_galley(ui, *view, text).size().x))
            .collect();
        let shown = (views.iter()).position(|(tile, _)| Some(*tile) == tabs.active);
        self.tabs = TabStyle::fitting(ui.available_width(), &widths, shown);
    }

    fn tab_title_for_pane(&mut self, view: &ViewId) -> egui::WidgetText {
        let view = features::view(*view);
        view.map_or_else(String::new, |view| tab_text(view, TabText::IconAndName))
            .into()
    }

    fn tab_ui(
        &mut self,
        tiles: &mut egui_tiles::Tiles<ViewId>,
        ui: &mut egui::Ui,
        id: egui::Id,
        tile: egui_tiles::TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Response {
        let t = tokens(ui);
        let view = tiles.get_pane(&tile).and_then(|id| features::view(*id));
        let title = view.map_or("Views", |view| view.info().title);
        let text = match self.tabs.text {
            TabText::Icon if state.active => TabText::Name,
            text => text,
        };
        let galley = match view {
            Some(view) => tab_galley(ui, view, text),
            None => galley(ui, title.into()),
        };
        let width = galley.size().x + self.tabs.padding;
        let (_, rect) = ui.allocate_space(egui::vec2(width, ui.available_height()));
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
                let line = egui::Rect::from_center_size(
                    egui::pos2(rect.center().x, rect.bottom() - 1.25),
                    egui::vec2(galley.size().x, 2.5),
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
            let position = rect.center() - galley.size() / 2.0;
            ui.painter()
                .galley_with_override_text_color(position, galley, color);
        }
        let how = "Click to show, drag to put it beside or below another view";
        // A tab of an icon alone says its name here.
        let name = match text {
            TabText::Icon => format!("{title}\n"),
            _ => String::new(),
        };
        match view.map(Action::Show) {
            Some(action) => {
                response.on_hover_text(format!("{name}{}\n{how}", action.hint(ui.ctx())))
            }
            None => response.on_hover_text(format!("{name}{how}")),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_give_up_icons_then_names_so_that_all_are_in_sight() {
        let tabs = [[80.0, 60.0, 16.0]; 10];
        let style = |room| TabStyle::fitting(room, &tabs, Some(3));
        let expected = |text, padding| TabStyle { text, padding };
        assert_eq!(style(2000.0), expected(TabText::IconAndName, WIDE_PADDING));
        assert_eq!(style(970.0), expected(TabText::IconAndName, 17.0));
        assert_eq!(style(950.0), expected(TabText::Name, WIDE_PADDING));
        assert_eq!(style(700.0), expected(TabText::Name, 10.0));
        assert_eq!(style(600.0), expected(TabText::Icon, WIDE_PADDING));
        // Nine icons and the shown view's name.
        let least = 9.0 * 16.0 + 60.0 + 10.0 * LEAST_PADDING;
        assert_eq!(style(least), expected(TabText::Icon, LEAST_PADDING));
        assert_eq!(style(100.0).padding, LEAST_PADDING);
        assert!(TabStyle::fitting(500.0, &[], None).padding > 0.0);
    }
}
