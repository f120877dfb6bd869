//! Experiments drawn at random, for properties that must hold for all of them.

use graft::experiment::{
    Activation, Augmentation, BackboneConfig, CifarLabels, ClassWeights, Column, DataConfig,
    DataSource, EarlyStopping, Experiment, Fit, FreezePlan, GroupBy, HeadConfig, HeadLayer, Keep,
    LayerRates, MixedPrecision, Monitor, NormPolicy, Optimizer, OutputLayer, Phase, Pooling,
    Precision, Preprocessing, ResizeFilter, Schedule, SplitConfig, SplitPart, TestViews, Threshold,
    TrainedNorm, TrainingConfig, Views, WeightsSource,
};
use proptest::prelude::*;
use regex::escape;

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 ]{1,12}",
        "\\PC{1,12}",
        Just("a \"b\" \\ c\nd\te".to_owned())
    ]
    .prop_filter("a name is more than white space", |name| {
        !name.trim().is_empty()
    })
}

fn any_names(least: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(any_name(), least..5).prop_map(|names| names.into_iter().collect())
}

fn any_data() -> impl Strategy<Value = DataConfig> {
    let column = || {
        prop_oneof![
            any_name().prop_map(Column::Name),
            (2_usize..9).prop_map(Column::Index)
        ]
    };
    let path = || any_name().prop_map(std::path::PathBuf::from);
    let threshold = (-1e9..1e9_f64, any_name()).prop_map(|(at_least, above)| Threshold {
        at_least,
        below: format!("{above} not"),
        above,
    });
    let part = || {
        prop_oneof![
            Just(SplitPart::Train),
            Just(SplitPart::Validation),
            Just(SplitPart::Test),
            Just(SplitPart::Unused)
        ]
    };
    let more = (
        prop_oneof![
            Just(vec![]),
            any_names(2).prop_map(|names| names.into_iter().map(Column::Name).collect::<Vec<_>>())
        ],
        any_names(0).prop_flat_map(move |names| {
            names
                .into_iter()
                .map(|name| (Just(name), part()))
                .collect::<Vec<_>>()
        }),
        prop::option::of(any_name()),
        prop::option::of(any_name()),
        prop::option::of(any_name()),
        any::<bool>(),
    );
    let source = prop_oneof![
        Just(DataSource::Unset),
        path().prop_map(|path| DataSource::ClassFolders { path }),
        path().prop_map(|path| DataSource::SplitFolders { path }),
        path().prop_map(|path| DataSource::Cifar10 { path }),
        (
            path(),
            prop_oneof![Just(CifarLabels::Fine), Just(CifarLabels::Coarse)]
        )
            .prop_map(|(path, labels)| DataSource::Cifar100 { path, labels }),
        path().prop_map(|path| DataSource::Idx { path }),
        path().prop_map(|path| DataSource::Arrays { path }),
        (
            path(),
            column(),
            prop::option::of(column()),
            prop::option::of(threshold),
            more
        )
            .prop_map(
                |(
                    file,
                    label_column,
                    split_column,
                    threshold,
                    (
                        one_hot,
                        split_values,
                        validation_table,
                        test_table,
                        encoding,
                        split_from_folders,
                    ),
                )| DataSource::Table {
                    file,
                    path_column: Column::Index(0),
                    label_column,
                    split_column,
                    threshold,
                    one_hot,
                    split_values,
                    validation_table,
                    test_table,
                    encoding,
                    split_from_folders,
                }
            ),
    ];
    let fit = prop_oneof![Just(Fit::CenterCrop), Just(Fit::Squash), Just(Fit::Pad)];
    let classes = prop_oneof![Just(vec![]), any_names(2)];
    let limit = prop::option::of(1_usize..1_000_000);
    let exclude = any_names(0);
    let group = prop::option::of(prop_oneof![
        (1_usize..=16).prop_map(GroupBy::Folder),
        any_name().prop_map(|name| GroupBy::Pattern(format!(r"^({})\d+_", escape(&name)))),
    ]);
    (
        source,
        classes,
        0.01..0.7_f64,
        0.0..0.7_f64,
        (any::<Option<u64>>(), group, any_together(), any_folds()),
        limit,
        exclude,
        fit,
    )
        .prop_map(
            |(
                source,
                classes,
                validation,
                test,
                (seed, group, together, (folds, fold)),
                limit,
                exclude,
                fit,
            )| DataConfig {
                source,
                classes,
                split: SplitConfig {
                    validation,
                    test,
                    seed,
                    group,
                    together,
                    folds,
                    fold,
                },
                limit,
                exclude,
                fit,
            },
        )
}

