//! Any layout of samples to RGB8 on white.

use image::DynamicImage;

use super::super::Pixels;

/// What the samples of a pixel are, 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// Its colours are already multiplied with alpha.
    PremultipliedGreyAlpha,
    PremultipliedRgba,
    /// Ink: 255 is all of it.
    Cmyk,
    /// As Adobe's programs store it in a JPEG: 255 is no ink.
    InvertedCmyk,
}

impl Layout {
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha | Self::PremultipliedGreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::PremultipliedRgba | Self::Cmyk | Self::InvertedCmyk => 4,
        }
    }

    pub fn has_alpha(self) -> bool {
        matches!(
            self,
            Self::GreyAlpha | Self::Rgba | Self::PremultipliedGreyAlpha | Self::PremultipliedRgba
        )
    }

    /// The same colours without alpha.
    pub fn without_alpha(self) -> Self {
        match self {
            Self::GreyAlpha | Self::PremultipliedGreyAlpha => Self::Grey,
            Self::Rgba | Self::PremultipliedRgba => Self::Rgb,
            opaque => opaque,
        }
    }

    /// Whether something is to be seen of `samples`. Programs that know no alpha leave zeros in its place: a picture of
    /// which nothing would be seen is opaque.
    pub fn shows(self, samples: &[u8]) -> bool {
        let channels = self.channels();
        let mut alphas = samples.chunks_exact(channels).map(|p| p[channels - 1]);
        !self.has_alpha() || alphas.any(|alpha| alpha > 0)
    }

    /// Appends pixels to `rgb`.
    pub fn append(self, samples: &[u8], rgb: &mut Vec<u8>) {
        let pixels = samples.chunks_exact(self.channels());
        match self {
            Self::Rgb => rgb.extend_from_slice(samples),
            Self::Grey => rgb.extend(samples.iter().flat_map(|&grey| [grey; 3])),
            Self::GreyAlpha => rgb.extend(pixels.flat_map(|p| [lay_on_white(p[0], p[1]); 3])),
            Self::Rgba => {
                rgb.extend(pixels.flat_map(|p| [p[0], p[1], p[2]].map(|v| lay_on_white(v, p[3]))));
            }
            Self::PremultipliedGreyAlpha => {
                rgb.extend(pixels.flat_map(|p| [add_white(p[0], p[1]); 3]));
            }
            Self::PremultipliedRgba => {
                rgb.extend(pixels.flat_map(|p| [p[0], p[1], p[2]].map(|v| add_white(v, p[3]))));
            }
            Self::Cmyk => rgb
                .extend(pixels.flat_map(|p| [p[0], p[1], p[2]].map(|ink| without_ink(ink, p[3])))),
            Self::InvertedCmyk => rgb.extend(
                pixels.flat_map(|p| [p[0], p[1], p[2]].map(|v| without_ink(255 - v, 255 - p[3]))),
            ),
        }
    }
}

/// A picture of one of `image`'s decoders.
pub(super) fn onto_white(picture: DynamicImage) -> Pixels {
    let (width, height) = (picture.width(), picture.height());
    let (layout, samples) = match picture {
        DynamicImage::ImageRgb8(pixels) => {
            return Pixels {
                width,
                height,
                rgb: pixels.into_raw(),
            };
        }
        DynamicImage::ImageLuma8(pixels) => (Layout::Grey, pixels.into_raw()),
        other if other.color().has_alpha() => (Layout::Rgba, other.into_rgba8().into_raw()),
        opaque => (Layout::Rgb, opaque.into_rgb8().into_raw()),
    };
    let mut rgb = Vec::with_capacity(samples.len() / layout.channels() * 3);
    layout.append(&samples, &mut rgb);
    Pixels { width, height, rgb }
}

/// `(value * alpha + 255 * (255 - alpha)) / 255`, rounded.
fn lay_on_white(value: u8, alpha: u8) -> u8 {
    let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
    ((sum + 127) / 255) as u8
}

/// The same of a value that is multiplied with alpha already.
fn add_white(value: u8, alpha: u8) -> u8 {
    value.saturating_add(255 - alpha)
}

/// As Pillow does.
fn without_ink(ink: u8, black: u8) -> u8 {
    let light = 255 - u32::from(black);
    let product = u32::from(ink) * light + 128;
    light.saturating_sub(((product >> 8) + product) >> 8) as u8
}
