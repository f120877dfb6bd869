//! What is compared and for how long, the button that starts and stops, and how far it is.

use eframe::egui::{self, vec2};

use super::view::{ShootoutView, StartView};
use crate::app::core::command::Command;
use crate::app::core::shootout::{Computing, FOLDS, ShootoutAction, ShootoutChoice};
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::number_field::NumberField;
use crate::app::ui::theme;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;
use crate::shootout::ShootoutMetric;

/// In a room that is this narrow, in points, texts take several lines.
const NARROW: f32 = 520.0;

/// Budgets that can be chosen, in minutes; the last is none.
const BUDGETS: [(Option<u32>, &str); 8] = [
    (Some(2), "2 min"),
    (Some(5), "5 min"),
    (Some(10), "10 min"),
    (Some(20), "20 min"),
    (Some(60), "1 hour"),
    (Some(180), "3 hours"),
    (Some(720), "12 hours"),
    (None, "No limit"),
];

/// Why nothing is chosen while networks are computed.
pub const STOP_FIRST: &str = "Stop first: what is being computed was chosen before";

const METRICS: [(ShootoutMetric, &str, &str); 2] = [
    (
        ShootoutMetric::Accuracy,
        "Accuracy",
        "Rank networks by the share of pictures that are right",
    ),
    (
        ShootoutMetric::MacroF1,
        "Macro-F1",
        "Rank networks by the mean F1 of the classes: a rare class counts as much as a frequent one",
    ),
];

pub fn controls_ui(ui: &mut egui::Ui, view: &ShootoutView, out: &mut Vec<Command>) {
    let is_live = view.progress.is_live;
    let mut choice = view.choice.clone();
    ui.horizontal_wrapped(|ui| {
        start_ui(ui, view, out);
        choice_ui(ui, is_live, &mut choice);
    });
    if choice != view.choice {
        out.push(Command::Shootout(ShootoutAction::Choose(Box::new(choice))));
    }
    downloads_ui(ui, view, out);
    progress_ui(ui, view);
    counts_ui(ui, view);
    widgets::problem(ui, view.progress.problem.as_deref());
    for remark in &view.remarks {
        widgets::note(ui, remark);
    }
    ui.add_space(tokens::SPACE_XS);
}

/// What starts and stops; one button, whose words say which it is.
fn start_ui(ui: &mut egui::Ui, view: &ShootoutView, out: &mut Vec<Command>) {
    let stop = format!("{} Stop", icon::STOP);
    match &view.progress.computing {
        Computing::Running(_) => {
            let tooltip = "Stop soon; what was found is kept, and can be gone on with";
            if ui.button(stop).on_hover_text(tooltip).clicked() {
                out.push(Command::Shootout(ShootoutAction::Stop));
            }
        }
        Computing::Stopping(_) => {
            ui.add_enabled(false, egui::Button::new(stop))
                .on_disabled_hover_text("It stops as soon as what was found is kept");
        }
        Computing::Idle | Computing::Failed(..) => {
            let StartView {
                words,
                networks,
                obstacle,
                ..
            } = &view.start;
            let text = format!("{} {words}", icon::PLAY);
            let button = theme::primary_button(ui, &text, obstacle.is_none(), vec2(0.0, 0.0));
            let tooltip = "Compare the chosen networks on these pictures, in a process of its own; it can be stopped and gone on with";
            let response = button
                .on_hover_text(tooltip)
                .on_disabled_hover_text(obstacle.as_deref().unwrap_or_default());
            if response.clicked() {
                out.push(Command::Shootout(ShootoutAction::Start {
                    networks: networks.clone(),
                }));
            }
        }
    }
}

fn choice_ui(ui: &mut egui::Ui, is_live: bool, choice: &mut ShootoutChoice) {
    if is_live {
        ui.disable();
    }
    widgets::segmented(ui, &mut choice.metric, &METRICS);
    budget_ui(ui, &mut choice.budget_minutes);
    let tooltip = "Parts that the pictures are divided into: each is answered by a classifier that learned from the others";
    ui.label(tokens(ui).muted("Folds")).on_hover_text(tooltip);
    ui.add(NumberField::new("Folds", &mut choice.folds, FOLDS).tooltip(tooltip))
        .on_disabled_hover_text(STOP_FIRST);
}

