//! What a page's samples mean, as colours.

use std::cell::Cell;

use super::super::damaged;
use super::super::flatten::Layout;
use super::directory::{Directory, File, tag};
use super::page::{Page, odd};

/// Turns samples into RGB8.
pub(super) struct ToRgb {
    kind: ColorKind,
    /// Samples of a pixel, those that mean nothing included.
    channels: usize,
    /// Of them, those that count.
    layout: Layout,
    is_inverted: bool,
    /// Whether anything of what was appended is to be seen.
    shows: Cell<bool>,
}

enum ColorKind {
    Plain,
    Palette(Vec<[u8; 3]>),
    YCbCr(YCbCr),
}

/// How brightness and two differences become colours.
struct YCbCr {
    /// The parts of red, green and blue in the brightness.
    parts: [f32; 3],
    /// What stands for black and white, for each of the three.
    range: [[f32; 2]; 3],
}

impl ToRgb {
    pub fn new(file: &File<'_>, directory: &Directory, page: &Page<'_>) -> Result<Self, String> {
        let is_alpha = matches!(page.extra.first(), Some(1 | 2));
        let is_multiplied = page.extra.first() == Some(&1);
        let samples = page.samples;
        let needs = |count: usize| {
            if samples >= count {
                Ok(())
            } else {
                Err(damaged("the TIFF has fewer samples than its colours need"))
            }
        };
        let is_byte = page.bits == 8 && !page.is_wide();
        let (kind, layout) = match page.photometric {
            0 | 1 => {
                let layout = match (samples, is_alpha, is_multiplied) {
                    (2, true, true) => Layout::PremultipliedGreyAlpha,
                    (2, true, false) => Layout::GreyAlpha,
                    (1 | 2, ..) => Layout::Grey,
                    (count, ..) => {
                        return Err(odd(&format!(
                            "with {count} channels and no word on which of them are red, green and blue"
                        )));
                    }
                };
                (ColorKind::Plain, layout)
            }
            2 => {
                needs(3)?;
                let layout = match (samples, is_alpha, is_multiplied) {
                    (3, ..) => Layout::Rgb,
                    (_, true, true) => Layout::PremultipliedRgba,
                    (_, true, false) => Layout::Rgba,
                    // Writers forget to say that the fourth is alpha.
                    (4, ..) if !page.has_extra => Layout::Rgba,
                    _ => Layout::Rgb,
                };
                (ColorKind::Plain, layout)
            }
            3 if page.is_wide() => return Err(odd("with a palette of odd numbers")),
            3 => (
                ColorKind::Palette(palette(file, directory, page)?),
                Layout::Grey,
            ),
            4 => return Err(odd("that holds nothing but the mask of another picture")),
            5 => {
                needs(4)?;
                if file.first(directory, tag::INK_SET).unwrap_or(1) != 1 {
                    return Err(odd("with other inks than cyan, magenta, yellow and black"));
                }
                (ColorKind::Plain, Layout::Cmyk)
            }
            6 if page.coding.compression == super::chunks::JPEG => {
                needs(3)?;
                // Its decoder makes RGB of it.
                (ColorKind::Plain, Layout::Rgb)
            }
            6 => {
                needs(3)?;
                if !is_byte {
                    return Err(odd("in YCbCr with other than 8 bits a sample"));
                }
                (ColorKind::YCbCr(YCbCr::of(file, directory)), Layout::Rgb)
            }
            8 => return Err(odd("in CIE Lab colours")),
            9 => return Err(odd("in ICC Lab colours")),
            10 => return Err(odd("in ITU's Lab colours")),
            32_844 | 32_845 => return Err(odd("in SGI's logarithmic colours")),
            other => {
                return Err(odd(&format!(
                    "in colours of an unknown kind (number {other})"
                )));
            }
        };
        Ok(Self {
            kind,
            channels: samples,
            layout,
            is_inverted: page.photometric == 0,
            shows: Cell::new(false),
        })
    }

    /// Whether alpha has left nothing to be seen of what was appended until now.
    pub fn hides_all(&self) -> bool {
        self.layout.has_alpha() && !self.shows.get()
    }

    /// The same without alpha.
    pub fn without_alpha(self) -> Self {
        Self {
            layout: self.layout.without_alpha(),
            ..self
        }
    }

    /// How many samples of a pixel are colours.
    pub fn colors(&self) -> usize {
        self.layout.channels() - usize::from(self.layout.has_alpha())
    }

