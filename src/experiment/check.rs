//! What is out of range in an experiment, and what does not go together.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use super::{
    Augmentation, BackboneConfig, ClassWeights, Column, DataConfig, DataSource, Experiment,
    FreezePlan, GroupBy, HeadConfig, HeadLayer, LayerRates, Optimizer, OutputLayer, Phase,
    Preprocessing, Schedule, SplitConfig, TrainingConfig, Views, WeightsSource, bounds,
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
    let mut problems = Problems::default();
    let name_characters = experiment.name.trim().chars().count();
    if !bounds::NAME_CHARACTERS.contains(&name_characters) {
        problems.add(
            "name",
            format!(
                "has {name_characters} characters, allowed is {}",
                range_text(&bounds::NAME_CHARACTERS)
            ),
        );
    }
    check_data(&experiment.data, &mut problems);
    check_backbone(&experiment.backbone, &mut problems);
    check_head(&experiment.head, &experiment.data, &mut problems);
    check_augmentation(&experiment.augmentation, &mut problems);
    check_training(&experiment.training, &experiment.data, &mut problems);
    if !bounds::PHASES.contains(&experiment.phases.len()) {
        problems.add(
            "phases",
            format!(
                "holds {} phases, allowed is {}",
                experiment.phases.len(),
                range_text(&bounds::PHASES)
            ),
        );
    }
    for (index, phase) in experiment.phases.iter().enumerate() {
        check_phase(&format!("phases[{index}]"), phase, &mut problems);
        let needs = experiment.solver_needs(index);
        if !needs.is_empty() {
            problems.add(
                &format!("phases[{index}].optimizer"),
                format!(
                    "is LogisticRegression, which needs {}: change that, or take another optimizer",
                    needs.join(", and ")
                ),
            );
        }
    }
    problems.0
}

fn check_one_hot(columns: &[Column], path_column: &Column, problems: &mut Problems) {
    const FIELD: &str = "data.source.one_hot";
    for (index, column) in columns.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        problems.column(&field, column);
        if column == path_column {
            problems.add(
                &field,
                "is the same column as path_column, allowed is another one",
            );
        }
        if columns[..index].contains(column) {
            problems.add(&field, "is a column for the second time, allowed is once");
        }
    }
    if columns.len() == 1 {
        problems.add(
            FIELD,
            "names one column, allowed are none (the label column holds the class) or at least two",
        );
    }
}

fn check_data(data: &DataConfig, problems: &mut Problems) {
    match &data.source {
        DataSource::Unset => {}
        DataSource::ClassFolders { path }
        | DataSource::SplitFolders { path }
        | DataSource::Cifar10 { path }
        | DataSource::Cifar100 { path, .. }
        | DataSource::Idx { path }
        | DataSource::Arrays { path } => problems.path("data.source.path", path),
        DataSource::Table {
            file,
            path_column,
            label_column,
            split_column,
            threshold,
            one_hot,
            split_values,
            validation_table,
            test_table,
            encoding,
            split_from_folders: _,
        } => {
            problems.path("data.source.file", file);
            problems.column("data.source.path_column", path_column);
            problems.column("data.source.label_column", label_column);
            check_one_hot(one_hot, path_column, problems);
            let values = split_values.iter().map(|(value, _)| value.as_str());
            problems.distinct("data.source.split_values", values);
            for (field, text) in [
                ("data.source.validation_table", validation_table),
                ("data.source.test_table", test_table),
                ("data.source.encoding", encoding),
            ] {
                if let Some(text) = text {
                    problems.text(field, text);
                }
            }
            if path_column == label_column && one_hot.is_empty() {
                problems.add(
                    "data.source.label_column",
                    "is the same column as path_column, allowed is another one",
                );
            }
            if let Some(column) = split_column {
                problems.column("data.source.split_column", column);
            }
            if let Some(threshold) = threshold {
                problems.finite("data.source.threshold.at_least", threshold.at_least);
                problems.text("data.source.threshold.above", &threshold.above);
                problems.text("data.source.threshold.below", &threshold.below);
                if threshold.above == threshold.below {
                    problems.add(
                        "data.source.threshold.below",
                        format!(
                            "is {:?} like above, allowed is another name",
                            threshold.below
                        ),
                    );
                }
            }
        }
    }
    problems.distinct("data.classes", data.classes.iter().map(String::as_str));
    if data.classes.len() == 1 {
        problems.add(
            "data.classes",
            "names one class, allowed are none (all) or at least two",
        );
    }
    let split = &data.split;
    problems.number(
        "data.split.validation",
        split.validation,
        &bounds::VALIDATION_SHARE,
    );
    problems.number("data.split.test", split.test, &bounds::TEST_SHARE);
    // Compared with a little slack: (1 - 0.9) * (1 - 0.5) is not exactly 0.05.
    let train = (1.0 - split.test) * (1.0 - split.validation);
    if train < bounds::LEAST_TRAIN_SHARE - 1e-9 {
        problems.add(
            "data.split",
            format!(
                "leaves {:.1} % of the pictures to train on, allowed is at least {} %",
                train * 100.0,
                number_text(bounds::LEAST_TRAIN_SHARE * 100.0)
            ),
        );
    }
    check_group(data, problems);
    check_folds(split, problems);
    problems.distinct(
        "data.split.together",
        split.together.iter().flatten().map(String::as_str),
    );
    if let Some(limit) = data.limit {
        problems.number("data.limit", limit, &bounds::LIMIT);
    }
    problems.distinct("data.exclude", data.exclude.iter().map(String::as_str));
}

