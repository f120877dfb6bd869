//! Left side, for a table of pictures: which columns hold what, and the number that makes two classes.

use eframe::egui;

use crate::app::ui::editor::Draft;
use crate::app::ui::number_field::{NumberField, NumberResponse};
use crate::app::ui::widgets;
use crate::experiment::{Column, DataSource, Threshold};

/// What a person types for a column: its header's name, or its number counted from 1.
pub(in crate::app) fn column_text(column: &Column) -> String {
    match column {
        Column::Name(name) => name.clone(),
        Column::Index(index) => (index + 1).to_string(),
    }
}

pub(in crate::app) fn column_of(text: &str) -> Column {
    match text.trim().parse::<usize>() {
        Ok(number @ 1..) => Column::Index(number - 1),
        _ => Column::Name(text.trim().to_owned()),
    }
}

/// A field for text that takes effect when it is left, so that half a name starts no scan.
pub(in crate::app) fn text_field(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &str,
) -> Option<String> {
    widgets::row(ui, label, tooltip, |ui| {
        widgets::typed(ui, label, value, |ui, text| {
            let field = egui::TextEdit::singleline(text).desired_width(f32::INFINITY);
            ui.add(field).accessible_name(label).on_hover_text(tooltip)
        })
    })
}

fn column_field(ui: &mut egui::Ui, label: &str, of: &str, column: &mut Column) {
    let tooltip =
        format!("The column of {of}: its name in the header, or its number, counted from 1");
    if let Some(text) = text_field(ui, label, &tooltip, &column_text(column))
        && !text.trim().is_empty()
    {
        *column = column_of(&text);
    }
}

/// Shows nothing for a source that is no table.
pub(in crate::app) fn table_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let before = draft.experiment.data.source.clone();
    let DataSource::Table {
        path_column,
        label_column,
        split_column,
        threshold,
        ..
    } = &mut draft.experiment.data.source
    else {
        return;
    };
    widgets::heading(ui, "Table");
    column_field(ui, "Paths", "picture paths", path_column);
    column_field(ui, "Classes", "classes", label_column);
    let shown = split_column.as_ref().map(column_text).unwrap_or_default();
    let tooltip = "The column that says train, validation or test: its name in the header, or its number, counted from 1. Empty: pictures are split at random";
    if let Some(text) = text_field(ui, "Split", tooltip, &shown) {
        *split_column = (!text.trim().is_empty()).then(|| column_of(&text));
    }
    let mut cuts = threshold.is_some();
    let tooltip = "Make two classes of a column of numbers: at or above a threshold, and below it";
    if widgets::toggle(ui, "Binarize", tooltip, &mut cuts) {
        *threshold = cuts.then(Threshold::default);
    }
    if let Some(threshold) = threshold {
        let tooltip = "Numbers from this one on belong to the upper class";
        widgets::number_row(ui, "Threshold", tooltip, |ui| {
            let any = f64::MIN..=f64::MAX;
            let field = NumberField::new("Threshold", &mut threshold.at_least, any)
                .decimals(6)
                .tooltip(tooltip);
            let NumberResponse { response, refused } = field.show(ui);
            (response.changed(), refused)
        });
        let tooltip = "The name of the class at or above the threshold";
        if let Some(name) = text_field(ui, "Upper class", tooltip, &threshold.above) {
            threshold.above = name.trim().to_owned();
        }
        let tooltip = "The name of the class below the threshold";
        if let Some(name) = text_field(ui, "Lower class", tooltip, &threshold.below) {
            threshold.below = name.trim().to_owned();
        }
    }
    let changed = draft.experiment.data.source != before;
    draft.touched(changed, "table");
    for field in ["at_least", "above", "below"] {
        let field = format!("data.source.threshold.{field}");
        widgets::problem(ui, draft.problem(&field));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_names_or_numbers_from_one() {
        for (text, column) in [
            ("1", Column::Index(0)),
            ("12", Column::Index(11)),
            ("label", Column::Name("label".into())),
            ("0", Column::Name("0".into())),
        ] {
            assert_eq!(column_of(text), column);
            assert_eq!(column_text(&column), text);
        }
    }
}
