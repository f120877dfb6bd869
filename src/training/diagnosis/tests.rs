use super::*;
use crate::experiment::{Augmentation, FreezePlan, HeadLayer, Phase, WeightsSource};

/// One phase of training loss, training accuracy, validation loss, validation accuracy.
fn curves(epochs: &[[f64; 4]]) -> Vec<EpochMetrics> {
    epochs
        .iter()
        .zip(1..)
        .map(
            |(&[train_loss, train_accuracy, validation_loss, accuracy], epoch)| EpochMetrics {
                epoch,
                phase: 0,
                learning_rate: 1e-3,
                train_loss,
                train_accuracy,
                validation_loss: Some(validation_loss),
                validation_accuracy: Some(accuracy),
                validation_macro_f1: Some(accuracy),
                seconds: 1.0,
            },
        )
        .collect()
}

fn situation(experiment: &Experiment) -> DiagnosisInput<'_> {
    DiagnosisInput {
        experiment,
        classes: 2,
        majority: None,
        validation_pictures: 1000,
        is_over: true,
        has_diverged: false,
    }
}

const OVERFITTED: [[f64; 4]; 8] = [
    [0.60, 0.68, 0.50, 0.76],
    [0.40, 0.82, 0.42, 0.81],
    [0.25, 0.90, 0.40, 0.82],
    [0.15, 0.95, 0.45, 0.82],
    [0.08, 0.98, 0.52, 0.81],
    [0.05, 0.99, 0.60, 0.81],
    [0.03, 1.00, 0.68, 0.80],
    [0.02, 1.00, 0.75, 0.80],
];
const UNDERFITTED: [[f64; 4]; 6] = [
    [0.69, 0.53, 0.68, 0.56],
    [0.66, 0.60, 0.65, 0.61],
    [0.63, 0.64, 0.63, 0.64],
    [0.62, 0.65, 0.62, 0.65],
    [0.62, 0.66, 0.62, 0.65],
    [0.62, 0.66, 0.62, 0.66],
];
const GOOD: [[f64; 4]; 6] = [
    [0.55, 0.72, 0.40, 0.83],
    [0.38, 0.84, 0.33, 0.86],
    [0.33, 0.86, 0.30, 0.88],
    [0.31, 0.87, 0.29, 0.89],
    [0.30, 0.88, 0.29, 0.89],
    [0.29, 0.88, 0.29, 0.89],
];
const DIVERGED: [[f64; 4]; 5] = [
    [0.69, 0.55, 0.65, 0.60],
    [0.60, 0.66, 0.64, 0.62],
    [0.95, 0.60, 1.20, 0.50],
    [2.40, 0.55, 3.00, 0.50],
    [9.70, 0.51, 12.0, 0.50],
];
const STUCK: [[f64; 4]; 5] = [
    [0.70, 0.50, 0.694, 0.50],
    [0.694, 0.50, 0.693, 0.50],
    [0.694, 0.49, 0.693, 0.50],
    [0.693, 0.51, 0.693, 0.50],
    [0.693, 0.50, 0.693, 0.51],
];

#[test]
fn the_five_shapes_of_curves_are_told_apart() {
    let experiment = Experiment::default();
    for (epochs, expected, numbers) in [
        (
            &OVERFITTED[..],
            Fit::Overfitting,
            "In epoch 8, 100.0 % of the training and 80.0 % of the validation pictures are right (95 % interval 77.4 to \
             82.4 %, 1,000 pictures), on average 19.3 points apart over the last 3 epochs; the validation loss was lowest in \
             epoch 3 (0.400) and is 0.750 in epoch 8.",
        ),
        (&UNDERFITTED, Fit::Underfitting, "69 % of the errors"),
        (
            &GOOD,
            Fit::Good,
            "In epoch 6, 88.0 % of the training and 89.0 % of the validation pictures are right (95 % interval 86.9 to \
             90.8 %, 1,000 pictures).",
        ),
        (
            &DIVERGED,
            Fit::Diverging,
            "The training loss rises: 0.600 in epoch 2, its lowest, and 9.700 in epoch 5.",
        ),
        (
            &STUCK,
            Fit::NotLearning,
            "from 0.700 to 0.693 in 5 epochs, and the best accuracy is 51.0 %: always predicting the most frequent class gives 50.0 %.",
        ),
    ] {
        let found = diagnose(&curves(epochs), &situation(&experiment)).unwrap();
        assert_eq!(found.fit, expected, "{}", found.reason);
        assert!(found.reason.contains(numbers), "{}", found.reason);
        assert!(!found.is_tentative);
        assert_eq!(
            found.remedies.is_empty(),
            expected == Fit::Good,
            "{expected:?}: {:?}",
            found.remedies
        );
        for remedy in &found.remedies {
            let changed = remedy.apply();
            assert!(changed.check().is_empty(), "{}", remedy.title);
            assert_ne!(changed, experiment, "{}", remedy.title);
        }
    }
}

