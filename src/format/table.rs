//! Columns of text.

use std::borrow::Cow;

use crate::shown;

/// To which a column grows at most; longer cells stand out of it.
const MOST_LETTERS: usize = 200;

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Lines of cells under a header, in columns two spaces apart. Without a header text, there is no
/// header line.
pub fn table(header: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    // A name may hold the end of a line, which a cell must not.
    let header: Vec<(Cow<'_, str>, Align)> = header
        .iter()
        .map(|(name, align)| (shown::line(name), *align))
        .collect();
    let rows: Vec<Vec<Cow<'_, str>>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| shown::line(cell)).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain([header[column].0.chars().count()])
            .max()
            .unwrap_or(0)
            // A name may have any length, and a width beyond 65,535 is none that can be asked for.
            .min(MOST_LETTERS)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(&header)
            .zip(&widths)
            .map(|((cell, (_, align)), &width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            })
            .collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = String::new();
    if header.iter().any(|(name, _)| !name.is_empty()) {
        text.push_str(&line(&mut header.iter().map(|(name, _)| name.as_ref())));
    }
    for row in &rows {
        text.push_str(&line(&mut row.iter().map(Cow::as_ref)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_letters() {
        let rows = vec![
            vec!["Prüfung".into(), "9".into()],
            vec!["b".into(), "1,000".into()],
        ];
        let text = table(&[("name", Align::Left), ("n", Align::Right)], &rows);
        assert_eq!(text, "name         n\nPrüfung      9\nb        1,000\n");
        assert_eq!(table(&[("", Align::Left)], &[vec!["x".into()]]), "x\n");
    }
}
