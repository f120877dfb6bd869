//! Several labels in one cell.

use std::collections::{HashMap, HashSet};

/// Cells that hold several labels each.
#[derive(Debug)]
pub struct Several {
    pub cells: HashSet<String>,
    pub rows: usize,
    /// One of them.
    pub example: String,
}

/// Finds out whether cells hold several labels: their parts stand alone in other cells, or come again and again in
/// other company. A class whose name holds a comma or a space is none of these. `are_tags` says that the column's
/// name announces several words in a cell.
pub fn several(counts: &HashMap<&str, usize>, are_tags: bool) -> Option<Several> {
    let lists = |cell: &str| list_length(cell).is_some_and(|length| length > 1);
    let mut cells: HashSet<&str> = counts.keys().copied().filter(|cell| lists(cell)).collect();
    for separator in ['|', ';', ',', '+', '/', ' '] {
        if !cells.is_empty() {
            break;
        }
        cells = with_parts(counts, separator);
    }
    if cells.is_empty() && are_tags {
        cells = sharing_words(counts);
    }
    let example = cells.iter().min().copied()?.to_owned();
    Some(Several {
        rows: cells.iter().filter_map(|cell| counts.get(cell)).sum(),
        cells: cells.into_iter().map(str::to_owned).collect(),
        example,
    })
}

/// The number of elements in a cell such as `["a", "b"]`.
fn list_length(cell: &str) -> Option<usize> {
    let pairs = [('[', ']'), ('{', '}'), ('(', ')')];
    let inner = pairs
        .iter()
        .find_map(|&(open, close)| cell.strip_prefix(open)?.strip_suffix(close))?;
    let is_quoted = inner.contains(['\'', '"']);
    let parts = inner
        .split(',')
        .filter(|part| !part.trim().is_empty())
        .count();
    // (x, y) without quotes may be part of a name; [1, 2] is a list.
    (is_quoted || cell.starts_with('[')).then_some(parts)
}

fn with_parts<'a>(counts: &HashMap<&'a str, usize>, separator: char) -> HashSet<&'a str> {
    let parts = |cell: &'a str| -> Vec<&'a str> {
        let parts = cell.split(separator);
        // `cat/dog` are two; `a / b` may be one that is called so.
        let is_tight = !matches!(separator, '+' | '/')
            || parts
                .clone()
                .all(|part| part.trim() == part && !part.is_empty());
        if !is_tight {
            return vec![cell];
        }
        parts
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    };
    let combined: Vec<(&str, Vec<&str>)> = counts
        .keys()
        .map(|cell| (*cell, parts(cell)))
        .filter(|(_, parts)| parts.len() > 1)
        .collect();
    // The parts stand alone elsewhere, all of them different.
    let alone: HashSet<&str> = counts
        .keys()
        .copied()
        .filter(|cell| parts(cell).len() == 1)
        .collect();
    let are_alone = |parts: &[&str]| {
        let known = parts.iter().filter(|part| alone.contains(*part)).count();
        // What separates lists and hardly anything else needs less proof.
        let is_enough = match separator {
            '|' | ';' => known > 0,
            _ => known == parts.len(),
        };
        is_enough && parts.iter().collect::<HashSet<_>>().len() == parts.len()
    };
    let mut found: HashSet<&str> = combined
        .iter()
        .filter(|(_, parts)| are_alone(parts))
        .map(|(cell, _)| *cell)
        .collect();
    // Or few words in many combinations of different lengths.
    let mut company: HashMap<&str, usize> = HashMap::new();
    for (_, parts) in &combined {
        for part in parts {
            *company.entry(part).or_default() += 1;
        }
    }
    let lengths = combined.iter().map(|(_, parts)| parts.len());
    let spread = lengths.clone().max().unwrap_or(0) - lengths.min().unwrap_or(0);
    let recurring = combined
        .iter()
        .filter(|(_, parts)| {
            parts
                .iter()
                .all(|part| company[part] > 1 || alone.contains(part))
        })
        .count();
    let many = match separator {
        '+' | '/' => false,
        ' ' => combined.len() >= 20 && company.len() * 3 <= combined.len() && spread >= 2,
        ',' => {
            combined.len() >= 4
                && company.len() < combined.len()
                && recurring * 10 >= combined.len() * 9
                && spread >= 1
        }
        _ => combined.len() >= 2 && recurring * 2 > combined.len(),
    };
    // What recurs with a part that stands alone belongs to the same kind of cell.
    if many
        || !found.is_empty()
            && !matches!(separator, ' ' | '+' | '/')
            && found.len() * 2 >= combined.len()
    {
        found.extend(combined.iter().map(|(cell, _)| *cell));
    }
    found
}

/// Cells of several words, most of which share a word with others.
fn sharing_words<'a>(counts: &HashMap<&'a str, usize>) -> HashSet<&'a str> {
    let combined: HashSet<&str> = counts
        .keys()
        .copied()
        .filter(|cell| cell.split_whitespace().count() > 1)
        .collect();
    let mut company: HashMap<&str, usize> = HashMap::new();
    for word in counts.keys().flat_map(|cell| cell.split_whitespace()) {
        *company.entry(word).or_default() += 1;
    }
    let lengths: HashSet<usize> = counts
        .keys()
        .map(|cell| cell.split_whitespace().count())
        .collect();
    let shares = |cell: &&&str| cell.split_whitespace().any(|word| company[word] > 1);
    let sharing = combined.iter().filter(shares).count();
    if lengths.len() > 1 && sharing >= 2 && sharing * 2 > combined.len() {
        combined
    } else {
        HashSet::new()
    }
}

/// Labels that are put together of two others (`cat & dog` beside `cat` and `dog`), and may as well be their own.
pub fn joined(counts: &HashMap<&str, usize>) -> Vec<String> {
    let is_joined = |label: &&str| {
        [" & ", " and ", " / ", " + ", " und ", " et ", " y "]
            .iter()
            .any(|word| {
                let parts: Vec<&str> = label.split(word).map(str::trim).collect();
                parts.len() > 1 && parts.iter().all(|part| counts.contains_key(part))
            })
    };
    let mut joined: Vec<String> = counts
        .keys()
        .copied()
        .filter(is_joined)
        .map(|label| format!("“{label}”"))
        .collect();
    joined.sort_unstable();
    joined
}

/// Whether most cells are a name and numbers after it, as tables of object detection write their boxes:
/// `opacity 1 24 5 20 30`.
pub fn are_boxes<'a>(counts: &HashMap<&'a str, usize>) -> Option<&'a str> {
    let is_box = |cell: &&&str| {
        let words: Vec<&str> = cell.split([' ', ',', ';']).collect();
        let is_number = |word: &&str| super::number(word).is_some();
        let numbers = words.iter().filter(|word| is_number(word)).count();
        let names = words.len() - numbers;
        numbers >= 4 && numbers >= names * 4 && words.last().is_some_and(is_number)
    };
    let boxes: Vec<&&str> = counts.keys().filter(is_box).collect();
    (boxes.len() * 2 > counts.len())
        .then(|| boxes.into_iter().min().copied())
        .flatten()
}

/// Why a table with several labels in a cell is refused.
pub fn refusal(several: &Several, rows: usize, line: u64) -> String {
    format!(
        "this is a multi-label table: {} of {rows} rows have several labels in one cell, such as “{}” in line {line}, \
         and Graft learns one class for each picture; keep one label in each row, choose another column, or name such \
         combinations in data.classes of a preset if each is a class of its own",
        several.rows, several.example
    )
}
