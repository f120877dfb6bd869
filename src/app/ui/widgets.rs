//! The small parts that every panel is put together from.

use std::ops::RangeInclusive;

use eframe::egui::{self, Align, Layout, RichText, Sense, vec2};

use crate::app::ui::number_field::{NumberField, NumberResponse};
use crate::app::ui::numbers;
use crate::app::ui::theme;
use crate::app::ui::tokens::{self, icon, tokens};

/// Editors are not wider than this: a slider across a whole screen helps nobody.
const WIDEST_EDITOR: f32 = 560.0;

/// How wide the label of a [`row`] is.
fn label_width(ui: &egui::Ui) -> f32 {
    (ui.available_width().min(WIDEST_EDITOR) * 0.42).clamp(92.0, 170.0)
}

/// The width of the number box beside a slider.
const VALUE_WIDTH: f32 = 60.0;

/// The name of a control.
fn label_ui(ui: &mut egui::Ui, label: &str, tooltip: &str) -> egui::Response {
    let text = RichText::new(label).color(tokens(ui).text_muted);
    ui.add(egui::Label::new(text).truncate().selectable(false))
        .on_hover_text(tooltip)
}

/// Gives a slider what its number leaves of `width`.
fn share_out(ui: &mut egui::Ui, width: f32) {
    let spacing = ui.spacing_mut();
    spacing.slider_width = (width - VALUE_WIDTH - spacing.item_spacing.x).max(40.0);
    spacing.interact_size.x = VALUE_WIDTH;
}

/// A label at the left and its control at the right. The control takes the label as its accessible name.
pub fn row<R>(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    add: impl FnOnce(&mut egui::Ui) -> R,
) -> R {
    let width = ui.available_width().min(WIDEST_EDITOR);
    let height = ui.spacing().interact_size.y;
    let label_width = label_width(ui);
    ui.allocate_ui_with_layout(
        vec2(width, height),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.set_min_height(height);
            let named = ui
                .allocate_ui_with_layout(
                    vec2(label_width, height),
                    Layout::left_to_right(Align::Center),
                    |ui| {
                        ui.set_min_width(label_width);
                        label_ui(ui, label, tooltip)
                    },
                )
                .inner;
            let room = ui.available_width();
            share_out(ui, room);
            ui.label_inputs_by(named.id, add)
        },
    )
    .inner
}

/// A row with a number: what it refuses is said below it. True when the number was changed.
pub fn number_row(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    add: impl FnOnce(&mut egui::Ui) -> (bool, Option<String>),
) -> bool {
    let (changed, refused) = row(ui, label, tooltip, add);
    problem(ui, refused.as_deref());
    changed
}

/// A slider without its number. Rail and filled part stand out of every surface.
pub fn rail(ui: &mut egui::Ui, slider: egui::Slider<'_>) -> egui::Response {
    let colors = tokens(ui);
    let style = ui.style().clone();
    let visuals = ui.visuals_mut();
    visuals.widgets.inactive.bg_fill = colors.control;
    visuals.selection.bg_fill = colors.accent;
    let response = ui.add(slider.show_value(false));
    ui.set_style(style);
    response
}

/// A slider shorter than this can't be set to the value that one wants.
const SHORTEST_SLIDER: f32 = 150.0;

/// A [`row`] for a slider with its number: the label stands above where too little of the width would be left for the
/// slider.
fn slider_row<R>(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    add: impl FnOnce(&mut egui::Ui) -> R,
) -> R {
    let width = ui.available_width().min(WIDEST_EDITOR);
    let spacing = ui.spacing().item_spacing.x;
    if width - label_width(ui) - VALUE_WIDTH - 2.0 * spacing >= SHORTEST_SLIDER {
        return row(ui, label, tooltip, add);
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let named = label_ui(ui, label, tooltip);
        share_out(ui, width);
        ui.label_inputs_by(named.id, |ui| ui.horizontal(add).inner)
    })
    .inner
}

/// A [`slider_row`] whose number may be refused, as in a [`number_row`].
fn slider_number_row(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    add: impl FnOnce(&mut egui::Ui) -> (bool, Option<String>),
) -> bool {
    let (changed, refused) = slider_row(ui, label, tooltip, add);
    problem(ui, refused.as_deref());
    changed
}

