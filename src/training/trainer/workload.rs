//! How much work a run is, for the forecast of the remaining time, and which features one pass can
//! record for several phases.

use super::session::Session;
use crate::data::Split;
use crate::experiment::Experiment;
use crate::training::forecast::{Forecast, Work};
use crate::training::network::Network;
use crate::training::phase_plan::PhasePlan;
use crate::training::sample::{kept_views, test_views};
use crate::training::shards::known_phases;

/// Backward costs about twice the forward pass.
const TRAINING_FACTOR: f64 = 3.0;

/// Multiply-adds of training one picture that comes from depth `from`, frozen up to `frozen_depth`.
pub(super) fn training_cost(network: &Network, from: usize, frozen_depth: usize) -> f64 {
    network.cost(from..frozen_depth.max(from))
        + TRAINING_FACTOR * network.cost(frozen_depth..network.depth())
}

/// Depths up to the one of phase `index` that later phases will need and that no phase until then
/// changes: one pass through the network records them all.
pub(super) fn later_depths(plans: &[PhasePlan], index: usize) -> Vec<usize> {
    let frozen_depths: Vec<usize> = plans[index..].iter().map(|plan| plan.cut).collect();
    known_phases(&frozen_depths)
        .into_iter()
        // The first is the phase itself, where it freezes anything.
        .filter(|(later, _)| *later > 0)
        .map(|(_, depth)| depth)
        .collect()
}

/// Whether every epoch (or the test) takes the pictures of `split` themselves, because nothing that is kept stands for
/// them.
pub(super) fn sees_pictures(experiment: &Experiment, plans: &[PhasePlan], split: Split) -> bool {
    let is_fresh = kept_views(&experiment.augmentation).is_none();
    split == Split::Train && is_fresh || plans.iter().any(|plan| plan.cut == 0)
}

/// Plans all phases and the test.
pub(super) fn plan_all(session: &mut Session<'_>) {
    let views = kept_views(&session.experiment.augmentation);
    let epochs_left: Vec<u32> = (0..session.plans.len())
        .map(|index| session.epochs_left(index))
        .collect();
    let network = &session.network;
    let forecast = &mut session.reporter.forecast;
    for split in [Split::Train, Split::Validation] {
        let (rows, is_kept) = match split {
            Split::Train => (
                session.train.len() * views.unwrap_or(1) as usize,
                views.is_some(),
            ),
            Split::Validation | Split::Test => (session.validation.len(), true),
        };
        let mut kept: Vec<usize> = Vec::new();
        let mut changed = usize::MAX;
        for (index, plan) in session.plans.iter().enumerate() {
            kept.retain(|&depth| depth <= changed);
            if epochs_left[index] == 0 {
                continue;
            }
            if is_kept && plan.cut > 0 && !kept.contains(&plan.cut) {
                let start = kept
                    .iter()
                    .copied()
                    .filter(|&depth| depth < plan.cut)
                    .max()
                    .unwrap_or(0);
                forecast.plan(Work::Forward, rows, network.cost(start..plan.cut));
                kept.extend(later_depths(&session.plans, index));
                kept.push(plan.cut);
            }
            changed = changed.min(plan.cut);
            let from = if is_kept { plan.cut } else { 0 };
            let epochs = epochs_left[index] as usize;
            match split {
                Split::Train => {
                    let cost = training_cost(network, from, plan.cut);
                    forecast.plan(Work::Training, epochs * session.train.len(), cost);
                }
                Split::Validation | Split::Test => {
                    let cost = network.cost(from..network.depth());
                    forecast.plan(Work::Forward, epochs * rows, cost);
                }
            }
        }
    }
    let views = test_views(session.experiment) as usize;
    let unchanged = session.plans.iter().map(|plan| plan.cut).min();
    let rows = session.test.len() * views;
    let mut from = 0;
    for depth in [unchanged.unwrap_or(0), network.depth()] {
        if from < depth {
            forecast.plan(Work::Forward, rows, network.cost(from..depth));
        }
        from = depth;
    }
}

/// The frozen part of phase `index` must be computed in every epoch after all.
pub(super) fn plan_without_cache(session: &mut Session<'_>, index: usize, split: Split) {
    let frozen_depth = session.plans[index].cut;
    let epochs = session.epochs_left(index) as usize;
    let cost = session.network.cost(0..frozen_depth);
    let forecast: &mut Forecast = &mut session.reporter.forecast;
    match split {
        Split::Train => forecast.plan(Work::Training, epochs * session.train.len(), cost),
        Split::Validation | Split::Test => {
            forecast.plan(Work::Forward, epochs * session.validation.len(), cost);
        }
    }
}

/// Phase `index` ends early by `epochs`.
pub(super) fn cancel_epochs(session: &mut Session<'_>, index: usize, epochs: u32) {
    let frozen_depth = session.plans[index].cut;
    let from = |split| session.cache.kept_depth(split, frozen_depth);
    let training = training_cost(&session.network, from(Split::Train), frozen_depth);
    let validating = session
        .network
        .cost(from(Split::Validation)..session.network.depth());
    let epochs = epochs as usize;
    let (train, validation) = (session.train.len(), session.validation.len());
    let forecast = &mut session.reporter.forecast;
    forecast.cancel(Work::Training, epochs * train, training);
    forecast.cancel(Work::Forward, epochs * validation, validating);
}
