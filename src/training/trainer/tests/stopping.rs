//! Runs that are stopped within an epoch, extended beyond their end, or go on after early stopping.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::fixture::*;
use crate::experiment::{
    EarlyStopping, Experiment, FreezePlan, HeadConfig, HeadLayer, Keep, Monitor, NormPolicy,
    Optimizer, Schedule, Views,
};
use crate::training::ResumePoint;
use crate::training::TrainingError;
use crate::training::events::TrainingEvent;

/// Dropout, averages, momentum, running statistics, fresh augmentation and mixed pictures: everything that has something to lose.
fn demanding() -> Experiment {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Backbone, 2),
        phase(FreezePlan::Below("layer4".into()), 2),
    ]);
    experiment.head = HeadConfig {
        layers: vec![HeadLayer::BatchNorm, HeadLayer::Dropout(0.5)],
        ..HeadConfig::default()
    };
    for phase in &mut experiment.phases {
        phase.optimizer = Optimizer::adam_w();
        phase.schedule = Schedule::one_cycle();
        phase.learning_rate = 1e-3;
    }
    experiment.backbone.frozen_norm = NormPolicy::AdaptStatistics;
    experiment.training.weight_averaging = Some(0.9);
    experiment.training.keep = Keep::Best;
    experiment.training.monitor = Monitor::ValidationLoss;
    experiment.augmentation.views = Views::Fresh;
    experiment.augmentation.rotation = 20.0;
    experiment.augmentation.trivial_augment = true;
    experiment.augmentation.mixup = 0.4;
    experiment.augmentation.cutmix = 1.0;
    experiment
}

fn copy(point: &ResumePoint) -> ResumePoint {
    ResumePoint {
        standing: point.standing.clone(),
        tensors: point
            .tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.copy()))
            .collect(),
    }
}

/// Stops the run when so many pictures have entered its backbone: between any two batches.
fn stopped_after(request: &crate::training::TrainingRequest, pictures: usize) -> Run<'static> {
    let entered = Arc::new(AtomicUsize::new(0));
    let over = AtomicBool::new(false);
    let stop = request.stop.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if entered.load(Ordering::Relaxed) >= pictures {
                    return stop.stop();
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let run = run_with(request, Witness::default(), entered.clone(), 1 << 34);
        over.store(true, Ordering::Relaxed);
        run
    })
}

/// Stops the run at its `tick`th sign of progress.
fn stopped_at(request: &crate::training::TrainingRequest, tick: usize) -> Run<'static> {
    let stop = request.stop.clone();
    let mut ticks = 0;
    let on_event = move |event: &TrainingEvent| {
        if matches!(event, TrainingEvent::Progress(_)) {
            ticks += 1;
            if ticks == tick {
                stop.stop();
            }
        }
    };
    let witness = Witness {
        on_event: Some(Box::new(on_event)),
        ..Witness::default()
    };
    run_with(request, witness, Arc::new(AtomicUsize::new(0)), 1 << 34)
}

/// Whether a run that `first` stopped goes on to the results of `whole`; whether the stop fell within an epoch.
fn goes_on(pictures: &Pictures, experiment: &Experiment, first: &Run<'_>, whole: &Run<'_>) -> bool {
    assert!(matches!(first.result, Err(TrainingError::Stopped)));
    let Some(point) = first.witness.points.last() else {
        // Nothing had been trained.
        return false;
    };
    let done = first.witness.epochs().len();
    assert_eq!(point.standing.epoch as usize, done);
    let mut again = request(pictures, experiment.clone());
    again.resume = Some(copy(point));
    let resumed = run(&again);
    let (after, outcome) = (
        resumed.result.as_ref().unwrap(),
        whole.result.as_ref().unwrap(),
    );
    let context = format!("stopped after {done} epochs, {:?}", point.standing.partial);
    assert_eq!(
        resumed.witness.epochs(),
        whole.witness.epochs()[done..],
        "{context}"
    );
    assert_eq!(after.test, outcome.test, "{context}");
    assert_eq!(after.predictions, outcome.predictions, "{context}");
    assert_eq!(after.best_epoch, outcome.best_epoch, "{context}");
    assert_eq!(after.movement, outcome.movement, "{context}");
    point.standing.partial.is_some()
}

