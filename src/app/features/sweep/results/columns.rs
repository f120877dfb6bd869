//! The columns of the table of a sweep: what a cell says, and the order of the rows.

use std::cmp::Ordering;
use std::sync::Arc;

use super::ResultsLocal;
use super::data::{ResultsView, SweepRow};
use crate::format;

/// Rows that are looked at for what a column holds.
pub const MEASURED: usize = 200;

/// What the rows are sorted by, and whether the largest stand first; nothing for the best first.
pub type Sorted = Option<(Column, bool)>;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// By index among what varies.
    Field(usize),
    Seed,
    Goal,
    Interval,
    Epochs,
    Seconds,
    State,
}

/// What the order of the rows is made of.
pub type OrderKey = (u64, u64, Sorted);

impl Column {
    pub fn all(view: &ResultsView) -> Vec<Self> {
        let fields = (0..view.fields.len()).map(Self::Field);
        let seed = (view.has_seeds && !view.is_averaged).then_some(Self::Seed);
        let results = [
            Self::Goal,
            Self::Interval,
            Self::Epochs,
            Self::Seconds,
            Self::State,
        ];
        fields.chain(seed).chain(results).collect()
    }

    pub fn title(self, view: &ResultsView) -> &str {
        match self {
            Self::Field(index) => &view.fields[index],
            Self::Seed => "Seed",
            Self::Goal => view.goal_title(),
            Self::Interval => "95 % interval",
            Self::Epochs => "Epochs",
            Self::Seconds => "Time",
            Self::State => "State",
        }
    }

    pub fn tooltip(self, view: &ResultsView) -> &'static str {
        match self {
            Self::Field(_) => "What varies",
            Self::Seed => "The number that chance was drawn from",
            Self::Goal if view.is_averaged => "Mean over the seeds, on validation pictures",
            Self::Goal => {
                "On validation pictures: of the kept weights, or of the best epoch so far"
            }
            Self::Interval => {
                "Where the true value may lie, as far as seeds and validation pictures can tell"
            }
            Self::Epochs => "Epochs that were trained, and of how many",
            Self::Seconds => "Of training, interruptions left out",
            Self::State => "How far it is",
        }
    }

    pub fn is_number(self, view: &ResultsView) -> bool {
        match self {
            Self::Field(index) => view.are_numbers.get(index).copied().unwrap_or(false),
            Self::State => false,
            _ => true,
        }
    }

    /// What a cell shows.
    pub fn text(self, view: &ResultsView, row: &SweepRow) -> String {
        let none = || "–".to_owned();
        match self {
            Self::Field(index) => row.setting(index).to_owned(),
            Self::Seed => row.seed.map_or_else(none, |seed| seed.to_string()),
            Self::Goal => row.goal.map_or_else(none, |goal| view.goal_text(goal)),
            Self::Interval => row
                .interval
                .map_or_else(none, |interval| view.interval_text(interval)),
            Self::Epochs if row.epochs == 0 => none(),
            Self::Epochs => format!("{} of {}", row.epochs, row.epochs_planned),
            Self::Seconds if row.seconds <= 0.0 => none(),
            Self::Seconds => format::duration(row.seconds),
            Self::State => row.state_text.clone(),
        }
    }

    fn compare(self, a: &SweepRow, b: &SweepRow) -> Ordering {
        match self {
            Self::Field(index) => {
                let (a, b) = (a.setting(index), b.setting(index));
                match (a.parse::<f64>(), b.parse::<f64>()) {
                    (Ok(a), Ok(b)) => a.total_cmp(&b),
                    _ => a.cmp(b),
                }
            }
            Self::Seed => a.seed.cmp(&b.seed),
            Self::Goal => compare_known(a.goal, b.goal),
            Self::Interval => {
                let width = |row: &SweepRow| row.interval.map(|(low, high)| high - low);
                compare_known(width(a), width(b))
            }
            Self::Epochs => a.epochs.cmp(&b.epochs),
            Self::Seconds => a.seconds.total_cmp(&b.seconds),
            Self::State => a.state.cmp(&b.state),
        }
    }

    /// Whether a cell says nothing: it then stands last in either direction.
    fn is_unknown(self, row: &SweepRow) -> bool {
        match self {
            Self::Goal => row.goal.is_none(),
            Self::Interval => row.interval.is_none(),
            Self::Seconds => row.seconds <= 0.0,
            _ => false,
        }
    }
}

