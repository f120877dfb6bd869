//! What a matrix shows, as plain data.

use eframe::egui::Color32;

use crate::app::core::prepared_answers::Shown;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, Tokens};
use crate::format;

/// Plain data of a matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatrixView {
    /// In the order of rows and of columns.
    pub classes: Vec<String>,
    /// `cells[row * classes + column]`: pictures of class `row` that were predicted as class `column`,
    /// or by how many there are more than in another run.
    pub cells: Vec<i64>,
    pub shown: Shown,
    /// Pictures of each class, and pictures predicted as it.
    pub truths: Vec<u64>,
    pub predictions: Vec<u64>,
    /// The largest cell, which takes the full colour.
    pub most: i64,
    /// Changes whenever anything above does.
    pub stamp: u64,
}

impl MatrixView {
    /// `cell(truth, predicted)` for classes by their indices in `names`, laid out in `order`.
    pub fn new(
        names: &[String],
        order: &[usize],
        shown: Shown,
        stamp: u64,
        cell: impl Fn(usize, usize) -> i64,
    ) -> Self {
        let n = order.len();
        let mut cells = Vec::with_capacity(n * n);
        for &row in order {
            cells.extend(order.iter().map(|&column| cell(row, column)));
        }
        let sum = |indices: &mut dyn Iterator<Item = usize>| {
            indices.map(|index| cells[index].max(0) as u64).sum::<u64>()
        };
        let truths = (0..n)
            .map(|row| sum(&mut (row * n..(row + 1) * n)))
            .collect();
        let predictions = (0..n)
            .map(|column| sum(&mut (0..n).map(|row| row * n + column)))
            .collect();
        Self {
            classes: order.iter().map(|&class| names[class].clone()).collect(),
            most: cells.iter().map(|cell| cell.abs()).max().unwrap_or(0),
            cells,
            shown,
            truths,
            predictions,
            stamp,
        }
    }

