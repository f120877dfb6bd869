//! Random changes to one square picture, each reproducible from a seed.

use super::Pixels;
use crate::experiment::Augmentation;

/// Applies `augmentation`. The same `seed` and `view` give the same picture. With
/// `Views::Cached` and flips alone, `view` picks the flip combination; otherwise it is mixed into the seed.
pub fn augment(picture: &Pixels, augmentation: &Augmentation, seed: u64, view: u32) -> Pixels {
    let _ = (picture, augmentation, seed, view);
    unimplemented!()
}

/// The number of distinct versions that flips alone make: 1, 2 or 4.
pub fn flip_views(augmentation: &Augmentation) -> u32 {
    (1 + u32::from(augmentation.horizontal_flip)) * (1 + u32::from(augmentation.vertical_flip))
}

/// Flip combination `view` (bit 0 horizontal, bit 1 vertical, among those switched on; 0 is the picture itself).
pub fn flip_view(picture: &Pixels, augmentation: &Augmentation, view: u32) -> Pixels {
    let _ = (picture, augmentation, view);
    unimplemented!()
}
