//! Middle: what one run gets right and wrong on its training, validation or test pictures.

mod body;
pub mod cache;
mod cards;
mod controls;
mod curves;
mod given;
mod header;
mod headline;
mod matrix_card;
mod numbers;
mod plots;
mod refit;
mod report;
pub mod requests;
pub mod view;

use eframe::egui::{self, vec2};

use crate::app::core::command::{Command, GalleryFilter};
use crate::app::core::evaluation::{self, Part};
use crate::app::core::prepared_answers::Choices;
use crate::app::core::state::State;
use crate::app::core::view_id::ViewId;
use crate::app::ui::diagnosis;
use crate::app::ui::disclosure::disclosure_ui;
use crate::app::ui::matrix::MatrixLocal;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::report::FigureKind;
use cache::EvaluationCache;
use view::{EvaluationBody, EvaluationView, RunChoice, Status};

/// One run on one part of its pictures.
pub struct EvaluationTab;

impl View for EvaluationTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::EVALUATION,
            title: "Evaluation",
            icon: icon::TARGET,
            action: "Show evaluation",
            tooltip: "How accurate the chosen run is and where it fails: scores, classes, confusion matrix, curves",
            figure: Some(FigureKind::Confusion),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let state = context.state;
        let split = state.shown_split.unwrap_or(Split::Test);
        let run = evaluation::shown(state);
        let part = run
            .and_then(|run| run.folder.clone())
            .and_then(|folder| state.evaluation.parts.get(&(folder, split)));
        let mut body = None;
        if let Some(Part::Ready(answers)) = part
            && let Some(source) = &answers.source
        {
            let intervals = state.evaluation.intervals.as_ref();
            let intervals = intervals.map(|(key, evaluation)| (key, evaluation));
            let local = context.panels.of_window::<EvaluationLocal>();
            local.keep_to(&source.predictions().classes);
            let choices = local.choices;
            let cache = context.panels.of_window::<EvaluationCache>();
            let (built, wanted) = cache.body(source, &choices, intervals, ui.ctx());
            body = built;
            out.extend(wanted.map(Command::RequestIntervals));
        }
        // A run's answers on its test pictures stand in its folder as a rule, and are only read.
        if let Some(run) = run
            && part.is_none()
            && split == Split::Test
            && run
                .summary
                .as_ref()
                .is_some_and(|summary| summary.test.is_some())
        {
            out.push(Command::RequestEvaluation(run.id.clone(), split));
        }
        let view = EvaluationView::build(state, body);
        let local = context.panels.of_window::<EvaluationLocal>();
        let before = local.choices;
        evaluation_ui(ui, &view, local, out);
        if local.choices != before {
            // What was drawn stands for the choices before.
            ui.ctx().request_repaint();
        }
    }

    fn unfold(&self, context: &mut ViewContext<'_>) {
        let local = context.panels.of_window::<EvaluationLocal>();
        local.more_scores = true;
        local.controls = Some(true);
    }

    fn figure_run(&self, state: &State) -> Option<String> {
        evaluation::shown(state).map(|run| run.id.clone())
    }
}

/// What the evaluation remembers between frames.
#[derive(Default)]
pub struct EvaluationLocal {
    pub choices: Choices,
    matrix: MatrixLocal,
    cell: f32,
    report: report::ReportLocal,
    /// Whether further scores are unfolded.
    more_scores: bool,
    /// Whether the decision's controls are unfolded; where there is room for them while absent.
    controls: Option<bool>,
    /// The classes that the choices are about.
    classes: Vec<String>,
}

impl EvaluationLocal {
    /// A class, a threshold and a temperature that were chosen among other classes say nothing about these.
    pub fn keep_to(&mut self, classes: &[String]) {
        if self.classes == classes {
            return;
        }
        self.classes = classes.to_vec();
        self.choices = Choices {
            shown: self.choices.shown,
            order: self.choices.order,
            ..Choices::default()
        };
        self.report = report::ReportLocal::default();
    }
}

