//! What a window without experiments says: how to begin, and how to go on.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::actions::Action;
use super::top_bar::{Shipped, shipped};
use crate::app::core::command::Command;
use crate::app::core::documents::file_title;
use crate::app::core::prediction::can_predict;
use crate::app::core::session::Session;
use crate::app::ui::theme::primary_button;
use crate::app::ui::tokens::{self, icon, tokens};

/// Recent files of each kind that are offered.
const RECENT: usize = 4;
/// The width of everything below the title, in points.
const WIDEST: f32 = 834.0;
const CARD: egui::Vec2 = egui::vec2(270.0, 104.0);

/// Plain data of the page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WelcomeView {
    /// Whether the pictures that set-up fetches are on this machine.
    pub demo_is_there: bool,
    /// A small set of pictures to try the program with, where there is one.
    pub example: Option<PathBuf>,
    /// The names of the experiments that were open last.
    pub last_session: Vec<String>,
    pub recent_pictures: Vec<PathBuf>,
    pub recent_presets: Vec<PathBuf>,
    /// Runs that can answer pictures.
    pub networks: usize,
}

impl WelcomeView {
    pub fn build(session: &Session, demo_is_there: bool, example: Option<&Path>) -> Self {
        let first = |paths: &[PathBuf]| paths.iter().take(RECENT).cloned().collect();
        let last = session.settings.last_session.iter();
        Self {
            demo_is_there,
            example: example.map(Path::to_path_buf),
            last_session: last.map(|kept| kept.name.clone()).collect(),
            recent_pictures: first(&session.state.recent_pictures),
            recent_presets: first(&session.state.recent_presets),
            networks: (session.state.runs.iter())
                .filter(|run| can_predict(run))
                .count(),
        }
    }

    /// `“Wings” and “Wings 2”`, `“Wings” and 4 more`.
    fn last_names(&self) -> String {
        match &self.last_session[..] {
            [] => String::new(),
            [one] => format!("“{one}”"),
            [one, other] => format!("“{one}” and “{other}”"),
            [one, rest @ ..] => format!("“{one}” and {} more", rest.len()),
        }
    }
}

/// Presets to begin with; those whose own pictures are on this machine come first.
pub fn suggestions(pictures_are_there: bool) -> Vec<&'static Shipped> {
    let mut list: Vec<&Shipped> = shipped()
        .iter()
        .filter(|preset| pictures_are_there || !preset.has_pictures)
        .collect();
    list.sort_by_key(|preset| !preset.has_pictures);
    list
}

pub fn welcome_ui(ui: &mut egui::Ui, view: &WelcomeView, out: &mut Vec<Command>) {
    let t = tokens(ui);
    egui::ScrollArea::vertical()
        .auto_shrink(false)
        .show(ui, |ui| {
            let height = ui.available_height();
            ui.add_space((height * 0.08).clamp(12.0, 110.0));
            ui.vertical_centered(|ui| {
                ui.label(egui::RichText::new(icon::PLANT).size(54.0).color(t.success));
                ui.add_space(tokens::SPACE_S);
                let title = "Teach a trained network your pictures";
                ui.label(tokens::semibold(title).size(tokens::TEXT_DISPLAY));
                ui.add_space(tokens::SPACE_XS);
                let text = "Open pictures sorted by class, decide which layers stay frozen, train, and see whether feature extraction or fine-tuning serves you better.";
                ui.label(t.muted(text).size(tokens::TEXT_LARGE));
                ui.add_space(tokens::SPACE_L);
                let text = "Open pictures sorted by class…";
                let label = format!("{}  {text}", icon::FOLDER_OPEN);
                let open = primary_button(ui, &label, true, egui::vec2(280.0, 40.0));
                crate::app::ui::theme::name(&open, true, text);
                let hint = Action::OpenPictures.hint(ui.ctx());
                if open.on_hover_text(hint).clicked() {
                    out.push(Command::OpenPicturesDialog);
                }
                ui.add_space(tokens::SPACE_S);
                example_ui(ui, view, out);
                use_network_ui(ui, view, out);
                ui.label(t.small(
                    "or drop a folder, a table, a preset or a picture anywhere on this window",
                ));
                ui.add_space(tokens::SPACE_L);
            });
            continue_ui(ui, view, out);
            recent_ui(ui, view, out);
            presets_ui(ui, &suggestions(view.demo_is_there), out);
            ui.add_space(tokens::SPACE_XL);
        });
}

