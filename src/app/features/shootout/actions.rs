//! What can be done with a network: the buttons above the table, and the menu of a row.

use std::collections::BTreeSet;

use eframe::egui;

use super::ShootoutLocal;
use super::controls::STOP_FIRST;
use super::view::{NetworkRow, RowState, ShootoutView};
use crate::app::core::command::Command;
use crate::app::core::shootout::{ShootoutAction, ShootoutChoice};
use crate::app::ui::tokens::{icon, tokens};
use crate::format;
use crate::shootout::ShootoutCost;

/// Two lines, of which the second is about the selected network: nothing moves when another one is selected.
pub fn actions_ui(
    ui: &mut egui::Ui,
    view: &ShootoutView,
    order: &[usize],
    shows_all: bool,
    local: &mut ShootoutLocal,
    out: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        choose_ui(ui, view, out);
        let mut is_shown = shows_all;
        let tooltip = "List the networks that are not compared, too";
        if ui
            .checkbox(&mut is_shown, "All networks")
            .on_hover_text(tooltip)
            .changed()
        {
            local.shows_all = Some(is_shown);
        }
        let field = egui::TextEdit::singleline(&mut local.search)
            .hint_text("Search networks")
            .desired_width(130.0);
        ui.add(field)
            .accessible_name("Search networks")
            .on_hover_text("Show only networks with this in their names");
        let all = format::count(view.rows.len(), "network", "networks");
        let count = match order.len() == view.rows.len() {
            true => all,
            false => format!("{} of {all}", order.len()),
        };
        ui.label(tokens(ui).small(count));
    });
    let selected = view
        .rows
        .iter()
        .find(|row| Some(&row.network) == local.selected.as_ref());
    let mut add = |ui: &mut egui::Ui| {
        take_ui(ui, selected, out);
        download_ui(ui, view, selected, out);
        selected_ui(ui, selected);
    };
    match ui.available_width() < NARROW {
        true => ui.horizontal_wrapped(add),
        false => ui.horizontal(|ui| add(ui)),
    };
}

/// Of a room that is this narrow, in points, the line about the selected network is several.
const NARROW: f32 = 520.0;

/// What there is to say of the selected network beside its row: why it has no result, or which weights it has.
fn selected_ui(ui: &mut egui::Ui, row: Option<&NetworkRow>) {
    let colors = tokens(ui);
    let Some(row) = row else {
        let text = "Select a network: click its row or its point";
        ui.add(egui::Label::new(colors.muted(text)).truncate());
        return;
    };
    let weights = format!("weights {}, {}", row.weights, row.licence);
    let (text, color) = match (row.state, &row.reason) {
        (RowState::Failed, Some(reason)) => (reason.as_str(), colors.danger),
        (RowState::LeftOut | RowState::NotHere, Some(reason)) => (reason.as_str(), colors.warning),
        (_, Some(reason)) => (reason.as_str(), colors.text_muted),
        (_, None) => (weights.as_str(), colors.text_muted),
    };
    let text = format!("{}: {text}", row.title);
    ui.add(egui::Label::new(egui::RichText::new(&text).color(color)).truncate())
        .on_hover_text(text);
}

fn take_ui(ui: &mut egui::Ui, selected: Option<&NetworkRow>, out: &mut Vec<Command>) {
    let entry = selected.and_then(|row| row.entry);
    let button = egui::Button::new(format!("{} Take this one", icon::FILE_PLUS));
    let why = match selected {
        None => "Select a network first: click its row or its point",
        Some(_) => "It has no result yet",
    };
    let tooltip = "Open a new experiment that starts from the selected network: its backbone frozen, a new classifier on top";
    let response = ui
        .add_enabled(entry.is_some(), button)
        .on_hover_text(tooltip)
        .on_disabled_hover_text(why);
    if response.clicked()
        && let Some(entry) = entry
    {
        out.push(Command::Shootout(ShootoutAction::Take(entry)));
    }
}

/// One button, which says what is downloaded, and under which licence.
fn download_ui(
    ui: &mut egui::Ui,
    view: &ShootoutView,
    selected: Option<&NetworkRow>,
    out: &mut Vec<Command>,
) {
    if view.progress.downloading > 0 {
        let tooltip = "Stop the downloads; what has come is gone on with later";
        let text = format!("{} Stop downloading", icon::STOP);
        if ui.button(text).on_hover_text(tooltip).clicked() {
            out.push(Command::Shootout(ShootoutAction::StopDownloads));
        }
        return;
    }
    let missing = selected.filter(|row| !row.is_here && row.is_on_server);
    let text = match missing {
        Some(row) => format!(
            "{} Download {}",
            icon::FILE_ARROW_DOWN,
            size_and_licence(row)
        ),
        None => format!("{} Download weights", icon::FILE_ARROW_DOWN),
    };
    let why = match selected {
        None => "Select a network whose weights are not here",
        Some(row) if row.is_here => "Its weights are on this machine",
        Some(_) => "Its weights are on no server: the state says where they are had from",
    };
    let tooltip = missing.map_or_else(String::new, |row| match &row.restriction {
        Some(restriction) => restriction.clone(),
        None => format!("Download the weights {} of {}", row.weights, row.title),
    });
    let response = ui
        .add_enabled(missing.is_some(), egui::Button::new(text))
        .on_hover_text(tooltip)
        .on_disabled_hover_text(why);
    if response.clicked()
        && let Some(row) = missing
    {
        out.push(Command::Shootout(ShootoutAction::Download(
            row.network.clone(),
        )));
    }
}

