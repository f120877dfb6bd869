//! The manual: contents at the left, a page at the right. Everything in it is part of the program.

mod blocks;
mod hit;
mod page;
mod pages;
mod search;

use eframe::egui;
use egui_commonmark::CommonMarkCache;

use crate::app::core::command::ManualPlace;
use crate::app::ui::tokens::{self, icon, tokens};
pub use hit::hit_ui;
use pages::{PAGES, PICTURES};
pub use search::{Hit, LastSearch, search};

/// What stands before a picture's path when the window asks for it.
const SCHEME: &str = "bytes://manual/";
const CONTENTS_WIDTH: f32 = 250.0;
/// Of the window's height, what the dialog's title, search field and margins take.
const AROUND: f32 = 150.0;

/// The open manual.
pub struct Manual {
    page: usize,
    /// The piece of the page that was looked for, which is marked.
    marked: Option<usize>,
    /// Whether it is brought into sight, and how far below the page's beginning it was then: pictures above it may still be on
    /// their way.
    reveals: bool,
    revealed_at: Option<f32>,
    typed: String,
    last_search: LastSearch,
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
    /// At this place, or at the first page.
    pub fn open_at(place: Option<ManualPlace>) -> Self {
        let mut cache = CommonMarkCache::default();
        for page in &PAGES {
            cache.add_link_hook(page.file);
        }
        let mut manual = Self {
            page: 0,
            marked: None,
            reveals: false,
            revealed_at: None,
            typed: String::new(),
            last_search: LastSearch::default(),
            cache,
            is_old: false,
            is_new_page: true,
        };
        if let Some(place) = place {
            manual.go(place);
        }
        manual
    }

    /// Shows a place and marks it.
    fn go(&mut self, place: ManualPlace) {
        if let Some(page) = PAGES.iter().position(|page| page.file == place.file) {
            self.show_page(page);
            // A page's title is where it begins anyway.
            self.marked = Some(place.block).filter(|block| *block > 0);
            self.reveals = self.marked.is_some();
        }
    }

    fn show_page(&mut self, page: usize) {
        self.page = page;
        self.marked = None;
        self.reveals = false;
        self.revealed_at = None;
        self.is_new_page = true;
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
        let hits = self.last_search.hits(&self.typed).to_vec();
        let has_chosen =
            field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if let (true, Some(first)) = (has_chosen, hits.first()) {
            self.go(first.place);
        }
        egui::ScrollArea::vertical()
            .id_salt("contents of the manual")
            .auto_shrink(false)
            .show(ui, |ui| {
                if self.typed.trim().is_empty() {
                    self.pages_ui(ui);
                } else if hits.is_empty() {
                    ui.label(tokens(ui).muted("No page has these words. Try fewer of them."));
                } else {
                    self.hits_ui(ui, &hits);
                }
            });
    }

    fn pages_ui(&mut self, ui: &mut egui::Ui) {
        for (index, page) in PAGES.iter().enumerate() {
            let text = format!("{}  {}", index + 1, page.title());
            let row = egui::Button::selectable(index == self.page, text)
                .wrap()
                .min_size(egui::vec2(ui.available_width(), tokens::ROW_HEIGHT));
            if ui.add(row).clicked() {
                self.show_page(index);
            }
        }
    }

    fn hits_ui(&mut self, ui: &mut egui::Ui, hits: &[Hit]) {
        for hit in hits {
            let is_shown = PAGES[self.page].file == hit.place.file
                && self.marked.unwrap_or_default() == hit.place.block;
            if hit_ui(ui, hit, is_shown).clicked() {
                self.go(hit.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::app::ui::theme;

    fn harness(dark: bool, place: Option<ManualPlace>) -> Harness<'static, Manual> {
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
                Manual::open_at(place),
            );
        harness.run_steps(8);
        harness
    }

    /// The room of the first label with this text that is in sight, if any.
    fn in_sight(harness: &Harness<'_, Manual>, text: &str) -> Option<egui::Rect> {
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1100.0, 760.0));
        let found = harness.query_all_by_label_contains(text);
        let mut rects = found.map(|node| node.rect());
        rects.find(|rect| rect.left() > CONTENTS_WIDTH && window.contains_rect(*rect))
    }

    /// The pictures above are read by another thread, and move what stands below them when they come.
    fn comes_into_sight(harness: &mut Harness<'_, Manual>, text: &str) -> bool {
        (0..1_000).any(|_| {
            harness.run_steps(1);
            let is_there = in_sight(harness, text).is_some();
            if !is_there {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            is_there
        })
    }

    #[test]
    fn contents_and_links_lead_from_page_to_page() {
        for dark in [false, true] {
            let mut harness = harness(dark, None);
            assert_eq!(harness.state().page, 0);
            let last = PAGES.len() - 1;
            for index in [4, last] {
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
            assert_ne!(harness.state().page, last);
        }
    }

    #[test]
    fn a_search_shows_the_places_that_have_the_words_and_enter_opens_the_first() {
        let mut harness = harness(false, None);
        harness
            .get_by_label("Search the manual")
            .type_text("reliability diagram");
        harness.run_steps(4);
        let title = format!("1  {}", PAGES[0].title());
        assert!(harness.query_by_label(&title).is_none());
        harness.key_press(egui::Key::Enter);
        assert!(comes_into_sight(&mut harness, "Reliability diagram"));
        let page = harness.state().page;
        assert_eq!(PAGES[page].file, "09-evaluate.md");
    }

    #[test]
    fn a_place_that_is_named_is_opened_and_brought_into_sight() {
        let hit = search("not a number").remove(0);
        assert_eq!(hit.place.file, "05-head-and-training.md");
        for dark in [false, true] {
            let mut harness = harness(dark, Some(hit.place));
            assert!(comes_into_sight(&mut harness, "not a number"));
        }
        let nowhere = ManualPlace {
            file: "nothing.md",
            block: 3,
        };
        assert_eq!(Manual::open_at(Some(nowhere)).page, 0);
    }
}
