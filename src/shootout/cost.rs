//! What a network costs, and which networks nobody would leave for another: no other is both as cheap and better.

use serde::{Deserialize, Serialize};

use super::report::{ShootoutEntry, ShootoutMetric};

/// What accuracy is weighed against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShootoutCost {
    /// Measured on this machine, decoding included.
    #[default]
    SecondsPerPicture,
    /// The most that the process took.
    Memory,
    /// Of the weights on the disk.
    FileSize,
    /// Of one picture: the same on every machine.
    MultiplyAdds,
}

impl ShootoutCost {
    pub const ALL: [Self; 4] = [
        Self::SecondsPerPicture,
        Self::Memory,
        Self::FileSize,
        Self::MultiplyAdds,
    ];

    /// What a person calls it: an axis's title without its unit.
    pub fn title(self) -> &'static str {
        match self {
            Self::SecondsPerPicture => "Time of one picture",
            Self::Memory => "Peak memory",
            Self::FileSize => "Size of the weights",
            Self::MultiplyAdds => "Multiply-adds of one picture",
        }
    }

    /// That [`ShootoutEntry::cost`] is in.
    pub fn unit(self) -> &'static str {
        match self {
            Self::SecondsPerPicture => "ms",
            Self::Memory | Self::FileSize => "MB",
            Self::MultiplyAdds => "billion",
        }
    }
}

/// In [`ShootoutCost::unit`]; `None` where it is not known.
pub(super) fn of(entry: &ShootoutEntry, cost: ShootoutCost) -> Option<f64> {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let outcome = entry.outcome.as_ref();
    match cost {
        ShootoutCost::SecondsPerPicture => {
            let rate = outcome?.pictures_per_second?;
            (rate > 0.0).then(|| 1e3 / rate)
        }
        ShootoutCost::Memory => outcome?.peak_memory_bytes.map(megabytes),
        ShootoutCost::FileSize => entry.file_bytes.map(megabytes),
        ShootoutCost::MultiplyAdds => Some(entry.gflops),
    }
}

/// By their place in `entries`, cheapest first.
pub(super) fn frontier(
    entries: &[ShootoutEntry],
    metric: ShootoutMetric,
    cost: ShootoutCost,
) -> Vec<usize> {
    let point = |(index, entry): (usize, &ShootoutEntry)| {
        Some((index, entry.cost(cost)?, entry.score(metric)?.value))
    };
    let mut points: Vec<(usize, f64, f64)> = entries.iter().enumerate().filter_map(point).collect();
    points.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.2.total_cmp(&a.2)));
    let mut best = f64::NEG_INFINITY;
    points.retain(|&(_, _, score)| {
        let is_better = score > best;
        best = best.max(score);
        is_better
    });
    points.into_iter().map(|(index, _, _)| index).collect()
}
