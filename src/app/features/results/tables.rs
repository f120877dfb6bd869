//! Tables of the results: experiments with several seeds, and every run.

use eframe::egui;

use super::view::{ResultRow, ResultsView};
use crate::app::core::command::Command;
use crate::app::ui::table::{Cell, Head, Table};
use crate::app::ui::tokens;
use crate::app::ui::widgets;
use crate::format;
use crate::models::catalogue;

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

/// A column of the table of runs.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Run,
    Accuracy,
    Interval,
    MacroF1,
    Loss,
    Time,
    Memory,
    Trainable,
    Pictures,
    Backbone,
}

impl Column {
    fn head(self) -> Head {
        match self {
            Self::Run => Head::text("Run", "The run's name"),
            Self::Accuracy => Head::number(
                "Accuracy",
                "Share of test pictures that are classified correctly",
            ),
            Self::Interval => Head::number(
                "95 % interval",
                "Where the true accuracy lies, as far as this many test pictures can tell: Wilson's interval, or a bootstrap of groups where \
             pictures belong to groups",
            ),
            Self::MacroF1 => Head::number(
                "Macro-F1",
                "F1 averaged over classes, each counting the same",
            ),
            Self::Loss => Head::number(
                "Loss",
                "Mean cross-entropy per test picture; lower is better",
            ),
            Self::Time => Head::number("Time", "For the whole run"),
            Self::Memory => Head::number(
                "Memory",
                "The most that the process held while it trained, and what was forecast before",
            ),
            Self::Trainable => Head::number(
                "Trainable",
                "Parameters that were trained in the last phase",
            ),
            Self::Pictures => Head::number("Pictures", "Number of test pictures"),
            Self::Backbone => Head::text("Backbone", "The pre-trained network").widest(220.0),
        }
    }

    fn cell(self, row: &ResultRow) -> Cell {
        match self {
            Self::Run => Cell {
                dot: Some(tokens::run_color(row.color)),
                tooltip: if row.comparable {
                    format!("{}, {}", row.name, row.backbone)
                } else {
                    format!("{}: tested on other pictures than the rest", row.name)
                },
                ..Cell::new(&row.name)
            },
            Self::Accuracy => Cell::strong(format::percent(row.accuracy)),
            Self::Interval => Cell::new(row.interval.map_or_else(
                || "–".to_owned(),
                |interval| format::percent_range(interval.low, interval.high),
            )),
            Self::MacroF1 => Cell::new(format!("{:.3}", row.macro_f1)),
            Self::Loss => Cell::new(format!("{:.3}", row.loss)),
            Self::Time => Cell::new(format::duration(row.seconds)),
            Self::Memory => Cell::new(row.memory.as_deref().unwrap_or("–"))
                .tooltip(row.memory_details.as_deref().unwrap_or_default()),
            Self::Trainable => Cell::new(format::magnitude(row.trainable)),
            Self::Pictures => Cell::new(format::thousands(row.n as u64)),
            Self::Backbone => Cell::muted(&row.backbone),
        }
    }
}

/// Every run; what is the same for all of them is said once below.
pub(super) fn runs_ui(ui: &mut egui::Ui, view: &ResultsView, out: &mut Vec<Command>) {
    let Some(first) = view.rows.first() else {
        return;
    };
    let same_pictures = view.rows.iter().all(|row| row.n == first.n);
    let same_backbone = view.rows.iter().all(|row| row.backbone == first.backbone);
    let mut columns = vec![
        Column::Run,
        Column::Accuracy,
        Column::Interval,
        Column::MacroF1,
        Column::Loss,
        Column::Time,
        Column::Memory,
        Column::Trainable,
    ];
    columns.extend((!same_pictures).then_some(Column::Pictures));
    columns.extend((!same_backbone).then_some(Column::Backbone));
    let heads: Vec<Head> = columns.iter().map(|column| column.head()).collect();
    let cell = |row: usize, column: usize| columns[column].cell(&view.rows[row]);
    let faded = |row: usize| !view.rows[row].comparable;
    let selected = |row: usize| view.rows[row].selected;
    let action = |row: usize| format!("Select {}", view.rows[row].name);
    let response = Table::new("Results", &heads, view.rows.len(), &cell)
        .faded(&faded)
        .selected(&selected)
        .action(&action)
        .show(ui);
    if let Some(row) = response.row {
        out.push(Command::SelectRun(view.rows[row].id.clone()));
    }
    let mut same = Vec::new();
    if same_pictures {
        let pictures = format::plural(first.n as u64, "test picture", "test pictures");
        same.push(pictures);
    }
    if same_backbone {
        same.push(catalogue::title(&first.backbone));
    }
    if !same.is_empty() && view.rows.len() > 1 {
        widgets::note(ui, &format!("All of these runs: {}.", same.join(", ")));
    } else if !same.is_empty() {
        widgets::note(ui, &format!("This run: {}.", same.join(", ")));
    }
}
