//! Above the pictures: which run, which filters, in which order, and what they come to.

use std::path::Path;

use eframe::egui::{self, vec2};

use super::view::{GalleryView, ReadyView};
use super::{GalleryLocal, Mode};
use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryAction;
use crate::app::core::state::{RunRecord, State};
use crate::app::ui::drop_down::Item;
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{combo, confidence_ui, make_room, side_ui};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::evaluation::gallery::{Filter, SortBy};
use crate::evaluation::novelty::{distance_text, rate_text};
use crate::format;

/// The run that is shown, the one it is compared with, and which part of the gallery.
pub fn runs_ui(
    ui: &mut egui::Ui,
    view: &GalleryView,
    ready: Option<&ReadyView>,
    local: &mut GalleryLocal,
) {
    let item = |run_index: usize| {
        let choice = view.runs.get(run_index);
        choice.map_or_else(Item::default, |choice| {
            Item::of_run(&choice.name, tokens::run_color(choice.color))
        })
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        let width = ((ui.max_rect().width() - 296.0) / 2.0).clamp(150.0, 320.0);
        let labels = ("Run", "Whose predictions are shown");
        if let Some(chosen) = combo(ui, labels, width, view.run, item, view.runs.len()) {
            local.query.run = Some(view.runs[chosen].id.clone());
            local.grid.current = None;
        }
        // Nobody is compared with themselves.
        let others: Vec<usize> = (0..view.runs.len())
            .filter(|run_index| Some(*run_index) != view.run)
            .collect();
        if view.run.is_some() && !others.is_empty() {
            let option = |index: usize| match index.checked_sub(1) {
                None => Item::new("No other run"),
                Some(index) => item(others[index]),
            };
            let selected = others
                .iter()
                .position(|run_index| Some(*run_index) == view.against)
                .map_or(0, |index| index + 1);
            let labels = (
                "Compare with",
                "Another run's predictions on the same pictures, which can be sorted by how far the two disagree",
            );
            let count = others.len() + 1;
            if let Some(chosen) = combo(ui, labels, width, selected, option, count) {
                local.query.filter.other_right = None;
                local.query.against = chosen
                    .checked_sub(1)
                    .map(|index| view.runs[others[index]].id.clone());
                if chosen > 0 {
                    local.query.sort = SortBy::Disagreement;
                    local.query.largest_first = true;
                } else if local.query.sort == SortBy::Disagreement {
                    local.query.sort = SortBy::Loss;
                }
            }
        }
        make_room(ui, 268.0);
        let modes = [
            (Mode::Grid, "Grid", "Every prediction, sorted and filtered"),
            (
                Mode::Lesson,
                "By outcome",
                "Three rows: correct with a confidence over 90 %, correct with one under 60 %, and wrong",
            ),
            (
                Mode::Suspects,
                "Label issues",
                "Labels that are likely wrong, and the same picture in two parts of the split",
            ),
        ];
        widgets::segmented(ui, &mut local.mode, &modes);
    });
    if let Some(reason) = ready.and_then(|ready| ready.why_not.as_ref()) {
        widgets::problem(ui, Some(&format!("These runs can't be compared: {reason}")));
    }
}

/// Filters and order.
pub fn filters_ui(
    ui: &mut egui::Ui,
    ready: &ReadyView,
    state: &State,
    local: &mut GalleryLocal,
    out: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_S, tokens::SPACE_XS);
        if local.mode == Mode::Grid {
            sort_ui(ui, ready, local);
        }
        class_ui(ui, ready, local);
        let filter = &mut local.query.filter;
        make_room(ui, 160.0);
        let verdicts = [
            (None, "All", "Correct and wrong predictions"),
            (
                Some(true),
                "Correct",
                "The predicted class is the true class",
            ),
            (
                Some(false),
                "Wrong",
                "The predicted class is not the true class",
            ),
        ];
        widgets::segmented(ui, &mut filter.right, &verdicts);
        if ready.other.is_some() && ready.why_not.is_none() {
            other_ui(ui, filter);
        }
        split_ui(ui, ready, filter);
        further_splits_ui(ui, ready, state, out);
        let filter = &mut local.query.filter;
        confidence_ui(ui, &mut filter.confidence);
        none_of_these_ui(ui, ready, filter);
        make_room(ui, 120.0);
        let tooltip = "Shows pictures whose file name holds this";
        ui.add(
            egui::TextEdit::singleline(&mut filter.file)
                .hint_text("File name")
                .desired_width(104.0),
        )
        .accessible_name("File name")
        .on_hover_text(tooltip);
        if *filter != Filter::default() {
            make_room(ui, 90.0);
            let text = format!("{} Show all", icon::X);
            if ui
                .button(text)
                .on_hover_text("Clear every filter (0)")
                .clicked()
            {
                *filter = Filter::default();
            }
        }
    });
}

