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
            "; other columns that could be: {}",
            called(&proposal.others)
        )
    };
    let remedy =
        "choose another by a click on its head in the window, or as data.source.label_column";
    let mut remarks = Vec::new();
    match &proposal.label {
        Label::OneHot(columns) => {
            let text = format!(
                "The label is in {} columns, one for each class ({}), which hold a 1 for a picture's class{others}",
                columns.len(),
                called(columns)
            );
            let mut others = proposal.others.iter();
            remarks.push(if others.any(|&other| one_hot::is_marked(sheet, other)) {
                Remark::warning(format!("{text}; {remedy}."))
            } else {
                Remark::taken(format!("{text}."))
            });
        }
        Label::Column(column, why) => {
            let column = sheet.called(*column);
            remarks.push(match why {
                Why::Name if has_rival(sheet, proposal) => Remark::warning(format!(
                    "The label is column {column}, because of its name, though others are named so, too{others}; {remedy}."
                )),
                Why::Name => Remark::taken(format!(
                    "The label is column {column}, because of its name{others}."
                )),
                Why::NameOfNumber(number) => Remark::taken(format!(
                    "The label is column {column}, which holds the names of what column {} numbers{others}.",
                    sheet.called(*number)
                )),
                Why::Only => Remark::taken(format!(
                    "The label is column {column}, the only one that can be."
                )),
                Why::First => Remark::warning(format!(
                    "The label is column {column}, the first that can be{others}; {remedy}."
                )),
                Why::OtherName => Remark::warning(format!(
                    "The label is column {column}, though its name says that it is something else{others}; {remedy}."
                )),
                Why::BesideMeasure(measure) => Remark::warning(format!(
                    "The label is column {column}{others}. Column {} holds numbers of many values: if these are to be \
                     learnt, that is regression, which Graft does not do; {remedy}.",
                    sheet.called(*measure)
                )),
                Why::Left => Remark::warning(format!(
                    "The label is column {column}, though its cells don't look like classes; {remedy}."
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
            "Column {} holds boxes or outlines, as tables for object detection do: the whole picture is taken for one of \
             the label's class.",
            sheet.called(boxes)
        )));
    }
    if !proposal.other_paths.is_empty() {
        remarks.push(Remark::taken(format!(
            "Pictures are those of column {}; those of column {} are not used.",
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
                "Column {} ({}) is not used as a split: if it tells which pictures are the test, choose it by a click on \
                 its head in the window, or as data.source.split_column, and say what its values mean.",
                sheet.called(column),
                values.join(", ")
            ))
        })
        .collect()
}
