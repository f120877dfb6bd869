//! The classification report as a table that sorts; hundreds of classes scroll.

use eframe::egui;
use egui_extras::{Column, TableBuilder};

use super::view::{EvaluationBody, ReportLine};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::format;

/// Rows that are in sight without scrolling, at most.
const ROWS: usize = 12;

/// How the report is sorted.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReportLocal {
    /// Column and whether the largest stand first; the order of the matrix while absent.
    sort: Option<(usize, bool)>,
}

const COLUMNS: [(&str, &str); 5] = [
    ("Class", "Sort by name"),
    (
        "Precision",
        "Of the pictures taken for this class, the share that belongs to it",
    ),
    (
        "Recall",
        "Of the pictures of this class, the share that was recognised",
    ),
    ("F1", "The harmonic mean of precision and recall"),
    ("Support", "Pictures of this class"),
];

impl ReportLocal {
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

pub fn report_ui(ui: &mut egui::Ui, body: &EvaluationBody, local: &mut ReportLocal) {
    ui.spacing_mut().item_spacing = egui::vec2(tokens::SPACE_S, tokens::SPACE_XS);
    ui.label(tokens::semibold("Classification report").size(tokens::TEXT_LARGE));
    let lines = local.sorted(&body.report);
    let height = tokens::ROW_HEIGHT;
    let rows = lines.len().min(ROWS) as f32;
    let room = rows * (height + ui.spacing().item_spacing.y);
    let numbers = ((ui.available_width() - 92.0) / 4.0 - tokens::SPACE_S).clamp(52.0, 72.0);
    let name = (ui.available_width() - 4.0 * (numbers + tokens::SPACE_S) - 2.0).max(70.0);
    TableBuilder::new(ui)
        .id_salt("classification report")
        .striped(true)
        .auto_shrink([false, true])
        .min_scrolled_height(room)
        .max_scroll_height(room)
        .column(Column::exact(name).clip(true))
        .columns(Column::exact(numbers).clip(true), 4)
        .header(height, |mut header| {
            for (column, (title, tooltip)) in COLUMNS.iter().enumerate() {
                header.col(|ui| heading_ui(ui, local, column, title, tooltip));
            }
        })
        .body(|table| {
            table.rows(height, lines.len(), |mut row| {
                let line = lines[row.index()];
                row.col(|ui| {
                    ui.add(egui::Label::new(&line.name).truncate())
                        .on_hover_text(&line.name);
                });
                for text in numbers_of(line) {
                    row.col(|ui| {
                        ui.label(text);
                    });
                }
            });
        });
    // Averages stay in sight while classes scroll.
    ui.separator();
    TableBuilder::new(ui)
        .id_salt("averages")
        .vscroll(false)
        .column(Column::exact(name).clip(true))
        .columns(Column::exact(numbers).clip(true), 4)
        .body(|table| {
            table.rows(height, body.averages.len(), |mut row| {
                let line = &body.averages[row.index()];
                row.col(|ui| {
                    ui.add(egui::Label::new(tokens(ui).muted(&line.name)).truncate())
                        .on_hover_text(&line.name);
                });
                for text in numbers_of(line) {
                    row.col(|ui| {
                        ui.label(tokens::medium(text));
                    });
                }
            });
        });
}

fn numbers_of(line: &ReportLine) -> [String; 4] {
    [
        format!("{:.3}", line.precision),
        format!("{:.3}", line.recall),
        format!("{:.3}", line.f1),
        format::thousands(line.support),
    ]
}

fn heading_ui(
    ui: &mut egui::Ui,
    local: &mut ReportLocal,
    column: usize,
    title: &str,
    tooltip: &str,
) {
    let mark = match local.sort {
        Some((sorted, true)) if sorted == column => icon::CARET_DOWN,
        Some((sorted, false)) if sorted == column => icon::CARET_UP,
        _ => "",
    };
    let text = tokens(ui).small(format!("{title} {mark}"));
    let button = egui::Button::new(text).frame_when_inactive(false);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 0.0;
        ui.add(button)
    });
    let response = response
        .inner
        .accessible_name(format!("Sort by {}", title.to_lowercase()));
    if response
        .on_hover_text(format!("{tooltip}. Click to sort"))
        .clicked()
    {
        // Numbers begin with the smallest: the worst classes are what one looks for.
        local.sort = match local.sort {
            Some((sorted, false)) if sorted == column => Some((column, true)),
            Some((sorted, true)) if sorted == column => None,
            _ => Some((column, false)),
        };
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
        assert_eq!(names(ReportLocal::default()), "bac");
        assert_eq!(
            names(ReportLocal {
                sort: Some((2, false))
            }),
            "acb"
        );
        assert_eq!(
            names(ReportLocal {
                sort: Some((4, true))
            }),
            "acb"
        );
        assert_eq!(
            names(ReportLocal {
                sort: Some((0, false))
            }),
            "abc"
        );
    }
}
