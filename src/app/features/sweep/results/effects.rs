//! The matrix of effects: on the diagonal every result by the values of one setting with their mean, below it the mean result of
//! every two values of two settings, and at the upper right how much each setting explains.

use eframe::egui::{self, Align2, Rect, Sense, pos2, vec2};

use super::data::ResultsView;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::figures::{EffectPair, EffectSetting, EffectValue, EffectsFigure};
use crate::format;
use crate::report::sweep::is_empty;

/// A panel is no lower than this, in points: beyond, the matrix scrolls.
const LOWEST: f32 = 104.0;
const GAP: f32 = 12.0;
/// Above a panel for its title, below and at the left for its values.
const TITLE: f32 = 18.0;
const BELOW: f32 = 16.0;
const ASIDE: f32 = 46.0;
/// Panels beside each other in a narrow room become no narrower.
const NARROWEST: f32 = 130.0;

pub fn effects_ui(ui: &mut egui::Ui, view: &ResultsView, height: f32) {
    let figure = &view.effects;
    if is_empty(figure) {
        ui.allocate_ui(vec2(ui.available_width(), height * 0.5), |ui| {
            widgets::note(
                ui,
                "Effects are shown as soon as settings with different values have been trained to their end.",
            );
        });
        return;
    }
    let count = figure.settings.len();
    let panel = vec2(
        ((ui.available_width() + GAP) / count as f32 - GAP).max(NARROWEST),
        ((height + GAP) / count as f32 - GAP).max(LOWEST),
    );
    egui::ScrollArea::both()
        .id_salt("effects")
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            let size = vec2(
                count as f32 * (panel.x + GAP) - GAP,
                count as f32 * (panel.y + GAP) - GAP,
            );
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            let place = |row: usize, column: usize| {
                let at = rect.min
                    + vec2(
                        column as f32 * (panel.x + GAP),
                        row as f32 * (panel.y + GAP),
                    );
                Rect::from_min_size(at, panel)
            };
            for row in 0..count {
                setting_ui(ui, figure, row, place(row, row));
            }
            for pair in &figure.pairs {
                pair_ui(ui, figure, pair, place(pair.second, pair.first));
            }
            if count > 1 {
                let corner = place(0, 1).union(place(0, count - 1));
                explained_ui(ui, figure, corner);
            }
        });
}

/// What can be drawn within a panel.
fn inner(panel: Rect) -> Rect {
    Rect::from_min_max(
        panel.min + vec2(ASIDE.min(panel.width() * 0.3), TITLE),
        panel.max - vec2(2.0, BELOW),
    )
}

fn setting_ui(ui: &mut egui::Ui, figure: &EffectsFigure, index: usize, panel: Rect) {
    let colors = tokens(ui);
    let setting = &figure.settings[index];
    let plot = inner(panel);
    let (low, high) = figure.range().unwrap_or((0.0, 1.0));
    let margin = ((high - low) * 0.08).max(1e-9);
    let (low, high) = (low - margin, high + margin);
    let y = |value: f64| {
        let share = ((value - low) / (high - low)) as f32;
        plot.bottom() - plot.height() * share
    };
    let count = setting.values.len().max(1) as f32;
    let x = |index: usize| plot.left() + plot.width() * (index as f32 + 0.5) / count;
    let painter = ui.painter();
    painter.rect_filled(plot, tokens::RADIUS_S, colors.sunken);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    for share in [0.0, 0.5, 1.0] {
        let value = low + share * (high - low);
        let stroke = egui::Stroke::new(tokens::STROKE_THIN, colors.grid);
        painter.hline(plot.x_range(), y(value), stroke);
        let at = pos2(plot.left() - 5.0, y(value));
        // Two digits say what an axis needs.
        let text = match figure.is_share {
            true => format!("{:.1}", value * 100.0),
            false => format::loss(value),
        };
        painter.text(
            at,
            Align2::RIGHT_CENTER,
            text,
            small.clone(),
            colors.text_faint,
        );
    }
    let mut means = Vec::new();
    for (index, value) in setting.values.iter().enumerate() {
        for result in &value.results {
            painter.circle_filled(pos2(x(index), y(*result)), 2.2, colors.text_faint);
        }
        means.extend(value.mean().map(|mean| pos2(x(index), y(mean))));
    }
    if means.len() > 1 {
        let stroke = egui::Stroke::new(tokens::STROKE_PLOT, colors.accent);
        painter.line(means.clone(), stroke);
    }
    for mean in means {
        painter.circle_filled(mean, 4.0, colors.accent);
    }
    let title = Rect::from_min_size(panel.min, vec2(panel.width(), TITLE - 2.0));
    widgets::elided(
        ui,
        title,
        &shown_name(&setting.name),
        tokens::medium_font(tokens::TEXT_SMALL),
        colors.text,
    );
    values_ui(ui, setting, plot);
    let response = ui.interact(
        panel,
        ui.make_persistent_id(("effect", index)),
        Sense::hover(),
    );
    let text = setting_text(figure, setting);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &text));
    response.on_hover_text(text);
}

/// What a setting does, in words.
fn setting_text(figure: &EffectsFigure, setting: &EffectSetting) -> String {
    let line = |value: &EffectValue| {
        let mean = value
            .mean()
            .map_or_else(|| "–".to_owned(), |mean| figure.text(mean));
        let count = format::count(value.results.len(), "setting", "settings");
        format!("{}: {mean} ({count})", value.text)
    };
    let values: Vec<String> = setting.values.iter().map(line).collect();
    let explained = setting.explained.map_or_else(String::new, |share| {
        format!(
            "\nexplains {} of the differences by itself",
            format::whole_percent(share)
        )
    });
    format!("{}\n{}{explained}", setting.name, values.join("\n"))
}

