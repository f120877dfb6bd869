//! One split, or folds for a cross-validation.

use eframe::egui;

use crate::app::ui::editor::Draft;
use crate::app::ui::widgets;
use crate::experiment::bounds;

/// Folds that a person begins with, as scikit-learn does.
const USUAL: u32 = 5;

const WAYS: [(bool, &str, &str); 2] = [
    (
        false,
        "One split",
        "One network is trained, and tested on the test pictures",
    ),
    (
        true,
        "Folds",
        "Cross-validation: the pictures are divided into folds, and for each fold a network is trained on the others and \
         tested on it. Every picture is tested once, and all folds are one result",
    ),
];

pub(super) fn folds_ui(ui: &mut egui::Ui, draft: &mut Draft<'_>) {
    let split = &mut draft.experiment.data.split;
    let mut has_folds = split.folds.is_some();
    let tooltip = "Whether one network is trained and tested on one part of the pictures, or one for each fold of a cross-validation";
    let mut changed = false;
    if widgets::segmented_row(ui, "Test by", tooltip, &mut has_folds, &WAYS) {
        split.folds = has_folds.then_some(USUAL);
        split.fold = None;
        changed = true;
    }
    if let Some(folds) = &mut split.folds {
        let tooltip = "Into how many folds the pictures are divided. So many networks are trained, one after the other";
        changed |= widgets::number(ui, "Number of folds", tooltip, folds, bounds::FOLDS, "");
    }
    // Of a preset that was kept by one fold's run.
    let mut is_whole = false;
    if let (Some(fold), Some(folds)) = (split.fold, split.folds) {
        let text = match fold {
            0 => {
                format!("This experiment trains one network on all {folds} folds, without a test.")
            }
            fold => format!("This experiment trains and tests fold {fold} of {folds} alone."),
        };
        widgets::note(ui, &text);
        let tooltip = "Train one network for each fold instead of this one alone";
        is_whole = ui
            .button("Train all folds")
            .on_hover_text(tooltip)
            .clicked();
    }
    if is_whole {
        split.fold = None;
        changed = true;
    }
    draft.touched(changed, "folds");
    widgets::problem(ui, draft.problem("data.split.folds"));
    widgets::problem(ui, draft.problem("data.split.fold"));
}
