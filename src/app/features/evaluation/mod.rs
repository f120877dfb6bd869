//! Middle: what one run gets right and wrong on its training, validation or test pictures.

mod body;
pub mod cache;
mod cards;
mod controls;
mod curves;
mod given;
mod numbers;
mod plots;
mod report;
pub mod requests;
pub mod view;

use eframe::egui::{self, vec2};

use crate::app::core::command::{Command, GalleryFilter};
use crate::app::core::evaluation::{self, Part};
use crate::app::core::prepared_answers::Choices;
use crate::app::core::prepared_answers::Shown;
use crate::app::core::state::State;
use crate::app::core::view_id::ViewId;
use crate::app::ui::diagnosis;
use crate::app::ui::matrix::{self, MatrixLocal};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::evaluation::ClassOrder;
use crate::format;
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
            tooltip: "What the chosen run gets right and wrong: confusion matrix, curves, calibration",
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
        // A run's answers on its test pictures stand in its folder as a rule.
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

    fn figure_run(&self, state: &State) -> Option<String> {
        evaluation::shown(state).map(|run| run.id.clone())
    }
}

/// Orders of classes in matrix and report, with what they say.
const ORDERS: [(ClassOrder, &str, &str); 7] = [
    (
        ClassOrder::Label,
        "As in the data",
        "The order in which the data set lists its classes",
    ),
    (ClassOrder::Name, "By name", "Alphabetically"),
    (
        ClassOrder::Support,
        "By support",
        "Classes with most pictures first",
    ),
    (
        ClassOrder::Recall,
        "By recall",
        "Classes that are recognised worst first",
    ),
    (
        ClassOrder::Precision,
        "By precision",
        "Classes whose name is given wrongly most often first",
    ),
    (ClassOrder::F1, "By F1", "The worst classes first"),
    (
        ClassOrder::Confusion,
        "Confused together",
        "Classes that are taken for one another stand beside each other",
    ),
];

/// What the evaluation remembers between frames.
#[derive(Default)]
pub struct EvaluationLocal {
    pub choices: Choices,
    matrix: MatrixLocal,
    cell: f32,
    /// The column that sorts the report; the order of the matrix while absent.
    report: report::ReportLocal,
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
        no_run_ui(ui, view, out);
        return;
    };
    header_ui(ui, view, run, out);
    ui.add_space(tokens::SPACE_XS);
    match (&view.status, &view.body) {
        (Status::Ready, Some(body)) => {
            controls::controls_ui(ui, view, run, body, &mut local.choices, out);
            if let Some(remark) = &view.remark {
                let text = format!("{} {remark}", icon::WARNING);
                ui.label(egui::RichText::new(text).color(tokens(ui).warning));
            }
            ui.add_space(tokens::SPACE_S);
            egui::ScrollArea::vertical()
                .id_salt("evaluation")
                .auto_shrink(false)
                .show(ui, |ui| body_ui(ui, view, run, body, local, out));
        }
        _ => status_ui(ui, view, run, out),
    }
}

fn no_run_ui(ui: &mut egui::Ui, view: &EvaluationView, out: &mut Vec<Command>) {
    let text = "Train an experiment to its end, or press a finished run at the right: here you see what it gets right \
                and wrong, class by class, how sure it is, and whether it is right to be so.";
    widgets::empty_state(ui, icon::TARGET, "No run to evaluate yet", text, |ui| {
        if view.can_train {
            let text = format!("{} Train", icon::PLAY);
            if widgets::primary_button(ui, &text, "Train every ticked experiment").clicked() {
                out.push(Command::Train);
            }
        }
    });
}

/// Which run, and which part of its pictures.
fn header_ui(ui: &mut egui::Ui, view: &EvaluationView, run: &RunChoice, out: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        widgets::dot(ui, tokens::run_color(run.color));
        let width = (ui.available_width() * 0.4).clamp(140.0, 300.0);
        let response = egui::ComboBox::from_id_salt("run of the evaluation")
            .width(width)
            .truncate()
            .selected_text(&run.name)
            .show_ui(ui, |ui| {
                for other in &view.runs {
                    ui.horizontal(|ui| {
                        widgets::dot(ui, tokens::run_color(other.color));
                        let button = egui::Button::selectable(other.id == run.id, &other.name)
                            .right_text(tokens(ui).small(&other.detail))
                            .min_size(vec2(ui.available_width().max(220.0), 0.0));
                        if ui.add(button).on_hover_text("Evaluate this run").clicked() {
                            out.push(Command::SelectRun(other.id.clone()));
                        }
                    });
                }
            });
        response
            .response
            .accessible_name("Run")
            .on_hover_text("The run that is evaluated");
        let mut split = view.split;
        let title = |name: &str, index: usize| {
            format!("{name} {}", format::thousands(view.pictures[index] as u64))
        };
        let titles = [title("Train", 0), title("Validation", 1), title("Test", 2)];
        let options = [
            (
                Split::Train,
                titles[0].as_str(),
                "The pictures that the run learned from: how well it knows them says nothing about others",
            ),
            (
                Split::Validation,
                titles[1].as_str(),
                "The pictures that chose the best epoch: slightly flattering",
            ),
            (
                Split::Test,
                titles[2].as_str(),
                "Pictures that had no part in training: what counts",
            ),
        ];
        if widgets::segmented(ui, &mut split, &options) {
            out.push(Command::ShowSplit(split));
        }
    });
}