/// A linear slider with its number; true when it was changed.
pub fn slider(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &mut f64,
    range: RangeInclusive<f64>,
    step: f64,
    unit: &str,
) -> bool {
    let decimals = if step >= 1.0 {
        0
    } else {
        (-step.log10()).ceil().max(0.0) as usize
    };
    slider_number_row(ui, label, tooltip, |ui| {
        let slider = egui::Slider::new(value, range.clone())
            .step_by(step)
            .clamping(egui::SliderClamping::Edits);
        let slider = rail(ui, slider)
            .accessible_name(label)
            .on_hover_text(tooltip);
        let is_share = unit.is_empty() && *range.end() <= 1.0;
        let mut field = NumberField::new(label, value, range)
            .beside(&slider)
            .decimals(decimals)
            .speed(step)
            .unit(unit)
            .tooltip(tooltip);
        if is_share {
            field = field.share();
        }
        let NumberResponse { response, refused } = field.show(ui);
        (slider.changed() || response.changed(), refused)
    })
}

/// A share from 0 to `most`, shown in per cent; true when it was changed.
pub fn share_slider(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &mut f64,
    most: f64,
) -> bool {
    // Without the digits that a product with 100 leaves behind.
    let mut shown = (*value * 1e8).round() / 1e6;
    let changed = slider(
        ui,
        label,
        tooltip,
        &mut shown,
        0.0..=most * 100.0,
        1.0,
        " %",
    );
    if changed {
        *value = (shown * 1e6).round() / 1e8;
    }
    changed
}

/// A slider over decades, as learning rates are chosen; true when it was changed.
pub fn log_slider(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &mut f64,
    range: RangeInclusive<f64>,
) -> bool {
    slider_number_row(ui, label, tooltip, |ui| {
        let smallest = if *range.start() > 0.0 {
            *range.start()
        } else {
            1e-8
        };
        let slider = egui::Slider::new(value, range.clone())
            .logarithmic(true)
            .smallest_positive(smallest)
            .clamping(egui::SliderClamping::Edits);
        let slider = rail(ui, slider)
            .accessible_name(label)
            .on_hover_text(tooltip);
        let speed = (*value * 0.02).max(smallest);
        let NumberResponse { response, refused } = NumberField::new(label, value, range)
            .beside(&slider)
            .text(numbers::rate)
            .speed(speed)
            .tooltip(tooltip)
            .show(ui);
        (slider.changed() || response.changed(), refused)
    })
}

/// A whole number in a box; true when it was changed.
pub fn number<N: egui::emath::Numeric>(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &mut N,
    range: RangeInclusive<N>,
    unit: &str,
) -> bool {
    number_row(ui, label, tooltip, |ui| {
        let NumberResponse { response, refused } = NumberField::new(label, value, range)
            .unit(unit)
            .tooltip(tooltip)
            .show(ui);
        (response.changed(), refused)
    })
}

/// A field whose text takes effect when it is left (or at Enter), so that half a name starts nothing; Escape takes back
/// what was typed. What was typed counts only while the field has the focus: it is never shown as if it held.
pub fn typed(
    ui: &mut egui::Ui,
    name: &str,
    value: &str,
    add: impl FnOnce(&mut egui::Ui, &mut String) -> egui::Response,
) -> Option<String> {
    let id = ui.make_persistent_id((name, "typed"));
    let kept = ui.data(|data| data.get_temp::<String>(id));
    let mut text = kept.unwrap_or_else(|| value.to_owned());
    let response = add(ui, &mut text);
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
        return None;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    let is_given = response.changed()
        || (response.lost_focus() && !ui.input(|input| input.key_pressed(egui::Key::Escape)));
    (is_given && text != value).then_some(text)
}

/// A check box in the column of the controls; true when it was changed.
pub fn toggle(ui: &mut egui::Ui, label: &str, tooltip: &str, value: &mut bool) -> bool {
    row(ui, label, tooltip, |ui| {
        ui.checkbox(value, "")
            .accessible_name(label)
            .on_hover_text(tooltip)
            .changed()
    })
}

