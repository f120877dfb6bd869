//! How long the cells that are not trained yet will take, as far as that can be told.

use crate::app::core::state::State;
use crate::app::core::sweep::OpenSweep;
use crate::app::ui::forecast;
use crate::app::ui::view::ViewContext;
use crate::experiment::{DataSource, Experiment};
use crate::format;
use crate::paths;
use crate::sweep::{CellStatus, Plan, Strategy, seconds_left};
use crate::training::estimate::Estimate;
use crate::training::time_estimate::RunEstimate;

/// What one run of the base takes, by the speed that was measured on this machine; nothing where the base is not the experiment
/// that is open, the only one whose layers and pictures are known.
pub fn of_base(context: &mut ViewContext<'_>) -> Option<RunEstimate> {
    let open = context.state.sweep.open.as_deref()?;
    if !is_like_active(open, context.state) {
        return None;
    }
    let plans = context.layer_plans()?;
    let phases: Option<Vec<Estimate>> = plans.phases.iter().map(|phase| phase.estimate).collect();
    forecast::run(context.state, &phases?)
}

/// Whether an epoch of the base would take as long as one of the active experiment: it is the same on the same pictures, but for what
/// makes no difference.
fn is_like_active(open: &OpenSweep, state: &State) -> bool {
    let (Some(base), Some(active)) = (open.planned.base.as_deref(), state.active_document()) else {
        return false;
    };
    let path = active.experiment.data.source.path();
    let is_same_source = match &open.places.data {
        Some(chosen) => {
            path.is_some_and(|path| paths::expand(path, active.base().as_deref()) == *chosen)
        }
        None => base.experiment.data.source == active.experiment.data.source,
    };
    // What the sweep itself changes is in the base.
    let bare = |experiment: &Experiment| {
        let mut bare = experiment.clone();
        let usual = Experiment::default();
        bare.data.source = DataSource::Unset;
        (bare.name, bare.notes, bare.seed) = (usual.name, usual.notes, usual.seed);
        bare.training.monitor = usual.training.monitor;
        bare.training.keep = usual.training.keep;
        for phase in &mut bare.phases {
            (phase.epochs, phase.learning_rate) = (1, 1.0);
        }
        bare
    };
    is_same_source && bare(&base.experiment) == bare(&active.experiment)
}

/// The time that is left, in a sentence that says what it is estimated from; nothing while nothing was measured, and once all is
/// trained.
pub fn time_left(plan: &Plan, cells: &[CellStatus], base: Option<&RunEstimate>) -> Option<String> {
    let done: u32 = cells.iter().map(|cell| cell.epochs_done).sum();
    if done > 0 {
        let left = match plan.sweep.strategy {
            // What later rounds train is not among the epochs that are wanted so far.
            Strategy::SuccessiveHalving { .. } => {
                let seconds: f64 = cells.iter().map(|cell| cell.seconds).sum();
                let left = plan.epochs().saturating_sub(done.into());
                let is_over = cells.iter().all(|cell| cell.state.is_done());
                (!is_over).then(|| seconds / f64::from(done) * left as f64)
            }
            _ => seconds_left(cells),
        };
        let left = left.filter(|seconds| *seconds > 0.0)?;
        let epochs = format::plural(done.into(), "epoch", "epochs");
        return Some(format!(
            "Estimated time left: {}, one cell after the other, by the {epochs} that were trained so far.",
            format::estimate(left)
        ));
    }
    let base = base?;
    // Cells that share a frozen part compute it once.
    let seconds = base.once_seconds + plan.epochs() as f64 * base.epoch_seconds;
    Some(format!(
        "Estimated time: {} and a few seconds for each cell to begin, one after the other, by the measured speed of the base. Another \
         network, larger pictures or more layers that train take longer.",
        format::estimate(seconds)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sweep::tests::sample;
    use crate::training::cache_coverage::RowCounts;

    #[test]
    fn epochs_that_were_trained_count_before_the_speed_of_the_base() {
        let base = RunEstimate {
            once_seconds: 60.0,
            epochs_seconds: 60.0,
            epoch_seconds: 3.0,
            features: 0,
            rows: RowCounts::default(),
        };
        let sample_of = |done| sample(6, done);
        let fresh = sample_of(0);
        // 12 cells of 20 epochs.
        let text = time_left(&fresh.plan, &[], Some(&base)).unwrap();
        assert!(
            text.starts_with("Estimated time: about 13 min and "),
            "{text}"
        );
        assert_eq!(time_left(&fresh.plan, &[], None), None);
        let mut begun = sample_of(4);
        for cell in &mut begun.cells {
            cell.seconds = f64::from(cell.epochs_done) * 6.0;
        }
        let text = time_left(&begun.plan, &begun.cells, Some(&base)).unwrap();
        let done: u32 = begun.cells.iter().map(|cell| cell.epochs_done).sum();
        assert!(
            text.contains(&format!("by the {done} epochs that were trained so far")),
            "{text}"
        );
        let seconds = seconds_left(&begun.cells).unwrap();
        assert!(
            seconds > 0.0 && text.contains(&format::estimate(seconds)),
            "{text}"
        );
        for cell in &mut begun.cells {
            cell.state = crate::sweep::CellState::Finished;
        }
        assert_eq!(time_left(&begun.plan, &begun.cells, Some(&base)), None);
    }

    #[test]
    fn later_rounds_of_successive_halving_are_counted() {
        let mut begun = sample(6, 4);
        begun.plan.sweep.strategy = Strategy::SuccessiveHalving {
            cells: None,
            seed: 1,
            first_epochs: 2,
            keep: 3,
            waits: true,
        };
        for cell in &mut begun.cells {
            (cell.epochs_done, cell.epochs_wanted, cell.seconds) = (1, 2, 10.0);
        }
        let left = begun.plan.epochs() - begun.cells.len() as u64;
        let text = time_left(&begun.plan, &begun.cells, None).unwrap();
        assert!(
            text.contains(&format::estimate(10.0 * left as f64)),
            "{text}"
        );
    }
}
