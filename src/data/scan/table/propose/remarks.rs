//! What is said of the columns of a table, and why they were chosen.

use super::super::super::super::Remark;
use super::super::columns::Sheet;
use super::super::names::{self, LabelName};
use super::super::one_hot;
use super::{Label, Proposal, Why, is_renamed};

/// What is said of the columns, and why they were chosen.
pub fn remarks(sheet: &Sheet, proposal: &Proposal) -> Vec<Remark> {
    let called = |columns: &[usize]| {
        let names: Vec<String> = columns
            .iter()
            .take(8)
            .map(|&column| sheet.called(column))
            .collect();
        let rest = columns.len() - names.len();
        let more = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        names.join(", ") + &more
    };
    let others = if proposal.others.is_empty() {
        String::new()
    } else {
        format!(
            "; other columns that look like classes: {}",
            called(&proposal.others)
        )
    };
    let remedy = "choose another as “Class column” in the Data panel";
    let choosable = |text: String| {
        Remark::warning(format!("{text}; {remedy}.")).field("data.source.label_column")
    };
    let mut remarks = Vec::new();
    match &proposal.label {
        Label::OneHot(columns) => {
            let text = format!(
                "The classes are {} columns, one for each class ({}), which hold a 1 for a picture's class{others}",
                columns.len(),
                called(columns)
            );
            let mut others = proposal.others.iter();
            remarks.push(if others.any(|&other| one_hot::is_marked(sheet, other)) {
                choosable(text)
            } else {
                Remark::taken(format!("{text}."))
            });
        }
        Label::Column(column, why) => {
            let column = sheet.called(*column);
            remarks.push(match why {
                Why::Name if has_rival(sheet, proposal) => choosable(format!(
                    "The classes are in column {column}, because of its name, although other columns are named like classes, too{others}"
                )),
                Why::Name => Remark::taken(format!(
                    "The classes are in column {column}, because of its name{others}."
                )),
                Why::NameOfNumber(number) => Remark::taken(format!(
                    "The classes are in column {column}, which holds the names for the numbers in column {}{others}.",
                    sheet.called(*number)
                )),
                Why::Only => Remark::taken(format!(
                    "The classes are in column {column}, the only one whose values can be classes."
                )),
                Why::First => choosable(format!(
                    "The classes are taken from column {column}, the first one whose values can be classes{others}"
                )),
                Why::OtherName => choosable(format!(
                    "The classes are taken from column {column}, although its name says that it is something else{others}"
                )),
                Why::BesideMeasure(measure) => choosable(format!(
                    "The classes are taken from column {column}{others}. Column {} holds many different numbers: to predict these \
                     would be regression, which Graft does not do; to train on other classes",
                    sheet.called(*measure)
                )),
                Why::Left => choosable(format!(
                    "The classes are taken from column {column}, although its cells don't look like classes"
                )),
            });
        }
    }
    let is_doubtful = matches!(proposal.label, Label::Column(label, _) if names::of_column(sheet, label) < LabelName::Contains);
    if let Some(boxes) = (0..sheet.width())
        .find(|&column| sheet.name(column).is_some_and(names::is_box_name))
        .filter(|_| is_doubtful)
    {
        remarks.push(Remark::warning(format!(
            "Column {} holds boxes or outlines, as tables for object detection do: they are not read, and the whole picture \
             belongs to the class of its row.",
            sheet.called(boxes)
        )));
    }
    if !proposal.other_paths.is_empty() {
        remarks.push(Remark::taken(format!(
            "The picture files are those of column {}; those of column {} are not used.",
            sheet.called(proposal.path),
            called(&proposal.other_paths)
        )));
    }
    remarks
}

/// Whether another column is named for a label as well and says something else.
fn has_rival(sheet: &Sheet, proposal: &Proposal) -> bool {
    let Label::Column(label, _) = proposal.label else {
        return false;
    };
    proposal.others.iter().any(|&other| {
        names::of_column(sheet, other) >= LabelName::Label && !is_renamed(sheet, label, other)
    })
}

/// Columns that seem to tell a split and are not used, by the column that is.
pub fn unused_splits(sheet: &Sheet, proposal: &Proposal, used: Option<usize>) -> Vec<Remark> {
    let mut columns = proposal.other_splits.clone();
    columns.extend(proposal.split);
    columns.retain(|column| Some(*column) != used);
    columns.sort_unstable();
    columns
        .iter()
        .map(|&column| {
            let mut values: Vec<&str> = sheet.counts(column).into_keys().collect();
            values.sort_unstable();
            values.truncate(8);
            Remark::warning(format!(
                "Column {} ({}) is not used for the split: if it says which pictures are for the test, choose it as “Split \
                 column” in the Data panel, and say what its values mean in the Data view.",
                sheet.called(column),
                values.join(", ")
            ))
            .field("data.source.split_column")
        })
        .collect()
}
