//! Any pixel layout to RGB8 on white.

use image::DynamicImage;

use super::super::Pixels;

/// Reduces to 8 bits, repeats grey and lays transparency on white.
pub(super) fn onto_white(picture: DynamicImage) -> Pixels {
    let (width, height) = (picture.width(), picture.height());
    let rgb = match picture {
        DynamicImage::ImageRgb8(pixels) => pixels.into_raw(),
        DynamicImage::ImageLuma8(pixels) => pixels
            .into_raw()
            .iter()
            .flat_map(|&grey| [grey; 3])
            .collect(),
        DynamicImage::ImageLumaA8(_)
        | DynamicImage::ImageRgba8(_)
        | DynamicImage::ImageLumaA16(_)
        | DynamicImage::ImageRgba16(_)
        | DynamicImage::ImageRgba32F(_) => {
            let pixels = picture.into_rgba8();
            let mut rgb = Vec::with_capacity(pixels.len() / 4 * 3);
            for pixel in pixels.pixels() {
                let [red, green, blue, alpha] = pixel.0;
                rgb.extend([red, green, blue].map(|value| lay_on_white(value, alpha)));
            }
            rgb
        }
        opaque => opaque.into_rgb8().into_raw(),
    };
    Pixels { width, height, rgb }
}

/// `(value * alpha + 255 * (255 - alpha)) / 255`, rounded.
fn lay_on_white(value: u8, alpha: u8) -> u8 {
    let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
    ((sum + 127) / 255) as u8
}
