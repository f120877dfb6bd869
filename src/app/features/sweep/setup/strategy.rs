//! Which settings are trained, how often, and what is looked for.

use eframe::egui;

use super::Editing;
use crate::app::ui::tokens::tokens;
use crate::app::ui::widgets;
use crate::experiment::Monitor;
use crate::sweep::Strategy;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Grid,
    Random,
    Halving,
}

const KINDS: [(Kind, &str, &str); 3] = [
    (
        Kind::Grid,
        "Grid",
        "Every combination of the values, each trained to its end",
    ),
    (
        Kind::Random,
        "Random",
        "Some combinations that are drawn, each trained to its end: finds as good ones as a grid with fewer, where only some \
         fields matter",
    ),
    (
        Kind::Halving,
        "Successive halving",
        "A few epochs for all, more for the best: those that fall behind are trained no further",
    ),
];

const GOALS: [(Monitor, &str, &str); 3] = [
    (
        Monitor::ValidationAccuracy,
        "Validation accuracy",
        "Share of validation pictures whose most probable class is right; the highest is best",
    ),
    (
        Monitor::ValidationMacroF1,
        "Validation macro-F1",
        "F1 averaged over classes, each counting the same; the highest is best",
    ),
    (
        Monitor::ValidationLoss,
        "Validation loss",
        "Mean cross-entropy per validation picture; the lowest is best",
    ),
];

pub(super) fn strategy_ui(ui: &mut egui::Ui, editing: &mut Editing<'_>) {
    let sweep = &mut editing.draft.sweep;
    let kind = match sweep.strategy {
        Strategy::Grid => Kind::Grid,
        Strategy::Random { .. } => Kind::Random,
        Strategy::SuccessiveHalving { .. } => Kind::Halving,
    };
    let mut chosen = kind;
    let tooltip = "How the settings that are trained are chosen";
    widgets::segmented_row(ui, "Strategy", tooltip, &mut chosen, &KINDS);
    let mut touched = "";
    if chosen != kind {
        let longest = editing.view.longest.max(1);
        sweep.strategy = beginning(chosen, longest);
        touched = "strategy";
    }
    if let Some(control) = strategy_numbers_ui(ui, &mut sweep.strategy) {
        touched = control;
    }
    let tooltip = "Every setting is trained with so many seeds on the same split: only several say how much of a difference is luck";
    if widgets::number(ui, "Seeds", tooltip, &mut sweep.seeds, 1..=100, "") {
        touched = "seeds";
    }
    let tooltip = "What is compared. It is measured on validation pictures: the test pictures are not looked at before you have \
                   chosen a setting";
    if widgets::choice(ui, "Goal", tooltip, &mut sweep.goal.metric, &GOALS) {
        touched = "goal";
    }
    editing.touched(!touched.is_empty(), touched);
    if let Some(text) = &editing.view.size {
        ui.label(tokens(ui).muted(text));
    }
    if let Some(text) = &editing.view.time {
        ui.label(tokens(ui).muted(text));
    }
}

fn beginning(kind: Kind, longest: u32) -> Strategy {
    match kind {
        Kind::Grid => Strategy::Grid,
        Kind::Random => Strategy::Random { cells: 20, seed: 1 },
        Kind::Halving => Strategy::SuccessiveHalving {
            cells: None,
            seed: 1,
            first_epochs: (longest / 9).max(1),
            keep: 3,
            waits: true,
        },
    }
}

/// The numbers of a strategy; the control that was changed.
fn strategy_numbers_ui(ui: &mut egui::Ui, strategy: &mut Strategy) -> Option<&'static str> {
    let mut touched = None;
    let seed_ui = |ui: &mut egui::Ui, seed: &mut u64| {
        let tooltip = "Decides which combinations are drawn; a larger number of settings begins with the same ones";
        widgets::number(
            ui,
            "Seed of the draw",
            tooltip,
            seed,
            0..=u64::from(u32::MAX),
            "",
        )
        .then_some("seed of the draw")
    };
    match strategy {
        Strategy::Grid => {}
        Strategy::Random { cells, seed } => {
            let tooltip = "How many combinations are drawn; all of them, where there are fewer";
            if widgets::number(ui, "Settings", tooltip, cells, 1..=100_000, "") {
                touched = Some("settings");
            }
            touched = seed_ui(ui, seed).or(touched);
        }
        Strategy::SuccessiveHalving {
            cells,
            seed,
            first_epochs,
            keep,
            waits,
        } => {
            let mut draws = cells.is_some();
            let tooltip = "Begin with some combinations instead of all; numbers between two ends can only be drawn";
            if widgets::toggle(ui, "Draw the settings", tooltip, &mut draws) {
                *cells = draws.then_some(27);
                touched = Some("draw");
            }
            if let Some(cells) = cells {
                let tooltip = "How many combinations are drawn";
                if widgets::number(ui, "Settings", tooltip, cells, 1..=100_000, "") {
                    touched = Some("settings");
                }
                touched = seed_ui(ui, seed).or(touched);
            }
            let tooltip = "Epochs that every setting is trained at first";
            if widgets::number(ui, "First epochs", tooltip, first_epochs, 1..=10_000, "") {
                touched = Some("first epochs");
            }
            let tooltip =
                "One setting in so many goes on, and is trained for so many times the epochs";
            if widgets::number(ui, "One goes on in", tooltip, keep, 2..=100, "") {
                touched = Some("keep");
            }
            let tooltip = "Wait until all settings have come so far before some go on: the result then does not depend on how \
                           many computers work on it. Without it nobody waits (ASHA)";
            if widgets::toggle(ui, "Wait for all", tooltip, waits) {
                touched = Some("waits");
            }
        }
    }
    touched
}