fn check_folds(split: &SplitConfig, problems: &mut Problems) {
    let field = "data.split.fold";
    match (split.folds, split.fold) {
        (None, None) => {}
        (None, Some(fold)) => problems.add(
            field,
            format!("is {fold} without data.split.folds, allowed is a fold of a cross-validation"),
        ),
        (Some(folds), fold) => {
            problems.number("data.split.folds", folds, &bounds::FOLDS);
            if let Some(fold) = fold {
                problems.number(field, fold, &(0..=folds));
            }
        }
    }
}

fn check_group(data: &DataConfig, problems: &mut Problems) {
    let field = "data.split.group";
    match &data.split.group {
        None => {}
        Some(GroupBy::Column(column)) => {
            problems.column(field, column);
            if !matches!(data.source, DataSource::Unset | DataSource::Table { .. }) {
                problems.add(
                    field,
                    "is a column, but the pictures come from no table; allowed are Folder and Pattern",
                );
            }
        }
        Some(GroupBy::Folder(level)) => problems.number(field, *level, &bounds::FOLDER_LEVEL),
        Some(GroupBy::Pattern(pattern)) => {
            problems.text(field, pattern);
            if let Err(error) = regex::Regex::new(pattern) {
                // The last line says what is wrong, those before it draw where.
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim();
                problems.add(
                    field,
                    format!(
                        "is no regular expression ({reason}), allowed is one such as ^(p\\d+)_"
                    ),
                );
            }
        }
    }
}

fn check_backbone(backbone: &BackboneConfig, problems: &mut Problems) {
    problems.text("backbone.name", &backbone.name);
    match &backbone.weights {
        // An empty key is what stands on top of a file.
        WeightsSource::File(path) | WeightsSource::Part { path, .. } => {
            problems.path("backbone.weights", path);
        }
        WeightsSource::Named(name) => problems.text("backbone.weights", name),
        WeightsSource::Pretrained | WeightsSource::Random => {}
    }
    if let Some(side) = backbone.input_size {
        problems.number("backbone.input_size", side, &bounds::INPUT_SIZE);
    }
    check_preprocessing(&backbone.preprocessing, problems);
}

fn check_preprocessing(preprocessing: &Preprocessing, problems: &mut Problems) {
    let field = "backbone.preprocessing";
    match preprocessing {
        Preprocessing::Auto | Preprocessing::Published => {}
        Preprocessing::Timm(name) => problems.text(field, name),
        Preprocessing::Custom {
            input_size,
            resize,
            mean,
            std,
            ..
        } => {
            problems.number(field, *input_size, &bounds::INPUT_SIZE);
            if resize < input_size || *resize > 2 * bounds::INPUT_SIZE.end() {
                problems.add(
                    field,
                    format!(
                        "resizes the shorter side to {resize}, allowed is {input_size} to {}",
                        2 * bounds::INPUT_SIZE.end()
                    ),
                );
            }
            for value in mean {
                problems.number(field, *value, &bounds::CHANNEL_MEAN);
            }
            for value in std {
                problems.number(field, *value, &bounds::CHANNEL_STD);
            }
        }
    }
}

