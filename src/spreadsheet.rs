//! Cells of comma-separated tables that a spreadsheet would take for a formula: `=HYPERLINK(…)`, `@SUM(…)`, `-1+cmd|…`.
//!
//! A class or a file may have any name, also one that a stranger gave it. In a table for people such a cell gets an
//! apostrophe in front, as a spreadsheet itself writes text that is no formula; reading takes it away again. Numbers stay
//! numbers. A name that itself begins with apostrophes before such a sign gets one more, so that every name comes back.

use std::borrow::Cow;

/// `text` as a cell that is text everywhere.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if looks_like_a_formula(text.trim_start_matches('\'')) && !is_number(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What [`guarded`] was given.
pub fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if guarded(text) != text => text,
        _ => cell,
    }
}

fn looks_like_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// `-0.5`, `+1e-3`, `-inf`: as a formula, it would do nothing.
fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_every_name_comes_back() {
        for (text, cell) in [
            ("cat", "cat"),
            ("", ""),
            ("'", "'"),
            ("'tis", "'tis"),
            ("=1+1", "'=1+1"),
            ("'=1+1", "''=1+1"),
            ("''@a", "'''@a"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-1.png", "'-1.png"),
            ("-0.5", "-0.5"),
            ("+1e-3", "+1e-3"),
            ("-inf", "-inf"),
            ("-", "'-"),
            ("\tx", "'\tx"),
            ("@", "'@"),
        ] {
            assert_eq!(guarded(text), cell);
            assert_eq!(unguarded(cell), text);
            // An older table, where nothing is guarded.
            if !text.starts_with('\'') {
                assert_eq!(unguarded(text), text);
            }
        }
    }
}
