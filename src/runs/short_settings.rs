//! The settings of an experiment, each with the name and the value that people read, and in the fewest words: for the
//! columns of a table of runs, and for what runs of one name are told apart by.

use crate::experiment::{Experiment, FreezePlan, HeadLayer, Optimizer, WeightsSource};
use crate::format;
use crate::training::backbone_title;

use super::settings;

/// A longer value is cut: it stands in a name or in a cell.
const LONGEST: usize = 40;

/// One setting of one experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `phases[1].learning_rate`, as in the preset.
    pub field: String,
    /// "Learning rate", as on the control.
    pub label: String,
    /// Counted from 1, where phases have settings of their own.
    pub phase: Option<usize>,
    /// "0.001"
    pub value: String,
    /// "rate 0.001": the value, with as much of the label as it needs to be understood.
    pub short: String,
}

/// Every setting but names and notes, in the order of a preset.
pub fn settings_of(experiment: &Experiment) -> Vec<Setting> {
    settings::fields(experiment)
        .into_iter()
        .filter(|(field, _)| !is_name(field))
        .map(|(field, text)| setting(experiment, field, &text))
        .collect()
}

fn is_name(field: &str) -> bool {
    field == "name"
        || field == "notes"
        || (field.starts_with("phases[") && field.ends_with("].name"))
}

fn setting(experiment: &Experiment, field: String, text: &str) -> Setting {
    let (phase, own) = match phase_of(&field) {
        Some((phase, own)) => (Some(phase), own),
        None => (None, field.as_str()),
    };
    let label = label(own);
    let (value, short) = match words(experiment, phase, own) {
        Some((value, short)) => (value, short),
        None => {
            let value = cut(&plain(text));
            let short = format!("{} {value}", lower(&label));
            (value, short)
        }
    };
    // The last phase is the one that people speak of.
    let short = match phase {
        Some(phase) if phase < experiment.phases.len() => format!("{short} in phase {phase}"),
        _ => short,
    };
    Setting {
        label,
        phase,
        value,
        short,
        field,
    }
}

/// The phase of `phases[1].learning_rate`, counted from 1, and the field in it.
fn phase_of(field: &str) -> Option<(usize, &str)> {
    let (index, own) = field.strip_prefix("phases[")?.split_once("].")?;
    Some((index.parse::<usize>().ok()? + 1, own))
}

