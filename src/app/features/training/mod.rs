//! Left side: what holds for all phases of a training.

pub mod advice;
pub mod forecast;
mod phase_rules;
pub mod phases;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::State;
use crate::app::ui::editor::{Draft, EditorView};
use crate::app::ui::effect::Control;
use crate::app::ui::tokens::{icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::experiment::{
    ClassWeights, EarlyStopping, Experiment, Keep, MixedPrecision, Monitor, Precision, TestViews,
    bounds,
};
use crate::format;
use crate::training::test_views;

/// What holds for all phases.
pub struct TrainingSection;

impl Section for TrainingSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Training",
            icon: icon::SLIDERS_HORIZONTAL,
            tooltip: "Settings of all phases: batch size, loss, early stopping, precision, seed",
            fields: &["training", "seed", "name"],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        if let Some(view) = build(context.state) {
            training_ui(ui, &view, out);
        }
    }
}

/// Plain data of the training editor.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingView {
    pub editor: EditorView,
    /// Of the pictures that are open.
    pub classes: Vec<String>,
}

/// Nothing when no experiment is open.
pub fn build(state: &State) -> Option<TrainingView> {
    let dataset = state.scan.dataset();
    Some(TrainingView {
        editor: EditorView::build(state)?,
        classes: dataset.map_or_else(Vec::new, |dataset| dataset.classes.clone()),
    })
}

const MONITORS: [(Monitor, &str, &str); 3] = [
    (
        Monitor::ValidationLoss,
        "Validation loss",
        "The epoch with the lowest loss is best; takes confidence into account",
    ),
    (
        Monitor::ValidationAccuracy,
        "Validation accuracy",
        "The epoch with the highest accuracy is best",
    ),
    (
        Monitor::ValidationMacroF1,
        "Validation macro-F1",
        "The epoch with the highest macro-F1 is best; every class counts the same",
    ),
];

const KEEPS: [(Keep, &str, &str); 2] = [
    (
        Keep::Best,
        "Best epoch",
        "The run keeps and tests the weights of the best epoch",
    ),
    (
        Keep::Last,
        "Last epoch",
        "The run keeps and tests the weights of the last epoch",
    ),
];

const TEST_VIEWS: [(TestViews, &str, &str); 3] = [
    (
        TestViews::Single,
        "None",
        "Every test picture is predicted once, as it is",
    ),
    (
        TestViews::Flips,
        "Flips",
        "Probabilities are averaged over every flip that the augmentation uses",
    ),
    (
        TestViews::FlipsAndTurns,
        "Flips, turns",
        "Probabilities are averaged over every flip that the augmentation uses, each turned by 0°, 90°, 180° and 270°: for pictures without an up and down, for which the augmentation rotates by 180°",
    ),
];

const PRECISIONS: [(Precision, &str, &str); 3] = [
    (
        Precision::Auto,
        "Auto",
        "bf16 where this processor supports it in hardware (AMX) and accuracy does not suffer, else fp32. On a graphics card bf16, or fp16 where it supports only that. The run's log says what was chosen and why",
    ),
    (
        Precision::Fp32,
        "fp32",
        "Frozen layers compute in single precision (32 bits)",
    ),
    (
        Precision::Bf16,
        "bf16",
        "Frozen layers compute in bfloat16 (8 bits of mantissa): about twice as fast on processors that support it, slower on others. As accurate overall, but a few predictions differ",
    ),
];

const MIXED_PRECISIONS: [(MixedPrecision, &str, &str); 3] = [
    (
        MixedPrecision::Auto,
        "Auto",
        "Mixed precision where the graphics card or the processor supports bf16 (tensor cores, AMX), or the card fp16, else fp32. The run's log says what was chosen",
    ),
    (
        MixedPrecision::Off,
        "fp32",
        "Trainable layers compute in single precision (32 bits)",
    ),
    (
        MixedPrecision::Bf16,
        "bf16",
        "Mixed precision: convolutions and matrix products in bfloat16; weights, the head and all tests stay in single precision. Up to twice as fast and half the memory where hardware supports it, slower elsewhere",
    ),
];