/// One of several, in a drop-down; each with its title and a sentence. True when another was chosen.
pub fn choice<T: PartialEq + Clone>(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &mut T,
    options: &[(T, &str, &str)],
) -> bool {
    let title = options
        .iter()
        .find(|(option, ..)| option == value)
        .map_or("Other", |(_, title, _)| title);
    let index = options.iter().position(|(option, ..)| option == value);
    match choose(ui, label, tooltip, title, index, &titles(options)) {
        Some(chosen) => {
            *value = options[chosen].0.clone();
            true
        }
        None => false,
    }
}

/// Titles and sentences of `options`.
pub fn titles<'a, T>(options: &'a [(T, &'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    options
        .iter()
        .map(|(_, title, sentence)| (*title, *sentence))
        .collect()
}

/// A drop-down that shows `title`; the index of the option that was chosen, if it is another one.
pub fn choose(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    title: &str,
    selected: Option<usize>,
    options: &[(&str, &str)],
) -> Option<usize> {
    row(ui, label, tooltip, |ui| {
        let mut chosen = None;
        egui::ComboBox::from_id_salt((label, "choice"))
            .width(ui.available_width())
            .selected_text(title)
            .truncate()
            .show_ui(ui, |ui| {
                for (index, (title, sentence)) in options.iter().enumerate() {
                    let response = ui
                        .selectable_label(selected == Some(index), *title)
                        .on_hover_text(*sentence);
                    if response.clicked() && selected != Some(index) {
                        chosen = Some(index);
                    }
                }
            })
            .response
            .accessible_name(label)
            .on_hover_text(tooltip);
        chosen
    })
}

/// A [`segmented`] choice with its label: beside it, or above it where both do not fit. True when another was chosen.
pub fn segmented_row<T: PartialEq + Clone>(
    ui: &mut egui::Ui,
    label: &str,
    tooltip: &str,
    value: &mut T,
    options: &[(T, &str, &str)],
) -> bool {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let padding = ui.spacing().button_padding.x;
    let width: f32 = options
        .iter()
        .map(|(_, title, _)| text_width(ui, title, font.clone()) + 2.0 * padding + 4.0)
        .sum();
    let whole = ui.available_width().min(WIDEST_EDITOR);
    if label_width(ui) + ui.spacing().item_spacing.x + width + 4.0 <= whole {
        return row(ui, label, tooltip, |ui| segmented(ui, value, options));
    }
    ui.label(RichText::new(label).color(tokens(ui).text_muted))
        .on_hover_text(tooltip);
    segmented(ui, value, options)
}

/// One of a few short ones, side by side. True when another was chosen.
pub fn segmented<T: PartialEq + Clone>(
    ui: &mut egui::Ui,
    value: &mut T,
    options: &[(T, &str, &str)],
) -> bool {
    let mut changed = false;
    let colors = tokens(ui);
    egui::Frame::new()
        .fill(colors.sunken)
        .corner_radius(tokens::RADIUS_M)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                for (option, title, sentence) in options {
                    let selected = option == value;
                    let button =
                        egui::Button::selectable(selected, *title).corner_radius(tokens::RADIUS_M);
                    if ui.add(button).on_hover_text(*sentence).clicked() && !selected {
                        *value = option.clone();
                        changed = true;
                    }
                }
            });
        });
    changed
}

/// Controls that change nothing as things are: shown, but disabled, with the reason below them.
pub fn idle_if<R>(
    ui: &mut egui::Ui,
    reason: Option<String>,
    add: impl FnOnce(&mut egui::Ui) -> R,
) -> R {
    let Some(reason) = reason else {
        return add(ui);
    };
    let added = ui.add_enabled_ui(false, add);
    added.response.on_disabled_hover_text(&reason);
    note(ui, &reason);
    added.inner
}

/// A small heading above a group of rows.
pub fn heading(ui: &mut egui::Ui, text: &str) {
    ui.add_space(tokens::SPACE_S);
    ui.label(tokens::semibold(text));
    ui.add_space(tokens::SPACE_XS / 2.0);
}

