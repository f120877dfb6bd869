//! A table's file to rows of cells: how it is written is found out.

use std::io::Read;
use std::path::Path;

use super::super::super::DataError;
use super::super::folders::{is_picture_name, unreadable};
use super::super::source_error;
use super::divide::{Line, Row, SEPARATORS, Separator, divide};
use super::encoding::{self, Decoded};
use crate::ordinary_file::{self, Links};

/// A larger table is refused.
const MAX_TABLE_BYTES: u64 = 512 << 20;

/// How many rows are looked at to find out how a table is written.
const SAMPLE_ROWS: usize = 50;

/// A part of the rows, one of so many, may have other numbers of cells before spaces are taken for parts of names.
const RAGGED: usize = 5;

#[derive(Debug)]
pub struct Table {
    pub rows: Vec<Row>,
    pub written: Written,
    /// Lines that are no rows, and why.
    pub problems: Vec<(u64, String)>,
}

/// How a table is written.
#[derive(Debug)]
pub struct Written {
    pub separator: Separator,
    pub encoding: &'static str,
    pub encoding_is_guessed: bool,
    /// The first word that is not plain ASCII, to judge the encoding by.
    pub example: Option<String>,
    /// How many cells most rows have.
    pub width: usize,
    /// Lines that begin with `#`.
    pub comments: usize,
    /// Lines whose quotes were read as they stand.
    pub unclosed_quotes: Vec<u64>,
    /// What the header lacks, as far as [`super::columns::Sheet`] found out.
    pub header_shift: HeaderShift,
    /// Everything after the first space of a line is its second cell.
    pub divided_once: bool,
}

/// What a header means that has fewer cells than the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderShift {
    /// It has as many.
    #[default]
    None,
    /// The first column has no name, as R's `write.table` has it.
    RowNames,
    /// The last columns have no name.
    LastUnnamed,
}

impl Table {
    /// The number of columns of the widest of the first rows.
    pub fn width(&self) -> usize {
        self.rows
            .iter()
            .take(SAMPLE_ROWS)
            .map(|row| row.cells.len())
            .max()
            .unwrap_or(0)
    }
}

/// Reads and divides a table, in the encoding called `asked` or in the one that it seems to have.
pub fn read(file: &Path, asked: Option<&str>) -> Result<Table, DataError> {
    let unreadable = |error| source_error(file, format!("the table {}", unreadable(&error)));
    if !file.is_file() {
        return Err(source_error(
            file,
            "there is no such table: choose it again",
        ));
    }
    let mut bytes = Vec::new();
    ordinary_file::open(file, Links::Followed)
        .map_err(unreadable)?
        .take(MAX_TABLE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_TABLE_BYTES {
        return Err(source_error(
            file,
            "the table is larger than 512 MiB: divide it",
        ));
    }
    if let Some(kind) = other_kind(&bytes) {
        return Err(source_error(
            file,
            format!("this is {kind}, not text: save the table as CSV (UTF-8)"),
        ));
    }
    if let Some(reason) = other_text(&bytes) {
        return Err(source_error(file, reason));
    }
    let decoded = encoding::decode(&bytes, asked).map_err(|reason| source_error(file, reason))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let table = parse(&decoded, &|name| folder.join(name).is_file());
    if table.rows.is_empty() {
        return Err(source_error(
            file,
            "the table is empty: write one line per picture, with its path and its class",
        ));
    }
    if table.width() < 2 {
        return Err(source_error(
            file,
            "the table has one column only: separate path and class by a comma, semicolon, tab or spaces",
        ));
    }
    Ok(table)
}

/// What else is called a table, by its first bytes.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 8] = [
        (
            b"PK\x03\x04",
            "a workbook (Excel, LibreOffice) or another ZIP archive",
        ),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"SQLite format 3", "an SQLite database"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"%PDF", "a PDF document"),
        (b"\x89HDF", "an HDF5 file"),
    ];
    kinds
        .into_iter()
        .find_map(|(start, kind)| bytes.starts_with(start).then_some(kind))
}

/// What else is text and no table, by its first letters.
fn other_text(bytes: &[u8]) -> Option<&'static str> {
    let first = &bytes[..bytes.len().min(200)];
    let first = String::from_utf8_lossy(first).to_lowercase();
    let first = first.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let begins = |with: &str| first.starts_with(with);
    if begins("<!doctype html") || begins("<html") {
        Some(
            "this is a web page (HTML), probably one that asks to sign in: download the table again",
        )
    } else if begins("<?xml") || begins("<annotation") {
        Some("this is XML, not a table: write one line per picture, with its path and its class")
    } else if begins("version https://git-lfs") {
        Some("this is a pointer of Git LFS and not the table itself: fetch it with “git lfs pull”")
    } else if begins("{\"") || begins("[{") || begins("{\n") || begins("{\r\n") || begins("[\n") {
        Some(
            "this is JSON, not a table: save it as CSV, with one line per picture, its path and its class",
        )
    } else {
        None
    }
}