    /// Whether the last of `channels` samples is alpha.
    pub fn ends_with_alpha(&self, channels: usize) -> bool {
        self.layout.has_alpha() && self.layout.channels() == channels
    }

    /// Whether samples are no brightness, and must not be scaled.
    pub fn takes_values(&self) -> bool {
        matches!(self.kind, ColorKind::Palette(_))
    }

    /// Appends the pixels of samples that are indices into a palette.
    pub fn append_values(&self, values: &[u16], rgb: &mut Vec<u8>) {
        if let ColorKind::Palette(colors) = &self.kind {
            let color = |value: &[u16]| colors.get(usize::from(value[0])).copied();
            rgb.extend(
                values
                    .chunks_exact(self.channels)
                    .flat_map(|v| color(v).unwrap_or_default()),
            );
        }
    }

    /// Appends the pixels of `samples`.
    pub fn append(&self, samples: &[u8], rgb: &mut Vec<u8>) {
        let pixels = samples.chunks_exact(self.channels);
        match &self.kind {
            ColorKind::Palette(colors) => {
                let color = |value: u8| colors.get(usize::from(value)).copied();
                rgb.extend(pixels.flat_map(|p| color(p[0]).unwrap_or_default()));
            }
            ColorKind::YCbCr(way) => rgb.extend(pixels.flat_map(|p| way.rgb([p[0], p[1], p[2]]))),
            ColorKind::Plain => {
                let counted = self.layout.channels();
                if self.hides_all() {
                    let mut alphas = pixels.clone().map(|pixel| pixel[counted - 1]);
                    self.shows.set(alphas.any(|alpha| alpha > 0));
                }
                if counted == self.channels && !self.is_inverted {
                    return self.layout.append(samples, rgb);
                }
                let inverted = if self.is_inverted { self.colors() } else { 0 };
                let compact: Vec<u8> = pixels
                    .flat_map(|pixel| {
                        let parts = pixel[..counted].iter().enumerate();
                        parts.map(|(at, &value)| if at < inverted { 255 - value } else { value })
                    })
                    .collect();
                self.layout.append(&compact, rgb);
            }
        }
    }
}

/// 16 bits for each colour; all reds, all greens, all blues.
fn palette(
    file: &File<'_>,
    directory: &Directory,
    page: &Page<'_>,
) -> Result<Vec<[u8; 3]>, String> {
    let values = file.numbers(directory, tag::COLOR_MAP).unwrap_or_default();
    let count = values.len() / 3;
    if count == 0 || count < 1usize << page.bits.min(16) {
        return Err(damaged("the TIFF's palette is missing or too short"));
    }
    // Some writers put 8 bits there.
    let shift = if values.iter().all(|&value| value < 256) {
        0
    } else {
        8
    };
    let level = |at: usize| (values[at] >> shift).min(255) as u8;
    Ok((0..count)
        .map(|at| [level(at), level(at + count), level(at + 2 * count)])
        .collect())
}

impl YCbCr {
    fn of(file: &File<'_>, directory: &Directory) -> Self {
        let coefficients = file.fractions(directory, tag::YCBCR_COEFFICIENTS);
        let parts = match coefficients.as_deref() {
            Some(&[red, green, blue]) if green > 0.0 => [red, green, blue].map(|part| part as f32),
            _ => [0.299, 0.587, 0.114],
        };
        let reference = file.fractions(directory, tag::REFERENCE_BLACK_WHITE);
        let range = match reference.as_deref() {
            Some(&[a, b, c, d, e, f]) if a < b && c < d && e < f => {
                [[a, b], [c, d], [e, f]].map(|pair| pair.map(|value| value as f32))
            }
            _ => [[0.0, 255.0], [128.0, 255.0], [128.0, 255.0]],
        };
        Self { parts, range }
    }

    fn rgb(&self, samples: [u8; 3]) -> [u8; 3] {
        let scaled = |channel: usize, most: f32| {
            let [black, white] = self.range[channel];
            (f32::from(samples[channel]) - black) * most / (white - black)
        };
        let (y, cb, cr) = (scaled(0, 255.0), scaled(1, 127.0), scaled(2, 127.0));
        let [red_part, green_part, blue_part] = self.parts;
        let red = y + cr * (2.0 - 2.0 * red_part);
        let blue = y + cb * (2.0 - 2.0 * blue_part);
        let green = (y - blue_part * blue - red_part * red) / green_part;
        [red, green, blue].map(|value| value.round().clamp(0.0, 255.0) as u8)
    }
}
