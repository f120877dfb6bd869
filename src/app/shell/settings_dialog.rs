//! The dialog of what a person sets once: colours, size, threads, notifications, graphics card.

use std::path::PathBuf;

use eframe::egui;

use super::actions::Action;
use crate::app::core::command::Command;
use crate::app::core::settings::{INTERFACE_SIZES, SettingChange, Settings, ThemeChoice};
use crate::app::features::graphics_card::{GraphicsCardView, graphics_card_ui};
use crate::app::ui::theme::icon_button_enabled;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::cores::Cores;

/// Plain data of the dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsView {
    pub theme: ThemeChoice,
    /// Whether the desktop says which colours it has.
    pub knows_system_theme: bool,
    pub interface_size: f32,
    /// At most so many; `None` for one for each core.
    pub threads: Option<u32>,
    pub cores: u32,
    pub notifications: bool,
    /// Where runs are kept, if a person chose that.
    pub runs_folder: Option<PathBuf>,
    pub card: GraphicsCardView,
}

impl SettingsView {
    pub fn build(settings: &Settings, card: GraphicsCardView, ctx: &egui::Context) -> Self {
        Self {
            theme: settings.theme(),
            knows_system_theme: ctx.system_theme().is_some(),
            interface_size: settings.interface_size,
            threads: settings.threads,
            cores: cores(),
            notifications: settings.notifications,
            runs_folder: settings.runs_folder.clone(),
            card,
        }
    }
}

/// How many threads can compute at once on this machine.
fn cores() -> u32 {
    u32::try_from(Cores::of_process().count.get()).unwrap_or(u32::MAX)
}

const THEMES: [(ThemeChoice, &str, &str); 3] = [
    (
        ThemeChoice::System,
        "As the system",
        "Dark or light, as the desktop is",
    ),
    (ThemeChoice::Light, "Light", "Dark text on a light ground"),
    (ThemeChoice::Dark, "Dark", "Light text on a dark ground"),
];

/// Whether the dialog stays open.
pub fn settings_ui(ui: &mut egui::Ui, view: &SettingsView, out: &mut Vec<Command>) -> bool {
    let change = |out: &mut Vec<Command>, setting| out.push(Command::ChangeSetting(setting));
    widgets::heading(ui, "Appearance");
    let mut theme = view.theme;
    let tooltip = "The colours of the window and of figures that are copied from it";
    if widgets::segmented_row(ui, "Colours", tooltip, &mut theme, &THEMES) {
        change(out, SettingChange::Theme(theme));
    }
    if view.theme == ThemeChoice::System && !view.knows_system_theme {
        widgets::note(
            ui,
            "This desktop does not say whether it is dark or light; the colours stay as they are.",
        );
    }
    interface_size_ui(ui, view, out);

    widgets::heading(ui, "Computing");
    let mut threads = view.threads;
    let all = format!("One for each core ({})", view.cores);
    let mut options = vec![(None, all.as_str(), "As fast as this machine can")];
    let numbers: Vec<String> = (1..view.cores).map(|number| number.to_string()).collect();
    options.extend((1..view.cores).zip(&numbers).map(|(number, text)| {
        let tooltip = "Leaves the other cores to other programs; slower";
        (Some(number), text.as_str(), tooltip)
    }));
    let tooltip = "How many processor threads a training computes with; takes effect with the next run. Reading pictures still uses every core";
    if widgets::choice(ui, "Threads", tooltip, &mut threads, &options) {
        change(out, SettingChange::Threads(threads));
    }
    widgets::note(
        ui,
        "Takes effect with the next run. With another number of threads, the last digits of a result can differ.",
    );

    let mut stays_open = graphics_card_ui(ui, &view.card, out);
    stays_open &= runs_folder_ui(ui, view, out);

    widgets::heading(ui, "Notifications");
    let mut notifications = view.notifications;
    let tooltip = "A message of the desktop when everything in the queue has been trained, if the window is not in front or it took more than a minute";
    if widgets::toggle(ui, "When training ends", tooltip, &mut notifications) {
        change(out, SettingChange::Notifications(notifications));
    }
    stays_open
}

/// Whether the dialog stays open: it makes room for the one in which a folder is chosen.
fn runs_folder_ui(ui: &mut egui::Ui, view: &SettingsView, out: &mut Vec<Command>) -> bool {
    widgets::heading(ui, "Runs");
    let mut stays_open = true;
    let tooltip = Action::ChooseRunsFolder.tooltip();
    widgets::row(ui, "Folder of runs", tooltip, |ui| {
        if ui.button("Choose…").on_hover_text(tooltip).clicked() {
            out.push(Command::ChooseRunsFolder);
            stays_open = false;
        }
        let tooltip = "List runs from Graft's own folder again, and make new ones there";
        let button = ui.add_enabled(view.runs_folder.is_some(), egui::Button::new("Graft's own"));
        if button
            .on_hover_text(tooltip)
            .on_disabled_hover_text("Graft's own folder is used")
            .clicked()
        {
            out.push(Command::UseRunsFolder(None));
        }
    });
    let folder = view.runs_folder.as_ref();
    let text = folder.map_or_else(
        || "In Graft's own folder".to_owned(),
        |folder| folder.display().to_string(),
    );
    ui.add(egui::Label::new(tokens(ui).small(&text)).truncate())
        .on_hover_text(&text);
    stays_open
}

fn interface_size_ui(ui: &mut egui::Ui, view: &SettingsView, out: &mut Vec<Command>) {
    let tooltip = "How large everything in the window is drawn; 100 % is what the desktop says";
    widgets::row(ui, "Interface size", tooltip, |ui| {
        let [smallest, .., largest] = INTERFACE_SIZES;
        let size = view.interface_size;
        for (larger, symbol, action) in [
            (false, icon::MINUS, Action::SmallerInterface),
            (true, icon::PLUS, Action::LargerInterface),
        ] {
            let possible = if larger {
                size < largest
            } else {
                size > smallest
            };
            let button = icon_button_enabled(ui, symbol, action.text(), possible);
            if button.on_hover_text(action.hint(ui.ctx())).clicked() {
                out.push(action.command());
            }
            if !larger {
                let text = tokens::medium(format!("{:.0} %", size * 100.0));
                // As wide for 80 as for 250.
                let size = egui::vec2(52.0, tokens::CONTROL_HEIGHT);
                ui.add_sized(size, egui::Label::new(text).selectable(false));
            }
        }
        let is_usual = (size - 1.0).abs() < 0.01;
        let button = ui.add_enabled(!is_usual, egui::Button::new("100 %"));
        let action = Action::UsualInterface;
        crate::app::ui::theme::name(&button, !is_usual, action.text());
        if button
            .on_hover_text(action.hint(ui.ctx()))
            .on_disabled_hover_text("It is drawn as large as the desktop says")
            .clicked()
        {
            out.push(action.command());
        }
    });
    ui.label(tokens(ui).small(format!(
        "Keys: {} and {}",
        Action::LargerInterface.shortcut_text(ui.ctx()),
        Action::SmallerInterface.shortcut_text(ui.ctx()),
    )));
}
