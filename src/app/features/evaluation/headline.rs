//! What an evaluation says first: how good the run is, how sure that is, and where it fails.

use eframe::egui::{self, Rect, Sense, pos2, vec2};

use super::given::Given;
use super::header::split_name;
use super::numbers::{NO_INTERVAL, card};
use super::view::{Card, EvaluationBody, EvaluationView, Headline, RunChoice, WorstClass};
use super::{pictures_of, show_confusion};
use crate::app::core::command::{Command, GalleryFilter};
use crate::app::ui::names::shown_name;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::evaluation::AnswerScores;
use crate::format;

pub(super) fn headline(scores: &AnswerScores, given: &Given<'_>) -> Headline {
    let confusion = &scores.confusion;
    let total = confusion.total();
    // A score of the moment takes its interval from the bootstrap as soon as that is done.
    let known = given.with_intervals();
    let macro_f1 = known.map_or(scores.macro_f1, |all| all.answers.macro_f1);
    let accuracy = known.map_or(scores.accuracy, |all| all.answers.accuracy);
    let largest = (0..confusion.classes.len())
        .map(|class| (confusion.truths(class), class))
        .max_by_key(|&(pictures, class)| (pictures, std::cmp::Reverse(class)))
        .filter(|(pictures, _)| *pictures > 0);
    Headline {
        accuracy: card(
            "Accuracy",
            &accuracy,
            true,
            "Share of the classified pictures whose predicted class is the true one",
        ),
        shares: (accuracy.interval)
            .filter(|_| total > 0)
            .map(|interval| [accuracy.value, interval.low, interval.high]),
        groups: known.and_then(|all| Some(all.groups?.groups)),
        correct: confusion.correct(),
        baseline: largest.map(|(pictures, class)| {
            let share = pictures as f64 / total as f64;
            let is_alone = (0..confusion.classes.len())
                .all(|other| other == class || confusion.truths(other) < pictures);
            let class = if is_alone {
                format!(
                    "the largest class ({})",
                    shown_name(&confusion.classes[class])
                )
            } else {
                "one class".to_owned()
            };
            (class, share)
        }),
        macro_f1: card(
            "Macro-F1",
            &macro_f1,
            false,
            "F1 averaged over classes, each counting the same: low where rare classes fail. 1 is perfect",
        ),
        worst: worst(scores),
    }
}

/// The class with the lowest F1; of equals the one with most pictures.
fn worst(scores: &AnswerScores) -> Option<WorstClass> {
    let classes = scores.report.classes.iter();
    let tested = classes.filter(|class| class.support > 0);
    let lowest = tested
        .clone()
        .map(|class| class.f1)
        .min_by(f64::total_cmp)?;
    if lowest >= 1.0 {
        return None;
    }
    let equals = tested.filter(|class| class.f1 <= lowest);
    let others = equals.clone().count() - 1;
    // The first of those with most pictures, as in the table.
    let worst = equals.rev().max_by_key(|class| class.support)?;
    Some(WorstClass {
        name: worst.name.clone(),
        others,
        f1: format!("{:.3}", worst.f1),
        found: (worst.recall * worst.support as f64).round() as u64,
        support: worst.support,
    })
}

/// What the accuracy means, in a sentence or three.
pub(super) fn sentence(body: &EvaluationBody, split: Split) -> String {
    let headline = &body.headline;
    let part = split_name(split);
    let caution = match split {
        Split::Train => {
            " The network has learned from these pictures: on new ones it is less accurate."
        }
        Split::Validation => {
            " These pictures chose the best epoch: on new ones it may be a little less accurate."
        }
        Split::Test => "",
    };
    if body.kept == 0 {
        return format!(
            "No {part} picture is classified: every prediction is below the confidence threshold (“Reject below”, at the bottom)."
        );
    }
    let mut text = format!(
        "{} of {} {} classified correctly.",
        format::thousands(headline.correct),
        format::plural(
            body.kept as u64,
            &format!("{part} picture"),
            &format!("{part} pictures")
        ),
        if body.kept == 1 { "is" } else { "are" }
    );
    if body.kept < body.total {
        let rejected = (body.total - body.kept) as u64;
        text = format!(
            "{text} {} rejected.",
            if rejected == 1 {
                "1 more is".to_owned()
            } else {
                format!("{} more are", format::thousands(rejected))
            }
        );
    }
    if let (Split::Test, Some([_, low, high])) = (split, headline.shares) {
        let interval = format::percent_interval(low, high);
        text = match headline.groups {
            // Groups are what the interval counts.
            Some(groups) => format!(
                "{text} On pictures of other groups of the same kind, expect {interval} (95 % interval, of {}).",
                format::plural(groups as u64, "group", "groups")
            ),
            None => format!(
                "{text} On new pictures of the same kind, expect {interval} (95 % interval)."
            ),
        };
    }
    text.push_str(caution);
    if let Some((class, share)) = &headline.baseline {
        text = format!(
            "{text} Always predicting {class} would reach {}.",
            format::percent(*share)
        );
    }
    text
}

