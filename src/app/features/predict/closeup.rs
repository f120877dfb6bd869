//! One picture large: where the network looked, what it answered, and what it learned from.

use eframe::egui::{self, RichText};

use super::PredictLocal;
use super::query::part_sentence;
use super::view::{AnswersView, path_of};
use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::closeup::{
    ClassBar, NeighboursOf, Part, RunView, bars_ui, distance_row_ui, fact_rows_ui, header_ui,
    map_ui, method_ui, neighbours_ui, parts_ui, pictures_ui,
};
use crate::app::ui::names::shown_name;
use crate::app::ui::picture_grid::{closeup_keys, split_color};
use crate::app::ui::run_choice::RunChoice;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::widgets;
use crate::data::Split;
use crate::evaluation::margin;
use crate::format;
use crate::prediction::{AnsweredPicture, Assigned};

pub fn closeup_ui(
    ui: &mut egui::Ui,
    run: &RunChoice,
    view: &AnswersView,
    index: u32,
    state: &State,
    local: &mut PredictLocal,
    out: &mut Vec<Command>,
) {
    let Some(answer) = view.answer(index) else {
        return;
    };
    let PredictLocal { grid, closeup, .. } = local;
    closeup_keys(ui, &view.shown, grid);
    let path = path_of(answer);
    header_ui(ui, view, index, &path, grid, out, |_, _| ());
    ui.add_space(tokens::SPACE_XS);
    let source = &answer.picture.source;
    grid.requests.picture = Some(source.clone());
    parts_ui(ui, |ui, part| match part {
        Part::Pictures(height) => {
            map_ui(ui, &view.classes, closeup);
            let height = height.unwrap_or_else(|| ui.available_height());
            let colors = tokens(ui);
            let text = verdict(view, answer);
            let color = match answer.assigned() {
                Assigned::NoneOfThese => colors.warning,
                _ => colors.text_muted,
            };
            let run_view = RunView {
                name: &run.name,
                color: run.color,
                folder: &run.folder,
                classes: &view.classes,
                answer: Some((&text, color)),
            };
            let spoken = view.spoken(index);
            let picture = (Some(source), spoken.as_str());
            pictures_ui(ui, picture, &[run_view], state, grid, closeup, height);
        }
        Part::Details => {
            facts_ui(ui, view, answer);
            widgets::heading(ui, "Probabilities");
            let color = tokens::run_color(run.color);
            bars_ui(ui, &bars(view, answer), [color, color]);
            let is_none = answer.assigned() == Assigned::NoneOfThese;
            let of = NeighboursOf {
                folder: &run.folder,
                name: &path,
                source: Some(source),
                class: (!is_none).then(|| view.class(answer.most_probable())),
                note: "The pictures that the run learned from whose features are most like this one's.",
            };
            neighbours_ui(ui, of, state, grid, closeup, out);
            method_ui(ui, &run.folder, state);
        }
    });
}

/// "cat, 97.1 %"
fn verdict(view: &AnswersView, answer: &AnsweredPicture) -> String {
    let confidence = format::confidence(f64::from(answer.confidence));
    match answer.assigned() {
        Assigned::NoneOfThese => "None of these".to_owned(),
        _ => format!("{}, {confidence}", shown_name(&view.assigned(answer))),
    }
}

fn facts_ui(ui: &mut egui::Ui, view: &AnswersView, answer: &AnsweredPicture) {
    let colors = tokens(ui);
    let is_none = answer.assigned() == Assigned::NoneOfThese;
    let (text, color) = match is_none {
        true => (format!("{} None of these", icon::QUESTION), colors.warning),
        false => {
            let assigned = view.assigned(answer);
            (shown_name(&assigned).into_owned(), colors.text)
        }
    };
    let title = RichText::new(text).size(tokens::TEXT_LARGE).color(color);
    ui.add(egui::Label::new(title).truncate());
    if let Some(part) = answer.part.filter(|part| *part == Split::Train) {
        widgets::note(ui, part_sentence(part));
    }
    if is_none {
        let like = shown_name(view.class(answer.most_probable())).into_owned();
        let text = format!(
            "This picture is unlike all that the run learned from. Of its classes it would be {like}; how sure the network is of \
             that means little here."
        );
        widgets::note(ui, &text);
    }
    fact_rows_ui(ui, |row| {
        let confidence = format::confidence(f64::from(answer.confidence));
        row(
            "Confidence",
            confidence.into(),
            "The probability of the answer",
        );
        row(
            "Margin",
            format::confidence(f64::from(margin(&answer.probabilities))).into(),
            "The difference of the two highest probabilities",
        );
        if let Some(novelty) = answer.novelty {
            distance_row_ui(row, colors, novelty);
        }
        if let Some(part) = answer.part {
            let title = match part {
                Split::Train => "● Training",
                Split::Validation => "● Validation",
                Split::Test => "● Test",
            };
            let color = split_color(colors, part);
            row(
                "Split",
                RichText::new(title).color(color),
                part_sentence(part),
            );
        }
    });
}

/// The most probable first.
fn bars(view: &AnswersView, answer: &AnsweredPicture) -> Vec<ClassBar> {
    let mut bars: Vec<ClassBar> = (0u32..)
        .zip(&answer.probabilities)
        .map(|(class, &probability)| ClassBar {
            class,
            name: view.class(class).to_owned(),
            is_true: false,
            probabilities: [Some(probability), None],
        })
        .collect();
    let probability = |bar: &ClassBar| bar.probabilities[0].unwrap_or_default();
    bars.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
    bars
}
