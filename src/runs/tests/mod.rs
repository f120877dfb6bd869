//! A run's folder from its first file to its last, written and read back.

mod ending;
mod reading;
mod recording;
mod resuming;

use std::path::Path;

use super::*;
use crate::data::{Dataset, Picture, PictureSource, SplitIndices};
use crate::evaluation::{Prediction, Predictions};
use crate::experiment::{Experiment, Phase};
use crate::training::events::TestMetrics;
use crate::training::monitor::Best;
use crate::training::movement::Movement;
use crate::training::resume::{KeptWeights, Standing};
use crate::training::{Outcome, ResumePoint, TrainingEvent, TrainingListener};

pub fn experiment() -> Experiment {
    let mut experiment = Experiment {
        name: "Two phases".into(),
        ..Experiment::default()
    };
    experiment.phases = ["Warm-up", "Fine-tuning"]
        .map(|name| Phase {
            name: name.into(),
            epochs: 2,
            ..Phase::default()
        })
        .to_vec();
    experiment
}

pub fn dataset() -> (Dataset, SplitIndices) {
    let pictures = (0..6)
        .map(|index| Picture {
            source: PictureSource::File(format!("{index}.png").into()),
            name: format!("{index}.png"),
            label: index % 2,
            size: (8, 8),
            split: None,
            group: None,
        })
        .collect();
    let dataset = Dataset {
        classes: vec!["cat".into(), "dog".into()],
        pictures,
        problems: Vec::new(),
        excluded: Vec::new(),
        remarks: Vec::new(),
    };
    (
        dataset,
        SplitIndices {
            train: vec![0, 1],
            validation: vec![2, 3],
            test: vec![4, 5],
        },
    )
}

pub fn recorder(runs: &Path) -> RunRecorder {
    let (dataset, split) = dataset();
    RunRecorder::create(runs, &experiment(), None, &dataset, &split).unwrap()
}

pub fn epoch(epoch: u32, phase: usize) -> EpochMetrics {
    EpochMetrics {
        epoch,
        phase,
        learning_rate: 1e-3,
        train_loss: 0.7,
        train_accuracy: 0.5,
        validation_loss: Some(0.6),
        validation_accuracy: Some(0.5),
        validation_macro_f1: Some(0.4),
        seconds: 1.0,
    }
}

pub fn outcome() -> Outcome {
    let predictions = Predictions {
        classes: vec!["cat".into(), "dog".into()],
        rows: vec![
            Prediction {
                file: "4.png".into(),
                truth: 0,
                probabilities: vec![0.75, 0.25],
            },
            Prediction {
                file: "5.png".into(),
                truth: 1,
                probabilities: vec![0.5, 0.5],
            },
        ],
        ..Predictions::default()
    };
    Outcome {
        test: Some(TestMetrics {
            loss: 0.5,
            accuracy: 0.5,
            macro_f1: 1.0 / 3.0,
            n: 2,
        }),
        predictions: Some(predictions),
        phases: vec![PhaseSummary {
            name: "Warm-up".into(),
            epochs: 2,
            seconds: 2.0,
        }],
        seconds_total: 4.0,
        best_epoch: 3,
        movement: vec![Movement {
            path: "conv1".into(),
            initial_l2: 2.0,
            distance_l2: 0.5,
        }],
        novelty: None,
    }
}

pub fn point(epoch: u32) -> ResumePoint {
    let metric = crate::training::metrics::monitored(crate::experiment::Monitor::ValidationLoss);
    ResumePoint {
        standing: Standing {
            epoch,
            phase: 1,
            done_in_phase: epoch - 2,
            phase_is_over: false,
            phase_seconds: 0.5,
            finished: vec![PhaseSummary {
                name: "Warm-up".into(),
                epochs: 2,
                seconds: 2.0,
            }],
            seconds: 100.0,
            averaged_steps: None,
            patience: None,
            best: Best::new(metric).watched(),
            kept: KeptWeights::Nothing,
            precision: None,
            partial: None,
        },
        tensors: vec![(
            "network/head.bias".into(),
            tch::Tensor::f_from_slice(&[1.0f32]).unwrap(),
        )],
    }
}
