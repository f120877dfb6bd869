//! A sheet to draw on: shapes and text in, SVG out.
//!
//! SVG is written directly rather than through a plotting crate: coordinates keep their fractions,
//! dashes stay dashes, and text stays text in a file that a person edits later.

use std::fmt::Write;

use base64::Engine as _;

use super::palette::{Rgb, Theme};
use super::{picture, render};
use crate::data::Pixels;

/// Where a text's given point is, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How strong letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Medium,
    SemiBold,
}

impl Weight {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Regular => 400,
            Self::Medium => 500,
            Self::SemiBold => 600,
        }
    }
}

/// How a line is drawn. Lengths in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    pub color: Rgb,
    pub width: f64,
    /// Length of dash and gap; whole when absent.
    pub dash: Option<(f64, f64)>,
    /// 0 to 1.
    pub opacity: f64,
}

impl Stroke {
    /// An unbroken line.
    pub fn solid(color: Rgb, width: f64) -> Self {
        Self {
            color,
            width,
            dash: None,
            opacity: 1.0,
        }
    }

    /// A line of dashes.
    pub fn dashed(color: Rgb, width: f64, dash: f64, gap: f64) -> Self {
        Self {
            dash: Some((dash, gap)),
            ..Self::solid(color, width)
        }
    }
}

/// How a text is set. The size is that of the letters' em in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextStyle {
    pub size: f64,
    pub weight: Weight,
    pub color: Rgb,
    pub anchor: Anchor,
    /// Degrees, counted clockwise about the given point.
    pub turn: f64,
}

impl TextStyle {
    pub fn new(size: f64, color: Rgb) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            color,
            anchor: Anchor::Start,
            turn: 0.0,
        }
    }

    pub fn weight(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub fn turn(self, turn: f64) -> Self {
        Self { turn, ..self }
    }
}

/// A rectangle, in pixels from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn middle_x(&self) -> f64 {
        (self.left + self.right) / 2.0
    }

    pub fn middle_y(&self) -> f64 {
        (self.top + self.bottom) / 2.0
    }

    fn is_drawable(&self) -> bool {
        [self.left, self.top, self.right, self.bottom]
            .into_iter()
            .all(is_drawable)
    }

    /// The area without a rim of `width` pixels.
    pub fn inset(&self, width: f64) -> Self {
        Self {
            left: self.left + width,
            top: self.top + width,
            right: self.right - width,
            bottom: self.bottom - width,
        }
    }
}

