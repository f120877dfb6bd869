//! A sweep that is open in the tests' window.

use std::sync::Arc;

use super::{OpenSweep, Places, Planned, SweepDocument, SweepState};
use crate::experiment::preset;
use crate::report::sweep::tests::sample;
use crate::worker::messages::{PlanBase, SweepStatus};

/// That sweep alone is open.
pub fn state(settings: usize, done: usize) -> SweepState {
    SweepState {
        open: Some(Box::new(open(settings, done))),
        ..SweepState::default()
    }
}

/// So many settings under two seeds, the first `done` of which are trained.
pub fn open(settings: usize, done: usize) -> OpenSweep {
    let sample = sample(settings, done);
    let plan = Arc::new(sample.plan);
    let document = SweepDocument::loaded(plan.sweep.clone(), "/sweeps/rates.sweep.ron".into());
    let places = Places {
        data: Some("/pictures/flowers".into()),
        out: Some("/sweeps/rates".into()),
        all_cards: false,
    };
    OpenSweep {
        planned: Planned {
            base: Some(Arc::new(PlanBase {
                fields: preset::fields(&plan.base),
                experiment: plan.base.clone(),
            })),
            problems_of_set: Vec::new(),
            problems_of_vary: vec![None; plan.sweep.vary.len()],
            plan: Some(plan.clone()),
            problem: None,
            is_pending: false,
        },
        status: Some(Arc::new(SweepStatus {
            cells: sample.cells,
            results: sample.results,
            tested: Vec::new(),
            plan,
        })),
        ..OpenSweep::new(document, places)
    }
}
