//! The learning-rate range test on the trainer's own batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::*;
use crate::experiment::{Experiment, FreezePlan, LayerRates, Optimizer};
use crate::training::rate_finder::{RangeEnd, RateCurve, STEPS};
use crate::training::trainer::find_rate::find_rate_with;
use crate::training::{TrainingError, TrainingEvent};

struct Found {
    curve: Result<RateCurve, TrainingError>,
    witness: Witness<'static>,
    entered: usize,
}

fn find(pictures: &Pictures, experiment: Experiment, phase: usize) -> Found {
    let mut witness = Witness::default();
    let entered: Arc<AtomicUsize> = Arc::default();
    let request = request(pictures, experiment);
    let curve = in_environment(&entered, 1 << 34, None, Limits::NONE, |environment| {
        find_rate_with(request, phase, &mut witness, environment)
    });
    Found {
        curve,
        witness,
        entered: entered.load(Ordering::Relaxed),
    }
}

#[test]
fn the_suggestion_lies_where_the_loss_falls_and_is_the_same_again() {
    let pictures = pictures(3, [32, 6, 6]);
    let extraction = || experiment(vec![phase(FreezePlan::Backbone, 3)]);
    let found = find(&pictures, extraction(), 0);
    let curve = found.curve.unwrap();
    assert_eq!(found.entered, 32, "frozen features are computed once");
    assert!(found.witness.weights.is_empty() && found.witness.points.is_empty());
    let points = &curve.points;
    assert!((30..=STEPS).contains(&points.len()), "{}", points.len());
    assert!(points.windows(2).all(|pair| pair[0].rate < pair[1].rate));
    let suggestion = curve.suggestion().unwrap();
    let at = |rate: f64| points.iter().find(|point| point.rate == rate).unwrap();
    let lowest = points
        .iter()
        .min_by(|one, other| one.smoothed.total_cmp(&other.smoothed))
        .unwrap();
    for rate in [suggestion.valley, suggestion.steepest] {
        assert!(rate > points[10].rate && rate <= lowest.rate, "{rate}");
        assert!(at(rate).smoothed >= lowest.smoothed);
    }
    assert!(at(suggestion.valley).smoothed < points[10].smoothed);
    // The phase's own rate and schedule take no part.
    let mut other = extraction();
    other.phases[0].learning_rate = 0.3;
    other.phases[0].warmup_epochs = 1.0;
    assert_eq!(find(&pictures, other, 0).curve.unwrap(), curve);
}

#[test]
fn a_later_phase_begins_where_those_before_it_end() {
    let pictures = pictures(2, [16, 4, 0]);
    let mut two = experiment(vec![
        phase(FreezePlan::Backbone, 2),
        phase(FreezePlan::AllButLast(4), 5),
    ]);
    two.phases[1].layer_rates = LayerRates::Backbone(0.5);
    let found = find(&pictures, two.clone(), 1);
    let curve = found.curve.unwrap();
    let trained = found.witness.epochs();
    assert_eq!(
        trained.len(),
        2,
        "the first phase is trained, and nothing of the second counts"
    );
    // The head has learned by then.
    let mut alone = two.clone();
    alone.phases.remove(0);
    let fresh = find(&pictures, alone, 0).curve.unwrap();
    assert!(curve.points[0].loss < fresh.points[0].loss);
    let mentions_test = |event: &TrainingEvent| matches!(event, TrainingEvent::Tested(_));
    assert!(!found.witness.events.iter().any(mentions_test));
}

#[test]
fn a_loss_that_is_no_number_ends_the_test_and_is_no_failure() {
    let pictures = pictures(2, [12, 0, 0]);
    let mut explosive = experiment(vec![phase(FreezePlan::AllButLast(4), 1)]);
    explosive.training.batch_size = 6;
    // From a rate of 0.02 on, each step makes the weights larger.
    explosive.phases[0].layer_rates = LayerRates::Backbone(100.0);
    explosive.phases[0].optimizer = Optimizer::Sgd {
        momentum: 0.0,
        nesterov: false,
        weight_decay: 1.0,
    };
    let curve = find(&pictures, explosive, 0).curve.unwrap();
    assert_eq!(curve.end, RangeEnd::Diverged);
    assert!(curve.points.iter().all(|point| point.loss.is_finite()));
}

#[test]
fn what_can_t_be_tested_is_refused_before_anything_is_computed() {
    let pictures = pictures(2, [8, 0, 0]);
    let one = experiment(vec![phase(FreezePlan::Backbone, 1)]);
    let found = find(&pictures, one, 1);
    let said = found.curve.unwrap_err().to_string();
    assert!(
        said.contains("no phase 2: the experiment has 1 phase"),
        "{said}"
    );
    let mut attends = experiment(vec![phase(FreezePlan::Nothing, 1)]);
    attends.backbone.name = "vit_b_16".into();
    attends.backbone.input_size = None;
    let found = find(&pictures, attends, 0);
    let said = found.curve.unwrap_err().to_string();
    assert!(said.contains("transformer"), "{said}");
    assert_eq!(found.entered, 0);
}

#[test]
fn a_stop_ends_it_within_a_batch() {
    let pictures = pictures(2, [12, 0, 0]);
    let request = request(&pictures, experiment(vec![phase(FreezePlan::Backbone, 1)]));
    let stop = request.stop.clone();
    let mut witness = Witness {
        on_event: Some(Box::new(move |event| {
            if let TrainingEvent::Progress(progress) = event
                && progress.epoch == 2
            {
                stop.stop();
            }
        })),
        ..Witness::default()
    };
    let stopped = in_environment(
        &Arc::default(),
        1 << 34,
        None,
        Limits::NONE,
        |environment| find_rate_with(request, 0, &mut witness, environment),
    );
    assert!(matches!(stopped, Err(TrainingError::Stopped)));
}