fn compare_known(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The rows, in their order in the table and as lines of the chart.
#[derive(Debug)]
pub struct Order {
    /// Those that pass the filter: the best first, unless a head was clicked.
    pub shown: Vec<usize>,
    /// Lines at the back: what does not pass, and what has no result.
    pub behind: Vec<usize>,
    /// Lines in front of those, from the worst to the best.
    pub above: Vec<usize>,
}

/// Found once for every view, filter and head that sorts.
pub fn order(view: &ResultsView, local: &mut ResultsLocal) -> Arc<Order> {
    let key = (view.stamp, local.filter.version, local.sorted);
    if let Some((known, order)) = &local.order
        && *known == key
    {
        return order.clone();
    }
    let (mut shown, hidden): (Vec<usize>, Vec<usize>) =
        (0..view.rows.len()).partition(|&index| local.filter.passes(view, &view.rows[index]));
    let (mut above, mut behind): (Vec<usize>, Vec<usize>) =
        (shown.iter()).partition(|&&index| view.rows[index].score.is_some());
    behind.extend(hidden);
    behind.sort_unstable();
    above.sort_by(|&a, &b| compare_known(view.rows[a].score, view.rows[b].score));
    let higher = view.goal.info().higher_is_better;
    let (column, descending) = local.sorted.unwrap_or((Column::Goal, higher));
    shown.sort_by(|&a, &b| {
        let (a, b) = (&view.rows[a], &view.rows[b]);
        let unknown = column.is_unknown(a).cmp(&column.is_unknown(b));
        let known = column.compare(a, b);
        unknown.then(if descending { known.reverse() } else { known })
    });
    let order = Arc::new(Order {
        shown,
        behind,
        above,
    });
    local.order = Some((key, order.clone()));
    order
}

#[cfg(test)]
mod tests {
    use super::super::data::ResultsCache;
    use super::super::data::Standing;
    use super::*;
    use crate::app::core::sweep::fakes;

    #[test]
    fn the_best_stand_first_and_what_is_unknown_last_in_either_direction() {
        let open = fakes::open(30, 20);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let mut local = ResultsLocal::default();
        local.filter.follow(&view);
        let first = order(&view, &mut local);
        assert_eq!(view.rows[first.shown[0]].standing, Standing::Best);
        let goals: Vec<Option<f64>> = (first.shown.iter())
            .map(|&index| view.rows[index].goal)
            .collect();
        assert!(goals[..21].iter().all(Option::is_some) && goals[21..].iter().all(Option::is_none));
        local.sorted = Some((Column::Goal, false));
        let worst_first = order(&view, &mut local);
        assert!(view.rows[worst_first.shown[0]].goal < view.rows[first.shown[0]].goal);
        assert!(view.rows[worst_first.shown[29]].goal.is_none());
        // Numbers are sorted as numbers.
        local.sorted = Some((Column::Field(2), false));
        let by_size = order(&view, &mut local);
        let sizes: Vec<&str> = by_size
            .shown
            .iter()
            .map(|&index| view.rows[index].settings[2].as_str())
            .collect();
        assert_eq!((sizes[0], sizes[29]), ("8", "9"));
        for column in Column::all(&view) {
            local.sorted = Some((column, true));
            assert_eq!(order(&view, &mut local).shown.len(), 30);
        }
    }

    #[test]
    fn the_order_is_found_once() {
        let open = fakes::open(30, 20);
        let view = ResultsCache::default().view(&open, true).unwrap();
        let mut local = ResultsLocal::default();
        local.filter.follow(&view);
        let first = order(&view, &mut local);
        assert!(Arc::ptr_eq(&first, &order(&view, &mut local)));
    }
}
