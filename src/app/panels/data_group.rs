//! What a split keeps together: pictures of one patient, cell or video.

use eframe::egui;

use super::data_table::{column_of, column_text, text_field};
use super::editor::Draft;
use super::widgets;
use crate::experiment::{Column, DataSource, GroupBy, bounds};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Folder,
    Pattern,
    Column,
}

/// What a pattern starts from: a name's first part, up to a digit's end.
const FIRST_PATTERN: &str = r"^([A-Za-z]*\d+)[_-]";

fn kind(group: Option<&GroupBy>) -> Kind {
    match group {
        None => Kind::Nothing,
        Some(GroupBy::Folder(_)) => Kind::Folder,
        Some(GroupBy::Pattern(_)) => Kind::Pattern,
        Some(GroupBy::Column(_)) => Kind::Column,
    }
}

fn first(kind: Kind) -> Option<GroupBy> {
    match kind {
        Kind::Nothing => None,
        Kind::Folder => Some(GroupBy::Folder(1)),
        Kind::Pattern => Some(GroupBy::Pattern(FIRST_PATTERN.to_owned())),
        Kind::Column => Some(GroupBy::Column(Column::default())),
    }
}

pub(super) fn group_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let before = draft.experiment.data.split.group.clone();
    let mut options = vec![
        (
            Kind::Nothing,
            "Nothing",
            "Every picture is drawn on its own",
        ),
        (
            Kind::Folder,
            "Folders",
            "Pictures of one folder, such as a patient's, stay in one part of the split",
        ),
        (
            Kind::Pattern,
            "Names",
            "Pictures whose file names have the same part stay in one part of the split",
        ),
    ];
    let is_table = matches!(draft.experiment.data.source, DataSource::Table { .. });
    if is_table || matches!(before, Some(GroupBy::Column(_))) {
        options.push((
            Kind::Column,
            "Column",
            "Pictures with the same value in a column of the table stay in one part of the split",
        ));
    }
    let tooltip = "What must not stand in two parts of the split: pictures of one patient, cell or video are alike, and \
                   results on them are too good if training has seen others of the same";
    let mut chosen = kind(before.as_ref());
    if widgets::choice(ui, "Keep together", tooltip, &mut chosen, &options) {
        draft.experiment.data.split.group = first(chosen);
    }
    match &mut draft.experiment.data.split.group {
        None => {}
        Some(GroupBy::Folder(level)) => {
            let tooltip =
                "Which folder tells: 1 is the one that holds the picture, 2 the one above it";
            widgets::number(ui, "Folder", tooltip, level, bounds::FOLDER_LEVEL, "");
        }
        Some(GroupBy::Pattern(pattern)) => {
            let tooltip = "A regular expression on the file's name; what its parentheses hold is the group: ^(p\\d+)_ makes \
                           p012 of p012_03.jpg";
            if let Some(text) = text_field(ui, "Pattern", tooltip, pattern) {
                *pattern = text;
            }
        }
        Some(GroupBy::Column(column)) => {
            let tooltip = "The column of patients, cells or videos: its name in the header, or its place counted from 1";
            if let Some(text) = text_field(ui, "Group column", tooltip, &column_text(column))
                && !text.trim().is_empty()
            {
                *column = column_of(&text);
            }
        }
    }
    let changed = draft.experiment.data.split.group != before;
    draft.touched(changed, "group");
    widgets::problem(ui, draft.problem("data.split.group"));
}
