//! What a shoot-out of the chosen networks would compute.

use std::collections::BTreeSet;

use crate::app::core::state::State;
use crate::experiment::WeightsSource;
use crate::format;
use crate::models::WeightsInfo;
use crate::models::catalogue::{self, ArchitectureInfo};
use crate::shootout::{self, EntryState, PlanInput, ShootoutEntry, ShootoutPlan, ShootoutReport};

/// What the shoot-out calls a network.
pub(super) fn network_of(backbone: &str, source: &WeightsSource) -> String {
    let is_default = |name: &str| {
        catalogue::find(backbone).is_some_and(|info| info.default_weights().name == name)
    };
    match source {
        WeightsSource::Pretrained => backbone.to_owned(),
        WeightsSource::Named(name) if is_default(name) => backbone.to_owned(),
        WeightsSource::Named(name) => format!("{backbone}:{name}"),
        WeightsSource::Random => format!("{backbone}:random"),
        other => {
            let path = other.file().map(|path| path.display().to_string());
            format!("{backbone}:{}", path.unwrap_or_default())
        }
    }
}

/// What a shoot-out of the chosen networks would do, beside what was found.
pub(super) fn planned(
    state: &State,
    report: Option<&ShootoutReport>,
) -> Result<ShootoutPlan, String> {
    let choice = &state.shootout.choice;
    let pictures = state
        .scan
        .counts()
        .map_or(0, |counts| counts.train + counts.validation);
    let chosen: Option<Vec<String>> =
        (choice.networks.as_ref()).map(|networks| networks.iter().cloned().collect());
    let here = |weights: &WeightsInfo| is_stored(state, weights).then(|| file_bytes(weights));
    let plan = shootout::plan(&PlanInput {
        chosen: chosen.as_deref(),
        budget_seconds: choice.budget_seconds(),
        pictures,
        speeds: &state.speeds,
        here: &here,
        downloads: choice.downloads,
        random: false,
        base: None,
    });
    let mut plan = plan.map_err(|error| error.to_string())?;
    if let (Some(report), Some(budget)) = (report, choice.budget_seconds())
        && report.folds == choice.folds as usize
    {
        fit_into_rest(&mut plan, report, budget);
    }
    Ok(plan)
}

/// What was found has used a part of the budget: the rest alone is for the others.
fn fit_into_rest(plan: &mut ShootoutPlan, report: &ShootoutReport, budget: f64) {
    let of = |entry: &ShootoutEntry| network_of(&entry.backbone, &entry.source);
    let done = report
        .entries
        .iter()
        .filter(|entry| entry.outcome.is_some());
    let done: BTreeSet<String> = done.map(of).collect();
    let mut left = budget - report.used_seconds;
    for entry in &mut plan.entries {
        let is_open = matches!(
            entry.state,
            EntryState::Waiting | EntryState::LeftOut { .. }
        );
        if !is_open || done.contains(&of(entry)) {
            continue;
        }
        let seconds = entry.estimated_seconds.unwrap_or(0.0);
        entry.state = match seconds > left {
            true => EntryState::LeftOut {
                reason: format!(
                    "it would take {}, and {} of the budget remain: allow more time",
                    format::estimate(seconds),
                    format::duration(left.max(0.0))
                ),
            },
            false => {
                left -= seconds;
                EntryState::Waiting
            }
        };
    }
}

pub(super) fn is_stored(state: &State, weights: &WeightsInfo) -> bool {
    let mut stored = state.stored_weights.iter();
    let owner = |info: &&ArchitectureInfo| {
        let mut own = info.weights.iter();
        own.any(|own| own.file_name == weights.file_name)
    };
    // Weights of several networks share a name; files do not.
    let Some(info) = catalogue::architectures().iter().find(owner) else {
        return false;
    };
    stored.any(|(backbone, name)| backbone == info.name && name == weights.name)
}

/// By the publisher's figure.
pub(super) fn file_bytes(weights: &WeightsInfo) -> u64 {
    (weights.file_mb * f64::from(1 << 20)) as u64
}