fn check_head(head: &HeadConfig, data: &DataConfig, problems: &mut Problems) {
    problems.number("head.stages", head.stages, &bounds::HEAD_STAGES);
    if !bounds::HEAD_LAYERS.contains(&head.layers.len()) {
        problems.add(
            "head.layers",
            format!(
                "holds {} layers, allowed is {}",
                head.layers.len(),
                range_text(&bounds::HEAD_LAYERS)
            ),
        );
    }
    for (index, layer) in head.layers.iter().enumerate() {
        match layer {
            HeadLayer::Dense { units, .. } => {
                problems.number(
                    &format!("head.layers[{index}].units"),
                    *units,
                    &bounds::UNITS,
                );
            }
            HeadLayer::BatchNorm => {}
            HeadLayer::Dropout(share) => {
                problems.number(&format!("head.layers[{index}]"), *share, &bounds::DROPOUT);
            }
        }
    }
    // A list of one class is a problem of its own.
    if head.output == OutputLayer::Sigmoid && data.classes.len() > 2 {
        problems.add(
            "head.output",
            format!(
                "is Sigmoid, which tells two classes apart, but data.classes names {}; allowed is \
                 Softmax",
                data.classes.len()
            ),
        );
    }
}

fn check_augmentation(augmentation: &Augmentation, problems: &mut Problems) {
    if let Views::Cached(views) = augmentation.views {
        problems.number("augmentation.views", views, &bounds::CACHED_VIEWS);
    }
    for (name, strength, range) in [
        ("rotation", augmentation.rotation, bounds::ROTATION),
        ("zoom", augmentation.zoom, bounds::ZOOM),
        ("translation", augmentation.translation, bounds::TRANSLATION),
        ("crop", augmentation.crop, bounds::CROP),
        ("contrast", augmentation.contrast, bounds::CONTRAST),
        ("brightness", augmentation.brightness, bounds::BRIGHTNESS),
        (
            "color_jitter",
            augmentation.color_jitter,
            bounds::COLOR_JITTER,
        ),
        ("cutout", augmentation.cutout, bounds::CUTOUT),
        ("mixup", augmentation.mixup, bounds::MIXING_ALPHA),
        ("cutmix", augmentation.cutmix, bounds::MIXING_ALPHA),
    ] {
        problems.number(&format!("augmentation.{name}"), strength, &range);
    }
}

fn check_training(training: &TrainingConfig, data: &DataConfig, problems: &mut Problems) {
    problems.number(
        "training.batch_size",
        training.batch_size,
        &bounds::BATCH_SIZE,
    );
    if let Some(micro_batch) = training.micro_batch {
        problems.number("training.micro_batch", micro_batch, &bounds::BATCH_SIZE);
    }
    problems.number(
        "training.label_smoothing",
        training.label_smoothing,
        &bounds::LABEL_SMOOTHING,
    );
    if let ClassWeights::Custom(weights) = &training.class_weights {
        let field = "training.class_weights";
        problems.distinct(field, weights.iter().map(|(class, _)| class.as_str()));
        for (index, (class, weight)) in weights.iter().enumerate() {
            problems.number(
                &format!("{field}[{index}][1]"),
                *weight,
                &bounds::CLASS_WEIGHT,
            );
            if !data.classes.is_empty() && !data.classes.contains(class) {
                problems.add(
                    &format!("{field}[{index}][0]"),
                    format!("is {class:?}, allowed is {}", data.classes.join(", ")),
                );
            }
        }
    }
    if let Some(stopping) = &training.early_stopping {
        problems.number(
            "training.early_stopping.patience",
            stopping.patience,
            &bounds::PATIENCE,
        );
        problems.number(
            "training.early_stopping.min_delta",
            stopping.min_delta,
            &bounds::MIN_DELTA,
        );
        if data.split.validation == 0.0 && !source_may_bring_validation(&data.source) {
            problems.add(
                "training.early_stopping",
                "needs validation pictures, but data.split.validation is 0; allowed is None",
            );
        }
    }
    if let Some(decay) = training.weight_averaging {
        problems.number(
            "training.weight_averaging",
            decay,
            &bounds::WEIGHT_AVERAGING,
        );
    }
}

/// Whether pictures of this source can be assigned to validation by the source itself. One that is
/// not chosen yet may turn out to.
fn source_may_bring_validation(source: &DataSource) -> bool {
    match source {
        DataSource::Unset | DataSource::SplitFolders { .. } | DataSource::Arrays { .. } => true,
        DataSource::Table {
            split_column,
            validation_table,
            split_from_folders,
            ..
        } => split_column.is_some() || validation_table.is_some() || *split_from_folders,
        DataSource::ClassFolders { .. }
        | DataSource::Cifar10 { .. }
        | DataSource::Cifar100 { .. }
        | DataSource::Idx { .. } => false,
    }
}

