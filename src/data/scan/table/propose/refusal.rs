//! Tables from which no classes can be learnt, by what their columns hold.

use std::collections::HashSet;

use super::super::columns::{Content, Sheet};
use super::super::names::{self, LabelName};
use super::super::text::Table;
use super::super::{labels, number};
use super::{Label, Proposal};

/// Rows that are looked at.
const SAMPLE_ROWS: usize = 2000;
/// A picture of fewer numbers is none.
const LEAST_PIXELS: usize = 36;
/// A column that is named for a measure and has more values than these is one.
const MANY_MEASURES: usize = 10;

/// # Errors
/// When the label that is proposed is a measurement, or the table one of boxes in pictures.
pub fn other_task(sheet: &Sheet, proposal: &Proposal) -> Result<(), String> {
    let Label::Column(label, _) = proposal.label else {
        return Ok(());
    };
    let name = names::of_column(sheet, label);
    if let Some(boxes) = (0..sheet.width())
        .find(|&column| sheet.name(column).is_some_and(names::is_box_name))
        .filter(|&column| {
            let is_class = column == label && sheet.content(label).is_label();
            !is_class
                && (column == label
                    || name == LabelName::Other
                    || lists_again(sheet, proposal.path))
        })
    {
        return Err(format!(
            "column {} holds boxes or outlines, so this is a table for object detection or segmentation, which Graft does not \
             learn: it learns one class for each picture, so write one line per picture, with its path and its class",
            sheet.called(boxes)
        ));
    }
    let measurement = |column: usize| {
        let counts = sheet.counts(column);
        let rows: usize = counts.values().sum();
        Err(labels::measurements(
            &sheet.called(column),
            counts.len(),
            rows,
        ))
    };
    let contents = |column: usize| sheet.content(column);
    let is_measure_name = sheet.name(label).is_some_and(names::is_measure_name);
    let is_measure = name == LabelName::Other
        && is_measure_name
        && contents(label) == Content::Numbers
        && sheet.counts(label).len() > MANY_MEASURES;
    if is_measure {
        return measurement(label);
    }
    // Nothing else than numbers of many values, such as the angle of a steering wheel.
    if matches!(
        contents(label),
        Content::Constant | Content::Empty | Content::Pictures
    ) && let Some(column) = (0..sheet.width()).find(|&column| {
        column != proposal.path
            && sheet.is_measured(column)
            && !sheet.name(column).is_some_and(names::is_path_name)
            && names::of_column(sheet, column) != LabelName::Other
    }) {
        return measurement(column);
    }
    Ok(())
}

/// Whether many a picture stands in several rows.
fn lists_again(sheet: &Sheet, path: usize) -> bool {
    let rows = &sheet.rows()[..sheet.rows().len().min(SAMPLE_ROWS)];
    let paths: HashSet<&str> = rows
        .iter()
        .filter_map(|row| row.cells.get(path))
        .map(|cell| cell.trim())
        .collect();
    rows.len().saturating_sub(paths.len()) * labels::FEW > rows.len()
}

/// Why a table without names of pictures is refused that holds the pictures' own numbers.
pub fn pixels(table: &Table) -> Option<String> {
    let rows = table.rows.get(1..)?;
    let rows = &rows[..rows.len().min(20)];
    let remedy = "save each row as a picture (PNG) in a folder of its class, or write a table of their paths and classes";
    let are_numbers = |cell: &str| {
        let numbers = cell.split([' ', ',']).filter(|part| !part.is_empty());
        numbers.clone().count() >= LEAST_PIXELS
            && numbers.into_iter().all(|part| number(part).is_some())
    };
    let in_a_cell = (0..table.width()).find(|&column| {
        !rows.is_empty()
            && rows
                .iter()
                .all(|row| row.cells.get(column).is_some_and(|cell| are_numbers(cell)))
    });
    if let Some(column) = in_a_cell {
        let name = table.rows[0]
            .cells
            .get(column)
            .map_or("", |name| name.trim());
        return Some(format!(
            "column “{name}” holds the pictures\u{2019} pixels themselves, which are not read from tables: {remedy}"
        ));
    }
    let in_cells = |cells: &[String]| {
        cells.len() > LEAST_PIXELS
            && cells.iter().filter(|cell| number(cell).is_some()).count() > LEAST_PIXELS
            && cells.iter().filter(|cell| number(cell).is_none()).count() <= 2
    };
    (!rows.is_empty() && rows.iter().all(|row| in_cells(&row.cells))).then(|| {
        format!(
            "its {} columns of numbers are the pictures\u{2019} pixels themselves, as it seems, which are not read from \
             tables: {remedy}",
            table.width()
        )
    })
}
