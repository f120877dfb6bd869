//! Lines of a table to cells: separators and quotes.

use std::collections::HashMap;

/// What may stand between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    Character(char),
    Whitespace,
}

/// Most telling first.
pub const SEPARATORS: [Separator; 5] = [
    Separator::Character('\t'),
    Separator::Character(';'),
    Separator::Character(','),
    Separator::Character('|'),
    Separator::Whitespace,
];

/// A quoted cell over more lines than this is a quote that was forgotten.
const MAX_QUOTED_LINES: usize = 1000;

impl Separator {
    /// "Its cells are separated by …".
    pub fn name(self) -> &'static str {
        match self {
            Self::Character('\t') => "tabs",
            Self::Character(';') => "semicolons",
            Self::Character(',') => "commas",
            Self::Character('|') => "bars",
            Self::Character(_) => "its own separator",
            Self::Whitespace => "spaces",
        }
    }

    fn is(self, character: char) -> bool {
        match self {
            Self::Character(separator) => character == separator,
            Self::Whitespace => character.is_whitespace(),
        }
    }

    fn skips(self, character: char) -> bool {
        character.is_whitespace() && (self == Self::Whitespace || !self.is(character))
    }
}

/// A line of the file, and its number, counted from 1.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub number: u64,
    pub text: &'a str,
}

#[derive(Debug, PartialEq)]
pub struct Row {
    /// Of its first line in the file, counted from 1.
    pub line: u64,
    pub cells: Vec<String>,
}

/// Rows, and what was odd about them.
#[derive(Debug, Default)]
pub struct Divided {
    pub rows: Vec<Row>,
    /// How many cells most rows have.
    pub width: usize,
    /// Lines whose quotes were read as they stand, because they open a cell that nothing closes.
    pub unclosed: Vec<u64>,
}

/// Every line that is not blank is a row or part of one; only a cell that is properly quoted goes over several lines.
pub fn divide(lines: &[Line<'_>], separator: Separator) -> Divided {
    let readings: Vec<Reading> = lines
        .iter()
        .map(|line| read(line.text, separator))
        .collect();
    let width = common_width(readings.iter().filter_map(|reading| match reading {
        Reading::Cells(cells) => Some(cells.len()),
        _ => None,
    }));
    let mut divided = Divided {
        width,
        ..Divided::default()
    };
    let mut readings = readings.into_iter().enumerate();
    while let Some((index, reading)) = readings.next() {
        let line = lines[index];
        let cells = match reading {
            Reading::Cells(cells) => cells,
            Reading::Stray(cells) => {
                let literal = read_literally(line.text, separator);
                if cells.len() != width && literal.len() == width {
                    divided.unclosed.push(line.number);
                    literal
                } else {
                    cells
                }
            }
            Reading::Open => match read_over(&lines[index..], separator, width) {
                Some((cells, lines_read)) => {
                    for _ in 1..lines_read {
                        readings.next();
                    }
                    cells
                }
                None => {
                    divided.unclosed.push(line.number);
                    read_literally(line.text, separator)
                }
            },
        };
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            divided.rows.push(Row {
                line: line.number,
                cells,
            });
        }
    }
    divided
}

/// The number of cells that most rows have, the larger of equals.
fn common_width(widths: impl Iterator<Item = usize>) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for width in widths {
        *counts.entry(width).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|&(width, count)| (count, width))
        .map_or(0, |(width, _)| width)
}

enum Reading {
    Cells(Vec<String>),
    /// Quotes stand within quoted cells without being doubled.
    Stray(Vec<String>),
    /// A quoted cell does not end in this line.
    Open,
}

/// One line by itself.
fn read(line: &str, separator: Separator) -> Reading {
    let line = trimmed(line, separator);
    if !line.contains('"') {
        return Reading::Cells(read_literally(line, separator));
    }
    let mut cells = Vec::new();
    let mut rest = line;
    let mut stray = false;
    loop {
        let Some(quoted) = opening_quote(rest, separator) else {
            let (cell, after) = plain_cell(rest, separator);
            cells.push(cell.to_owned());
            match after {
                Some(after) => rest = after,
                None => break,
            }
            continue;
        };
        match quoted_cell(quoted, separator, false) {
            Some(cell) => {
                stray |= cell.stray;
                cells.push(cell.text);
                match cell.after {
                    Some(after) => rest = after,
                    None => break,
                }
            }
            None => return Reading::Open,
        }
    }
    if stray {
        Reading::Stray(cells)
    } else {
        Reading::Cells(cells)
    }
}