/// What a figure draws on.
#[derive(Debug)]
pub struct Canvas {
    pub theme: Theme,
    pub width: f64,
    pub height: f64,
    /// One pixel of a 1600 x 1000 sheet: letters and lines grow with the figure.
    pub unit: f64,
    body: String,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, theme: Theme) -> Self {
        let (width, height) = (f64::from(width), f64::from(height));
        let unit = (width / 1600.0).min(height / 1000.0);
        Self {
            theme,
            width,
            height,
            unit,
            body: String::new(),
        }
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.polyline(&[from, to], stroke);
    }

    /// A line through points; one whose position is not a number breaks it.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let mut path = String::new();
        let mut pen_down = false;
        for &(x, y) in points {
            if is_drawable(x) && is_drawable(y) {
                let _ = write!(
                    path,
                    "{}{} {}",
                    if pen_down { 'L' } else { 'M' },
                    number(x),
                    number(y)
                );
            }
            pen_down = is_drawable(x) && is_drawable(y);
        }
        if path.is_empty() {
            return;
        }
        let _ = write!(
            self.body,
            r#"<path d="{path}" fill="none" stroke="{}" stroke-width="{}" stroke-linejoin="round""#,
            hex(stroke.color),
            number(stroke.width),
        );
        match stroke.dash {
            Some((dash, gap)) => {
                let _ = write!(
                    self.body,
                    r#" stroke-dasharray="{} {}""#,
                    number(dash),
                    number(gap)
                );
            }
            None => self.body.push_str(r#" stroke-linecap="round""#),
        }
        if stroke.opacity < 1.0 {
            let _ = write!(self.body, r#" stroke-opacity="{}""#, number(stroke.opacity));
        }
        self.body.push_str("/>\n");
    }

    pub fn fill(&mut self, area: Area, color: Rgb) {
        self.fill_rounded(area, color, 0.0);
    }

    pub fn fill_rounded(&mut self, area: Area, color: Rgb, radius: f64) {
        if !area.is_drawable() {
            return;
        }
        let _ = write!(
            self.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{}""#,
            number(area.left),
            number(area.top),
            number(area.width().max(0.0)),
            number(area.height().max(0.0)),
            hex(color)
        );
        if radius > 0.0 {
            let _ = write!(self.body, r#" rx="{}""#, number(radius));
        } else {
            // Neighbours meet without a seam.
            self.body.push_str(r#" shape-rendering="crispEdges""#);
        }
        self.body.push_str("/>\n");
    }

    pub fn frame(&mut self, area: Area, stroke: Stroke) {
        if !area.is_drawable() {
            return;
        }
        let _ = writeln!(
            self.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="none" stroke="{}" stroke-width="{}"/>"#,
            number(area.left),
            number(area.top),
            number(area.width().max(0.0)),
            number(area.height().max(0.0)),
            hex(stroke.color),
            number(stroke.width)
        );
    }

    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, color: Rgb) {
        if is_drawable(x) && is_drawable(y) {
            let (x, y, radius) = (number(x), number(y), number(radius));
            let _ = writeln!(
                self.body,
                r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{}"/>"#,
                hex(color)
            );
        }
    }

    /// A filled shape between points, those that can't be drawn left out.
    pub fn polygon(&mut self, points: &[(f64, f64)], color: Rgb, opacity: f64) {
        let mut path = String::new();
        for &(x, y) in points
            .iter()
            .filter(|(x, y)| is_drawable(*x) && is_drawable(*y))
        {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{} {}", number(x), number(y));
        }
        if !path.is_empty() {
            let _ = writeln!(
                self.body,
                r#"<path d="{path}Z" fill="{}" fill-opacity="{}"/>"#,
                hex(color),
                number(opacity)
            );
        }
    }

    /// A padlock whose body's middle stands at the point, `size` pixels tall; its shackle is lifted
    /// off at one side when it is open.
    pub fn lock(&mut self, (x, y): (f64, f64), size: f64, color: Rgb, open: bool) {
        let (half, body) = (size * 0.36, size * 0.52);
        let top = y + size * 0.5 - body;
        let area = Area {
            left: x - half,
            top,
            right: x + half,
            bottom: top + body,
        };
        self.fill_rounded(area, color, size * 0.09);
        let radius = half * 0.62;
        let shoulder = top - size * 0.17;
        // An open shackle stands on its left leg alone, higher.
        let (left_foot, right_foot, shoulder) = if open {
            (top, shoulder - size * 0.08, shoulder - size * 0.12)
        } else {
            (top, top, shoulder)
        };
        let _ = writeln!(
            self.body,
            r#"<path d="M{} {}L{} {}A{r} {r} 0 0 1 {} {}L{} {}" fill="none" stroke="{}" stroke-width="{}" stroke-linecap="round"/>"#,
            number(x - radius),
            number(left_foot),
            number(x - radius),
            number(shoulder),
            number(x + radius),
            number(shoulder),
            number(x + radius),
            number(right_foot),
            hex(color),
            number(size * 0.11),
            r = number(radius),
        );
    }

    /// A picture stretched over an area, within the document itself. Nothing for one without pixels.
    pub fn picture(&mut self, pixels: &Pixels, area: Area) {
        let Some((kind, bytes)) = picture::encode(pixels).filter(|_| area.is_drawable()) else {
            return;
        };
        // Pictures of few pixels are shown as the squares that they are, as a network sees them.
        let rendering = if area.width() > 3.0 * f64::from(pixels.width) {
            r#" image-rendering="optimizeSpeed""#
        } else {
            ""
        };
        let _ = writeln!(
            self.body,
            r#"<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none"{rendering} href="data:{kind};base64,{}"/>"#,
            number(area.left),
            number(area.top),
            number(area.width().max(0.0)),
            number(area.height().max(0.0)),
            base64::engine::general_purpose::STANDARD.encode(bytes)
        );
    }

    /// A ring filled with the background's colour.
    pub fn ring(&mut self, (x, y): (f64, f64), radius: f64, stroke: Stroke) {
        if is_drawable(x) && is_drawable(y) {
            let _ = writeln!(
                self.body,
                r#"<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}" stroke-width="{}"/>"#,
                number(x),
                number(y),
                number(radius),
                hex(self.theme.background),
                hex(stroke.color),
                number(stroke.width)
            );
        }
    }

    /// One line of text whose letters stand vertically centred on `y`.
    pub fn text(&mut self, text: &str, (x, y): (f64, f64), style: TextStyle) {
        if text.is_empty() || !is_drawable(x) || !is_drawable(y) {
            return;
        }
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let turn = if style.turn == 0.0 {
            String::new()
        } else {
            format!(
                r#" transform="rotate({} {} {})""#,
                number(style.turn),
                number(x),
                number(y)
            )
        };
        // Half of Inter's cap height below the middle: what `dominant-baseline` would do, where
        // every viewer can do it.
        let baseline = y + style.size * 0.364;
        let _ = writeln!(
            self.body,
            r#"<text x="{}" y="{}" font-size="{}" font-weight="{}" fill="{}" text-anchor="{anchor}"{turn}>{}</text>"#,
            number(x),
            number(baseline),
            number(style.size),
            style.weight.number(),
            hex(style.color),
            escape(text)
        );
    }

    /// The width that a text takes, in pixels.
    pub fn text_width(&self, text: &str, size: f64, weight: Weight) -> f64 {
        render::text_width(text, size, weight)
    }

    /// The text, or its beginning and an ellipsis, no wider than `width`.
    pub fn shorten(&self, text: &str, width: f64, size: f64, weight: Weight) -> String {
        if self.text_width(text, size, weight) <= width {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        // The longest beginning that fits, by halving: widths grow with every letter.
        let (mut fits, mut too_long) = (0, letters.len());
        while too_long - fits > 1 {
            let middle = (fits + too_long) / 2;
            let shortened: String = letters[..middle].iter().chain(&['…']).collect();
            if self.text_width(&shortened, size, weight) <= width {
                fits = middle;
            } else {
                too_long = middle;
            }
        }
        letters[..fits]
            .iter()
            .collect::<String>()
            .trim_end()
            .to_owned()
            + "…"
    }

    /// The finished document. `title` is what a screen reader says.
    pub(super) fn finish(self, title: &str) -> String {
        let (width, height) = (number(self.width), number(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{}, Helvetica, Arial, sans-serif\" role=\"img\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n{}</svg>\n",
            super::fonts::FONT,
            escape(title),
            hex(self.theme.background),
            self.body,
        )
    }
}

/// Whether a coordinate can be drawn: it is a number, and not so far away that no sheet reaches it.
fn is_drawable(coordinate: f64) -> bool {
    coordinate.abs() <= 1e6
}

/// At most two digits behind the point: a hundredth of a pixel is not seen.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Text for XML; control characters, which XML 1.0 forbids, become spaces.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
