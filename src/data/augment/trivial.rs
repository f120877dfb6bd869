//! TrivialAugment (Müller and Hutter, “TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation”, 2021) with its
//! wide space: one operation for each picture, at one of 31 strengths, as torchvision's `TrivialAugmentWide` has it on
//! Pillow's pictures, to the byte (`tests/record_augmentation.py`).
//!
//! What moves is taken from the nearest pixel, and what lies beyond the borders is black. Shifts are counted in pixels, up to
//! 32, whatever the picture's size.

use super::super::Pixels;
use super::super::random::{RandomSource, hash_text, mix};

/// Strengths of an operation, from nothing to the most.
pub(super) const STRENGTHS: usize = 31;

/// What may be done to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

pub(super) const OPERATIONS: [Operation; 14] = [
    Operation::Identity,
    Operation::ShearX,
    Operation::ShearY,
    Operation::TranslateX,
    Operation::TranslateY,
    Operation::Rotate,
    Operation::Brightness,
    Operation::Color,
    Operation::Contrast,
    Operation::Sharpness,
    Operation::Posterize,
    Operation::Solarize,
    Operation::AutoContrast,
    Operation::Equalize,
];

/// One operation with its strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TrivialChange {
    pub operation: Operation,
    /// Below [`STRENGTHS`].
    pub strength: usize,
    /// The other way, where an operation has two.
    pub is_negative: bool,
}

impl TrivialChange {
    /// From a stream of its own, so that the other changes of a seed stay as they are.
    pub fn drawn(seed: u64) -> Self {
        let mut random = RandomSource::new(mix(seed ^ hash_text("TrivialAugment")));
        Self {
            operation: OPERATIONS[random.below(OPERATIONS.len())],
            strength: random.below(STRENGTHS),
            is_negative: random.coin(),
        }
    }

    /// The operation's strength in its own unit: pixels, degrees, bits, a share.
    pub fn magnitude(&self) -> f64 {
        let most = match self.operation {
            Operation::Identity | Operation::AutoContrast | Operation::Equalize => return 0.0,
            Operation::Posterize => {
                return (8.0 - self.strength as f64 / 5.0).round_ties_even();
            }
            Operation::Solarize => return linspace(1.0, 0.0, self.strength),
            Operation::TranslateX | Operation::TranslateY => 32.0,
            Operation::Rotate => 135.0,
            Operation::ShearX
            | Operation::ShearY
            | Operation::Brightness
            | Operation::Color
            | Operation::Contrast
            | Operation::Sharpness => 0.99,
        };
        let magnitude = linspace(0.0, most, self.strength);
        if self.is_negative {
            -magnitude
        } else {
            magnitude
        }
    }

    /// Does it to `picture`, whose size stays.
    pub fn apply(&self, picture: &mut Pixels) {
        if picture.rgb.is_empty() {
            return;
        }
        let magnitude = self.magnitude();
        let factor = (1.0 + magnitude) as f32;
        match self.operation {
            Operation::Identity => {}
            Operation::ShearX => transform(picture, [1.0, magnitude, 0.0, 0.0, 1.0, 0.0]),
            Operation::ShearY => transform(picture, [1.0, 0.0, 0.0, magnitude, 1.0, 0.0]),
            Operation::TranslateX => {
                transform(picture, [1.0, 0.0, -magnitude.trunc(), 0.0, 1.0, 0.0]);
            }
            Operation::TranslateY => {
                transform(picture, [1.0, 0.0, 0.0, 0.0, 1.0, -magnitude.trunc()]);
            }
            Operation::Rotate => transform(picture, rotation(picture, magnitude)),
            Operation::Brightness => by_table(picture, |_, value| blend(0, value, factor)),
            Operation::Color => {
                for pixel in picture.rgb.chunks_exact_mut(3) {
                    let grey = luma(pixel);
                    for value in pixel {
                        *value = blend(grey, *value, factor);
                    }
                }
            }
            Operation::Contrast => {
                let pixels = picture.rgb.chunks_exact(3);
                let (count, sum) = pixels.fold((0u64, 0u64), |(count, sum), pixel| {
                    (count + 1, sum + u64::from(luma(pixel)))
                });
                let mean = (sum as f64 / count as f64 + 0.5) as u8;
                by_table(picture, |_, value| blend(mean, value, factor));
            }
            Operation::Sharpness => sharpen(picture, factor),
            Operation::Posterize => {
                let bits = magnitude as u32;
                let mask = !((1u32 << (8 - bits.min(8))) - 1) as u8;
                by_table(picture, |_, value| value & mask);
            }
            Operation::Solarize => {
                let threshold = 255.0 * magnitude;
                by_table(picture, |_, value| {
                    if f64::from(value) < threshold {
                        value
                    } else {
                        255 - value
                    }
                });
            }
            Operation::AutoContrast => {
                let tables = histograms(picture).map(|counts| stretched(&counts));
                by_table(picture, |channel, value| {
                    tables[channel][usize::from(value)]
                });
            }
            Operation::Equalize => {
                let tables = histograms(picture).map(|counts| equalized(&counts));
                by_table(picture, |channel, value| {
                    tables[channel][usize::from(value)]
                });
            }
        }
    }
}

