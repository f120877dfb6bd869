//! Which settings can't be told from the best one.

use super::Row;
use crate::evaluation::seeds::SeedComparison;
use crate::evaluation::wilson;
use crate::experiment::Monitor;
use crate::sweep::cell::{CellState, CellStatus};
use crate::sweep::goal::Goal;
use crate::sweep::plan::Plan;

/// From so many seeds on, their spread is taken for what luck does.
const FEWEST_SEEDS: usize = 3;

/// What is known of a setting.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// The goal by seed.
    pub values: Vec<(u64, f64)>,
    /// Validation pictures.
    pub pictures: u64,
}

impl Measured {
    /// Of finished cells, where there are some.
    pub fn new(plan: &Plan, cells: &[CellStatus], group: usize) -> Self {
        let of_group: Vec<(u64, &CellStatus)> = plan
            .of_group(group)
            .filter_map(|index| Some((plan.cells[index].seed, cells.get(index)?)))
            .collect();
        let is_finished = |cell: &CellStatus| cell.state == CellState::Finished;
        let any_finished = of_group.iter().any(|(_, cell)| is_finished(cell));
        let values = of_group
            .iter()
            .filter(|(_, cell)| !any_finished || is_finished(cell))
            .filter_map(|(seed, cell)| Some((*seed, cell.goal?)))
            .collect();
        let pictures = of_group.iter().map(|(_, cell)| cell.validation_pictures);
        Self {
            values,
            pictures: pictures.max().unwrap_or(0) as u64,
        }
    }

    fn mean(&self) -> f64 {
        let sum: f64 = self.values.iter().map(|(_, value)| value).sum();
        sum / self.values.len().max(1) as f64
    }
}

/// So many of the pictures are a share of them.
pub(super) fn right(share: f64, pictures: u64) -> u64 {
    ((share * pictures as f64).round().max(0.0) as u64).min(pictures)
}

/// Rows that can't be told from the best, and how that was judged.
pub(super) fn from_best(
    goal: Goal,
    rows: &[Row],
    measured: &[Measured],
    best: Option<usize>,
) -> (Vec<usize>, String) {
    let Some(best) = best else {
        return (Vec::new(), "Nothing is measured yet.".into());
    };
    let compared: Vec<usize> = (0..rows.len())
        .filter(|&index| {
            index != best
                && rows[index].score.is_some()
                && rows[index].is_complete == rows[best].is_complete
        })
        .collect();
    let mut alike = Vec::new();
    let mut by_seeds = 0;
    for &index in &compared {
        let (is_apart, by) = is_apart(goal, &measured[best], &measured[index]);
        by_seeds += usize::from(by == By::Seeds);
        if !is_apart {
            alike.push(index);
        }
    }
    let method = method(goal, compared.len(), by_seeds, rows.len());
    (alike, method)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Seeds,
    Pictures,
    Nothing,
}

/// Whether two settings differ by more than luck, and by what that is judged.
fn is_apart(goal: Goal, a: &Measured, b: &Measured) -> (bool, By) {
    let pairs: Vec<(f64, f64)> = (a.values.iter())
        .filter_map(|(seed, value)| {
            let (_, other) = b.values.iter().find(|(other, _)| other == seed)?;
            Some((*value, *other))
        })
        .collect();
    if pairs.len() >= FEWEST_SEEDS
        && let Some(compared) = SeedComparison::new(&pairs)
        && compared.difference.standard_deviation > 0.0
        && let Some(interval) = compared.difference.mean.interval
    {
        return (!interval.contains(0.0), By::Seeds);
    }
    if goal.metric != Monitor::ValidationAccuracy || a.pictures == 0 || b.pictures == 0 {
        return (false, By::Nothing);
    }
    (differ_as_shares(a, b), By::Pictures)
}

/// Whether the 95 % interval of the difference of two shares leaves out 0: Newcombe 1998, method 10, from Wilson's intervals
/// of both. It takes the shares for those of different pictures, which makes it wider than it need be for the same ones.
fn differ_as_shares(a: &Measured, b: &Measured) -> bool {
    let (one, other) = (a.mean(), b.mean());
    let (of_one, of_other) = (
        wilson(right(one, a.pictures), a.pictures),
        wilson(right(other, b.pictures), b.pictures),
    );
    let difference = one - other;
    let low = difference - (one - of_one.low).hypot(of_other.high - other);
    let high = difference + (of_one.high - one).hypot(other - of_other.low);
    low > 0.0 || high < 0.0
}

fn method(goal: Goal, compared: usize, by_seeds: usize, rows: usize) -> String {
    let mut sentences: Vec<&str> = Vec::new();
    let is_share = goal.metric == Monitor::ValidationAccuracy;
    if compared == 0 {
        sentences.push("There is no other setting to compare the best one with yet.");
    }
    if by_seeds > 0 {
        sentences.push(
            "From three seeds on, two settings are told apart where the 95 % interval (Student’s t) of their difference, seed \
             by seed, leaves out 0: that is the luck of training, on these validation pictures.",
        );
    }
    if by_seeds < compared {
        sentences.push(match is_share {
            true => {
                "With fewer than three seeds, two settings are told apart where the 95 % interval of the difference of two shares \
                 (Newcombe, from Wilson’s intervals) leaves out 0: that is the luck of which pictures are validated, and knows \
                 nothing of the luck of training; for the same pictures it is wider than it need be."
            }
            false => {
                "With fewer than three seeds nothing tells how much of a difference in this metric is luck: every setting \
                 counts as not distinguishable."
            }
        });
    }
    if compared > 0 {
        sentences.push(
            "Each is compared with the best by itself, without a correction for their number.",
        );
    }
    if rows > 1 {
        sentences.push(
            "The best of many looks better than it is, because luck takes part in the choice: the test pictures say how good it is.",
        );
    }
    sentences.join(" ")
}