#[test]
fn few_epochs_are_judged_with_caution() {
    let experiment = Experiment::default();
    let situation = DiagnosisInput {
        is_over: false,
        ..situation(&experiment)
    };
    let of = |epochs: &[[f64; 4]]| diagnose(&curves(epochs), &situation);
    assert_eq!(of(&[]).unwrap_err(), Undecided::TooFewEpochs);
    assert_eq!(of(&GOOD[..2]).unwrap_err(), Undecided::TooFewEpochs);
    // Four epochs are no proof of a good fit, but of learning too little they may speak.
    assert_eq!(of(&GOOD[..4]).unwrap_err(), Undecided::TooEarly);
    let early = of(&UNDERFITTED[..4]).unwrap();
    assert!(
        early.is_tentative && early.fit == Fit::Underfitting,
        "{early:?}"
    );
    let good = of(&GOOD[..5]).unwrap();
    assert!(good.is_tentative && good.fit == Fit::Good, "{good:?}");
    // While it trains, a loss that falls is no reason to train longer.
    assert!(good.remedies.is_empty());
    // Losing its footing is said as soon as it is seen.
    assert_eq!(of(&DIVERGED[1..4]).unwrap().fit, Fit::Diverging);
    let ended = DiagnosisInput {
        has_diverged: true,
        ..situation
    };
    assert_eq!(diagnose(&[], &ended).unwrap().fit, Fit::Diverging);
}

#[test]
fn nothing_is_said_of_generalising_without_validation() {
    let experiment = Experiment::default();
    let mut epochs = curves(&GOOD);
    for epoch in &mut epochs {
        epoch.validation_loss = None;
        epoch.validation_accuracy = None;
        epoch.validation_macro_f1 = None;
    }
    let situation = situation(&experiment);
    assert_eq!(
        diagnose(&epochs, &situation).unwrap_err(),
        Undecided::NoValidation
    );
    // Not learning shows on the training pictures.
    let mut stuck = curves(&STUCK);
    stuck
        .iter_mut()
        .for_each(|epoch| epoch.validation_accuracy = None);
    assert_eq!(diagnose(&stuck, &situation).unwrap().fit, Fit::NotLearning);
}

#[test]
fn a_gap_that_few_validation_pictures_explain_is_none() {
    let experiment = Experiment::default();
    let epochs = curves(&[
        [0.4, 0.80, 0.4, 0.78],
        [0.3, 0.88, 0.35, 0.80],
        [0.28, 0.92, 0.35, 0.80],
        [0.27, 0.92, 0.35, 0.80],
        [0.27, 0.92, 0.35, 0.80],
    ]);
    let with = |validation_pictures| {
        let situation = DiagnosisInput {
            validation_pictures,
            ..situation(&experiment)
        };
        diagnose(&epochs, &situation)
    };
    assert_eq!(with(1000).unwrap().fit, Fit::Overfitting);
    // What they can't tell is neither called overfitting nor a good fit.
    assert_eq!(
        with(20).unwrap_err().to_string(),
        "20 validation pictures can't tell whether it overfits: 80.0 % of them right may be anything from 58.4 % to 91.9 %, \
         and 92.0 % of the training pictures are right"
    );
}

#[test]
fn a_loss_that_turns_on_19_pictures_is_no_overfitting() {
    let experiment = Experiment::default();
    let epochs = curves(&[
        [0.50, 0.80, 0.40, 0.842],
        [0.35, 0.88, 0.30, 0.895],
        [0.28, 0.91, 0.36, 0.895],
        [0.24, 0.93, 0.38, 0.895],
        [0.20, 0.95, 0.41, 0.895],
    ]);
    let with = |validation_pictures| {
        let situation = DiagnosisInput {
            validation_pictures,
            ..situation(&experiment)
        };
        diagnose(&epochs, &situation)
    };
    assert!(matches!(
        with(19).unwrap_err(),
        Undecided::TooFewPictures(Unsure { pictures: 19, .. })
    ));
    // On ten thousand the same curves show it.
    let found = with(10_000).unwrap();
    assert_eq!(found.fit, Fit::Overfitting);
    assert!(
        found.reason.contains("89.5 % of the validation pictures")
            && found
                .reason
                .contains("lowest in epoch 2 (0.300) and is 0.410 in epoch 5"),
        "{}",
        found.reason
    );
}

#[test]
fn a_new_phase_is_judged_by_itself() {
    let experiment = Experiment::default();
    let mut epochs = curves(&OVERFITTED);
    let mut second = curves(&GOOD);
    for epoch in &mut second {
        epoch.phase = 1;
        epoch.epoch += 8;
    }
    epochs.extend(second.iter().take(2).cloned());
    let situation = situation(&experiment);
    assert_eq!(
        diagnose(&epochs, &situation).unwrap_err(),
        Undecided::TooFewEpochs
    );
    epochs.extend(second.iter().skip(2).cloned());
    assert_eq!(diagnose(&epochs, &situation).unwrap().fit, Fit::Good);
}