/// From this width on, the number stands beside its sentence, and three tiles beside one another.
const WIDE: f32 = 520.0;
/// The room of the large number, in points.
const NUMBER: f32 = 190.0;
const TILE: f32 = 66.0;

pub(super) fn headline_ui(
    ui: &mut egui::Ui,
    view: &EvaluationView,
    run: &RunChoice,
    body: &EvaluationBody,
    out: &mut Vec<Command>,
) {
    let is_wide = ui.available_width() >= WIDE;
    let text = sentence(body, view.split);
    if is_wide {
        ui.horizontal_top(|ui| {
            let number = vec2(NUMBER, 0.0);
            let down = egui::Layout::top_down(egui::Align::Min);
            ui.allocate_ui_with_layout(number, down, |ui| {
                ui.set_width(NUMBER);
                number_ui(ui, &body.headline.accuracy);
            });
            ui.vertical(|ui| {
                ui.add_space(tokens::SPACE_S);
                ui.label(text);
                ui.add_space(tokens::SPACE_S);
                scale_ui(ui, &body.headline);
            });
        });
    } else {
        number_ui(ui, &body.headline.accuracy);
        ui.label(text);
        scale_ui(ui, &body.headline);
    }
    ui.add_space(tokens::SPACE_S);
    let gap = tokens::SPACE_S;
    let columns = if is_wide { 3.0 } else { 1.0 };
    let width = (ui.available_width() - gap * (columns - 1.0)) / columns;
    let layout = if is_wide {
        egui::Layout::left_to_right(egui::Align::Min)
    } else {
        egui::Layout::top_down(egui::Align::Min)
    };
    let rows = 4.0 - columns;
    let size = vec2(ui.available_width(), rows.max(1.0) * (TILE + gap) - gap);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        let card = &body.headline.macro_f1;
        let spoken = card.spoken();
        let macro_f1 = Tile {
            label: &card.label,
            value: &card.value,
            detail: &card.interval,
            spoken: &spoken,
            tooltip: &card.tooltip,
        };
        tile_ui(ui, width, &macro_f1, false);
        if worst_ui(ui, width, body) {
            out.push(Command::ShowGallery(GalleryFilter {
                true_class: body.headline.worst.as_ref().map(|worst| worst.name.clone()),
                right: Some(false),
                ..pictures_of(view, run)
            }));
        }
        if let Some(confusion) = confusion_ui(ui, width, body) {
            let (truth, predicted) = (&confusion.truth, &confusion.predicted);
            out.push(show_confusion(view, run, truth, predicted));
        }
    });
}

/// The accuracy, large, with its interval below.
fn number_ui(ui: &mut egui::Ui, card: &Card) {
    let colors = tokens(ui);
    let font = tokens::semibold_font(tokens::TEXT_HERO);
    let number = ui
        .painter()
        .layout_no_wrap(card.value.clone(), font, colors.text);
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let label = (ui.painter()).layout_no_wrap(card.label.clone(), small, colors.text_muted);
    let body = egui::FontId::proportional(tokens::TEXT_BODY);
    let interval = match card.interval.as_str() {
        NO_INTERVAL => "No interval".to_owned(),
        ends => format!("95 % interval {ends}"),
    };
    let interval = ui
        .painter()
        .layout_no_wrap(interval, body, colors.text_muted);
    let height = label.size().y + number.size().y + interval.size().y;
    let width = number.size().x.max(interval.size().x);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let mut top = rect.min;
    for galley in [label, number, interval] {
        let next = top + vec2(0.0, galley.size().y);
        ui.painter().galley(top, galley, colors.text);
        top = next;
    }
    let spoken = card.spoken();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &spoken));
    response.on_hover_text(&card.tooltip);
}