fn split_name(split: Split) -> &'static str {
    match split {
        Split::Train => "training",
        Split::Validation => "validation",
        Split::Test => "test",
    }
}

/// What stands in place of an evaluation that is not there.
fn status_ui(ui: &mut egui::Ui, view: &EvaluationView, run: &RunChoice, out: &mut Vec<Command>) {
    let part = split_name(view.split);
    let pictures = match view.split {
        Split::Train => view.pictures[0],
        Split::Validation => view.pictures[1],
        Split::Test => view.pictures[2],
    };
    let ask = |ui: &mut egui::Ui, text: &str, out: &mut Vec<Command>| {
        let tooltip = "Runs in the background; training goes on beside it, a little slower";
        if widgets::primary_button(ui, text, tooltip).clicked() {
            out.push(Command::EvaluateRun(run.id.clone(), view.split));
        }
    };
    match &view.status {
        Status::Working { done, total } => {
            ui.vertical_centered(|ui| {
                ui.add_space(tokens::SPACE_XXL);
                ui.set_max_width(ui.available_width().min(420.0));
                let text = if *total > 0 {
                    format!(
                        "Evaluating {} on its {part} pictures: {} of {}",
                        run.name,
                        format::thousands(*done as u64),
                        format::thousands(*total as u64)
                    )
                } else {
                    format!("Evaluating {} on its {part} pictures", run.name)
                };
                ui.label(tokens::medium(text));
                ui.add_space(tokens::SPACE_XS);
                let share = *done as f32 / (*total).max(1) as f32;
                widgets::bar(ui, share, tokens(ui).accent_fill, "Evaluated");
                ui.add_space(tokens::SPACE_S);
                let stop = ui.button(format!("{} Stop", icon::STOP));
                if stop
                    .on_hover_text("Stop evaluating; the run stays as it is")
                    .clicked()
                {
                    out.push(Command::StopEvaluation);
                }
            });
        }
        Status::Failed(reason) => {
            widgets::empty_state(
                ui,
                icon::WARNING_CIRCLE,
                "This run can't be evaluated",
                reason,
                |ui| ask(ui, "Try again", out),
            );
        }
        Status::Idle if pictures == 0 => {
            let title = format!("No {part} pictures");
            let text = "The run's split has none. Set their share under Data at the left, and train again.";
            widgets::empty_state(ui, icon::TARGET, &title, text, |_| {});
        }
        Status::Ready => {
            ui.vertical_centered(|ui| {
                ui.add_space(tokens::SPACE_XXL);
                ui.spinner();
            });
        }
        Status::Idle => {
            let title = format!("Not evaluated on its {part} pictures yet");
            let text = format!(
                "{} are shown to the network that the run has kept. The answers are kept in the run's folder.",
                format::plural(pictures as u64, "picture", "pictures")
            );
            widgets::empty_state(ui, icon::TARGET, &title, &text, |ui| {
                ask(ui, &format!("Evaluate on {part} pictures"), out);
            });
        }
    }
}

fn body_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    local: &mut EvaluationLocal,
    out: &mut Vec<Command>,
) {
    cards::cards_ui(ui, body);
    ui.add_space(tokens::SPACE_M);
    if let Some(found) = &view.diagnosis {
        diagnosis::diagnosis_ui(ui, found, out);
        ui.add_space(tokens::SPACE_M);
    }
    let gap = tokens::SPACE_M;
    // The cards' outlines stand outside their content.
    let width = ui.available_width() - 4.0;
    let wide = width >= 640.0;
    let left = if wide {
        (width - gap) * if width < 900.0 { 0.46 } else { 0.52 }
    } else {
        width
    };
    let right = if wide { width - gap - left } else { width };
    let layout = if wide {
        egui::Layout::left_to_right(egui::Align::Min)
    } else {
        egui::Layout::top_down(egui::Align::Min)
    };
    ui.with_layout(layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        ui.allocate_ui_with_layout(
            vec2(left, 0.0),
            egui::Layout::top_down(egui::Align::Min),
            |ui| {
                ui.set_width(left);
                widgets::card(ui, |ui| matrix_card_ui(ui, view, run, body, local, out));
            },
        );
        ui.allocate_ui_with_layout(
            vec2(right, 0.0),
            egui::Layout::top_down(egui::Align::Min),
            |ui| {
                ui.set_width(right);
                widgets::card(ui, |ui| {
                    report::report_ui(ui, body, &mut local.report);
                });
                if !body.confusions.is_empty() {
                    widgets::card(ui, |ui| confusions_ui(ui, view, run, body, out));
                }
            },
        );
    });
    ui.add_space(gap);
    curves::curves_ui(ui, body, &mut local.choices);
}