#[test]
fn a_run_that_is_stopped_within_an_epoch_goes_on_to_the_bit() {
    let pictures = pictures(2, [11, 4, 4]);
    let experiment = demanding();
    let whole = run(&request(&pictures, experiment.clone()));
    let mut within = 0;
    for part in 1..=6 {
        let stopped = stopped_after(
            &request(&pictures, experiment.clone()),
            whole.entered * part / 7,
        );
        // The last ones may have been too late.
        if stopped.result.is_err() {
            within += usize::from(goes_on(&pictures, &experiment, &stopped, &whole));
        }
    }
    assert!(
        within >= 2 || !crate::libtorch::IS_THERE,
        "{within} stops fell within an epoch"
    );
}

#[test]
fn a_stop_at_any_sign_of_progress_goes_on_to_the_bit() {
    let mut experiment = experiment(vec![
        phase(FreezePlan::Below("layer4".into()), 2),
        phase(FreezePlan::Backbone, 1),
    ]);
    experiment.training.keep = Keep::Best;
    experiment.training.monitor = Monitor::ValidationLoss;
    experiment.augmentation.views = Views::Cached(2);
    experiment.augmentation.horizontal_flip = true;
    let pictures = pictures(2, [11, 4, 4]);
    let whole = run(&request(&pictures, experiment.clone()));
    let (mut tick, mut within) = (0, 0);
    loop {
        tick += 1;
        let stopped = stopped_at(&request(&pictures, experiment.clone()), tick);
        if stopped.result.is_ok() {
            break;
        }
        within += usize::from(goes_on(&pictures, &experiment, &stopped, &whole));
    }
    assert!(
        within >= 2 || !crate::libtorch::IS_THERE,
        "{within} of {tick} stops fell within an epoch"
    );
}

#[test]
fn the_same_random_numbers_are_drawn_again() {
    use tch::{Device, Kind, Tensor};

    use crate::libtorch::generator::{set_state, state};
    if !crate::libtorch::IS_THERE {
        return;
    }
    let _guard = crate::models::init::seeded(5);
    let sample = || Tensor::rand([7], (Kind::Float, Device::Cpu));
    let _ = sample();
    let before = state(Device::Cpu).unwrap();
    let first = sample();
    assert_ne!(sample(), first);
    set_state(Device::Cpu, &before).unwrap();
    assert_eq!(sample(), first);
    let none = Tensor::zeros([3], (Kind::Uint8, Device::Cpu));
    assert!(set_state(Device::Cpu, &none).is_err());
}

#[test]
fn after_early_stopping_the_next_phase_begins_with_the_best_weights() {
    let pictures = pictures(2, [9, 4, 4]);
    let mut experiment = experiment(vec![
        phase(FreezePlan::Below("layer4".into()), 6),
        phase(FreezePlan::Backbone, 1),
    ]);
    // So high that an epoch changes much; no accuracy rises by 1, so that patience ends after the second.
    experiment.phases[0].learning_rate = 0.5;
    experiment.phases[1].learning_rate = 1e-12;
    experiment.training.monitor = Monitor::ValidationAccuracy;
    experiment.training.early_stopping = Some(EarlyStopping {
        patience: 1,
        min_delta: 1.0,
    });
    // The losses of the first phase's epochs, and of the second phase, which learns next to nothing.
    let losses = |keep: Keep| {
        let mut experiment = experiment.clone();
        experiment.training.keep = keep;
        let run = run(&request(&pictures, experiment));
        run.result.as_ref().unwrap();
        let epochs = run.witness.epochs();
        let losses: Vec<f64> = epochs
            .iter()
            .map(|epoch| epoch.validation_loss.unwrap())
            .collect();
        let accuracies = [0, 1].map(|index| epochs[index].validation_accuracy.unwrap());
        let kept = usize::from(accuracies[1] > accuracies[0]);
        (losses, kept, run.witness.notes())
    };
    let (best, kept, notes) = losses(Keep::Best);
    assert_eq!(
        best.len(),
        3,
        "two epochs, then one of the next phase: {best:?}"
    );
    let close = |a: f64, b: f64| (a - b).abs() < 1e-4 * b.abs().max(1.0);
    assert!(close(best[2], best[kept]), "{best:?}");
    if kept == 0 {
        assert!(
            notes
                .iter()
                .any(|note| note.contains("goes on from the weights of epoch 1, the best so far")),
            "{notes:?}"
        );
    }
    let (last, _, notes) = losses(Keep::Last);
    assert!(close(last[2], last[1]), "{last:?}");
    assert!(!notes.iter().any(|note| note.contains("the best so far")));
    // Otherwise this shows nothing.
    assert!(!close(best[0], best[1]), "{best:?}");
}

