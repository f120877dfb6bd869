//! The manual: contents at the left, a page at the right. Everything in it is part of the program.

mod pages;

use eframe::egui;
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};

use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets::has_words;
use pages::{PAGES, PICTURES, Page};

/// What stands before a picture's path when the window asks for it.
const SCHEME: &str = "bytes://manual/";
const CONTENTS_WIDTH: f32 = 250.0;
/// A line of text is no wider than it reads well.
const PAGE_WIDTH: f32 = 720.0;
/// Of the window's height, what the dialog's title, search field and margins take.
const AROUND: f32 = 150.0;

/// The open manual.
pub struct Manual {
    page: usize,
    typed: String,
    cache: CommonMarkCache,
    is_old: bool,
    /// Whether the page has been opened just now, and is shown from its beginning.
    is_new_page: bool,
}

impl std::fmt::Debug for Manual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (f.debug_struct("Manual")
            .field("page", &PAGES[self.page].file))
        .finish_non_exhaustive()
    }
}

impl Manual {
    /// At the page of this file, or at the first one.
    pub fn open_at(file: Option<&str>) -> Self {
        let mut cache = CommonMarkCache::default();
        for page in &PAGES {
            cache.add_link_hook(page.file);
        }
        let wanted = PAGES.iter().position(|page| Some(page.file) == file);
        Self {
            page: wanted.unwrap_or(0),
            typed: String::new(),
            cache,
            is_old: false,
            is_new_page: true,
        }
    }

    /// Whether it stays open.
    pub fn ui(&mut self, ui: &mut egui::Ui) -> bool {
        let is_old = std::mem::replace(&mut self.is_old, true);
        if !is_old {
            for (path, bytes) in PICTURES {
                let uri = format!("{SCHEME}{path}");
                ui.ctx().include_bytes(uri, bytes);
            }
        }
        let height = (ui.ctx().content_rect().height() - AROUND).clamp(200.0, 900.0);
        let before = self.page;
        ui.horizontal_top(|ui| {
            let size = egui::vec2(CONTENTS_WIDTH, height);
            let layout = egui::Layout::top_down(egui::Align::Min);
            ui.allocate_ui_with_layout(size, layout, |ui| {
                ui.set_min_size(size);
                self.contents_ui(ui, !is_old);
            });
            ui.add_space(tokens::SPACE_M);
            let size = egui::vec2(ui.available_width(), height);
            ui.allocate_ui_with_layout(size, layout, |ui| {
                ui.set_min_size(size);
                self.page_ui(ui);
            });
        });
        self.is_new_page = self.page != before;
        if self.is_new_page {
            ui.ctx().request_repaint();
        }
        true
    }

    fn contents_ui(&mut self, ui: &mut egui::Ui, is_first_frame: bool) {
        let field = egui::TextEdit::singleline(&mut self.typed)
            .hint_text(format!("{}  Search the manual", icon::MAGNIFYING_GLASS))
            .margin(egui::Margin::symmetric(10, 6))
            .desired_width(f32::INFINITY);
        let field = ui.add(field);
        field.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Search the manual")
        });
        if is_first_frame {
            field.request_focus();
        }
        ui.add_space(tokens::SPACE_S);
        let found: Vec<usize> = found(&self.typed);
        let has_chosen =
            field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if let (true, Some(&first)) = (has_chosen, found.first()) {
            self.page = first;
        }
        egui::ScrollArea::vertical()
            .id_salt("contents of the manual")
            .auto_shrink(false)
            .show(ui, |ui| {
                if found.is_empty() {
                    ui.label(tokens(ui).muted("No page has these words. Try fewer of them."));
                }
                for index in found {
                    let text = format!("{}  {}", index + 1, PAGES[index].title());
                    let row = egui::Button::selectable(index == self.page, text)
                        .wrap()
                        .min_size(egui::vec2(ui.available_width(), tokens::ROW_HEIGHT));
                    if ui.add(row).clicked() {
                        self.page = index;
                    }
                }
            });
    }

    fn page_ui(&mut self, ui: &mut egui::Ui) {
        let page: &Page = &PAGES[self.page];
        let mut area = egui::ScrollArea::vertical()
            .id_salt(page.file)
            .auto_shrink(false);
        if self.is_new_page {
            area = area.vertical_scroll_offset(0.0);
        }
        area.show(ui, |ui| {
            ui.set_max_width(PAGE_WIDTH.min(ui.available_width() - tokens::SPACE_M));
            page_style(ui);
            CommonMarkViewer::new()
                .default_implicit_uri_scheme(SCHEME)
                .show(ui, &mut self.cache, page.text);
        });
        let followed = |page: &Page| self.cache.get_link_hook(page.file) == Some(true);
        if let Some(index) = PAGES.iter().position(followed) {
            self.page = index;
        }
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

/// The pages that have all of these words in title or text, in their order.
fn found(typed: &str) -> Vec<usize> {
    let pages = PAGES.iter().enumerate();
    let pages = pages.filter(|(_, page)| has_words(page.text, typed));
    pages.map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::app::ui::theme;

    #[test]
    fn pages_are_found_by_their_words() {
        assert_eq!(found("").len(), PAGES.len());
        assert_eq!(found("no such word anywhere"), [0; 0]);
        let dropout = found("DROPOUT head");
        assert!(dropout.contains(&4) && dropout.len() < PAGES.len());
    }

    fn harness(dark: bool) -> Harness<'static, Manual> {
        let theme = [egui::Theme::Light, egui::Theme::Dark][usize::from(dark)];
        let mut harness = Harness::builder()
            .with_size([1100.0, 760.0])
            .with_theme(theme)
            .build_ui_state(
                |ui, manual: &mut Manual| {
                    if !manual.is_old {
                        theme::install(ui.ctx());
                    }
                    manual.ui(ui);
                },
                Manual::open_at(None),
            );
        harness.run_steps(4);
        harness
    }

    #[test]
    fn contents_and_links_lead_from_page_to_page() {
        for dark in [false, true] {
            let mut harness = harness(dark);
            assert_eq!(harness.state().page, 0);
            for index in [4, 9] {
                let label = format!("{}  {}", index + 1, PAGES[index].title());
                harness.get_by_label(&label).click();
                harness.run_steps(4);
                assert_eq!(harness.state().page, index);
            }
            // The last page links to the first.
            harness
                .get_all_by_role(egui::accesskit::Role::Link)
                .last()
                .unwrap()
                .click_accesskit();
            harness.run_steps(4);
            assert_ne!(harness.state().page, 9);
        }
    }

    #[test]
    fn a_search_leaves_the_pages_that_have_the_words_and_enter_opens_the_first() {
        let mut harness = harness(false);
        harness
            .get_by_label("Search the manual")
            .type_text("confusion matrix");
        harness.run_steps(4);
        let title = format!("1  {}", PAGES[0].title());
        assert!(harness.query_by_label(&title).is_none());
        harness.key_press(egui::Key::Enter);
        harness.run_steps(4);
        let page = harness.state().page;
        assert!(PAGES[page].text.to_lowercase().contains("confusion matrix"));
    }

    #[test]
    fn a_page_that_is_named_is_opened() {
        assert_eq!(Manual::open_at(Some(PAGES[3].file)).page, 3);
        assert_eq!(Manual::open_at(Some("nothing.md")).page, 0);
    }
}
