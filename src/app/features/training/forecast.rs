//! The foot of the left side: how much of the network learns in the end, how long the active experiment will take and what
//! it needs, before anything is trained.

use eframe::egui;

use crate::app::core::state::State;
use crate::app::ui::layer_plan::PhaseLocks;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::ViewContext;
use crate::app::ui::{forecast, widgets};
use crate::format;
use crate::models::speed::Taken;
use crate::training::estimate::Estimate;
use crate::training::time_estimate::RunEstimate;

/// Plain data of the forecast; what is not known yet is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForecastView {
    pub time: Option<Part>,
    pub features: Option<Part>,
    pub memory: Option<Part>,
}

/// A figure and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    pub tooltip: String,
}

impl ForecastView {
    /// `layers`: the active experiment's plans, laid over the tree.
    pub fn build(state: &State, layers: &[PhaseLocks]) -> Self {
        let phases: Option<Vec<Estimate>> = layers.iter().map(|phase| phase.estimate).collect();
        let Some(phases) = phases.filter(|phases| !phases.is_empty()) else {
            return Self::default();
        };
        let memory = phases.iter().max_by_key(|phase| phase.memory()).map(memory);
        match forecast::run(state, &phases) {
            Some(estimate) => Self {
                time: Some(time(
                    &estimate,
                    state.features.cache_coverage.is_some(),
                    taken(state),
                    folds(state),
                )),
                features: features(&estimate),
                memory,
            },
            None => Self {
                memory,
                ..Self::default()
            },
        }
    }
}

/// Under which conditions the speed of the active experiment's backbone was measured.
fn taken(state: &State) -> Option<Taken> {
    let name = &state.active_document()?.experiment.backbone.name;
    state.speeds.get(name)?.taken
}

/// Trainings of the active experiment: one, or one for each fold.
fn folds(state: &State) -> u32 {
    let document = state.active_document();
    let folds = document.and_then(|one| one.experiment.data.split.cross_validation());
    folds.unwrap_or(1)
}

/// Features are computed once for all `folds`.
fn time(estimate: &RunEstimate, is_known: bool, taken: Option<Taken>, folds: u32) -> Part {
    let seconds = estimate.seconds() + f64::from(folds.saturating_sub(1)) * estimate.epochs_seconds;
    let each = match folds {
        1 => String::new(),
        folds => format!(", in each of {folds} folds"),
    };
    let kept = match (is_known, estimate.is_warm()) {
        (false, _) => "as if nothing were cached yet",
        (true, true) => "nothing, because all of them are cached",
        (true, false) => "those that are not cached yet",
    };
    let (from, about) = match taken {
        Some(taken) if taken.by_training => ("that a training reached on this machine", "about"),
        Some(taken) if !taken.is_calm() => (
            "that was measured on this machine while other programs were running: it may take less without them. The speed is \
             measured again when the machine is idle",
            "roughly",
        ),
        _ => ("that was measured on this machine", "about"),
    };
    Part {
        text: format::estimate(seconds).replace("about", about),
        tooltip: format!(
            "Estimated from the speed {from}\nFeatures of the frozen layers, computed once: {} ({kept})\nAll epochs and the test{each}: {}",
            format::estimate(estimate.once_seconds),
            format::estimate(estimate.epochs_seconds)
        ),
    }
}

fn features(estimate: &RunEstimate) -> Option<Part> {
    if estimate.features == 0 {
        return None;
    }
    let bytes = crate::format::bytes(estimate.features);
    let rows = &estimate.rows;
    let kept = rows.all - rows.missing;
    let (mark, tooltip) = if estimate.is_warm() {
        (
            "cached",
            "All of them are cached on disk: the run starts with its first epoch".to_owned(),
        )
    } else if kept > 0 {
        (
            "partly cached",
            format!(
                "{} of them are cached on disk",
                format::percent_of(kept as u64, rows.all as u64)
            ),
        )
    } else {
        (
            "to be computed",
            "Computed once, then cached on disk for this run and the next".to_owned(),
        )
    };
    Some(Part {
        text: format!("{bytes} of features, {mark}"),
        tooltip: format!("Features are the outputs of the frozen layers. {tooltip}"),
    })
}

fn memory(estimate: &Estimate) -> Part {
    let lines: Vec<String> = estimate
        .parts()
        .iter()
        .filter(|(_, bytes)| *bytes > 0)
        .map(|(name, bytes)| format!("{name}: {}", crate::format::bytes(*bytes)))
        .collect();
    Part {
        text: format!("≈ {} of memory", crate::format::bytes(estimate.memory())),
        tooltip: format!(
            "Estimated peak, in the phase that needs most memory; each run shows what it really needed\n{}",
            lines.join("\n")
        ),
    }
}

