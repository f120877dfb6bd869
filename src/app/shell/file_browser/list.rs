//! The list of a folder, and the places at its left.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::listing::Order;
use super::places::{self, Place, PlaceGroup};
use super::{Browsed, FileBrowser};
use crate::app::core::clock;
use crate::app::core::sources::is_picture;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::{format, shown};

const PLACES_WIDTH: f32 = 148.0;
const CHANGED_WIDTH: f32 = 110.0;

/// A line below those that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rest {
    Title(String),
    /// A file.
    Name(String),
}

impl FileBrowser {
    pub(super) fn places_ui(&mut self, ui: &mut egui::Ui, height: f32, recent: &[PathBuf]) {
        let mut target = None;
        let size = egui::vec2(PLACES_WIDTH, height + 12.0);
        ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
            ui.set_width(PLACES_WIDTH);
            egui::ScrollArea::vertical()
                .id_salt("places")
                .auto_shrink(false)
                .show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let recent = places::recent(recent.iter().cloned());
                    let mut group = None;
                    for place in self.places.iter().chain(&recent) {
                        if group != Some(place.group) {
                            group = Some(place.group);
                            ui.add_space(tokens::SPACE_XS);
                            ui.label(tokens(ui).small(place.group.title()));
                        }
                        if place_ui(ui, place, self.folder == place.path) {
                            target = Some(place.path.clone());
                        }
                    }
                });
        });
        if let Some(target) = target {
            self.go(target);
        }
    }

    fn heads_ui(&mut self, ui: &mut egui::Ui) {
        let before = self.order;
        let arrow = |up, down| match before {
            order if order == up => format!("  {}", icon::ARROW_UP),
            order if order == down => format!("  {}", icon::ARROW_DOWN),
            _ => String::new(),
        };
        ui.horizontal(|ui| {
            let name = arrow(Order::Name, Order::NameBackwards);
            let head = |text: String| egui::Button::new(text).frame_when_inactive(false).small();
            if ui
                .add(head(format!("Name{name}")))
                .on_hover_text("Sort by name; again for the other way round")
                .clicked()
            {
                self.order = match before {
                    Order::Name => Order::NameBackwards,
                    _ => Order::Name,
                };
            }
            let right_to_left = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(right_to_left, |ui| {
                let changed = arrow(Order::OldestFirst, Order::NewestFirst);
                if ui
                    .add(head(format!("Changed{changed}")))
                    .on_hover_text(
                        "Sort by the time of the last change; again for the other way round",
                    )
                    .clicked()
                {
                    self.order = match before {
                        Order::NewestFirst => Order::OldestFirst,
                        _ => Order::NewestFirst,
                    };
                }
            });
        });
        if self.order != before {
            self.arrange();
            self.reveals = true;
        }
    }

    pub(super) fn list_ui(&mut self, ui: &mut egui::Ui, height: f32, result: &mut Browsed) {
        let t = tokens(ui);
        let (mut opened, mut clicked) = (None, None);
        egui::Frame::new()
            .fill(t.sunken)
            .stroke(t.outline_stroke())
            .corner_radius(tokens::RADIUS_M)
            .inner_margin(6)
            .show(ui, |ui| {
                ui.set_height(height);
                ui.set_width(ui.available_width());
                self.heads_ui(ui);
                let rest = self.rest();
                if let Some(error) = &self.error {
                    ui.colored_label(t.danger, error);
                } else if self.listing.is_pending() {
                    ui.label(t.muted("Reading the folder…"));
                } else if self.shown.is_empty() && rest.is_empty() {
                    ui.label(t.muted(self.nothing_here()));
                }
                let now = clock::now();
                let spacing = ui.spacing().item_spacing.y;
                let mut area = egui::ScrollArea::vertical()
                    .id_salt("list")
                    .auto_shrink(false);
                if std::mem::take(&mut self.reveals)
                    && let Some(place) = self.selected
                {
                    let top = place as f32 * (tokens::ROW_HEIGHT + spacing);
                    let middle = top - ui.available_height() / 2.0;
                    area = area.vertical_scroll_offset(middle.max(0.0));
                }
                let rows = self.shown.len() + rest.len();
                area.show_rows(ui, tokens::ROW_HEIGHT, rows, |ui, range| {
                    for place in range {
                        let Some(behind) = place.checked_sub(self.shown.len()) else {
                            let response = self.entry_ui(ui, place, now);
                            if response.clicked() {
                                clicked = Some(place);
                            }
                            if response.double_clicked() {
                                opened = Some(place);
                            }
                            continue;
                        };
                        rest_ui(ui, &rest[behind]);
                    }
                });
            });
        if let Some(place) = clicked {
            let modifiers = ui.input(|input| input.modifiers);
            match (modifiers.shift, modifiers.command) {
                (true, _) => self.extend_to(place),
                (_, true) => self.toggle(place),
                _ => self.select(place),
            }
        }
        if let Some(place) = opened {
            self.select(place);
            *result = self.open_selected();
        }
    }

    /// Files that can't be chosen here: how many they are, and the first of them.
    fn rest(&self) -> Vec<Rest> {
        let files = &self.passed_over;
        if files.number() == 0 || self.error.is_some() {
            return Vec::new();
        }
        let title = match self.purpose.picks_folder() {
            true => format!("In this folder: {}", files.text()),
            false => format!("{} that can't be opened here", files.text()),
        };
        let names = files.names.iter().cloned().map(Rest::Name);
        let more = files.number() - files.names.len();
        let more = (more > 0).then(|| {
            let more = format::count(more, "more file", "more files");
            Rest::Title(format!("… and {more}"))
        });
        std::iter::once(Rest::Title(title))
            .chain(names)
            .chain(more)
            .collect()
    }

    fn entry_ui(&self, ui: &mut egui::Ui, place: usize, now: u64) -> egui::Response {
        let t = tokens(ui);
        let entry = &self.entries[self.shown[place]];
        let (symbol, color) = if !entry.is_file {
            (icon::FOLDER, t.accent)
        } else if is_picture(Path::new(&entry.name)) {
            (icon::IMAGE, t.text_muted)
        } else {
            (icon::FILE, t.text_muted)
        };
        let is_selected = self.is_selected(place);
        let size = egui::vec2(ui.available_width(), tokens::ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
        let fill = t.choice_fill(is_selected, response.hovered());
        ui.painter().rect_filled(rect, tokens::RADIUS_S, fill);
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        let inner = rect.shrink2(egui::vec2(6.0, 0.0));
        let mut name_rect = inner;
        name_rect.min.x += 22.0;
        name_rect.max.x -= CHANGED_WIDTH;
        widgets::elided(ui, inner, symbol, font.clone(), color);
        let name = entry.text();
        widgets::elided(ui, name_rect, &shown_name(&name), font, t.text);
        if let Some(changed) = entry.changed {
            ui.painter().text(
                inner.right_center(),
                egui::Align2::RIGHT_CENTER,
                format::ago(changed, now),
                egui::FontId::proportional(tokens::TEXT_SMALL),
                t.text_muted,
            );
        }
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, &name)
        });
        response
    }

    fn nothing_here(&self) -> String {
        let hidden = self.entries.len() - self.shown.len();
        if hidden > 0 {
            let entries = format::plural(hidden as u64, "hidden entry", "hidden entries");
            return format!("Nothing but {entries} in here");
        }
        "This folder is empty".into()
    }
}