/// From nothing to everything: the accuracy as a bar, its interval as a whisker, and what the largest class alone gives
/// as a mark.
fn scale_ui(ui: &mut egui::Ui, headline: &Headline) {
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    let Some([accuracy, low, high]) = headline.shares else {
        return;
    };
    let track = rect.shrink2(vec2(0.0, 4.0));
    let at = |share: f64| track.left() + track.width() * share.clamp(0.0, 1.0) as f32;
    ui.painter()
        .rect_filled(track, tokens::RADIUS_S, colors.sunken);
    let filled = Rect::from_min_max(track.min, pos2(at(accuracy), track.bottom()));
    ui.painter()
        .rect_filled(filled, tokens::RADIUS_S, colors.accent_fill);
    let stroke = egui::Stroke::new(1.5, colors.text);
    ui.painter()
        .hline(at(low)..=at(high), rect.center().y, stroke);
    for end in [low, high] {
        ui.painter().vline(at(end), rect.y_range(), stroke);
    }
    let mut spoken = format!(
        "Scale from 0 to 100 %: accuracy {}, 95 % interval {}",
        format::percent(accuracy),
        format::percent_interval(low, high)
    );
    if let Some((class, share)) = &headline.baseline {
        let mark = egui::Stroke::new(2.0, colors.warning);
        ui.painter().vline(at(*share), rect.y_range(), mark);
        spoken = format!(
            "{spoken}. The yellow mark at {} is what always predicting {class} would reach",
            format::percent(*share)
        );
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &spoken));
    response.on_hover_text(spoken);
}

struct Tile<'a> {
    label: &'a str,
    value: &'a str,
    detail: &'a str,
    spoken: &'a str,
    tooltip: &'a str,
}

/// The worst class; whether its pictures are asked for.
fn worst_ui(ui: &mut egui::Ui, width: f32, body: &EvaluationBody) -> bool {
    let Some(worst) = &body.headline.worst else {
        let none = Tile {
            label: "Worst class",
            value: "None",
            detail: if body.kept == 0 {
                "No picture is classified"
            } else {
                "Every class has F1 1.000"
            },
            spoken: "Worst class: none",
            tooltip: "The class with the lowest F1",
        };
        tile_ui(ui, width, &none, false);
        return false;
    };
    let value = match worst.others {
        0 => shown_name(&worst.name).into_owned(),
        others => format!(
            "{} and {}",
            shown_name(&worst.name),
            format::plural(others as u64, "other", "others")
        ),
    };
    let detail = format!(
        "F1 {}, {} of {} recognised",
        worst.f1,
        format::thousands(worst.found),
        format::plural(worst.support, "picture", "pictures")
    );
    let worst_class = Tile {
        label: "Worst class",
        value: &value,
        detail: &detail,
        spoken: &format!("Worst class {value}: {detail}"),
        tooltip: "The class with the lowest F1, the harmonic mean of precision and recall",
    };
    tile_ui(ui, width, &worst_class, true)
}

/// The most frequent confusion, if its pictures are asked for.
fn confusion_ui<'a>(
    ui: &mut egui::Ui,
    width: f32,
    body: &'a EvaluationBody,
) -> Option<&'a super::view::TopConfusion> {
    let label = "Most frequent confusion";
    let Some(confusion) = body.confusions.first() else {
        let none = Tile {
            label,
            value: "None",
            detail: if body.kept == 0 {
                "No picture is classified"
            } else {
                "Every picture is classified correctly"
            },
            spoken: "Most frequent confusion: none",
            tooltip: "The two classes that are confused most often",
        };
        tile_ui(ui, width, &none, false);
        return None;
    };
    let value = format!(
        "{} {} {}",
        shown_name(&confusion.truth),
        icon::ARROW_RIGHT,
        shown_name(&confusion.predicted)
    );
    let detail = format!(
        "{}, {} of {}",
        format::plural(confusion.count, "picture", "pictures"),
        confusion.share,
        shown_name(&confusion.truth)
    );
    let most = Tile {
        label,
        value: &value,
        detail: &detail,
        spoken: &format!("{label}: {}", confusion.sentence),
        tooltip: "The true and the predicted class that are confused most often",
    };
    tile_ui(ui, width, &most, true).then_some(confusion)
}

