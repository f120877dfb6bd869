//! All moves of a picture at once, in one pass of bilinear sampling.

use super::super::Pixels;
use super::Drawn;

/// An affine map from positions in the result to positions in the picture, in pixels:
/// `x' = xx * x + xy * y + x0`, `y' = yx * x + yy * y + y0`.
#[derive(Debug, Clone, Copy)]
struct Affine {
    xx: f64,
    xy: f64,
    x0: f64,
    yx: f64,
    yy: f64,
    y0: f64,
}

impl Affine {
    /// The picture is flipped, turned, zoomed and shifted, and a part of that is cut out and
    /// enlarged; from a position in the result, the way leads back through these in reverse order.
    fn new(drawn: &Drawn, width: f64, height: f64) -> Self {
        let crop = drawn.crop_side;
        let (left, top) = (
            drawn.crop_at.0 * (1.0 - crop) * width,
            drawn.crop_at.1 * (1.0 - crop) * height,
        );
        let (middle_x, middle_y) = (width / 2.0, height / 2.0);
        // Of the result's origin, relative to the middle, once crop and shift are undone.
        let (from_x, from_y) = (
            left - drawn.shift.0 * width - middle_x,
            top - drawn.shift.1 * height - middle_y,
        );
        let (sin, cos) = drawn.rotation_degrees.to_radians().sin_cos();
        let horizontal = if drawn.flip_horizontally { -1.0 } else { 1.0 };
        let vertical = if drawn.flip_vertically { -1.0 } else { 1.0 };
        let (across, down) = (horizontal * drawn.extent, vertical * drawn.extent);
        Self {
            xx: across * cos * crop,
            xy: across * sin * crop,
            x0: across * (cos * from_x + sin * from_y) + middle_x,
            yx: down * -sin * crop,
            yy: down * cos * crop,
            y0: down * (-sin * from_x + cos * from_y) + middle_y,
        }
    }
}

/// [`Affine`] of a picture of that width and height: `xx, xy, x0, yx, yy, y0`.
pub(super) fn affine(drawn: &Drawn, (width, height): (u32, u32)) -> [f64; 6] {
    let Affine {
        xx,
        xy,
        x0,
        yx,
        yy,
        y0,
    } = Affine::new(drawn, f64::from(width), f64::from(height));
    [xx, xy, x0, yx, yy, y0]
}

/// Bits behind the point of a position in the picture.
const FRACTION_BITS: u32 = 32;

/// Half of a 256th pixel: weights are rounded to the nearest, so that whole positions stay exact.
const HALF_WEIGHT: i64 = 1 << (FRACTION_BITS - 9);

/// Draws the picture anew as `drawn` moves it; the size stays.
pub(super) fn warp(picture: &Pixels, drawn: &Drawn) -> Pixels {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let affine = Affine::new(drawn, f64::from(picture.width), f64::from(picture.height));
    let mut rgb = vec![0; picture.rgb.len()];
    if rgb.is_empty() {
        return picture.clone();
    }
    let (step_x, step_y) = (fixed(affine.xx), fixed(affine.yx));
    for (row, target) in rgb.chunks_exact_mut(width * 3).enumerate() {
        // From the middle of the row's first pixel, to a position counted from the middle of the
        // picture's first pixel.
        let y = row as f64 + 0.5;
        let mut x_at = fixed(affine.xx * 0.5 + affine.xy * y + affine.x0 - 0.5) + HALF_WEIGHT;
        let mut y_at = fixed(affine.yx * 0.5 + affine.yy * y + affine.y0 - 0.5) + HALF_WEIGHT;
        for pixel in target.chunks_exact_mut(3) {
            let value = sample(&picture.rgb, width, height, x_at, y_at);
            pixel.copy_from_slice(&value);
            x_at += step_x;
            y_at += step_y;
        }
    }
    Pixels {
        width: picture.width,
        height: picture.height,
        rgb,
    }
}

fn fixed(value: f64) -> i64 {
    (value * (1i64 << FRACTION_BITS) as f64).round() as i64
}

/// Between the four pixels around a position, weighted in 256ths.
#[inline(always)]
fn sample(rgb: &[u8], width: usize, height: usize, x_at: i64, y_at: i64) -> [u8; 3] {
    let (column, row) = (x_at >> FRACTION_BITS, y_at >> FRACTION_BITS);
    let right = ((x_at >> (FRACTION_BITS - 8)) & 0xFF) as u32;
    let below = ((y_at >> (FRACTION_BITS - 8)) & 0xFF) as u32;
    let inside = column >= 0 && row >= 0 && column + 1 < width as i64 && row + 1 < height as i64;
    let (upper, lower, left_byte, right_byte) = if inside {
        let upper = row as usize * width * 3;
        let left = column as usize * 3;
        (upper, upper + width * 3, left, left + 3)
    } else {
        (
            reflect(row, height) * width * 3,
            reflect(row + 1, height) * width * 3,
            reflect(column, width) * 3,
            reflect(column + 1, width) * 3,
        )
    };
    let upper_left = &rgb[upper + left_byte..upper + left_byte + 3];
    let upper_right = &rgb[upper + right_byte..upper + right_byte + 3];
    let lower_left = &rgb[lower + left_byte..lower + left_byte + 3];
    let lower_right = &rgb[lower + right_byte..lower + right_byte + 3];
    let blend = |channel: usize| {
        let above = u32::from(upper_left[channel]) * (256 - right)
            + u32::from(upper_right[channel]) * right;
        let under = u32::from(lower_left[channel]) * (256 - right)
            + u32::from(lower_right[channel]) * right;
        ((above * (256 - below) + under * below + (1 << 15)) >> 16) as u8
    };
    [blend(0), blend(1), blend(2)]
}

/// Beyond the borders the picture goes on mirrored: `d c b a | a b c d | d c b a`.
fn reflect(at: i64, length: usize) -> usize {
    let length = length as i64;
    let folded = at.rem_euclid(2 * length);
    (if folded < length {
        folded
    } else {
        2 * length - 1 - folded
    }) as usize
}

#[cfg(test)]
mod tests {
    use super::reflect;

    #[test]
    fn borders_are_mirrored_with_the_edge_repeated() {
        let positions: Vec<usize> = (-5..9).map(|at| reflect(at, 4)).collect();
        assert_eq!(positions, [3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0]);
        assert_eq!([reflect(-3, 1), reflect(7, 1)], [0, 0]);
    }
}