/// A line that can't be chosen.
fn rest_ui(ui: &mut egui::Ui, rest: &Rest) {
    let t = tokens(ui);
    let size = egui::vec2(ui.available_width(), tokens::ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    let mut inner = rect.shrink2(egui::vec2(6.0, 0.0));
    let font = egui::FontId::proportional(tokens::TEXT_BODY);
    let text = match rest {
        Rest::Title(text) => text,
        Rest::Name(name) => {
            let symbol = match is_picture(Path::new(name)) {
                true => icon::IMAGE,
                false => icon::FILE,
            };
            widgets::elided(ui, inner, symbol, font.clone(), t.text_faint);
            inner.min.x += 22.0;
            name
        }
    };
    widgets::elided(ui, inner, &shown_name(text), font, t.text_faint);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, false, text));
}

/// True when the place was clicked.
fn place_ui(ui: &mut egui::Ui, place: &Place, is_here: bool) -> bool {
    let text = format!("{}  {}", place.icon, shown_name(&place.name));
    let button = egui::Button::selectable(is_here, text)
        .min_size(egui::vec2(PLACES_WIDTH - 12.0, tokens::ROW_HEIGHT))
        .truncate()
        .right_text("");
    let response = ui.add(button);
    let label = match place.group {
        PlaceGroup::Folders => place.name.clone(),
        PlaceGroup::Drives => format!("Drive {}", place.name),
        PlaceGroup::Recent => format!("Recent folder {}", place.name),
    };
    crate::app::ui::theme::name(&response, true, &label);
    response.on_hover_text(shown::path(&place.path)).clicked()
}
