//! What is out of range in an experiment.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::bounds;
use super::{
    Augmentation, ClassWeights, DataSource, Experiment, FreezePlan, HeadLayer, LayerRates,
    Optimizer, OutputLayer, Phase, Schedule, Views,
};

/// One field that can't be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// `phases[1].learning_rate`, as in the preset.
    pub field: String,
    /// What it is and what is allowed: "is 3, allowed is 0 to 0.95".
    pub message: String,
}

pub(super) fn check(experiment: &Experiment) -> Vec<FieldProblem> {
    let mut found = Findings::default();
    data(experiment, &mut found);
    backbone(experiment, &mut found);
    head(experiment, &mut found);
    augmentation(&experiment.augmentation, &mut found);
    training(experiment, &mut found);
    if experiment.phases.is_empty() {
        found.add("phases", "is empty, at least one phase is needed");
    }
    for (index, phase) in experiment.phases.iter().enumerate() {
        check_phase(phase, &format!("phases[{index}]"), &mut found);
    }
    found.0
}

#[derive(Default)]
struct Findings(Vec<FieldProblem>);

impl Findings {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldProblem {
            field: field.into(),
            message: message.into(),
        });
    }

    /// Not a number is in no range.
    fn range<T: PartialOrd + Display>(
        &mut self,
        field: impl Into<String>,
        value: T,
        allowed: &RangeInclusive<T>,
    ) {
        if !allowed.contains(&value) {
            self.add(
                field,
                format!(
                    "is {value}, allowed is {} to {}",
                    allowed.start(),
                    allowed.end()
                ),
            );
        }
    }

    fn not_empty(&mut self, field: impl Into<String>, text: &str, what: &str) {
        if text.trim().is_empty() {
            self.add(field, format!("is empty, {what} is needed"));
        }
    }
}

fn data(experiment: &Experiment, found: &mut Findings) {
    let data = &experiment.data;
    let path = match &data.source {
        DataSource::Unset => None,
        DataSource::ClassFolders { path }
        | DataSource::SplitFolders { path }
        | DataSource::Cifar10 { path } => Some(path),
        DataSource::Table {
            file, threshold, ..
        } => {
            if let Some(threshold) = threshold {
                if !threshold.at_least.is_finite() {
                    found.add(
                        "data.source.threshold.at_least",
                        format!("is {}, allowed is any number", threshold.at_least),
                    );
                }
                found.not_empty(
                    "data.source.threshold.above",
                    &threshold.above,
                    "a class name",
                );
                found.not_empty(
                    "data.source.threshold.below",
                    &threshold.below,
                    "a class name",
                );
                if threshold.above == threshold.below {
                    found.add(
                        "data.source.threshold.below",
                        "is the same as above, two different class names are needed",
                    );
                }
            }
            Some(file)
        }
    };
    if path.is_some_and(|path| path.as_os_str().is_empty()) {
        found.add("data.source", "names no folder or file");
    }
    for (index, class) in data.classes.iter().enumerate() {
        if data.classes[..index].contains(class) {
            found.add(
                format!("data.classes[{index}]"),
                format!("is “{class}”, which stands in the list already"),
            );
        }
    }
    if data.classes.len() == 1 {
        found.add(
            "data.classes",
            "names one class, at least two are needed (or none, for all)",
        );
    }
    found.range(
        "data.split.validation",
        data.split.validation,
        &bounds::SHARE,
    );
    found.range("data.split.test", data.split.test, &bounds::SHARE);
    if data.limit.is_some_and(|limit| limit < 2) {
        found.add(
            "data.limit",
            "is less than 2, allowed is 2 or more, or None for all pictures",
        );
    }
}

fn backbone(experiment: &Experiment, found: &mut Findings) {
    found.not_empty(
        "backbone.name",
        &experiment.backbone.name,
        "the name of a backbone",
    );
    if let Some(size) = experiment.backbone.input_size {
        found.range("backbone.input_size", size, &bounds::INPUT_SIZE);
    }
}

fn head(experiment: &Experiment, found: &mut Findings) {
    for (index, layer) in experiment.head.layers.iter().enumerate() {
        let field = format!("head.layers[{index}]");
        match layer {
            HeadLayer::Dense { units, .. } => {
                found.range(format!("{field}.units"), *units, &bounds::DENSE_UNITS)
            }
            HeadLayer::Dropout(rate) => found.range(field, *rate, &bounds::DROPOUT),
            HeadLayer::BatchNorm => {}
        }
    }
    if experiment.head.output == OutputLayer::Sigmoid && experiment.data.classes.len() > 2 {
        found.add(
            "head.output",
            format!(
                "is Sigmoid, which is for two classes, but data.classes names {}: use Softmax",
                experiment.data.classes.len()
            ),
        );
    }
}

fn augmentation(augmentation: &Augmentation, found: &mut Findings) {
    if let Views::Cached(views) = augmentation.views {
        found.range("augmentation.views", views, &bounds::VIEWS);
    }
    for (field, value, allowed) in [
        ("rotation", augmentation.rotation, &bounds::ROTATION),
        ("zoom", augmentation.zoom, &bounds::SHARE),
        ("translation", augmentation.translation, &bounds::SHARE),
        ("crop", augmentation.crop, &bounds::CROP),
        ("contrast", augmentation.contrast, &bounds::UNIT),
        ("brightness", augmentation.brightness, &bounds::UNIT),
        ("color_jitter", augmentation.color_jitter, &bounds::UNIT),
        ("cutout", augmentation.cutout, &bounds::SHARE),
    ] {
        found.range(format!("augmentation.{field}"), value, allowed);
    }
}