fn sort_ui(ui: &mut egui::Ui, ready: &ReadyView, local: &mut GalleryLocal) {
    let mut options = vec![
        (SortBy::Loss, "By loss"),
        (SortBy::Confidence, "By confidence"),
        (SortBy::Margin, "By margin"),
        (SortBy::File, "By file name"),
    ];
    if ready.other.is_some() && ready.why_not.is_none() {
        options.insert(3, (SortBy::Disagreement, "By disagreement"));
    }
    if ready.limit.is_some() {
        options.insert(3, (SortBy::Distance, "By distance"));
    }
    let selected = options
        .iter()
        .position(|(sort, _)| *sort == local.query.sort)
        .unwrap_or_default();
    let labels = (
        "Sort",
        "Loss: the cross-entropy of the true class, largest where the network is most wrong. Margin: the difference between the two \
         highest probabilities. Distance: how unlike the training pictures. Disagreement: how far two runs' probabilities are apart",
    );
    let item = |index: usize| Item::new(options[index].1);
    if let Some(chosen) = combo(ui, labels, 132.0, selected, item, options.len()) {
        local.query.sort = options[chosen].0;
        local.query.largest_first = local.query.sort != SortBy::File;
        local.grid.reveal = local.grid.current.is_some();
    }
    let (symbol, name) = if local.query.largest_first {
        (icon::ARROW_DOWN, "Largest first")
    } else {
        (icon::ARROW_UP, "Smallest first")
    };
    if widgets::icon_button(ui, symbol, name, "Reverse the sort order").clicked() {
        local.query.largest_first = !local.query.largest_first;
    }
}

/// Only where it means something: a filter that was set for another run stays in sight.
fn none_of_these_ui(ui: &mut egui::Ui, ready: &ReadyView, filter: &mut Filter) {
    if ready.limit.is_none() && !filter.none_of_these {
        return;
    }
    make_room(ui, 130.0);
    let tooltip = ready.limit.map_or_else(
        || "Nothing is known of how unlike this run's pictures are: clear this filter".to_owned(),
        |limit| {
            format!(
                "Shows pictures that are unlike the training pictures, and none of the classes: further than {}, as {} of your own may be",
                distance_text(limit.threshold),
                rate_text(limit.rate)
            )
        },
    );
    ui.checkbox(&mut filter.none_of_these, "None of these")
        .on_hover_text(tooltip);
}

fn class_ui(ui: &mut egui::Ui, ready: &ReadyView, local: &mut GalleryLocal) {
    let filter = &mut local.query.filter;
    let classes = &ready.run.predicted.classes;
    let item = |any: &str, is_truth: bool, option_index: usize| {
        let Some(class) = option_index.checked_sub(1) else {
            return Item::new(any);
        };
        let name = classes
            .get(class)
            .map_or("".into(), |name| shown_name(name));
        if !is_truth {
            return Item::new(name);
        }
        let count = ready.class_counts.get(class).copied().unwrap_or_default();
        let item = Item::new(name).detail(format::thousands(count as u64));
        if class < 9 {
            item.tooltip(format!("Press {} for this class", class + 1))
        } else {
            item
        }
    };
    let option_index = |class: Option<u32>| class.map_or(0, |class| class as usize + 1);
    let class = |option_index: usize| option_index.checked_sub(1).map(|class| class as u32);
    let labels = (
        "True class",
        "Shows pictures of one class; keys 1 to 9 do the same",
    );
    let count = classes.len() + 1;
    let truth = |index: usize| item("Any true class", true, index);
    let selected = option_index(filter.truth);
    if let Some(chosen) = combo(ui, labels, 140.0, selected, truth, count) {
        filter.truth = class(chosen);
    }
    let labels = ("Predicted class", "Shows pictures with this prediction");
    let predicted = |index: usize| item("Any predicted class", false, index);
    let selected = option_index(filter.predicted);
    if let Some(chosen) = combo(ui, labels, 150.0, selected, predicted, count) {
        filter.predicted = class(chosen);
    }
}

/// With "Correct" and "Wrong" beside it: pictures that the one run fixes or breaks.
fn other_ui(ui: &mut egui::Ui, filter: &mut Filter) {
    let options = [
        (None, "Other run: any"),
        (Some(true), "Other run: correct"),
        (Some(false), "Other run: wrong"),
    ];
    let selected = (options.iter())
        .position(|(right, _)| *right == filter.other_right)
        .unwrap_or_default();
    let labels = (
        "The other run's predictions",
        "Shows pictures that the other run classifies correctly, or wrongly: wrong in the other run and correct in this one \
         are those that this run fixes",
    );
    let item = |index: usize| Item::new(options[index].1);
    if let Some(chosen) = combo(ui, labels, 140.0, selected, item, options.len()) {
        filter.other_right = options[chosen].0;
    }
}

