//! The matrix of effects: on the diagonal every result by the values of one setting with their mean, below it the mean result of
//! every two values of two settings, and at the upper right how much each setting explains.

use eframe::egui::{self, Align2, Rect, Sense, pos2, vec2};

use super::data::ResultsView;
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::figures::{EffectPair, EffectSetting, EffectValue, EffectsFigure, ParallelAxis};
use crate::format;

/// A panel is no lower than this, in points: beyond, the matrix scrolls.
const LOWEST: f32 = 104.0;
const GAP: f32 = 12.0;
/// Above a panel for its title, below and at the left for its values.
const TITLE: f32 = 24.0;
const BELOW: f32 = 16.0;
/// Names of values get more at the left, and no more than this share of a panel.
const ASIDE: f32 = 50.0;
const ASIDE_SHARE: f32 = 0.42;
/// Texts of marks are at least so far from each other.
const MARK: f32 = 14.0;
/// Panels beside each other in a narrow room become no narrower.
const NARROWEST: f32 = 130.0;

pub fn effects_ui(ui: &mut egui::Ui, view: &ResultsView, height: f32) {
    let figure = view.effects.as_ref();
    let Some((figure, range)) = figure.and_then(|figure| Some((figure, figure.range()?))) else {
        ui.allocate_ui(vec2(ui.available_width(), height * 0.5), |ui| {
            widgets::note(
                ui,
                "Effects are shown as soon as settings with different values have been trained to their end.",
            );
        });
        return;
    };
    let score = figure.scoring();
    let count = figure.settings.len();
    let panel = vec2(
        ((ui.available_width() + GAP) / count as f32 - GAP).max(NARROWEST),
        ((height + GAP) / count as f32 - GAP).max(LOWEST),
    );
    let aside = aside(ui, figure, panel.x);
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
                setting_ui(ui, figure, range, row, place(row, row), aside);
            }
            for pair in &figure.pairs {
                let panel = place(pair.second, pair.first);
                pair_ui(ui, figure, pair, &score, panel, aside);
            }
            if count > 1 {
                let corner = place(0, 1).union(place(0, count - 1));
                explained_ui(ui, figure, corner);
            }
        });
}

/// Room at the left of every panel of such a width, for the names of the values that stand there.
fn aside(ui: &egui::Ui, figure: &EffectsFigure, panel: f32) -> f32 {
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    // The values of the first setting stand below panels alone.
    let values = figure.settings.iter().skip(1);
    let texts = values.flat_map(|setting| &setting.values);
    let widest = texts
        .map(|value| widgets::text_width(ui, &shown_name(&value.text), font.clone()) + 8.0)
        .fold(ASIDE, f32::max);
    widest.min(panel * ASIDE_SHARE)
}

/// What can be drawn within a panel.
fn inner(panel: Rect, aside: f32) -> Rect {
    Rect::from_min_max(panel.min + vec2(aside, TITLE), panel.max - vec2(2.0, BELOW))
}

/// `low` and `high`: the range of all results.
fn setting_ui(
    ui: &mut egui::Ui,
    figure: &EffectsFigure,
    (low, high): (f64, f64),
    index: usize,
    panel: Rect,
    aside: f32,
) {
    let colors = tokens(ui);
    let setting = &figure.settings[index];
    let plot = inner(panel, aside);
    // Round numbers, as the exported figure has them.
    let axis = ParallelAxis::of_results("", [low, high], true, &|value| figure.text(value));
    let at_share = |share: f64| plot.bottom() - plot.height() * share as f32;
    let y = |value: f64| at_share(axis.scale.share_of_number(value).unwrap_or_default());
    let count = setting.values.len().max(1) as f32;
    let x = |index: usize| plot.left() + plot.width() * (index as f32 + 0.5) / count;
    let painter = ui.painter();
    painter.rect_filled(plot, tokens::RADIUS_S, colors.sunken);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let mut last = f32::INFINITY;
    for (share, text) in &axis.ticks {
        let y = at_share(*share);
        let stroke = egui::Stroke::new(tokens::STROKE_THIN, colors.grid);
        painter.hline(plot.x_range(), y, stroke);
        if last - y < MARK {
            continue;
        }
        last = y;
        let at = pos2(plot.left() - 5.0, y);
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

fn pair_ui(
    ui: &mut egui::Ui,
    figure: &EffectsFigure,
    pair: &EffectPair,
    score: &dyn Fn(f64) -> f64,
    panel: Rect,
    aside: f32,
) {
    let colors = tokens(ui);
    let (first, second) = (&figure.settings[pair.first], &figure.settings[pair.second]);
    let plot = inner(panel, aside);
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
            let fill = tokens::shade(colors.dark, score(*mean));
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
        let text = shown_name(&value.text);
        let font = font.clone();
        let galley = widgets::elided_galley(ui, room.max(8.0), &text, font, colors.text_faint);
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
