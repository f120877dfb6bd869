//! Left side: the random changes to training pictures.

use eframe::egui;

use super::editor::EditorView;
use super::{format, widgets};
use crate::app::command::{Command, View};
use crate::app::state::State;
use crate::app::tokens::{self, icon};
use crate::data::augment::flip_views;
use crate::experiment::{Augmentation, FreezePlan, Views};

/// Plain data of the augmentation editor.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentationEditorView {
    pub editor: EditorView,
    /// What the choice of views costs, in a sentence.
    pub cost: String,
}

impl AugmentationEditorView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let editor = EditorView::build(state)?;
        let experiment = &editor.experiment;
        let frozen_epochs: u32 = experiment
            .phases
            .iter()
            .filter(|phase| phase.freeze != FreezePlan::Nothing)
            .map(|phase| phase.epochs)
            .sum();
        let cost = cost(&experiment.augmentation, frozen_epochs);
        Some(Self { editor, cost })
    }
}

fn cost(augmentation: &Augmentation, frozen_epochs: u32) -> String {
    if !augmentation.is_active() {
        return "No changes: the frozen layers look at every picture once.".into();
    }
    if frozen_epochs == 0 {
        return "Nothing is frozen: fresh changes cost nothing extra.".into();
    }
    match augmentation.views {
        Views::Fresh => format!(
            "The frozen layers look at every picture again in each of {}.",
            format::plural(frozen_epochs.into(), "epoch", "epochs")
        ),
        Views::Cached(views) => format!(
            "The frozen layers look at every picture {}, however many epochs follow.",
            format::plural(views.into(), "time", "times")
        ),
    }
}

/// What the augmentation editor remembers between frames: nothing so far.
#[derive(Debug, Clone, Default)]
pub struct AugmentationLocal {}

pub fn augmentation_ui(
    ui: &mut egui::Ui,
    view: &AugmentationEditorView,
    _local: &mut AugmentationLocal,
    out: &mut Vec<Command>,
) {
    let mut draft = view.editor.draft();
    let changes = &mut draft.experiment.augmentation;
    let mut touched = None;

    let tooltip = "Mirror left and right, one time in two: for things that have no left and right";
    if widgets::toggle(ui, "Horizontal flip", tooltip, &mut changes.horizontal_flip) {
        touched = Some("");
    }
    let tooltip =
        "Mirror top and bottom, one time in two: for pictures taken from above, or of flat things";
    if widgets::toggle(ui, "Vertical flip", tooltip, &mut changes.vertical_flip) {
        touched = Some("");
    }
    let tooltip = "Turn by up to this many degrees either way";
    if widgets::slider(
        ui,
        "Rotation",
        tooltip,
        &mut changes.rotation,
        0.0..=180.0,
        1.0,
        "°",
    ) {
        touched = Some("rotation");
    }
    let shares: [(&str, &str, &str, &mut f64, f64, &'static str); 7] = [
        (
            "Zoom",
            "zoom",
            "Enlarge or shrink by up to this share",
            &mut changes.zoom,
            0.9,
            "zoom",
        ),
        (
            "Translation",
            "translation",
            "Shift by up to this share of the side, in both directions",
            &mut changes.translation,
            0.9,
            "translation",
        ),
        (
            "Crop",
            "crop",
            "Cut a random part and enlarge it: the largest share of the area that may be lost",
            &mut changes.crop,
            0.95,
            "crop",
        ),
        (
            "Contrast",
            "contrast",
            "Strengthen or weaken contrast by up to this share",
            &mut changes.contrast,
            1.0,
            "contrast",
        ),
        (
            "Brightness",
            "brightness",
            "Brighten or darken by up to this share of the full range",
            &mut changes.brightness,
            1.0,
            "brightness",
        ),
        (
            "Colour jitter",
            "color_jitter",
            "Vary saturation by up to this share and hue by up to a tenth of it",
            &mut changes.color_jitter,
            1.0,
            "colour jitter",
        ),
        (
            "Cutout",
            "cutout",
            "Blank a square of up to this share of the side",
            &mut changes.cutout,
            0.9,
            "cutout",
        ),
    ];
    for (label, field, tooltip, value, most, merge) in shares {
        if widgets::share_slider(ui, label, tooltip, value, most) {
            touched = Some(merge);
        }
        let field = format!("augmentation.{field}");
        let problem = view
            .editor
            .problems
            .iter()
            .find(|problem| problem.field == field);
        widgets::problem(ui, problem.map(|problem| problem.message.as_str()));
    }
    widgets::problem(ui, view.editor.draft().problem("augmentation.rotation"));

    widgets::heading(ui, "When they are drawn");
    #[derive(Clone, PartialEq)]
    enum Kind {
        Fresh,
        Cached,
    }
    let options = [
        (
            Kind::Fresh,
            "Every epoch",
            "Drawn anew for every picture in every epoch: no picture is ever seen twice",
        ),
        (
            Kind::Cached,
            "Once, kept",
            "A few versions per picture are drawn once and their frozen features kept: epochs then take a moment",
        ),
    ];
    let mut kind = if changes.views == Views::Fresh {
        Kind::Fresh
    } else {
        Kind::Cached
    };
    let tooltip =
        "Whether changes are drawn anew, which costs the frozen layers' work in every epoch";
    if widgets::segmented_row(ui, "Versions", tooltip, &mut kind, &options) {
        changes.views = match kind {
            Kind::Fresh => Views::Fresh,
            Kind::Cached if changes.has_continuous_changes() => Views::Cached(8),
            Kind::Cached => Views::Cached(flip_views(changes).max(2)),
        };
        touched = Some("");
    }
    if let Views::Cached(views) = &mut changes.views {
        let tooltip = "Versions per picture; with flips alone, each combination once";
        if widgets::number(ui, "Per picture", tooltip, views, 1..=64, " versions") {
            touched = Some("cached views");
        }
    }
    widgets::note(ui, &view.cost);
    draft.touched(touched.is_some(), touched.unwrap_or_default());
    widgets::problem(ui, draft.problem("augmentation.views"));

    ui.add_space(tokens::SPACE_XS);
    ui.horizontal_wrapped(|ui| {
        let preview = ui.button(format!("{} Preview", icon::EYE));
        if preview
            .on_hover_text("See the same picture drawn again and again")
            .clicked()
        {
            out.push(Command::ShowView(View::Augmentation));
        }
        let active = draft.experiment.augmentation.is_active();
        ui.add_enabled_ui(active, |ui| {
            let none = ui
                .button("Switch all off")
                .on_hover_text("Train on the pictures as they are");
            if none.clicked() {
                draft.experiment.augmentation = Augmentation::default();
                draft.touched(true, "");
            }
        });
    });
    draft.finish(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_views_is_said() {
        let mut changes = Augmentation::default();
        assert!(cost(&changes, 10).starts_with("No changes"));
        changes.horizontal_flip = true;
        assert!(cost(&changes, 10).contains("each of 10 epochs"));
        changes.views = Views::Cached(2);
        assert!(cost(&changes, 10).contains("2 times"));
        assert!(cost(&changes, 0).starts_with("Nothing is frozen"));
    }
}