fn matrix_card_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    local: &mut EvaluationLocal,
    out: &mut Vec<Command>,
) {
    ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
    ui.label(tokens::semibold("Confusion matrix").size(tokens::TEXT_LARGE));
    ui.horizontal_wrapped(|ui| {
        let options = [
            (Shown::Counts, "Counts", "Numbers of pictures"),
            (
                Shown::ByRow,
                "By row",
                "Shares of the pictures of each true class: the diagonal is recall",
            ),
            (
                Shown::ByColumn,
                "By column",
                "Shares of the pictures taken for each class: the diagonal is precision",
            ),
        ];
        widgets::segmented(ui, &mut local.choices.shown, &options);
        if body.classes.len() > 2 {
            order_ui(ui, &mut local.choices.order);
        }
        if body.classes.len() > 8 {
            matrix::zoom_ui(ui, &mut local.matrix, local.cell);
        }
    });
    ui.add_space(tokens::SPACE_XS);
    let width = ui.available_width();
    let size = vec2(width, (width * 0.9).min(520.0));
    let name = "Confusion matrix";
    let (chosen, cell) = matrix::matrix_ui(ui, &body.matrix, &mut local.matrix, size, name);
    local.cell = cell;
    if let Some((row, column)) = chosen {
        out.push(Command::ShowGallery(GalleryFilter {
            run: Some(run.id.clone()),
            true_class: Some(body.matrix.classes[row].clone()),
            predicted_class: Some(body.matrix.classes[column].clone()),
            split: Some(view.split),
            ..GalleryFilter::default()
        }));
    }
    widgets::note(
        ui,
        "Blue is right, red is wrong. Click a cell to see its pictures in the gallery.",
    );
}

fn order_ui(ui: &mut egui::Ui, order: &mut ClassOrder) {
    let title = ORDERS
        .iter()
        .find(|(other, ..)| other == order)
        .map_or("", |(_, title, _)| title);
    let response = egui::ComboBox::from_id_salt("order of classes")
        .width(140.0)
        .selected_text(title)
        .show_ui(ui, |ui| {
            for (option, title, sentence) in ORDERS {
                ui.selectable_value(order, option, title)
                    .on_hover_text(sentence);
            }
        });
    response
        .response
        .accessible_name("Order of classes")
        .on_hover_text("The order of rows and columns");
}

/// Pairs of classes that are confused most, each with the button that shows their pictures.
fn confusions_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    out: &mut Vec<Command>,
) {
    ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, 2.0);
    ui.label(tokens::semibold("Most frequent confusions").size(tokens::TEXT_LARGE));
    let colors = tokens(ui);
    for confusion in &body.confusions {
        let (rect, response) = ui.allocate_exact_size(
            vec2(ui.available_width(), tokens::ROW_HEIGHT),
            egui::Sense::click(),
        );
        if response.hovered() || response.has_focus() {
            ui.painter()
                .rect_filled(rect, tokens::RADIUS_S, colors.faint);
        }
        let mut bar = rect.shrink2(vec2(0.0, 4.0));
        bar.set_width(rect.width() * confusion.weight as f32 / 1000.0);
        ui.painter()
            .rect_filled(bar, tokens::RADIUS_S, colors.danger_faint);
        let font = egui::FontId::proportional(tokens::TEXT_BODY);
        let number = format::thousands(confusion.count);
        ui.painter().text(
            rect.right_center() - vec2(tokens::SPACE_XS, 0.0),
            egui::Align2::RIGHT_CENTER,
            number,
            tokens::medium_font(tokens::TEXT_BODY),
            colors.text,
        );
        let mut room = rect.shrink2(vec2(tokens::SPACE_XS, 0.0));
        room.max.x -= 56.0;
        let text = format!(
            "{}  {}  {}",
            confusion.truth,
            icon::ARROW_RIGHT,
            confusion.predicted
        );
        widgets::elided(ui, room, &text, font, colors.text);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &confusion.sentence)
        });
        let hint = format!("{}\nClick to see them in the gallery", confusion.sentence);
        if response.on_hover_text(hint).clicked() {
            out.push(Command::ShowGallery(GalleryFilter {
                run: Some(run.id.clone()),
                true_class: Some(confusion.truth.clone()),
                predicted_class: Some(confusion.predicted.clone()),
                split: Some(view.split),
                ..GalleryFilter::default()
            }));
        }
    }
}
