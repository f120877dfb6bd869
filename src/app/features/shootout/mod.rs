//! Middle: the shoot-out, a page of the view of the backbones: networks measured on the pictures at hand, and the one that is best.

mod actions;
mod answer;
mod chart;
mod columns;
mod controls;
pub mod requests;
mod table;
mod view;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::shootout::{BackbonesPage, ShootoutAction};
use crate::app::core::state::State;
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::view::no_experiment_ui;
use crate::app::ui::widgets;
use crate::shootout::ShootoutCost;
use columns::Sorted;
use view::ShootoutView;

/// What the page remembers between frames.
#[derive(Default)]
pub struct ShootoutLocal {
    chart: Chart,
    sorted: Sorted,
    /// What is looked for in the names.
    search: String,
    /// Whether networks that are not compared are listed too; they are until there is a result.
    shows_all: Option<bool>,
    /// The network that the pointer is at, in the table or in the chart.
    hovered: Option<String>,
    /// The same of the frame that is being drawn: whatever is drawn before it is found knows of it in the next one.
    next_hovered: Option<String>,
    selected: Option<String>,
}

/// What the score is drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chart {
    Over(ShootoutCost),
    /// The table alone.
    None,
}

impl Default for Chart {
    fn default() -> Self {
        Self::Over(ShootoutCost::default())
    }
}

/// The chart is no higher than this share of the room, and within these heights, in points.
const CHART_SHARE: f32 = 0.46;
const CHART: std::ops::RangeInclusive<f32> = 180.0..=360.0;
/// Below this height of the whole page, in points, it scrolls.
const LEAST_TABLE: f32 = 160.0;

/// Above both pages of the view of the backbones: which of them is shown.
pub fn pages_ui(ui: &mut egui::Ui, page: BackbonesPage, out: &mut Vec<Command>) {
    let pages = [
        (
            BackbonesPage::Catalogue,
            "Catalogue",
            "What is known of every network: accuracy on ImageNet, size, and speed on this machine",
        ),
        (
            BackbonesPage::OnPictures,
            "On these pictures",
            "How good networks are on the pictures at hand, measured here, and at what cost",
        ),
    ];
    let mut chosen = page;
    widgets::segmented(ui, &mut chosen, &pages);
    if chosen != page {
        out.push(Command::Shootout(ShootoutAction::Show(chosen)));
    }
    ui.add_space(tokens::SPACE_XS);
}

pub fn shootout_ui(
    ui: &mut egui::Ui,
    state: &State,
    local: &mut ShootoutLocal,
    out: &mut Vec<Command>,
) {
    let Some(view) = ShootoutView::build(state) else {
        no_experiment_ui(ui, out);
        return;
    };
    out.push(Command::Shootout(ShootoutAction::Follow));
    if !view.start.has_pictures && view.answer.is_none() {
        empty_ui(ui, out);
        return;
    }
    answer::answer_ui(ui, &view, out);
    controls::controls_ui(ui, &view, out);
    let has_results = view.progress.counts[0] > 0;
    let shows_all = local
        .shows_all
        .unwrap_or(!has_results && !view.progress.is_live);
    let room = ui.available_height();
    let order = columns::order(&view, local, shows_all);
    // It has its room before the first result: nothing below moves when that comes.
    if has_results || view.progress.is_live {
        let height = (room * CHART_SHARE).clamp(*CHART.start(), *CHART.end());
        chart::chart_ui(ui, &view, height, local, out);
    }
    actions::actions_ui(ui, &view, &order, shows_all, local, out);
    ui.add_space(tokens::SPACE_XS);
    // A window that is low scrolls the table away from under the chart rather than losing it.
    let height = ui.available_height().max(LEAST_TABLE);
    ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
        table::table_ui(ui, &view, &order, local, out);
    });
    let hovered = local.next_hovered.take();
    if local.hovered != hovered {
        local.hovered = hovered;
        ui.ctx().request_repaint();
    }
}

/// Where there are no pictures yet.
fn empty_ui(ui: &mut egui::Ui, out: &mut Vec<Command>) {
    let text = "Which network suits your pictures is measured on your pictures: each network looks at every picture once, and a small \
                classifier is trained and tested on what it sees. Open pictures first.";
    let title = "No pictures yet";
    widgets::empty_state(ui, icon::IMAGES, title, text, |ui| {
        let tooltip = "Begin with a folder of pictures sorted by class";
        if widgets::primary_button(ui, "Open pictures…", tooltip).clicked() {
            out.push(Command::OpenPicturesDialog);
        }
    });
}

/// A colour for each network would say nothing: what is best, like it, and behind has one.
fn standing_color(colors: &tokens::Tokens, standing: view::Standing) -> egui::Color32 {
    use view::Standing;
    match standing {
        Standing::Best | Standing::LikeBest => colors.accent,
        Standing::Borderline => colors.warning,
        Standing::Worse | Standing::Unknown => colors.text_muted,
    }
}
