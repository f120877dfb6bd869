//! The probabilities of all classes, of one run or of two.

use eframe::egui;

use super::view::{GalleryView, ReadyView};
use crate::app::ui::closeup::{ClassBar, bars_ui};
use crate::app::ui::tokens::{self, tokens};

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
    let accent = tokens(ui).accent;
    let run_color = |run_index: Option<usize>| {
        let choice = run_index.and_then(|run_index| view.runs.get(run_index));
        choice.map_or(accent, |choice| tokens::run_color(choice.color))
    };
    let run_colors = [run_color(view.run), run_color(view.against)];
    bars_ui(ui, &bars(ready, picture_index), run_colors);
}
