//! Seeded resampling of pictures.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::Interval;

/// Samples that an interval rests on where the work allows it.
pub const RESAMPLES: u32 = 1000;

/// Draws `n` of `n` pictures with replacement, `resamples` times, and hands `each` how often every
/// picture was drawn. The same arguments give the same draws on every machine.
pub fn resample(n: usize, resamples: u32, seed: u64, mut each: impl FnMut(u32, &[u32])) {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut counts = vec![0; n];
    for draw in 0..resamples {
        counts.fill(0);
        for _ in 0..n {
            // Lemire's multiplication: a bias of n / 2^32 at most, far below what an interval shows.
            let place = (u64::from(generator.next_u32()) * n as u64) >> 32;
            counts[place as usize] += 1;
        }
        each(draw, &counts);
    }
}

/// The 2.5th and 97.5th percentile, linear between values as numpy's default has it. `None`
/// without values. Sorts them.
pub fn percentiles(values: &mut [f64]) -> Option<Interval> {
    if values.is_empty() {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (below, part) = (place.floor() as usize, place.fract());
        let above = (below + 1).min(values.len() - 1);
        values[below] + (values[above] - values[below]) * part
    };
    Some(Interval {
        low: at(0.025),
        high: at(0.975),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_as_many_pictures_and_the_seed_decides() {
        let draws = |seed| {
            let mut all = Vec::new();
            resample(7, 50, seed, |_, counts| all.push(counts.to_vec()));
            all
        };
        let first = draws(1);
        assert_eq!(first.len(), 50);
        assert!(first.iter().all(|counts| counts.iter().sum::<u32>() == 7));
        assert_eq!(first, draws(1));
        assert_ne!(first, draws(2));
        resample(0, 3, 1, |_, counts| assert!(counts.is_empty()));
    }

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [2.5, 97.5])
        let found = percentiles(&mut [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]).unwrap();
        assert!((found.low - 1.0).abs() < 1e-12 && (found.high - 8.475).abs() < 1e-12);
        assert_eq!(percentiles(&mut []), None);
        let one = percentiles(&mut [2.0]).unwrap();
        assert_eq!((one.low, one.high), (2.0, 2.0));
    }

    #[test]
    fn the_interval_of_a_mean_is_about_two_standard_errors_wide() {
        let values: Vec<f64> = (0..400).map(|index| f64::from(index % 2)).collect();
        let mut means = Vec::new();
        resample(values.len(), 2000, 5, |_, counts| {
            let sum: f64 = counts
                .iter()
                .zip(&values)
                .map(|(&count, value)| f64::from(count) * value)
                .sum();
            means.push(sum / 400.0);
        });
        let found = percentiles(&mut means).unwrap();
        // A standard error of 0.5 / 20.
        assert!(
            (found.low - (0.5 - 1.96 * 0.025)).abs() < 0.006,
            "{found:?}"
        );
        assert!(
            (found.high - (0.5 + 1.96 * 0.025)).abs() < 0.006,
            "{found:?}"
        );
    }
}