/// A card: a raised surface with a margin.
pub fn card<R>(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui) -> R) -> R {
    tokens(ui)
        .card()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// A sentence in the colour of small print.
pub fn note(ui: &mut egui::Ui, text: &str) {
    ui.label(
        RichText::new(text)
            .size(tokens::TEXT_SMALL)
            .color(tokens(ui).text_muted),
    );
}

/// Whole sentences, on as many lines as they take. A number and its unit stay on one line.
pub fn sentences(ui: &mut egui::Ui, text: &str) -> egui::Response {
    ui.add(egui::Label::new(unbroken(text)).wrap())
}

fn unbroken(text: &str) -> String {
    ["%", "kB", "MB", "GB"]
        .iter()
        .fold(text.to_owned(), |text, unit| {
            text.replace(&format!(" {unit}"), &format!("\u{a0}{unit}"))
        })
}

/// A sentence in the danger colour, under the control that it is about.
pub fn problem(ui: &mut egui::Ui, message: Option<&str>) {
    if let Some(message) = message {
        let color = tokens(ui).danger;
        ui.label(
            RichText::new(format!("{} {message}", icon::WARNING))
                .size(tokens::TEXT_SMALL)
                .color(color),
        );
    }
}

/// A button that shows an icon alone, named for those who can't see it.
pub fn icon_button(ui: &mut egui::Ui, symbol: &str, name: &str, tooltip: &str) -> egui::Response {
    theme::icon_button(ui, symbol, name).on_hover_text(tooltip)
}

/// The one button that a view wants pressed.
pub fn primary_button(ui: &mut egui::Ui, text: &str, tooltip: &str) -> egui::Response {
    theme::primary_button(ui, text, true, vec2(0.0, 0.0)).on_hover_text(tooltip)
}

/// What stands in a view that has nothing to show: what to do next, and the buttons that do it.
pub fn empty_state(
    ui: &mut egui::Ui,
    symbol: &str,
    title: &str,
    text: &str,
    buttons: impl FnOnce(&mut egui::Ui),
) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(((height - 160.0) * 0.4).clamp(tokens::SPACE_S, 240.0));
        ui.label(
            RichText::new(symbol)
                .size(tokens::ICON_DISPLAY)
                .color(tokens(ui).text_faint),
        );
        ui.add_space(tokens::SPACE_XS);
        ui.label(tokens::semibold(title).size(tokens::TEXT_TITLE));
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width().min(420.0));
            ui.label(RichText::new(text).color(tokens(ui).text_muted));
        });
        ui.add_space(tokens::SPACE_S);
        buttons(ui);
    });
}

/// The button that goes on from an empty view; a quiet one `after` another that goes on sooner.
pub fn next_button(ui: &mut egui::Ui, text: &str, tooltip: &str, after: bool) -> bool {
    let response = if after {
        ui.button(text).on_hover_text(tooltip)
    } else {
        primary_button(ui, text, tooltip)
    };
    response.clicked()
}

/// A thin bar that is filled from the left, a share of 0 to 1.
pub fn bar(ui: &mut egui::Ui, share: f32, color: egui::Color32, name: &str) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    let colors = tokens(ui);
    ui.painter().rect_filled(rect, 3.0, colors.sunken);
    let mut filled = rect;
    filled.set_width(rect.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(filled, 3.0, color);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::accesskit::Role::ProgressIndicator,
            true,
            format!("{name}, {:.0} per cent", share * 100.0),
        )
    });
    response
}

/// Parts of a whole side by side, as one bar.
pub fn stacked_bar(
    painter: &egui::Painter,
    rect: egui::Rect,
    parts: &[(f64, egui::Color32)],
    whole: f64,
) {
    let mut left = rect.left();
    for (amount, color) in parts {
        let width = (rect.width() as f64 * amount / whole.max(f64::MIN_POSITIVE)) as f32;
        let part =
            egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(width, rect.height()));
        if width > 0.0 {
            painter.rect_filled(part, 1.0, *color);
        }
        left += width;
    }
}

/// A filled circle in a run's colour.
pub fn dot(ui: &mut egui::Ui, color: egui::Color32) -> egui::Response {
    let (rect, response) =
        ui.allocate_exact_size(vec2(12.0, ui.spacing().interact_size.y), Sense::hover());
    ui.painter().circle_filled(rect.center(), 5.0, color);
    response
}