/// `98 MB, BSD-3-Clause`
fn size_and_licence(row: &NetworkRow) -> String {
    let size = row.file_bytes.map_or_else(String::new, format::bytes);
    match row.restriction.is_some() {
        true => format!("{size}, {}: not for commercial use", row.licence),
        false => format!("{size}, {}", row.licence),
    }
}

/// Many ticks at once.
fn choose_ui(ui: &mut egui::Ui, view: &ShootoutView, out: &mut Vec<Command>) {
    let is_live = view.progress.is_live;
    let of = |keep: &dyn Fn(&NetworkRow) -> bool| -> BTreeSet<String> {
        let rows = view.rows.iter().filter(|row| row.is_choosable && keep(row));
        rows.map(|row| row.network.clone()).collect()
    };
    // `None`: the networks that are proposed.
    type Choice<'a> = &'a dyn Fn() -> Option<BTreeSet<String>>;
    let choices: [(&str, &str, Choice<'_>); 4] = [
        (
            "Proposed",
            "Compare those whose weights are here, and some more that promise most within the budget",
            &|| None,
        ),
        (
            "Here",
            "Compare every network whose weights are on this machine",
            &|| Some(of(&|row| row.is_here)),
        ),
        (
            "All",
            "Compare every network, as far as the budget goes; none whose licence forbids commercial use",
            &|| Some(of(&|row| row.restriction.is_none())),
        ),
        ("None", "Compare none, to tick some by hand", &|| {
            Some(BTreeSet::new())
        }),
    ];
    ui.label(tokens(ui).muted("Compare"));
    for (text, tooltip, networks) in choices {
        let is_it = match text {
            "Proposed" => view.choice.networks.is_none(),
            _ => false,
        };
        let response = ui
            .add_enabled(!is_live, egui::Button::selectable(is_it, text))
            .on_hover_text(tooltip)
            .on_disabled_hover_text(STOP_FIRST);
        response.widget_info(|| {
            let name = format!("Compare: {text}");
            egui::WidgetInfo::selected(egui::Role::Button, !is_live, is_it, name)
        });
        if response.clicked() {
            out.push(Command::Shootout(ShootoutAction::Choose(Box::new(
                ShootoutChoice {
                    networks: networks(),
                    ..view.choice.clone()
                },
            ))));
        }
    }
}

/// What is done with everything that was found.
pub fn results_ui(
    ui: &mut egui::Ui,
    view: &ShootoutView,
    cost: ShootoutCost,
    out: &mut Vec<Command>,
) {
    let has_results = view.answer.is_some();
    let why = "No network has a result yet";
    let copy = egui::Button::new(format!("{} Copy as CSV", icon::COPY));
    let response = ui
        .add_enabled(has_results, copy)
        .on_hover_text("Copy what was found of all networks for a spreadsheet")
        .on_disabled_hover_text(why);
    if response.clicked() {
        out.push(Command::Shootout(ShootoutAction::Copy));
    }
    let export = egui::Button::new(format!("{} Export…", icon::EXPORT));
    let response = ui
        .add_enabled(has_results, export)
        .on_hover_text("Write the table (CSV) and the figure (SVG and PNG) into a folder")
        .on_disabled_hover_text(why);
    if response.clicked() {
        out.push(Command::Shootout(ShootoutAction::ExportDialog(cost)));
    }
}

/// The menu of a row.
pub fn menu_ui(ui: &mut egui::Ui, view: &ShootoutView, row: &NetworkRow, out: &mut Vec<Command>) {
    let item = |ui: &mut egui::Ui, able: bool, symbol: &str, text: &str, why: &str| {
        let button = egui::Button::new(format!("{symbol} {text}"));
        let response = ui.add_enabled(able, button);
        response.on_disabled_hover_text(why).clicked()
    };
    let why = "It has no result yet";
    if item(
        ui,
        row.entry.is_some(),
        icon::FILE_PLUS,
        "Take this one",
        why,
    ) && let Some(entry) = row.entry
    {
        out.push(Command::Shootout(ShootoutAction::Take(entry)));
        ui.close();
    }
    let can_start = view.start.obstacle.is_none() && !view.progress.is_live;
    if row.state == RowState::Failed
        && row.is_here
        && item(
            ui,
            can_start,
            icon::ARROW_CLOCKWISE,
            "Try it again",
            "It is tried again with the next start",
        )
    {
        out.push(Command::Shootout(ShootoutAction::Start {
            networks: view.start.networks.clone(),
        }));
        ui.close();
    }
    if !row.is_here && row.is_on_server {
        let text = format!("Download {}", size_and_licence(row));
        let is_free = view.progress.downloading == 0;
        let why = "Other weights are being downloaded";
        if item(ui, is_free, icon::FILE_ARROW_DOWN, &text, why) {
            out.push(Command::Shootout(ShootoutAction::Download(
                row.network.clone(),
            )));
            ui.close();
        }
    }
    if item(ui, true, icon::COPY, "Copy its name", "") {
        out.push(Command::CopyText(row.network.clone()));
        ui.close();
    }
}
