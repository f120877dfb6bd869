//! Letters that no font of this machine has: each is drawn as a box with its number in Unicode, so that two names in such a
//! script don't look the same.

use eframe::egui::{
    Color32, ColorImage, GlyphBitmap, GlyphRasterizer, GlyphRasterizerRequest, RasterizedGlyph,
    vec2,
};

/// Rows of the digits 0 to F, three pixels wide: the highest bit is the left one.
const DIGITS: [[u8; 5]; 16] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
    [0b111, 0b101, 0b111, 0b101, 0b101],
    [0b110, 0b101, 0b110, 0b101, 0b110],
    [0b111, 0b100, 0b100, 0b100, 0b111],
    [0b110, 0b101, 0b101, 0b101, 0b110],
    [0b111, 0b100, 0b111, 0b100, 0b111],
    [0b111, 0b100, 0b111, 0b100, 0b100],
];

/// Asked for what no font has.
pub fn rasterizer() -> GlyphRasterizer {
    GlyphRasterizer::new("graft::missing_letters", drawn)
}

fn drawn(request: &GlyphRasterizerRequest<'_>) -> Option<RasterizedGlyph> {
    let letter = request.cluster.chars().next()?;
    if letter.is_control() || letter.is_whitespace() {
        return None;
    }
    let digits: Vec<u8> = format!("{:04X}", u32::from(letter))
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    let columns = digits.len().div_ceil(2);
    // Pixels of a digit, as many as fit the line.
    let scale = ((request.font_size_px / 13.0).round() as usize).max(1);
    let (width, height) = (columns * 4 + 3, 2 * 6 + 3);
    let mut image = ColorImage::filled([width * scale, height * scale], Color32::TRANSPARENT);
    let mut dot = |x: usize, y: usize, strength: u8| {
        for row in y * scale..(y + 1) * scale {
            for column in x * scale..(x + 1) * scale {
                image.pixels[row * width * scale + column] = Color32::from_white_alpha(strength);
            }
        }
    };
    const EDGE: u8 = 110;
    for x in 0..width {
        dot(x, 0, EDGE);
        dot(x, height - 1, EDGE);
    }
    for y in 1..height - 1 {
        dot(0, y, EDGE);
        dot(width - 1, y, EDGE);
    }
    for (index, digit) in digits.iter().enumerate() {
        let (left, top) = (2 + index % columns * 4, 2 + index / columns * 6);
        for (y, row) in DIGITS[usize::from(*digit)].iter().enumerate() {
            for x in (0..3).filter(|x| row & (0b100 >> x) != 0) {
                dot(left + x, top + y, u8::MAX);
            }
        }
    }
    let size = vec2((width * scale) as f32, (height * scale) as f32);
    // The middle of the box is the middle of capitals.
    let above = (size.y / 2.0 + request.font_size_px * 0.36).round();
    Some(RasterizedGlyph {
        bitmap: GlyphBitmap {
            image,
            offset_px: vec2(scale as f32, -above),
            is_color: false,
        },
        advance_px: size.x + 2.0 * scale as f32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(cluster: &str, size: f32) -> Option<ColorImage> {
        let family = eframe::egui::FontFamily::Proportional;
        let request = GlyphRasterizerRequest {
            cluster,
            family: &family,
            font_size_px: size,
            subpixel_offset_px: 0.0,
        };
        drawn(&request).map(|glyph| glyph.bitmap.image)
    }

    #[test]
    fn letters_without_a_font_look_different() {
        let letters = ["猫", "犬", "ก", "𒀀", "\u{10FFFD}"];
        for (index, one) in letters.iter().enumerate() {
            for other in &letters[..index] {
                assert_ne!(image(one, 13.0), image(other, 13.0), "{one} {other}");
            }
        }
        let (small, large) = (image("猫", 13.0), image("猫", 26.0));
        assert_eq!(small.map(|image| image.size), Some([11, 15]));
        assert_eq!(large.map(|image| image.size), Some([22, 30]));
        assert_eq!(image("\t", 13.0), None);
    }
}
