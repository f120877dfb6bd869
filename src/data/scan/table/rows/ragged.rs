//! Rows that are not as the others.

use std::collections::HashMap;

use super::super::columns::Sheet;
use super::super::divide::Row;
use super::super::pictures::Meaning;
use super::Part;

pub fn no_path_or_label(line: u64) -> String {
    format!("line {line} has no path or no label: complete or delete the line")
}

/// A header in the middle, as tables have that were put together.
pub fn is_header_again(sheet: &Sheet, row: &Row) -> bool {
    sheet.header.as_ref().is_some_and(|header| {
        header.len() == row.cells.len()
            && header
                .iter()
                .zip(&row.cells)
                .all(|(name, cell)| name == cell.trim())
    })
}

/// Labels of the rows that have as many cells as most.
pub fn well_formed_labels<'t>(part: &'t Part<'_>) -> Option<HashMap<&'t str, usize>> {
    let width = part.sheet.table.written.width;
    let rows = part.sheet.rows();
    let formed = rows.iter().filter(|row| row.cells.len() == width).count();
    // Where hardly two rows have the same number of cells, none of them is the right one.
    if formed == rows.len() || formed * 2 < rows.len() {
        return None;
    }
    let label = part.label?;
    let mut labels = HashMap::new();
    for row in rows.iter().filter(|row| row.cells.len() == width) {
        if let Some(label) = row.cells.get(label) {
            *labels.entry(label.trim()).or_default() += 1;
        }
    }
    Some(labels)
}

/// Why a row with too many or too few cells can't be read. It can where its picture is there and its label is one
/// that other rows have: then the odd cell stands behind both.
pub fn ragged(part: &Part<'_>, row: &Row, known: &Option<HashMap<&str, usize>>) -> Option<String> {
    let known = known.as_ref()?;
    let width = part.sheet.table.written.width;
    let extra = row.cells.get(width..).unwrap_or_default();
    let is_longer = extra.iter().any(|cell| !cell.trim().is_empty());
    let is_shorter = row.cells.len() < width;
    if !is_longer && !is_shorter {
        return None;
    }
    let cell = |column: usize| row.cells.get(column).map_or("", |cell| cell.trim());
    if is_shorter && part.needed().all(|column| row.cells.len() > column) {
        return None;
    }
    let reads = part
        .label
        .is_some_and(|label| known.contains_key(cell(label)))
        && matches!(part.pictures.find(cell(part.path), None), Meaning::File(..));
    if reads {
        return None;
    }
    let line = row.line;
    Some(if is_longer {
        format!(
            "line {line} has {} cells and the table {width} columns: put a cell that holds the separator into quotes",
            row.cells.len()
        )
    } else {
        no_path_or_label(line)
    })
}
