//! A blank square (DeVries and Taylor 2017).

use super::super::Pixels;

/// Fills a square of `share` of the shorter side with the mean of all values. `at` places it within
/// the room that is left, as shares from left and top.
pub(super) fn blank(picture: &mut Pixels, share: f64, at: (f64, f64)) {
    let size = (picture.width, picture.height);
    let Some([left, top, side]) = square(share, at, size) else {
        return;
    };
    let width = picture.width as usize;
    let mean = picture
        .rgb
        .iter()
        .map(|&value| u64::from(value))
        .sum::<u64>() as f64
        / picture.rgb.len() as f64;
    for row in picture.rgb.chunks_exact_mut(width * 3).skip(top).take(side) {
        row[left * 3..(left + side) * 3].fill(mean.round() as u8);
    }
}

/// Left, top and side of the square, in pixels; `None` where it has no side.
pub(super) fn square(
    share: f64,
    at: (f64, f64),
    (width, height): (u32, u32),
) -> Option<[usize; 3]> {
    let (width, height) = (width as usize, height as usize);
    let side = (share * width.min(height) as f64).round() as usize;
    let offset = |at: f64, length: usize| (at * (length - side + 1) as f64) as usize;
    (side > 0).then(|| [offset(at.0, width), offset(at.1, height), side])
}