fn check_phase(field: &str, phase: &Phase, problems: &mut Problems) {
    let path = |name: &str| format!("{field}.{name}");
    problems.number(&path("epochs"), phase.epochs, &bounds::EPOCHS);
    problems.number(
        &path("learning_rate"),
        phase.learning_rate,
        &bounds::LEARNING_RATE,
    );
    problems.number(
        &path("warmup_epochs"),
        phase.warmup_epochs,
        &(0.0..=f64::from(phase.epochs)),
    );
    let freeze = path("freeze");
    match &phase.freeze {
        FreezePlan::Backbone | FreezePlan::Nothing => {}
        FreezePlan::AllButLast(layers) => {
            problems.number(&freeze, *layers, &bounds::FREE_LAYERS);
        }
        FreezePlan::Below(layer) => problems.text(&freeze, layer),
        FreezePlan::Custom(layers) => {
            if layers.is_empty() {
                problems.add(
                    &freeze,
                    "is an empty list, allowed is at least one layer's path",
                );
            }
            problems.distinct(&freeze, layers.iter().map(String::as_str));
        }
    }
    check_optimizer(&path("optimizer"), &phase.optimizer, problems);
    check_schedule(&path("schedule"), &phase.schedule, problems);
    let rates = path("layer_rates");
    match &phase.layer_rates {
        LayerRates::Uniform => {}
        LayerRates::ByDepth { lowest } => {
            problems.number(
                &format!("{rates}.lowest"),
                *lowest,
                &bounds::LOWEST_LAYER_RATE,
            );
        }
        LayerRates::Backbone(factor) => problems.number(&rates, *factor, &bounds::LAYER_RATE),
        LayerRates::Custom(factors) => {
            problems.distinct(&rates, factors.iter().map(|(layer, _)| layer.as_str()));
            for (index, (_, factor)) in factors.iter().enumerate() {
                problems.number(
                    &format!("{rates}[{index}][1]"),
                    *factor,
                    &bounds::LAYER_RATE,
                );
            }
        }
    }
}

fn check_optimizer(field: &str, optimizer: &Optimizer, problems: &mut Problems) {
    let path = |name: &str| format!("{field}.{name}");
    match *optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => {
            problems.number(&path("momentum"), momentum, &bounds::MOMENTUM);
            problems.number(&path("weight_decay"), weight_decay, &bounds::WEIGHT_DECAY);
            if nesterov && momentum == 0.0 {
                problems.add(
                    &path("nesterov"),
                    "is true with a momentum of 0, allowed is false, or a momentum above 0",
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
            problems.number(&path("beta1"), beta1, &bounds::DECAY_RATE);
            problems.number(&path("beta2"), beta2, &bounds::DECAY_RATE);
            problems.number(&path("epsilon"), epsilon, &bounds::EPSILON);
            problems.number(&path("weight_decay"), weight_decay, &bounds::WEIGHT_DECAY);
        }
        Optimizer::RmsProp {
            alpha,
            epsilon,
            momentum,
            weight_decay,
        } => {
            problems.number(&path("alpha"), alpha, &bounds::DECAY_RATE);
            problems.number(&path("epsilon"), epsilon, &bounds::EPSILON);
            problems.number(&path("momentum"), momentum, &bounds::MOMENTUM);
            problems.number(&path("weight_decay"), weight_decay, &bounds::WEIGHT_DECAY);
        }
        Optimizer::LogisticRegression { c: Some(c) } => {
            problems.number(&path("c"), c, &bounds::INVERSE_PENALTY);
        }
        Optimizer::LogisticRegression { c: None } => {}
    }
}

fn check_schedule(field: &str, schedule: &Schedule, problems: &mut Problems) {
    let path = |name: &str| format!("{field}.{name}");
    match *schedule {
        Schedule::Constant => {}
        Schedule::Step {
            every_epochs,
            factor,
        } => {
            problems.number(&path("every_epochs"), every_epochs, &bounds::STEP_EPOCHS);
            problems.number(&path("factor"), factor, &bounds::STEP_FACTOR);
        }
        Schedule::Cosine { final_factor } => {
            problems.number(&path("final_factor"), final_factor, &bounds::FINAL_FACTOR);
        }
        Schedule::OneCycle {
            rise,
            start_divisor,
            final_divisor,
        } => {
            problems.number(&path("rise"), rise, &bounds::RISE);
            problems.number(
                &path("start_divisor"),
                start_divisor,
                &bounds::START_DIVISOR,
            );
            problems.number(
                &path("final_divisor"),
                final_divisor,
                &bounds::FINAL_DIVISOR,
            );
        }
    }
}

/// What was found so far, in the order of the preset's fields.
#[derive(Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldProblem {
            field: field.into(),
            message: message.into(),
        });
    }

    /// NaN lies in no range and is refused with everything else outside.
    fn number<T: Number>(&mut self, field: &str, value: T, range: &RangeInclusive<T>) {
        if !range.contains(&value) {
            self.add(
                field,
                format!("is {}, allowed is {}", value.text(), range_text(range)),
            );
        }
    }

    fn finite(&mut self, field: &str, value: f64) {
        if !value.is_finite() {
            self.add(field, format!("is {value}, allowed is any finite number"));
        }
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(field, "is empty, allowed is any name");
        }
    }

    fn path(&mut self, field: &str, path: &Path) {
        if path.as_os_str().is_empty() {
            self.add(field, "is empty, allowed is a path");
        }
    }

    fn column(&mut self, field: &str, column: &Column) {
        if let Column::Name(name) = column {
            self.text(field, name);
        }
    }

    /// Every name of a list must be there and stand there once.
    fn distinct<'a>(&mut self, field: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            let field = format!("{field}[{index}]");
            self.text(&field, name);
            if !seen.insert(name) {
                self.add(
                    &field,
                    format!("is {name:?} for the second time, allowed is once"),
                );
            }
        }
    }
}