/// `is_there` tells whether a name is that of a file beside the table.
fn parse(decoded: &Decoded<'_>, is_there: &dyn Fn(&str) -> bool) -> Table {
    let mut lines = lines(&decoded.text);
    let mut problems = Vec::new();
    lines.retain(|line| {
        let is_text = !line.text.contains('\0');
        if !is_text {
            problems.push((
                line.number,
                "holds a NUL character, which is no text: correct or delete the line".to_owned(),
            ));
        }
        is_text
    });
    let named = lines.first().and_then(|line| excel_separator(line.text));
    if named.is_some() {
        lines.remove(0);
    }
    let comments = remove_comments(&mut lines, is_there);
    let separator = named.unwrap_or_else(|| find_separator(&lines));
    let mut divided = divide(&lines, separator);
    let mut divided_once = false;
    if separator == Separator::Whitespace && is_ragged(&divided.rows, divided.width) {
        divided_once = true;
        for row in &mut divided.rows {
            if row.cells.len() > 2 {
                let rest = row.cells.split_off(1).join(" ");
                row.cells.push(rest);
            }
        }
        divided.width = 2;
    }
    Table {
        written: Written {
            separator,
            encoding: decoded.encoding,
            encoding_is_guessed: decoded.guessed,
            example: example(&decoded.text),
            width: divided.width,
            comments,
            unclosed_quotes: divided.unclosed,
            header_shift: HeaderShift::None,
            divided_once,
        },
        rows: divided.rows,
        problems,
    }
}

/// The lines that are not blank, without byte order marks; they end with `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut number = 0;
    let mut rest = text;
    while !rest.is_empty() {
        number += 1;
        let (line, after) = match rest.find(['\n', '\r']) {
            None => (rest, ""),
            Some(at) => {
                let end = if rest[at..].starts_with("\r\n") { 2 } else { 1 };
                (&rest[..at], &rest[at + end..])
            }
        };
        rest = after;
        let text = line.trim_start_matches('\u{feff}');
        if !text.trim().is_empty() {
            lines.push(Line { number, text });
        }
    }
    lines
}

/// Excel's `sep=;` in the first line.
fn excel_separator(line: &str) -> Option<Separator> {
    let line = line.trim_matches([' ', '"', '\r']);
    let (name, separator) = line.split_once('=')?;
    let mut characters = separator.chars();
    let separator = characters.next()?;
    (name.trim().eq_ignore_ascii_case("sep")
        && characters.next().is_none()
        && !separator.is_alphanumeric())
    .then_some(Separator::Character(separator))
}

/// Takes out lines that begin with `#`, but for pictures of such a name and for a header; says how many.
fn remove_comments(lines: &mut Vec<Line<'_>>, is_there: &dyn Fn(&str) -> bool) -> usize {
    let is_separator = |character: char| matches!(character, ',' | ';' | '\t' | '|');
    let cells = |text: &str| -> Vec<String> {
        text.split(is_separator)
            .map(|cell| cell.trim().trim_matches('"').to_owned())
            .collect()
    };
    let is_comment = |text: &str| {
        text.trim_start().starts_with('#')
            && !cells(text).first().is_some_and(|cell| is_there(cell))
            && !text.split_whitespace().next().is_some_and(is_there)
    };
    if !lines.iter().any(|line| is_comment(line.text)) {
        return 0;
    }
    let names_picture = |text: &str| {
        cells(text)
            .iter()
            .flat_map(|cell| {
                [
                    cell.as_str(),
                    cell.split_whitespace().next().unwrap_or_default(),
                ]
            })
            .any(|cell| is_picture_name(cell) || !cell.is_empty() && is_there(cell))
    };
    let first = lines
        .iter()
        .position(|line| !is_comment(line.text))
        .unwrap_or(lines.len());
    // `# file,label` right above the first picture.
    let header = first.checked_sub(1).filter(|&header| {
        let columns = cells(lines[header].text).len();
        lines.get(first).is_some_and(|line| {
            names_picture(line.text) && columns > 1 && cells(line.text).len() == columns
        }) && !names_picture(lines[header].text)
    });
    let before = lines.len();
    let mut index = 0;
    lines.retain_mut(|line| {
        let is_header = header == Some(index);
        index += 1;
        if is_header {
            line.text = line.text.trim_start().trim_start_matches('#').trim_start();
        }
        is_header || !is_comment(line.text)
    });
    before - lines.len()
}

/// The separator under which most of the first lines have several cells, one of them a picture's name.
fn find_separator(lines: &[Line<'_>]) -> Separator {
    let sample = &lines[..lines.len().min(SAMPLE_ROWS)];
    let score = |separator: Separator| {
        let rows = divide(sample, separator).rows;
        let several = rows.iter().filter(|row| row.cells.len() > 1).count();
        let with_picture = rows
            .iter()
            .filter(|row| {
                row.cells.len() > 1 && row.cells.iter().any(|cell| is_picture_name(cell.trim()))
            })
            .count();
        (with_picture, several)
    };
    let mut best = (SEPARATORS[0], score(SEPARATORS[0]));
    for separator in &SEPARATORS[1..] {
        let score = score(*separator);
        if score > best.1 {
            best = (*separator, score);
        }
    }
    best.0
}

/// Whether names of classes hold spaces where spaces separate: many rows have other numbers of cells than most, and
/// the path is the first.
fn is_ragged(rows: &[Row], width: usize) -> bool {
    let other = rows.iter().filter(|row| row.cells.len() != width).count();
    let path_first = rows
        .iter()
        .filter(|row| row.cells.first().is_some_and(|cell| is_picture_name(cell)))
        .count();
    other * RAGGED > rows.len() && path_first * 2 > rows.len()
}

/// The first word with a letter beyond ASCII, not too long.
fn example(text: &str) -> Option<String> {
    let at = text.find(|character: char| !character.is_ascii())?;
    let is_end = |character: char| character.is_ascii() && !character.is_ascii_alphanumeric();
    let start = text[..at].rfind(is_end).map_or(0, |end| end + 1);
    let word: String = text[start..]
        .chars()
        .take_while(|&character| !is_end(character))
        .take(24)
        .collect();
    Some(word.trim_matches('\u{feff}').to_owned()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests;
