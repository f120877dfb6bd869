//! The bar at the top: which experiment is shown, and the things that a person does most.

use std::path::PathBuf;
use std::sync::OnceLock;

use eframe::egui;

use super::actions::Action;
use super::trailing::{trailing_ui, trailing_width};
use crate::app::core::command::Command;
use crate::app::core::documents::file_title;
use crate::app::core::state::{Document, DocumentId, State};
use crate::app::ui::theme::{icon_button_enabled, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::experiment::preset;

/// Plain data of the bar.
#[derive(Debug, Clone, PartialEq)]
pub struct TopBarView {
    pub document: Option<DocumentId>,
    pub name: Option<String>,
    pub notes: String,
    pub changed: bool,
    pub file: Option<String>,
    /// Experiments that Train would train.
    pub included: usize,
    /// How many seeds `Extraction vs. fine-tuning` trains each way with.
    pub compare_seeds: u32,
    pub has_pictures: bool,
    pub can_undo: bool,
    pub can_redo: bool,
    pub recent_presets: Vec<PathBuf>,
    pub recent_pictures: Vec<PathBuf>,
}

impl TopBarView {
    pub fn build(state: &State) -> Self {
        let document = state.active_document();
        Self {
            document: document.map(|document| document.id),
            name: document.map(|document| document.experiment.name.clone()),
            notes: document.map_or_else(String::new, |document| document.experiment.notes.clone()),
            changed: document.is_some_and(Document::is_changed),
            file: document
                .and_then(|document| document.file.as_deref())
                .map(|file| file.display().to_string()),
            included: state
                .documents
                .iter()
                .filter(|document| document.included)
                .count(),
            compare_seeds: state.compare_seeds.max(1),
            has_pictures: state.has_pictures(),
            can_undo: Action::Undo.is_enabled(state),
            can_redo: Action::Redo.is_enabled(state),
            recent_presets: state.recent_presets.clone(),
            recent_pictures: state.recent_pictures.clone(),
        }
    }

    /// What the Train button says.
    pub fn train_text(&self) -> String {
        match self.included {
            0 | 1 => "Train".into(),
            number => format!(
                "Train {}",
                crate::format::count(number, "experiment", "experiments")
            ),
        }
    }
}

/// A preset that comes with Graft, as menus and the welcome view show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipped {
    pub file: &'static str,
    pub name: String,
    /// What the comment at its head says.
    pub summary: String,
    /// Whether it names pictures of its own.
    pub has_pictures: bool,
}

/// The presets that come with Graft, read once.
pub fn shipped() -> &'static [Shipped] {
    static SHIPPED: OnceLock<Vec<Shipped>> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        preset::shipped()
            .iter()
            .filter_map(|(file, text)| {
                let experiment = preset::parse(text, file.as_ref())
                    .map_err(|error| log::error!("a shipped preset is damaged: {error}"))
                    .ok()?;
                let description = preset::description(text);
                Some(Shipped {
                    file,
                    name: experiment.name,
                    summary: description,
                    has_pictures: experiment.data.source != crate::experiment::DataSource::Unset,
                })
            })
            .collect()
    })
}

/// How much the bar can say in its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// Menus are icons, and Train says how many in a number.
    Small,
    /// Menus are icons.
    Medium,
    Full,
}

impl Room {
    fn of(width: f32) -> Self {
        match width {
            width if width >= 1190.0 => Self::Full,
            width if width >= 960.0 => Self::Medium,
            _ => Self::Small,
        }
    }

    /// What a menu's button says.
    fn text(self, icon: &str, text: &str) -> String {
        match self {
            Self::Full => format!("{icon}  {text}"),
            Self::Medium | Self::Small => icon.to_owned(),
        }
    }
}

/// Names the right end of the bar.
const ACTIONS: &str = "actions of the top bar";

pub fn top_bar_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let room = Room::of(ui.available_width());
    ui.horizontal_centered(|ui| {
        if view.name.is_some() {
            icon_action_ui(ui, Action::ToggleExperiment, true, out);
        }
        brand_ui(ui, room);
        ui.add_space(tokens::SPACE_XS);
        name_ui(ui, view, out);
        trailing_ui(ui, ACTIONS, |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                for (action, enabled) in [
                    (Action::Undo, view.can_undo),
                    (Action::Redo, view.can_redo),
                    (Action::Palette, true),
                    (Action::ToggleTheme, true),
                    (Action::Settings, true),
                    (Action::Help, true),
                ] {
                    // The settings have it too.
                    if action != Action::ToggleTheme || room > Room::Small {
                        icon_action_ui(ui, action, enabled, out);
                    }
                }
            });
            pictures_ui(ui, view, room, out);
            presets_ui(ui, view, room, out);
            compare_ui(ui, view, room, out);
            train_ui(ui, view, room, out);
            icon_action_ui(ui, Action::ToggleRuns, true, out);
        });
    });
}