/// Pictures that stay together, none in two sets.
fn any_together() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(1_usize..4, 0..3).prop_map(|sizes| {
        let set = |(set, size)| {
            (0..size)
                .map(move |place| format!("{set}/{place}.png"))
                .collect()
        };
        sizes.into_iter().enumerate().map(set).collect()
    })
}

/// Folds of a cross-validation, and which of them is the test.
fn any_folds() -> impl Strategy<Value = (Option<u32>, Option<u32>)> {
    prop::option::of((2_u32..=20, prop::option::of(0_u32..=2)))
        .prop_map(|folds| (folds.map(|of| of.0), folds.and_then(|of| of.1)))
}

fn any_head() -> impl Strategy<Value = HeadConfig> {
    let activation = prop_oneof![
        Just(Activation::Relu),
        Just(Activation::Gelu),
        Just(Activation::Silu),
        Just(Activation::Tanh),
        Just(Activation::Linear)
    ];
    let layer = prop_oneof![
        (1_u32..5000, activation)
            .prop_map(|(units, activation)| HeadLayer::Dense { units, activation }),
        Just(HeadLayer::BatchNorm),
        (0.0..0.95_f64).prop_map(HeadLayer::Dropout),
    ];
    let pooling = prop_oneof![
        Just(Pooling::Average),
        Just(Pooling::Max),
        Just(Pooling::AverageMax)
    ];
    let layers = prop::collection::vec(layer, 0..8);
    (pooling, 1_u32..=16, layers).prop_map(|(pooling, stages, layers)| HeadConfig {
        pooling,
        stages,
        layers,
        output: OutputLayer::Softmax,
    })
}

fn any_phase() -> impl Strategy<Value = Phase> {
    let freeze = prop_oneof![
        Just(FreezePlan::Backbone),
        Just(FreezePlan::Nothing),
        (0_usize..1000).prop_map(FreezePlan::AllButLast),
        any_name().prop_map(FreezePlan::Below),
        any_names(1).prop_map(FreezePlan::Custom),
    ];
    let optimizer = prop_oneof![
        (0.01..0.99_f64, any::<bool>(), 0.0..1.0_f64).prop_map(
            |(momentum, nesterov, weight_decay)| Optimizer::Sgd {
                momentum,
                nesterov,
                weight_decay
            }
        ),
        (0.0..0.99_f64, 1e-12..1.0_f64).prop_map(|(beta2, epsilon)| Optimizer::AdamW {
            beta1: 0.9,
            beta2,
            epsilon,
            weight_decay: 0.0
        }),
        Just(Optimizer::default()),
        Just(Optimizer::rms_prop()),
    ];
    let schedule = prop_oneof![
        Just(Schedule::Constant),
        (1_u32..99, 0.01..1.0_f64).prop_map(|(every_epochs, factor)| Schedule::Step {
            every_epochs,
            factor
        }),
        (0.0..1.0_f64).prop_map(|final_factor| Schedule::Cosine { final_factor }),
        (0.01..0.99_f64, 1.0..1e6_f64).prop_map(|(rise, final_divisor)| Schedule::OneCycle {
            rise,
            start_divisor: 25.0,
            final_divisor
        }),
    ];
    let rates = prop_oneof![
        Just(LayerRates::Uniform),
        (1e-6..1.0_f64).prop_map(|lowest| LayerRates::ByDepth { lowest }),
        (0.0..10.0_f64).prop_map(LayerRates::Backbone),
        any_names(0).prop_map(|names| LayerRates::Custom(
            names.into_iter().map(|name| (name, 0.1)).collect()
        )),
    ];
    (
        any_name(),
        1_u32..500,
        freeze,
        optimizer,
        1e-9..10.0_f64,
        schedule,
        0.0..1.0_f64,
        rates,
    )
        .prop_map(
            |(
                name,
                epochs,
                freeze,
                optimizer,
                learning_rate,
                schedule,
                warmup_epochs,
                layer_rates,
            )| {
                Phase {
                    name,
                    epochs,
                    freeze,
                    optimizer,
                    learning_rate,
                    schedule,
                    warmup_epochs,
                    layer_rates,
                }
            },
        )
}

