//! A page as it is drawn: piece by piece, so that the one that was looked for can be marked and brought into sight.

use eframe::egui;
use egui_commonmark::CommonMarkViewer;

use super::blocks::{Block, Kind, blocks};
use super::pages::{PAGES, Page};
use super::{Manual, SCHEME};
use crate::app::ui::tokens::{self, tokens};

/// A line of text is no wider than it reads well.
const PAGE_WIDTH: f32 = 720.0;

impl Manual {
    pub(super) fn page_ui(&mut self, ui: &mut egui::Ui) {
        let page = &PAGES[self.page];
        let room = ui.available_rect_before_wrap();
        // Whoever scrolls is not held back.
        let is_moved = ui.input(|input| {
            input.smooth_scroll_delta() != egui::Vec2::ZERO || input.pointer.any_pressed()
        });
        if is_moved && ui.rect_contains_pointer(room) {
            self.reveals = false;
        }
        let mut area = egui::ScrollArea::vertical()
            .id_salt(page.file)
            .auto_shrink(false);
        if std::mem::take(&mut self.is_new_page) && !self.reveals {
            area = area.vertical_scroll_offset(0.0);
        }
        let mut followed = None;
        // Room for the mark at the left of a piece.
        let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 0));
        area.show(ui, |ui| {
            frame.show(ui, |ui| {
                ui.set_max_width(PAGE_WIDTH.min(ui.available_width()));
                page_style(ui);
                ui.spacing_mut().item_spacing.y = 0.0;
                let top = ui.next_widget_position().y;
                let mut before = None;
                for (index, block) in blocks(page.text).iter().enumerate() {
                    ui.add_space(gap(before, block.kind));
                    before = Some(block.kind);
                    let under = ui.painter().add(egui::Shape::Noop);
                    let rect = self.block_ui(ui, index, block);
                    if self.marked == Some(index) {
                        mark(ui, under, rect, block.kind);
                        self.reveal(ui, rect, top, block.kind);
                    }
                    let is_followed =
                        |page: &Page| self.cache.get_link_hook(page.file) == Some(true);
                    followed = followed.or_else(|| PAGES.iter().position(is_followed));
                }
                ui.add_space(tokens::SPACE_L);
            });
        });
        if let Some(page) = followed {
            self.show_page(page);
            ui.ctx().request_repaint();
        }
    }

    fn block_ui(&mut self, ui: &mut egui::Ui, index: usize, block: &Block) -> egui::Rect {
        let drawn = ui.push_id(index, |ui| {
            if block.kind == Kind::Table {
                ui.spacing_mut().item_spacing.y = tokens::SPACE_S;
            }
            CommonMarkViewer::new()
                .default_implicit_uri_scheme(SCHEME)
                .show(ui, &mut self.cache, block.text)
        });
        drawn.response.rect
    }

    /// Scrolls to the marked piece until it is in sight, and again where it has moved.
    fn reveal(&mut self, ui: &egui::Ui, rect: egui::Rect, top: f32, kind: Kind) {
        let at = rect.top() - top;
        let has_moved = (self.revealed_at).is_none_or(|before| (before - at).abs() > 0.5);
        let is_in_sight = ui.clip_rect().intersects(rect);
        if !self.reveals || is_in_sight && !has_moved {
            return;
        }
        self.revealed_at = Some(at);
        let align = match kind {
            // What it is about stands below it.
            Kind::Heading => egui::Align::Min,
            _ => egui::Align::Center,
        };
        let rect = rect.expand(tokens::SPACE_M);
        let at_once = egui::style::ScrollAnimation::none();
        ui.scroll_to_rect_animation(rect, Some(align), at_once);
        ui.ctx().request_repaint();
    }
}

/// Lies under the piece that was looked for, whose rect is `rect`, over the whole width of the page.
fn mark(ui: &egui::Ui, under: egui::layers::ShapeIdx, rect: egui::Rect, kind: Kind) {
    let t = tokens(ui);
    let mut around = rect.expand2(egui::vec2(tokens::SPACE_S, tokens::SPACE_XS));
    around.max.x = around.max.x.max(ui.max_rect().right());
    if kind == Kind::Heading {
        // Its line is higher than its letters, which stand at the bottom.
        around.min.y = around.min.y.max(around.max.y - 1.8 * tokens::TEXT_TITLE);
    }
    let fill = egui::Shape::rect_filled(around, tokens::RADIUS_S, t.accent_faint);
    let mut edge = around;
    edge.set_width(3.0);
    let edge = egui::Shape::rect_filled(edge, tokens::RADIUS_S, t.accent);
    ui.painter().set(under, egui::Shape::Vec(vec![fill, edge]));
}

/// The room above a piece of a page, in points.
fn gap(before: Option<Kind>, kind: Kind) -> f32 {
    match (before, kind) {
        (None, _) => 0.0,
        (_, Kind::Heading) => tokens::SPACE_XL,
        (Some(Kind::Item), Kind::Item) => tokens::SPACE_S,
        _ => tokens::SPACE_M,
    }
}

/// Larger than the window's controls, and what is strong stands out of the text: the fonts have no bold face here.
fn page_style(ui: &mut egui::Ui) {
    let t = tokens(ui);
    let style = ui.style_mut();
    let mut size = |text_style, font| style.text_styles.insert(text_style, font);
    size(
        egui::TextStyle::Body,
        egui::FontId::proportional(tokens::TEXT_LARGE),
    );
    size(
        egui::TextStyle::Monospace,
        egui::FontId::monospace(tokens::TEXT_BODY),
    );
    size(
        egui::TextStyle::Heading,
        tokens::semibold_font(tokens::TEXT_TITLE),
    );
    style.visuals.widgets.noninteractive.fg_stroke.color = t.text_muted;
    style.spacing.item_spacing.y = tokens::SPACE_S;
    // The first line of a list's item is as high as its others.
    let row = ui.text_style_height(&egui::TextStyle::Body);
    ui.spacing_mut().interact_size.y = row;
}
