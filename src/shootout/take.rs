//! "Take this one": the experiment that a shoot-out's network is the beginning of.

use super::report::{ShootoutEntry, ShootoutReport};
use crate::experiment::{Experiment, Optimizer, OutputLayer, Phase, Preprocessing};
use crate::format;

/// `base` with the network of `entry`, frozen, below a linear head that logistic regression solves: what the shoot-out judged. Its
/// features are kept already. Data, seed, precision and pooling stay those of `base`.
pub fn take(report: &ShootoutReport, entry: &ShootoutEntry, base: &Experiment) -> Experiment {
    let mut experiment = base.clone();
    experiment.name = format!("{}, linear head", entry.called());
    experiment.notes = note(report, entry);
    let backbone = &mut experiment.backbone;
    backbone.name.clone_from(&entry.backbone);
    backbone.weights = entry.source.clone();
    backbone.input_size = None;
    backbone.preprocessing = Preprocessing::Auto;
    experiment.head.stages = report.stages;
    experiment.head.layers.clear();
    experiment.head.output = OutputLayer::Softmax;
    experiment.phases = vec![Phase {
        name: "Linear head".into(),
        // Its strength is chosen anew, on the training pictures alone.
        optimizer: Optimizer::LogisticRegression { c: None },
        ..Phase::default()
    }];
    experiment.fit_to_solver(0);
    experiment
}

fn note(report: &ShootoutReport, entry: &ShootoutEntry) -> String {
    let Some(score) = entry.score(report.metric) else {
        return String::new();
    };
    format!(
        "From a shoot-out: {} {} with a linear head, over {} folds of {}.",
        report.metric.title(),
        format::percent(score.value),
        report.folds,
        format::count(report.pictures, "picture", "pictures")
    )
}
