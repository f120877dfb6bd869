//! Above the list of runs: the search, what is filtered and sorted by, and what is done with all of them.

use eframe::egui;
use eframe::egui::containers::menu::{MenuButton, MenuConfig};

use super::filter::{Sort, StateFilter};
use super::{RunsLocal, RunsView};
use crate::app::core::command::Command;
use crate::app::core::view_id::ViewId;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::format;

pub fn toolbar_ui(
    ui: &mut egui::Ui,
    view: &RunsView,
    local: &mut RunsLocal,
    out: &mut Vec<Command>,
) {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.label(
            tokens::semibold("RUNS")
                .size(tokens::TEXT_SMALL)
                .color(t.text_muted),
        );
        let count = if view.rows.len() == view.known {
            format::thousands(view.known as u64)
        } else {
            format!(
                "{} of {}",
                view.rows.len(),
                format::thousands(view.known as u64)
            )
        };
        ui.label(t.small(count)).on_hover_text(format!(
            "{} on disk, in {}",
            format::bytes(view.bytes),
            view.runs_folder.display()
        ));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            more_ui(ui, view, out);
            sort_ui(ui, local);
            filter_ui(ui, view, local);
        });
    });
    let search = egui::TextEdit::singleline(&mut local.filter.search)
        .hint_text(format!("{} Search runs", icon::MAGNIFYING_GLASS))
        .desired_width(f32::INFINITY);
    ui.add(search).accessible_name("Search runs").on_hover_text(
        "Show only runs with these words in their name, experiment, backbone, note or tags",
    );
    ui.add_space(tokens::SPACE_XS);
}

/// A small icon that opens a menu.
fn menu_button(
    ui: &mut egui::Ui,
    symbol: &str,
    is_on: bool,
    name: &str,
    tooltip: &str,
    add: impl FnOnce(&mut egui::Ui),
) {
    let color = if is_on {
        tokens(ui).accent
    } else {
        tokens(ui).text_muted
    };
    let text = tokens::icon_text(symbol).color(color);
    let button = egui::Button::new(text).frame_when_inactive(false);
    // Items that do something close the menu themselves.
    let stays = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::from_button(button).config(stays).ui(ui, |ui| {
        ui.set_min_width(180.0);
        add(ui);
    });
    response.accessible_name(name).on_hover_text(tooltip);
}

fn filter_ui(ui: &mut egui::Ui, view: &RunsView, local: &mut RunsLocal) {
    let filter = &mut local.filter;
    let is_on = filter.state != StateFilter::All || filter.tag.is_some() || filter.with_archived;
    let tooltip = "Choose which runs are listed: by state, by tag, the archived ones";
    menu_button(ui, icon::FUNNEL, is_on, "Filter runs", tooltip, |ui| {
        for (state, text, tooltip) in StateFilter::ALL {
            ui.radio_value(&mut filter.state, state, text)
                .on_hover_text(tooltip);
        }
        ui.separator();
        if view.tags.is_empty() {
            ui.label(tokens(ui).small("No run has a tag yet"));
        } else {
            ui.radio_value(&mut filter.tag, None, "With any tag or none")
                .on_hover_text("Runs are listed whatever their tags");
            for tag in &view.tags {
                ui.radio_value(
                    &mut filter.tag,
                    Some(tag.clone()),
                    format!("{} {}", icon::TAG, shown_name(tag)),
                )
                .on_hover_text("Only runs with this tag");
            }
        }
        ui.separator();
        let text = format!("Archived runs ({})", view.archived);
        ui.checkbox(&mut filter.with_archived, text)
            .on_hover_text("List archived runs too");
    });
}

fn sort_ui(ui: &mut egui::Ui, local: &mut RunsLocal) {
    let filter = &mut local.filter;
    let is_on = filter.sort != Sort::Latest || filter.grouped;
    let tooltip =
        "Choose the order of the runs, and whether those of one experiment stand together";
    menu_button(
        ui,
        icon::SORT_ASCENDING,
        is_on,
        "Sort runs",
        tooltip,
        |ui| {
            for (sort, text, tooltip) in Sort::ALL {
                ui.radio_value(&mut filter.sort, sort, text)
                    .on_hover_text(tooltip);
            }
            ui.separator();
            ui.checkbox(&mut filter.grouped, "Group by experiment")
                .on_hover_text("Put runs of one experiment together under its name");
        },
    );
}

fn more_ui(ui: &mut egui::Ui, view: &RunsView, out: &mut Vec<Command>) {
    let tooltip = "All runs as a table, the folder of runs, the trash";
    menu_button(
        ui,
        icon::DOTS_THREE,
        false,
        "More about runs",
        tooltip,
        |ui| {
            let mut item = |ui: &mut egui::Ui, symbol: &str, text: &str, tooltip: &str, command| {
                let button = ui.button(format!("{symbol} {text}")).on_hover_text(tooltip);
                if button.clicked() {
                    out.push(command);
                    ui.close();
                }
            };
            let show = Command::ShowView(ViewId::RUNS);
            item(
                ui,
                icon::CLOCK_COUNTER_CLOCKWISE,
                "Show all runs as a table",
                "With every setting that differs, and all results",
                show,
            );
            let refresh = Command::RefreshRuns;
            item(
                ui,
                icon::ARROWS_CLOCKWISE,
                "Refresh",
                "Look at the folder of runs again now",
                refresh,
            );
            ui.separator();
            let folder = Command::OpenFolder(view.runs_folder.clone());
            item(
                ui,
                icon::FOLDER_OPEN,
                "Show the folder of runs",
                "Open it in the file manager",
                folder,
            );
            let choose = Command::ChooseRunsFolder;
            item(
                ui,
                icon::FOLDER,
                "Choose the folder of runs…",
                "List runs from another folder, and make new ones there",
                choose,
            );
            let usual = Command::UseRunsFolder(None);
            item(
                ui,
                icon::HOUSE,
                "Use Graft's own folder of runs",
                "List runs from where they stand unless another folder is chosen",
                usual,
            );
            if !view.trashed.is_empty() {
                ui.separator();
                let restore = Command::RestoreRuns(view.trashed.clone());
                let text = format!(
                    "Put back {} from the trash",
                    format::count(view.trashed.len(), "run", "runs")
                );
                item(
                    ui,
                    icon::ARROW_U_UP_LEFT,
                    &text,
                    "The runs that were moved there last",
                    restore,
                );
            }
            ui.separator();
            ui.label(tokens(ui).small(format!("{} on disk", format::bytes(view.bytes))));
        },
    );
}
