//! Whether a table has a header, and whether that is whole.

use std::collections::HashSet;

use super::super::super::folders::is_picture_name;
use super::super::divide::Row;
use super::super::names::{is_header_name, is_path_name};
use super::super::pictures::{How, Meaning, Pictures};
use super::super::text::{HeaderShift, Table};
use super::Sheet;

/// How many cells fewer the first row has than nearly all others, unless what these have more is empty.
pub fn lacks(table: &Table) -> usize {
    let Some((header, rows)) = table.rows.split_first() else {
        return 0;
    };
    let own = header.cells.len();
    let width = table.written.width;
    let is_longer = |row: &&Row| {
        row.cells.len() == width
            && row.cells[own.min(width)..]
                .iter()
                .any(|cell| !cell.trim().is_empty())
    };
    if rows.len() >= 2 && rows.iter().filter(is_longer).count() * 10 >= rows.len() * 9 {
        width.saturating_sub(own)
    } else {
        0
    }
}

/// Finds the column that a header lacks. R leaves out the name of the first, which names the rows: unless that puts
/// the name of a column of paths away from the paths.
pub fn complete(table: &mut Table, lacks: usize, pictures: &Pictures<'_>) {
    let path = Sheet::path_column(table, pictures);
    let Some((header, rows)) = table.rows.split_first_mut() else {
        return;
    };
    let names_path = |column: Option<usize>| {
        let name = column.and_then(|column| header.cells.get(column));
        name.is_some_and(|name| is_path_name(name))
    };
    let mut seen = HashSet::new();
    let names_rows = rows.iter().all(|row| {
        row.cells
            .first()
            .is_some_and(|cell| seen.insert(cell.trim()))
    });
    table.written.header_shift = if lacks == 1 && names_rows && !names_path(path) {
        header.cells.insert(0, String::new());
        HeaderShift::RowNames
    } else {
        HeaderShift::LastUnnamed
    };
}

/// Whether the first row names columns: its path is no file while a later row's is. Where no file is
/// there at all, names decide.
pub fn is_there(table: &Table, path_column: usize, pictures: &Pictures<'_>) -> bool {
    let path = |row: &Row| {
        row.cells
            .get(path_column)
            .map(|cell| cell.trim().to_owned())
            .filter(|path| !path.is_empty())
    };
    let is_file = |row: &Row| {
        path(row).is_some_and(|path| {
            matches!(pictures.find(&path, None), Meaning::File(_, How::Written))
        })
    };
    let is_picture = |row: &Row| path(row).is_some_and(|path| is_picture_name(&path));
    let means_file =
        |row: &Row| path(row).is_some_and(|path| pictures.find(&path, None) != Meaning::Missing);
    let Some((first, later)) = table.rows.split_first() else {
        return false;
    };
    let later = &later[..later.len().min(50)];
    if is_file(first) || is_picture(first) {
        return false;
    }
    if later.is_empty() || later.iter().any(is_file) || later.iter().any(is_picture) {
        return true;
    }
    let is_name = first.cells.iter().any(|cell| is_header_name(cell));
    if means_file(first) {
        return is_name && path(first).is_some_and(|name| is_path_name(&name));
    }
    later.iter().any(means_file) || is_name
}