trait Number: PartialOrd {
    fn text(&self) -> String;
}

impl Number for f64 {
    fn text(&self) -> String {
        number_text(*self)
    }
}

impl Number for u32 {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Number for usize {
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Without a long tail of zeros before or after the digits: 0.001, 1e-12, 10, 1e9.
fn number_text(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_finite() && magnitude != 0.0 && !(1e-3..1e6).contains(&magnitude) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

fn range_text<T: Number>(range: &RangeInclusive<T>) -> String {
    format!("{} to {}", range.start().text(), range.end().text())
}

#[cfg(test)]
mod tests {
    use super::super::preset;
    use super::*;

    /// The problems of the default experiment after one change that `set` would refuse.
    fn problems_after(change: impl FnOnce(&mut Experiment)) -> Vec<String> {
        let mut experiment = Experiment::default();
        change(&mut experiment);
        experiment
            .check()
            .iter()
            .map(|p| format!("{} {}", p.field, p.message))
            .collect()
    }

    #[test]
    fn the_default_has_no_problem() {
        assert_eq!(Experiment::default().check(), []);
    }

    #[test]
    fn each_number_is_held_to_its_range() {
        for (assignment, expect) in [
            (
                "phases[0].epochs=0",
                "phases[0].epochs is 0, allowed is 1 to 10000",
            ),
            (
                "phases[0].learning_rate=0.0",
                "phases[0].learning_rate is 0, allowed is 1e-12 to 10",
            ),
            (
                "phases[0].learning_rate=NaN",
                "phases[0].learning_rate is NaN, allowed is 1e-12 to 10",
            ),
            (
                "phases[0].learning_rate=inf",
                "phases[0].learning_rate is inf, allowed is 1e-12 to 10",
            ),
            (
                "phases[0].warmup_epochs=11",
                "phases[0].warmup_epochs is 11, allowed is 0 to 10",
            ),
            ("phases=[]", "phases holds 0 phases, allowed is 1 to 20"),
            (
                "training.batch_size=5000",
                "training.batch_size is 5000, allowed is 1 to 4096",
            ),
            (
                "training.micro_batch=0",
                "training.micro_batch is 0, allowed is 1 to 4096",
            ),
            (
                "backbone.input_size=16",
                "backbone.input_size is 16, allowed is 32 to 1024",
            ),
            (
                "backbone.weights=Named(\" \")",
                "backbone.weights is empty, allowed is any name",
            ),
            (
                "augmentation.rotation=-1",
                "augmentation.rotation is -1, allowed is 0 to 180",
            ),
            (
                "augmentation.mixup=-0.2",
                "augmentation.mixup is -0.2, allowed is 0 to 4",
            ),
            (
                "augmentation.cutmix=NaN",
                "augmentation.cutmix is NaN, allowed is 0 to 4",
            ),
            (
                "augmentation.views=Cached(0)",
                "augmentation.views is 0, allowed is 1 to 64",
            ),
            (
                "head.layers=[Dropout(3)]",
                "head.layers[0] is 3, allowed is 0 to 0.95",
            ),
            ("data.limit=0", "data.limit is 0, allowed is 1 to 100000000"),
            (
                "data.split.group=Folder(0)",
                "data.split.group is 0, allowed is 1 to 16",
            ),
            (
                "data.split.folds=1",
                "data.split.folds is 1, allowed is 2 to 20",
            ),
            (
                "data.split=(folds: 5, fold: 6)",
                "data.split.fold is 6, allowed is 0 to 5",
            ),
            (
                "data.split.fold=2",
                "data.split.fold is 2 without data.split.folds, allowed is a fold of a cross-validation",
            ),
            (
                "data.split.group=Pattern(\"(\")",
                "data.split.group is no regular expression (error: unclosed group), allowed is one such as ^(p\\d+)_",
            ),
            (
                "phases[0].schedule=OneCycle(rise: 1)",
                "phases[0].schedule.rise is 1, allowed is 0.001 to 0.999",
            ),
            (
                "phases[0].optimizer=RmsProp(alpha: 1)",
                "phases[0].optimizer.alpha is 1, allowed is 0 to 0.999999",
            ),
            (
                "phases[0].optimizer=Sgd(nesterov: true)",
                "phases[0].optimizer.nesterov is true with a momentum of 0, allowed is false, or a \
                 momentum above 0",
            ),
            (
                "phases[0].freeze=Below(\"\")",
                "phases[0].freeze is empty, allowed is any name",
            ),
            (
                "phases[0].freeze=Custom([])",
                "phases[0].freeze is an empty list, allowed is at least one layer's path",
            ),
            (
                "phases[0].freeze=Custom([\"\"])",
                "phases[0].freeze[0] is empty, allowed is any name",
            ),
            (
                "data.classes=[\"cat\", \"cat\"]",
                "data.classes[1] is \"cat\" for the second time, allowed is once",
            ),
            (
                "data.split=(test: 0.9, validation: 0.9)",
                "data.split leaves 1.0 % of the pictures to train on, allowed is at least 5 %",
            ),
            (
                "data.source=ClassFolders(path: \"\")",
                "data.source.path is empty, allowed is a path",
            ),
            (
                "training.weight_averaging=0.5",
                "training.weight_averaging is 0.5, allowed is 0.9 to 0.9999",
            ),
        ] {
            let mut experiment = Experiment::default();
            let error = preset::set_field(&mut experiment, assignment).unwrap_err();
            assert_eq!(error.replace(['“', '”'], ""), expect, "{assignment}");
            assert_eq!(
                experiment,
                Experiment::default(),
                "{assignment} must change nothing"
            );
        }
    }

    #[test]
    fn a_sigmoid_needs_two_classes() {
        let sigmoid = |classes: &[&str]| {
            problems_after(|experiment| {
                experiment.head.output = OutputLayer::Sigmoid;
                experiment.data.classes = classes.iter().map(ToString::to_string).collect();
            })
        };
        assert_eq!(sigmoid(&[]), [] as [&str; 0]);
        assert_eq!(sigmoid(&["cat", "dog"]), [] as [&str; 0]);
        assert_eq!(sigmoid(&["cat", "dog", "cow"]).len(), 1);
        assert_eq!(sigmoid(&["cat"]).len(), 1);
    }

    #[test]
    fn early_stopping_needs_validation_pictures() {
        let stopping = |source: DataSource| {
            problems_after(|experiment| {
                experiment.training.early_stopping = Some(Default::default());
                experiment.data.split.validation = 0.0;
                experiment.data.source = source;
            })
        };
        assert_eq!(
            stopping(DataSource::ClassFolders { path: "p".into() }).len(),
            1
        );
        assert_eq!(
            stopping(DataSource::SplitFolders { path: "p".into() }).len(),
            0
        );
    }

    #[test]
    fn half_and_nine_tenths_leave_just_enough_to_train() {
        let problems = problems_after(|experiment| {
            experiment.data.split.test = 0.9;
            experiment.data.split.validation = 0.5;
        });
        assert_eq!(problems, [] as [&str; 0]);
    }
}
