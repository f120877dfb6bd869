//! A blank square (DeVries and Taylor 2017).

use super::super::Pixels;

/// Fills a square of `share` of the shorter side with the mean of all values. `at` places it within
/// the room that is left, as shares from left and top.
pub(super) fn blank(picture: &mut Pixels, share: f64, at: (f64, f64)) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let side = (share * width.min(height) as f64).round() as usize;
    if side == 0 {
        return;
    }
    let mean = picture
        .rgb
        .iter()
        .map(|&value| u64::from(value))
        .sum::<u64>() as f64
        / picture.rgb.len() as f64;
    let left = (at.0 * (width - side + 1) as f64) as usize;
    let top = (at.1 * (height - side + 1) as f64) as usize;
    for row in picture.rgb.chunks_exact_mut(width * 3).skip(top).take(side) {
        row[left * 3..(left + side) * 3].fill(mean.round() as u8);
    }
}
