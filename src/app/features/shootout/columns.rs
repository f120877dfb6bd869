//! The columns of the table: what each shows, how it sorts, and in which order the rows stand.

use super::ShootoutLocal;
use super::view::{self, NetworkRow, ShootoutView, Standing};
use crate::format;
use crate::shootout::ShootoutMetric;

/// The column that sorts, and whether its largest stand first.
pub type Sorted = Option<(Column, bool)>;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Network,
    Score,
    Interval,
    Difference,
    State,
    Seconds,
    Rate,
    Memory,
    Size,
    Work,
    ImageNet,
    Licence,
}

impl Column {
    pub const ALL: [Self; 12] = [
        Self::Network,
        Self::Score,
        Self::Interval,
        Self::Difference,
        Self::State,
        Self::Seconds,
        Self::Rate,
        Self::Memory,
        Self::Size,
        Self::Work,
        Self::ImageNet,
        Self::Licence,
    ];

    pub fn title(self, metric: ShootoutMetric) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Score => match metric {
                ShootoutMetric::Accuracy => "Accuracy",
                ShootoutMetric::MacroF1 => "Macro-F1",
            },
            Self::Interval => "95 % interval",
            Self::Difference => "To the best",
            Self::State => "State",
            Self::Seconds => "Time",
            Self::Rate => "Pictures/s",
            Self::Memory => "Memory",
            Self::Size => "Weights",
            Self::Work => "GFLOPs",
            Self::ImageNet => "ImageNet",
            Self::Licence => "Licence",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Network => "The networks that are compared are ticked",
            Self::Score => {
                "On pictures that the classifier had not seen, all folds together, on your pictures"
            }
            Self::Interval => {
                "In which the score would be on other pictures of this kind, 95 times of 100"
            }
            Self::Difference => {
                "Accuracy less the best network's, in points of per cent, on the same pictures, and whether it is worse beyond luck"
            }
            Self::State => "How far it is",
            Self::Seconds => {
                "What it took to compare: the pass over the pictures and the classifiers; before that, about what it will take"
            }
            Self::Rate => {
                "Pictures per second through the frozen network on this machine, decoding included"
            }
            Self::Memory => "The most memory that it took",
            Self::Size => "Size of the file of weights on disk",
            Self::Work => "Billions of multiply-adds per picture: the same on every machine",
            Self::ImageNet => {
                "Top-1 accuracy on ImageNet, of its publisher: says little of your pictures"
            }
            Self::Licence => "Of the weights",
        }
    }

    pub fn is_number(self) -> bool {
        !matches!(self, Self::Network | Self::State | Self::Licence)
    }

    /// Whether its largest stand first when it is first sorted by.
    pub fn begins_with_largest(self) -> bool {
        matches!(
            self,
            Self::Score | Self::Interval | Self::Difference | Self::Rate | Self::ImageNet
        )
    }

    /// The widest text that numbers of this column take; nothing for names.
    pub fn widest(self) -> Option<&'static str> {
        Some(match self {
            Self::Network | Self::Licence => return None,
            Self::Score | Self::ImageNet => "88.8 %",
            Self::Interval => "88.8 – 88.8 %",
            Self::Difference => "−88.8, may be worse",
            Self::State => "888 MB to download",
            Self::Seconds => "about 88 min",
            Self::Rate => "88,888",
            Self::Memory | Self::Size => "88.8 MB",
            Self::Work => "888.88",
        })
    }

    pub fn text(self, row: &NetworkRow) -> String {
        let nothing = || "–".to_owned();
        let bytes = |bytes: Option<u64>| bytes.map_or_else(nothing, format::bytes);
        match self {
            Self::Network => row.title.clone(),
            Self::Score => row
                .score
                .map_or_else(nothing, |score| format::percent(score.value)),
            Self::Interval => row
                .score
                .and_then(|score| score.interval)
                .map_or_else(nothing, |interval| {
                    format::percent_range(interval.low, interval.high)
                }),
            Self::Difference => difference_text(row),
            Self::State => row.state_text.clone(),
            Self::Seconds => match (row.seconds, row.is_estimate) {
                (Some(seconds), true) => format::estimate(seconds),
                (Some(seconds), false) => format::duration(seconds),
                (None, _) => nothing(),
            },
            Self::Rate => row.pictures_per_second.map_or_else(nothing, |rate| {
                if rate < 9.95 {
                    format!("{rate:.1}")
                } else {
                    format::thousands(rate.round() as u64)
                }
            }),
            Self::Memory => bytes(row.memory_bytes),
            Self::Size => bytes(row.file_bytes),
            Self::Work => format!("{:.2}", row.gflops),
            Self::ImageNet => row
                .imagenet_top1
                .map_or_else(nothing, |top1| format!("{top1:.1} %")),
            Self::Licence => row.licence.clone(),
        }
    }

    /// What rows are sorted by; nothing where it is not known.
    fn number(self, row: &NetworkRow) -> Option<f64> {
        match self {
            Self::Network | Self::Licence => None,
            Self::Score | Self::Interval => row.score.map(|score| score.value),
            Self::Difference => match row.standing {
                Standing::Best => Some(0.0),
                _ => row.difference.map(|difference| difference.value),
            },
            Self::State => Some(row.state as u8 as f64),
            Self::Seconds => row.seconds,
            Self::Rate => row.pictures_per_second,
            Self::Memory => row.memory_bytes.map(|bytes| bytes as f64),
            Self::Size => row.file_bytes.map(|bytes| bytes as f64),
            Self::Work => Some(row.gflops),
            Self::ImageNet => row.imagenet_top1,
        }
    }
}

/// `best`, `−0.4, as good`, `−4.1, worse`
fn difference_text(row: &NetworkRow) -> String {
    let difference = row
        .difference
        .map(|difference| view::points(difference.value));
    let verdict = match row.standing {
        Standing::Best => return "best".to_owned(),
        Standing::LikeBest => "as good",
        Standing::Borderline => "may be worse",
        Standing::Worse => "worse",
        Standing::Unknown => return "–".to_owned(),
    };
    match difference {
        Some(difference) => format!("{difference}, {verdict}"),
        None => verdict.to_owned(),
    }
}

/// The rows that are shown, by their place in the view.
pub fn order(view: &ShootoutView, local: &ShootoutLocal, shows_all: bool) -> Vec<usize> {
    let needle = local.search.trim().to_lowercase();
    let is_shown = |row: &NetworkRow| {
        let is_found = needle.is_empty()
            || row.title.to_lowercase().contains(&needle)
            || row.network.to_lowercase().contains(&needle);
        let is_compared = row.is_chosen || row.state != view::RowState::Idle;
        // What is looked for is found wherever it stands.
        is_found && (shows_all || is_compared || !needle.is_empty())
    };
    let mut order: Vec<usize> = (0..view.rows.len())
        .filter(|&index| is_shown(&view.rows[index]))
        .collect();
    if let Some((column, is_descending)) = local.sorted {
        order.sort_by(|&a, &b| {
            let (a, b) = (&view.rows[a], &view.rows[b]);
            let ordering = match (column.number(a), column.number(b)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                (None, None) => column.text(a).cmp(&column.text(b)),
                // What is not known stands last, whichever way.
                (a, b) => return b.is_some().cmp(&a.is_some()),
            };
            if is_descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
    }
    order
}
