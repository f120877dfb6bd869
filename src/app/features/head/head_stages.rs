//! Which of the backbone's last stages the head takes its features from, by their names.

use eframe::egui;

use crate::app::ui::tokens::tokens;
use crate::app::ui::widgets;
use crate::experiment::bounds;
use crate::format;
use crate::models::tree::LayerTree;

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageChoice {
    /// How many stages: what the experiment says.
    pub count: u32,
    /// "From Stage 3 on"
    pub title: String,
    /// "6 stages, 2,024 channels"
    pub detail: String,
}

const TOOLTIP: &str = "From how many of the backbone's last stages the head takes its features. More stages help where \
                       pictures are unlike photographs (X-rays, surfaces, cells), because earlier stages detect edges \
                       and textures";

/// From the last stage alone to all of them, as far as a head may go.
pub fn choices(tree: &LayerTree) -> Vec<StageChoice> {
    let stages = &tree.stages;
    let most = u32::try_from(stages.len()).unwrap_or(u32::MAX);
    (*bounds::HEAD_STAGES.start()..=most.min(*bounds::HEAD_STAGES.end()))
        .filter_map(|count| {
            let first = stages.get(stages.len().checked_sub(count as usize)?)?;
            let channels = tree.head_features(count).unsigned_abs();
            Some(StageChoice {
                count,
                title: match count {
                    1 => format!("{} only", first.title),
                    _ => format!("From {} on", first.title),
                },
                detail: format!(
                    "{}, {}",
                    format::plural(u64::from(count), "stage", "stages"),
                    format::plural(channels, "channel", "channels")
                ),
            })
        })
        .collect()
}

/// The choice among `choices`, or a number while the stages' names are not known. True when changed.
pub fn stages_ui(ui: &mut egui::Ui, choices: &[StageChoice], count: &mut u32) -> bool {
    if choices.is_empty() {
        return widgets::number(ui, "Features from", TOOLTIP, count, bounds::HEAD_STAGES, "");
    }
    let before = *count;
    let shown = choices.iter().find(|choice| choice.count == before);
    let text = shown.map_or_else(
        || format::plural(u64::from(before), "stage", "stages"),
        |choice| choice.title.clone(),
    );
    widgets::row(ui, "Features from", TOOLTIP, |ui| {
        let width = ui.available_width();
        egui::ComboBox::from_id_salt("stages of the head")
            .width(width)
            .truncate()
            .selected_text(text)
            .show_ui(ui, |ui| {
                for choice in choices {
                    let button = egui::Button::selectable(choice.count == before, &choice.title)
                        .right_text(tokens(ui).small(&choice.detail))
                        .min_size(egui::vec2(ui.available_width().max(260.0), 0.0));
                    if ui.add(button).clicked() {
                        *count = choice.count;
                    }
                }
            })
            .response
            .accessible_name("Features from")
            .on_hover_text(TOOLTIP);
    });
    if let Some(choice) = shown {
        widgets::note(ui, &choice.detail);
    }
    *count != before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::core::state::Tree;
    use crate::app::features::fakes;

    #[test]
    fn every_number_of_stages_has_the_name_of_its_first() {
        let state = fakes::state();
        let Tree::Ready(tree) = &state.tree else {
            panic!("the fake has a tree");
        };
        let choices = choices(tree);
        assert_eq!(choices.len(), tree.stages.len());
        let last = &tree.stages[tree.stages.len() - 1].title;
        assert_eq!(choices[0].title, format!("{last} only"));
        assert!(
            choices[0].detail.starts_with("1 stage, "),
            "{:?}",
            choices[0]
        );
        let all = &choices[choices.len() - 1];
        assert_eq!(all.title, format!("From {} on", tree.stages[0].title));
        assert_eq!(all.count as usize, tree.stages.len());
    }
}
