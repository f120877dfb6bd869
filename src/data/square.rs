//! A picture to the network's square, resized as Pillow does.

pub use graft_resample::Interpolation;
use graft_resample::{Side, Source};

use super::Pixels;
use crate::experiment::Fit;

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

impl SquareSpec {
    /// A square for looking at, cut as ImageNet's pictures are (256 to 224).
    pub fn preview(side: u32, fit: Fit) -> Self {
        Self {
            side,
            resize: side.saturating_mul(8).div_ceil(7),
            interpolation: Interpolation::Bicubic,
            fit,
            background: [127; 3],
        }
    }
}

/// Brings a picture to `spec.side` x `spec.side`.
pub fn to_square(picture: &Pixels, spec: &SquareSpec) -> Pixels {
    match spec.fit {
        Fit::CenterCrop => center_crop(picture, spec),
        Fit::Squash => resize(picture, spec.side, spec.side, spec.interpolation),
        Fit::Pad => pad(picture, spec),
    }
}

/// Resizes as Pillow's `Image.resize` with `BILINEAR` or `BICUBIC` does: the filter widens when a
/// picture shrinks, so nothing aliases.
pub fn resize(picture: &Pixels, width: u32, height: u32, interpolation: Interpolation) -> Pixels {
    resample(
        picture,
        &Side::whole(width),
        &Side::whole(height),
        interpolation,
    )
}

/// The part of the resized picture that `across` and `down` show.
fn resample(picture: &Pixels, across: &Side, down: &Side, interpolation: Interpolation) -> Pixels {
    let source = Source {
        rgb: &picture.rgb,
        width: picture.width,
        height: picture.height,
    };
    Pixels {
        width: across.shown.len() as u32,
        height: down.shown.len() as u32,
        rgb: graft_resample::resample(source, across, down, interpolation),
    }
}

/// torchvision's `Resize(spec.resize)` and `CenterCrop(spec.side)`: the longer side is rounded
/// down, the crop's corner is rounded half to even, and what is smaller than the crop is padded
/// with black. Only what the crop shows is computed, so that a picture of 1 x 16,384 pixels does
/// not become gigabytes.
fn center_crop(picture: &Pixels, spec: &SquareSpec) -> Pixels {
    let (width, height) = (u64::from(picture.width), u64::from(picture.height));
    let (short, long) = (width.min(height).max(1), width.max(height));
    let short_resized = u64::from(spec.resize.max(1));
    let long_resized = short_resized * long / short;
    let (resized_width, resized_height) = if width <= height {
        (short_resized, long_resized)
    } else {
        (long_resized, short_resized)
    };
    let across = Span::centered(resized_width, spec.side);
    let down = Span::centered(resized_height, spec.side);
    let visible = resample(picture, &across.side(), &down.side(), spec.interpolation);
    if (visible.width, visible.height) == (spec.side, spec.side) {
        return visible;
    }
    let mut square = Pixels::filled(spec.side, spec.side, [0; 3]);
    paste(&visible, &mut square, across.at, down.at);
    square
}

/// The whole picture, its longer side `spec.side`, in the middle of the background.
fn pad(picture: &Pixels, spec: &SquareSpec) -> Pixels {
    let (width, height) = fit_within(picture.width, picture.height, spec.side);
    let resized = resize(picture, width, height, spec.interpolation);
    let mut square = Pixels::filled(spec.side, spec.side, spec.background);
    paste(
        &resized,
        &mut square,
        (spec.side - width) / 2,
        (spec.side - height) / 2,
    );
    square
}

/// Width and height with the longer one `side`, the other in proportion and at least 1.
pub(super) fn fit_within(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longer = f64::from(width.max(height).max(1));
    let scaled = |length: u32| {
        ((f64::from(length) * f64::from(side) / longer).round() as u32).clamp(1, side.max(1))
    };
    (scaled(width), scaled(height))
}

/// The part of one resized dimension that a centred crop shows.
struct Span {
    resized: u32,
    /// Where it begins in the resized picture …
    from: u32,
    /// … how long it is …
    length: u32,
    /// … and where it goes in the crop.
    at: u32,
}

