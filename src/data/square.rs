//! A picture to the network's square, resized as Pillow does.

use super::Pixels;
use crate::experiment::Fit;

/// Pillow's antialiased filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    Bilinear,
    Bicubic,
}

/// How a picture becomes a square, without the fit that the person chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareSpec {
    /// The side of the result.
    pub side: u32,
    /// The shorter side is resized to `side / crop_share` before the middle is cut (CenterCrop).
    pub resize: u32,
    pub interpolation: Interpolation,
    pub fit: Fit,
    /// The background of `Pad`.
    pub background: [u8; 3],
}

/// Brings a picture to `spec.side` x `spec.side`.
pub fn to_square(picture: &Pixels, spec: &SquareSpec) -> Pixels {
    let _ = (picture, spec);
    unimplemented!()
}
