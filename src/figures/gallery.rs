//! Predictions as pictures: right and confident, right and uncertain, wrong.

use super::canvas::{Anchor, Area, Canvas, Stroke, TextStyle, Weight};
use super::sheet::{body, fitted};
use super::{Figure, names};
use crate::data::Pixels;
use crate::format;

/// Rows of pictures with what they are and what they were taken for.
#[derive(Debug, Clone, PartialEq)]
pub struct GalleryFigure {
    pub title: String,
    /// A line under the title; may be empty.
    pub remark: String,
    pub rows: Vec<GalleryRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct GalleryRow {
    pub title: String,
    /// How many pictures there are of this kind, and the like.
    pub remark: String,
    /// As many as fit are drawn, the first ones.
    pub pictures: Vec<GalleryPicture>,
}

/// One picture with the network's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct GalleryPicture {
    /// Nothing where the file can't be read any more.
    pub pixels: Option<Pixels>,
    pub truth: String,
    pub predicted: String,
    /// The probability of the predicted class, 0 to 1.
    pub confidence: f64,
    pub is_right: bool,
}

/// The most pictures of a row that stay legible on a slide.
const MOST: usize = 9;

impl Figure for GalleryFigure {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw(&self, canvas: &mut Canvas) {
        let nothing = (self.rows.is_empty()).then_some("There are no predictions");
        let Some(area) = body(canvas, &self.title, &self.remark, nothing) else {
            return;
        };
        let height = area.height() / self.rows.len() as f64;
        let most = self
            .rows
            .iter()
            .map(|row| row.pictures.len())
            .max()
            .unwrap_or(0);
        for (index, row) in self.rows.iter().enumerate() {
            let top = area.top + index as f64 * height;
            let area = Area {
                top,
                bottom: top + height,
                ..area
            };
            draw_row(canvas, row, &area, most);
        }
    }
}

fn draw_row(canvas: &mut Canvas, row: &GalleryRow, area: &Area, most: usize) {
    let unit = canvas.unit;
    let theme = canvas.theme;
    let size = 27.0 * unit;
    let middle = area.top + 18.0 * unit;
    let style = TextStyle::new(size, theme.text).weight(Weight::SemiBold);
    canvas.text(&row.title, (area.left, middle), style);
    let from = area.left + canvas.text_width(&row.title, size, Weight::SemiBold) + 20.0 * unit;
    let size = 23.0 * unit;
    let remark = canvas.shorten(&row.remark, area.right - from, size, Weight::Regular);
    canvas.text(&remark, (from, middle), TextStyle::new(size, theme.muted));
    let top = area.top + 44.0 * unit;
    if row.pictures.is_empty() {
        let style = TextStyle::new(24.0 * unit, theme.muted);
        canvas.text("None", (area.left, top + 26.0 * unit), style);
        return;
    }
    let letters = 19.0 * unit;
    let captions = letters * 3.0 * 1.26 + 22.0 * unit;
    let gap = 16.0 * unit;
    let by_height = area.bottom - top - captions;
    let fitting = ((area.width() + gap) / (by_height + gap)).floor().max(1.0) as usize;
    let columns = fitting.clamp(1, MOST).min(most.max(1));
    let side = by_height
        .min((area.width() + gap) / columns as f64 - gap)
        .max(1.0);
    // Fewer pictures than fit stand at the left, the same distance apart in every row.
    let pitch = if columns > 1 {
        ((area.width() - side) / (columns - 1) as f64).min(side + 40.0 * unit)
    } else {
        0.0
    };
    for (column, picture) in row.pictures.iter().take(columns).enumerate() {
        let left = area.left + column as f64 * pitch;
        let square = Area {
            left,
            top,
            right: left + side,
            bottom: top + side,
        };
        draw_picture(canvas, picture, &square, letters, pitch.max(side));
    }
}

fn draw_picture(
    canvas: &mut Canvas,
    picture: &GalleryPicture,
    square: &Area,
    letters: f64,
    pitch: f64,
) {
    let unit = canvas.unit;
    let theme = canvas.theme;
    match &picture.pixels {
        Some(pixels) => canvas.picture(pixels, fitted(square, pixels)),
        None => {
            canvas.fill(*square, theme.grid);
            let style = TextStyle::new(letters, theme.muted).anchor(Anchor::Middle);
            let at = (square.middle_x(), square.middle_y());
            canvas.text("not readable", at, style);
        }
    }
    let color = if picture.is_right {
        theme.right
    } else {
        theme.wrong
    };
    canvas.frame(*square, Stroke::solid(color, 4.0 * unit));
    let width = pitch - 10.0 * unit;
    let lines = [
        (
            format!("True: {}", names::visible(&picture.truth)),
            Weight::Regular,
            theme.muted,
        ),
        (
            format!("Pred.: {}", names::visible(&picture.predicted)),
            Weight::Medium,
            color,
        ),
        (
            format::confidence(picture.confidence),
            Weight::Regular,
            color,
        ),
    ];
    let mut y = square.bottom + letters * 1.05;
    for (text, weight, color) in lines {
        let text = canvas.shorten(&text, width, letters, weight);
        let style = TextStyle::new(letters, color).weight(weight);
        canvas.text(&text, (square.left, y), style);
        y += letters * 1.26;
    }
}
