//! Tables of the comparison: results, settings that differ, reports.

use eframe::egui;

use super::rows::RESULT_COLUMNS;
use super::view::{CompareBody, Named};
use crate::app::ui::table::{Cell, Head, Table, Weight};
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::format;

/// Classes that are in sight without scrolling, at most.
const ROWS: usize = 12;

pub fn results_ui(ui: &mut egui::Ui, body: &CompareBody) {
    let mut heads = vec![Head::text(
        "Run",
        "The run, or several seeds of one experiment",
    )];
    heads.extend(RESULT_COLUMNS.map(|(title, tooltip)| Head::number(title, tooltip)));
    let cell = |row: usize, column: usize| {
        let row = &body.results[row];
        if column == 0 {
            let weight = if row.color.is_none() {
                Weight::Strong
            } else {
                Weight::Plain
            };
            return Cell {
                weight,
                dot: row.color.map(tokens::run_color),
                is_indented: row.of_group,
                ..Cell::new(&row.name).tooltip(&row.tooltip)
            };
        }
        let value = row.values.get(column - 1).cloned().unwrap_or_default();
        match column {
            _ if row.of_group => Cell::muted(value),
            1 => Cell::strong(value),
            _ => Cell::new(value),
        }
    };
    Table::new("Results", &heads, body.results.len(), &cell).show(ui);
    let several = body.results.iter().any(|row| row.color.is_none());
    let mut text = format!(
        "{}, the same for every run.",
        format::plural(body.pictures as u64, "test picture", "test pictures")
    );
    if several {
        text.push_str(
            " A line of several seeds gives mean ± standard deviation, and the lowest and highest accuracy in place of the \
             interval.",
        );
    }
    widgets::note(ui, &text);
}

pub fn settings_ui(ui: &mut egui::Ui, body: &CompareBody) {
    if body.settings.is_empty() {
        let text = "None: the runs carry out the same experiment with the same seed.";
        ui.label(tokens(ui).muted(text));
        return;
    }
    let mut heads = vec![
        Head::text(
            "Setting",
            "A setting of the experiment in which the runs differ",
        )
        .widest(280.0),
    ];
    let head = |run: &Named| {
        Head::text(&run.name, "")
            .dot(tokens::run_color(run.color))
            .widest(260.0)
    };
    heads.extend(body.runs.iter().map(head));
    let cell = |row: usize, column: usize| {
        let row = &body.settings[row];
        match column {
            0 => Cell::muted(&row.field),
            _ => Cell::new(row.values.get(column - 1).cloned().unwrap_or_default()),
        }
    };
    Table::new("Settings that differ", &heads, body.settings.len(), &cell).show(ui);
}

/// Precision, recall and F1 of each class in every run; hundreds of classes scroll.
pub fn report_ui(ui: &mut egui::Ui, body: &CompareBody) {
    let mut heads = vec![
        Head::text("Class", "The class, and averages over all of them").widest(220.0),
        Head::number("Support", "Test pictures of this class"),
    ];
    for group in 0..body.runs.len() {
        let columns = [
            (
                "Precision",
                "Of the pictures predicted as this class, the share that belongs to it",
            ),
            (
                "Recall",
                "Of the pictures of this class, the share that is predicted as it",
            ),
            (
                "F1",
                "The harmonic mean of precision and recall; the highest of the runs is strong",
            ),
        ];
        heads.extend(columns.map(|(title, what)| Head::number(title, what).of_group(group)));
    }
    let groups: Vec<(String, egui::Color32)> = (body.runs.iter())
        .map(|run| (run.name.clone(), tokens::run_color(run.color)))
        .collect();
    let cell = |row: usize, column: usize| {
        let line = &body.report[row];
        let Some(number) = column.checked_sub(2) else {
            return match column {
                0 => Cell::new(&line.class),
                _ => Cell::muted(format::thousands(line.support)),
            };
        };
        let Some(Some(values)) = line.values.get(number / 3) else {
            return Cell::muted("–");
        };
        let text = format!("{:.3}", values[number % 3]);
        if number % 3 < 2 {
            return Cell::muted(text);
        }
        if line.best.is_some_and(|best| values[2] >= best) {
            Cell::strong(text)
        } else {
            Cell::new(text)
        }
    };
    Table::new("Classification reports", &heads, body.report.len(), &cell)
        .groups(&groups)
        .most_rows(ROWS)
        .contents(body.stamp)
        .show(ui);
}
