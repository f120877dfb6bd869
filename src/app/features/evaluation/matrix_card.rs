//! The confusion matrix, and the pairs of classes that are confused most.

use eframe::egui::{self, vec2};

use super::view::{EvaluationBody, EvaluationView, RunChoice};
use super::{EvaluationLocal, show_confusion};
use crate::app::core::command::Command;
use crate::app::core::prepared_answers::Shown;
use crate::app::ui::drop_down::{Item, drop_down};
use crate::app::ui::matrix;
use crate::app::ui::table::{Cell, Head, Table};
use crate::app::ui::tokens;
use crate::app::ui::widgets;
use crate::evaluation::ClassOrder;
use crate::format;

/// The width of the list of orders, in points.
const ORDER: f32 = 140.0;
/// The largest side of the matrix, in points.
const SIDE: f32 = 560.0;

/// Orders of classes in the matrix, with what they say.
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
        "Classes with the lowest recall first",
    ),
    (
        ClassOrder::Precision,
        "By precision",
        "Classes with the lowest precision first",
    ),
    (ClassOrder::F1, "By F1", "Classes with the lowest F1 first"),
    (
        ClassOrder::Confusion,
        "By confusion",
        "Classes that are confused with one another stand beside each other",
    ),
];

pub(super) fn matrix_card_ui(
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
                "Shares of the pictures predicted as each class: the diagonal is precision",
            ),
        ];
        widgets::segmented(ui, &mut local.choices.shown, &options);
        if body.classes.len() > 2 {
            if ui.available_size_before_wrap().x < ORDER + tokens::SPACE_M {
                ui.end_row();
            }
            order_ui(ui, &mut local.choices.order);
        }
        if body.classes.len() > 8 {
            matrix::zoom_ui(ui, &mut local.matrix, local.cell);
        }
    });
    ui.add_space(tokens::SPACE_XS);
    let width = ui.available_width();
    let size = vec2(width, (width * 0.9).min(SIDE));
    let name = "Confusion matrix";
    let (chosen, cell) = matrix::matrix_ui(ui, &body.matrix, &mut local.matrix, size, name);
    local.cell = cell;
    if let Some((row, column)) = chosen {
        let classes = &body.matrix.classes;
        out.push(show_confusion(view, run, &classes[row], &classes[column]));
    }
    widgets::note(
        ui,
        "The diagonal (blue) is correct, everything beside it (red) is confused. Click a cell to see its pictures.",
    );
}

fn order_ui(ui: &mut egui::Ui, order: &mut ClassOrder) {
    let item =
        |(_, title, sentence): &(ClassOrder, &str, &str)| Item::new(*title).tooltip(*sentence);
    let selected = ORDERS.iter().position(|(other, ..)| other == order);
    let shown = item(&ORDERS[selected.unwrap_or_default()]);
    let labels = ("Order of classes", "The order of rows and columns");
    let items = || ORDERS.iter().map(item).collect();
    if let Some(chosen) = drop_down(ui, labels, ORDER, selected, &shown, items) {
        *order = ORDERS[chosen].0;
    }
}

/// Pairs of classes that are confused most; a click shows their pictures.
pub(super) fn confusions_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    out: &mut Vec<Command>,
) {
    ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
    ui.label(tokens::semibold("Most frequent confusions").size(tokens::TEXT_LARGE));
    let heads = [
        Head::text("True class", "The class of the pictures"),
        Head::text("Predicted", "The class that was predicted instead"),
        Head::number("Pictures", "How many pictures"),
        Head::number("Share", "Of the pictures of the true class"),
    ];
    let cell = |row: usize, column: usize| {
        let confusion = &body.confusions[row];
        match column {
            0 => Cell::new(&confusion.truth),
            1 => Cell::new(&confusion.predicted),
            2 => Cell {
                bar: Some(confusion.weight as f32 / 1000.0),
                ..Cell::strong(format::thousands(confusion.count))
            },
            _ => Cell::muted(&confusion.share),
        }
    };
    let action = |row: usize| {
        let sentence = &body.confusions[row].sentence;
        format!("{sentence}. Click to see the pictures in the gallery")
    };
    let table = Table::new(
        "Most frequent confusions",
        &heads,
        body.confusions.len(),
        &cell,
    );
    if let Some(row) = table.action(&action).show(ui).row {
        let confusion = &body.confusions[row];
        let (truth, predicted) = (&confusion.truth, &confusion.predicted);
        out.push(show_confusion(view, run, truth, predicted));
    }
}