fn any_training() -> impl Strategy<Value = TrainingConfig> {
    let stopping = (1_u32..100, 0.0..1.0_f64).prop_map(|(patience, min_delta)| EarlyStopping {
        patience,
        min_delta,
    });
    let weights = prop_oneof![Just(ClassWeights::Equal), Just(ClassWeights::Balanced)];
    let averaging = prop::option::of(0.9..0.9999_f64);
    (
        1_u32..4096,
        0.0..0.5_f64,
        weights,
        prop::option::of(stopping),
        averaging,
        prop::option::of(1_u32..4096),
    )
        .prop_map(
            |(
                batch_size,
                label_smoothing,
                class_weights,
                early_stopping,
                weight_averaging,
                micro_batch,
            )| {
                TrainingConfig {
                    batch_size,
                    micro_batch,
                    label_smoothing,
                    class_weights,
                    monitor: Monitor::ValidationMacroF1,
                    keep: Keep::Last,
                    early_stopping,
                    weight_averaging,
                    test_views: TestViews::Flips,
                    precision: Precision::Bf16,
                    mixed_precision: MixedPrecision::Off,
                    tf32: false,
                }
            },
        )
}

fn any_preprocessing() -> impl Strategy<Value = Preprocessing> {
    let custom = (32_u32..512, 0_u32..100, 0.0..1.0_f64, 0.01..1.0_f64).prop_map(
        |(input_size, more, mean, std)| Preprocessing::Custom {
            input_size,
            resize: input_size + more,
            filter: ResizeFilter::Bilinear,
            mean: [mean, 0.5, 0.25],
            std: [std, 0.5, 1.0],
        },
    );
    prop_oneof![
        Just(Preprocessing::Auto),
        Just(Preprocessing::Published),
        any_name().prop_map(Preprocessing::Timm),
        custom,
    ]
}

/// An experiment with nothing out of range.
pub fn any_experiment() -> impl Strategy<Value = Experiment> {
    let backbone = (
        any_name(),
        0..5_u8,
        prop::option::of(32_u32..512),
        any_preprocessing(),
    )
        .prop_map(
            |(name, weights, input_size, preprocessing)| BackboneConfig {
                weights: match weights {
                    0 => WeightsSource::File(name.clone().into()),
                    4 => WeightsSource::Part {
                        path: name.clone().into(),
                        key: Some(name.clone()),
                    },
                    1 => WeightsSource::Named(name.clone()),
                    2 => WeightsSource::Pretrained,
                    _ => WeightsSource::Random,
                },
                name,
                input_size,
                preprocessing,
                frozen_norm: NormPolicy::AdaptStatistics,
                trained_norm: TrainedNorm::Inference,
            },
        );
    let mixing = (any::<bool>(), 0.0..4.0_f64, 0.0..4.0_f64);
    let augmentation = (
        0.0..180.0_f64,
        0.0..0.9_f64,
        any::<bool>(),
        1_u32..64,
        mixing,
    )
        .prop_map(
            |(rotation, zoom, vertical_flip, views, (trivial_augment, mixup, cutmix))| {
                Augmentation {
                    trivial_augment,
                    mixup,
                    cutmix,
                    views: Views::Cached(views),
                    vertical_flip,
                    rotation,
                    zoom,
                    ..Augmentation::default()
                }
            },
        );
    let phases = prop::collection::vec(any_phase(), 1..4);
    let start = (any_name(), ".{0,20}", any::<u64>());
    // The strength of logistic regression, where the first phase is that.
    let solver = prop::option::weighted(0.25, prop::option::of(1e-6..1e6_f64));
    (
        start,
        any_data(),
        backbone,
        any_head(),
        augmentation,
        any_training(),
        phases,
        solver,
    )
        .prop_map(
            |(
                (name, notes, seed),
                data,
                backbone,
                head,
                augmentation,
                training,
                phases,
                solver,
            )| {
                let mut experiment = Experiment {
                    name,
                    notes,
                    seed,
                    data,
                    backbone,
                    head,
                    augmentation,
                    training,
                    phases,
                };
                if let Some(c) = solver {
                    experiment.phases[0].optimizer = Optimizer::LogisticRegression { c };
                    experiment.fit_to_solver(0);
                }
                experiment
            },
        )
}
