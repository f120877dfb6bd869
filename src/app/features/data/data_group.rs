//! What a split keeps together: pictures of one patient, cell or video.

use eframe::egui;

use super::data_table::{column_ui, text_field};
use crate::app::ui::editor::Draft;
use crate::app::ui::widgets;
use crate::data::scan::{ColumnPreview, names_a_thing};
use crate::experiment::{Column, DataSource, GroupBy, bounds};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupingKind {
    Nothing,
    Folder,
    Pattern,
    Column,
}

/// What a pattern starts from: a name's first part, up to a digit's end.
const FIRST_PATTERN: &str = r"^([A-Za-z]*\d+)[_-]";

fn kind(group: Option<&GroupBy>) -> GroupingKind {
    match group {
        None => GroupingKind::Nothing,
        Some(GroupBy::Folder(_)) => GroupingKind::Folder,
        Some(GroupBy::Pattern(_)) => GroupingKind::Pattern,
        Some(GroupBy::Column(_)) => GroupingKind::Column,
    }
}

/// The column that seems to hold what belongs together, by its name: `patient`, `patient_id`, `PatientID`.
fn likely(columns: &[ColumnPreview]) -> Option<Column> {
    let found = columns.iter().find(|column| names_a_thing(&column.name))?;
    Some(found.column.clone())
}

fn first(kind: GroupingKind, columns: &[ColumnPreview]) -> Option<GroupBy> {
    match kind {
        GroupingKind::Nothing => None,
        GroupingKind::Folder => Some(GroupBy::Folder(1)),
        GroupingKind::Pattern => Some(GroupBy::Pattern(FIRST_PATTERN.to_owned())),
        // Without a likely one, the person chooses: any column would seem to do.
        GroupingKind::Column => Some(GroupBy::Column(
            likely(columns).unwrap_or_else(|| Column::Name(String::new())),
        )),
    }
}

/// `columns`: of the table that the pictures stand in, as far as it was looked at.
pub(in crate::app) fn group_ui(
    ui: &mut egui::Ui,
    draft: &mut Draft<'_>,
    columns: &[ColumnPreview],
) {
    let before = draft.experiment.data.split.group.clone();
    let mut options = vec![
        (
            GroupingKind::Nothing,
            "No groups",
            "Every picture is assigned on its own",
        ),
        (
            GroupingKind::Folder,
            "Folder",
            "Pictures of one folder, such as a patient's, stay in one part of the split",
        ),
        (
            GroupingKind::Pattern,
            "File name",
            "Pictures whose file names share a part, such as a patient's number, stay in one part of the split",
        ),
    ];
    let is_table = matches!(draft.experiment.data.source, DataSource::Table { .. });
    if is_table || matches!(before, Some(GroupBy::Column(_))) {
        options.push((
            GroupingKind::Column,
            "Column",
            "Pictures with the same value in a column of the table stay in one part of the split",
        ));
    }
    let tooltip = "Keep pictures of one patient, cell or video in the same part of the split (a grouped split). They are \
                   alike, and test results are too good if training has seen others of the same group";
    let mut chosen = kind(before.as_ref());
    if widgets::choice(ui, "Group by", tooltip, &mut chosen, &options) {
        draft.experiment.data.split.group = first(chosen, columns);
    }
    match &mut draft.experiment.data.split.group {
        None => {}
        Some(GroupBy::Folder(level)) => {
            let tooltip = "Which folder names the group: 1 is the folder that holds the picture, 2 the one above it";
            widgets::number(ui, "Folder level", tooltip, level, bounds::FOLDER_LEVEL, "");
        }
        Some(GroupBy::Pattern(pattern)) => {
            let tooltip = "A regular expression for the file name; the part in parentheses names the group: ^(p\\d+)_ makes \
                           group p012 of p012_03.jpg";
            if let Some(text) = text_field(ui, "Pattern", tooltip, pattern) {
                *pattern = text;
            }
        }
        Some(GroupBy::Column(column)) => {
            let tooltip = "The column of patients, cells or videos: pictures with the same value stay in one part of the split";
            column_ui(ui, "Group column", tooltip, column, columns);
        }
    }
    let changed = draft.experiment.data.split.group != before;
    draft.touched(changed, "group");
    widgets::problem(ui, draft.problem("data.split.group"));
}