/// What a field is called on its control.
fn label(own: &str) -> String {
    let known = match own {
        "seed" => "Seed",
        "data.source" => "Pictures",
        "data.limit" => "Most pictures",
        "data.fit" => "Fit",
        "data.exclude" => "Left out",
        "data.classes" => "Classes",
        "data.split.validation" => "Validation share",
        "data.split.test" => "Test share",
        "data.split.seed" => "Split seed",
        "data.split.group" => "Keep together",
        "backbone.name" => "Backbone",
        "backbone.weights" => "Weights",
        "backbone.input_size" => "Input size",
        "backbone.frozen_norm" => "BatchNorm, frozen",
        "backbone.trained_norm" => "BatchNorm, trained",
        "head.stages" => "Stages",
        "head.layers" => "Head",
        "augmentation.views" => "Versions",
        "augmentation.crop" => "Random crop",
        "training.keep" => "Weights kept",
        "training.early_stopping" => "Early stopping",
        "training.micro_batch" => "Pictures at once",
        "training.precision" => "Precision, frozen",
        "training.mixed_precision" => "Precision, trained",
        "training.tf32" => "TF32",
        "freeze" => "Frozen",
        "warmup_epochs" => "Warm-up",
        "layer_rates" => "Rates by layer",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let last = own.rsplit('.').next().unwrap_or(own);
    let mut words = last.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// Value and short text of fields that have words of their own.
fn words(experiment: &Experiment, phase: Option<usize>, own: &str) -> Option<(String, String)> {
    let same = |text: String| Some((text.clone(), text));
    if let Some(phase) = phase {
        let phase = experiment.phases.get(phase - 1)?;
        return match own {
            "freeze" => Some((frozen(&phase.freeze), trained(&phase.freeze))),
            "learning_rate" => {
                let rate = format::rate(phase.learning_rate);
                Some((rate.clone(), format!("rate {rate}")))
            }
            "epochs" => {
                let count = format::count(phase.epochs as usize, "epoch", "epochs");
                Some((phase.epochs.to_string(), count))
            }
            "optimizer" => {
                let weight_decay = weight_decay(&phase.optimizer);
                let title = phase.optimizer.title();
                same(match weight_decay {
                    decay if decay > 0.0 => {
                        format!("{title}, decay {}", format::rate(decay))
                    }
                    _ => title.to_owned(),
                })
            }
            "schedule" => Some((
                phase.schedule.title().to_owned(),
                format!("{} schedule", lower(phase.schedule.title())),
            )),
            _ => None,
        };
    }
    match own {
        "seed" => Some((
            experiment.seed.to_string(),
            format!("seed {}", experiment.seed),
        )),
        "backbone.name" => same(backbone_title(&experiment.backbone.name)),
        "backbone.weights" => same(match &experiment.backbone.weights {
            WeightsSource::Pretrained => "pre-trained".to_owned(),
            WeightsSource::Random => "random weights".to_owned(),
            WeightsSource::Named(name) => cut(name),
            WeightsSource::File(path) => cut(&file_name(path)),
            WeightsSource::Part { path, key } => cut(&match key {
                Some(key) => format!("{key} of {}", file_name(path)),
                None => file_name(path),
            }),
        }),
        "backbone.input_size" => {
            let size = experiment.backbone.input_size;
            let size = size.map_or_else(|| "as published".to_owned(), |size| format!("{size} px"));
            Some((size.clone(), format!("input {size}")))
        }
        "data.source" => {
            let path = experiment.data.source.path();
            same(path.map_or_else(|| "none".to_owned(), |path| cut(&file_name(path))))
        }
        "training.batch_size" => {
            let size = experiment.training.batch_size;
            Some((size.to_string(), format!("batch {size}")))
        }
        "head.layers" => {
            let layers: Vec<String> = (experiment.head.layers.iter())
                .map(|layer| match layer {
                    HeadLayer::Dense { units, .. } => format!("dense {units}"),
                    HeadLayer::BatchNorm => "BatchNorm".to_owned(),
                    HeadLayer::Dropout(share) => format!("dropout {share}"),
                })
                .collect();
            same(if layers.is_empty() {
                "no hidden layers".to_owned()
            } else {
                cut(&layers.join(", "))
            })
        }
        _ => None,
    }
}

/// What stays frozen, as on the control.
fn frozen(plan: &FreezePlan) -> String {
    match plan {
        FreezePlan::Backbone => "Whole backbone".to_owned(),
        FreezePlan::Nothing => "Nothing".to_owned(),
        FreezePlan::AllButLast(number) => format!("All but the last {number}"),
        FreezePlan::Below(path) => cut(&format!("Below {path}")),
        FreezePlan::Custom(paths) => {
            format!("{} by name", format::count(paths.len(), "layer", "layers"))
        }
    }
}

/// What trains, in a word or two.
fn trained(plan: &FreezePlan) -> String {
    match plan {
        FreezePlan::Backbone => "backbone frozen".to_owned(),
        FreezePlan::Nothing => "all layers".to_owned(),
        FreezePlan::AllButLast(number) => format!("last {number}"),
        FreezePlan::Below(path) => cut(&format!("from {path}")),
        FreezePlan::Custom(paths) => {
            format!("{} frozen", format::count(paths.len(), "layer", "layers"))
        }
    }
}

fn weight_decay(optimizer: &Optimizer) -> f64 {
    match optimizer {
        Optimizer::Sgd { weight_decay, .. }
        | Optimizer::Adam { weight_decay, .. }
        | Optimizer::AdamW { weight_decay, .. }
        | Optimizer::RmsProp { weight_decay, .. } => *weight_decay,
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// A preset's word for something as people write it.
fn plain(text: &str) -> String {
    match text {
        "true" => "on".to_owned(),
        "false" => "off".to_owned(),
        _ => super::annotations::one_line(text),
    }
}

fn lower(label: &str) -> String {
    // Names of things keep their letters: BatchNorm, TF32.
    let is_word = label.chars().skip(1).all(|letter| !letter.is_uppercase());
    if is_word {
        label.to_lowercase()
    } else {
        label.to_owned()
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Phase;

    fn find(settings: &[Setting], field: &str) -> (String, String, String) {
        let found = settings.iter().find(|setting| setting.field == field);
        let found = found.unwrap_or_else(|| panic!("{field} of {settings:?}"));
        (
            found.label.clone(),
            found.value.clone(),
            found.short.clone(),
        )
    }

    #[test]
    fn settings_are_said_as_on_their_controls() {
        let mut experiment = Experiment {
            seed: 7,
            ..Experiment::default()
        };
        experiment.training.batch_size = 64;
        experiment.training.label_smoothing = 0.1;
        experiment.phases.push(Phase {
            freeze: FreezePlan::AllButLast(20),
            learning_rate: 1e-4,
            optimizer: Optimizer::adam_w(),
            ..Phase::default()
        });
        let settings = settings_of(&experiment);
        for (field, label, value, short) in [
            ("seed", "Seed", "7", "seed 7"),
            ("training.batch_size", "Batch size", "64", "batch 64"),
            (
                "training.label_smoothing",
                "Label smoothing",
                "0.1",
                "label smoothing 0.1",
            ),
            (
                "backbone.name",
                "Backbone",
                "EfficientNet-Lite0",
                "EfficientNet-Lite0",
            ),
            (
                "phases[0].freeze",
                "Frozen",
                "Whole backbone",
                "backbone frozen in phase 1",
            ),
            (
                "phases[1].freeze",
                "Frozen",
                "All but the last 20",
                "last 20",
            ),
            (
                "phases[1].learning_rate",
                "Learning rate",
                "0.0001",
                "rate 0.0001",
            ),
            (
                "phases[1].optimizer",
                "Optimizer",
                "AdamW, decay 0.01",
                "AdamW, decay 0.01",
            ),
            (
                "head.layers",
                "Head",
                "dense 128, dropout 0.5",
                "dense 128, dropout 0.5",
            ),
            (
                "augmentation.horizontal_flip",
                "Horizontal flip",
                "off",
                "horizontal flip off",
            ),
        ] {
            let expected = (label.to_owned(), value.to_owned(), short.to_owned());
            assert_eq!(find(&settings, field), expected, "{field}");
        }
        assert!(
            !settings
                .iter()
                .any(|setting| setting.field.contains("name") && setting.field != "backbone.name")
        );
        assert!(
            settings
                .iter()
                .all(|setting| setting.value.chars().count() <= 60)
        );
    }
}
