//! The first rows of a table, with what each of its columns is used for: one click changes it.

use std::path::Path;
use std::sync::Arc;

use eframe::egui::{self, RichText};

use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::editor::{Draft, EditorView};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::scan::{ColumnPreview, TablePreview};
use crate::experiment::{DataSource, SplitPart};

/// Encodings that are offered; others can be written into the preset.
const ENCODINGS: [&str; 10] = [
    "UTF-8",
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "GBK",
    "Big5",
    "Shift_JIS",
    "EUC-KR",
    "UTF-16LE",
    "UTF-16BE",
];

const PARTS: [(SplitPart, &str); 4] = [
    (SplitPart::Train, "Training"),
    (SplitPart::Validation, "Validation"),
    (SplitPart::Test, "Test"),
    (SplitPart::Unused, "Not used"),
];

/// Plain data of the preview.
#[derive(Debug, Clone)]
pub struct TableView {
    editor: EditorView,
    preview: Result<Arc<TablePreview>, String>,
}

impl TableView {
    /// Nothing unless the experiment's pictures stand in a table that was looked at.
    pub fn build(state: &State) -> Option<Self> {
        let preview = preview_of(state)?;
        Some(Self {
            editor: EditorView::build(state)?,
            preview,
        })
    }
}

/// The preview of the table that the active experiment names. While another column is looked at, the last one stays.
pub fn preview_of(state: &State) -> Option<Result<Arc<TablePreview>, String>> {
    let DataSource::Table { file, .. } = &state.active_document()?.experiment.data.source else {
        return None;
    };
    let table = state.table.as_ref()?;
    match &table.source {
        DataSource::Table { file: of, .. } if of == file => Some(table.result.clone()),
        _ => None,
    }
}

/// What a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Paths,
    Classes,
    Split,
}

pub fn table_preview_ui(ui: &mut egui::Ui, view: &TableView, out: &mut Vec<Command>) {
    let mut draft = view.editor.draft();
    match &view.preview {
        Ok(preview) => {
            heading_ui(ui, preview, &mut draft);
            columns_ui(ui, preview, &mut draft);
            split_values_ui(ui, preview, &mut draft);
        }
        Err(reason) => {
            widgets::heading(ui, "Table");
            widgets::problem(ui, Some(reason));
            encoding_ui(ui, None, &mut draft);
        }
    }
    draft.finish(out);
}

fn heading_ui(ui: &mut egui::Ui, preview: &TablePreview, draft: &mut Draft<'_>) {
    let name = match &draft.experiment.data.source {
        DataSource::Table { file, .. } => file_name(file),
        _ => return,
    };
    widgets::heading(ui, "Table");
    let colors = tokens(ui);
    ui.horizontal_wrapped(|ui| {
        let rows = crate::format::plural(preview.count as u64, "row", "rows");
        ui.label(tokens::medium(name));
        ui.label(colors.muted(format!(
            "{rows}, of which the first are shown. Click under a column's name to say what the column is used for."
        )));
    });
    encoding_ui(ui, Some(preview.encoding), draft);
    ui.add_space(tokens::SPACE_XS);
}

fn file_name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// `found` is the encoding that the table was read in.
fn encoding_ui(ui: &mut egui::Ui, found: Option<&str>, draft: &mut Draft<'_>) {
    let DataSource::Table { encoding, .. } = &mut draft.experiment.data.source else {
        return;
    };
    let before = encoding.clone();
    let tooltip = "Text encoding of the table: if names look wrong, choose another";
    ui.horizontal(|ui| {
        ui.label("Encoding");
        let automatic = found.map_or_else(
            || "Automatic".to_owned(),
            |found| format!("Automatic ({found})"),
        );
        let shown = encoding.clone().unwrap_or_else(|| automatic.clone());
        egui::ComboBox::from_id_salt("encoding")
            .selected_text(shown)
            .width(220.0)
            .show_ui(ui, |ui| {
                let name = if encoding.is_some() {
                    "Automatic"
                } else {
                    &automatic
                };
                ui.selectable_value(encoding, None, name);
                for name in ENCODINGS {
                    ui.selectable_value(encoding, Some(name.to_owned()), name);
                }
            })
            .response
            .accessible_name("Encoding")
            .on_hover_text(tooltip);
    });
    let changed = *encoding != before;
    draft.touched(changed, "table encoding");
}

