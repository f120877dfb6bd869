//! Every random choice of a run, drawn from the experiment's seed: independent of threads, of
//! batches and of what was drawn before, so that the same request gives the same numbers.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// What a seed is drawn for. Each purpose has its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The order of pictures in an epoch.
    Order = 1,
    /// Which cached view an epoch takes of a picture.
    View = 2,
    /// Augmentation of one picture.
    Augmentation = 3,
    /// libtorch's own generator (dropout) in an epoch.
    Torch = 4,
    /// How the pictures of a batch are mixed.
    Mixing = 5,
}

/// A seed for `purpose`, picture or epoch `a` and `b`.
pub fn mix(seed: u64, purpose: Purpose, a: u64, b: u64) -> u64 {
    [purpose as u64, a, b]
        .iter()
        .fold(splitmix(seed), |state, &part| {
            splitmix(state ^ splitmix(part))
        })
}

/// One step of SplitMix64 (Steele, Lea and Flood, 2014).
fn splitmix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The indices `0..count` in the random order of `epoch`.
pub fn order(count: usize, seed: u64, epoch: u32) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(mix(seed, Purpose::Order, u64::from(epoch), 0));
    indices.shuffle(&mut rng);
    indices
}

/// The cached view, below `views`, that `epoch` takes of the picture at `index`.
pub fn view(views: u32, seed: u64, epoch: u32, index: usize) -> u32 {
    let drawn = mix(seed, Purpose::View, u64::from(epoch), index as u64);
    // The modulo's bias is below 2^-32 for any number of views.
    (drawn % u64::from(views.max(1))) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_holds_every_position_once_and_changes_with_epoch_and_seed() {
        let first = order(100, 7, 1);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(first, order(100, 7, 1));
        assert_ne!(first, order(100, 7, 2));
        assert_ne!(first, order(100, 8, 1));
    }

    #[test]
    fn views_are_drawn_evenly() {
        let mut counts = [0; 4];
        for epoch in 0..50 {
            for index in 0..100 {
                counts[view(4, 3, epoch, index) as usize] += 1;
            }
        }
        assert!(
            counts.iter().all(|&count| (1100..1400).contains(&count)),
            "{counts:?}"
        );
        assert_eq!(view(0, 3, 1, 1), 0);
    }
}
