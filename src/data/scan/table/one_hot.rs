//! Labels in one column for each class, with a 1 for the picture's class and a 0 for the others.

use super::columns::{Sheet, flag};
use super::divide::Row;
use super::labels::is_no_value;

/// Columns of which each is tried as the one that does not belong to the others.
const MOST_TRIED: usize = 40;

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
    /// The index among the columns.
    Class(usize),
    Nothing,
    Several(Vec<usize>),
    /// A cell that is neither yes nor no.
    Unclear(String),
}

/// How columns of marks are written.
#[derive(Debug, Clone, Copy)]
pub struct Marking {
    /// -1 stands for no, because hardly anything else does; beside 0 or empty cells it says that nobody knows.
    minus_is_no: bool,
}

impl Marking {
    pub fn of(sheet: &Sheet, columns: &[usize]) -> Self {
        let cells = sheet
            .rows()
            .iter()
            .flat_map(|row| columns.iter().map(|&column| cell(row, column)));
        let (mut minus, mut others) = (0usize, 0usize);
        for cell in cells.filter(|cell| mark(cell) != Some(true)) {
            if is_minus(cell) {
                minus += 1;
            } else {
                others += 1;
            }
        }
        Self {
            minus_is_no: minus > others,
        }
    }
}

fn cell(row: &Row, column: usize) -> &str {
    let cell = row.cells.get(column).map_or("", |cell| cell.trim());
    if is_no_value(cell) { "" } else { cell }
}

fn is_minus(cell: &str) -> bool {
    matches!(cell, "-1" | "-1.0")
}

/// A yes or a no, as for [`flag`], or a cross.
fn mark(cell: &str) -> Option<bool> {
    let is_cross = matches!(cell, "x" | "X" | "✓" | "✔" | "×");
    flag(cell).or(is_cross.then_some(true))
}

/// Whether every cell of a column is a yes, a no or empty, and some of them are a no or empty.
pub fn is_marked(sheet: &Sheet, column: usize) -> bool {
    let mut counts = sheet.first_counts(column);
    counts.retain(|value, _| !is_no_value(value));
    let filled: usize = counts.values().sum();
    !counts.is_empty()
        && counts.keys().all(|value| mark(value).is_some())
        && (counts.keys().any(|value| mark(value) == Some(false))
            || filled < sheet.rows().len().min(super::columns::CONTENT_ROWS))
}

pub fn marked(row: &Row, columns: &[usize], marking: Marking) -> Marked {
    let mut classes = Vec::new();
    let mut unclear = None;
    for (index, column) in columns.iter().enumerate() {
        let cell = cell(row, *column);
        match mark(cell) {
            Some(true) => classes.push(index),
            Some(false) if !is_minus(cell) || marking.minus_is_no => {}
            None if cell.is_empty() => {}
            _ => {
                unclear.get_or_insert(cell);
            }
        }
    }
    match (classes.as_slice(), unclear) {
        ([_, _, ..], _) => Marked::Several(classes),
        (_, Some(cell)) => Marked::Unclear(cell.to_owned()),
        ([only], None) => Marked::Class(*only),
        ([], None) => Marked::Nothing,
    }
}

pub fn marks(sheet: &Sheet, columns: &[usize]) -> Marks {
    let (mut one, mut several, mut none, mut unclear) = (0, 0, 0, 0);
    let marking = Marking::of(sheet, columns);
    for row in sheet.rows() {
        match marked(row, columns, marking) {
            Marked::Class(_) => one += 1,
            Marked::Several(_) => several += 1,
            Marked::Nothing => none += 1,
            Marked::Unclear(_) => unclear += 1,
        }
    }
    let rows: usize = one + several + none + unclear;
    if several * super::labels::FEW > rows {
        Marks::Several
    } else if none * 4 > rows || unclear * 2 > rows || one == 0 {
        Marks::Few
    } else {
        Marks::OneEach
    }
}

/// Columns of marks that say one class for each picture: all of them, or those that are left without some that say
/// something else (`is_male`). At most one of these is told by what the others say alone.
pub fn one_each(
    sheet: &Sheet,
    columns: &[usize],
    is_other: &dyn Fn(usize) -> bool,
) -> Option<Vec<usize>> {
    let say_one = |columns: &[usize]| columns.len() >= 2 && marks(sheet, columns) == Marks::OneEach;
    if say_one(columns) {
        return Some(columns.to_vec());
    }
    let left: Vec<usize> = columns
        .iter()
        .copied()
        .filter(|&column| !is_other(column))
        .collect();
    if left.len() < columns.len() && say_one(&left) {
        return Some(left);
    }
    let without = |odd: usize| -> Vec<usize> {
        left.iter()
            .copied()
            .filter(|&column| column != odd)
            .collect()
    };
    (left.len() > 3 && left.len() <= MOST_TRIED)
        .then(|| {
            left.iter()
                .map(|&odd| without(odd))
                .find(|rest| say_one(rest))
        })
        .flatten()
}

/// Why a table with several marks in a row is refused.
pub fn refusal(several: usize, rows: usize, names: &[String], line: u64) -> String {
    format!(
        "this is a multi-label table: {several} of {rows} rows hold a 1 for several classes, such as line {line} ({}), and \
         Graft learns one class for each picture; keep one class in each row, or choose a column of classes",
        names.join(", ")
    )
}