impl Span {
    fn centered(resized: u64, side: u32) -> Self {
        // No picture is larger than 16,384 a side, so this is far from the end of u32.
        let resized = u32::try_from(resized).unwrap_or(u32::MAX);
        if resized < side {
            return Self {
                resized,
                from: 0,
                length: resized,
                at: (side - resized) / 2,
            };
        }
        let from = (f64::from(resized - side) / 2.0).round_ties_even() as u32;
        Self {
            resized,
            from,
            length: side,
            at: 0,
        }
    }

    fn side(&self) -> Side {
        Side {
            resized: self.resized,
            shown: self.from..self.from + self.length,
        }
    }
}

fn paste(picture: &Pixels, onto: &mut Pixels, left: u32, top: u32) {
    let row_bytes = picture.width as usize * 3;
    if row_bytes == 0 {
        return;
    }
    for (row, source) in picture.rgb.chunks_exact(row_bytes).enumerate() {
        let start = ((top as usize + row) * onto.width as usize + left as usize) * 3;
        onto.rgb[start..start + row_bytes].copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture that `tests/record_pillow.py` draws, by the same integer formula.
    fn drawn(width: u32, height: u32) -> Pixels {
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519))
                    .wrapping_mul(3_266_489_917)
                    >> 24;
                let gradient = [
                    255 * x / width,
                    255 * y / height,
                    255 * (x + y) / (width + height),
                ];
                rgb.extend(gradient.map(|value| ((3 * value + noise) / 4) as u8));
            }
        }
        Pixels { width, height, rgb }
    }

    #[derive(serde::Deserialize)]
    struct Recorded {
        width: u32,
        height: u32,
        side: u32,
        resize: u32,
        interpolation: String,
        fit: Fit,
        /// Lower-case hexadecimal.
        rgb: String,
    }

    #[test]
    fn squares_are_pillows() {
        let recorded: Vec<Recorded> =
            serde_json::from_str(include_str!("../../tests/golden/pillow_squares.json")).unwrap();
        let cases = recorded.len();
        assert!(cases >= 8);
        let mut equal = 0;
        for case in recorded {
            let spec = SquareSpec {
                side: case.side,
                resize: case.resize,
                interpolation: if case.interpolation == "bicubic" {
                    Interpolation::Bicubic
                } else {
                    Interpolation::Bilinear
                },
                fit: case.fit,
                background: [10, 20, 30],
            };
            let square = to_square(&drawn(case.width, case.height), &spec);
            let expected: Vec<u8> = (0..case.rgb.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&case.rgb[at..at + 2], 16).unwrap())
                .collect();
            assert_eq!(square.rgb.len(), expected.len());
            let differences = square.rgb.iter().zip(&expected);
            let worst = differences.map(|(a, b)| a.abs_diff(*b)).max();
            equal += usize::from(worst == Some(0));
            assert!(
                worst <= Some(1),
                "{spec:?} of {} x {} differs by {worst:?}",
                case.width,
                case.height
            );
        }
        // The others are tall pictures, whose two passes Pillow 13 swaps where earlier ones did not.
        assert!(equal * 10 >= cases * 8, "{equal} of {cases} are equal");
    }

    #[test]
    fn every_shape_becomes_a_square() {
        for (width, height) in [(1, 1), (1, 16_384), (16_384, 1), (32, 32), (301, 7), (5, 4)] {
            let picture = Pixels::filled(width, height, [9, 99, 199]);
            for fit in [Fit::CenterCrop, Fit::Squash, Fit::Pad] {
                let spec = SquareSpec {
                    side: 24,
                    resize: 27,
                    interpolation: Interpolation::Bicubic,
                    fit,
                    background: [9, 99, 199],
                };
                assert_eq!(
                    to_square(&picture, &spec),
                    Pixels::filled(24, 24, [9, 99, 199]),
                    "{width} x {height}, {fit:?}"
                );
            }
        }
    }
}
