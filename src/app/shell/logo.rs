//! The window's icon, drawn in code: a twig grafted onto a stem.

use std::sync::Arc;

use eframe::egui::IconData;

use crate::app::ui::tokens;

const SIDE: u32 = 128;

/// RGBA pixels of the icon.
pub fn icon() -> Arc<IconData> {
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            rgba.extend(pixel(x, y));
        }
    }
    Arc::new(IconData {
        rgba,
        width: SIDE,
        height: SIDE,
    })
}

/// Averages a 4 x 4 grid of samples, so that edges are smooth.
fn pixel(x: u32, y: u32) -> [u8; 4] {
    let mut sum = [0.0f32; 4];
    for sample in 0..16 {
        let at = |pixel: u32, step: u32| (pixel as f32 + (step as f32 + 0.5) / 4.0) / SIDE as f32;
        let [r, g, b, a] = color(at(x, sample % 4), at(y, sample / 4));
        for (total, value) in sum.iter_mut().zip([r * a, g * a, b * a, a]) {
            *total += value / 16.0;
        }
    }
    let alpha = sum[3].max(1e-6);
    [sum[0] / alpha, sum[1] / alpha, sum[2] / alpha, sum[3]]
        .map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8)
}

/// The drawing in the unit square, from the top left.
fn color(x: f32, y: f32) -> [f32; 4] {
    let (dx, dy) = ((x - 0.5).abs() - 0.26, (y - 0.5).abs() - 0.26);
    let outside = dx.max(0.0).hypot(dy.max(0.0)) > 0.2;
    if outside {
        return [0.0; 4];
    }
    let of = |color: eframe::egui::Color32| {
        let [r, g, b, a] = color.to_array();
        [r, g, b, a].map(|value| f32::from(value) / 255.0)
    };
    let stem = segment(x, y, (0.5, 0.84), (0.5, 0.46)) < 0.045;
    let twig = segment(x, y, (0.5, 0.6), (0.66, 0.42)) < 0.035;
    let leaves = leaf(x, y, (0.5, 0.47), (0.34, 0.16)) || leaf(x, y, (0.645, 0.435), (0.83, 0.2));
    if leaves || twig {
        of(tokens::DARK.success)
    } else if stem {
        of(tokens::DARK.text)
    } else {
        of(tokens::DARK.accent_faint)
    }
}

fn segment(x: f32, y: f32, from: (f32, f32), to: (f32, f32)) -> f32 {
    let (vx, vy) = (to.0 - from.0, to.1 - from.1);
    let along = (((x - from.0) * vx + (y - from.1) * vy) / (vx * vx + vy * vy)).clamp(0.0, 1.0);
    (x - from.0 - along * vx).hypot(y - from.1 - along * vy)
}

/// Two circle arcs between base and tip.
fn leaf(x: f32, y: f32, base: (f32, f32), tip: (f32, f32)) -> bool {
    let (vx, vy) = (tip.0 - base.0, tip.1 - base.1);
    let length = vx.hypot(vy);
    let along = ((x - base.0) * vx + (y - base.1) * vy) / length;
    let across = ((x - base.0) * -vy + (y - base.1) * vx) / length;
    let half = length / 2.0;
    let radius = length * 0.72;
    let offset = (radius * radius - half * half).sqrt();
    (along - half).hypot(across.abs() + offset) < radius
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_fills_its_square_and_has_clear_corners() {
        let icon = icon();
        assert_eq!(icon.rgba.len(), (SIDE * SIDE * 4) as usize);
        assert_eq!(icon.rgba[3], 0);
        let middle = ((SIDE / 2 * SIDE + SIDE / 2) * 4) as usize;
        assert_eq!(icon.rgba[middle + 3], 255);
    }
}
