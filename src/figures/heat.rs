//! A heat map over a picture, for files.

use image::ImageEncoder as _;
use image::codecs::png::PngEncoder;

use super::palette::heat;

/// `rgb` with the map laid over it: each pixel takes the map's colour by `opacity` (0 to 1) times its
/// strength, so that what is weak lets the picture through. The window draws the same. `strength` holds
/// one byte a pixel.
pub fn overlay(rgb: &[u8], strength: &[u8], opacity: f32) -> Vec<u8> {
    let opacity = opacity.clamp(0.0, 1.0);
    rgb.chunks_exact(3)
        .zip(strength)
        .flat_map(|(pixel, &strength)| {
            let (red, green, blue) = heat(strength);
            let share = opacity * f32::from(strength) / 255.0;
            let mix = |below: u8, above: u8| {
                (f32::from(below) * (1.0 - share) + f32::from(above) * share).round() as u8
            };
            [
                mix(pixel[0], red),
                mix(pixel[1], green),
                mix(pixel[2], blue),
            ]
        })
        .collect()
}

/// The bytes of a PNG file of `width` × `height` RGB pixels.
///
/// # Errors
/// A sentence, when the pixels do not fit the size.
pub fn png(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, String> {
    if rgb.len() != width as usize * height as usize * 3 {
        return Err(format!(
            "{} bytes are no {width} × {height} pixels",
            rgb.len()
        ));
    }
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(rgb, width, height, image::ExtendedColorType::Rgb8)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_map_covers_by_its_strength() {
        let grey = [100; 6];
        assert_eq!(overlay(&grey, &[0, 255], 0.0), grey);
        let covered = overlay(&grey, &[0, 255], 1.0);
        let (red, green, blue) = heat(255);
        assert_eq!(covered, [100, 100, 100, red, green, blue]);
        let half = overlay(&grey, &[0, 255], 0.5);
        assert_eq!(half[3], ((100.0 + f32::from(red)) / 2.0).round() as u8);
    }

    #[test]
    fn a_png_holds_the_pixels() {
        let rgb = [1, 2, 3, 4, 5, 6];
        let bytes = png(&rgb, 2, 1).unwrap();
        let back = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(back.as_raw(), &rgb);
        assert!(png(&rgb, 2, 2).is_err());
    }
}