fn split_ui(ui: &mut egui::Ui, ready: &ReadyView, filter: &mut Filter) {
    if ready.splits.len() < 2 {
        return;
    }
    let title = |split: Split| match split {
        Split::Train => "Train",
        Split::Validation => "Validation",
        Split::Test => "Test",
    };
    let item = |index: usize| match index.checked_sub(1) {
        None => Item::new("All splits"),
        Some(index) => {
            let (split, count) = ready.splits[index];
            Item::new(title(split)).detail(format::thousands(count as u64))
        }
    };
    let selected = ready
        .splits
        .iter()
        .position(|(split, _)| Some(*split) == filter.split)
        .map_or(0, |index| index + 1);
    let labels = ("Split", "Shows pictures of one part of the split");
    let count = ready.splits.len() + 1;
    if let Some(chosen) = combo(ui, labels, 112.0, selected, item, count) {
        filter.split = chosen.checked_sub(1).map(|index| ready.splits[index].0);
    }
}

/// Parts of the split that the run's network has not answered yet.
fn further_splits_ui(ui: &mut egui::Ui, ready: &ReadyView, state: &State, out: &mut Vec<Command>) {
    // Of a cross-validation every picture is a test picture.
    let has_folds = |run: &&RunRecord| {
        run.summary
            .as_ref()
            .is_some_and(|summary| summary.folds.is_some())
    };
    let mut runs = state.runs.iter().filter(has_folds);
    if runs.any(|run| run.folder.as_ref() == Some(&ready.run.folder)) {
        return;
    }
    for split in [Split::Validation, Split::Train] {
        if !ready.splits.iter().any(|(known, _)| *known == split) {
            make_room(ui, 190.0);
            answer_ui(ui, &ready.run.folder, split, state, out);
        }
    }
}

/// A button that lets a run's network answer a part of its split.
pub fn answer_ui(
    ui: &mut egui::Ui,
    folder: &Path,
    split: Split,
    state: &State,
    out: &mut Vec<Command>,
) {
    let (predict, predicting) = match split {
        Split::Train => (
            "Predict the training pictures",
            "Predicting the training pictures…",
        ),
        Split::Validation => (
            "Predict the validation pictures",
            "Predicting the validation pictures…",
        ),
        Split::Test => ("Predict the test pictures", "Predicting the test pictures…"),
    };
    let is_asked = state
        .gallery
        .answering
        .contains(&(folder.to_path_buf(), split));
    let text = if is_asked {
        format!("{} {predicting}", icon::HOURGLASS)
    } else {
        format!("{} {predict}", icon::PLUS)
    };
    let button = ui.add_enabled(!is_asked, egui::Button::new(text));
    let button = button
            .accessible_name(predict)
            .on_hover_text(
                "The run's network predicts the class of these pictures too, and they are shown here. It takes \
                 a while; the predictions are kept in the run's folder",
            )
            .on_disabled_hover_text("The network is predicting these pictures");
    if button.clicked() {
        out.push(Command::Gallery(GalleryAction::Answer(
            folder.to_path_buf(),
            split,
        )));
    }
}

/// The lesson's counts of what is shown, and the size of the pictures.
pub fn summary_ui(ui: &mut egui::Ui, ready: &ReadyView, local: &mut GalleryLocal, has_size: bool) {
    let colors = tokens(ui);
    let summary = &ready.summary;
    let share = |part: usize, all: usize| {
        if all == 0 {
            "–".to_owned()
        } else {
            format::percent(part as f64 / all as f64)
        }
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(tokens::SPACE_L, tokens::SPACE_XS);
        // What is not of the test says so.
        let (one, many) = match ready.splits.as_slice() {
            [(Split::Validation, _)] => ("validation picture", "validation pictures"),
            [(Split::Train, _)] => ("training picture", "training pictures"),
            _ => ("picture", "pictures"),
        };
        let shown = if summary.all == ready.total() {
            format::plural(summary.all as u64, one, many)
        } else {
            format!(
                "{} of {}",
                format::thousands(summary.all as u64),
                format::plural(ready.total() as u64, one, many)
            )
        };
        ui.label(tokens::semibold(shown));
        // Of pictures that were chosen by their outcome, the share says nothing.
        if local.query.filter.right.is_none() {
            let right = format!("{} correct", share(summary.right, summary.all));
            ui.label(colors.muted(right)).on_hover_text(format!(
                "{} of {}; 95 % interval {} (Wilson)",
                format::thousands(summary.right as u64),
                format::thousands(summary.all as u64),
                format::percent_interval(ready.interval.low, ready.interval.high)
            ));
        }
        for (count, right, what) in [
            (
                summary.confident,
                summary.confident_right,
                "with confidence over 90 %",
            ),
            (summary.uncertain, summary.uncertain_right, "under 60 %"),
        ] {
            let text = format!("{} {what}", format::thousands(count as u64));
            let tooltip = format!(
                "{} of these {} are correct",
                share(right, count),
                format::plural(count as u64, "picture", "pictures")
            );
            ui.label(colors.muted(text)).on_hover_text(tooltip);
        }
        if local.mode == Mode::Grid && has_size {
            side_ui(ui, &mut local.grid);
        }
    });
    ui.add_space(tokens::SPACE_XS);
}
