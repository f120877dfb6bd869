//! Tables of the results: experiments with several seeds, and every run.

use eframe::egui;

use super::view::ResultsView;
use crate::app::ui::table::{Cell, Head, Table};
use crate::app::ui::tokens;
use crate::app::ui::widgets;
use crate::format;

/// Mean and spread over seeds: what is chance and what is not.
pub(super) fn groups_ui(ui: &mut egui::Ui, view: &ResultsView) {
    if view.groups.is_empty() {
        return;
    }
    widgets::heading(ui, "Several seeds");
    let heads = [
        Head::text("Experiment", "The runs' common name"),
        Head::number(
            "Seeds",
            "Runs that differ in their seed alone; of repeats with one seed the newest counts",
        ),
        Head::number("Accuracy", "Mean and standard deviation over the seeds"),
        Head::number(
            "Lowest to highest",
            "The accuracies of the worst and of the best seed",
        ),
        Head::number("Macro-F1", "Mean and standard deviation over the seeds"),
    ];
    let cell = |row: usize, column: usize| {
        let row = &view.groups[row];
        let accuracy = &row.accuracy;
        match column {
            0 => Cell::new(&row.name),
            1 => Cell::new(match row.repeats {
                0 => accuracy.seeds.to_string(),
                repeats => format!("{} ({repeats} repeated)", accuracy.seeds),
            }),
            2 => Cell::strong(format::percent_spread(
                accuracy.mean.value,
                accuracy.standard_deviation,
            )),
            3 => Cell::new(format::percent_range(accuracy.lowest, accuracy.highest)),
            _ => Cell::new(format!(
                "{:.3} ± {:.3}",
                row.macro_f1.mean.value, row.macro_f1.standard_deviation
            )),
        }
    };
    Table::new("Several seeds", &heads, view.groups.len(), &cell).show(ui);
    ui.add_space(tokens::SPACE_M);
}

pub(super) fn runs_ui(ui: &mut egui::Ui, view: &ResultsView) {
    let heads = [
        Head::text("Run", "The run's name"),
        Head::number(
            "Accuracy",
            "Share of test pictures that are classified correctly",
        ),
        Head::number(
            "95 % interval",
            "Wilson's interval: where the true accuracy lies, as far as this many pictures can tell",
        ),
        Head::number(
            "Macro-F1",
            "F1 averaged over classes, each counting the same",
        ),
        Head::number(
            "Loss",
            "Mean cross-entropy per test picture; lower is better",
        ),
        Head::number("Time", "For the whole run"),
        Head::number(
            "Memory",
            "The most that the process held while it trained, and what was forecast before",
        ),
        Head::number(
            "Trainable",
            "Parameters that were trained in the last phase",
        ),
        Head::number("Pictures", "Number of test pictures"),
        Head::text("Backbone", "The pre-trained network").widest(220.0),
    ];
    let cell = |row: usize, column: usize| {
        let row = &view.rows[row];
        match column {
            0 => Cell {
                dot: Some(tokens::run_color(row.color)),
                tooltip: if row.comparable {
                    String::new()
                } else {
                    format!("{}: tested on other pictures than the rest", row.name)
                },
                ..Cell::new(&row.name)
            },
            1 => Cell::strong(format::percent(row.accuracy)),
            2 => Cell::new(format::percent_range(row.interval.0, row.interval.1)),
            3 => Cell::new(format!("{:.3}", row.macro_f1)),
            4 => Cell::new(format!("{:.3}", row.loss)),
            5 => Cell::new(format::short_duration(row.seconds)),
            6 => Cell::new(row.memory.as_deref().unwrap_or("–"))
                .tooltip(row.memory_details.as_deref().unwrap_or_default()),
            7 => Cell::new(format::compact(row.trainable)),
            8 => Cell::new(format::thousands(row.n as u64)),
            _ => Cell::muted(&row.backbone),
        }
    };
    let faded = |row: usize| !view.rows[row].comparable;
    Table::new("Results", &heads, view.rows.len(), &cell)
        .faded(&faded)
        .show(ui);
}