pub(super) fn icon_action_ui(
    ui: &mut egui::Ui,
    action: Action,
    enabled: bool,
    out: &mut Vec<Command>,
) {
    let hint = action.hint(ui.ctx());
    let button = icon_button_enabled(ui, action.icon(), action.text(), enabled);
    if button
        .on_hover_text(&hint)
        .on_disabled_hover_text(hint)
        .clicked()
    {
        out.push(action.command());
    }
}

fn brand_ui(ui: &mut egui::Ui, room: Room) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.x = 6.0;
    ui.label(egui::RichText::new(icon::PLANT).size(22.0).color(t.success));
    if room > Room::Small {
        ui.label(tokens::semibold("Graft").size(tokens::TEXT_TITLE));
    }
}

fn name_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let (Some(name), Some(document)) = (&view.name, view.document) else {
        return;
    };
    let width = ui.available_width() - trailing_width(ui, ACTIONS) - tokens::SPACE_M;
    if width < 60.0 {
        return;
    }
    ui.allocate_ui_with_layout(
        egui::vec2(width, tokens::CONTROL_HEIGHT),
        egui::Layout::left_to_right(egui::Align::Center),
        |ui| {
            ui.label(egui::RichText::new("/").color(t.text_faint));
            let mut text = egui::text::LayoutJob::default();
            let format =
                |color| egui::TextFormat::simple(tokens::medium_font(tokens::TEXT_BODY), color);
            text.append(name, 0.0, format(t.text));
            if view.changed {
                text.append("•", 5.0, format(t.warning));
            }
            let button = egui::Button::new(text)
                .frame_when_inactive(false)
                .truncate();
            let response = ui.add(button);
            crate::app::ui::theme::name(&response, true, &format!("Name and notes of {name}"));
            if response.on_hover_text(name_tooltip(view)).clicked() {
                out.push(Command::DescribeExperiment(document));
            }
        },
    );
}

fn name_tooltip(view: &TopBarView) -> String {
    let mut lines = vec![(view.file.clone()).unwrap_or_else(|| "Not saved to a file yet".into())];
    if view.changed {
        lines.push("Changed since it was saved or loaded (Ctrl+S saves)".into());
    }
    if !view.notes.trim().is_empty() {
        lines.push(view.notes.trim().to_owned());
    }
    lines.push("Click to rename it or to write notes (F2)".into());
    lines.join("\n")
}

fn train_ui(ui: &mut egui::Ui, view: &TopBarView, room: Room, out: &mut Vec<Command>) {
    let name = view.train_text();
    let (text, widest) = match room {
        Room::Small if view.included > 1 => (format!("Train {}", view.included), "Train 88"),
        Room::Small => ("Train".to_owned(), "Train 88"),
        Room::Medium | Room::Full => (name.clone(), "Train 88 experiments"),
    };
    let enabled = view.included > 0;
    // As wide as it ever is: what stands beside it keeps its place while experiments are ticked.
    let font = tokens::semibold_font(tokens::TEXT_BODY);
    let widest = format!("{}  {widest}", icon::PLAY);
    let least = egui::vec2(widgets::text_width(ui, &widest, font) + 28.0, 30.0);
    let response = primary_button(ui, &format!("{}  {text}", icon::PLAY), enabled, least);
    crate::app::ui::theme::name(&response, enabled, &name);
    let response = response
        .on_hover_text(Action::Train.hint(ui.ctx()))
        .on_disabled_hover_text(
            "Tick an experiment on the left first: Train trains every ticked one",
        );
    if response.clicked() {
        out.push(Command::Train);
    }
}

fn compare_ui(ui: &mut egui::Ui, view: &TopBarView, room: Room, out: &mut Vec<Command>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        compare_button_ui(ui, view, room, out);
        seeds_ui(ui, view, out);
    });
}

/// With how many seeds the two are trained.
fn seeds_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let seeds = crate::format::plural(view.compare_seeds.into(), "seed", "seeds");
    let text = format!("{seeds} {}", icon::CARET_DOWN);
    let tooltip = "How often each of the two is trained, every time with another random seed: several seeds tell how much of a difference is chance";
    menu(ui, &text, "Number of seeds", tooltip, |ui| {
        ui.set_min_width(220.0);
        for (seeds, text) in SEEDS {
            let response = ui.selectable_label(view.compare_seeds == seeds, text);
            if response
                .on_hover_text(
                    "The split stays the same; the head's initial weights, the order of pictures and the augmentation vary",
                )
                .clicked()
            {
                out.push(Command::CompareSeeds(seeds));
            }
        }
    });
}

