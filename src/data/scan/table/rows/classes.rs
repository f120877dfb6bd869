//! From a row to its class.

use std::collections::HashMap;

use super::super::super::super::{DataError, Remark};
use super::super::super::{shortened, source_error};
use super::super::divide::Row;
use super::super::labels::{self, Missing, Several, Spellings};
use super::super::names::{self, LabelName};
use super::super::one_hot::{self, Marked, Marking};
use super::super::{Source, number};
use super::Part;
use crate::experiment::Threshold;

/// What is known of the labels of all tables together.
pub struct Classes {
    missing: Missing,
    spellings: Spellings,
    several: Option<Several>,
    /// By threshold or marks, a row's class is not what stands in a cell.
    threshold: Option<Threshold>,
    pub remarks: Vec<Remark>,
}

impl Classes {
    pub fn of(
        parts: &[Part<'_>],
        source: &Source<'_>,
        wanted: &[String],
    ) -> Result<Self, DataError> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for part in parts {
            for (value, count) in part
                .label
                .map(|label| part.sheet.counts(label))
                .unwrap_or_default()
            {
                *counts.entry(value).or_default() += count;
            }
        }
        let missing = Missing::of(&counts);
        let mut remarks = Vec::new();
        let mut several = None;
        if source.threshold.is_none() {
            remarks.extend(missing.remarks(&counts));
            counts.retain(|value, _| !missing.is_missing(value));
            let are_tags = parts.first().is_some_and(|part| {
                let name = part.label.and_then(|label| part.sheet.name(label));
                name.is_some_and(names::is_tags_name)
            });
            several = labels::several(&counts, are_tags)
                .filter(|several| !wanted.iter().any(|class| several.cells.contains(class)));
            refuse_other_labels(parts, source, &counts, several.as_ref())?;
            let joined = labels::joined(&counts);
            if !joined.is_empty() && several.is_none() && wanted.is_empty() {
                remarks.push(Remark::warning(format!(
                    "{} stands for a class of its own, although its parts are classes, too: give such pictures one label \
                     if they show both.",
                    shortened(&joined, 5)
                )));
            }
        }
        refuse_several_marks(parts)?;
        let spellings = match source.threshold {
            Some(_) => Spellings::default(),
            None => {
                let all = parts.iter().flat_map(|part| {
                    part.label
                        .into_iter()
                        .flat_map(|label| part.sheet.values(label))
                });
                Spellings::of(all.filter(|label| !missing.is_missing(label)))
            }
        };
        remarks.extend(spellings.remarks());
        Ok(Self {
            missing,
            spellings,
            several,
            threshold: source.threshold.cloned(),
            remarks,
        })
    }
}

/// Refuses a column of several labels in a cell, and one of measurements.
fn refuse_other_labels(
    parts: &[Part<'_>],
    source: &Source<'_>,
    counts: &HashMap<&str, usize>,
    several: Option<&Several>,
) -> Result<(), DataError> {
    let rows: usize = counts.values().sum();
    let called = |part: &Part<'_>| part.label.map(|label| part.sheet.called(label));
    if let Some(several) = several
        && several.rows * labels::FEW > rows
    {
        let line = parts.iter().find_map(|part| {
            let label = part.label?;
            let rows = part.sheet.rows().iter();
            rows.filter(|row| {
                row.cells
                    .get(label)
                    .is_some_and(|cell| cell.trim() == several.example)
            })
            .map(|row| row.line)
            .next()
        });
        let reason = labels::refusal(several, rows, line.unwrap_or_default());
        return Err(source_error(&source.file, reason));
    }
    if let Some(example) = labels::are_boxes(counts) {
        let column = parts.first().and_then(called).unwrap_or_default();
        return Err(source_error(
            &source.file,
            format!(
                "column {column} holds names with numbers after them, such as “{example}”: these are boxes of object detection, \
                 which Graft does not learn; it learns one class for each picture, so write the class alone into a column"
            ),
        ));
    }
    let is_named = parts.first().is_some_and(|part| {
        part.label
            .is_some_and(|label| names::of_column(&part.sheet, label) >= LabelName::Contains)
    });
    if labels::are_measurements(counts, is_named) {
        let column = parts.first().and_then(called).unwrap_or_default();
        return Err(source_error(
            &source.file,
            labels::measurements(&column, counts.len(), rows),
        ));
    }
    Ok(())
}

/// Refuses columns of marks where many a row has several.
fn refuse_several_marks(parts: &[Part<'_>]) -> Result<(), DataError> {
    for part in parts.iter().filter(|part| !part.one_hot.is_empty()) {
        let mut several = Vec::new();
        let marking = Marking::of(&part.sheet, &part.one_hot);
        for row in part.sheet.rows() {
            if let Marked::Several(classes) = one_hot::marked(row, &part.one_hot, marking) {
                several.push((row.line, classes));
            }
        }
        let rows = part.sheet.rows().len();
        if let Some((line, classes)) = several.first()
            && several.len() * labels::FEW > rows
        {
            let names: Vec<String> = classes
                .iter()
                .map(|&index| class_name(part, index))
                .collect();
            let reason = one_hot::refusal(several.len(), rows, &names, *line);
            return Err(source_error(&part.file, reason));
        }
    }
    Ok(())
}

/// The class that the nth column of marks is for.
fn class_name(part: &Part<'_>, index: usize) -> String {
    let column = part.one_hot.get(index).copied().unwrap_or_default();
    part.sheet
        .name(column)
        .map_or_else(|| format!("column {}", column + 1), str::to_owned)
}

/// What a row says of its picture's class.
pub enum Class {
    Is(String),
    Missing,
    Problem(String),
}

pub fn class_of(part: &Part<'_>, row: &Row, classes: &Classes) -> Class {
    let Some(label) = part.label else {
        return match one_hot::marked(row, &part.one_hot, part.marking) {
            Marked::Class(index) => Class::Is(class_name(part, index)),
            Marked::Nothing => Class::Missing,
            Marked::Several(indices) => {
                let names: Vec<String> = indices
                    .iter()
                    .map(|&index| class_name(part, index))
                    .collect();
                Class::Problem(format!(
                    "has several classes, which is multi-label ({}): keep one",
                    names.join(", ")
                ))
            }
            Marked::Unclear(cell) => Class::Problem(format!(
                "has {cell} where its class is marked by 0 or 1, which says neither: correct it"
            )),
        };
    };
    let label = row.cells.get(label).map_or("", |cell| cell.trim());
    if classes.missing.is_missing(label) {
        return Class::Missing;
    }
    if let Some(threshold) = &classes.threshold {
        return match by_threshold(label, threshold) {
            Ok(class) => Class::Is(class),
            Err(reason) => Class::Problem(reason),
        };
    }
    if classes
        .several
        .as_ref()
        .is_some_and(|several| several.cells.contains(label))
    {
        return Class::Problem(format!(
            "has several labels, {label}, which is multi-label: keep one of them"
        ));
    }
    Class::Is(classes.spellings.common(label))
}

fn by_threshold(label: &str, threshold: &Threshold) -> Result<String, String> {
    let Some(number) = number(label) else {
        return Err(format!(
            "has the label {label}, which is no number: correct it, or use no threshold"
        ));
    };
    Ok(if number >= threshold.at_least {
        threshold.above.clone()
    } else {
        threshold.below.clone()
    })
}