    pub fn len(&self) -> usize {
        self.classes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    pub fn cell(&self, row: usize, column: usize) -> i64 {
        self.cells[row * self.classes.len() + column]
    }

    /// How much of the full colour a cell takes, 0 to 1.
    fn strength(&self, row: usize, column: usize) -> f64 {
        let value = self.cell(row, column).unsigned_abs() as f64;
        let whole = match self.shown {
            Shown::Counts | Shown::Change => self.most as f64,
            Shown::ByRow => self.truths[row] as f64,
            Shown::ByColumn => self.predictions[column] as f64,
        };
        if whole > 0.0 { value / whole } else { 0.0 }
    }

    /// What stands in a cell.
    pub fn text(&self, row: usize, column: usize) -> String {
        let value = self.cell(row, column);
        let share = |whole: u64| {
            if value == 0 || whole == 0 {
                "0".to_owned()
            } else {
                format::whole_percent(value as f64 / whole as f64)
            }
        };
        match self.shown {
            Shown::Counts => format::thousands(value.unsigned_abs()),
            Shown::ByRow => share(self.truths[row]),
            Shown::ByColumn => share(self.predictions[column]),
            Shown::Change if value == 0 => "0".into(),
            Shown::Change if value > 0 => format!("+{value}"),
            Shown::Change => format!("−{}", value.unsigned_abs()),
        }
    }

    /// What a cell says, in words.
    pub fn sentence(&self, row: usize, column: usize) -> String {
        let name = |class: usize| shown_name(&self.classes[class]);
        let (truth, predicted) = (name(row), name(column));
        let value = self.cell(row, column);
        let pictures = format::plural(value.unsigned_abs(), "picture", "pictures");
        if self.shown == Shown::Change {
            let outcome = if row == column {
                format!("{truth} recognised")
            } else {
                format!("{truth} predicted as {predicted}")
            };
            let judged = match self.change(row, column) {
                Some(true) => "better",
                Some(false) => "worse",
                None => return format!("{outcome}: as many as before"),
            };
            let more = if value > 0 { "more" } else { "fewer" };
            return format!("{outcome}: {pictures} {more}, {judged}");
        }
        let outcome = if row == column {
            format!("{pictures} of {truth} recognised")
        } else {
            format!("{pictures} of {truth} predicted as {predicted}")
        };
        let of = |whole: u64, what: &str| {
            let share = if whole > 0 {
                value as f64 / whole as f64
            } else {
                0.0
            };
            format!(
                "{} of {} {what}",
                format::percent(share),
                format::thousands(whole)
            )
        };
        format!(
            "{outcome}: {}, {}",
            of(self.truths[row], &format!("of class {truth}")),
            of(
                self.predictions[column],
                &format!("predicted as {predicted}")
            )
        )
    }

    pub(super) fn color(&self, row: usize, column: usize, colors: &Tokens) -> Color32 {
        let value = self.cell(row, column);
        if value == 0 {
            return colors.sunken;
        }
        // Few pictures stay visible beside many.
        let strength = 0.1 + 0.9 * self.strength(row, column).powf(0.55);
        if let Some(is_better) = self.change(row, column) {
            let sign = if is_better { 1.0 } else { -1.0 };
            return tokens::change(colors.dark, sign * strength);
        }
        let full = if row == column {
            colors.accent_fill
        } else {
            colors.danger
        };
        colors.sunken.lerp_to_gamma(full, strength as f32)
    }

    /// Of a change, whether it is one for the better: more on the diagonal, fewer beside it.
    pub(super) fn change(&self, row: usize, column: usize) -> Option<bool> {
        let value = self.cell(row, column);
        (self.shown == Shown::Change && value != 0).then_some((value > 0) == (row == column))
    }

    /// The matrix as lines of text, for tests.
    pub fn lines(&self) -> String {
        let line = |row: usize| {
            let cells: Vec<String> = (0..self.len())
                .map(|column| self.text(row, column))
                .collect();
            format!("{}: {}", self.classes[row], cells.join(" "))
        };
        (0..self.len()).map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(shown: Shown) -> MatrixView {
        let counts = [[8, 2, 0], [1, 4, 0], [0, 0, 0]];
        let names = ["cat", "dog", "owl"].map(str::to_owned);
        MatrixView::new(&names, &[1, 0, 2], shown, 1, |row, column| {
            counts[row][column]
        })
    }

    #[test]
    fn cells_follow_the_order_of_classes() {
        assert_eq!(
            view(Shown::Counts).lines(),
            "dog: 4 1 0\ncat: 2 8 0\nowl: 0 0 0"
        );
        assert_eq!(
            view(Shown::ByRow).lines(),
            "dog: 80 % 20 % 0\ncat: 20 % 80 % 0\nowl: 0 0 0"
        );
        assert_eq!(
            view(Shown::ByColumn).lines(),
            "dog: 67 % 11 % 0\ncat: 33 % 89 % 0\nowl: 0 0 0"
        );
    }

    #[test]
    fn a_cell_says_what_it_means() {
        let view = view(Shown::Counts);
        assert_eq!(
            view.sentence(1, 0),
            "2 pictures of cat predicted as dog: 20.0 % of 10 of class cat, 33.3 % of 6 predicted as dog"
        );
        assert_eq!(
            view.sentence(2, 2),
            "0 pictures of owl recognised: 0.0 % of 0 of class owl, 0.0 % of 0 predicted as owl"
        );
        let names = ["cat", "dog"].map(str::to_owned);
        let change = [[3, -3], [-1, 1]];
        let view = MatrixView::new(&names, &[0, 1], Shown::Change, 1, |row, column| {
            change[row][column]
        });
        assert_eq!(view.lines(), "cat: +3 −3\ndog: −1 +1");
        assert_eq!(
            view.sentence(0, 1),
            "cat predicted as dog: 3 pictures fewer, better"
        );
        assert_eq!(
            view.sentence(1, 1),
            "dog recognised: 1 picture more, better"
        );
        assert_eq!(
            [(0, 0), (0, 1), (1, 0)].map(|(row, column)| view.change(row, column)),
            [Some(true), Some(true), Some(true)]
        );
        let worse = MatrixView::new(&names, &[0, 1], Shown::Change, 1, |row, column| {
            [[-2, 2], [0, 0]][row][column]
        });
        assert_eq!(worse.change(0, 0), Some(false));
        assert_eq!(worse.change(0, 1), Some(false));
        assert_eq!(worse.change(1, 1), None);
        assert_eq!(
            worse.sentence(0, 1),
            "cat predicted as dog: 2 pictures more, worse"
        );
    }
}
