//! Brightness and contrast by table, saturation and hue by matrix.

use super::super::Pixels;

/// Adds `brightness` grey levels, then multiplies the distance to each channel's mean by
/// `contrast`; each step is cut to 0 .. 255. Both together are one table per channel.
pub(super) fn adjust_levels(picture: &mut Pixels, brightness: f64, contrast: f64) {
    if brightness == 0.0 && contrast == 1.0 {
        return;
    }
    let mut counts = [[0u32; 256]; 3];
    for pixel in picture.rgb.chunks_exact(3) {
        counts[0][usize::from(pixel[0])] += 1;
        counts[1][usize::from(pixel[1])] += 1;
        counts[2][usize::from(pixel[2])] += 1;
    }
    let tables = counts.map(|counts| level_table(&counts, brightness, contrast));
    for pixel in picture.rgb.chunks_exact_mut(3) {
        pixel[0] = tables[0][usize::from(pixel[0])];
        pixel[1] = tables[1][usize::from(pixel[1])];
        pixel[2] = tables[2][usize::from(pixel[2])];
    }
}

fn level_table(counts: &[u32; 256], brightness: f64, contrast: f64) -> [u8; 256] {
    let brightened = |level: usize| (level as f64 + brightness).clamp(0.0, 255.0);
    let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    let sum: f64 = counts
        .iter()
        .enumerate()
        .map(|(level, &count)| f64::from(count) * brightened(level))
        .sum();
    let mean = sum / total.max(1.0);
    std::array::from_fn(|level| {
        ((brightened(level) - mean) * contrast + mean)
            .round()
            .clamp(0.0, 255.0) as u8
    })
}

/// Bits behind the point of the matrix.
const MATRIX_BITS: u32 = 12;

/// Scales and turns the colour in the YIQ space, where grey is the axis: grey pictures stay as they
/// are, and so does every pixel's luma (ITU-R BT.601) until it is cut to 0 .. 255.
pub(super) fn jitter(picture: &mut Pixels, saturation: f64, hue_turns: f64) {
    if saturation == 1.0 && hue_turns == 0.0 {
        return;
    }
    let matrix = color_matrix(saturation, hue_turns);
    let half = 1 << (MATRIX_BITS - 1);
    for pixel in picture.rgb.chunks_exact_mut(3) {
        let (red, green, blue) = (
            i32::from(pixel[0]),
            i32::from(pixel[1]),
            i32::from(pixel[2]),
        );
        for (value, row) in pixel.iter_mut().zip(&matrix) {
            let sum = row[0] * red + row[1] * green + row[2] * blue + half;
            *value = (sum >> MATRIX_BITS).clamp(0, 255) as u8;
        }
    }
}

/// The same matrix as numbers; `None` where colours stay.
pub(super) fn matrix(saturation: f64, hue_turns: f64) -> Option<[[f64; 3]; 3]> {
    if saturation == 1.0 && hue_turns == 0.0 {
        return None;
    }
    let number = |value: i32| f64::from(value) / f64::from(1 << MATRIX_BITS);
    Some(color_matrix(saturation, hue_turns).map(|row| row.map(number)))
}

/// RGB to YIQ, I and Q scaled and turned, and back, with [`MATRIX_BITS`] behind the point.
fn color_matrix(saturation: f64, hue_turns: f64) -> [[i32; 3]; 3] {
    const LUMA: [f64; 3] = [0.299, 0.587, 0.114];
    const IN_PHASE: [f64; 3] = [0.595_716, -0.274_453, -0.321_263];
    const QUADRATURE: [f64; 3] = [0.211_456, -0.522_591, 0.311_135];
    const BACK: [[f64; 2]; 3] = [
        [0.956_296, 0.621_024],
        [-0.272_122, -0.647_381],
        [-1.106_989, 1.704_615],
    ];
    let (sin, cos) = (hue_turns * std::f64::consts::TAU).sin_cos();
    BACK.map(|[in_phase, quadrature]| {
        let from_i = saturation * (in_phase * cos + quadrature * sin);
        let from_q = saturation * (quadrature * cos - in_phase * sin);
        let exact: [f64; 3] = std::array::from_fn(|channel| {
            LUMA[channel] + from_i * IN_PHASE[channel] + from_q * QUADRATURE[channel]
        });
        let mut row = exact.map(|value| (value * f64::from(1 << MATRIX_BITS)).round() as i32);
        // Rows sum to exactly 1, so that grey stays grey.
        row[1] += (1 << MATRIX_BITS) - row.iter().sum::<i32>();
        row
    })
}