/// A small labelled square, for legends that stand beside a painted chart. One piece, so that a row of them can wrap.
pub fn swatch(ui: &mut egui::Ui, color: egui::Color32, text: &str) -> egui::Response {
    let font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let widest = ui.max_rect().width();
    let (rect, response) = mark_and_text(ui, text, font, widest);
    let mark = egui::Rect::from_center_size(rect.left_center() + vec2(6.0, 0.0), vec2(10.0, 10.0));
    ui.painter().rect_filled(mark, 2.0, color);
    response
}

/// A run's dot and name, for legends. One piece, so that a row of them can wrap.
pub fn run_mark(ui: &mut egui::Ui, color: egui::Color32, text: &str) -> egui::Response {
    let widest = ui.max_rect().width();
    run_mark_within(ui, color, text, widest)
}

/// [`run_mark`] that takes no more than `widest` points.
pub fn run_mark_within(
    ui: &mut egui::Ui,
    color: egui::Color32,
    text: &str,
    widest: f32,
) -> egui::Response {
    let font = tokens::medium_font(tokens::TEXT_BODY);
    let (rect, response) = mark_and_text(ui, text, font, widest);
    ui.painter()
        .circle_filled(rect.left_center() + vec2(6.0, 0.0), 5.0, color);
    response
}

fn mark_and_text(
    ui: &mut egui::Ui,
    text: &str,
    font: egui::FontId,
    widest: f32,
) -> (egui::Rect, egui::Response) {
    let color = tokens(ui).text;
    let galley = elided_galley(ui, (widest - 24.0).max(40.0), text, font, color);
    let is_elided = galley.elided;
    let (rect, response) = ui.allocate_exact_size(
        vec2(galley.size().x + 18.0, galley.size().y + 4.0),
        Sense::hover(),
    );
    let place = egui::pos2(rect.left() + 18.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(place, galley, color);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, text));
    let response = match is_elided {
        true => response.on_hover_text(text),
        false => response,
    };
    (rect, response)
}

/// A number with what it is of, for summaries. One piece, so that a row of them can wrap.
pub fn figure(ui: &mut egui::Ui, value: &str, label: &str) -> egui::Response {
    let colors = tokens(ui);
    let value_font = tokens::semibold_font(tokens::TEXT_TITLE);
    let label_font = egui::FontId::proportional(tokens::TEXT_SMALL);
    let number = ui
        .painter()
        .layout_no_wrap(value.to_owned(), value_font, colors.text);
    let name = ui
        .painter()
        .layout_no_wrap(label.to_owned(), label_font, colors.text_muted);
    let size = vec2(
        number.size().x.max(name.size().x),
        number.size().y + name.size().y,
    );
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let below = rect.min + vec2(0.0, number.size().y);
    ui.painter().galley(rect.min, number, colors.text);
    ui.painter().galley(below, name, colors.text_muted);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::accesskit::Role::Label,
            true,
            format!("{value} {label}"),
        )
    });
    response
}

/// One line of text to paint, with an ellipsis where it is wider than `width`.
pub fn elided_galley(
    ui: &egui::Ui,
    width: f32,
    text: &str,
    font: egui::FontId,
    color: egui::Color32,
) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    ui.painter().layout_job(job)
}

/// What a control does, above it: below stands what it changes.
pub fn hover_text_above(response: egui::Response, text: &str) -> egui::Response {
    let mut tooltip = egui::Tooltip::for_enabled(&response);
    tooltip.popup = tooltip.popup.align(egui::RectAlign::TOP_START);
    tooltip.show(|ui| {
        ui.label(text);
    });
    response
}

/// How wide a text of the size of labels is, in points.
pub fn text_width(ui: &egui::Ui, text: &str, font: egui::FontId) -> f32 {
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, egui::Color32::PLACEHOLDER);
    galley.size().x
}

/// One line of painted text at the left of `rect`, with an ellipsis where it does not fit.
pub fn elided(
    ui: &egui::Ui,
    rect: egui::Rect,
    text: &str,
    font: egui::FontId,
    color: egui::Color32,
) {
    let galley = elided_galley(ui, rect.width(), text, font, color);
    let place = egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(place, galley, color);
}
