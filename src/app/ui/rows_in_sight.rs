//! Long lists inside a scroll area, without a scroll area of their own.

use eframe::egui;

/// Rows of one height, of which only those in sight are drawn. Unlike a scroll area of its own, it leaves the wheel to
/// what it stands in.
pub fn rows_in_sight(
    ui: &mut egui::Ui,
    height: f32,
    number: usize,
    mut add: impl FnMut(&mut egui::Ui, usize),
) {
    let spacing = ui.spacing().item_spacing.y;
    let step = height + spacing;
    let top = ui.cursor().top();
    let clip = ui.clip_rect();
    let row_at = |y: f32| ((y - top) / step).floor().clamp(0.0, number as f32) as usize;
    // The ones beside those in sight too, so that the keyboard can go on to them.
    let first = row_at(clip.top()).saturating_sub(1);
    let end = (row_at(clip.bottom()) + 2).min(number);
    ui.add_space(first as f32 * step);
    for index in first..end {
        ui.push_id(index, |ui| {
            ui.set_min_height(height);
            ui.set_max_height(height);
            add(ui, index);
        });
    }
    ui.add_space((number - end.max(first)) as f32 * step);
}