#[test]
fn more_epochs_at_an_even_rate_are_those_of_a_longer_run() {
    let pictures = pictures(2, [9, 4, 4]);
    let of = |epochs| {
        let mut experiment = experiment(vec![
            phase(FreezePlan::Backbone, 1),
            phase(FreezePlan::Below("layer4".into()), epochs),
        ]);
        experiment.phases[1].optimizer = Optimizer::adam_w();
        experiment.phases[1].schedule = Schedule::Constant;
        experiment.training.keep = Keep::Best;
        experiment.training.monitor = Monitor::ValidationLoss;
        experiment
    };
    let long = run(&request(&pictures, of(4)));
    let short = run(&request(&pictures, of(2)));
    let end = short.witness.points.last().unwrap();
    assert_eq!(end.standing.epoch, 3, "the end is saved");
    let mut more = request(&pictures, of(4));
    more.resume = Some(copy(end));
    let more = run(&more);
    let (more_outcome, long_outcome) = (more.result.unwrap(), long.result.unwrap());
    assert_eq!(more.witness.epochs(), long.witness.epochs()[3..]);
    assert_eq!(more_outcome.predictions, long_outcome.predictions);
    assert_eq!(more_outcome.best_epoch, long_outcome.best_epoch);
}

#[test]
fn a_listener_that_can_t_save_is_a_warning_and_is_asked_again() {
    use crate::training::TrainingListener;
    use crate::training::events::Lacks;

    /// Fails to keep the first two resume points.
    #[derive(Default)]
    struct Full {
        asked: usize,
        warnings: Vec<String>,
        trouble: Option<String>,
        lacks: bool,
        weights: usize,
    }
    impl TrainingListener for Full {
        fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
            if let TrainingEvent::Warning(text) = event {
                self.warnings.push(text.clone());
            }
            Ok(())
        }
        fn weights(&mut self, _: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
            self.weights += 1;
            Ok(())
        }
        fn resume_point(&mut self, _: &ResumePoint) -> Result<(), TrainingError> {
            self.asked += 1;
            self.lacks = self.asked <= 2;
            if self.asked == 1 {
                self.trouble = Some("the disk is full".into());
            }
            Ok(())
        }
        fn lacks(&self) -> Lacks {
            Lacks {
                resume_point: self.lacks,
                weights: false,
            }
        }
        fn trouble(&mut self) -> Option<String> {
            self.trouble.take()
        }
    }
    let pictures = pictures(2, [8, 4, 4]);
    let _alone = alone();
    let mut listener = Full::default();
    let experiment = experiment(vec![phase(FreezePlan::Backbone, 4)]);
    let environment = crate::training::trainer::environment::Environment {
        build: &crate::training::network::build_backbone,
        memory_bytes: 1 << 34,
        limit: super::fixture::Limits::NONE.memory,
        rest: 0,
        cache: None,
        scratch: Ok(None),
        reading_bytes_per_second: f64::INFINITY,
    };
    crate::training::trainer::run::train_with(
        &request(&pictures, experiment),
        &mut listener,
        &environment,
    )
    .unwrap();
    assert_eq!(listener.asked, 4);
    // The split's parts are small, which is told too.
    listener
        .warnings
        .retain(|text| !text.starts_with("Validation has only "));
    assert_eq!(listener.warnings, ["the disk is full"]);
    assert_eq!(listener.weights, 1);
}
