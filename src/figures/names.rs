//! Names of classes as figures write them: also those that draw nothing, or that no font can draw, can be told apart.

use super::fonts;
use crate::shown;

/// A name whose every letter is seen: `cat`, `a\\nb`, `␣␣`, `“cat␣”`, `[U+12000]`. Ordinary names are as they were.
pub(super) fn visible(name: &str) -> String {
    let unwritable = fonts::unwritable(name);
    let mut text = String::with_capacity(name.len());
    for letter in shown::line(name).chars() {
        if unwritable.contains(&letter) {
            text.push_str(&format!("[U+{:04X}]", u32::from(letter)));
        } else {
            text.push(letter);
        }
    }
    // Spaces at an end are seen only if they are marked, and nothing at all only in quotation marks.
    let trimmed = text.trim();
    if trimmed.len() == text.len() && !text.is_empty() {
        return text;
    }
    let before = text.len() - text.trim_start().len();
    let marked: String = text
        .char_indices()
        .map(|(at, letter)| {
            let is_inside = (before..before + trimmed.len()).contains(&at);
            if is_inside { letter } else { '␣' }
        })
        .collect();
    format!("“{marked}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_draw_nothing_are_told_apart() {
        for (name, expected) in [
            ("cat", "cat"),
            ("two words", "two words"),
            ("a\nb", "a\\nb"),
            ("", "“”"),
            (" ", "“␣”"),
            ("  ", "“␣␣”"),
            (" cat ", "“␣cat␣”"),
            ("a\u{10FFFD}", "a[U+10FFFD]"),
            ("a\u{10FFFC}", "a[U+10FFFC]"),
        ] {
            assert_eq!(visible(name), expected);
        }
    }
}
