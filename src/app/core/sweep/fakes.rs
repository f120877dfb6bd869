//! A sweep that is open in the tests' window.

use std::sync::Arc;

use super::{OpenSweep, Places, Planned, SweepDocument, SweepState};
use crate::experiment::preset;
use crate::report::sweep::tests::{Sample, sample};
use crate::worker::messages::{PlanBase, SweepStatus};

/// That sweep alone is open.
pub fn state(settings: usize, done: usize) -> SweepState {
    SweepState {
        open: Some(Box::new(open(settings, done))),
        ..SweepState::default()
    }
}

/// The same, with names of sweep, files, fields and values that have no room in a narrow view.
pub fn state_with_long_names(settings: usize, done: usize) -> SweepState {
    let long = "a-name-that-goes-on-until-nothing-beside-it-has-room-any-more";
    let mut sample = sample(settings, done);
    sample.plan.sweep.name = format!("Sweep of {long} {long}");
    sample.plan.fields[2] = format!("training.{}", long.replace('-', "_"));
    for cell in &mut sample.plan.cells {
        cell.settings[1] = format!("Below(\"{long}.{}\")", cell.settings[1].len());
        cell.settings[2] = format!("{long}-{}", cell.settings[2]);
    }
    let mut open = of_sample(sample);
    open.document.file = Some(format!("/sweeps/{long}.sweep.ron").into());
    open.places.data = Some(format!("/pictures/{long}/{long}").into());
    open.places.out = Some(format!("/sweeps/{long}/{long}").into());
    SweepState {
        open: Some(Box::new(open)),
        ..SweepState::default()
    }
}

/// So many settings under two seeds, the first `done` of which are trained.
pub fn open(settings: usize, done: usize) -> OpenSweep {
    of_sample(sample(settings, done))
}

fn of_sample(sample: Sample) -> OpenSweep {
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