fn training(experiment: &Experiment, found: &mut Findings) {
    let training = &experiment.training;
    found.range(
        "training.batch_size",
        training.batch_size,
        &bounds::BATCH_SIZE,
    );
    found.range(
        "training.label_smoothing",
        training.label_smoothing,
        &bounds::LABEL_SMOOTHING,
    );
    if let ClassWeights::Custom(weights) = &training.class_weights {
        for (index, (class, weight)) in weights.iter().enumerate() {
            if !(weight.is_finite() && *weight >= 0.0) {
                found.add(
                    format!("training.class_weights[{index}]"),
                    format!("of “{class}” is {weight}, allowed is 0 or more"),
                );
            }
        }
    }
    if let Some(stopping) = &training.early_stopping {
        found.range(
            "training.early_stopping.patience",
            stopping.patience,
            &bounds::PATIENCE,
        );
        if !(stopping.min_delta.is_finite() && stopping.min_delta >= 0.0) {
            found.add(
                "training.early_stopping.min_delta",
                format!("is {}, allowed is 0 or more", stopping.min_delta),
            );
        }
    }
    if let Some(decay) = training.weight_averaging {
        found.range(
            "training.weight_averaging",
            decay,
            &bounds::WEIGHT_AVERAGING,
        );
    }
}

fn check_phase(phase: &Phase, field: &str, found: &mut Findings) {
    found.range(format!("{field}.epochs"), phase.epochs, &bounds::EPOCHS);
    found.range(
        format!("{field}.learning_rate"),
        phase.learning_rate,
        &bounds::LEARNING_RATE,
    );
    found.range(
        format!("{field}.warmup_epochs"),
        phase.warmup_epochs,
        &(0.0..=f64::from(phase.epochs)),
    );
    match &phase.freeze {
        FreezePlan::Below(path) => {
            found.not_empty(format!("{field}.freeze"), path, "the path of a layer")
        }
        FreezePlan::Custom(paths) => {
            for (index, path) in paths.iter().enumerate() {
                found.not_empty(
                    format!("{field}.freeze[{index}]"),
                    path,
                    "the path of a layer",
                );
            }
        }
        FreezePlan::Backbone | FreezePlan::Nothing | FreezePlan::AllButLast(_) => {}
    }
    optimizer(&phase.optimizer, &format!("{field}.optimizer"), found);
    schedule(&phase.schedule, &format!("{field}.schedule"), found);
    match &phase.layer_rates {
        LayerRates::Uniform => {}
        LayerRates::ByDepth { lowest } => found.range(
            format!("{field}.layer_rates.lowest"),
            *lowest,
            &(1e-6..=1.0),
        ),
        LayerRates::Backbone(factor) => {
            found.range(format!("{field}.layer_rates"), *factor, &(0.0..=100.0))
        }
        LayerRates::Custom(factors) => {
            for (index, (path, factor)) in factors.iter().enumerate() {
                found.not_empty(
                    format!("{field}.layer_rates[{index}]"),
                    path,
                    "the path of a layer",
                );
                found.range(
                    format!("{field}.layer_rates[{index}]"),
                    *factor,
                    &(0.0..=100.0),
                );
            }
        }
    }
}

fn optimizer(optimizer: &Optimizer, field: &str, found: &mut Findings) {
    match *optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => {
            found.range(format!("{field}.momentum"), momentum, &bounds::MOMENTUM);
            found.range(
                format!("{field}.weight_decay"),
                weight_decay,
                &bounds::WEIGHT_DECAY,
            );
            if nesterov && momentum == 0.0 {
                found.add(
                    format!("{field}.nesterov"),
                    "is true, which needs a momentum above 0",
                );
            }
        }
        Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        }
        | Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            found.range(format!("{field}.beta1"), beta1, &bounds::MOMENTUM);
            found.range(format!("{field}.beta2"), beta2, &bounds::MOMENTUM);
            found.range(format!("{field}.epsilon"), epsilon, &bounds::EPSILON);
            found.range(
                format!("{field}.weight_decay"),
                weight_decay,
                &bounds::WEIGHT_DECAY,
            );
        }
        Optimizer::RmsProp {
            alpha,
            epsilon,
            momentum,
            weight_decay,
        } => {
            found.range(format!("{field}.alpha"), alpha, &bounds::MOMENTUM);
            found.range(format!("{field}.epsilon"), epsilon, &bounds::EPSILON);
            found.range(format!("{field}.momentum"), momentum, &bounds::MOMENTUM);
            found.range(
                format!("{field}.weight_decay"),
                weight_decay,
                &bounds::WEIGHT_DECAY,
            );
        }
    }
}

fn schedule(schedule: &Schedule, field: &str, found: &mut Findings) {
    match *schedule {
        Schedule::Constant => {}
        Schedule::Step {
            every_epochs,
            factor,
        } => {
            found.range(
                format!("{field}.every_epochs"),
                every_epochs,
                &bounds::EPOCHS,
            );
            found.range(format!("{field}.factor"), factor, &(1e-6..=1.0));
        }
        Schedule::Cosine { final_factor } => {
            found.range(format!("{field}.final_factor"), final_factor, &bounds::UNIT)
        }
        Schedule::OneCycle {
            rise,
            start_divisor,
            final_divisor,
        } => {
            found.range(format!("{field}.rise"), rise, &(0.01..=0.99));
            found.range(
                format!("{field}.start_divisor"),
                start_divisor,
                &(1.0..=1e6),
            );
            found.range(
                format!("{field}.final_divisor"),
                final_divisor,
                &(1.0..=1e9),
            );
        }
    }
}
