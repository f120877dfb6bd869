//! The dialog for whoever wants answers and no training: which run's network is used, and what it takes where there is none.

use std::path::{Path, PathBuf};

use eframe::egui::{self, Align2, FontId, Rect, Sense, pos2, vec2};

use crate::app::core::clock;
use crate::app::core::command::Command;
use crate::app::core::prediction::{PredictAction, can_predict};
use crate::app::core::run_names::told_apart;
use crate::app::core::state::{RunRecord, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::names::shown_name;
use crate::app::ui::theme::dialog_buttons;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;

const ROW: f32 = 44.0;
/// Rows that are shown at once, at most.
const ROWS: f32 = 7.0;

/// Plain data of the dialog.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UseNetworkView {
    /// Those that can answer, the newest first.
    networks: Vec<Network>,
    /// Runs that have no network yet, or none any more.
    others: usize,
    /// Whether the folder of runs has been read.
    is_listed: bool,
    /// Pictures to try the program with, where there are some.
    example: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq)]
struct Network {
    id: String,
    name: String,
    /// Index into the run colours.
    color: usize,
    /// How good it is, and what it tells apart.
    text: String,
    /// Seconds since 1970.
    started: u64,
}

impl Network {
    fn build(run: &RunRecord, state: &State) -> Option<Self> {
        let summary = run.summary.as_ref()?;
        let classes: Vec<_> = (summary.classes.iter())
            .map(|class| shown_name(class).into_owned())
            .collect();
        let test = (summary.test.as_ref()).map(|test| {
            format!(
                "{} of the test pictures right · ",
                format::percent(test.accuracy)
            )
        });
        Some(Self {
            id: run.id.clone(),
            name: told_apart(run, state),
            color: run.color,
            text: format!(
                "{}{}: {}",
                test.unwrap_or_default(),
                format::count(classes.len(), "class", "classes"),
                classes.join(", ")
            ),
            started: summary.started,
        })
    }
}

impl UseNetworkView {
    pub fn build(state: &State, example: Option<&Path>) -> Self {
        let (able, others): (Vec<&RunRecord>, Vec<&RunRecord>) =
            state.runs.iter().partition(|run| can_predict(run));
        let networks = able.iter().filter_map(|run| Network::build(run, state));
        let mut networks: Vec<Network> = networks.collect();
        networks.sort_by_key(|network| std::cmp::Reverse(network.started));
        Self {
            networks,
            others: others.len(),
            is_listed: state.runs_listed,
            example: example.map(Path::to_path_buf),
        }
    }
}

/// Whether it stays open.
pub fn use_network_ui(ui: &mut egui::Ui, view: &UseNetworkView, out: &mut Vec<Command>) -> bool {
    let before = out.len();
    let text = match (view.networks.is_empty(), view.is_listed) {
        (false, _) => {
            "Which one? It says which of its classes any pictures show: single ones, whole folders, or a folder that is watched."
        }
        (true, false) => "Runs are being looked for…",
        (true, true) => {
            "There is none yet. What is trained is kept as a run, in a folder of its own that may be copied and given away. If you \
             were given one, open its folder. Or train your own: that takes pictures sorted into a folder for each class, and a few \
             minutes."
        }
    };
    ui.add(egui::Label::new(tokens(ui).muted(text)).wrap());
    ui.add_space(tokens::SPACE_S);
    if view.networks.is_empty() {
        if view.others > 0 {
            let runs = format::count(view.others, "run in the list has", "runs in the list have");
            let text = format!("{runs} no trained network: train to the end, or resume.");
            ui.add(egui::Label::new(tokens(ui).muted(text)).wrap());
            ui.add_space(tokens::SPACE_S);
        }
        begin_ui(ui, view, out);
    } else {
        networks_ui(ui, &view.networks, out);
        ui.add_space(tokens::SPACE_M);
        dialog_buttons(ui, |ui| find_ui(ui, true, out));
    }
    // While a folder is asked for it stays: what is found is listed in it.
    out[before..]
        .iter()
        .all(|command| *command == Command::FindRunsDialog)
}

