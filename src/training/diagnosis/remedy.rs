//! What to change, as a change of a copy of the experiment.

use serde::Serialize;

use super::fit::Fit;
use crate::experiment::advice::{Strategy, TOP_LAYERS};
use crate::experiment::{
    EarlyStopping, Experiment, FreezePlan, HeadLayer, Schedule, WeightsSource, bounds,
};
use crate::format;

/// What dropout is raised to at most: beyond, a head hardly learns.
const MOST_DROPOUT: f64 = 0.7;
const DROPOUT_STEP: f64 = 0.2;
/// Below, more dropout is not what is missing.
const LEAST_DROPOUT: f64 = 0.1;
const PATIENCE: u32 = 3;
/// A pre-trained layer learns this much slower than the new head did.
const FINE_TUNING_FACTOR: f64 = 0.1;
/// Rates between which a new head usually learns.
const USUAL_RATES: (f64, f64) = (1e-4, 1e-2);

/// What the remedies depend on.
pub(super) struct RemedyContext<'a> {
    pub experiment: &'a Experiment,
    /// Dropout and augmentation hold the training back: validation is clearly ahead of it.
    pub is_held_back: bool,
    pub has_validation: bool,
}

/// One thing to change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Remedy {
    /// What it does, for a button: "Raise dropout from 0.3 to 0.5".
    pub title: String,
    /// Why it helps, in a sentence.
    pub reason: &'static str,
    #[serde(skip)]
    changed: Experiment,
}

impl Remedy {
    /// The experiment with the change, which leaves its name to the caller.
    pub fn apply(&self) -> Experiment {
        self.changed.clone()
    }
}

/// What helps against `fit` in phase `phase`, most promising first. Only changes that change
/// something and leave an experiment that can run.
pub(super) fn remedies(
    fit: Fit,
    is_improving: bool,
    phase: usize,
    context: &RemedyContext<'_>,
) -> Vec<Remedy> {
    // The experiment may have been edited since; one without phases can't run anyway.
    let Some(last) = context.experiment.phases.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut changes = Changes {
        experiment: context.experiment,
        phase: phase.min(last),
        remedies: Vec::new(),
    };
    match fit {
        Fit::Overfitting => {
            changes.more_dropout();
            changes.more_augmentation();
            changes.freeze_more();
            if context.has_validation {
                changes.stop_early();
            }
        }
        Fit::Underfitting => {
            if is_improving {
                changes.more_epochs();
            }
            changes.learn_more();
            if context.is_held_back {
                changes.less_dropout();
                changes.less_augmentation();
                changes.no_mixing();
            }
            if !is_improving {
                changes.more_epochs();
            }
        }
        Fit::Good if is_improving => changes.more_epochs(),
        Fit::Good => {}
        Fit::Diverging => {
            changes.lower_rate();
            changes.warm_up();
        }
        Fit::NotLearning => {
            changes.pretrained();
            changes.usual_rate();
            changes.learn_more();
        }
    }
    changes.remedies
}

struct Changes<'a> {
    experiment: &'a Experiment,
    /// The phase that the curves end in.
    phase: usize,
    remedies: Vec<Remedy>,
}

