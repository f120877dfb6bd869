//! Scores, differences and costs, written for people.

use crate::evaluation::Score;
use crate::format;
use crate::shootout::ShootoutCost;

/// A score with its interval: `87.3 % (84.1 to 90.0 %)`
pub(super) fn score_text(score: Score) -> String {
    let value = format::percent(score.value);
    match score.interval {
        Some(interval) => format!(
            "{value} ({})",
            format::percent_interval(interval.low, interval.high)
        ),
        None => value,
    }
}

/// A difference in points of per cent, with its sign: `−2.4`.
pub fn points(share: f64) -> String {
    let points = share * 100.0;
    let sign = match points {
        points if points >= 0.05 => "+",
        points if points <= -0.05 => "−",
        _ => "",
    };
    format!("{sign}{:.1}", points.abs())
}

/// What a cost is, with its unit: `4.2 ms`.
pub fn cost_text(cost: ShootoutCost, value: f64) -> String {
    match cost {
        ShootoutCost::SecondsPerPicture if value >= 1000.0 => {
            format!("{:.1} s", value / 1000.0)
        }
        ShootoutCost::SecondsPerPicture if value < 9.95 => format!("{value:.1} ms"),
        ShootoutCost::SecondsPerPicture => format!("{value:.0} ms"),
        ShootoutCost::Memory | ShootoutCost::FileSize => format::bytes((value * 1e6) as u64),
        ShootoutCost::MultiplyAdds => format!("{value:.2} G"),
    }
}
