//! Left side, for a table of pictures: which columns hold what, and the number that makes two classes.

use eframe::egui;

use crate::app::ui::editor::Draft;
use crate::app::ui::number_field::{NumberField, NumberResponse};
use crate::app::ui::widgets;
use crate::data::scan::ColumnPreview;
use crate::experiment::{Column, DataSource, Threshold};
use crate::format;

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

/// A column of the table: chosen among those that were found, else typed by its name or its number.
pub(in crate::app) fn column_ui(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    column: &mut Column,
    columns: &[ColumnPreview],
) {
    if columns.is_empty() {
        let tooltip = format!("{tooltip}. {TYPED}");
        if let Some(text) = text_field(ui, label, &tooltip, &column_text(column))
            && !text.trim().is_empty()
        {
            *column = column_of(&text);
        }
        return;
    }
    let selected = (columns.iter()).position(|found| is_column(found, column));
    let title = match selected {
        Some(index) => columns[index].name.clone(),
        None if column_text(column).is_empty() => "Choose a column".to_owned(),
        None => column_text(column),
    };
    if let Some(chosen) = widgets::choose(ui, label, tooltip, &title, selected, &options(columns)) {
        *column = columns[chosen].column.clone();
    }
}

/// How a column is typed.
const TYPED: &str = "Type its name in the header, or its number, counted from 1";

fn is_column(found: &ColumnPreview, column: &Column) -> bool {
    match column {
        Column::Name(name) => found.name == *name,
        Column::Index(index) => found.index == *index,
    }
}

/// Names of columns, each with what it holds.
fn options(columns: &[ColumnPreview]) -> Vec<(&str, &str)> {
    (columns.iter())
        .map(|column| (column.name.as_str(), column.content.as_str()))
        .collect()
}

/// The column of the split, or none.
fn split_column_ui(ui: &mut egui::Ui, column: &mut Option<Column>, columns: &[ColumnPreview]) {
    const LABEL: &str = "Split column";
    const NONE: &str = "None";
    let tooltip = "The column that says which pictures are for training, validation and the test; with none, the pictures are \
                   split at random";
    if columns.is_empty() {
        let shown = column.as_ref().map(column_text).unwrap_or_default();
        let tooltip = format!("{tooltip}. {TYPED}");
        if let Some(text) = text_field(ui, LABEL, &tooltip, &shown) {
            *column = (!text.trim().is_empty()).then(|| column_of(&text));
        }
        return;
    }
    let selected = match column {
        None => Some(0),
        Some(column) => (columns.iter())
            .position(|found| is_column(found, column))
            .map(|index| index + 1),
    };
    let mut options = options(columns);
    options.insert(0, (NONE, "Split the pictures at random"));
    let title = match (selected, column.as_ref()) {
        (Some(index), _) => options[index].0.to_owned(),
        (None, column) => column.map(column_text).unwrap_or_default(),
    };
    if let Some(chosen) = widgets::choose(ui, LABEL, tooltip, &title, selected, &options) {
        *column = chosen
            .checked_sub(1)
            .map(|index| columns[index].column.clone());
    }
}

/// Shows nothing for a source that is no table. `columns`: as far as the table was looked at.
pub(in crate::app) fn table_ui(
    ui: &mut egui::Ui,
    draft: &mut Draft<'_>,
    columns: &[ColumnPreview],
) {
    let before = draft.experiment.data.source.clone();
    let DataSource::Table {
        path_column,
        label_column,
        split_column,
        split_values,
        threshold,
        one_hot,
        ..
    } = &mut draft.experiment.data.source
    else {
        return;
    };
    widgets::heading(ui, "Columns of the table");
    let tooltip = "The column with the paths or file names of the pictures";
    column_ui(ui, "Picture column", tooltip, path_column, columns);
    let tooltip = "The column with the classes that the network learns to tell apart";
    if one_hot.is_empty() {
        let was = label_column.clone();
        column_ui(ui, "Class column", tooltip, label_column, columns);
        if *label_column != was {
            // Classes of another column are others.
            draft.experiment.data.classes.clear();
            let chosen = columns.iter().find(|found| found.column == *label_column);
            if let Some(chosen) = chosen {
                threshold.clone_from(&chosen.threshold);
            }
        }
    } else {
        let columns = format::count(one_hot.len(), "column", "columns");
        widgets::row(ui, "Class columns", tooltip, |ui| {
            let tooltip = "One column for each class, with a 1 for the pictures of that class. Click “Classes” under the name of another \
                           column in the Data view to use that instead";
            ui.label(columns).on_hover_text(tooltip);
        });
    }
    let was = split_column.clone();
    split_column_ui(ui, split_column, columns);
    if *split_column != was {
        split_values.clear();
    }
    let mut cuts = threshold.is_some();
    let tooltip = "Make two classes of a column of numbers: one for numbers from a threshold on, one for those below it (binarize)";
    if widgets::toggle(ui, "Two classes", tooltip, &mut cuts) {
        *threshold = cuts.then(Threshold::default);
    }
    let limit = threshold.as_ref().map(|threshold| threshold.at_least);
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
    if let Some(limit) = limit {
        draft.experiment.follow_threshold(limit);
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
