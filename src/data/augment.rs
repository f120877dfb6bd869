//! Random changes to one square picture, each reproducible from a seed.
//!
//! All draws are made in a fixed order whether or not a change is switched on, so that moving one
//! strength leaves the other changes of the same seed as they are. With `u` a draw from [-1, 1):
//!
//! | change | does |
//! | --- | --- |
//! | flips | mirrored one time in two |
//! | rotation | turned by `u * rotation` degrees about the middle |
//! | zoom | the part shown is `1 + u * zoom` times the picture's extent (Keras' `RandomZoom`) |
//! | translation | shifted by `u * translation` of the side, each way drawn on its own |
//! | crop | a square of `1 - v * crop` of the area, `v` from [0, 1), anywhere within, enlarged |
//! | brightness | `u * brightness * 255` added (Keras' `RandomBrightness`) |
//! | contrast | `(x - mean) * (1 + u * contrast) + mean`, a mean per channel (Keras' `RandomContrast`) |
//! | colour jitter | saturation times `1 + u * jitter`, hue turned by `u * jitter / 10` of the circle |
//! | cutout | a square of `v * cutout` of the side, anywhere within, in the picture's mean grey |
//! | TrivialAugment | one of 14 operations at one of 31 strengths, between what moves a picture and its brightness; drawn apart |
//!
//! What lies beyond the borders is the mirrored picture (Keras' `fill_mode="reflect"`).

mod color;
mod cutout;
mod geometry;
mod mirror;
mod mixing;
mod orientation;
mod trivial;

use trivial::TrivialChange;

pub use mixing::{Mixing, Rectangle};
pub use orientation::{Orientation, oriented, test_orientations};

use super::Pixels;
use super::random::{RandomSource, mix};
use crate::experiment::{Augmentation, Views};

/// Applies `augmentation`. The same `seed` and `view` give the same picture. With
/// `Views::Cached` and flips alone, `view` picks the flip combination; otherwise it is mixed into the seed.
pub fn augment(picture: &Pixels, augmentation: &Augmentation, seed: u64, view: u32) -> Pixels {
    if let Some(view) = only_flips(augmentation, view) {
        return flip_view(picture, augmentation, view);
    }
    let drawn = Drawn::new(augmentation, seed, view);
    let mut changed = if drawn.moves() {
        geometry::warp(picture, &drawn)
    } else {
        mirror::mirrored(picture, drawn.flip_horizontally, drawn.flip_vertically)
    };
    if let Some(change) = &drawn.trivial {
        change.apply(&mut changed);
    }
    color::adjust_levels(&mut changed, drawn.brightness, drawn.contrast);
    color::jitter(&mut changed, drawn.saturation, drawn.hue_turns);
    cutout::blank(&mut changed, drawn.cutout_share, drawn.cutout_at);
    changed
}

/// Whether a [`Change`] says all that `augmentation` does: TrivialAugment's operations are done to bytes alone.
pub fn is_change_of_numbers(augmentation: &Augmentation) -> bool {
    !augmentation.trivial_augment
}

/// What [`augment`] does to a picture, in numbers, for whoever does it elsewhere, where [`is_change_of_numbers`]. Each step
/// rounds to whole grey levels and cuts them to 0 .. 255.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where a position in the result lies in the picture, both in pixels from the left upper corner:
    /// `x' = a[0] x + a[1] y + a[2]`, `y' = a[3] x + a[4] y + a[5]`; `None` where nothing moves. Pixels are mixed
    /// bilinearly, and beyond the borders lies the mirrored picture.
    pub affine: Option<[f64; 6]>,
    /// Added to every value, in grey levels.
    pub brightness: f64,
    /// Factor of the distance to each channel's mean.
    pub contrast: f64,
    /// From red, green and blue to each of them; `None` where colours stay.
    pub color: Option<[[f64; 3]; 3]>,
    /// The square that takes the mean of all values: left, top and side in pixels.
    pub cutout: Option<[usize; 3]>,
}

impl Change {
    /// What [`augment`] does with these arguments to a picture of this width and height.
    pub fn drawn(augmentation: &Augmentation, seed: u64, view: u32, size: (u32, u32)) -> Self {
        if let Some(view) = only_flips(augmentation, view) {
            return Self::flip(augmentation, view, size);
        }
        let drawn = Drawn::new(augmentation, seed, view);
        let is_flipped = drawn.flip_horizontally || drawn.flip_vertically;
        Self {
            affine: (is_flipped || drawn.moves()).then(|| geometry::affine(&drawn, size)),
            brightness: drawn.brightness,
            contrast: drawn.contrast,
            color: color::matrix(drawn.saturation, drawn.hue_turns),
            cutout: cutout::square(drawn.cutout_share, drawn.cutout_at, size),
        }
    }

    /// What [`flip_view`] does.
    pub fn flip(augmentation: &Augmentation, view: u32, size: (u32, u32)) -> Self {
        let (horizontally, vertically) = flips(augmentation, view);
        let orientation = Orientation {
            transposed: false,
            horizontally,
            vertically,
        };
        Self::oriented(orientation, size)
    }

    /// What [`oriented`] does to a square.
    pub fn oriented(orientation: Orientation, size: (u32, u32)) -> Self {
        let Orientation {
            transposed,
            horizontally,
            vertically,
        } = orientation;
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let along = |is_mirrored: bool, side: f64| {
            if is_mirrored {
                (-1.0, side)
            } else {
                (1.0, 0.0)
            }
        };
        let ((xx, x0), (yy, y0)) = (along(horizontally, width), along(vertically, height));
        let moved = if transposed {
            [0.0, yy, y0, xx, 0.0, x0]
        } else {
            [xx, 0.0, x0, 0.0, yy, y0]
        };
        Self {
            affine: (orientation != Orientation::PLAIN).then_some(moved),
            ..Self::nothing()
        }
    }

