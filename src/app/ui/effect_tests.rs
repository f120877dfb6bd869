//! Controls without effect say why; those with one say nothing.

use super::*;
use crate::app::features::fakes;
use crate::experiment::{EarlyStopping, LayerRates, Optimizer, TrainedNorm};
use crate::models::device::Devices;

fn everything_known() -> Situation {
    Situation {
        train: Some(100),
        validation: Some(20),
        test: Some(20),
        on_processor: Some(false),
        has_batch_norm: Some(true),
        gives_vector: Some(false),
        ..Situation::default()
    }
}

/// Everything that could have an effect has one.
fn busy() -> Experiment {
    let mut experiment = fakes::experiment();
    experiment.augmentation.horizontal_flip = true;
    experiment.training.early_stopping = Some(EarlyStopping {
        patience: 2,
        min_delta: 0.0,
    });
    experiment.training.micro_batch = Some(8);
    experiment.data.limit = Some(50);
    for phase in &mut experiment.phases {
        phase.freeze = FreezePlan::AllButLast(20);
        phase.schedule = Schedule::Step {
            every_epochs: 2,
            factor: 0.1,
        };
    }
    experiment
}

const ALL: [Control; 23] = [
    Control::ValidationShare,
    Control::TestShare,
    Control::Limit,
    Control::MicroBatch,
    Control::Monitor,
    Control::Keep,
    Control::EarlyStopping,
    Control::Patience,
    Control::FrozenPrecision,
    Control::MixedPrecision,
    Control::Tf32,
    Control::TestViews,
    Control::FrozenNorm,
    Control::TrainedNorm,
    Control::Pooling,
    Control::Versions,
    Control::Mixing,
    Control::LayerRates(0),
    Control::StepSchedule(0),
    Control::Epochs(0),
    Control::Steps(0),
    Control::BatchSize,
    Control::WeightAveraging,
];

#[test]
fn what_has_an_effect_is_not_called_idle_and_neither_is_what_is_not_known() {
    for situation in [everything_known(), Situation::default()] {
        for control in ALL {
            assert_eq!(situation.why_idle(control, &busy()), None, "{control:?}");
        }
    }
}