pub fn evaluation_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    local: &mut EvaluationLocal,
    out: &mut Vec<Command>,
) {
    let Some(run) = &view.run else {
        header::no_run_ui(ui, view, out);
        return;
    };
    header::header_ui(ui, view, run, out);
    ui.add_space(tokens::SPACE_XS);
    let (Status::Ready, Some(body)) = (&view.status, &view.body) else {
        header::status_ui(ui, view, run, out);
        return;
    };
    // At the foot, so that the answer stands first; always in sight, because everything follows them.
    egui::Panel::bottom("decision of the evaluation")
        .resizable(false)
        .show_separator_line(false)
        .frame(egui::Frame::new())
        .show(ui, |ui| {
            controls::controls_ui(ui, view, run, body, local, out)
        });
    egui::CentralPanel::no_frame().show(ui, |ui| {
        egui::ScrollArea::vertical()
            .id_salt("evaluation")
            .auto_shrink(false)
            .show(ui, |ui| body_ui(ui, view, run, body, local, out));
    });
}

fn body_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    local: &mut EvaluationLocal,
    out: &mut Vec<Command>,
) {
    let gap = tokens::SPACE_M;
    ui.spacing_mut().item_spacing.y = gap;
    // The cards' outlines stand outside their content.
    ui.set_width(ui.available_width() - 4.0);
    if let Some(remark) = &view.remark {
        let text = format!("{} {remark}", icon::WARNING);
        ui.label(egui::RichText::new(text).color(tokens(ui).warning));
    }
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = tokens::SPACE_XS;
        headline::headline_ui(ui, view, run, body, out);
        ui.add_space(tokens::SPACE_XS);
        let tooltip = "Balanced accuracy, Cohen's kappa, Matthews correlation, areas under curves, log loss, Brier score \
                       and calibration error";
        disclosure_ui(ui, "More scores", tooltip, &mut local.more_scores);
        if local.more_scores {
            cards::cards_ui(ui, body);
        }
    });
    if let Some(refit) = &view.refit {
        widgets::card(ui, |ui| refit::refit_ui(ui, refit, out));
    }
    columns_ui(ui, view, run, body, local, out);
    curves::curves_ui(ui, body, &mut local.choices);
    // Last, because it comes later than everything else.
    if let Some(found) = &view.diagnosis {
        diagnosis::diagnosis_ui(ui, found, out);
    }
    ui.add_space(tokens::SPACE_XS);
}

/// The gallery's filter for this run's pictures of the part that is evaluated.
fn pictures_of(view: &EvaluationView, run: &RunChoice) -> GalleryFilter {
    GalleryFilter {
        run: Some(run.id.clone()),
        split: Some(view.split),
        ..GalleryFilter::default()
    }
}

/// Shows the pictures of one class that were predicted as another, or as itself.
fn show_confusion(view: &EvaluationView, run: &RunChoice, truth: &str, predicted: &str) -> Command {
    Command::ShowGallery(GalleryFilter {
        true_class: Some(truth.to_owned()),
        predicted_class: Some(predicted.to_owned()),
        ..pictures_of(view, run)
    })
}

/// Classes and confusions at the left, the matrix at the right; below each other where there is no room.
fn columns_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    local: &mut EvaluationLocal,
    out: &mut Vec<Command>,
) {
    let gap = tokens::SPACE_M;
    let width = ui.available_width();
    let is_wide = width >= 760.0;
    let (left, right) = if is_wide {
        let right = ((width - gap) * 0.48).min(620.0);
        (width - gap - right, right)
    } else {
        (width, width)
    };
    let layout = if is_wide {
        egui::Layout::left_to_right(egui::Align::Min)
    } else {
        egui::Layout::top_down(egui::Align::Min)
    };
    let down = egui::Layout::top_down(egui::Align::Min);
    ui.with_layout(layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        ui.allocate_ui_with_layout(vec2(left, 0.0), down, |ui| {
            ui.set_width(left);
            widgets::card(ui, |ui| {
                if let Some(class) = report::report_ui(ui, body, &mut local.report) {
                    out.push(Command::ShowGallery(GalleryFilter {
                        true_class: Some(class),
                        ..pictures_of(view, run)
                    }));
                }
            });
            if !body.confusions.is_empty() {
                widgets::card(ui, |ui| {
                    matrix_card::confusions_ui(ui, view, run, body, out);
                });
            }
        });
        ui.allocate_ui_with_layout(vec2(right, 0.0), down, |ui| {
            ui.set_width(right);
            widgets::card(ui, |ui| {
                matrix_card::matrix_card_ui(ui, view, run, body, local, out);
            });
        });
    });
}