#[test]
fn uneven_classes_raise_what_counts_as_learning() {
    let experiment = Experiment::default();
    let epochs = curves(&[
        [0.35, 0.895, 0.34, 0.90],
        [0.34, 0.90, 0.34, 0.90],
        [0.34, 0.90, 0.34, 0.90],
        [0.34, 0.90, 0.34, 0.90],
        [0.34, 0.90, 0.34, 0.90],
    ]);
    let plain = situation(&experiment);
    assert_eq!(diagnose(&epochs, &plain).unwrap().fit, Fit::Good);
    let uneven = DiagnosisInput {
        majority: Some(0.9),
        ..plain
    };
    assert_eq!(diagnose(&epochs, &uneven).unwrap().fit, Fit::NotLearning);
}

#[test]
fn remedies_against_overfitting_follow_the_experiment() {
    let mut experiment = Experiment::default();
    experiment.head.layers = vec![HeadLayer::Dropout(0.3)];
    experiment.phases.push(Phase {
        freeze: FreezePlan::Nothing,
        learning_rate: 1e-4,
        ..Phase::default()
    });
    let mut epochs = curves(&OVERFITTED);
    epochs.iter_mut().for_each(|epoch| epoch.phase = 1);
    let found = diagnose(&epochs, &situation(&experiment)).unwrap();
    let titles: Vec<&str> = found
        .remedies
        .iter()
        .map(|remedy| remedy.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "Raise dropout from 0.3 to 0.5",
            "Add flips, rotation, zoom and contrast",
            "Train only the last 20 layers",
            "Stop after 3 epochs without improvement"
        ]
    );
    assert_eq!(
        found.remedies[0].apply().head.layers,
        [HeadLayer::Dropout(0.5)]
    );
    assert!(found.remedies[1].apply().augmentation.is_active());
    assert_eq!(
        found.remedies[2].apply().phases[1].freeze,
        FreezePlan::AllButLast(20)
    );
    assert_eq!(found.remedies[2].apply().phases[0], experiment.phases[0]);
    assert!(found.remedies[3].apply().training.early_stopping.is_some());
}

/// Following every remedy again and again ends, and never leaves the ranges.
#[test]
fn remedies_that_are_followed_run_out() {
    for epochs in [&OVERFITTED[..], &UNDERFITTED, &DIVERGED, &STUCK] {
        let mut experiment = Experiment::default();
        experiment.backbone.weights = WeightsSource::Random;
        experiment.augmentation = Augmentation {
            rotation: 5.0,
            ..Augmentation::default()
        };
        let mut rounds = 0;
        while let Some(remedy) = diagnose(&curves(epochs), &situation(&experiment))
            .unwrap()
            .remedies
            .pop()
        {
            experiment = remedy.apply();
            assert!(experiment.check().is_empty(), "{}", remedy.title);
            rounds += 1;
            assert!(rounds < 60, "{} goes on for ever", remedy.title);
        }
    }
}

#[test]
fn underfitting_held_back_by_dropout_is_told_so() {
    let mut experiment = Experiment::default();
    experiment.head.layers = vec![HeadLayer::Dropout(0.7)];
    experiment.augmentation.cutmix = 1.0;
    let epochs = curves(&[
        [0.70, 0.52, 0.66, 0.60],
        [0.68, 0.54, 0.65, 0.62],
        [0.67, 0.56, 0.64, 0.64],
        [0.66, 0.57, 0.64, 0.65],
        [0.66, 0.57, 0.63, 0.65],
    ]);
    let found = diagnose(&epochs, &situation(&experiment)).unwrap();
    assert_eq!(found.fit, Fit::Underfitting);
    let whole = (found.remedies.iter()).find(|remedy| remedy.title == "Train without CutMix");
    assert!(!whole.unwrap().apply().augmentation.is_mixing());
    let lowered = found
        .remedies
        .iter()
        .find(|remedy| remedy.title == "Lower dropout from 0.7 to 0.5");
    assert_eq!(
        lowered.unwrap().apply().head.layers,
        [HeadLayer::Dropout(0.5)]
    );
    let tuned = found
        .remedies
        .iter()
        .find(|remedy| remedy.title.starts_with("Fine-tune"));
    let phases = tuned.unwrap().apply().phases;
    assert_eq!(phases.len(), 2);
    assert!((phases[1].learning_rate - 1e-4).abs() < 1e-12);
}

#[test]
fn a_head_that_was_solved_has_no_curve() {
    let mut experiment = Experiment::default();
    experiment.phases[0].optimizer = crate::experiment::Optimizer::LogisticRegression { c: None };
    experiment.fit_to_solver(0);
    let situation = situation(&experiment);
    let one = curves(&GOOD[..1]);
    assert_eq!(diagnose(&one, &situation).unwrap_err(), Undecided::Solved);
}