pub fn totals_ui(ui: &mut egui::Ui, context: &mut ViewContext<'_>) {
    let t = tokens(ui);
    let plans = context.layer_plans();
    let phases = plans.as_ref().map_or(&[][..], |plans| &plans.phases);
    let totals = (phases.iter())
        .filter_map(|phase| phase.totals)
        .max_by_key(|totals| totals.trainable);
    let Some(totals) = totals else {
        ui.horizontal(|ui| {
            let text = "Trainable parameters appear here once the layers are known";
            ui.add(egui::Label::new(t.small(text)).truncate())
                .on_hover_text(text);
        });
        widgets::bar(ui, 0.0, t.trainable, "Share of trainable parameters");
        forecast_ui(ui, &ForecastView::default());
        return;
    };
    ui.horizontal(|ui| {
        let share = format::percent_of(totals.trainable, totals.all());
        ui.label(tokens::semibold(share).color(t.trainable));
        ui.label(t.muted("trainable"));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let text = format!(
                "{} of {}",
                format::magnitude(totals.trainable),
                format::magnitude(totals.all())
            );
            ui.label(t.muted(text))
                .on_hover_text("Trainable parameters, in the phase that trains most, of all parameters: the backbone without its ImageNet classifier, and the new head");
        });
    });
    let share = totals.trainable_share() as f32;
    widgets::bar(ui, share, t.trainable, "Share of trainable parameters");
    forecast_ui(ui, &ForecastView::build(context.state, phases));
}

fn forecast_ui(ui: &mut egui::Ui, view: &ForecastView) {
    let colors = tokens(ui);
    let parts = [
        (icon::CLOCK, &view.time),
        (icon::DATABASE, &view.features),
        (icon::MEMORY, &view.memory),
    ];
    for (symbol, part) in parts {
        // What comes later has its room now: nothing above moves when it does.
        let Some(part) = part else {
            ui.label(colors.small(" "));
            continue;
        };
        let text = egui::Label::new(colors.small(format!("{symbol}  {}", part.text)));
        ui.add(text.truncate()).on_hover_text(&part.tooltip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::cache_coverage::RowCounts;

    fn estimate(all: usize, missing: usize) -> RunEstimate {
        RunEstimate {
            once_seconds: 30.0,
            epochs_seconds: 10.0,
            epoch_seconds: 1.0,
            features: 12_000_000,
            rows: RowCounts { all, missing },
        }
    }

    #[test]
    fn the_forecast_says_what_is_kept() {
        assert_eq!(time(&estimate(10, 10), false, None, 1).text, "about 40 s");
        // Features are computed once, epochs in each fold.
        let one = estimate(10, 10);
        let folds = time(&one, false, None, 5);
        let seconds = one.once_seconds + 5.0 * one.epochs_seconds;
        assert_eq!(folds.text, format::estimate(seconds));
        assert!(folds.tooltip.contains("in each of 5 folds"), "{folds:?}");
        assert!(
            time(&estimate(10, 0), true, None, 1)
                .tooltip
                .contains("all of them are cached")
        );
        let hasty = Taken {
            at: 0,
            threads: 2,
            others: Some(0.8),
            by_training: false,
        };
        let part = time(&estimate(10, 10), false, Some(hasty), 1);
        assert_eq!(part.text, "roughly 40 s");
        assert!(
            part.tooltip.contains("while other programs were running"),
            "{part:?}"
        );
        let text = |missing| features(&estimate(10, missing)).map(|part| part.text);
        assert_eq!(text(0).as_deref(), Some("12.0 MB of features, cached"));
        assert_eq!(
            text(10).as_deref(),
            Some("12.0 MB of features, to be computed")
        );
        assert_eq!(
            text(4).as_deref(),
            Some("12.0 MB of features, partly cached")
        );
        let nothing = RunEstimate {
            features: 0,
            ..estimate(0, 0)
        };
        assert_eq!(features(&nothing), None);
        let needs = Estimate {
            weights: 40_000_000,
            ..Estimate::default()
        };
        let part = memory(&needs);
        assert!(
            part.tooltip.contains("Weights and their copies: 40.0 MB"),
            "{part:?}"
        );
        assert!(!part.tooltip.contains("Gradients"));
    }
}
