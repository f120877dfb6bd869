//! Random numbers that stay the same for ever: ChaCha8 is defined to the bit, and how numbers are made from
//! its words stands here rather than in a crate that may change it. Splits and augmented pictures
//! of a preset are therefore the same on every machine and under every version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of reproducible random numbers.
pub(super) struct RandomSource(ChaCha8Rng);

impl RandomSource {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [-1, 1).
    pub fn signed(&mut self) -> f64 {
        self.unit() * 2.0 - 1.0
    }

    /// One time in two.
    pub fn coin(&mut self) -> bool {
        self.0.next_u64() >> 63 == 1
    }

    /// Uniform in 0 .. `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// From the Beta distribution with both parameters `alpha`, above 0: the share of one of two Gamma variables in their sum.
    pub fn beta(&mut self, alpha: f64) -> f64 {
        // Below, shares are 0 and 1 anyway, and numbers may leave their range.
        let alpha = alpha.max(1e-9);
        let (first, second) = (self.log_of_gamma(alpha), self.log_of_gamma(alpha));
        1.0 / (1.0 + (second - first).exp())
    }

    /// The logarithm of a Gamma variable of this shape and scale 1 (Marsaglia and Tsang 2000), because small shapes give
    /// numbers that a logarithm alone can hold.
    fn log_of_gamma(&mut self, shape: f64) -> f64 {
        let above_one = if shape < 1.0 { shape + 1.0 } else { shape };
        let d = above_one - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        let drawn = loop {
            let normal = self.normal();
            let cube = (1.0 + c * normal).powi(3);
            if cube <= 0.0 {
                continue;
            }
            let limit = 0.5 * normal * normal + d * (1.0 - cube + cube.ln());
            if (1.0 - self.unit()).ln() < limit {
                break (d * cube).ln();
            }
        };
        // A shape below 1 is drawn as the one above it, times a power of a uniform number.
        if shape < 1.0 {
            drawn + (1.0 - self.unit()).ln() / shape
        } else {
            drawn
        }
    }

    /// Standard normal (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Fisher-Yates, from the end.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

/// One step of SplitMix64 (Steele, Lea and Flood 2014): spreads every bit of `value` over the result.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// FNV-1a of a text, to let names take part in a seed.
pub(super) fn hash_text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_first_values_of_seed_zero() {
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn draws_repeat_and_fill_their_range() {
        let draw = |seed| {
            let mut source = RandomSource::new(seed);
            (0..1000).map(|_| source.unit()).collect::<Vec<_>>()
        };
        let (first, second) = (draw(1), draw(1));
        assert_eq!(first, second);
        assert_ne!(first, draw(2));
        assert!(first.iter().all(|value| (0.0..1.0).contains(value)));
        let mean = first.iter().sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
    }

    #[test]
    fn beta_has_its_mean_and_its_variance() {
        for alpha in [0.001, 0.2, 0.8, 1.0, 4.0] {
            let mut source = RandomSource::new(11);
            let drawn: Vec<f64> = (0..20_000).map(|_| source.beta(alpha)).collect();
            assert!(drawn.iter().all(|share| (0.0..=1.0).contains(share)));
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let squares = drawn.iter().map(|share| (share - mean).powi(2));
            let variance = squares.sum::<f64>() / drawn.len() as f64;
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!((mean - 0.5).abs() < 0.015, "{alpha}: {mean}");
            assert!(
                (variance / expected - 1.0).abs() < 0.05,
                "{alpha}: {variance}"
            );
        }
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        RandomSource::new(3).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