/// A first success without pictures of one's own.
fn example_ui(ui: &mut egui::Ui, view: &WelcomeView, out: &mut Vec<Command>) {
    let Some(example) = &view.example else { return };
    let text = "Try it with example pictures";
    let label = format!("{}  {text}", icon::IMAGES);
    let button = ui.add(egui::Button::new(label).min_size(egui::vec2(280.0, 32.0)));
    crate::app::ui::theme::name(&button, true, text);
    let hint = "Open a small set of drawings that comes with Graft. “Extraction vs. fine-tuning”, above, then trains both ways and compares them";
    if button.on_hover_text(hint).clicked() {
        out.push(Command::OpenPictures(example.clone()));
    }
    ui.add_space(tokens::SPACE_S);
}

/// For whoever wants answers on pictures, and no training.
fn use_network_ui(ui: &mut egui::Ui, view: &WelcomeView, out: &mut Vec<Command>) {
    let action = Action::UseNetwork;
    let label = format!("{}  {}", action.icon(), action.text());
    let button = ui.add(egui::Button::new(label).min_size(egui::vec2(280.0, 32.0)));
    crate::app::ui::theme::name(&button, true, action.text());
    let hint = match view.networks {
        0 => "Nothing is trained: open the folder of a run that you were given, or see what it takes to train one".to_owned(),
        networks => format!(
            "{}, with {} here to choose from",
            action.tooltip(),
            crate::format::count(networks, "trained network", "trained networks")
        ),
    };
    if button.on_hover_text(hint).clicked() {
        out.push(action.command());
    }
    ui.add_space(tokens::SPACE_S);
}

/// Draws in the middle of the page, no wider than it reads well.
fn column_ui(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui)) {
    let width = (ui.available_width() - 40.0).clamp(0.0, WIDEST);
    let mut rect = ui.available_rect_before_wrap();
    rect = egui::Rect::from_min_size(
        egui::pos2(rect.center().x - width / 2.0, rect.top()),
        egui::vec2(width, rect.height()),
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), add);
}

fn continue_ui(ui: &mut egui::Ui, view: &WelcomeView, out: &mut Vec<Command>) {
    if view.last_session.is_empty() {
        return;
    }
    let t = tokens(ui);
    column_ui(ui, |ui| {
        t.card().fill(t.accent_faint).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_width(ui.available_width());
                ui.label(tokens::icon_text(icon::CLOCK_COUNTER_CLOCKWISE).color(t.accent));
                let width = ui.available_width() - 110.0;
                let layout = egui::Layout::top_down(egui::Align::Min);
                ui.allocate_ui_with_layout(egui::vec2(width, 36.0), layout, |ui| {
                    ui.set_min_width(width);
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.label(tokens::medium("Continue where you stopped"));
                    ui.add(egui::Label::new(t.muted(view.last_names())).truncate());
                });
                let size = egui::vec2(96.0, 30.0);
                let button = ui.add(egui::Button::new("Continue").min_size(size));
                crate::app::ui::theme::name(&button, true, "Continue where you stopped");
                let all = view.last_session.join("\n");
                let text = format!(
                    "Open the experiments that were open when the window was closed, with what was not saved:\n{all}"
                );
                if button.on_hover_text(text).clicked() {
                    out.push(Command::ContinueLastSession);
                }
            });
        });
        ui.add_space(tokens::SPACE_L);
    });
}