fn pair_ui(ui: &mut egui::Ui, figure: &EffectsFigure, pair: &EffectPair, panel: Rect) {
    let colors = tokens(ui);
    let (first, second) = (&figure.settings[pair.first], &figure.settings[pair.second]);
    let plot = inner(panel);
    let (columns, rows) = (first.values.len().max(1), second.values.len().max(1));
    let cell = vec2(plot.width() / columns as f32, plot.height() / rows as f32);
    let place = |row: usize, column: usize| {
        let corner = pos2(
            plot.left() + column as f32 * cell.x,
            plot.bottom() - (row + 1) as f32 * cell.y,
        );
        Rect::from_min_size(corner, cell).shrink(0.5)
    };
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let painter = ui.painter();
    for (row, means) in pair.means.iter().enumerate() {
        for (column, mean) in means.iter().enumerate() {
            let rect = place(row, column);
            let Some(mean) = mean else {
                painter.rect_filled(rect, 1.0, colors.sunken);
                continue;
            };
            let fill = tokens::shade(colors.dark, figure.score(*mean));
            painter.rect_filled(rect, 1.0, fill);
            let text = figure.text(*mean);
            if cell.y >= 15.0 && widgets::text_width(ui, &text, small.clone()) < cell.x - 4.0 {
                painter.text(
                    rect.center(),
                    Align2::CENTER_CENTER,
                    text,
                    small.clone(),
                    tokens::text_on(fill),
                );
            }
        }
    }
    if cell.y >= 12.0 {
        for (row, value) in second.values.iter().enumerate() {
            let line = place(row, 0);
            let label = Rect::from_min_max(
                pos2(panel.left(), line.top()),
                pos2(plot.left() - 4.0, line.bottom()),
            );
            widgets::elided(
                ui,
                label,
                &shown_name(&value.text),
                small.clone(),
                colors.text_faint,
            );
        }
    }
    values_ui(ui, first, plot);
    let id = ui.make_persistent_id(("pair", pair.first, pair.second));
    let response = ui.interact(panel, id, Sense::hover());
    let spoken = format!("{} by {} and {}", figure.result, first.name, second.name);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &spoken));
    let Some(pointer) = response.hover_pos() else {
        return;
    };
    let at = (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .find(|&(row, column)| place(row, column).contains(pointer));
    if let Some((row, column)) = at {
        let mean = pair
            .means
            .get(row)
            .and_then(|means| means.get(column).copied().flatten());
        let result = mean.map_or_else(|| "not measured".to_owned(), |mean| figure.text(mean));
        let text = format!(
            "{} {}\n{} {}\n{}: {result}",
            first.name,
            first.values[column].text,
            second.name,
            second.values[row].text,
            figure.result
        );
        response.on_hover_text_at_pointer(text);
    }
}

/// The values of a setting below a plot, as far as they fit.
fn values_ui(ui: &egui::Ui, setting: &EffectSetting, plot: Rect) {
    let colors = tokens(ui);
    let count = setting.values.len().max(1) as f32;
    let pitch = plot.width() / count;
    let every = (34.0 / pitch).ceil().max(1.0) as usize;
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    for (index, value) in setting.values.iter().enumerate().step_by(every) {
        let room = pitch * every as f32 - 4.0;
        let mut job = egui::text::LayoutJob::simple_singleline(
            shown_name(&value.text).into_owned(),
            font.clone(),
            colors.text_faint,
        );
        job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(8.0));
        let galley = ui.painter().layout_job(job);
        let middle = plot.left() + (index as f32 + 0.5) * pitch;
        let at = pos2(middle - galley.size().x / 2.0, plot.bottom() + 2.0);
        ui.painter().galley(at, galley, colors.text_faint);
    }
}

/// How much each setting explains by itself, as bars.
fn explained_ui(ui: &mut egui::Ui, figure: &EffectsFigure, corner: Rect) {
    let colors = tokens(ui);
    let builder = egui::UiBuilder::new()
        .max_rect(corner.shrink2(vec2(8.0, 0.0)))
        .id_salt("explained");
    let mut ui = ui.new_child(builder);
    ui.set_clip_rect(corner.intersect(ui.clip_rect()));
    ui.label(tokens::medium("Explains of the differences").size(tokens::TEXT_SMALL));
    let widest = (corner.width() * 0.42).min(220.0);
    for setting in &figure.settings {
        let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
        let label = Rect::from_min_size(line.min, vec2(widest, line.height()));
        let font = egui::FontId::proportional(tokens::TEXT_SMALL);
        widgets::elided(
            &ui,
            label,
            &shown_name(&setting.name),
            font.clone(),
            colors.text_muted,
        );
        let track = Rect::from_min_max(
            pos2(line.left() + widest + 6.0, line.center().y - 3.0),
            pos2(line.right() - 38.0, line.center().y + 3.0),
        );
        ui.painter().rect_filled(track, 3.0, colors.sunken);
        let share = setting.explained.unwrap_or(0.0);
        let mut bar = track;
        bar.set_width(track.width() * share as f32);
        ui.painter().rect_filled(bar, 3.0, colors.accent);
        let text = setting
            .explained
            .map_or_else(|| "–".to_owned(), format::whole_percent);
        ui.painter().text(
            line.right_center(),
            Align2::RIGHT_CENTER,
            text,
            font,
            colors.text,
        );
    }
    widgets::note(&mut ui, &figure.remark);
}