fn columns_ui(ui: &mut egui::Ui, preview: &TablePreview, draft: &mut Draft<'_>) {
    egui::ScrollArea::horizontal()
        .id_salt("table preview")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            egui::Grid::new("table preview")
                .striped(true)
                .spacing([tokens::SPACE_L, tokens::SPACE_XS])
                .show(ui, |ui| {
                    for column in &preview.columns {
                        head_ui(ui, preview, column, draft);
                    }
                    ui.end_row();
                    let used: Vec<bool> = preview
                        .columns
                        .iter()
                        .map(|column| {
                            !uses(&draft.experiment.data.source, preview, column).is_empty()
                        })
                        .collect();
                    let colors = tokens(ui);
                    for row in &preview.rows {
                        for (cell, used) in row.iter().zip(&used) {
                            let color = if *used {
                                colors.text
                            } else {
                                colors.text_muted
                            };
                            let label = egui::Label::new(RichText::new(cell).color(color))
                                .wrap_mode(egui::TextWrapMode::Extend);
                            ui.add(label);
                        }
                        ui.end_row();
                    }
                });
        });
}

/// A column's name, what it holds, and what it can be used for.
fn head_ui(
    ui: &mut egui::Ui,
    preview: &TablePreview,
    column: &ColumnPreview,
    draft: &mut Draft<'_>,
) {
    let colors = tokens(ui);
    let used = uses(&draft.experiment.data.source, preview, column);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let name = tokens::semibold(&column.name);
        ui.add(
            egui::Label::new(if used.is_empty() {
                name
            } else {
                name.color(colors.accent)
            })
            .wrap_mode(egui::TextWrapMode::Extend),
        );
        ui.add(egui::Label::new(colors.small(&column.content)).wrap_mode(egui::TextWrapMode::Extend));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            for (of, text, says, tooltip) in [
                (Use::Paths, "Files", "picture files", "Its cells are the paths or file names of the pictures"),
                (Use::Classes, "Classes", "classes", "Its cells are the classes that the network learns to tell apart"),
                (Use::Split, "Split", "split", "Its cells say which pictures are for training, validation and test; click again to split at random"),
            ] {
                let selected = used.contains(&of);
                let label = ui.selectable_label(selected, RichText::new(text).size(tokens::TEXT_SMALL));
                let label = label
                    .accessible_name(format!("Use {} as {says}", column.name))
                    .on_hover_text(tooltip);
                if label.clicked() {
                    set_use(&mut draft.experiment.data, preview, column, of, selected);
                    // One step of undo each.
                    draft.touched_at(true, "table column", column.index * 3 + of as usize);
                }
            }
        });
        ui.add_space(tokens::SPACE_XS);
    });
}

fn uses(source: &DataSource, preview: &TablePreview, column: &ColumnPreview) -> Vec<Use> {
    let DataSource::Table {
        path_column,
        label_column,
        split_column,
        one_hot,
        ..
    } = source
    else {
        return Vec::new();
    };
    let is = |named: &crate::experiment::Column| preview.index_of(named) == Some(column.index);
    let mut uses = Vec::new();
    if is(path_column) {
        uses.push(Use::Paths);
    }
    if one_hot.iter().any(is) || one_hot.is_empty() && is(label_column) {
        uses.push(Use::Classes);
    }
    if split_column.as_ref().is_some_and(is) {
        uses.push(Use::Split);
    }
    uses
}

/// `selected` says that the column is used so already.
fn set_use(
    data: &mut crate::experiment::DataConfig,
    preview: &TablePreview,
    column: &ColumnPreview,
    of: Use,
    selected: bool,
) {
    let DataSource::Table {
        path_column,
        label_column,
        split_column,
        split_values,
        threshold,
        one_hot,
        ..
    } = &mut data.source
    else {
        return;
    };
    let chosen = column.column.clone();
    match of {
        Use::Paths => {
            // The two change places.
            if preview.index_of(label_column) == Some(column.index) {
                label_column.clone_from(path_column);
            }
            *path_column = chosen;
        }
        Use::Classes if selected && one_hot.is_empty() => {}
        Use::Classes => {
            if preview.index_of(path_column) == Some(column.index) {
                path_column.clone_from(label_column);
            }
            if split_column
                .as_ref()
                .and_then(|split| preview.index_of(split))
                == Some(column.index)
            {
                *split_column = None;
                split_values.clear();
            }
            *label_column = chosen;
            one_hot.clear();
            threshold.clone_from(&column.threshold);
            // Classes of another column are others.
            data.classes.clear();
        }
        Use::Split => {
            *split_column = (!selected).then_some(chosen);
            split_values.clear();
        }
    }
}