fn recent_ui(ui: &mut egui::Ui, view: &WelcomeView, out: &mut Vec<Command>) {
    if view.recent_pictures.is_empty() && view.recent_presets.is_empty() {
        return;
    }
    type Opened = fn(PathBuf) -> Command;
    let lists: [(&str, &str, &[PathBuf], Opened); 2] = [
        (
            "Recent pictures",
            icon::IMAGES,
            &view.recent_pictures,
            Command::OpenPictures,
        ),
        (
            "Recent presets",
            icon::FILE_TEXT,
            &view.recent_presets,
            Command::OpenPreset,
        ),
    ];
    column_ui(ui, |ui| {
        ui.columns(2, |columns| {
            for (ui, (title, symbol, paths, command)) in columns.iter_mut().zip(lists) {
                if paths.is_empty() {
                    continue;
                }
                let t = tokens(ui);
                ui.label(tokens::medium(title).color(t.text_muted));
                for path in paths {
                    let mut text = egui::text::LayoutJob::default();
                    let part = |size, color| {
                        egui::TextFormat::simple(egui::FontId::proportional(size), color)
                    };
                    text.append(symbol, 0.0, part(tokens::TEXT_BODY, t.accent));
                    text.append(&file_title(path), 8.0, part(tokens::TEXT_BODY, t.text));
                    let around = path.parent().map(|folder| folder.display().to_string());
                    let around = around.unwrap_or_default();
                    text.append(&around, 8.0, part(tokens::TEXT_SMALL, t.text_muted));
                    let button = egui::Button::new(text)
                        .frame_when_inactive(false)
                        .truncate();
                    let response = ui.add(button);
                    let name = format!("Open {}", path.display());
                    crate::app::ui::theme::name(&response, true, &name);
                    if response.on_hover_text(path.display().to_string()).clicked() {
                        out.push(command(path.clone()));
                    }
                }
            }
        });
        ui.add_space(tokens::SPACE_L);
    });
}

fn presets_ui(ui: &mut egui::Ui, presets: &[&Shipped], out: &mut Vec<Command>) {
    if presets.is_empty() {
        return;
    }
    let t = tokens(ui);
    let gap = tokens::SPACE_M;
    column_ui(ui, |ui| {
        let columns = (((ui.available_width() + gap) / (CARD.x + gap)) as usize).clamp(1, 3);
        let width = (ui.available_width() + gap) / columns as f32 - gap;
        ui.label(tokens::medium("Or begin with a ready-made experiment").color(t.text_muted));
        ui.add_space(tokens::SPACE_XS);
        for row in presets.chunks(columns) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = gap;
                for preset in row {
                    card_ui(ui, preset, egui::vec2(width, CARD.y), out);
                }
            });
            ui.add_space(tokens::SPACE_XS);
        }
    });
}

fn card_ui(ui: &mut egui::Ui, preset: &Shipped, size: egui::Vec2, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Button,
            true,
            format!("Open preset {}", preset.name),
        )
    });
    let lively = response.hovered() || response.has_focus();
    let stroke = if lively {
        egui::Stroke::new(1.5, t.accent)
    } else {
        t.outline_stroke()
    };
    let fill = if lively { t.raised } else { t.surface };
    ui.painter().rect(
        rect,
        tokens::RADIUS_L,
        fill,
        stroke,
        egui::StrokeKind::Inside,
    );
    let inner = rect.shrink(12.0);
    let mut content = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(inner)
            .layout(egui::Layout::top_down(egui::Align::Min)),
    );
    content.set_clip_rect(inner.intersect(ui.clip_rect()));
    content.horizontal(|ui| {
        let symbol = if preset.has_pictures {
            icon::LIGHTNING
        } else {
            icon::LEAF
        };
        ui.label(tokens::icon_text(symbol).color(t.accent));
        ui.add(egui::Label::new(tokens::medium(&preset.name)).truncate());
    });
    // As many whole lines as the card has room for; the rest stands in the tooltip.
    let small =
        egui::TextFormat::simple(egui::FontId::proportional(tokens::TEXT_SMALL), t.text_muted);
    let mut text = egui::text::LayoutJob::single_section(preset.summary.clone(), small);
    text.wrap = egui::text::TextWrapping {
        max_rows: 3,
        ..egui::text::TextWrapping::wrap_at_width(inner.width())
    };
    content.label(text);
    let response = response
        .on_hover_text(&preset.summary)
        .on_hover_cursor(egui::CursorIcon::PointingHand);
    if response.clicked() {
        out.push(Command::OpenShippedPreset(preset.file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_names_are_said_and_many_are_counted() {
        let names = |names: &[&str]| {
            let last_session = names.iter().map(|name| (*name).to_owned()).collect();
            WelcomeView {
                last_session,
                ..WelcomeView::default()
            }
            .last_names()
        };
        assert_eq!(names(&["Wings"]), "“Wings”");
        assert_eq!(names(&["Wings", "Tails"]), "“Wings” and “Tails”");
        assert_eq!(names(&["Wings", "Tails", "Beaks"]), "“Wings” and 2 more");
    }
}