fn budget_ui(ui: &mut egui::Ui, minutes: &mut Option<u32>) {
    let tooltip = "How long it may take; networks that don't fit are left out and say so, those that promise most for their time come first";
    ui.label(tokens(ui).muted("Budget"))
        .on_hover_text(tooltip)
        .on_disabled_hover_text(STOP_FIRST);
    let chosen = BUDGETS.iter().position(|(budget, _)| budget == minutes);
    let shown = Item::new(chosen.map_or("", |index| BUDGETS[index].1));
    let items = || BUDGETS.iter().map(|(_, text)| Item::new(*text)).collect();
    let picked = drop_down(ui, ("Budget", tooltip), 96.0, chosen, &shown, items);
    if let Some(index) = picked {
        *minutes = BUDGETS[index].0;
    }
}

/// How far it is, or what a start would do.
fn progress_ui(ui: &mut egui::Ui, view: &ShootoutView) {
    let progress = &view.progress;
    let start = &view.start;
    let mut parts: Vec<&str> = Vec::new();
    let stopping = "stopping; what was found is being kept…";
    match &progress.computing {
        Computing::Stopping(_) => parts.push(stopping),
        _ if progress.is_live_elsewhere => {
            parts.push("Networks are being compared on other pictures.");
        }
        _ => {}
    }
    if !progress.sentence.is_empty() {
        parts.push(&progress.sentence);
    }
    let next = match (&start.obstacle, progress.is_live) {
        (_, true) => String::new(),
        (Some(obstacle), _) => obstacle.clone(),
        (None, _) => format!("Next: {}", start.sentence),
    };
    if !next.is_empty() {
        parts.push(&next);
    }
    let left_out = format!(
        "{} left out for the budget",
        format::count(progress.left_out, "network", "networks")
    );
    if progress.left_out > 0 {
        parts.push(&left_out);
    }
    let text = parts.join(" · ");
    let label = egui::Label::new(tokens(ui).muted(&text));
    // One line, whatever it says: nothing below moves.
    match ui.available_width() < NARROW {
        true => ui.add(label.wrap()),
        false => ui.add(label.truncate()).on_hover_text(&text),
    };
}

/// How many networks there are of each kind, as one bar, and the budget as another.
fn counts_ui(ui: &mut egui::Ui, view: &ShootoutView) {
    let colors = tokens(ui);
    let [done, working, failed, all] = view.progress.counts;
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), 6.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 3.0, colors.sunken);
    let parts = [
        (done as f64, colors.success),
        (working as f64, colors.accent),
        (failed as f64, colors.danger),
    ];
    widgets::stacked_bar(ui.painter(), rect, &parts, all.max(1) as f64);
    let mut text = format!(
        "{done} of {} compared, {working} under way, {failed} failed",
        format::count(all, "network", "networks"),
    );
    if let Some(share) = view.progress.budget_share {
        text.push_str(&format!(
            "; {} of the budget used",
            format::whole_percent(share.into())
        ));
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &text));
    response.on_hover_text(text);
}

/// What is downloaded first, and what licences forbid. The line stands there whether or not it has an effect: nothing below moves.
fn downloads_ui(ui: &mut egui::Ui, view: &ShootoutView, out: &mut Vec<Command>) {
    let start = &view.start;
    let is_missing = view
        .rows
        .iter()
        .any(|row| row.is_chosen && !row.is_here && row.is_on_server);
    let mut choice = view.choice.clone();
    let text = match start.downloads.len() {
        0 => "Download weights that are missing".to_owned(),
        count => format!(
            "Download weights that are missing: {}, {}",
            format::count(count, "network", "networks"),
            format::bytes(start.download_bytes)
        ),
    };
    let tooltip = match start.downloads.is_empty() {
        true => "Networks whose weights are not on this machine are left out; with this, their weights are downloaded first".to_owned(),
        false => format!("Downloaded as they are needed:\n{}", start.downloads.join("\n")),
    };
    let why = match view.progress.is_live {
        true => STOP_FIRST,
        false => "The weights of every chosen network are on this machine",
    };
    let is_able = is_missing && !view.progress.is_live;
    let checkbox = egui::Checkbox::new(&mut choice.downloads, text);
    let response = ui
        .add_enabled(is_able, checkbox)
        .on_hover_text(tooltip)
        .on_disabled_hover_text(why);
    if response.changed() {
        out.push(Command::Shootout(ShootoutAction::Choose(Box::new(choice))));
    }
    for restriction in &start.restrictions {
        widgets::problem(ui, Some(restriction));
    }
}
