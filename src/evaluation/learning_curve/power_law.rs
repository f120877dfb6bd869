//! `limit - scale * n^-exponent` through some points: robust least squares, within what a score can be.

use serde::Serialize;

/// A score that rises with the number of pictures and ends at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PowerLaw {
    /// What ever more pictures lead to, 1 at most.
    pub limit: f64,
    /// 0 or more: a curve does not fall.
    pub scale: f64,
    pub exponent: f64,
}

/// One point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Observation {
    pub pictures: f64,
    pub value: f64,
    /// How far the value can be off, above 0.
    pub error: f64,
}

/// Exponents that are tried, in equal ratios. Those that are found in practice lie between 0.07 and 1 (Viering and Loog 2021).
const EXPONENTS: usize = 48;
const LEAST_EXPONENT: f64 = 0.05;
const MOST_EXPONENT: f64 = 2.0;
/// A point that is off by more than so many errors counts less (Huber 1964).
const HUBER: f64 = 1.345;
const REWEIGHTINGS: usize = 8;

impl PowerLaw {
    /// The law that is nearest to the points; nothing where they are fewer than its parameters.
    pub(super) fn fit(points: &[Observation]) -> Option<Self> {
        if points.len() < 3 || points.iter().any(|point| !point.value.is_finite()) {
            return None;
        }
        let ratio: f64 = MOST_EXPONENT / LEAST_EXPONENT;
        let exponents = (0..EXPONENTS)
            .map(|step| LEAST_EXPONENT * ratio.powf(step as f64 / (EXPONENTS - 1) as f64));
        let laws = exponents.map(|exponent| with_exponent(points, exponent));
        let best = laws.min_by(|(_, one), (_, other)| one.total_cmp(other));
        best.map(|(law, _)| law)
    }

    /// The score with so many pictures.
    pub fn at(&self, pictures: f64) -> f64 {
        self.limit - self.scale * pictures.max(1.0).powf(-self.exponent)
    }
}

/// The best law with this exponent, and its loss.
fn with_exponent(points: &[Observation], exponent: f64) -> (PowerLaw, f64) {
    let mut law = PowerLaw {
        limit: 1.0,
        scale: 0.0,
        exponent,
    };
    let mut weights = vec![1.0; points.len()];
    for _ in 0..REWEIGHTINGS {
        law = least_squares(points, &weights, exponent);
        for (weight, point) in weights.iter_mut().zip(points) {
            let off = residual(&law, point).abs();
            *weight = if off > HUBER { HUBER / off } else { 1.0 };
        }
    }
    let loss = points.iter().map(|point| {
        let off = residual(&law, point).abs();
        match off <= HUBER {
            true => off * off / 2.0,
            false => HUBER * (off - HUBER / 2.0),
        }
    });
    (law, loss.sum())
}

/// In errors.
fn residual(law: &PowerLaw, point: &Observation) -> f64 {
    (point.value - law.at(point.pictures)) / point.error
}

/// Limit and scale of the weighted least squares, the limit at most 1 and the scale at least 0.
fn least_squares(points: &[Observation], weights: &[f64], exponent: f64) -> PowerLaw {
    let law = |limit: f64, scale: f64| PowerLaw {
        limit,
        scale,
        exponent,
    };
    let (mut all, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (point, weight) in points.iter().zip(weights) {
        let weight = weight / (point.error * point.error);
        let at = point.pictures.max(1.0).powf(-exponent);
        all += weight;
        x += weight * at;
        y += weight * point.value;
        xx += weight * at * at;
        xy += weight * at * point.value;
    }
    let spread = all * xx - x * x;
    let flat = law((y / all).min(1.0), 0.0);
    if spread <= 1e-12 * all * xx {
        return flat;
    }
    let scale = (x * y - all * xy) / spread;
    if scale <= 0.0 {
        return flat;
    }
    let limit = (y + scale * x) / all;
    match limit <= 1.0 {
        true => law(limit, scale),
        // On the border, the best scale for a limit of 1.
        false => law(1.0, ((x - xy) / xx).max(0.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(law: PowerLaw, sizes: &[f64]) -> Vec<Observation> {
        let point = |&pictures: &f64| Observation {
            pictures,
            value: law.at(pictures),
            error: 0.005,
        };
        sizes.iter().map(point).collect()
    }

    const SIZES: [f64; 7] = [100.0, 150.0, 200.0, 300.0, 450.0, 700.0, 1000.0];

    #[test]
    fn a_law_is_found_again() {
        for (limit, scale, exponent) in [(0.95, 1.4, 0.5), (0.8, 3.0, 0.8), (1.0, 0.9, 0.2)] {
            let law = PowerLaw {
                limit,
                scale,
                exponent,
            };
            let found = PowerLaw::fit(&points(law, &SIZES)).unwrap();
            for pictures in [100.0, 1000.0, 2000.0] {
                let off = (found.at(pictures) - law.at(pictures)).abs();
                assert!(off < 0.002, "{law:?} {found:?} {pictures}");
            }
        }
    }

    #[test]
    fn one_point_that_is_far_off_does_not_bend_the_curve() {
        let law = PowerLaw {
            limit: 0.95,
            scale: 1.4,
            exponent: 0.5,
        };
        let mut points = points(law, &SIZES);
        points[3].value -= 0.2;
        let found = PowerLaw::fit(&points).unwrap();
        assert!(
            (found.at(2000.0) - law.at(2000.0)).abs() < 0.01,
            "{found:?}"
        );
    }

    #[test]
    fn what_falls_is_flat_and_nothing_is_beyond_1() {
        let falls = |value: fn(f64) -> f64| -> PowerLaw {
            let point = |&pictures: &f64| Observation {
                pictures,
                value: value(pictures),
                error: 0.005,
            };
            PowerLaw::fit(&SIZES.iter().map(point).collect::<Vec<_>>()).unwrap()
        };
        let falling = falls(|pictures| 0.9 - pictures * 1e-5);
        assert_eq!(falling.scale, 0.0);
        assert!((falling.limit - 0.896).abs() < 0.01);
        let steep = falls(|pictures| (0.5 + pictures * 5e-4).min(1.0));
        assert!(steep.limit <= 1.0 && steep.at(1e9) <= 1.0);
        assert_eq!(PowerLaw::fit(&[]), None);
    }
}
