//! Labels in one column for each class, with a 1 for the picture's class and a 0 for the others.

use super::columns::{Sheet, flag};
use super::divide::Row;

/// What columns of marks say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// One class for each picture, but for a few.
    OneEach,
    /// Several for many a picture.
    Several,
    /// None for many a picture.
    Few,
}

/// What a row's marks say.
#[derive(Debug, Clone, PartialEq)]
pub enum Marked {
    /// The place among the columns.
    Class(usize),
    Nothing,
    Several(Vec<usize>),
    /// A cell that is neither yes nor no.
    Unclear(String),
}

/// Whether every cell of a column is a yes, a no or empty, and both stand in it, or no alone.
pub fn is_marked(sheet: &Sheet, column: usize) -> bool {
    let counts = sheet.first_counts(column);
    counts.keys().all(|value| flag(value).is_some())
        && counts.keys().any(|value| flag(value) == Some(false))
}

pub fn marked(row: &Row, columns: &[usize]) -> Marked {
    let mut classes = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        let cell = row.cells.get(*column).map_or("", |cell| cell.trim());
        match flag(cell) {
            Some(true) => classes.push(place),
            Some(false) => {}
            None if cell.is_empty() => {}
            None => return Marked::Unclear(cell.to_owned()),
        }
    }
    match classes.as_slice() {
        [] => Marked::Nothing,
        [only] => Marked::Class(*only),
        _ => Marked::Several(classes),
    }
}

pub fn marks(sheet: &Sheet, columns: &[usize]) -> Marks {
    let (mut one, mut several, mut none) = (0, 0, 0);
    for row in sheet.rows() {
        match marked(row, columns) {
            Marked::Class(_) => one += 1,
            Marked::Several(_) => several += 1,
            Marked::Nothing | Marked::Unclear(_) => none += 1,
        }
    }
    let rows: usize = one + several + none;
    if several * super::labels::FEW > rows {
        Marks::Several
    } else if none * 4 > rows || one == 0 {
        Marks::Few
    } else {
        Marks::OneEach
    }
}

/// Why a table with several marks in a row is refused.
pub fn refusal(several: usize, rows: usize, names: &[String], line: u64) -> String {
    format!(
        "this is a multi-label table: {several} of {rows} rows hold a 1 for several classes, such as line {line} ({}), and \
         Graft learns one class for each picture; keep one class in each row, or choose a column of classes",
        names.join(", ")
    )
}