/// A label, a value and a detail; one that `opens` the gallery is a button.
fn tile_ui(ui: &mut egui::Ui, width: f32, tile: &Tile<'_>, opens: bool) -> bool {
    let colors = tokens(ui);
    let sense = if opens {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width, TILE), sense);
    let is_lit = opens && (response.hovered() || response.has_focus());
    let (fill, edge) = if is_lit {
        (colors.raised_hover, colors.outline_strong)
    } else {
        (colors.background, colors.outline)
    };
    ui.painter().rect(
        rect,
        tokens::RADIUS_M,
        fill,
        egui::Stroke::new(tokens::STROKE_THIN, edge),
        egui::StrokeKind::Inside,
    );
    let inside = rect.shrink2(vec2(10.0, 6.0));
    let small = egui::FontId::proportional(tokens::TEXT_SMALL);
    let line = |from: f32, to: f32| {
        Rect::from_min_max(
            pos2(inside.left(), inside.top() + from),
            pos2(inside.right(), inside.top() + to),
        )
    };
    let muted = colors.text_muted;
    widgets::elided(ui, line(0.0, 14.0), tile.label, small.clone(), muted);
    let font = tokens::semibold_font(tokens::TEXT_LARGE);
    widgets::elided(ui, line(16.0, 38.0), tile.value, font, colors.text);
    widgets::elided(ui, line(39.0, 54.0), tile.detail, small, muted);
    let role = if opens {
        egui::accesskit::Role::Button
    } else {
        egui::accesskit::Role::Label
    };
    response.widget_info(|| egui::WidgetInfo::labeled(role, true, tile.spoken));
    let hint = if opens {
        format!(
            "{}\n{}\nClick to see the pictures in the gallery",
            tile.spoken, tile.tooltip
        )
    } else {
        format!("{}\n{}", tile.spoken, tile.tooltip)
    };
    response.on_hover_text(hint).clicked()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::core::prepared_answers::{Choices, PreparedAnswers};
    use crate::app::features::evaluation::body;
    use crate::evaluation::{Decision, Evaluation, Groups, Prediction, Predictions};

    #[test]
    fn the_interval_that_stands_first_is_of_patients() {
        // Thirty patients of four pictures each, which are right or wrong together.
        let rows = (0..120).map(|index| {
            let patient = index / 4;
            let sure = if patient % 5 == 0 { 0.4 } else { 0.9 };
            Prediction {
                file: format!("{index}.png"),
                truth: patient % 2,
                probabilities: match patient % 2 {
                    0 => vec![sure, 1.0 - sure],
                    _ => vec![1.0 - sure, sure],
                },
            }
        });
        let named = (0..120).map(|index| (format!("{index}.png"), (index / 4).to_string().into()));
        let predictions = Arc::new(Predictions {
            classes: vec!["a".into(), "b".into()],
            rows: rows.collect(),
            groups: Groups::new(named),
        });
        let evaluation = Evaluation::new(&predictions, &Decision::default());
        let by_patient = evaluation.answers.accuracy.interval.unwrap();
        let by_picture = evaluation
            .groups
            .unwrap()
            .accuracy_by_picture
            .interval
            .unwrap();
        assert!(by_patient.high - by_patient.low > 1.5 * (by_picture.high - by_picture.low));
        let source = PreparedAnswers::new(predictions, Arc::new(evaluation), None);
        let plain = body::build(&source, &Choices::default(), None, 0);
        let [accuracy, low, high] = plain.headline.shares.unwrap();
        assert!((accuracy - 0.8).abs() < 1e-9);
        assert_eq!((low, high), (by_patient.low, by_patient.high));
        let text = sentence(&plain, Split::Test);
        assert!(
            text.contains("On pictures of other groups of the same kind")
                && text.contains("of 30 groups"),
            "{text}"
        );
        // While a slider moves there is none, rather than one of pictures.
        let moved = Choices {
            reject_below: 0.55,
            ..Choices::default()
        };
        let live = body::build(&source, &moved, None, 0);
        assert_eq!(
            (
                live.headline.shares,
                live.headline.accuracy.interval.as_str()
            ),
            (None, "…")
        );
    }
}