    /// The picture as it is.
    pub fn nothing() -> Self {
        Self {
            affine: None,
            brightness: 0.0,
            contrast: 1.0,
            color: None,
            cutout: None,
        }
    }
}

/// The number of distinct versions that flips alone make: 1, 2 or 4.
pub fn flip_views(augmentation: &Augmentation) -> u32 {
    (1 + u32::from(augmentation.horizontal_flip)) * (1 + u32::from(augmentation.vertical_flip))
}

/// Flip combination `view` (bit 0 horizontal, bit 1 vertical, among those switched on; 0 is the picture itself).
pub fn flip_view(picture: &Pixels, augmentation: &Augmentation, view: u32) -> Pixels {
    let (horizontally, vertically) = flips(augmentation, view);
    mirror::mirrored(picture, horizontally, vertically)
}

/// Whether flip combination `view` mirrors left and right, and top and bottom.
pub fn flips(augmentation: &Augmentation, view: u32) -> (bool, bool) {
    let vertical_bit = u32::from(augmentation.horizontal_flip);
    (
        augmentation.horizontal_flip && view & 1 == 1,
        augmentation.vertical_flip && (view >> vertical_bit) & 1 == 1,
    )
}

/// Which flip combination [`augment`] makes of `view`, where it makes nothing else of it and draws nothing.
pub fn only_flips(augmentation: &Augmentation, view: u32) -> Option<u32> {
    let cached = matches!(augmentation.views, Views::Cached(_));
    (cached && !augmentation.has_continuous_changes()).then(|| view % flip_views(augmentation))
}

/// The seed of one picture's changes in one epoch (or of one cached view).
pub fn seed_for(experiment_seed: u64, epoch: u32, picture: usize) -> u64 {
    mix(mix(mix(experiment_seed) ^ u64::from(epoch)) ^ picture as u64)
}

/// Version `view` of `own`, a picture with its index, for looking at: mixed with a version of `partner` where the augmentation
/// mixes pictures; then with what its own class counts in the target, 0 to 1.
pub fn version(
    own: (usize, &Pixels),
    partner: Option<(usize, &Pixels)>,
    augmentation: &Augmentation,
    seed: u64,
    view: u32,
) -> (Pixels, Option<f64>) {
    let augmented = |(index, picture): (usize, &Pixels)| {
        augment(picture, augmentation, seed_for(seed, view, index), view)
    };
    let pixels = augmented(own);
    let size = (pixels.width, pixels.height);
    let mixing = Mixing::drawn(augmentation, seed_for(seed, view, own.0), size);
    match (mixing, partner) {
        (Some(mixing), Some(partner)) => {
            let mixed = mixing.mixed(&pixels, &augmented(partner));
            (mixed, Some(mixing.own_share))
        }
        _ => (pixels, None),
    }
}

/// What was drawn for one picture.
struct Drawn {
    flip_horizontally: bool,
    flip_vertically: bool,
    rotation_degrees: f64,
    /// The extent that is shown, as a share of the picture's.
    extent: f64,
    /// Shift to the right and down, as shares of width and height.
    shift: (f64, f64),
    /// The side of the part that is enlarged, as a share.
    crop_side: f64,
    /// Where the part begins, as shares of the room that is left.
    crop_at: (f64, f64),
    /// Added to every value, in grey levels.
    brightness: f64,
    /// The factor.
    contrast: f64,
    /// The factor.
    saturation: f64,
    hue_turns: f64,
    cutout_share: f64,
    /// Where it begins, as shares of the room that is left.
    cutout_at: (f64, f64),
    trivial: Option<TrivialChange>,
}

impl Drawn {
    fn new(augmentation: &Augmentation, seed: u64, view: u32) -> Self {
        let seed = mix(seed ^ mix(u64::from(view)));
        let mut random = RandomSource::new(seed);
        // Fields are evaluated in the order written, which is the order of the draws.
        Self {
            flip_horizontally: random.coin() & augmentation.horizontal_flip,
            flip_vertically: random.coin() & augmentation.vertical_flip,
            rotation_degrees: random.signed() * augmentation.rotation,
            extent: (1.0 + random.signed() * augmentation.zoom).max(0.01),
            shift: (
                random.signed() * augmentation.translation,
                random.signed() * augmentation.translation,
            ),
            crop_side: (1.0 - random.unit() * augmentation.crop).max(0.01).sqrt(),
            crop_at: (random.unit(), random.unit()),
            brightness: random.signed() * augmentation.brightness * 255.0,
            contrast: 1.0 + random.signed() * augmentation.contrast,
            saturation: 1.0 + random.signed() * augmentation.color_jitter,
            hue_turns: random.signed() * augmentation.color_jitter / 10.0,
            cutout_share: random.unit() * augmentation.cutout,
            cutout_at: (random.unit(), random.unit()),
            trivial: (augmentation.trivial_augment).then(|| TrivialChange::drawn(seed)),
        }
    }

    /// Whether pixels must be computed between pixels.
    fn moves(&self) -> bool {
        self.rotation_degrees != 0.0
            || self.extent != 1.0
            || self.shift != (0.0, 0.0)
            || self.crop_side != 1.0
    }
}

#[cfg(test)]
mod tests;
