//! The probabilities of all classes as bars, of one run or of two.

use eframe::egui::{self, Align2, FontId, Rect, Sense, pos2, vec2};

use super::view::{GalleryView, ReadyView};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::format;

/// One class's line.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassBar {
    pub class: u32,
    pub name: String,
    pub is_true: bool,
    /// Of the run that is shown, and of the one that it is compared with.
    pub probabilities: [Option<f32>; 2],
}

/// The bars of entry `picture_index`, most probable first.
pub fn bars(ready: &ReadyView, picture_index: u32) -> Vec<ClassBar> {
    let entry = ready.entry(picture_index);
    let ours = ready.run.predicted.probabilities(entry);
    let other = ready.other.as_ref().and_then(|other| {
        let other_index = ready.disagreement.other(picture_index)?;
        Some((other, other.predicted.entries.get(other_index)?))
    });
    let theirs = |name: &str| {
        let (other, entry) = other?;
        let classes = &other.predicted.classes;
        let class = classes.iter().position(|class| class == name)?;
        other.predicted.probabilities(entry).get(class).copied()
    };
    let mut bars: Vec<ClassBar> = (0u32..)
        .zip(ours)
        .map(|(class, probability)| {
            let name = ready.class(class).to_owned();
            ClassBar {
                class,
                is_true: class == entry.truth,
                probabilities: [Some(*probability), theirs(&name)],
                name,
            }
        })
        .collect();
    bars.sort_by(|a, b| {
        let key = |bar: &ClassBar| bar.probabilities[0].unwrap_or_default();
        key(b).total_cmp(&key(a)).then(a.class.cmp(&b.class))
    });
    bars
}

pub fn probabilities_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: &ReadyView,
    picture_index: u32,
) {
    let colors = tokens(ui);
    let bars = bars(ready, picture_index);
    let both = bars.iter().any(|bar| bar.probabilities[1].is_some());
    let run_color = |run_index: Option<usize>| {
        let choice = run_index.and_then(|run_index| view.runs.get(run_index));
        choice.map_or(colors.accent, |choice| tokens::run_color(choice.color))
    };
    let run_colors = [run_color(view.run), run_color(view.against)];
    let height = if both { 30.0 } else { 20.0 };
    let width = ui.available_width();
    let name_width = (width * 0.36).clamp(60.0, 150.0);
    let font = FontId::proportional(tokens::TEXT_BODY);
    let small = FontId::proportional(tokens::TEXT_SMALL);
    // Hundreds of classes scroll; the first few are what is looked for.
    egui::ScrollArea::vertical()
        .id_salt("probabilities")
        .max_height(12.0 * height)
        .auto_shrink([false, true])
        .show_rows(ui, height, bars.len(), |ui, rows| {
            for bar in &bars[rows] {
                let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
                let mark = if bar.is_true { icon::TAG } else { "" };
                let name = format!("{} {mark}", bar.name);
                let color = if bar.is_true {
                    colors.text
                } else {
                    colors.text_muted
                };
                let label = Rect::from_min_size(rect.min, vec2(name_width - 6.0, height));
                widgets::elided(ui, label, name.trim_end(), font.clone(), color);
                let track = Rect::from_min_max(
                    pos2(rect.left() + name_width, rect.top()),
                    pos2(
                        (rect.right() - 52.0).max(rect.left() + name_width),
                        rect.bottom(),
                    ),
                );
                let lines = if both { 2 } else { 1 };
                let pitch = (height - 4.0) / lines as f32;
                for (line, probability) in bar.probabilities.iter().take(lines).enumerate() {
                    let top = track.top() + 2.0 + line as f32 * pitch;
                    let whole = Rect::from_min_max(
                        pos2(track.left(), top + 2.0),
                        pos2(track.right(), top + pitch - 2.0),
                    );
                    ui.painter().rect_filled(whole, 2.0, colors.sunken);
                    let Some(probability) = probability else {
                        continue;
                    };
                    let mut filled = whole;
                    filled.set_width(whole.width() * probability.clamp(0.0, 1.0));
                    ui.painter().rect_filled(filled, 2.0, run_colors[line]);
                    ui.painter().text(
                        pos2(rect.right(), whole.center().y),
                        Align2::RIGHT_CENTER,
                        format::confidence(f64::from(*probability)),
                        small.clone(),
                        colors.text,
                    );
                }
                let spoken = spoken(bar);
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &spoken)
                });
                response.on_hover_text(&spoken);
            }
        });
}

fn spoken(bar: &ClassBar) -> String {
    let percent = |value: f32| format::confidence(f64::from(value));
    let truth = if bar.is_true { ", the true class" } else { "" };
    match bar.probabilities {
        [Some(ours), Some(theirs)] => format!(
            "{}: {}, in the other run {}{truth}",
            bar.name,
            percent(ours),
            percent(theirs)
        ),
        [ours, _] => format!("{}: {}{truth}", bar.name, percent(ours.unwrap_or_default())),
    }
}
