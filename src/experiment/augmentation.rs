//! Random changes to training pictures. Validation and test pictures are never changed.

use serde::{Deserialize, Serialize};

/// Each change with its strength; 0 (or false) switches it off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    pub views: Views,
    /// Mirror left and right, one time in two.
    pub horizontal_flip: bool,
    /// Mirror top and bottom, one time in two.
    pub vertical_flip: bool,
    /// Turn by up to this many degrees either way, 0 to 180.
    pub rotation: f64,
    /// Enlarge or shrink by up to this share, 0 to 0.9.
    pub zoom: f64,
    /// Shift by up to this share of the side, in both directions, 0 to 0.9.
    pub translation: f64,
    /// Cut a random part and enlarge it to the whole square: the largest share of the area that
    /// may be lost, 0 to 0.95.
    pub crop: f64,
    /// Strengthen or weaken contrast by up to this share, 0 to 1.
    pub contrast: f64,
    /// Brighten or darken by up to this share of the full range, 0 to 1.
    pub brightness: f64,
    /// Vary saturation by up to this share and hue by up to a tenth of it (as a share of the
    /// colour circle), 0 to 1.
    pub color_jitter: f64,
    /// Blank a square of up to this share of the side, 0 to 0.9.
    pub cutout: f64,
    /// One operation for each picture, drawn with its strength from TrivialAugment's wide space (Müller and Hutter 2021).
    pub trivial_augment: bool,
    /// Blend each picture of a batch, and its class, with another: alpha of the Beta distribution that the share is drawn
    /// from, 0 to 4 (Zhang et al. 2018).
    pub mixup: f64,
    /// Paste a rectangle of another picture of the batch, and its class by the area: alpha of the Beta distribution that the
    /// area is drawn from, 0 to 4 (Yun et al. 2019). Where mixup is on too, each batch draws one of both.
    pub cutmix: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            views: Views::Fresh,
            horizontal_flip: false,
            vertical_flip: false,
            rotation: 0.0,
            zoom: 0.0,
            translation: 0.0,
            crop: 0.0,
            contrast: 0.0,
            brightness: 0.0,
            color_jitter: 0.0,
            cutout: 0.0,
            trivial_augment: false,
            mixup: 0.0,
            cutmix: 0.0,
        }
    }
}

/// Whether changes are drawn anew, which costs the frozen layers' work in every epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Views {
    /// Drawn anew for every picture in every epoch.
    #[default]
    Fresh,
    /// This many versions per picture are drawn once (with flips alone: each combination once, in
    /// order) and their frozen features kept; every epoch picks one of them per picture.
    Cached(u32),
}

impl Augmentation {
    /// Whether any change of single pictures is switched on.
    pub fn is_active(&self) -> bool {
        self.horizontal_flip || self.vertical_flip || self.has_continuous_changes()
    }

    /// Whether pictures are turned by any angle: they have no up and down.
    pub fn turns_all_round(&self) -> bool {
        self.rotation >= 180.0
    }

    /// Whether the pictures of a batch are mixed with each other, so that every epoch shows the frozen part other pictures.
    pub fn is_mixing(&self) -> bool {
        self.mixup > 0.0 || self.cutmix > 0.0
    }

    /// Whether any change of single pictures other than a flip is switched on.
    pub fn has_continuous_changes(&self) -> bool {
        let strengths = [
            self.rotation,
            self.zoom,
            self.translation,
            self.crop,
            self.contrast,
            self.brightness,
            self.color_jitter,
            self.cutout,
        ];
        self.trivial_augment || strengths.iter().any(|&strength| strength > 0.0)
    }
}
