//! How long an experiment will take and what it needs, from what the window knows.

use super::layer_plan::PhaseLocks;
use crate::app::core::state::{State, Tree};
use crate::experiment::{Experiment, Views};
use crate::models::catalogue;
use crate::training::cache_coverage::CacheCoverage;
use crate::training::estimate::{Estimate, EstimateInput};
use crate::training::is_mixed_here;
use crate::training::time_estimate::{Planned, RunEstimate, picture_seconds};

/// The run's estimate, once speed and pictures are known.
pub fn run(state: &State, phases: &[Estimate]) -> Option<RunEstimate> {
    let experiment = &state.active_document()?.experiment;
    estimate(
        state,
        experiment,
        phases,
        state.features.cache_coverage.as_deref(),
    )
}

/// What the active experiment would cost with its augmentation drawn otherwise, as if nothing of it were kept; nothing
/// until layers, speed and pictures are known.
pub fn with_views(state: &State, layers: &[PhaseLocks], views: Views) -> Option<RunEstimate> {
    let mut experiment = state.active_document()?.experiment.clone();
    experiment.augmentation.views = views;
    let Tree::Ready(tree) = &state.tree else {
        return None;
    };
    let pictures = state.scan.counts()?;
    let mut phases = Vec::new();
    for (phase, locks) in experiment.phases.iter().zip(layers) {
        locks.estimate?;
        phases.push(Estimate::new(&EstimateInput {
            experiment: &experiment,
            phase,
            tree,
            frozen: &locks.frozen,
            head_parameters: locks.head_parameters,
            is_mixed: is_mixed_here(&experiment),
            pictures: Some(pictures),
        }));
    }
    estimate(state, &experiment, &phases, None)
}

fn estimate(
    state: &State,
    experiment: &Experiment,
    phases: &[Estimate],
    cache_coverage: Option<&CacheCoverage>,
) -> Option<RunEstimate> {
    let info = catalogue::find(&experiment.backbone.name)?;
    let measured = state.speeds.get(info.name)?;
    let Tree::Ready(tree) = &state.tree else {
        return None;
    };
    Some(RunEstimate::new(&Planned {
        experiment,
        phases,
        pictures: state.scan.counts()?,
        picture_seconds: picture_seconds(measured, info, tree.input_size),
        cache_coverage,
    }))
}