/// `torch.linspace(start, end, 31)[index]`, in its single precision and with its one rounding: the middle shift is 15 pixels,
/// and not 16.
fn linspace(start: f32, end: f32, index: usize) -> f64 {
    let last = STRENGTHS - 1;
    let step = (end - start) / last as f32;
    f64::from(if index < STRENGTHS / 2 {
        step.mul_add(index as f32, start)
    } else {
        (-step).mul_add((last - index) as f32, end)
    })
}

/// Turned about the middle by `degrees`, against the clock, as `Image.rotate` has it: where a position in the result lies.
fn rotation(picture: &Pixels, degrees: f64) -> [f64; 6] {
    // Pillow rounds them to 15 digits, so that quarter turns are exact.
    let rounded = |value: f64| (value * 1e15).round_ties_even() / 1e15;
    let angle = -degrees.to_radians();
    let (cos, sin) = (rounded(angle.cos()), rounded(angle.sin()));
    let (x, y) = (
        f64::from(picture.width) / 2.0,
        f64::from(picture.height) / 2.0,
    );
    [
        cos,
        sin,
        -cos * x - sin * y + x,
        -sin,
        cos,
        sin * x - cos * y + y,
    ]
}

/// `Image.transform` with the nearest pixel: `x' = a[0] x + a[1] y + a[2]`, `y' = a[3] x + a[4] y + a[5]`, counted in
/// 65536ths of a pixel; black beyond the borders.
fn transform(picture: &mut Pixels, a: [f64; 6]) {
    let fixed = |value: f64| (value * 65_536.0 + 0.5).floor() as i64;
    let (width, height) = (i64::from(picture.width), i64::from(picture.height));
    let (step_x, step_y) = (fixed(a[0]), fixed(a[3]));
    let (row_x, row_y) = (fixed(a[1]), fixed(a[4]));
    let mut from = (
        fixed(a[2] + a[0] * 0.5 + a[1] * 0.5),
        fixed(a[5] + a[3] * 0.5 + a[4] * 0.5),
    );
    let mut rgb = vec![0; picture.rgb.len()];
    for row in rgb.chunks_exact_mut(picture.width as usize * 3) {
        let (mut x, mut y) = from;
        for pixel in row.chunks_exact_mut(3) {
            let (column, line) = (x >> 16, y >> 16);
            if (0..width).contains(&column) && (0..height).contains(&line) {
                let at = (line * width + column) as usize * 3;
                pixel.copy_from_slice(&picture.rgb[at..at + 3]);
            }
            x += step_x;
            y += step_y;
        }
        from = (from.0 + row_x, from.1 + row_y);
    }
    picture.rgb = rgb;
}

/// `Image.blend` of one value with what is blended to, in single precision, cut to 0 .. 255.
fn blend(degenerate: u8, value: u8, factor: f32) -> u8 {
    let (from, to) = (f32::from(degenerate), f32::from(value));
    // A cast cuts to the range and drops the fraction.
    (from + factor * (to - from)) as u8
}

/// As `Image.convert("L")`.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(pixel[channel]));
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

/// Replaces every value by what `of` makes of its channel and of it.
fn by_table(picture: &mut Pixels, of: impl Fn(usize, u8) -> u8) {
    let tables: [[u8; 256]; 3] =
        std::array::from_fn(|channel| std::array::from_fn(|value| of(channel, value as u8)));
    for pixel in picture.rgb.chunks_exact_mut(3) {
        for (value, table) in pixel.iter_mut().zip(&tables) {
            *value = table[usize::from(*value)];
        }
    }
}

/// Away from, or towards, what `ImageFilter.SMOOTH` makes of a picture; it leaves the outermost pixels as they are.
fn sharpen(picture: &mut Pixels, factor: f32) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    if width < 3 || height < 3 {
        return;
    }
    let stride = width * 3;
    let before = picture.rgb.clone();
    for y in 1..height - 1 {
        for at in y * stride + 3..(y + 1) * stride - 3 {
            let row = |at: usize| {
                u32::from(before[at - 3]) + u32::from(before[at]) + u32::from(before[at + 3])
            };
            let sum = row(at - stride) + row(at) + row(at + stride) + 4 * u32::from(before[at]);
            // A half never occurs, because 13 is odd.
            let smooth = ((2 * sum + 13) / 26) as u8;
            picture.rgb[at] = blend(smooth, before[at], factor);
        }
    }
}

