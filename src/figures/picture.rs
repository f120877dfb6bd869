//! A photograph's pixels as a file within a figure.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::data::Pixels;

/// Pictures of up to this many pixels a side stay exact: their single pixels are seen.
const EXACT_SIDE: u32 = 64;
/// Of JPEG, 1 to 100; no trace of it is seen at the size of a figure's pictures.
const QUALITY: u8 = 92;

/// Kind (as in a data URL) and bytes of the file; nothing for a picture without pixels.
pub(super) fn encode(pixels: &Pixels) -> Option<(&'static str, Vec<u8>)> {
    let size = pixels.width as usize * pixels.height as usize * 3;
    if size == 0 || size != pixels.rgb.len() {
        return None;
    }
    let mut bytes = Vec::new();
    let (width, height, color) = (pixels.width, pixels.height, ExtendedColorType::Rgb8);
    if width.max(height) <= EXACT_SIDE {
        let encoder = PngEncoder::new(&mut bytes);
        encoder
            .write_image(&pixels.rgb, width, height, color)
            .ok()?;
        return Some(("image/png", bytes));
    }
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    encoder
        .write_image(&pixels.rgb, width, height, color)
        .ok()?;
    Some(("image/jpeg", bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_stay_exact_and_large_ones_close() {
        let small = Pixels {
            width: 3,
            height: 2,
            rgb: (0..18).map(|value| value * 14).collect(),
        };
        let (kind, bytes) = encode(&small).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!((kind, read.as_raw()), ("image/png", &small.rgb));
        let large = Pixels::filled(200, 100, [200, 90, 30]);
        let (kind, bytes) = encode(&large).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!((kind, read.dimensions()), ("image/jpeg", (200, 100)));
        let pixel = read.get_pixel(100, 50).0;
        assert!(
            pixel
                .iter()
                .zip([200u8, 90, 30])
                .all(|(a, b)| a.abs_diff(b) < 6)
        );
        assert!(encode(&Pixels::filled(0, 5, [0; 3])).is_none());
    }
}