impl Changes<'_> {
    fn offer(&mut self, title: String, reason: &'static str, change: impl FnOnce(&mut Experiment)) {
        let mut changed = self.experiment.clone();
        change(&mut changed);
        if changed != *self.experiment && changed.check().is_empty() {
            self.remedies.push(Remedy {
                title,
                reason,
                changed,
            });
        }
    }

    fn strongest_dropout(&self) -> Option<(usize, f64)> {
        let layers = self.experiment.head.layers.iter().enumerate();
        layers
            .filter_map(|(index, layer)| match layer {
                HeadLayer::Dropout(share) => Some((index, *share)),
                _ => None,
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn more_dropout(&mut self) {
        const REASON: &str = "Dropout switches units off at random, so that they can't rely on each other to memorise a picture.";
        match self.strongest_dropout() {
            None => self.offer("Add dropout of 0.5".into(), REASON, |experiment| {
                experiment.head.layers.push(HeadLayer::Dropout(0.5));
            }),
            Some((index, share)) if share < MOST_DROPOUT => {
                let more = tenths(share + DROPOUT_STEP).min(MOST_DROPOUT);
                let title = format!("Raise dropout from {share} to {more}");
                self.offer(title, REASON, |experiment| {
                    experiment.head.layers[index] = HeadLayer::Dropout(more);
                });
            }
            Some(_) => {}
        }
    }

    fn less_dropout(&mut self) {
        let Some((index, share)) = self.strongest_dropout().filter(|(_, s)| *s > LEAST_DROPOUT)
        else {
            return;
        };
        let less = tenths(share - DROPOUT_STEP).max(LEAST_DROPOUT);
        self.offer(
            format!("Lower dropout from {share} to {less}"),
            "Validation pictures, seen without dropout, do better than training pictures: it holds the training back.",
            |experiment| experiment.head.layers[index] = HeadLayer::Dropout(less),
        );
    }

    fn more_augmentation(&mut self) {
        const REASON: &str = "A picture that never looks the same twice can't be memorised.";
        if !self.experiment.augmentation.is_active() {
            let title = "Add flips, rotation, zoom and contrast".into();
            self.offer(title, REASON, |experiment| {
                // The lesson's four, a rotation by a tenth of a turn.
                let augmentation = &mut experiment.augmentation;
                augmentation.horizontal_flip = true;
                augmentation.rotation = 36.0;
                augmentation.zoom = 0.1;
                augmentation.contrast = 0.1;
            });
            return;
        }
        self.offer("Strengthen the augmentation".into(), REASON, |experiment| {
            let a = &mut experiment.augmentation;
            a.horizontal_flip = true;
            a.zoom = raised(a.zoom, 0.1, 0.3);
            a.translation = raised(a.translation, 0.1, 0.2);
            a.contrast = raised(a.contrast, 0.1, 0.4);
            a.brightness = raised(a.brightness, 0.1, 0.3);
        });
    }

    fn less_augmentation(&mut self) {
        let augmentation = &self.experiment.augmentation;
        if !augmentation.has_continuous_changes() {
            return;
        }
        self.offer(
            "Halve the augmentation".into(),
            "Validation pictures, seen as they are, do better than changed ones: the changes hold the training back.",
            |experiment| {
                let a = &mut experiment.augmentation;
                for strength in [
                    &mut a.rotation,
                    &mut a.zoom,
                    &mut a.translation,
                    &mut a.crop,
                    &mut a.contrast,
                    &mut a.brightness,
                    &mut a.color_jitter,
                    &mut a.cutout,
                ] {
                    *strength /= 2.0;
                }
            },
        );
    }

    fn no_mixing(&mut self) {
        let augmentation = &self.experiment.augmentation;
        let what = match (augmentation.mixup > 0.0, augmentation.cutmix > 0.0) {
            (false, false) => return,
            (true, false) => "mixup",
            (false, true) => "CutMix",
            (true, true) => "mixup and CutMix",
        };
        self.offer(
            format!("Train without {what}"),
            "Pictures that are mixed with others are harder to learn from: where the network underfits, they cost accuracy.",
            |experiment| {
                experiment.augmentation.mixup = 0.0;
                experiment.augmentation.cutmix = 0.0;
            },
        );
    }

    fn freeze_more(&mut self) {
        let plan = &self.experiment.phases[self.phase].freeze;
        let (freeze, title) = match plan {
            FreezePlan::Backbone | FreezePlan::AllButLast(0) => return,
            FreezePlan::AllButLast(layers) if *layers <= 4 => {
                (FreezePlan::Backbone, "Freeze the whole backbone".to_owned())
            }
            FreezePlan::AllButLast(layers) => {
                let fewer = layers / 2;
                let title = format!(
                    "Train the last {} instead of {layers}",
                    format::count(fewer, "layer", "layers")
                );
                (FreezePlan::AllButLast(fewer), title)
            }
            FreezePlan::Nothing | FreezePlan::Below(_) | FreezePlan::Custom(_) => (
                FreezePlan::AllButLast(TOP_LAYERS),
                format!("Train only the last {TOP_LAYERS} layers"),
            ),
        };
        let phase = self.phase;
        self.offer(
            title,
            "Fewer trainable weights can memorise fewer pictures.",
            |experiment| experiment.phases[phase].freeze = freeze,
        );
    }

    /// More layers that learn: a fine-tuning phase where there is none, more free layers where there is.
    fn learn_more(&mut self) {
        const REASON: &str = "The features of the frozen layers are not enough for these pictures: train them on yours.";
        let last = self.experiment.phases.len() - 1;
        let current = &self.experiment.phases[last];
        match &current.freeze {
            FreezePlan::Backbone | FreezePlan::AllButLast(0) => {
                let rate = current.learning_rate * FINE_TUNING_FACTOR;
                let title = format!("Fine-tune the last {TOP_LAYERS} layers afterwards");
                self.offer(title, REASON, |experiment| {
                    if let Some(mut phase) = Strategy::TopLayers.phases().pop() {
                        let optimizer = &experiment.phases[last].optimizer;
                        // What solves a linear head fine-tunes nothing.
                        if !optimizer.is_solver() {
                            phase.optimizer = optimizer.clone();
                        }
                        phase.learning_rate = clamp(rate, bounds::LEARNING_RATE);
                        experiment.phases.push(phase);
                    }
                });
            }
            FreezePlan::AllButLast(layers) => {
                let more = (layers * 2).min(*bounds::FREE_LAYERS.end());
                let title = format!("Train the last {more} layers instead of {layers}");
                self.offer(title, REASON, |experiment| {
                    experiment.phases[last].freeze = FreezePlan::AllButLast(more);
                });
            }
            FreezePlan::Below(_) | FreezePlan::Custom(_) => {
                self.offer("Train all layers".into(), REASON, |experiment| {
                    experiment.phases[last].freeze = FreezePlan::Nothing;
                });
            }
            FreezePlan::Nothing => {}
        }
    }

    fn more_epochs(&mut self) {
        let phase = self.phase;
        let epochs = self.experiment.phases[phase].epochs;
        let more = epochs.saturating_mul(2).min(*bounds::EPOCHS.end());
        self.offer(
            format!("Train {more} epochs instead of {epochs}"),
            "The validation loss may still fall; the best epoch's weights are kept in any case.",
            |experiment| experiment.phases[phase].epochs = more,
        );
    }

    fn stop_early(&mut self) {
        if self.experiment.training.early_stopping.is_some() {
            return;
        }
        self.offer(
            format!("Stop after {PATIENCE} epochs without improvement"),
            "Once the validation loss rises, the network only memorises the training pictures.",
            |experiment| {
                experiment.training.early_stopping = Some(EarlyStopping {
                    patience: PATIENCE,
                    ..EarlyStopping::default()
                });
            },
        );
    }

    fn lower_rate(&mut self) {
        self.set_rate(
            0.1,
            "The steps are too large, so that the loss grows; smaller ones converge.",
        );
    }

    fn set_rate(&mut self, factor: f64, reason: &'static str) {
        let phase = self.phase;
        if self.experiment.phases[phase].optimizer.is_solver() {
            return;
        }
        let rate = self.experiment.phases[phase].learning_rate;
        let changed = clamp(rate * factor, bounds::LEARNING_RATE);
        let title = format!(
            "{} the learning rate from {} to {}",
            if factor < 1.0 { "Lower" } else { "Raise" },
            format::rate(rate),
            format::rate(changed)
        );
        self.offer(title, reason, |experiment| {
            experiment.phases[phase].learning_rate = changed;
        });
    }

    /// Towards the rates at which a head usually learns.
    fn usual_rate(&mut self) {
        let phase = &self.experiment.phases[self.phase];
        let (low, high) = USUAL_RATES;
        if phase.learning_rate < low {
            self.set_rate(10.0, "With steps this small, training takes very long.");
        } else if phase.learning_rate >= high {
            self.set_rate(
                0.1,
                "With steps this large, the loss can't settle in a minimum.",
            );
        }
    }

    fn warm_up(&mut self) {
        let phase = self.phase;
        let current = &self.experiment.phases[phase];
        if current.warmup_epochs > 0.0 || matches!(current.schedule, Schedule::OneCycle { .. }) {
            return;
        }
        self.offer(
            "Raise the learning rate slowly over the first epoch (warm-up)".into(),
            "The first steps of a new head are the largest.",
            |experiment| experiment.phases[phase].warmup_epochs = 1.0,
        );
    }

    fn pretrained(&mut self) {
        if self.experiment.backbone.weights != WeightsSource::Random {
            return;
        }
        self.offer(
            "Start from pre-trained weights".into(),
            "A random network has to learn everything from your pictures, and frozen random layers can't learn at all.",
            |experiment| experiment.backbone.weights = WeightsSource::Pretrained,
        );
    }
}

/// Raised by `step` up to `most`; what is higher stays.
fn raised(value: f64, step: f64, most: f64) -> f64 {
    if value >= most {
        value
    } else {
        tenths(value + step).min(most)
    }
}

/// Without the digits that adding tenths leaves behind.
fn tenths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn clamp(value: f64, range: std::ops::RangeInclusive<f64>) -> f64 {
    value.clamp(*range.start(), *range.end())
}