fn histograms(picture: &Pixels) -> [[u64; 256]; 3] {
    let mut counts = [[0; 256]; 3];
    for pixel in picture.rgb.chunks_exact(3) {
        for (value, counts) in pixel.iter().zip(&mut counts) {
            counts[usize::from(*value)] += 1;
        }
    }
    counts
}

/// `ImageOps.autocontrast` of one channel: its darkest value to 0, its brightest to 255.
fn stretched(counts: &[u64; 256]) -> [u8; 256] {
    let low = counts.iter().position(|&count| count > 0).unwrap_or(0);
    let high = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
    if high <= low {
        return std::array::from_fn(|value| value as u8);
    }
    let scale = 255.0 / (high - low) as f64;
    let offset = -(low as f64) * scale;
    std::array::from_fn(|value| (value as f64 * scale + offset) as u8)
}

/// `ImageOps.equalize` of one channel: all values as frequent, as nearly as can be.
fn equalized(counts: &[u64; 256]) -> [u8; 256] {
    let same = std::array::from_fn(|value| value as u8);
    let seen = || counts.iter().filter(|&&count| count > 0);
    let Some(last) = seen().next_back().filter(|_| seen().count() > 1) else {
        return same;
    };
    let step = (counts.iter().sum::<u64>() - last) / 255;
    if step == 0 {
        return same;
    }
    let mut sum = step / 2;
    counts.map(|count| {
        let value = (sum / step).min(255) as u8;
        sum += count;
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture of `tests/record_augmentation.py`.
    fn picture() -> Pixels {
        let (width, height) = (48u32, 48u32);
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                rgb.extend(
                    [
                        20 + (x * 5 + y * 3) % 200,
                        10 + (x * x + 7 * y) % 230,
                        (x * y + 11 * x) % 241,
                    ]
                    .map(|value| value as u8),
                );
            }
        }
        Pixels { width, height, rgb }
    }

    /// FNV-1a, 64 bits.
    fn digest(bytes: &[u8]) -> String {
        let hash = bytes.iter().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        format!("{hash:016x}")
    }

    #[test]
    fn every_operation_is_torchvision_s() {
        let text = include_str!("../../../tests/golden/augmentation.json");
        let recorded: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(digest(&picture().rgb), recorded["picture"]);
        let mut seen = 0;
        let mut wrong = Vec::new();
        for operation in OPERATIONS {
            for case in recorded["operations"][format!("{operation:?}")]
                .as_array()
                .unwrap()
            {
                let change = TrivialChange {
                    operation,
                    strength: case["strength"].as_u64().unwrap() as usize,
                    is_negative: case["negative"].as_bool().unwrap(),
                };
                let mut changed = picture();
                change.apply(&mut changed);
                if change.magnitude() as f32 != case["magnitude"].as_f64().unwrap() as f32
                    || digest(&changed.rgb) != case["digest"].as_str().unwrap()
                {
                    wrong.push((change, change.magnitude()));
                }
                seen += 1;
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(seen >= 14 * 3, "{seen}");
    }

    #[test]
    fn all_operations_strengths_and_ways_are_drawn() {
        let drawn: Vec<TrivialChange> = (0..20_000).map(TrivialChange::drawn).collect();
        for operation in OPERATIONS {
            let of = drawn.iter().filter(|change| change.operation == operation);
            let share = of.clone().count() as f64 / drawn.len() as f64;
            assert!((share * 14.0 - 1.0).abs() < 0.1, "{operation:?}: {share}");
            let negative = of.clone().filter(|change| change.is_negative).count();
            assert!(negative * 3 > of.clone().count() && negative * 3 < 2 * of.clone().count());
            let strengths: std::collections::BTreeSet<usize> =
                of.map(|change| change.strength).collect();
            assert_eq!(strengths.len(), STRENGTHS, "{operation:?}");
        }
    }

    #[test]
    fn pictures_of_one_colour_and_of_few_pixels_are_no_trouble() {
        for (width, height) in [(0, 0), (1, 1), (2, 3), (3, 2)] {
            for operation in OPERATIONS {
                for strength in [0, STRENGTHS - 1] {
                    let change = TrivialChange {
                        operation,
                        strength,
                        is_negative: true,
                    };
                    let mut picture = Pixels {
                        width,
                        height,
                        rgb: vec![200; (width * height * 3) as usize],
                    };
                    change.apply(&mut picture);
                    assert_eq!(picture.rgb.len(), (width * height * 3) as usize);
                }
            }
        }
    }
}
