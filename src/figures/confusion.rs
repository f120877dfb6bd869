//! The confusion matrix as a picture, and what changes from one to another.

use super::canvas::Canvas;
use super::matrix::{Aside, Cell, CellMark, draw_matrix};
use super::{Figure, heading, names};
use crate::evaluation::{Confusion, ConfusionMatrix};
use crate::format;

/// One matrix; the shade of a cell is what it says: its count, its share of the row, or of the column.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub matrix: ConfusionMatrix,
    pub shown: Shown,
}

/// What the cells of a confusion matrix say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    /// Counts, and below them the share of the true class.
    #[default]
    Counts,
    /// Shares of the true class: recall on the diagonal.
    ByRow,
    /// Shares of the predicted class: precision on the diagonal.
    ByColumn,
}

/// Above this number of classes, zeros are left out.
const MANY: usize = 12;

/// Lines of the list beside a matrix of many classes.
const LIST: usize = 16;

impl Figure for ConfusionFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let top = heading(canvas, &self.title, &self.remark) + 12.0 * canvas.unit;
        let most = self.matrix.counts.iter().flatten().max().copied();
        let most = most.unwrap_or(0).max(1);
        let aside = Aside {
            title: match self.shown {
                Shown::Counts => "Pictures",
                Shown::ByRow => "Share of the true class",
                Shown::ByColumn => "Share of the predicted class",
            },
            shade: |canvas, share| canvas.theme.at(share),
            ticks: self.ticks(most),
            list_title: match self.shown {
                Shown::Counts => "Most frequent confusions",
                Shown::ByRow | Shown::ByColumn => "Largest confusions",
            },
            list: self.confusions(),
        };
        let theme = canvas.theme;
        draw_matrix(
            canvas,
            &self.matrix.classes,
            top,
            &aside,
            |truth, predicted| {
                let count = self.matrix.counts[truth][predicted];
                let share = self.share(truth, predicted);
                let number = format::thousands(count);
                let (text, second) = match self.shown {
                    Shown::Counts => (number, format::percent(share)),
                    Shown::ByRow | Shown::ByColumn => (format::whole_percent(share), number),
                };
                let is_said = count > 0 || self.matrix.classes.len() <= MANY;
                let shade = match self.shown {
                    Shown::Counts => count as f64 / most as f64,
                    Shown::ByRow | Shown::ByColumn => share,
                };
                Cell {
                    shade: theme.at(shade),
                    mark: None,
                    text: is_said.then_some(text),
                    second: Some(second),
                    strong: truth == predicted,
                }
            },
        );
    }
}

impl ConfusionFigure {
    fn share(&self, truth: usize, predicted: usize) -> f64 {
        let all = match self.shown {
            Shown::Counts | Shown::ByRow => return self.matrix.row_share(truth, predicted),
            Shown::ByColumn => self.matrix.predictions(predicted),
        };
        if all == 0 {
            0.0
        } else {
            self.matrix.counts[truth][predicted] as f64 / all as f64
        }
    }

    /// What stands beside the bar of shades, up to a cell of `most` pictures.
    fn ticks(&self, most: u64) -> Vec<(f64, String)> {
        match self.shown {
            Shown::Counts => {
                // Whole pictures only.
                let step = most.div_ceil(4);
                (0..=most / step)
                    .map(|index| index * step)
                    .map(|count| (count as f64 / most as f64, format::thousands(count)))
                    .collect()
            }
            Shown::ByRow | Shown::ByColumn => [0.0, 0.25, 0.5, 0.75, 1.0]
                .map(|share| (share, format::whole_percent(share)))
                .to_vec(),
        }
    }

    /// The largest cells off the diagonal, by what the figure says of them.
    fn confusions(&self) -> Vec<(String, String)> {
        let classes = &self.matrix.classes;
        let weight = |confusion: &Confusion| match self.shown {
            Shown::Counts => confusion.count as f64,
            Shown::ByRow | Shown::ByColumn => {
                self.share(confusion.truth as usize, confusion.predicted as usize)
            }
        };
        let mut confusions = self.matrix.top_confusions(usize::MAX);
        confusions.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        confusions
            .iter()
            .take(LIST)
            .map(|confusion| {
                let class = |class: u32| names::visible(&classes[class as usize]);
                let value = match self.shown {
                    Shown::Counts => format::thousands(confusion.count),
                    Shown::ByRow | Shown::ByColumn => format::percent(weight(confusion)),
                };
                let (truth, predicted) = (class(confusion.truth), class(confusion.predicted));
                (format!("{truth} → {predicted}"), value)
            })
            .collect()
    }
}

