//! What cells are called: by what varies, so that a cell's folder is the same whoever trains it and whatever other cells
//! there are.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::sweep::cell::Cell;

/// Room for what a run adds to its folder's name on the way (`.writing-…`), on any file system.
const LONGEST_NAME: usize = 120;
const LONGEST_VALUE: usize = 40;
/// Hexadecimal digits of a hash that stands for what is left out.
const DIGITS: usize = 8;

/// What each field is called: the end of its path, as much of it as it takes to be told from the others.
/// `phases[1].learning_rate` becomes `learning_rate`, or `phases1.learning_rate` beside another phase's.
pub(super) fn labels(fields: &[String]) -> Vec<String> {
    let parts: Vec<Vec<String>> = (fields.iter())
        .map(|field| {
            field
                .split('.')
                .map(|part| part.replace(['[', ']'], "").trim().to_owned())
                .collect()
        })
        .collect();
    let end = |index: usize, count: usize| {
        let parts = &parts[index];
        parts[parts.len().saturating_sub(count)..].join(".")
    };
    (0..fields.len())
        .map(|index| {
            let whole = parts[index].len();
            let is_own = |count: usize| {
                (0..fields.len())
                    .all(|other| other == index || end(other, count) != end(index, count))
            };
            let count = (1..=whole).find(|&count| is_own(count)).unwrap_or(whole);
            end(index, count)
        })
        .collect()
}

/// `learning_rate=0.001,batch_size=16,seed=42`, in signs that every file system takes.
pub(super) fn cell_name(labels: &[String], texts: &[String], seed: u64) -> String {
    let mut name = String::new();
    for (label, text) in std::iter::zip(labels, texts) {
        // A label comes from a field that there is, so it has no other signs.
        let _ = write!(name, "{label}={},", value(text));
    }
    let end = format!("seed={seed}");
    if name.len() + end.len() <= LONGEST_NAME {
        return name + &end;
    }
    let hash = hash(&texts.join("\u{0}"));
    let room = LONGEST_NAME - end.len() - hash.len() - 2;
    // All of it is ASCII.
    format!("{}~{hash},{end}", name.get(..room).unwrap_or(&name))
}

/// A value in signs that every file system takes. What loses something by that gets a hash of the whole.
fn value(text: &str) -> String {
    let (plain, is_whole) = plain(text);
    if is_whole && plain.len() <= LONGEST_VALUE {
        return plain;
    }
    let kept: String = plain.chars().take(LONGEST_VALUE).collect();
    format!("{}~{}", kept.trim_end_matches('-'), hash(text))
}

/// The text without what file systems do not take, and whether it still says all that the text says: `0.001`,
/// `"resnet18"` as `resnet18`, `Below("layer4")` as `Below-layer4`.
fn plain(text: &str) -> (String, bool) {
    let is_plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|sign| sign.is_ascii_alphanumeric() || "._+-".contains(sign))
    };
    let unquoted = |text: &str| {
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        Some(inner.to_owned())
    };
    let single = unquoted(text).unwrap_or_else(|| text.to_owned());
    if is_plain(&single) {
        return (single, true);
    }
    if let Some((name, rest)) = text.split_once('(')
        && let Some(inner) = rest.strip_suffix(')')
    {
        let inner = unquoted(inner).unwrap_or_else(|| inner.to_owned());
        if is_plain(name) && is_plain(&inner) {
            return (format!("{name}-{inner}"), true);
        }
    }
    let mut kept = String::new();
    for sign in text.chars() {
        if sign.is_ascii_alphanumeric() || "._+-".contains(sign) {
            kept.push(sign);
        } else if !kept.is_empty() && !kept.ends_with('-') {
            kept.push('-');
        }
    }
    (kept, false)
}

fn hash(text: &str) -> String {
    let mut hash = hex::encode(Sha256::digest(text.as_bytes()));
    hash.truncate(DIGITS);
    hash
}

/// # Errors
/// Naming two cells that could not have a folder each, where small and capital letters are the same.
pub(super) fn check_distinct(cells: &[Cell]) -> Result<(), String> {
    let mut seen: HashMap<String, &Cell> = HashMap::with_capacity(cells.len());
    for cell in cells {
        if let Some(other) = seen.insert(cell.name.to_ascii_lowercase(), cell) {
            return Err(format!(
                "two cells would share the folder {}: the values {} and {} differ in nothing that a folder’s name can hold",
                cell.name,
                other.settings.join(", "),
                cell.settings.join(", ")
            ));
        }
    }
    Ok(())
}