/// Quotes are letters as others.
fn read_literally(line: &str, separator: Separator) -> Vec<String> {
    let line = trimmed(line, separator);
    let mut cells = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (cell, after) = plain_cell(text, separator);
        cells.push(cell.to_owned());
        rest = after;
    }
    cells
}

/// A row whose quoted cell goes over several lines, and how many; `None` unless everything about it is proper,
/// and when the lines are rows by themselves as well.
fn read_over(
    lines: &[Line<'_>],
    separator: Separator,
    width: usize,
) -> Option<(Vec<String>, usize)> {
    if separator == Separator::Whitespace {
        return None;
    }
    let lines = &lines[..lines.len().min(MAX_QUOTED_LINES)];
    let text = lines
        .iter()
        .map(|line| line.text)
        .collect::<Vec<_>>()
        .join("\n");
    let mut cells = Vec::new();
    let mut rest = text.as_str();
    let read = loop {
        match opening_quote(rest, separator) {
            Some(quoted) => {
                let cell = quoted_cell(quoted, separator, true)?;
                cells.push(cell.text);
                match cell.after {
                    Some(after) => rest = after,
                    None => break text.len() - cell.left,
                }
            }
            None => {
                let end = rest.find('\n').unwrap_or(rest.len());
                let (cell, after) = plain_cell(&rest[..end], separator);
                cells.push(cell.to_owned());
                match after {
                    Some(after) => {
                        let skipped = end - after.len();
                        rest = &rest[skipped..];
                    }
                    None => break text.len() - rest.len() + end,
                }
            }
        }
    };
    let count = text[..read].matches('\n').count() + 1;
    let literally: Vec<usize> = lines[..count]
        .iter()
        .map(|line| read_literally(line.text, separator).len())
        .collect();
    let rows_by_themselves = width > 1 && literally.iter().all(|&cells| cells == width);
    (!rows_by_themselves).then_some((cells, count))
}

fn trimmed(line: &str, separator: Separator) -> &str {
    match separator {
        Separator::Whitespace => line.trim(),
        Separator::Character(_) => line,
    }
}

/// What follows the quote that the next cell begins with.
fn opening_quote(text: &str, separator: Separator) -> Option<&str> {
    text.trim_start_matches(|character| separator.skips(character) && character != '\n')
        .strip_prefix('"')
}

/// A cell without quotes, and what follows its separator.
fn plain_cell(text: &str, separator: Separator) -> (&str, Option<&str>) {
    match text.find(|character| separator.is(character)) {
        None => (text, None),
        Some(at) => {
            let after = &text[at..];
            let after = match separator {
                Separator::Whitespace => after.trim_start(),
                Separator::Character(separator) => &after[separator.len_utf8()..],
            };
            (&text[..at], Some(after))
        }
    }
}

struct QuotedCell<'a> {
    text: String,
    /// A quote in it was neither doubled nor its end.
    stray: bool,
    /// What follows its separator; nothing at the end of a line.
    after: Option<&'a str>,
    /// Bytes after the cell and the end of its line.
    left: usize,
}

/// `text` begins after the opening quote. A proper cell ends at the first quote that is not doubled.
fn quoted_cell(text: &str, separator: Separator, proper: bool) -> Option<QuotedCell<'_>> {
    let mut cell = String::new();
    let mut stray = false;
    let mut rest = text;
    loop {
        let at = rest.find('"')?;
        cell.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(doubled) = rest.strip_prefix('"') {
            cell.push('"');
            rest = doubled;
            continue;
        }
        let end = rest.trim_start_matches(|character: char| {
            character != '\n' && separator != Separator::Whitespace && separator.skips(character)
        });
        let mut next = end.chars();
        match next.next() {
            None | Some('\n') => {
                return Some(QuotedCell {
                    text: cell,
                    stray,
                    after: None,
                    left: end.len(),
                });
            }
            Some(character) if separator.is(character) => {
                let after = match separator {
                    Separator::Whitespace => end.trim_start(),
                    Separator::Character(_) => next.as_str(),
                };
                return Some(QuotedCell {
                    text: cell,
                    stray,
                    after: Some(after),
                    left: after.len(),
                });
            }
            Some(_) if proper => return None,
            Some(_) => {
                stray = true;
                cell.push('"');
            }
        }
    }
}
