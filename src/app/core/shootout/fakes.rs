//! A shoot-out as it may stand after some minutes, for tests and pictures of panels.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{BackbonesPage, Computing, ShootoutState};
use crate::evaluation::{IntervalMethod, Score};
use crate::shootout::fakes::{self, outcome, score};
use crate::shootout::{
    self, ComparisonToBest, EntryState, PlanInput, ShootoutEntry, ShootoutReport,
};

/// Where the fake stands.
pub fn out() -> PathBuf {
    "/runs/shootouts/flowers-1234abcd".into()
}

/// Five networks: two that can't be told apart, one that may be worse, one that is worse, one under way; then one that waits,
/// one that failed and one for which the budget is too small.
pub fn report() -> ShootoutReport {
    let mut report = fakes::report();
    let names = [
        "resnet50",
        "efficientnet_lite0",
        "mobilenet_v2",
        "resnet18",
        "densenet121",
        "convnext_tiny",
        "googlenet",
        "vgg16",
    ];
    report.entries = names.map(entry).to_vec();
    let done = [
        (0.873, 24.0, 612.0, None),
        (0.868, 212.0, 402.0, Some((-0.005, false, false))),
        (0.861, 231.0, 398.0, Some((-0.012, false, true))),
        (0.824, 96.0, 455.0, Some((-0.049, true, false))),
    ];
    for (entry, (accuracy, rate, memory, compared)) in report.entries.iter_mut().zip(done) {
        entry.state = EntryState::Done;
        entry.outcome = Some(outcome(accuracy, rate, memory * 1e6));
        entry.comparison = compared.map(|(difference, is_worse, is_borderline)| {
            let difference = Score {
                method: IntervalMethod::Newcombe,
                ..score(difference, 0.009)
            };
            ComparisonToBest {
                difference,
                p_value: Some(0.2),
                is_worse,
                is_borderline,
            }
        });
    }
    let states = [
        EntryState::Computing {
            done: 1_210,
            total: 2_099,
        },
        EntryState::Waiting,
        EntryState::Failed {
            reason: "the weight file is damaged: googlenet-1378be20.pth".into(),
        },
        EntryState::LeftOut {
            reason: "left out: it would take about 9 min, and 7 min 38 s of the budget is left"
                .into(),
        },
    ];
    for (entry, state) in report.entries.iter_mut().skip(4).zip(states) {
        entry.state = state;
    }
    report
}

fn entry(name: &str) -> ShootoutEntry {
    let plan = shootout::plan(&PlanInput {
        chosen: Some(&[name.to_owned()]),
        budget_seconds: None,
        pictures: 2_099,
        speeds: &BTreeMap::new(),
        here: &|weights| Some((weights.file_mb * 1e6) as u64),
        downloads: true,
        random: false,
        base: None,
    });
    plan.unwrap().entries.remove(0)
}

/// Such a one, of the pictures at hand, on the page that shows it.
pub fn state(report: ShootoutReport, computing: Computing) -> ShootoutState {
    ShootoutState {
        page: BackbonesPage::OnPictures,
        found: Some((out(), Arc::new(report))),
        out: Some(out()),
        computing,
        ..ShootoutState::default()
    }
}
