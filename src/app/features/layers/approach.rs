//! The three ways of transfer learning, as a switch over the whole experiment.

use eframe::egui;

use crate::app::core::documents::both_ways;
use crate::app::ui::editor::Draft;
use crate::app::ui::layer_plan::{Lock, PhaseLocks};
use crate::app::ui::tokens::tokens;
use crate::app::ui::widgets;
use crate::experiment::{Experiment, FreezePlan, Phase, Schedule, WeightsSource};

/// How an experiment uses a pre-trained network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// Random weights, nothing frozen.
    FromScratch,
    /// Pre-trained weights, the whole backbone frozen.
    FeatureExtraction,
    /// Pre-trained weights, some or all of the backbone learns in some phase.
    FineTuning,
}

impl Approach {
    /// Which of the three `experiment` is, if any. `phases` are its plans laid over its tree.
    pub fn of(experiment: &Experiment, phases: &[PhaseLocks]) -> Option<Self> {
        let locks = experiment.phases.iter().enumerate().map(|(index, phase)| {
            let flags = phases
                .get(index)
                .map_or(&[][..], |locks| locks.frozen.as_slice());
            match (&phase.freeze, flags.is_empty()) {
                (FreezePlan::Backbone, _) => Lock::Frozen,
                (FreezePlan::Nothing, _) => Lock::Trainable,
                // Without a tree a plan that counts or names layers freezes some of them.
                (_, true) => Lock::Mixed,
                (_, false) => Lock::of(flags, 0..flags.len()),
            }
        });
        let locks: Vec<Lock> = locks.collect();
        let all = |wanted: Lock| locks.iter().all(|&lock| lock == wanted);
        match (&experiment.backbone.weights, locks.is_empty()) {
            (_, true) => None,
            (WeightsSource::Random, _) => all(Lock::Trainable).then_some(Self::FromScratch),
            _ if all(Lock::Frozen) => Some(Self::FeatureExtraction),
            _ => Some(Self::FineTuning),
        }
    }

    /// `experiment` with the phases and weights of this approach, on its data, network, head and
    /// augmentation.
    pub fn apply(self, experiment: &mut Experiment) {
        let [extraction, tuning] = both_ways(experiment);
        match self {
            Self::FromScratch => {
                experiment.backbone.weights = WeightsSource::Random;
                experiment.phases = vec![Phase {
                    name: "From scratch".into(),
                    epochs: 30,
                    freeze: FreezePlan::Nothing,
                    schedule: Schedule::Cosine { final_factor: 0.0 },
                    ..Phase::default()
                }];
            }
            Self::FeatureExtraction => {
                experiment.backbone.weights = extraction.backbone.weights;
                experiment.phases = extraction.phases;
            }
            Self::FineTuning => {
                experiment.backbone.weights = tuning.backbone.weights;
                experiment.phases = tuning.phases;
            }
        }
    }
}

/// The switch. It shows which of the three the experiment is, and rewrites its phases and weights;
/// gives the phase to look at when it has.
pub(super) fn approach_ui(
    ui: &mut egui::Ui,
    approach: Option<Approach>,
    draft: &mut Draft<'_>,
) -> Option<usize> {
    // A narrow pane has room for the last word of each.
    let [scratch, extraction, tuning] = if ui.available_width() >= 340.0 {
        ["From scratch", "Feature extraction", "Fine-tuning"]
    } else {
        ["Scratch", "Extraction", "Fine-tuning"]
    };
    let options = [
        (
            Some(Approach::FromScratch),
            scratch,
            "Random initial weights, nothing frozen: training without any pre-training. Replaces phases and weights",
        ),
        (
            Some(Approach::FeatureExtraction),
            extraction,
            "Pre-trained weights, the whole backbone frozen: only the head is trained. Replaces phases and weights",
        ),
        (
            Some(Approach::FineTuning),
            tuning,
            "Pre-trained weights: first the head alone is trained, then the last layers too at a tenth of the learning rate. Replaces phases and weights",
        ),
    ];
    let mut phase = None;
    ui.horizontal_wrapped(|ui| {
        let mut chosen = approach;
        if widgets::segmented(ui, &mut chosen, &options)
            && let Some(chosen) = chosen
        {
            chosen.apply(&mut draft.experiment);
            // The last phase is the one that says what the approach is.
            phase = draft.experiment.phases.len().checked_sub(1);
            draft.touched(true, "");
        }
        if approach.is_none() {
            ui.label(tokens(ui).muted("Mixed"))
                .on_hover_text("None of the three: some layers are frozen with random weights, and never learn anything");
        }
    });
    phase
}