/// What changes in the confusion matrix from one run to another, both on the same pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionDifferenceFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub from: ConfusionMatrix,
    /// Has the same classes.
    pub to: ConfusionMatrix,
}

impl Figure for ConfusionDifferenceFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let top = heading(canvas, &self.title, &self.remark) + 12.0 * canvas.unit;
        let most = self.largest_change();
        let ticks = [-1.0, -0.5, 0.0, 0.5, 1.0]
            .map(|part: f64| {
                let points = (part * most * 100.0).abs();
                let points = match most < 0.1 {
                    true => format!("{points:.1}"),
                    false => format!("{points:.0}"),
                };
                let text = match part {
                    0.0 => "same".to_owned(),
                    part if part < 0.0 => format!("▼ {points} worse"),
                    _ => format!("▲ {points} better"),
                };
                ((part + 1.0) / 2.0, text)
            })
            .to_vec();
        let aside = Aside {
            title: "Points of the true class",
            shade: |canvas, share| canvas.theme.change(2.0 * share - 1.0),
            ticks,
            list_title: "Largest changes",
            list: self.changes(),
        };
        let theme = canvas.theme;
        draw_matrix(canvas, &self.to.classes, top, &aside, |truth, predicted| {
            let change = self.change(truth, predicted);
            let count = self.count_change(truth, predicted);
            let is_said = count != 0 || self.to.classes.len() <= MANY;
            let better = better(truth, predicted, change);
            Cell {
                shade: theme.change(better / most),
                mark: (count != 0).then_some(if better > 0.0 {
                    CellMark::Better
                } else {
                    CellMark::Worse
                }),
                text: is_said.then(|| signed(count)),
                second: Some(points(change)),
                strong: truth == predicted,
            }
        });
    }
}

impl ConfusionDifferenceFigure {
    /// Change of the share of the true class, -1 to 1.
    fn change(&self, truth: usize, predicted: usize) -> f64 {
        self.to.row_share(truth, predicted) - self.from.row_share(truth, predicted)
    }

    fn count_change(&self, truth: usize, predicted: usize) -> i64 {
        self.to.counts[truth][predicted] as i64 - self.from.counts[truth][predicted] as i64
    }

    /// The ends of the scale: the largest change, at least a point, so that noise stays pale.
    fn largest_change(&self) -> f64 {
        let classes = self.to.classes.len();
        (0..classes * classes)
            .map(|index| self.change(index / classes, index % classes).abs())
            .fold(0.01, f64::max)
    }

    fn changes(&self) -> Vec<(String, String)> {
        let classes = &self.to.classes;
        let mut cells: Vec<(i64, usize, usize)> = (0..classes.len())
            .flat_map(|truth| (0..classes.len()).map(move |predicted| (truth, predicted)))
            .map(|(truth, predicted)| (self.count_change(truth, predicted), truth, predicted))
            .filter(|(count, ..)| *count != 0)
            .collect();
        cells.sort_by(|a, b| (b.0.abs().cmp(&a.0.abs())).then((a.1, a.2).cmp(&(b.1, b.2))));
        cells
            .into_iter()
            .take(LIST)
            .map(|(count, truth, predicted)| {
                let class = |class: usize| names::visible(&classes[class]);
                // More on the diagonal is better, more beside it is worse.
                let mark = if (count > 0) == (truth == predicted) {
                    '▲'
                } else {
                    '▼'
                };
                let name = if truth == predicted {
                    format!("{mark} {} recognised", class(truth))
                } else {
                    format!("{mark} {} → {}", class(truth), class(predicted))
                };
                (name, signed(count))
            })
            .collect()
    }
}

/// A change's worth: more on the diagonal is better, more beside it is worse.
fn better(truth: usize, predicted: usize, change: f64) -> f64 {
    if truth == predicted { change } else { -change }
}

fn signed(count: i64) -> String {
    let number = format::thousands(count.unsigned_abs());
    match count {
        0 => "0".to_owned(),
        count if count < 0 => format!("−{number}"),
        _ => format!("+{number}"),
    }
}

