//! The classification report as a table that sorts; hundreds of classes scroll.

use eframe::egui;

use super::view::{EvaluationBody, ReportLine};
use crate::app::ui::names::shown_name;
use crate::app::ui::table::{Cell, Head, Table, next_order};
use crate::app::ui::{tokens, widgets};
use crate::format;

/// Rows that are in sight without scrolling, at most.
const ROWS: usize = 12;

/// How the report is sorted.
#[derive(Debug, Clone, Copy)]
pub struct ReportLocal {
    /// Column and whether the largest stand first; the order of the matrix while absent.
    sort: Option<(usize, bool)>,
}

impl Default for ReportLocal {
    /// Classes with the lowest F1 first: they are what one looks for.
    fn default() -> Self {
        Self {
            sort: Some((3, false)),
        }
    }
}

const COLUMNS: [(&str, &str); 5] = [
    ("Class", "The name of the class"),
    (
        "Precision",
        "Of the pictures predicted as this class, the share that belongs to it",
    ),
    (
        "Recall",
        "Of the pictures of this class, the share that is predicted as it",
    ),
    ("F1", "The harmonic mean of precision and recall"),
    ("Support", "Pictures of this class"),
];

impl ReportLocal {
    /// After a click on a head: numbers begin with the smallest, then the largest stand first, then the matrix's order.
    fn sort_by(&mut self, column: usize) {
        self.sort = next_order(self.sort, column, false);
    }

    /// Lines in the order that was chosen.
    fn sorted<'a>(&self, lines: &'a [ReportLine]) -> Vec<&'a ReportLine> {
        let mut sorted: Vec<&ReportLine> = lines.iter().collect();
        let Some((column, descending)) = self.sort else {
            return sorted;
        };
        let number = |line: &ReportLine| match column {
            1 => line.precision,
            2 => line.recall,
            3 => line.f1,
            _ => line.support as f64,
        };
        sorted.sort_by(|a, b| {
            let order = if column == 0 {
                a.name.cmp(&b.name)
            } else {
                number(a).total_cmp(&number(b))
            };
            if descending { order.reverse() } else { order }
        });
        sorted
    }
}

/// The report; the class whose pictures were asked for.
pub fn report_ui(
    ui: &mut egui::Ui,
    body: &EvaluationBody,
    local: &mut ReportLocal,
) -> Option<String> {
    ui.spacing_mut().item_spacing = egui::vec2(tokens::SPACE_S, tokens::SPACE_XS);
    ui.label(tokens::semibold("Classes").size(tokens::TEXT_LARGE))
        .on_hover_text("The classification report, the classes with the lowest F1 first");
    let lines = local.sorted(&body.report);
    let heads: Vec<Head> = (COLUMNS.iter().enumerate())
        .map(|(column, (title, tooltip))| match column {
            0 => Head::text(*title, *tooltip),
            _ => Head::number(*title, *tooltip),
        })
        .collect();
    let cell = |row: usize, column: usize| cell(lines[row], column);
    let action = |row: usize| format!("Show the pictures of {} in the gallery", lines[row].name);
    let response = Table::new("Classification report", &heads, lines.len(), &cell)
        .most_rows(ROWS)
        .sorted(local.sort)
        .action(&action)
        .contents(body.matrix.stamp)
        .show(ui);
    let class = response.row.map(|row| lines[row].name.clone());
    if let Some(column) = response.head {
        local.sort_by(column);
    }
    // Averages stay in sight while classes scroll.
    ui.separator();
    averages_ui(ui, body);
    class
}

/// In words and numbers: as columns of their own they would not stand under those of the classes.
fn averages_ui(ui: &mut egui::Ui, body: &EvaluationBody) {
    for line in &body.averages {
        let text = format!(
            "{}: precision {:.3}, recall {:.3}, F1 {:.3}",
            line.name, line.precision, line.recall, line.f1
        );
        widgets::note(ui, &text);
    }
}

fn cell(line: &ReportLine, column: usize) -> Cell {
    match column {
        0 => Cell::new(shown_name(&line.name)),
        1 => Cell::new(format!("{:.3}", line.precision)),
        2 => Cell::new(format!("{:.3}", line.recall)),
        3 => Cell {
            bar: Some(line.f1 as f32),
            ..Cell::strong(format!("{:.3}", line.f1))
        },
        _ => Cell::muted(format::thousands(line.support)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_classes_come_first_and_the_third_click_lets_go() {
        let line = |name: &str, recall, support| ReportLine {
            name: name.into(),
            precision: 0.5,
            recall,
            f1: 0.5,
            support,
        };
        let lines = [line("b", 0.9, 3), line("a", 0.4, 7), line("c", 0.7, 5)];
        let names = |local: ReportLocal| -> String {
            local
                .sorted(&lines)
                .iter()
                .map(|line| line.name.as_str())
                .collect()
        };
        assert_eq!(names(ReportLocal { sort: None }), "bac");
        let mut local = ReportLocal::default();
        assert_eq!(local.sort, Some((3, false)), "the lowest F1 first");
        local.sort_by(2);
        assert_eq!(names(local), "acb");
        local.sort_by(2);
        assert_eq!(names(local), "bca");
        local.sort_by(2);
        assert_eq!(names(local), "bac");
        local.sort_by(4);
        local.sort_by(4);
        assert_eq!(names(local), "acb");
        local.sort_by(0);
        assert_eq!(names(local), "abc");
    }
}
