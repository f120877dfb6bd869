//! The preset that every cell starts from, and what the sweep changes in it.

use eframe::egui;

use super::Editing;
use super::vary::item;
use crate::app::core::command::Command;
use crate::app::core::sweep::SweepAction;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::experiment::preset;

pub(super) fn base_ui(ui: &mut egui::Ui, editing: &mut Editing<'_>, out: &mut Vec<Command>) {
    let view = editing.view;
    ui.horizontal_wrapped(|ui| {
        ui.label(tokens::medium(shown_name(&view.base.title)));
        ui.label(tokens(ui).small(&view.base.detail));
    });
    if let Some(note) = &view.base.note {
        widgets::note(ui, note);
    }
    ui.horizontal_wrapped(|ui| {
        let tooltip = "Start from another preset's file";
        if ui
            .button("Choose a preset…")
            .on_hover_text(tooltip)
            .clicked()
        {
            out.push(Command::Sweep(SweepAction::BaseDialog));
        }
        let button = egui::Button::new("Use the open experiment");
        let button = ui
            .add_enabled(view.base.active.is_some(), button)
            .on_hover_text(format!(
                "Start from {} as it is now",
                view.base.active.as_deref().unwrap_or_default()
            ))
            .on_disabled_hover_text("No experiment is open");
        if button.clicked() {
            out.push(Command::Sweep(SweepAction::UseActiveAsBase));
        }
        let shipped = preset::shipped();
        let labels = (
            "Presets that come with Graft",
            "Start from one of the presets that come with Graft",
        );
        let shown = Item::new("Shipped presets");
        let items = || shipped.iter().map(|(name, _)| Item::new(*name)).collect();
        if let Some(index) = drop_down(ui, labels, 150.0, None, &shown, items)
            && let Some((name, _)) = shipped.get(index)
        {
            out.push(Command::Sweep(SweepAction::UseShippedBase(name)));
        }
    });
    ui.add_space(tokens::SPACE_S);
    set_ui(ui, editing);
}

/// Further fields of the base that have another value in every cell.
fn set_ui(ui: &mut egui::Ui, editing: &mut Editing<'_>) {
    let view = editing.view;
    if !view.set.is_empty() {
        ui.label(tokens(ui).muted("Changed in every cell"));
    }
    let mut removed = None;
    for (index, row) in view.set.iter().enumerate() {
        ui.push_id(("set", index), |ui| {
            ui.horizontal(|ui| {
                let width = (ui.available_width() * 0.45).clamp(100.0, 260.0);
                let layout = egui::Layout::left_to_right(egui::Align::Center);
                let size = egui::vec2(width, tokens::CONTROL_HEIGHT);
                ui.allocate_ui_with_layout(size, layout, |ui| {
                    ui.set_min_width(width);
                    ui.add(egui::Label::new(row.label.as_str()).truncate())
                        .on_hover_text(&row.path);
                });
                let name = format!("{} in every cell", row.label);
                let room = (ui.available_width() - 40.0).clamp(60.0, 260.0);
                let typed = widgets::typed(ui, &name, &row.value, |ui, text| {
                    ui.add(egui::TextEdit::singleline(text).desired_width(room))
                        .accessible_name(&name)
                        .on_hover_text("As a preset has it")
                });
                if let Some(typed) = typed
                    && let Some(line) = editing.draft.sweep.set.get_mut(index)
                {
                    *line = format!("{}={}", row.path, typed.trim());
                    editing.touched(true, format!("set {index}"));
                }
                let name = format!("Remove {}", row.label);
                let tooltip = "This field has the base's value again";
                if widgets::icon_button(ui, icon::TRASH, &name, tooltip).clicked() {
                    removed = Some(index);
                }
            });
            widgets::problem(ui, row.problem.as_deref());
        });
    }
    if let Some(index) = removed {
        editing.draft.sweep.set.remove(index);
        editing.touched(true, "");
    }
    let labels = (
        "Change a field in every cell",
        "Give a field of the base another value, the same in every cell: fewer epochs, for example",
    );
    let shown = Item::new(format!("{} Change a field", icon::PLUS));
    let items = || view.choices().iter().map(item).collect();
    let chosen = ui.add_enabled_ui(view.fields.is_some(), |ui| {
        drop_down(ui, labels, 200.0, None, &shown, items)
    });
    let chosen = chosen
        .inner
        .and_then(|index| view.choices().into_iter().nth(index));
    if let Some(choice) = chosen {
        let line = format!("{}={}", choice.path, choice.value);
        editing.draft.sweep.set.push(line);
        editing.touched(true, "");
    }
}
