//! Numbers along the side of a plot.

/// A range of values laid along a range of pixels, with round ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
    pub ticks: Vec<f64>,
    /// Digits behind the point that tell ticks apart.
    pub decimals: usize,
    pub scale: Scale,
}

/// How values lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Equal ratios, equal distances.
    Logarithmic,
}

impl Axis {
    /// Values from `low` to `high`, widened to round ticks, of which there are about `count`.
    pub fn rounded(low: f64, high: f64, count: usize, from: f64, to: f64) -> Self {
        let (low, high) = spread(low, high);
        let step = round_step((high - low) / count as f64);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        let ticks = multiples(first, last, step);
        Self {
            low: first * step,
            high: last * step,
            from,
            to,
            ticks,
            decimals: decimals(step),
            scale: Scale::Linear,
        }
    }

    /// Values above 0 from `low` to `high` by their power of ten, widened to whole powers.
    pub fn decades(low: f64, high: f64, from: f64, to: f64) -> Self {
        let usable = |value: f64, otherwise: f64| {
            if value.is_finite() && value > 0.0 {
                value.clamp(1e-30, 1e30)
            } else {
                otherwise
            }
        };
        let (low, high) = (usable(low, 1e-3), usable(high, 1.0));
        let first = (low.log10() + 1e-9).floor();
        let last = (high.log10() - 1e-9).ceil().max(first + 1.0);
        // At most about eight ticks.
        let step = ((last - first) / 8.0).ceil().max(1.0);
        let ticks = multiples((first / step).ceil(), (last / step).floor(), step);
        Self {
            low: 10f64.powf(first),
            high: 10f64.powf(last),
            from,
            to,
            ticks: ticks.into_iter().map(|tick| 10f64.powf(tick)).collect(),
            decimals: 0,
            scale: Scale::Logarithmic,
        }
    }

    /// Values from exactly `low` to `high`, with whole numbers for ticks.
    pub fn whole(low: f64, high: f64, count: usize, from: f64, to: f64) -> Self {
        let step = round_step((high - low) / count as f64).max(1.0).round();
        let mut ticks = multiples((low / step).ceil(), (high / step).floor(), step);
        // Counting begins with 1, also where the next tick is 5 or 10.
        let first = low.ceil().max(1.0);
        if ticks.first().is_some_and(|&tick| tick == 0.0) {
            ticks.remove(0);
        }
        if step > 1.0 && ticks.first().is_some_and(|&tick| tick > first) {
            ticks.insert(0, first);
        }
        Self {
            low,
            high,
            from,
            to,
            ticks,
            decimals: 0,
            scale: Scale::Linear,
        }
    }

    /// The pixel of a value.
    pub fn position(&self, value: f64) -> f64 {
        if self.scale == Scale::Logarithmic {
            let share = (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10());
            return self.from + share * (self.to - self.from);
        }
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// What stands beside a tick.
    pub fn label(&self, tick: f64) -> String {
        if self.scale == Scale::Logarithmic {
            return crate::format::rate(tick);
        }
        // No minus before a zero that rounding left.
        let tick = if tick.abs() < 1e-12 { 0.0 } else { tick };
        format!("{tick:.*}", self.decimals)
    }
}

/// The range of finite values.
pub fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        })
}

/// A range that has a width.
fn spread(low: f64, high: f64) -> (f64, f64) {
    if high - low > 1e-9 * high.abs().max(1e-9) {
        return (low, high);
    }
    let half = (low.abs() * 0.1).max(0.05);
    (low - half, high + half)
}

/// 1, 2 or 5 times a power of ten, nearest above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let digit = step / power;
    let rounded = if digit <= 1.0 + 1e-9 {
        1.0
    } else if digit <= 2.0 + 1e-9 {
        2.0
    } else if digit <= 5.0 + 1e-9 {
        5.0
    } else {
        10.0
    };
    rounded * power
}

fn multiples(first: f64, last: f64, step: f64) -> Vec<f64> {
    let count = (last - first).max(-1.0) as usize + usize::from(last >= first);
    (0..count)
        .map(|index| (first + index as f64) * step)
        .collect()
}

fn decimals(step: f64) -> usize {
    (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        for (low, high, expected) in [
            (0.12, 0.93, "0.0 0.2 0.4 0.6 0.8 1.0"),
            (61.2, 97.4, "60 70 80 90 100"),
            (0.0, 0.0371, "0.00 0.01 0.02 0.03 0.04"),
            (80.0, 90.0, "80 82 84 86 88 90"),
            (-0.3, 0.3, "-0.4 -0.2 0.0 0.2 0.4"),
        ] {
            let axis = Axis::rounded(low, high, 5, 0.0, 100.0);
            let labels: Vec<String> = axis.ticks.iter().map(|&tick| axis.label(tick)).collect();
            assert_eq!(labels.join(" "), expected);
            assert!(axis.low <= low && high <= axis.high);
        }
        let flat = Axis::rounded(0.5, 0.5, 5, 0.0, 100.0);
        assert!(flat.low < 0.5 && flat.high > 0.5 && flat.ticks.len() > 2);
    }

    #[test]
    fn epochs_are_whole_and_begin_with_one() {
        for (low, high, expected) in [
            (1.0, 10.0, "1 2 4 6 8 10"),
            (0.5, 5.5, "1 2 3 4 5"),
            (1.0, 100.0, "1 20 40 60 80 100"),
            (0.5, 1.5, "1"),
        ] {
            let axis = Axis::whole(low, high, 6, 0.0, 1.0);
            let labels: Vec<String> = axis.ticks.iter().map(|&tick| axis.label(tick)).collect();
            assert_eq!(labels.join(" "), expected);
        }
    }

    #[test]
    fn decades_hold_the_values() {
        let axis = Axis::decades(0.0004, 0.31, 100.0, 0.0);
        let labels: Vec<String> = axis.ticks.iter().map(|&tick| axis.label(tick)).collect();
        assert_eq!(labels.join(" "), "0.0001 0.001 0.01 0.1 1");
        assert!((axis.position(0.01) - 50.0).abs() < 1e-9);
        // One value, none, and far too many decades are drawn all the same.
        for (low, high) in [(0.01, 0.01), (f64::NAN, 0.0), (1e-200, f64::INFINITY)] {
            let axis = Axis::decades(low, high, 100.0, 0.0);
            assert!(
                axis.low < axis.high && (1..=10).contains(&axis.ticks.len()),
                "{axis:?}"
            );
        }
    }

    #[test]
    fn positions_follow_the_pixels() {
        let axis = Axis::rounded(0.0, 1.0, 5, 200.0, 100.0);
        assert_eq!(
            (axis.position(0.0), axis.position(1.0), axis.position(0.5)),
            (200.0, 100.0, 150.0)
        );
        assert!(axis.position(f64::NAN).is_nan());
        assert_eq!(range([f64::NAN, 2.0, 1.0, f64::INFINITY]), Some((1.0, 2.0)));
        assert_eq!(range([f64::NAN]), None);
    }
}
