//! Middle: what twice as many training pictures would bring.

mod plot;
pub mod requests;

use std::sync::Arc;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::job::Doing;
use crate::app::core::learning_curve::{CurveKey, FoundCurve, LearningCurveAction};
use crate::app::core::state::{Scan, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::callout::verdict_ui;
use crate::app::ui::table::{Cell, Head, Table};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo, no_experiment_ui};
use crate::app::ui::widgets;
use crate::evaluation::{CurveScore, CurveVerdict};
use crate::format;
use crate::models::catalogue;
use crate::report::LearningCurveReport;

/// What more pictures would bring.
pub struct LearningCurveTab;

impl View for LearningCurveTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::new("LearningCurve"),
            title: "Learning curve",
            icon: icon::CHART_LINE_UP,
            action: "Show the learning curve",
            tooltip: "What twice as many pictures would bring",
            figure: None,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        match LearningCurveView::build(context.state) {
            Some(view) => learning_curve_ui(ui, &view, out),
            None => no_experiment_ui(ui, out),
        }
    }
}

/// Plain data of the view.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurveView {
    pub backbone: String,
    /// Training and validation pictures, once they are known.
    pub pictures: Option<[usize; 2]>,
    pub doing: Option<Doing>,
    pub failure: Option<String>,
    /// Why nothing can be measured now, in a sentence.
    pub obstacle: Option<String>,
    pub found: Option<Arc<FoundCurve>>,
    /// The curve is of other pictures, another split or another network than the experiment's.
    pub is_outdated: bool,
    pub score: CurveScore,
}

impl LearningCurveView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let document = state.active_document()?;
        let curve = &state.learning_curve;
        let key = CurveKey::new(&document.experiment, document.base());
        let pictures = match &state.scan {
            Scan::Done { split, .. } => Some([split.train.len(), split.validation.len()]),
            _ => None,
        };
        Some(Self {
            backbone: catalogue::title(&document.experiment.backbone.name),
            pictures,
            doing: curve.doing.clone(),
            failure: curve.failure.clone(),
            obstacle: requests::obstacle(state),
            is_outdated: (curve.found.as_ref()).is_some_and(|found| found.key != key),
            found: curve.found.clone(),
            score: curve.score,
        })
    }
}

const SCORES: [(CurveScore, &str, &str); 2] = [
    (
        CurveScore::Accuracy,
        "Accuracy",
        "Every picture counts the same",
    ),
    (
        CurveScore::MacroF1,
        "Macro-F1",
        "Every class counts the same, however few pictures it has",
    ),
];

/// The plot becomes no lower than this, in points; then the view scrolls.
const LEAST_PLOT: f32 = 260.0;
/// Room beneath it for the sentences and the table.
const BENEATH: f32 = 290.0;

pub fn learning_curve_ui(ui: &mut egui::Ui, view: &LearningCurveView, out: &mut Vec<Command>) {
    let Some(found) = &view.found else {
        return nothing_ui(ui, view, out);
    };
    egui::ScrollArea::vertical()
        .id_salt("learning curve")
        .auto_shrink(false)
        .show(ui, |ui| {
            header_ui(ui, view, out);
            ui.add_space(tokens::SPACE_S);
            let report = found.by(view.score);
            verdict_ui(ui, symbol(report), &report.answer(), &[]);
            remarks_ui(ui, view, found);
            ui.add_space(tokens::SPACE_S);
            let height = (ui.available_height() - BENEATH).max(LEAST_PLOT);
            plot::curve_ui(ui, report, height);
            widgets::note(ui, &report.details());
            ui.add_space(tokens::SPACE_S);
            points_ui(ui, report);
        });
}

fn symbol(report: &LearningCurveReport) -> &'static str {
    match report.curve.verdict {
        CurveVerdict::Helps => icon::CHART_LINE_UP,
        CurveVerdict::Flat => icon::EQUALS,
        CurveVerdict::Unclear | CurveVerdict::TooFew => icon::QUESTION,
    }
}

/// What is measured, and what can be done.
fn header_ui(ui: &mut egui::Ui, view: &LearningCurveView, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        let mut score = view.score;
        if widgets::segmented(ui, &mut score, &SCORES) {
            out.push(Command::LearningCurve(LearningCurveAction::Show(score)));
        }
        let copies = [
            (
                icon::COPY,
                "Copy the figure",
                "Put the figure on the clipboard as an image",
                LearningCurveAction::CopyFigure,
            ),
            (
                icon::TABLE,
                "Copy the table",
                "Put the points on the clipboard, for a spreadsheet",
                LearningCurveAction::CopyTable,
            ),
        ];
        for (symbol, name, tooltip, action) in copies {
            if widgets::icon_button(ui, symbol, name, tooltip).clicked() {
                out.push(Command::LearningCurve(action));
            }
        }
        match &view.doing {
            Some(doing) => doing_ui(ui, doing, out),
            None => measure_ui(ui, view, "Measure again", out),
        }
    });
}

