//! From SVG to pixels, with our own fonts: the same picture on every machine, as far as they have the letters.

use png::{BitDepth, ColorType, Compression, PixelDimensions, Unit};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, WriteOptions};

use super::Figure;
use super::canvas::{Canvas, Weight, escape};
use super::fonts::{self, FONT};
use super::palette::Theme;

/// The sides of a figure, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Default for Size {
    /// Legible as half of a slide.
    fn default() -> Self {
        Self {
            width: 1600,
            height: 1000,
        }
    }
}

impl Size {
    /// Sides that a figure can have, in pixels: smaller nothing is legible, larger is a poster at
    /// 600 dots an inch.
    pub const RANGE: std::ops::RangeInclusive<u32> = 200..=24_000;

    /// Reads `1600x1000`.
    ///
    /// # Errors
    /// Saying what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sides = text
            .split_once(['x', 'X', '×'])
            .and_then(|(width, height)| {
                Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
            });
        match sides {
            Some((width, height))
                if Self::RANGE.contains(&width) && Self::RANGE.contains(&height) =>
            {
                Ok(Self { width, height })
            }
            _ => Err(format!(
                "write width x height in pixels, each {} to {}, such as 1600x1000",
                Self::RANGE.start(),
                Self::RANGE.end()
            )),
        }
    }
}

/// Dots an inch that a picture can claim.
pub const DPI_RANGE: std::ops::RangeInclusive<u32> = 36..=2400;

/// What a picture claims unless asked otherwise: as matplotlib's figures look best in a document of
/// a usual width, 1600 pixels are 8 inches.
pub const DEFAULT_DPI: u32 = 200;

/// The longest side of a picture, in pixels.
const MOST_PIXELS: f32 = *Size::RANGE.end() as f32;

/// Why a figure could not become pixels.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the figure can't be drawn: {0}")]
    Svg(#[from] resvg::usvg::Error),
    #[error("a picture of {0} x {1} pixels can't be made")]
    TooLarge(f32, f32),
    #[error("the picture can't be written as PNG: {0}")]
    Png(#[from] png::EncodingError),
}

/// A drawn figure: opaque red, green and blue, 8 bits each, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

/// Draws a figure as an SVG document.
pub fn to_svg(figure: &dyn Figure, size: Size, theme: Theme) -> String {
    let mut canvas = Canvas::new(size.width, size.height, theme);
    figure.draw(&mut canvas);
    canvas.finish(&figure.title())
}

/// The same document with its letters as outlines: it looks alike where our fonts are not.
///
/// # Errors
/// When the document is broken.
pub fn outlined(svg: &str) -> Result<String, RenderError> {
    let options = WriteOptions {
        indent: resvg::usvg::Indent::None,
        coordinates_precision: 2,
        ..WriteOptions::default()
    };
    Ok(Tree::from_str(svg, &self::options(svg))?.to_string(&options))
}

/// Draws an SVG document, `scale` pixels for each of its units.
///
/// # Errors
/// When the document is broken or the picture beyond all measure.
pub fn to_raster(svg: &str, scale: f32) -> Result<Raster, RenderError> {
    let tree = Tree::from_str(svg, &options(svg))?;
    let size = tree.size();
    let (width, height) = (size.width() * scale, size.height() * scale);
    if !(width <= MOST_PIXELS && height <= MOST_PIXELS) {
        return Err(RenderError::TooLarge(width, height));
    }
    let mut pixels = Pixmap::new(width.round() as u32, height.round() as u32)
        .ok_or(RenderError::TooLarge(width, height))?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    // Every figure fills its ground, so there is no transparency to undo.
    let rgb = pixels
        .data()
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    Ok(Raster {
        width: pixels.width(),
        height: pixels.height(),
        rgb,
    })
}

/// Turns an SVG document into a PNG file's bytes, `scale` pixels for each of its units, that says to
/// be `dpi` dots an inch.
///
/// # Errors
/// As [`to_raster`].
pub fn to_png(svg: &str, scale: f32, dpi: u32) -> Result<Vec<u8>, RenderError> {
    let raster = to_raster(svg, scale)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, raster.width, raster.height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&raster.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// The width of a line of text in pixels.
pub(super) fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><text font-family="{FONT}" font-size="100" font-weight="{}">{}</text></svg>"#,
        weight.number(),
        escape(text)
    );
    // What can't be measured (a text of spaces alone has no outline) takes no room.
    Tree::from_str(&svg, &options(&svg)).map_or(0.0, |tree| {
        f64::from(tree.root().bounding_box().width()) * size / 100.0
    })
}

/// With the fonts that a document needs.
fn options(svg: &str) -> Options<'static> {
    Options {
        font_family: FONT.to_owned(),
        fontdb: fonts::database(svg),
        ..Options::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_fonts_are_found_and_measured() {
        let regular = text_width("Validation", 20.0, Weight::Regular);
        assert!((80.0..120.0).contains(&regular), "{regular}");
        assert!(text_width("Validation", 20.0, Weight::SemiBold) > regular);
        assert!((text_width("Validation", 40.0, Weight::Regular) - 2.0 * regular).abs() < 0.1);
        assert!(text_width("<&>", 20.0, Weight::Regular) > 20.0);
        assert_eq!(text_width("", 20.0, Weight::Regular), 0.0);
    }

    #[test]
    fn a_picture_has_the_size_and_the_dots_an_inch_asked_for() {
        let svg = Canvas::new(300, 200, Theme::DARK).finish("x");
        let png = to_png(&svg, 2.0, 300).unwrap();
        let read = image::load_from_memory(&png).unwrap().to_rgb8();
        assert_eq!(read.dimensions(), (600, 400));
        let (red, green, blue) = Theme::DARK.background;
        assert_eq!(read.get_pixel(5, 5).0, [red, green, blue]);
        // The chunk, byte by byte: 300 dots an inch are 11,811 a metre.
        let at = png.windows(4).position(|four| four == b"pHYs").unwrap();
        let mut expected = 11_811u32.to_be_bytes().to_vec();
        expected.extend(11_811u32.to_be_bytes());
        expected.push(1);
        assert_eq!(png[at - 4..at], 9u32.to_be_bytes());
        assert_eq!(png[at + 4..at + 13], expected[..]);
        assert!(to_png(&svg, 1e6, 72).is_err());
        assert!(to_png("<svg", 1.0, 72).is_err());
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for text in ["1600x1000", "1600 X 1000", "1600×1000"] {
            assert_eq!(Size::parse(text), Ok(Size::default()), "{text}");
        }
        for text in [
            "",
            "1600",
            "1600x",
            "0x10",
            "1600x99999",
            "-1600x1000",
            "axb",
        ] {
            assert!(Size::parse(text).unwrap_err().contains("1600x1000"));
        }
    }

    #[test]
    fn outlines_need_no_font() {
        let mut canvas = Canvas::new(300, 200, Theme::LIGHT);
        let style = super::super::canvas::TextStyle::new(40.0, (0, 0, 0));
        canvas.text("Loss", (20.0, 100.0), style);
        let svg = canvas.finish("x");
        let outlined = outlined(&svg).unwrap();
        assert!(svg.contains("<text") && !outlined.contains("<text"));
        let (a, b) = (
            to_raster(&svg, 1.0).unwrap(),
            to_raster(&outlined, 1.0).unwrap(),
        );
        let different = a
            .rgb
            .iter()
            .zip(&b.rgb)
            .filter(|(a, b)| a.abs_diff(**b) > 60)
            .count();
        assert!(different < 60, "{different} of {} values", a.rgb.len());
    }
}