/// What can be done where no network is here.
fn begin_ui(ui: &mut egui::Ui, view: &UseNetworkView, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        find_ui(ui, false, out);
        let tooltip = "Begin with a folder of pictures sorted by class";
        if widgets::next_button(ui, "Open pictures…", tooltip, true) {
            out.push(Command::OpenPicturesDialog);
        }
        if let Some(example) = &view.example {
            let tooltip = "Train on a small set of drawings that comes with Graft";
            if widgets::next_button(ui, "Try it with example pictures", tooltip, true) {
                out.push(Command::OpenPictures(example.clone()));
            }
        }
    });
}

fn find_ui(ui: &mut egui::Ui, after: bool, out: &mut Vec<Command>) {
    let tooltip = "Choose the folder of a run, or of several: it is listed beside your own, stays where it is, and nothing is copied";
    if widgets::next_button(ui, "Open a run's folder…", tooltip, after) {
        out.push(Command::FindRunsDialog);
    }
}

fn networks_ui(ui: &mut egui::Ui, networks: &[Network], out: &mut Vec<Command>) {
    let now = clock::now();
    let spacing = tokens::SPACE_XS;
    let most = (ui.ctx().content_rect().height() - 260.0).max(ROW);
    let rows = (networks.len() as f32).min(ROWS);
    ui.spacing_mut().item_spacing.y = spacing;
    egui::ScrollArea::vertical()
        .max_height((rows * (ROW + spacing)).min(most))
        .auto_shrink([false, true])
        .show_rows(ui, ROW, networks.len(), |ui, range| {
            for (index, network) in networks[range.clone()].iter().enumerate() {
                let response = network_ui(ui, network, now);
                let is_first = range.start + index == 0;
                if is_first && ui.memory(|memory| memory.focused().is_none()) {
                    response.request_focus();
                }
                if response.clicked() {
                    let id = network.id.clone();
                    out.push(Command::Predict(PredictAction::UseRun(id)));
                    out.push(Command::ShowView(ViewId::PREDICT));
                }
            }
        });
}

fn network_ui(ui: &mut egui::Ui, network: &Network, now: u64) -> egui::Response {
    let t = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let fill = match response.hovered() {
        true => t.raised_hover,
        false => t.raised,
    };
    let stroke = match response.has_focus() {
        true => egui::Stroke::new(tokens::STROKE_THIN, t.accent),
        false => t.outline_stroke(),
    };
    let painter = ui.painter();
    painter.rect(
        rect,
        tokens::RADIUS_M,
        fill,
        stroke,
        egui::StrokeKind::Inside,
    );
    let inner = rect.shrink2(vec2(tokens::SPACE_M, 0.0));
    painter.circle_filled(
        pos2(inner.left() + 4.0, rect.center().y),
        5.0,
        tokens::run_color(network.color),
    );
    let small = FontId::proportional(tokens::TEXT_SMALL);
    let ago = painter.text(
        pos2(inner.right(), rect.center().y),
        Align2::RIGHT_CENTER,
        format!(
            "{}  {}",
            format::ago(network.started, now),
            icon::CARET_RIGHT
        ),
        small.clone(),
        t.text_muted,
    );
    let line = |top: f32| {
        let left = inner.left() + 20.0;
        let end = pos2(ago.left() - tokens::SPACE_S, rect.top() + top + 17.0);
        Rect::from_min_max(pos2(left, rect.top() + top), end)
    };
    let font = tokens::medium_font(tokens::TEXT_BODY);
    let name = shown_name(&network.name);
    widgets::elided(ui, line(5.0), &name, font, t.text);
    widgets::elided(ui, line(22.0), &network.text, small, t.text_muted);
    let spoken = format!("Use {name}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    response
        .on_hover_text(&network.text)
        .on_hover_cursor(egui::CursorIcon::PointingHand)
}