/// A button, with why it can't be pressed.
fn measure_ui(ui: &mut egui::Ui, view: &LearningCurveView, text: &str, out: &mut Vec<Command>) {
    let button = egui::Button::new(text);
    let response = ui.add_enabled(view.obstacle.is_none(), button);
    let why = view.obstacle.as_deref().unwrap_or_default();
    let tooltip = "Learn from ever larger parts of the training pictures, and ask the others";
    let response = response.on_hover_text(tooltip);
    if response.on_disabled_hover_text(why).clicked() {
        out.push(Command::LearningCurve(LearningCurveAction::Measure));
    }
}

fn doing_ui(ui: &mut egui::Ui, doing: &Doing, out: &mut Vec<Command>) {
    let stop = ui.add_enabled(!doing.is_stopping, egui::Button::new("Stop"));
    if stop
        .on_hover_text("End it; features that were computed by then are kept")
        .clicked()
    {
        out.push(Command::LearningCurve(LearningCurveAction::Stop));
    }
    ui.label(tokens(ui).muted(doing_text(doing)));
}

fn doing_text(doing: &Doing) -> String {
    let number = |number: usize| format::thousands(number as u64);
    match (doing.is_stopping, doing.text.as_str(), doing.total) {
        (true, ..) => "Stopping…".into(),
        (false, "", _) => "Building the network…".into(),
        (false, text, 0) => format!("{text}…"),
        (false, text, total) => format!("{text}: {} of {}", number(doing.done), number(total)),
    }
}

fn remarks_ui(ui: &mut egui::Ui, view: &LearningCurveView, found: &FoundCurve) {
    let outdated = view.is_outdated.then_some(
        "This is the curve of other pictures, another split or another network than the experiment has now: measure again.",
    );
    let warnings = found.warnings.iter().map(String::as_str);
    let failure = view.failure.as_deref();
    for text in outdated.into_iter().chain(failure).chain(warnings) {
        ui.add_space(tokens::SPACE_XS);
        let t = tokens(ui);
        t.callout(t.warning_faint, t.warning).show(ui, |ui| {
            ui.set_width(ui.available_width());
            widgets::sentences(ui, text);
        });
    }
}

/// Before the first curve.
fn nothing_ui(ui: &mut egui::Ui, view: &LearningCurveView, out: &mut Vec<Command>) {
    if let Some(doing) = &view.doing {
        ui.vertical_centered(|ui| {
            ui.add_space(tokens::SPACE_XXL);
            ui.set_max_width(ui.available_width().min(420.0));
            ui.label(tokens(ui).muted(doing_text(doing)));
            ui.add_space(tokens::SPACE_XS);
            let share = doing.done as f32 / doing.total.max(1) as f32;
            let color = tokens(ui).accent;
            widgets::bar(ui, share, color, "Done so far");
            ui.add_space(tokens::SPACE_S);
            let stop = ui.add_enabled(!doing.is_stopping, egui::Button::new("Stop"));
            if stop
                .on_hover_text("End it; features that were computed by then are kept")
                .clicked()
            {
                out.push(Command::LearningCurve(LearningCurveAction::Stop));
            }
        });
        return;
    }
    let pictures = view
        .pictures
        .map_or_else(String::new, |[train, validation]| {
            format!(
                " There are {} and {}; test pictures take no part.",
                format::count(train, "training picture", "training pictures"),
                format::count(validation, "validation picture", "validation pictures"),
            )
        });
    let text = format!(
        "Linear heads on the frozen features of {} learn from a tenth of the training pictures up to all of them; the curve through their scores says what twice as many would bring.{pictures}",
        view.backbone
    );
    let title = "Would more pictures help?";
    widgets::empty_state(ui, icon::CHART_LINE_UP, title, &text, |ui| {
        match &view.obstacle {
            None => {
                let tooltip = "Computes the features of every picture once, and keeps them";
                if widgets::primary_button(ui, "Measure the learning curve", tooltip).clicked() {
                    out.push(Command::LearningCurve(LearningCurveAction::Measure));
                }
            }
            Some(_) => measure_ui(ui, view, "Measure the learning curve", out),
        }
        widgets::problem(ui, view.failure.as_deref().or(view.obstacle.as_deref()));
    });
}

/// What the curve is made of.
fn points_ui(ui: &mut egui::Ui, report: &LearningCurveReport) {
    let rows = rows(report);
    let tooltips = [
        "Training pictures that the heads learned from",
        "Share of all training pictures",
        "Mean over the draws of so many pictures",
        "Where it may lie on other pictures, and with other draws",
    ];
    let head = |column: usize| Head::number(HEADS[column], tooltips[column]);
    let heads: Vec<Head> = (0..HEADS.len()).map(head).collect();
    let cell = |row: usize, column: usize| match column {
        2 => Cell::strong(&rows[row][column]),
        _ => Cell::new(&rows[row][column]),
    };
    Table::new("Points of the learning curve", &heads, rows.len(), &cell).show(ui);
}

const HEADS: [&str; 4] = ["Pictures", "Share", "Score", "95 % interval"];

/// The points as texts.
fn rows(report: &LearningCurveReport) -> Vec<[String; 4]> {
    let row = |point: &crate::evaluation::learning_curve::LearningPoint| {
        [
            format::thousands(point.pictures.round() as u64),
            format::whole_percent(point.share),
            format::percent(point.mean),
            format::percent_interval(point.interval.low, point.interval.high),
        ]
    };
    report.curve.points.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
