//! Mixup (Zhang et al., “mixup: Beyond Empirical Risk Minimization”, 2018) and CutMix (Yun et al., “CutMix: Regularization
//! Strategy to Train Strong Classifiers with Localizable Features”, 2019): every picture of a batch with the one before it, by
//! one share for the whole batch, as torchvision's `v2.MixUp` and `v2.CutMix` do.

use super::super::Pixels;
use super::super::random::{RandomSource, hash_text, mix};
use crate::experiment::Augmentation;

/// How the pictures of a batch are mixed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixing {
    /// What a picture's own class counts in its target, 0 to 1; its partner's counts the rest.
    pub own_share: f64,
    /// The rectangle that is the partner's; where there is none, both are blended all over by their shares.
    pub pasted: Option<Rectangle>,
}

/// In pixels; may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

impl Mixing {
    /// How `augmentation` mixes pictures of this width and height; `None` where it mixes none. Where mixup and CutMix are both
    /// on, one of them is drawn, each one time in two.
    pub fn drawn(augmentation: &Augmentation, seed: u64, size: (u32, u32)) -> Option<Self> {
        let mut random = RandomSource::new(mix(seed ^ hash_text("mixing")));
        let is_second = random.coin();
        let (mixup, cutmix) = (augmentation.mixup, augmentation.cutmix);
        match (mixup > 0.0, cutmix > 0.0) {
            (false, false) => None,
            (true, false) => Some(Self::blended(random.beta(mixup))),
            (true, true) if !is_second => Some(Self::blended(random.beta(mixup))),
            (_, true) => {
                let share = random.beta(cutmix);
                let middle = (random.unit(), random.unit());
                Some(Self::pasted(share, middle, size))
            }
        }
    }

    fn blended(own_share: f64) -> Self {
        Self {
            own_share,
            pasted: None,
        }
    }

    /// A rectangle of the picture's own proportions about `middle` (shares of width and height, below 1). What of it lies
    /// beyond the borders is lost, and shares are those of the pixels that remain.
    fn pasted(share: f64, middle: (f64, f64), size: (u32, u32)) -> Self {
        let half = 0.5 * (1.0 - share).max(0.0).sqrt();
        let along = |middle: f64, side: u32| {
            let side = side as usize;
            let (middle, half) = (
                (middle * side as f64) as usize,
                (half * side as f64) as usize,
            );
            let begin = middle.saturating_sub(half);
            (begin, (middle + half).min(side) - begin)
        };
        let ((left, width), (top, height)) = (along(middle.0, size.0), along(middle.1, size.1));
        let all = (f64::from(size.0) * f64::from(size.1)).max(1.0);
        Self {
            own_share: 1.0 - (width * height) as f64 / all,
            pasted: Some(Rectangle {
                left,
                top,
                width,
                height,
            }),
        }
    }

    /// `own`, mixed with another picture of the same size: for looking at. Training mixes the numbers that the network is
    /// given, which are not rounded to grey levels.
    pub fn mixed(&self, own: &Pixels, partner: &Pixels) -> Pixels {
        let mut mixed = own.clone();
        if (own.width, own.height) != (partner.width, partner.height) {
            return mixed;
        }
        let Some(pasted) = self.pasted else {
            for (own, partner) in mixed.rgb.iter_mut().zip(&partner.rgb) {
                let (a, b) = (f64::from(*own), f64::from(*partner));
                *own = (b + self.own_share * (a - b)).round() as u8;
            }
            return mixed;
        };
        let stride = own.width as usize * 3;
        for row in pasted.top..pasted.top + pasted.height {
            let at = row * stride + pasted.left * 3;
            let end = at + pasted.width * 3;
            if let (Some(to), Some(from)) = (mixed.rgb.get_mut(at..end), partner.rgb.get(at..end)) {
                to.copy_from_slice(from);
            }
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(mixup: f64, cutmix: f64) -> Augmentation {
        Augmentation {
            mixup,
            cutmix,
            ..Augmentation::default()
        }
    }

    #[test]
    fn one_of_both_is_drawn_where_both_are_on() {
        assert_eq!(Mixing::drawn(&on(0.0, 0.0), 1, (8, 8)), None);
        let draw = |augmentation: Augmentation| {
            (0..2000)
                .map(|seed| Mixing::drawn(&augmentation, seed, (20, 10)).unwrap())
                .collect::<Vec<_>>()
        };
        let pasted = |drawn: &[Mixing]| drawn.iter().filter(|mix| mix.pasted.is_some()).count();
        assert_eq!(pasted(&draw(on(0.2, 0.0))), 0);
        assert_eq!(pasted(&draw(on(0.0, 1.0))), 2000);
        let both = draw(on(0.2, 1.0));
        assert!((900..1100).contains(&pasted(&both)));
        assert_eq!(both, draw(on(0.2, 1.0)));
        for Mixing { own_share, pasted } in both {
            assert!((0.0..=1.0).contains(&own_share));
            let Some(pasted) = pasted else { continue };
            assert!(pasted.left + pasted.width <= 20 && pasted.top + pasted.height <= 10);
            let share = 1.0 - (pasted.width * pasted.height) as f64 / 200.0;
            assert!((own_share - share).abs() < 1e-12);
        }
    }

    /// Of torchvision's `CutMix.make_params`, with these draws.
    #[test]
    fn rectangles_are_torchvision_s() {
        // sqrt(0.7) * 112 is 93.7.
        for (share, middle, expected) in [
            (0.3, (0.5, 0.5), [19, 19, 186, 186]),
            (0.3, (0.0, 0.99), [0, 128, 93, 96]),
            (1.0, (0.5, 0.5), [112, 112, 0, 0]),
            (0.0, (0.5, 0.5), [0, 0, 224, 224]),
        ] {
            let found = Mixing::pasted(share, middle, (224, 224)).pasted.unwrap();
            let found = [found.left, found.top, found.width, found.height];
            assert_eq!(found, expected, "{share} {middle:?}");
        }
    }

    #[test]
    fn pixels_are_blended_or_pasted_by_their_shares() {
        let plain = |value: u8| Pixels {
            width: 4,
            height: 2,
            rgb: vec![value; 24],
        };
        let blended = Mixing::blended(0.25).mixed(&plain(100), &plain(200));
        assert_eq!(blended, plain(175));
        let pasted = Mixing {
            own_share: 0.75,
            pasted: Some(Rectangle {
                left: 2,
                top: 1,
                width: 2,
                height: 1,
            }),
        };
        let mixed = pasted.mixed(&plain(100), &plain(200));
        assert_eq!(mixed.rgb[18..], [200; 6]);
        assert_eq!(mixed.rgb[..18], [100; 18]);
    }
}
