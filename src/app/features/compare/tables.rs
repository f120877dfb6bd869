//! Tables of the comparison: results, settings that differ, reports.

use eframe::egui::{self, vec2};
use egui_extras::{Column, TableBuilder};

use super::rows::RESULT_COLUMNS;
use super::view::CompareBody;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::format;

pub fn results_ui(ui: &mut egui::Ui, body: &CompareBody) {
    let colors = tokens(ui);
    egui::ScrollArea::horizontal()
        .id_salt("results")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            egui::Grid::new("results")
                .striped(true)
                .spacing(vec2(tokens::SPACE_L, tokens::SPACE_XS))
                .show(ui, |ui| {
                    ui.label(colors.small("Run"));
                    for (title, tooltip) in RESULT_COLUMNS {
                        ui.label(colors.small(title)).on_hover_text(tooltip);
                    }
                    ui.end_row();
                    for row in &body.results {
                        ui.horizontal(|ui| {
                            ui.spacing_mut().item_spacing.x = tokens::SPACE_XS;
                            if row.of_group {
                                ui.add_space(tokens::SPACE_M);
                            }
                            if let Some(color) = row.color {
                                widgets::dot(ui, tokens::run_color(color));
                                ui.label(&row.name).on_hover_text(&row.tooltip);
                            } else {
                                ui.label(tokens::semibold(&row.name))
                                    .on_hover_text(&row.tooltip);
                            }
                        });
                        for (column, value) in row.values.iter().enumerate() {
                            let strong = column == 0 && !row.of_group;
                            ui.label(if strong {
                                tokens::semibold(value)
                            } else if row.of_group {
                                colors.muted(value)
                            } else {
                                egui::RichText::new(value)
                            });
                        }
                        ui.end_row();
                    }
                });
        });
    let text = format!(
        "{}, the same for every run. A line of several seeds gives mean ± standard deviation, and the lowest and \
         highest accuracy in place of the interval.",
        format::plural(body.pictures as u64, "test picture", "test pictures")
    );
    widgets::note(ui, &text);
}

pub fn settings_ui(ui: &mut egui::Ui, body: &CompareBody) {
    let colors = tokens(ui);
    if body.settings.is_empty() {
        ui.label(colors.muted("None: the runs carry out the same experiment with the same seed."));
        return;
    }
    egui::ScrollArea::horizontal()
        .id_salt("settings")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            egui::Grid::new("settings")
                .striped(true)
                .spacing(vec2(tokens::SPACE_L, tokens::SPACE_XS))
                .max_col_width(220.0)
                .show(ui, |ui| {
                    ui.label(colors.small("Setting"))
                        .on_hover_text("As the preset names it");
                    for run in &body.runs {
                        widgets::run_mark(ui, tokens::run_color(run.color), &run.name);
                    }
                    ui.end_row();
                    for row in &body.settings {
                        ui.label(&row.field);
                        for value in &row.values {
                            ui.add(egui::Label::new(value).truncate())
                                .on_hover_text(value);
                        }
                        ui.end_row();
                    }
                });
        });
}

/// Width of one number of a report, in points.
const NUMBER: f32 = 60.0;

/// One cell of a report: three texts above one another's columns.
fn three_ui<T: Into<egui::WidgetText>>(ui: &mut egui::Ui, texts: [T; 3]) {
    ui.spacing_mut().item_spacing.x = 0.0;
    ui.horizontal(|ui| {
        for text in texts {
            let size = vec2(NUMBER, ui.available_height());
            ui.allocate_ui_with_layout(
                size,
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    ui.set_min_width(NUMBER);
                    ui.label(text);
                },
            );
        }
    });
}

/// Precision, recall and F1 of each class in every run; hundreds of classes scroll.
pub fn report_ui(ui: &mut egui::Ui, body: &CompareBody) {
    let colors = tokens(ui);
    let height = tokens::ROW_HEIGHT;
    let rows = body.report.len().min(12) as f32;
    let shown = rows * (height + ui.spacing().item_spacing.y);
    egui::ScrollArea::horizontal()
        .id_salt("report")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            let mut table = TableBuilder::new(ui)
                .id_salt("report")
                .striped(true)
                .auto_shrink([true, true])
                .min_scrolled_height(shown)
                .max_scroll_height(shown)
                .column(Column::exact(130.0).clip(true))
                .column(Column::exact(70.0));
            for _ in &body.runs {
                table = table.column(Column::exact(NUMBER * 3.0 + tokens::SPACE_S).clip(true));
            }
            table
                .header(height * 2.0, |mut header| {
                    header.col(|ui| {
                        ui.label(colors.small("Class"));
                    });
                    header.col(|ui| {
                        ui.label(colors.small("Support"))
                            .on_hover_text("Test pictures of this class");
                    });
                    for run in &body.runs {
                        header.col(|ui| {
                            ui.vertical(|ui| {
                                widgets::run_mark(ui, tokens::run_color(run.color), &run.name);
                                three_ui(
                                    ui,
                                    ["Precision", "Recall", "F1"].map(|t| colors.small(t)),
                                );
                            });
                        });
                    }
                })
                .body(|table| {
                    table.rows(height, body.report.len(), |mut row| {
                        let line = &body.report[row.index()];
                        row.col(|ui| {
                            ui.add(egui::Label::new(&line.class).truncate())
                                .on_hover_text(&line.class);
                        });
                        row.col(|ui| {
                            ui.label(format::thousands(line.support));
                        });
                        let best = line
                            .values
                            .iter()
                            .flatten()
                            .map(|values| values[2])
                            .fold(f64::NEG_INFINITY, f64::max);
                        for values in &line.values {
                            row.col(|ui| match values {
                                Some([precision, recall, f1]) => {
                                    let is_best = *f1 >= best && line.values.len() > 1;
                                    let text = format!("{f1:.3}");
                                    let f1 = if is_best {
                                        tokens::semibold(text)
                                    } else {
                                        egui::RichText::new(text)
                                    };
                                    let muted = |value: &f64| colors.muted(format!("{value:.3}"));
                                    three_ui(ui, [muted(precision), muted(recall), f1]);
                                }
                                None => {
                                    ui.label(colors.muted("–"));
                                }
                            });
                        }
                    });
                });
        });
}
