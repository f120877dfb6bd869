//! Resizing with exactly Pillow's arithmetic: the same filters, 22-bit fixed-point weights, across first and
//! then down, rounded to bytes in between. A network was trained on pictures resized so, and its
//! answers are compared with PyTorch's to four digits; a resizer that rounds elsewhere shows there.
//!
//! Source: `src/libImaging/Resample.c` of Pillow up to 11. Pillow 13 swaps the two passes for some tall
//! pictures, where a value then differs by at most one level.
//!
//! A crate of its own, so that it is optimised as dependencies are: with the settings of Graft's own code, which is to be
//! quick to build, the same lines take ten times as long.

use std::ops::Range;

/// Pillow's antialiased filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    Bilinear,
    Bicubic,
}

/// RGB bytes, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub rgb: &'a [u8],
    pub width: u32,
    pub height: u32,
}

/// Pillow's `PRECISION_BITS`: what 32 bits leave beside 8 of a value and 2 of a filter's overshoot.
const PRECISION: u32 = 32 - 8 - 2;

/// One side of the resize: the whole result is `resized` long, and `shown` of it is computed.
#[derive(Debug, Clone)]
pub struct Side {
    pub resized: u32,
    pub shown: Range<u32>,
}

impl Side {
    pub fn whole(resized: u32) -> Self {
        Self {
            resized,
            shown: 0..resized,
        }
    }
}

/// The RGB bytes of the part of the resized picture that `across` and `down` show.
pub fn resample(
    picture: Source<'_>,
    across: &Side,
    down: &Side,
    interpolation: Interpolation,
) -> Vec<u8> {
    let rows = Taps::new(picture.height, down, interpolation);
    // Only the rows that the second pass reads.
    let needed = rows.reach();
    let columns = Taps::new(picture.width, across, interpolation);
    let width = across.shown.len();
    let narrowed = columns.across(picture, needed.clone());
    rows.down(&narrowed, width * 3, needed.start)
}

impl Interpolation {
    /// How far the filter reaches, in pixels of the coarser picture.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// The filter's weight at `x`; Pillow's bicubic is Keys' (1981) with a = -0.5.
    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// For every place of the result, where it reads from and with which weights.
struct Taps {
    /// First value read, and the range of its weights.
    places: Vec<(usize, Range<usize>)>,
    /// At an unchanged length they are 1 in the middle and 0 beside it, so the pass that Pillow skips
    /// then changes nothing here.
    weights: Vec<i32>,
}

impl Taps {
    fn new(length: u32, side: &Side, interpolation: Interpolation) -> Self {
        let scale = f64::from(length) / f64::from(side.resized.max(1));
        // A shrinking filter widens, so that nothing aliases.
        let widened = scale.max(1.0);
        let support = interpolation.support() * widened;
        let mut places = Vec::with_capacity(side.shown.len());
        let mut weights = Vec::new();
        let mut exact = Vec::new();
        for place in side.shown.clone() {
            let center = (f64::from(place) + 0.5) * scale;
            // The casts cut towards 0 as C's do.
            let first = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(length as usize);
            exact.clear();
            exact.extend(
                (first..end)
                    .map(|at| interpolation.weight((at as f64 - center + 0.5) * (1.0 / widened))),
            );
            let sum: f64 = exact.iter().sum();
            let from = weights.len();
            weights.extend(exact.iter().map(|weight| {
                let share = if sum == 0.0 { *weight } else { weight / sum };
                let scaled = share * f64::from(1u32 << PRECISION);
                (scaled + if share < 0.0 { -0.5 } else { 0.5 }) as i32
            }));
            places.push((first, from..weights.len()));
        }
        Self { places, weights }
    }

    /// The rows (or columns) that are read at all.
    fn reach(&self) -> Range<usize> {
        let start = self.places.iter().map(|(first, _)| *first).min();
        let end = self.places.iter().map(|(first, taps)| first + taps.len());
        start.unwrap_or(0)..end.max().unwrap_or(0)
    }

    /// Narrows or widens `rows` of a picture.
    fn across(&self, picture: Source<'_>, rows: Range<usize>) -> Vec<u8> {
        let row_bytes = picture.width as usize * 3;
        let mut result = Vec::with_capacity(rows.len() * self.places.len() * 3);
        for row in rows {
            let row = &picture.rgb[row * row_bytes..(row + 1) * row_bytes];
            for (first, taps) in &self.places {
                let weights = &self.weights[taps.clone()];
                let values = &row[first * 3..(first + weights.len()) * 3];
                let mut sums = [1i32 << (PRECISION - 1); 3];
                for (pixel, weight) in values.chunks_exact(3).zip(weights) {
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += i32::from(*value) * weight;
                    }
                }
                result.extend(sums.map(to_byte));
            }
        }
        result
    }

    /// Shortens or lengthens rows of `row_bytes`, the first of which is row `offset` of the picture.
    fn down(&self, rows: &[u8], row_bytes: usize, offset: usize) -> Vec<u8> {
        let mut result = Vec::with_capacity(self.places.len() * row_bytes);
        let mut sums = vec![0i32; row_bytes];
        for (first, taps) in &self.places {
            sums.fill(1 << (PRECISION - 1));
            for (tap, weight) in self.weights[taps.clone()].iter().enumerate() {
                let start = (first - offset + tap) * row_bytes;
                for (sum, value) in sums.iter_mut().zip(&rows[start..start + row_bytes]) {
                    *sum += i32::from(*value) * weight;
                }
            }
            result.extend(sums.iter().copied().map(to_byte));
        }
        result
    }
}

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}