fn compare_button_ui(ui: &mut egui::Ui, view: &TopBarView, room: Room, out: &mut Vec<Command>) {
    let text = if room == Room::Small {
        icon::GIT_DIFF.to_owned()
    } else {
        format!("{}  Extraction vs. fine-tuning", icon::GIT_DIFF)
    };
    let response = ui.add_enabled(
        view.has_pictures,
        egui::Button::new(text).min_size(egui::vec2(0.0, 30.0)),
    );
    crate::app::ui::theme::name(&response, view.has_pictures, "Extraction vs. fine-tuning");
    let response = response
        .on_hover_text(Action::CompareBothWays.hint(ui.ctx()))
        .on_disabled_hover_text("Open pictures first: feature extraction and fine-tuning are trained on the same pictures");
    if response.clicked() {
        out.push(Command::CompareBothWays);
    }
}

/// The choice of seeds.
const SEEDS: [(u32, &str); 3] = [
    (1, "1 seed: 2 runs, one of each"),
    (3, "3 seeds: 6 runs"),
    (5, "5 seeds: 10 runs"),
];

fn menu<R>(
    ui: &mut egui::Ui,
    text: &str,
    label: &str,
    tooltip: &str,
    content: impl FnOnce(&mut egui::Ui) -> R,
) {
    let button = egui::Button::new(text).min_size(egui::vec2(0.0, 30.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, content);
    crate::app::ui::theme::name(&response, true, label);
    response.on_hover_text(tooltip);
}

/// One line of a menu; true when it was chosen.
fn menu_item(ui: &mut egui::Ui, action: Action, enabled: bool) -> bool {
    let t = tokens(ui);
    let text = format!("{}  {}", action.icon(), action.text());
    let button = egui::Button::new(text).shortcut_text(t.small(action.shortcut_text(ui.ctx())));
    let response = ui.add_enabled(enabled, button);
    crate::app::ui::theme::name(&response, enabled, action.text());
    response.on_hover_text(action.tooltip()).clicked()
}

fn pictures_ui(ui: &mut egui::Ui, view: &TopBarView, room: Room, out: &mut Vec<Command>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        let text = room.text(icon::FOLDER_OPEN, "Open pictures…");
        let response = ui.add(egui::Button::new(text).min_size(egui::vec2(0.0, 30.0)));
        crate::app::ui::theme::name(&response, true, "Open pictures…");
        if response
            .on_hover_text(Action::OpenPictures.hint(ui.ctx()))
            .clicked()
        {
            out.push(Command::OpenPicturesDialog);
        }
        let recent = &view.recent_pictures;
        menu(
            ui,
            icon::CARET_DOWN,
            "More ways to open pictures",
            "A table, or pictures that were open before",
            |ui| {
                ui.set_min_width(260.0);
                for action in [Action::OpenPictures, Action::OpenTable] {
                    if menu_item(ui, action, true) {
                        out.push(action.command());
                    }
                }
                recent_ui(ui, recent, |path| out.push(Command::OpenPictures(path)));
            },
        );
    });
}

fn recent_ui(ui: &mut egui::Ui, recent: &[PathBuf], mut chosen: impl FnMut(PathBuf)) {
    if recent.is_empty() {
        return;
    }
    ui.separator();
    ui.label(tokens(ui).small("Recent"));
    for path in recent {
        let text = format!("{}  {}", icon::CLOCK_COUNTER_CLOCKWISE, file_title(path));
        if ui
            .button(text)
            .on_hover_text(path.display().to_string())
            .clicked()
        {
            chosen(path.clone());
        }
    }
}

fn presets_ui(ui: &mut egui::Ui, view: &TopBarView, room: Room, out: &mut Vec<Command>) {
    let text = room.text(icon::FILE_TEXT, "Presets");
    let text = format!("{text}  {}", icon::CARET_DOWN);
    menu(
        ui,
        &text,
        "Presets",
        "Open, save and reset experiments",
        |ui| {
            ui.set_min_width(260.0);
            let open = view.name.is_some();
            let items = [
                (Action::NewExperiment, true),
                (Action::DuplicateExperiment, open),
                (Action::OpenPreset, true),
                (Action::Save, open),
                (Action::SaveAs, open),
                (Action::Reset, view.changed),
                (Action::NewSweep, open),
                (Action::OpenSweep, true),
            ];
            for (action, enabled) in items {
                if menu_item(ui, action, enabled) {
                    out.push(action.command());
                }
            }
            if !shipped().is_empty() {
                ui.separator();
                ui.label(tokens(ui).small("Shipped with Graft"));
                for preset in shipped() {
                    let text = format!("{}  {}", icon::LEAF, preset.name);
                    if ui.button(text).on_hover_text(&preset.summary).clicked() {
                        out.push(Command::OpenShippedPreset(preset.file));
                    }
                }
            }
            recent_ui(ui, &view.recent_presets, |path| {
                out.push(Command::OpenPreset(path))
            });
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_bar_gives_up_words_before_buttons() {
        assert_eq!(Room::of(1256.0), Room::Full);
        assert_eq!(Room::of(1000.0), Room::Medium);
        assert_eq!(Room::of(676.0), Room::Small);
        assert_eq!(Room::Small.text("i", "Presets"), "i");
        assert_eq!(Room::Full.text("i", "Presets"), "i  Presets");
    }
}
