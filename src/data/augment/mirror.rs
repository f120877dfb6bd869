//! Exact mirrors.

use super::super::Pixels;

/// A copy, mirrored as asked. No value changes, only its position.
pub(super) fn mirrored(picture: &Pixels, horizontally: bool, vertically: bool) -> Pixels {
    let row_bytes = picture.width as usize * 3;
    if row_bytes == 0 || !(horizontally || vertically) {
        return picture.clone();
    }
    let mut rgb = Vec::with_capacity(picture.rgb.len());
    let mut append = |row: &[u8]| {
        let start = rgb.len();
        rgb.extend_from_slice(row);
        if horizontally {
            mirror_row(&mut rgb[start..]);
        }
    };
    if vertically {
        picture
            .rgb
            .chunks_exact(row_bytes)
            .rev()
            .for_each(&mut append);
    } else {
        picture.rgb.chunks_exact(row_bytes).for_each(&mut append);
    }
    Pixels {
        width: picture.width,
        height: picture.height,
        rgb,
    }
}

/// Reversing all bytes reverses the pixels, but turns each to BGR; swapping its ends mends that.
fn mirror_row(row: &mut [u8]) {
    row.reverse();
    for pixel in row.chunks_exact_mut(3) {
        pixel.swap(0, 2);
    }
}
