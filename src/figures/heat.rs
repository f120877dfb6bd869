//! A heat map over a picture, for files.

use std::fs::File;
use std::io::BufReader;

use super::palette::heat;

/// What a file says of the program that wrote it, by PNG's own name for that.
const SOFTWARE: (&str, &str) = ("Software", "Graft");

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
    encode(&mut bytes, rgb, width, height).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn encode(
    bytes: &mut Vec<u8>,
    rgb: &[u8],
    width: u32,
    height: u32,
) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk(SOFTWARE.0.to_owned(), SOFTWARE.1.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()
}

/// Whether [`png()`] made the file.
pub fn is_ours(file: File) -> bool {
    let Ok(reader) = png::Decoder::new(BufReader::new(file)).read_info() else {
        return false;
    };
    let texts = &reader.info().uncompressed_latin1_text;
    texts
        .iter()
        .any(|text| (text.keyword.as_str(), text.text.as_str()) == SOFTWARE)
}

#[cfg(test)]
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
        let folder = tempfile::tempdir().unwrap();
        let (ours, other) = (
            folder.path().join("ours.png"),
            folder.path().join("other.png"),
        );
        std::fs::write(&ours, &bytes).unwrap();
        image::RgbImage::new(2, 1).save(&other).unwrap();
        assert!(is_ours(File::open(ours).unwrap()));
        assert!(!is_ours(File::open(other).unwrap()));
        assert!(png(&rgb, 2, 2).is_err());
    }
}
