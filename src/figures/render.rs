//! From SVG to pixels, with our own fonts alone: the same picture on every machine.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::Figure;
use super::canvas::{Canvas, Weight, escape};
use super::palette::Theme;

/// The family of the fonts below.
pub(super) const FONT: &str = "Inter";

const FONTS: [&[u8]; 3] = [
    include_bytes!("../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../assets/fonts/Inter-Medium.otf"),
    include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
];

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

/// The longest side of a picture, in pixels: a poster at 600 dots an inch.
const MOST_PIXELS: f32 = 24_000.0;

/// Why a figure could not become pixels.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the figure can't be drawn: {0}")]
    Svg(#[from] resvg::usvg::Error),
    #[error("a picture of {0} x {1} pixels can't be made")]
    TooLarge(f32, f32),
    #[error("the picture can't be written as PNG: {0}")]
    Png(String),
}

/// Draws a figure as an SVG document.
pub fn to_svg(figure: &dyn Figure, size: Size, theme: Theme) -> String {
    let mut canvas = Canvas::new(size.width, size.height, theme);
    figure.draw(&mut canvas);
    canvas.finish(&figure.title())
}

/// Turns an SVG document into a PNG file's bytes, `scale` pixels for each of its units.
///
/// # Errors
/// When the document is broken or the picture beyond all measure.
pub fn to_png(svg: &str, scale: f32) -> Result<Vec<u8>, RenderError> {
    let tree = Tree::from_str(svg, &options())?;
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
    pixels
        .encode_png()
        .map_err(|error| RenderError::Png(error.to_string()))
}

/// The width of a line of text in pixels.
pub(super) fn text_width(text: &str, size: f64, weight: Weight) -> f64 {
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><text font-family="{FONT}" font-size="100" font-weight="{}">{}</text></svg>"#,
        weight.number(),
        escape(text)
    );
    // What can't be measured (a text of spaces alone has no outline) takes no room.
    Tree::from_str(&svg, &options()).map_or(0.0, |tree| {
        f64::from(tree.root().bounding_box().width()) * size / 100.0
    })
}

fn options() -> Options<'static> {
    Options {
        font_family: FONT.to_owned(),
        fontdb: fonts(),
        ..Options::default()
    }
}

/// Our fonts, read once.
fn fonts() -> Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    Arc::clone(DATABASE.get_or_init(|| {
        let mut database = fontdb::Database::new();
        for font in FONTS {
            database.load_font_data(font.to_vec());
        }
        database.set_sans_serif_family(FONT);
        Arc::new(database)
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
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
    fn a_picture_has_the_size_asked_for() {
        let svg = Canvas::new(300, 200, Theme::DARK).finish("x");
        let png = to_png(&svg, 2.0).unwrap();
        let read = image::load_from_memory(&png).unwrap().to_rgb8();
        assert_eq!(read.dimensions(), (600, 400));
        let (red, green, blue) = Theme::DARK.background;
        assert_eq!(read.get_pixel(5, 5).0, [red, green, blue]);
        assert!(to_png(&svg, 1e6).is_err());
        assert!(to_png("<svg", 1.0).is_err());
    }
}