pub fn training_ui(ui: &mut egui::Ui, view: &TrainingView, out: &mut Vec<Command>) {
    let mut draft = view.editor.draft();
    let tooltip = "Pictures per step of the optimizer. Larger batches give steadier steps, are quicker per picture, and need more memory";
    let idle = draft.why_idle(Control::BatchSize);
    let batch_size = &mut draft.experiment.training.batch_size;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::number(
            ui,
            "Batch size",
            tooltip,
            batch_size,
            bounds::BATCH_SIZE,
            "",
        )
    });
    draft.touched(changed, "batch size");
    widgets::problem(ui, draft.problem("training.batch_size"));
    let training = &mut draft.experiment.training;
    let mut is_split = training.micro_batch.is_some();
    let tooltip = "Gradient accumulation: compute each batch in parts that fit into memory, and add up their gradients. The steps stay the same; only a trainable BatchNorm sees the smaller part";
    if widgets::toggle(ui, "Micro-batches", tooltip, &mut is_split) {
        training.micro_batch = is_split.then_some((training.batch_size / 2).max(1));
        draft.touched(true, "");
    }
    if let Some(micro_batch) = &mut draft.experiment.training.micro_batch {
        let tooltip = "Pictures that are computed at once. Memory grows with it; the batch size stays the same";
        let changed = widgets::number(
            ui,
            "Micro-batch size",
            tooltip,
            micro_batch,
            bounds::BATCH_SIZE,
            "",
        );
        draft.touched(changed, "micro-batch");
        if let Some(idle) = draft.why_idle(Control::MicroBatch) {
            widgets::note(ui, &idle);
        }
    }
    widgets::problem(ui, draft.problem("training.micro_batch"));

    let tooltip =
        "Share of the target that is spread over all classes: guards against overconfidence";
    let training = &mut draft.experiment.training;
    let changed = widgets::share_slider(
        ui,
        "Label smoothing",
        tooltip,
        &mut training.label_smoothing,
        0.5,
    );
    draft.touched(changed, "label smoothing");
    widgets::problem(ui, draft.problem("training.label_smoothing"));

    class_weights_ui(ui, view, &mut draft);
    widgets::problem(ui, draft.problem("training.class_weights"));

    widgets::heading(ui, "Best epoch and early stopping");
    let tooltip = "The number that decides which epoch is best, and when training stops early";
    let idle = draft.why_idle(Control::Monitor);
    let training = &mut draft.experiment.training;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::choice(ui, "Monitor", tooltip, &mut training.monitor, &MONITORS)
    });
    draft.touched(changed, "");
    let tooltip = "Which weights the run keeps and tests";
    let idle = draft.why_idle(Control::Keep);
    let training = &mut draft.experiment.training;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::segmented_row(ui, "Weights kept", tooltip, &mut training.keep, &KEEPS)
    });
    draft.touched(changed, "");

    let mut stops = draft.experiment.training.early_stopping.is_some();
    let tooltip = "End a phase when the monitored number has not improved for some epochs";
    let idle = draft.why_idle_unless(stops, Control::EarlyStopping);
    let toggled = widgets::idle_if(ui, idle, |ui| {
        widgets::toggle(ui, "Early stopping", tooltip, &mut stops)
    });
    if toggled {
        draft.experiment.training.early_stopping = stops.then(EarlyStopping::default);
        draft.touched(true, "");
    }
    if let Some(early) = &mut draft.experiment.training.early_stopping {
        let tooltip = "Epochs without improvement before the phase ends";
        let unit = format::unit(early.patience.into(), " epoch", " epochs");
        let mut changed = widgets::number(
            ui,
            "Patience",
            tooltip,
            &mut early.patience,
            bounds::PATIENCE,
            unit,
        );
        let tooltip =
            "A smaller change of the monitored number does not count as improvement (min_delta)";
        changed |= widgets::slider(
            ui,
            "Minimum change",
            tooltip,
            &mut early.min_delta,
            0.0..=0.1,
            0.001,
            "",
        );
        draft.touched(changed, "early stopping");
        if let Some(idle) = draft.why_idle(Control::Patience) {
            widgets::note(ui, &idle);
        }
    }
    widgets::problem(ui, draft.problem("training.early_stopping"));

    let mut averages = draft.experiment.training.weight_averaging.is_some();
    let tooltip = "Validate, keep and test an exponential moving average (EMA) of the weights: often a little better";
    let idle = draft.why_idle_unless(averages, Control::WeightAveraging);
    let toggled = widgets::idle_if(ui, idle, |ui| {
        widgets::toggle(ui, "Weight averaging", tooltip, &mut averages)
    });
    if toggled {
        draft.experiment.training.weight_averaging = averages.then_some(0.99);
        draft.touched(true, "");
    }
    if let Some(decay) = &mut draft.experiment.training.weight_averaging {
        let tooltip =
            "How much of the average stays at each step; 0.99 averages over about 100 steps";
        let changed = widgets::slider(
            ui,
            "Decay",
            tooltip,
            decay,
            bounds::WEIGHT_AVERAGING,
            0.0001,
            "",
        );
        draft.touched(changed, "weight averaging");
    }
    widgets::problem(ui, draft.problem("training.weight_averaging"));

    widgets::heading(ui, "Precision");
    let tooltip = "The numbers that frozen layers compute with";
    let idle = draft.why_idle(Control::FrozenPrecision);
    let precision = &mut draft.experiment.training.precision;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::segmented_row(ui, "Frozen layers", tooltip, precision, &PRECISIONS)
    });
    draft.touched(changed, "");
    let tooltip = "The numbers that trainable layers of the backbone compute with";
    let idle = draft.why_idle(Control::MixedPrecision);
    let mixed = &mut draft.experiment.training.mixed_precision;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::segmented_row(ui, "Trainable layers", tooltip, mixed, &MIXED_PRECISIONS)
    });
    draft.touched(changed, "");
    let tooltip = "On graphics cards, matrix products in single precision may use TF32 (10 bits of mantissa): several times as fast";
    let idle = draft.why_idle(Control::Tf32);
    let tf32 = &mut draft.experiment.training.tf32;
    let changed = widgets::idle_if(ui, idle, |ui| widgets::toggle(ui, "TF32", tooltip, tf32));
    draft.touched(changed, "");

    widgets::heading(ui, "Test and seed");
    let tooltip = "Test-time augmentation (TTA): how test pictures are shown to the network";
    let idle = draft.why_idle(Control::TestViews);
    let views = &mut draft.experiment.training.test_views;
    let changed = widgets::idle_if(ui, idle, |ui| {
        widgets::segmented_row(ui, "Test augmentation", tooltip, views, &TEST_VIEWS)
    });
    draft.touched(changed, "");
    if let Some(text) = test_views_note(&draft.experiment) {
        widgets::note(ui, &text);
    }
    let tooltip = "Seed of the random numbers for the split, the head's initial weights, the order of pictures and the augmentation: the same seed gives the same run";
    let changed = widgets::number(
        ui,
        "Seed",
        tooltip,
        &mut draft.experiment.seed,
        0..=u64::from(u32::MAX),
        "",
    );
    draft.touched(changed, "seed");
    widgets::problem(ui, draft.problem("seed"));
    if draft.experiment.data.split.seed.is_none() {
        ui.label(tokens(ui).small("Another seed also gives another split."));
    }
    draft.finish(out);
}