/// What the values of the split column mean, where they are few enough to say so.
fn split_values_ui(ui: &mut egui::Ui, preview: &TablePreview, draft: &mut Draft<'_>) {
    let DataSource::Table {
        split_column: Some(split_column),
        split_values,
        ..
    } = &mut draft.experiment.data.source
    else {
        return;
    };
    let column = preview
        .index_of(split_column)
        .and_then(|index| preview.columns.get(index));
    let Some(column) = column.filter(|column| !column.values.is_empty()) else {
        return;
    };
    let before = split_values.clone();
    ui.add_space(tokens::SPACE_S);
    ui.horizontal_wrapped(|ui| {
        ui.label(tokens(ui).muted(format!("Values of the split column {}", column.name)));
        for (value, told) in &column.values {
            let chosen = split_values.iter().find(|(of, _)| of == value);
            let mut part = chosen.map_or(*told, |(_, part)| Some(*part));
            let was = part;
            let shown = PARTS
                .iter()
                .find(|(of, _)| Some(*of) == part)
                .map_or("Choose…", |(_, name)| name);
            ui.label(value);
            egui::ComboBox::from_id_salt(("split value", value))
                .selected_text(shown)
                .width(96.0)
                .show_ui(ui, |ui| {
                    for (of, name) in PARTS {
                        ui.selectable_value(&mut part, Some(of), name);
                    }
                })
                .response
                .accessible_name(format!("Pictures of {value}"))
                .on_hover_text("The part of the split that pictures with this value belong to");
            if part != was
                && let Some(part) = part
            {
                set_value(split_values, column, value, part);
            }
            ui.add_space(tokens::SPACE_S);
        }
    });
    let changed = *split_values != before;
    draft.touched(changed, "split values");
    widgets::problem(ui, draft.problem("data.source.split_values"));
}

/// As soon as one value is told, all are: of folds the others are for training, other unknown ones are not used.
fn set_value(
    split_values: &mut Vec<(String, SplitPart)>,
    column: &ColumnPreview,
    value: &str,
    part: SplitPart,
) {
    let any_told = column.values.iter().any(|(_, told)| told.is_some());
    let rest = if any_told {
        SplitPart::Unused
    } else {
        SplitPart::Train
    };
    for (other, told) in &column.values {
        if !split_values.iter().any(|(of, _)| of == other) {
            split_values.push((other.clone(), told.unwrap_or(rest)));
        }
    }
    for (of, meaning) in split_values {
        if of == value {
            *meaning = part;
        }
    }
}

/// The other tables of the folder, each a click away.
pub(in crate::app) fn other_tables_ui(
    ui: &mut egui::Ui,
    preview: &TablePreview,
    draft: &mut Draft<'_>,
) {
    if preview.others.is_empty() {
        return;
    }
    ui.label(tokens(ui).muted("Other tables in this folder"));
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        for other in &preview.others {
            let button = egui::Button::new(format!("{} {}", icon::FILE_TEXT, other.name));
            let response = ui
                .add_enabled(other.source.is_some(), button)
                .accessible_name(format!("Use the table {}", other.name));
            let tooltip = match &other.against {
                Some(reason) => format!("Read this table instead, although {reason}"),
                None => "Read this table instead".to_owned(),
            };
            if response
                .on_hover_text(&tooltip)
                .on_disabled_hover_text(tooltip)
                .clicked()
            {
                chosen.clone_from(&other.source);
            }
        }
    });
    if let Some(source) = chosen {
        draft.experiment.data.source = source;
        draft.experiment.data.classes.clear();
        draft.touched(true, "other table");
    }
}