fn points(change: f64) -> String {
    let points = change * 100.0;
    // No sign before a zero that rounding left.
    if points.abs() < 0.05 {
        "0.0 points".to_owned()
    } else if points < 0.0 {
        format!("−{:.1} points", -points)
    } else {
        format!("+{points:.1} points")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Size, Theme, to_svg};

    fn matrix(counts: [[u64; 2]; 2]) -> ConfusionMatrix {
        ConfusionMatrix {
            classes: vec!["defective".into(), "functional".into()],
            counts: counts.map(Vec::from).to_vec(),
        }
    }

    #[test]
    fn cells_say_counts_or_shares_of_row_or_column() {
        for (shown, expected) in [
            (Shown::Counts, [">171<", ">80.3 %<", ">Pictures<"]),
            (Shown::ByRow, [">80 %<", ">171<", "Share of the true class"]),
            (
                Shown::ByColumn,
                [">89 %<", ">171<", "Share of the predicted class"],
            ),
        ] {
            let figure = ConfusionFigure {
                title: "t".into(),
                remark: String::new(),
                matrix: matrix([[171, 42], [21, 422]]),
                shown,
            };
            let svg = to_svg(&figure, Size::default(), Theme::LIGHT);
            for text in expected {
                assert!(svg.contains(text), "{shown:?}: {text}");
            }
        }
    }

    #[test]
    fn counts_and_shares_are_two_figures_of_however_many_classes() {
        for classes in [2, 19, 300] {
            // As many pictures of every class, where shares and counts have the same pattern.
            let counts = (0..classes)
                .map(|truth| {
                    let cell = |predicted| match (predicted + classes - truth) % classes {
                        0 => 7,
                        1 => 3,
                        _ => 0,
                    };
                    (0..classes).map(cell).collect()
                })
                .collect();
            let of = |shown| {
                let figure = ConfusionFigure {
                    title: "t".into(),
                    remark: String::new(),
                    matrix: ConfusionMatrix {
                        classes: (0..classes).map(|class| format!("class {class}")).collect(),
                        counts: Vec::clone(&counts),
                    },
                    shown,
                };
                to_svg(&figure, Size::default(), Theme::LIGHT)
            };
            let (counts, shares) = (of(Shown::Counts), of(Shown::ByRow));
            assert_ne!(counts, shares, "{classes}");
            assert!(counts.contains(">Pictures<") && shares.contains(">Share of the true class<"));
        }
    }

    #[test]
    fn better_and_worse_are_told_without_their_colours() {
        let classes: Vec<String> = (0..30).map(|class| format!("class {class}")).collect();
        let diagonal = |right: u64| ConfusionMatrix {
            classes: classes.clone(),
            counts: (0..30)
                .map(|truth| {
                    let cell = |predicted| match (truth, predicted) {
                        (truth, predicted) if truth == predicted => right,
                        (truth, predicted) if (truth + 1) % 30 == predicted => 20 - right,
                        _ => 0,
                    };
                    (0..30).map(cell).collect()
                })
                .collect(),
        };
        let triangles = |from, to| {
            let figure = ConfusionDifferenceFigure {
                title: "t".into(),
                remark: String::new(),
                from: diagonal(from),
                to: diagonal(to),
            };
            let svg = to_svg(&figure, Size::default(), Theme::LIGHT);
            (svg.matches("fill-opacity").count(), svg)
        };
        let (better, svg) = triangles(10, 15);
        assert_eq!(better, 60, "each cell that changed");
        assert!(svg.contains(">▲ class 0 recognised<") && svg.contains("better<"));
        assert_eq!(triangles(10, 10).0, 0);
        assert_ne!(svg, triangles(15, 10).1);
        assert!(triangles(15, 10).1.contains(">▼ class 0 recognised<"));
    }

    #[test]
    fn a_difference_is_signed_and_says_what_is_better() {
        let figure = ConfusionDifferenceFigure {
            title: "t".into(),
            remark: String::new(),
            from: matrix([[160, 53], [21, 422]]),
            to: matrix([[171, 42], [26, 417]]),
        };
        let svg = to_svg(&figure, Size::default(), Theme::LIGHT);
        for text in [
            ">+11<",
            ">−11<",
            ">+5<",
            ">−5<",
            ">+5.2 points<",
            ">−1.1 points<",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        // Eleven more on the diagonal and eleven fewer beside it are equally good.
        let strongest = Theme::LIGHT.diverging[4];
        let hex = format!(
            "fill=\"#{:02x}{:02x}{:02x}\" rx",
            strongest.0, strongest.1, strongest.2
        );
        assert_eq!(svg.matches(&hex).count(), 2);
        assert_eq!(better(0, 1, 0.1), -0.1);
    }
}
