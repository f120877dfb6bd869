//! From a rate of false alarms to a distance.

use serde::{Deserialize, Serialize};

use crate::evaluation::Score;
use crate::format;

/// Of one's own pictures, the share that may be refused unless another is asked for.
pub const USUAL_RATE: f64 = 0.01;
/// Rates that make sense: with more than half refused, nobody would ask.
const LEAST_RATE: f64 = 1e-6;
const MOST_RATE: f64 = 0.5;

/// Distances closer than this are equal: those of one picture differ by rounding, alone and among others.
const ROUNDING: f32 = 1e-5;

/// How unlike one picture is to those that a network learned from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Novelty {
    /// 0 for a picture that was learned from, 2 at most; larger is stranger.
    pub distance: f32,
    /// A picture further away than this is none of the run's classes.
    pub threshold: f32,
    /// The share of the run's own pictures that are further away than `threshold`, at most.
    pub rate: f64,
}

impl Novelty {
    /// What has no distance is like nothing.
    pub fn is_none_of_these(&self) -> bool {
        self.distance.is_nan() || self.distance > self.threshold + ROUNDING
    }

    /// For people: `Unlike the training pictures (distance 0.61; 1 in 100 of your own are beyond 0.43)`.
    pub fn sentence(&self) -> String {
        format!(
            "{} the training pictures (distance {}; {} of your own are beyond {})",
            match self.is_none_of_these() {
                true => "Unlike",
                false => "Like",
            },
            distance_text(self.distance),
            rate_text(self.rate),
            distance_text(self.threshold)
        )
    }
}

fn is_rounding(distance: f32) -> bool {
    distance.abs() < ROUNDING
}

/// With three digits that say something: the features of some networks lie close together. What is rounding alone is 0.
pub fn distance_text(distance: f32) -> String {
    if is_rounding(distance) {
        return "0".to_owned();
    }
    let magnitude = distance.abs().max(1e-9).log10().floor();
    let decimals = (2.0 - magnitude).clamp(3.0, 9.0) as usize;
    format!("{distance:.decimals$}")
}

/// `1 in 100`, or `2.3 %` where that is not one in a whole number.
pub fn rate_text(rate: f64) -> String {
    let one_in = (1.0 / rate).round();
    if one_in >= 1.0 && (rate * one_in - 1.0).abs() < 1e-6 {
        return format!("1 in {}", format::thousands(one_in as u64));
    }
    format!("{} %", (rate * 1e4).round() / 100.0)
}

/// The rate that holds where `asked` is asked for: itself, or the least that so many validation pictures can tell. The one
/// place that says so: lists to choose from, answers and descriptions name the same rate.
pub fn held_rate(asked: f64, validation_pictures: usize) -> f64 {
    asked.max(1.0 / (validation_pictures as f64 + 1.0))
}

/// Whether `rate` can be asked for.
///
/// # Errors
/// A sentence that says what can.
pub fn check_rate(rate: f64) -> Result<(), String> {
    match (LEAST_RATE..=MOST_RATE).contains(&rate) {
        true => Ok(()),
        false => Err(format!(
            "the rate of false alarms is a share of your own pictures, above 0 and at most {MOST_RATE}, such as 0.01 for 1 in 100; this is {rate}"
        )),
    }
}

/// How many of a person's own pictures may be called none of these although they are not, as a whole sentence.
pub fn false_alarms_sentence(limit: &NoveltyLimit) -> String {
    format!(
        "About {} of your own pictures may wrongly be called none of these.",
        rate_text(limit.rate)
    )
}

/// Why these are more than were asked for, as a whole sentence; nothing where they are as many.
pub fn false_alarms_reason(limit: &NoveltyLimit) -> Option<String> {
    (limit.rate > limit.asked).then(|| {
        // As many as give the rate that was asked for; see [`NoveltyLimit::new`].
        let needed = (1.0 / limit.asked - 1.0 - 1e-6).ceil() as usize;
        format!(
            "To hold it to {}, the run would need {}; it has {}.",
            rate_text(limit.asked),
            format::count(needed, "validation picture", "validation pictures"),
            format::thousands(limit.validation_pictures as u64)
        )
    })
}

/// From which distance on a picture is none of the classes.
///
/// The threshold of split conformal prediction (Papadopoulos et al. 2002; Bates et al. 2023, “Testing for outliers with
/// conformal p-values”): of n validation pictures, the ⌈(n + 1)(1 - rate)⌉-th smallest distance. A further picture of
/// the same kind is then refused with a probability of at most `rate`, whatever the distances' distribution; over many sets of
/// validation pictures, not for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NoveltyLimit {
    pub threshold: f32,
    /// That holds: what was asked for, or the least that so many validation pictures can tell.
    pub rate: f64,
    /// That was asked for.
    pub asked: f64,
    /// Validation pictures that it was set by.
    pub validation_pictures: usize,
}

impl NoveltyLimit {
    /// By the `distances` of validation pictures; `None` without any.
    pub fn new(distances: &[f32], asked: f64) -> Option<Self> {
        let mut sorted = distances.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        Self::of_sorted(&sorted, asked)
    }

    /// By distances that rise.
    pub(super) fn of_sorted(sorted: &[f32], asked: f64) -> Option<Self> {
        let count = sorted.len();
        let rate = held_rate(asked, count);
        // Less what a product of two floating-point numbers may be too much.
        let place = ((count as f64 + 1.0) * (1.0 - rate) - 1e-9).ceil() as usize;
        let threshold = *sorted.get(place.clamp(1, count.max(1)) - 1)?;
        Some(Self {
            threshold,
            rate,
            asked,
            validation_pictures: count,
        })
    }

    pub fn of(&self, distance: f32) -> Novelty {
        Novelty {
            distance,
            threshold: self.threshold,
            rate: self.rate,
        }
    }

    /// What a person must know who asked for another rate, as whole sentences.
    pub fn remark(&self) -> Option<String> {
        let reason = false_alarms_reason(self)?;
        Some(format!("{} {reason}", false_alarms_sentence(self)))
    }

    /// The share of `distances` that is refused, with its interval.
    pub fn refused(&self, distances: &[f32]) -> Score {
        let refused = distances
            .iter()
            .filter(|distance| self.of(**distance).is_none_of_these());
        Score::share(refused.count() as u64, distances.len() as u64)
    }
}
