//! The bar at the top: which experiment is shown, and the things that a person does most.

use std::path::PathBuf;
use std::sync::OnceLock;

use eframe::egui;

use super::actions::Action;
use crate::app::core::command::Command;
use crate::app::core::documents::file_title;
use crate::app::core::state::{Document, State};
use crate::app::ui::theme::{icon_button_enabled, primary_button};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::experiment::preset;

/// Plain data of the bar.
#[derive(Debug, Clone, PartialEq)]
pub struct TopBarView {
    pub name: Option<String>,
    pub changed: bool,
    pub file: Option<String>,
    /// Experiments that Train would train.
    pub included: usize,
    /// How many seeds `Compare both ways` trains each way with.
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
            name: document.map(|document| document.experiment.name.clone()),
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
            number => format!("Train {number} experiments"),
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

pub fn top_bar_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        brand_ui(ui);
        ui.add_space(tokens::SPACE_S);
        name_ui(ui, view, out);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            train_ui(ui, view, out);
            compare_ui(ui, view, out);
            presets_ui(ui, view, out);
            pictures_ui(ui, view, out);
            ui.add_space(tokens::SPACE_XS);
            for (action, enabled) in [
                (Action::ToggleTheme, true),
                (Action::Palette, true),
                (Action::Redo, view.can_redo),
                (Action::Undo, view.can_undo),
            ] {
                let button = icon_button_enabled(ui, action.icon(), action.text(), enabled);
                let hint = action.hint(ui.ctx());
                if button
                    .on_hover_text(&hint)
                    .on_disabled_hover_text(hint)
                    .clicked()
                {
                    out.push(match action {
                        Action::ToggleTheme => Command::ToggleTheme,
                        Action::Palette => Command::TogglePalette,
                        Action::Redo => Command::Redo,
                        _ => Command::Undo,
                    });
                }
            }
        });
    });
}

fn brand_ui(ui: &mut egui::Ui) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.x = 6.0;
    ui.label(egui::RichText::new(icon::PLANT).size(22.0).color(t.success));
    ui.label(tokens::semibold("Graft").size(tokens::TEXT_TITLE));
}

fn name_ui(ui: &mut egui::Ui, view: &TopBarView, _out: &mut Vec<Command>) {
    let t = tokens(ui);
    let Some(name) = &view.name else { return };
    let width = (ui.available_width() - 640.0).max(90.0);
    ui.allocate_ui_with_layout(
        egui::vec2(width, tokens::CONTROL_HEIGHT),
        egui::Layout::left_to_right(egui::Align::Center),
        |ui| {
            ui.label(egui::RichText::new("/").color(t.text_faint));
            let response = ui.add(egui::Label::new(tokens::medium(name)).truncate());
            response.on_hover_text(
                view.file
                    .clone()
                    .unwrap_or_else(|| "Not saved to a file yet".into()),
            );
            if view.changed {
                ui.label(
                    egui::RichText::new("•")
                        .size(tokens::TEXT_TITLE)
                        .color(t.warning),
                )
                .on_hover_text("Changed since it was saved or loaded (Ctrl+S saves)");
            }
        },
    );
}

fn train_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let text = format!("{}  {}", icon::PLAY, view.train_text());
    let enabled = view.included > 0;
    let response = primary_button(ui, &text, enabled, egui::vec2(0.0, 30.0));
    let name = view.train_text();
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

fn compare_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    // Laid out from right to left: the menu stands behind its button.
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        seeds_ui(ui, view, out);
        compare_button_ui(ui, view, out);
    });
}

/// With how many seeds both ways are trained.
fn seeds_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let text = if view.compare_seeds > 1 {
        format!("× {} {}", view.compare_seeds, icon::CARET_DOWN)
    } else {
        icon::CARET_DOWN.to_owned()
    };
    let tooltip = "How many seeds each way is trained with: several say how much is luck";
    menu(ui, &text, "Number of seeds", tooltip, |ui| {
        ui.set_min_width(220.0);
        for (seeds, text) in SEEDS {
            let response = ui.selectable_label(view.compare_seeds == seeds, text);
            if response
                .on_hover_text(
                    "The split stays the same; the first weights of the head, the order and the augmentation vary",
                )
                .clicked()
            {
                out.push(Command::CompareSeeds(seeds));
            }
        }
    });
}

fn compare_button_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let text = format!("{}  Compare both ways", icon::GIT_DIFF);
    let response = ui.add_enabled(
        view.has_pictures,
        egui::Button::new(text).min_size(egui::vec2(0.0, 30.0)),
    );
    crate::app::ui::theme::name(&response, view.has_pictures, "Compare both ways");
    let response = response
        .on_hover_text(Action::CompareBothWays.hint(ui.ctx()))
        .on_disabled_hover_text("Open pictures first: both ways are trained on the same pictures");
    if response.clicked() {
        out.push(Command::CompareBothWays);
    }
}

/// The choice of seeds.
const SEEDS: [(u32, &str); 3] = [
    (1, "1 seed: one run each way"),
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
    let shortcut = action
        .shortcuts()
        .first()
        .map(|keys| ui.ctx().format_shortcut(keys))
        .unwrap_or_default();
    let text = format!("{}  {}", action.icon(), action.text());
    let button = egui::Button::new(text).shortcut_text(t.small(shortcut));
    let response = ui.add_enabled(enabled, button);
    crate::app::ui::theme::name(&response, enabled, action.text());
    response.on_hover_text(action.tooltip()).clicked()
}

fn pictures_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
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
                        out.push(if action == Action::OpenTable {
                            Command::OpenTableDialog
                        } else {
                            Command::OpenPicturesDialog
                        });
                    }
                }
                recent_ui(ui, recent, |path| out.push(Command::OpenPictures(path)));
            },
        );
        let text = format!("{}  Open pictures…", icon::IMAGES);
        let response = ui.add(egui::Button::new(text).min_size(egui::vec2(0.0, 30.0)));
        crate::app::ui::theme::name(&response, true, "Open pictures…");
        if response
            .on_hover_text(Action::OpenPictures.hint(ui.ctx()))
            .clicked()
        {
            out.push(Command::OpenPicturesDialog);
        }
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

fn presets_ui(ui: &mut egui::Ui, view: &TopBarView, out: &mut Vec<Command>) {
    let text = format!("{}  Presets  {}", icon::STACK, icon::CARET_DOWN);
    menu(
        ui,
        &text,
        "Presets",
        "Open, save and reset experiments",
        |ui| {
            ui.set_min_width(260.0);
            let open = view.name.is_some();
            let items = [
                (Action::NewExperiment, true, Command::NewExperiment),
                (
                    Action::DuplicateExperiment,
                    open,
                    Command::DuplicateExperiment,
                ),
                (Action::OpenPreset, true, Command::OpenPresetDialog),
                (Action::Save, open, Command::Save),
                (Action::SaveAs, open, Command::SaveAsDialog),
                (Action::Reset, view.changed, Command::Reset),
            ];
            for (action, enabled, command) in items {
                if menu_item(ui, action, enabled) {
                    out.push(command);
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
