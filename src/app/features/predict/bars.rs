//! A bar for each answer, which shows the pictures with it alone.

use eframe::egui::{self, Align2, FontId, Rect, Sense, pos2, vec2};

use super::filters::UNSURE_TOOLTIP;
use super::query::{Query, Shown, TRAINING_PICTURES};
use super::view::AnswersView;
use crate::app::core::prediction::PredictionState;
use crate::app::ui::tokens::{self, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::format;
use crate::prediction::Assigned;

/// Most classes that have a bar.
const CLASSES: usize = 6;
/// The least and the greatest width, in points.
const WIDTHS: (f32, f32) = (112.0, 190.0);
const HEIGHT: f32 = 30.0;
/// Room for a number, so that a bar does not grow with it.
const NUMBER: f32 = 46.0;
/// Left and right of what stands in a bar.
const MARGIN: f32 = 7.0;

/// What a bar shows alone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Of {
    Answer(Shown),
    Part(Split),
}

struct Bar {
    of: Of,
    name: String,
    number: usize,
    color: egui::Color32,
    /// What it means, where the name does not say it.
    tooltip: &'static str,
}

/// Bars for the classes, of many for the most frequent ones, and for what else can be said of the answers. They stand in the
/// classes' order, so that they stay where they are while answers come.
pub fn bars_ui(ui: &mut egui::Ui, state: &PredictionState, view: &AnswersView, query: &mut Query) {
    let colors = tokens(ui);
    let tally = &state.tally;
    let answer = |shown: Shown, number: usize, color, tooltip| Bar {
        of: Of::Answer(shown),
        name: shown.title(view).into_owned(),
        number,
        color,
        tooltip,
    };
    let named = named_classes(state);
    let of_named: usize = named.iter().map(|&(_, number)| number).sum();
    let answered = tally.classes.iter().filter(|&&number| number > 0).count();
    let others = answered.saturating_sub(CLASSES);
    let of_others = tally.classes.iter().sum::<usize>() - of_named;
    let mut bars: Vec<Bar> = (named.into_iter())
        .map(|(class, number)| {
            let shown = Shown::Only(Assigned::Class(class as u32));
            answer(shown, number, colors.accent, "")
        })
        .collect();
    if tally.undecided > 0 {
        let shown = Shown::Only(Assigned::Undecided);
        bars.push(answer(shown, tally.undecided, colors.outline_strong, ""));
    }
    if view.knows_novelty || tally.none_of_these > 0 {
        let shown = Shown::Only(Assigned::NoneOfThese);
        let tooltip = "Unlike all that the run learned from, and counted for no class";
        bars.push(answer(shown, tally.none_of_these, colors.warning, tooltip));
    }
    // These are counted above already.
    let mut further = Vec::new();
    if !state.classes.is_empty() {
        further.push(answer(
            Shown::Unsure,
            view.unsure,
            colors.outline_strong,
            UNSURE_TOOLTIP,
        ));
    }
    if view.training > 0 {
        further.push(Bar {
            of: Of::Part(Split::Train),
            name: TRAINING_PICTURES.to_owned(),
            number: view.training,
            color: colors.split_train,
            tooltip: "Pictures that the run was trained on, which it answers better than new ones",
        });
    }
    let whole = state.answers.len().max(1);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        // The room of a row is kept while no answer has come.
        ui.set_min_height(HEIGHT);
        for bar in &bars {
            bar_ui(ui, bar, whole, query);
        }
        if others > 0 {
            let classes = format::count(others, "other class", "other classes");
            let text = format!("{} of {classes}", format::thousands(of_others as u64));
            ui.label(tokens(ui).muted(text));
        }
        if !further.is_empty() {
            ui.add_space(tokens::SPACE_S);
        }
        for bar in &further {
            bar_ui(ui, bar, whole, query);
        }
    });
}

/// Classes that have a bar, with how often they were answered, in their order: all of a few, the most frequent ones of many.
fn named_classes(state: &PredictionState) -> Vec<(usize, usize)> {
    let counts = state.tally.classes.iter().copied().enumerate();
    if state.classes.len() <= CLASSES {
        return counts.collect();
    }
    let mut named: Vec<(usize, usize)> = counts.filter(|(_, number)| *number > 0).collect();
    named.sort_by_key(|(class, number)| (std::cmp::Reverse(*number), *class));
    named.truncate(CLASSES);
    named.sort_unstable();
    named
}

fn bar_ui(ui: &mut egui::Ui, bar: &Bar, whole: usize, query: &mut Query) {
    let colors = tokens(ui);
    let font = FontId::proportional(tokens::TEXT_BODY);
    let width = widgets::text_width(ui, &bar.name, font.clone()) + NUMBER + 2.0 * MARGIN;
    let size = vec2(width.clamp(WIDTHS.0, WIDTHS.1), HEIGHT);
    let is_chosen = match bar.of {
        Of::Answer(shown) => query.shown == shown,
        Of::Part(part) => query.part == Some(part),
    };
    // None leads to an empty wall.
    let is_enabled = bar.number > 0 || is_chosen;
    let sense = if is_enabled {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let fill = match (is_chosen, is_enabled && response.hovered()) {
        (true, _) => colors.accent_faint,
        (false, true) => colors.raised_hover,
        (false, false) => colors.faint,
    };
    ui.painter().rect_filled(rect, tokens::RADIUS_M, fill);
    if is_chosen || response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            tokens::RADIUS_M,
            egui::Stroke::new(1.0, colors.accent),
            egui::StrokeKind::Inside,
        );
    }
    let inner = rect.shrink2(vec2(MARGIN, 0.0));
    let text = format::thousands(bar.number as u64);
    let color = if is_enabled {
        colors.text
    } else {
        colors.text_faint
    };
    let line = inner.top() + 11.0;
    let used = ui.painter().text(
        pos2(inner.right(), line),
        Align2::RIGHT_CENTER,
        text,
        font.clone(),
        color,
    );
    let label = Rect::from_min_max(
        pos2(inner.left(), line - 8.0),
        pos2(used.left() - 6.0, line + 8.0),
    );
    widgets::elided(ui, label, &bar.name, font, color);
    let track = Rect::from_min_max(
        pos2(inner.left(), rect.bottom() - 8.0),
        pos2(inner.right(), rect.bottom() - 4.0),
    );
    ui.painter().rect_filled(track, 2.0, colors.raised_active);
    let share = bar.number as f32 / whole as f32;
    let mut filled = track;
    filled.set_width(track.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(filled, 2.0, bar.color);
    let spoken = format!(
        "{}: {}, {}",
        bar.name,
        format::count(bar.number, "picture", "pictures"),
        format::percent(f64::from(share))
    );
    response.widget_info(|| {
        let role = egui::accesskit::Role::Button;
        egui::WidgetInfo::selected(role, is_enabled, is_chosen, &spoken)
    });
    let click = match (is_enabled, is_chosen) {
        (false, _) => "",
        (true, true) => "Click to show all",
        (true, false) => "Click to show these alone",
    };
    if response.clicked() {
        match bar.of {
            Of::Answer(shown) => query.shown = if is_chosen { Shown::All } else { shown },
            Of::Part(part) => query.part = (!is_chosen).then_some(part),
        }
    }
    let lines = [spoken.as_str(), bar.tooltip, click];
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    response.on_hover_text(lines.join("\n"));
}