#[test]
fn each_control_says_why_it_is_idle() {
    type Case = (Control, fn(&mut Situation, &mut Experiment), &'static str);
    let cases: [Case; 28] = [
        (
            Control::ValidationShare,
            |situation, _| situation.assigned_validation = 40,
            "40 pictures are for validation",
        ),
        (
            Control::TestShare,
            |situation, _| situation.assigned_test = 1,
            "picture is for the test",
        ),
        (
            Control::Limit,
            |_, experiment| experiment.data.limit = Some(101),
            "only 100 training pictures",
        ),
        (
            Control::MicroBatch,
            |_, experiment| experiment.training.micro_batch = Some(32),
            "not larger",
        ),
        (
            Control::Monitor,
            |situation, _| situation.validation = Some(0),
            "no validation pictures",
        ),
        (
            Control::Keep,
            |situation, _| situation.validation = Some(0),
            "last one are kept",
        ),
        (
            Control::EarlyStopping,
            |situation, _| situation.validation = Some(0),
            "can't stop early",
        ),
        (
            Control::Patience,
            |_, experiment| {
                experiment
                    .training
                    .early_stopping
                    .as_mut()
                    .unwrap()
                    .patience = 10
            },
            "more than 10 epochs",
        ),
        (
            Control::FrozenPrecision,
            |_, experiment| freeze(experiment, &FreezePlan::Nothing),
            "No layer is frozen",
        ),
        (
            Control::MixedPrecision,
            |_, experiment| freeze(experiment, &FreezePlan::Backbone),
            "No layer of the backbone is trained",
        ),
        (
            Control::Tf32,
            |situation, _| situation.on_processor = Some(true),
            "Only graphics cards have TF32",
        ),
        (
            Control::TestViews,
            |situation, _| situation.test = Some(0),
            "no test pictures",
        ),
        (
            Control::TestViews,
            |_, experiment| {
                experiment.augmentation.horizontal_flip = false;
                experiment.augmentation.vertical_flip = false;
                experiment.augmentation.rotation = 170.0;
            },
            "no flips",
        ),
        (
            Control::FrozenNorm,
            |_, experiment| freeze(experiment, &FreezePlan::Nothing),
            "No layer is frozen",
        ),
        (
            Control::FrozenNorm,
            |situation, _| situation.has_batch_norm = Some(false),
            "no BatchNorm",
        ),
        (
            Control::TrainedNorm,
            |_, experiment| freeze(experiment, &FreezePlan::Backbone),
            "No layer of the backbone is trained",
        ),
        (
            Control::TrainedNorm,
            |situation, experiment| {
                situation.has_batch_norm = Some(false);
                freeze(experiment, &FreezePlan::Backbone);
            },
            "no BatchNorm",
        ),
        (
            Control::Pooling,
            |situation, _| situation.gives_vector = Some(true),
            "class token",
        ),
        (
            Control::Versions,
            |_, experiment| experiment.augmentation = Default::default(),
            "No augmentation is switched on",
        ),
        (
            Control::Mixing,
            |_, experiment| experiment.training.batch_size = 1,
            "batch of one picture",
        ),
        (
            Control::LayerRates(0),
            |_, experiment| experiment.phases[0].freeze = FreezePlan::Backbone,
            "Only the head is trained",
        ),
        (
            Control::LayerRates(0),
            |_, experiment| {
                experiment.phases[0].freeze = FreezePlan::Backbone;
                experiment.phases[0].layer_rates = LayerRates::ByDepth { lowest: 0.01 };
            },
            "Only the head is trained",
        ),
        (
            Control::StepSchedule(0),
            |_, experiment| experiment.phases[0].epochs = 2,
            "after 2 epochs",
        ),
        (
            Control::StepSchedule(1),
            |_, experiment| {
                experiment.phases[1].epochs = 1;
                experiment.phases[1].optimizer = Optimizer::sgd();
            },
            "after 1 epoch,",
        ),
        (
            Control::Epochs(0),
            |_, experiment| solve(experiment, 0..1),
            "ends at the solution",
        ),
        (
            Control::Steps(0),
            |_, experiment| solve(experiment, 0..1),
            "without steps",
        ),
        (
            Control::BatchSize,
            |_, experiment| solve(experiment, 0..2),
            "without steps",
        ),
        (
            Control::WeightAveraging,
            |_, experiment| solve(experiment, 0..2),
            "without steps",
        ),
    ];
    for (control, change, expected) in cases {
        let (mut situation, mut experiment) = (everything_known(), busy());
        change(&mut situation, &mut experiment);
        let said = situation.why_idle(control, &experiment).unwrap_or_default();
        assert!(said.contains(expected), "{control:?}: {said}");
    }
}

fn freeze(experiment: &mut Experiment, plan: &FreezePlan) {
    for phase in &mut experiment.phases {
        phase.freeze = plan.clone();
    }
}

fn solve(experiment: &mut Experiment, phases: std::ops::Range<usize>) {
    for phase in &mut experiment.phases[phases] {
        phase.optimizer = Optimizer::LogisticRegression { c: None };
        phase.epochs = 1;
    }
}

#[test]
fn a_frozen_norm_that_learns_makes_precision_and_rates_count() {
    let (situation, mut experiment) = (everything_known(), busy());
    freeze(&mut experiment, &FreezePlan::Backbone);
    experiment.backbone.frozen_norm = NormPolicy::Train;
    experiment.backbone.trained_norm = TrainedNorm::Inference;
    for control in [
        Control::MixedPrecision,
        Control::TrainedNorm,
        Control::LayerRates(0),
    ] {
        assert_eq!(
            situation.why_idle(control, &experiment),
            None,
            "{control:?}"
        );
    }
}

#[test]
fn the_state_says_what_surrounds_an_experiment() {
    let mut state = fakes::state();
    state.device = None;
    state.devices = Some(Devices {
        cpu: "CPU, 2 threads".into(),
        ..Devices::default()
    });
    let situation = Situation::build(&state);
    assert_eq!(situation.on_processor, Some(true));
    assert_eq!(situation.has_batch_norm, Some(true));
    assert_eq!(
        (situation.assigned_validation, situation.assigned_test),
        (0, 0)
    );
    let Scan::Done { dataset, .. } = &mut state.scan else {
        panic!("the fake is scanned");
    };
    let mut assigned = (**dataset).clone();
    assigned.pictures[0].split = Some(Split::Test);
    assigned.pictures[1].split = Some(Split::Validation);
    *dataset = Arc::new(assigned);
    let situation = Situation::build(&state);
    assert_eq!(
        (situation.assigned_validation, situation.assigned_test),
        (1, 1)
    );
}
