//! Seeded resampling of pictures.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::Interval;

/// Samples that an interval rests on where the work allows it.
pub const RESAMPLES: u32 = 1000;

/// Of fewer pictures than this, fewer than 40 different samples can be drawn (there are `C(2n - 1, n)` of n: 35 of four,
/// 126 of five; Hall 1992, appendix I), and 2.5 % can't be cut off at either end.
pub const FEWEST: u64 = 5;

/// Of the classes that an average is over, the share that may have fewer pictures than [`FEWEST`]: what resampling can't
/// know of them moves the average by a twentieth of its range at most.
const RARE_SHARE: f64 = 0.05;

/// Draws `n` of `n` pictures with replacement, `resamples` times, and hands `each` how often every
/// picture was drawn. The same arguments give the same draws on every machine.
pub fn resample(n: usize, resamples: u32, seed: u64, each: impl FnMut(u32, &[u32])) {
    resample_within(&[(0..n as u32).collect()], n, resamples, seed, each);
}

/// The same within `groups` of indices below `n`: every sample has as many pictures of each group as there are. Pictures
/// of no group are never drawn.
pub fn resample_within(
    groups: &[Vec<u32>],
    n: usize,
    resamples: u32,
    seed: u64,
    mut each: impl FnMut(u32, &[u32]),
) {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut counts = vec![0; n];
    for draw in 0..resamples {
        counts.fill(0);
        for group in groups {
            for _ in 0..group.len() {
                // Lemire's multiplication: a bias of n / 2^32 at most, far below what an interval shows.
                let place = (u64::from(generator.next_u32()) * group.len() as u64) >> 32;
                counts[group[place as usize] as usize] += 1;
            }
        }
        each(draw, &counts);
    }
}

/// Of the classes that have `pictures`, those that have too few of them to be resampled, where they are too many for an
/// average over the classes to have an interval.
pub fn too_rare(pictures: &[u64]) -> Option<(u32, u32)> {
    let tested = pictures.iter().filter(|&&count| count > 0).count();
    let rare = pictures
        .iter()
        .filter(|&&count| (1..FEWEST).contains(&count))
        .count();
    (tested == 0 || rare as f64 > RARE_SHARE * tested as f64)
        .then_some((rare as u32, tested as u32))
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
    fn samples_within_groups_have_as_many_of_each() {
        let groups = [vec![0, 2, 4, 6], vec![1], Vec::new(), vec![5, 7]];
        let mut seen = [0u32; 8];
        resample_within(&groups, 8, 200, 3, |_, counts| {
            for group in &groups {
                let drawn: u32 = group.iter().map(|&index| counts[index as usize]).sum();
                assert_eq!(drawn as usize, group.len());
            }
            assert_eq!(counts[3], 0, "of no group");
            for (sum, count) in seen.iter_mut().zip(counts) {
                *sum += count;
            }
        });
        // 200 draws of each on the average, within five standard errors.
        for index in [0, 2, 4, 6, 5, 7] {
            assert!((130..=270).contains(&seen[index]), "{seen:?}");
        }
    }

    #[test]
    fn a_rare_class_among_few_is_too_rare_and_among_many_is_not() {
        assert_eq!(too_rare(&[50, 1]), Some((1, 2)));
        assert_eq!(too_rare(&[50, 5]), None);
        assert_eq!(too_rare(&[50, 0, 5]), None, "not tested, not averaged");
        assert_eq!(too_rare(&[]), Some((0, 0)));
        let mut many = vec![10; 99];
        many.push(1);
        assert_eq!(too_rare(&many), None);
        many.extend([2; 9]);
        assert_eq!(too_rare(&many), Some((10, 109)));
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