/// What averaging over views costs, or why some of them are missing.
fn test_views_note(experiment: &Experiment) -> Option<String> {
    let views = test_views(experiment);
    let wants_turns = experiment.training.test_views == TestViews::FlipsAndTurns;
    if wants_turns && !experiment.augmentation.turns_all_round() {
        return (views > 1).then(|| {
            "Only flips are used: turns take a rotation of 180° in the augmentation.".to_owned()
        });
    }
    (views > 1).then(|| {
        format!("Each test picture is predicted {views} times, which takes {views} times as long.")
    })
}

fn class_weights_ui(ui: &mut egui::Ui, view: &TrainingView, draft: &mut Draft<'_>) {
    let weights = &mut draft.experiment.training.class_weights;
    let options = [
        ("Equal", "Every picture counts the same"),
        (
            "Balanced",
            "Rare classes count more: weights are inversely proportional to their number of training pictures",
        ),
        ("Custom", "Set the weight of each class"),
    ];
    let selected = match weights {
        ClassWeights::Equal => 0,
        ClassWeights::Balanced => 1,
        ClassWeights::Custom(_) => 2,
    };
    let tooltip = "The weight of each class in the loss";
    let chosen = widgets::choose(
        ui,
        "Class weights",
        tooltip,
        options[selected].0,
        Some(selected),
        &options,
    );
    match chosen {
        Some(0) => *weights = ClassWeights::Equal,
        Some(1) => *weights = ClassWeights::Balanced,
        Some(_) => *weights = ClassWeights::Custom(Vec::new()),
        None => {}
    }
    draft.touched(chosen.is_some(), "");
    let ClassWeights::Custom(named) = &mut draft.experiment.training.class_weights else {
        return;
    };
    // Classes of the pictures at hand, and those that the preset names besides.
    let mut classes = view.classes.clone();
    classes.extend(
        named
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !view.classes.contains(name)),
    );
    if classes.is_empty() {
        widgets::note(ui, "The classes appear here once pictures are open.");
    }
    let mut changed = false;
    for class in &classes {
        let index = named.iter().position(|(name, _)| name == class);
        let mut weight = index.map_or(1.0, |index| named[index].1);
        let tooltip = format!("The weight of a picture of {class} in the loss; 1 is normal");
        if widgets::log_slider(ui, class, &tooltip, &mut weight, bounds::CLASS_WEIGHT) {
            match index {
                Some(index) => named[index].1 = weight,
                None => named.push((class.clone(), weight)),
            }
            changed = true;
        }
    }
    draft.touched(changed, "class weights");
}
