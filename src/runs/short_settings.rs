//! The settings of an experiment, each with the name and the value that people read, and in the fewest words: for the
//! columns of a table of runs, and for what runs of one name are told apart by.

use std::path::Path;

use super::annotations::one_line;
use super::settings;
use crate::experiment::{Experiment, FreezePlan, Optimizer, WeightsSource};
use crate::format;
use crate::training::backbone_title;

/// A longer value is cut: it stands in a name or in a cell.
const LONGEST: usize = 40;

/// One setting of one experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `phases[1].learning_rate`, as in the preset.
    pub field: String,
    /// "Phase 2, learning rate"
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
    settings::in_words(experiment)
        .into_iter()
        .filter(|(field, ..)| !is_name(field))
        .map(|(field, label, value)| setting(experiment, field, label, &value))
        .collect()
}

fn is_name(field: &str) -> bool {
    field == "name"
        || field == "notes"
        || (field.starts_with("phases[") && field.ends_with("].name"))
}

fn setting(experiment: &Experiment, field: String, label: String, value: &str) -> Setting {
    let (phase, own) = match settings::phase(&field) {
        Some((index, own)) => (Some(index + 1), own),
        None => (None, field.as_str()),
    };
    let value = match own {
        "backbone.name" => backbone_title(value),
        _ => cut(&one_line(value)),
    };
    let short = short(experiment, phase, own).unwrap_or_else(|| {
        let own_label = label.split_once(", ").filter(|_| phase.is_some());
        let name = own_label.map_or(label.as_str(), |(_, name)| name);
        format!("{} {value}", lower(name))
    });
    // The last phase is the one that people speak of.
    let short = match phase {
        Some(phase) if phase < experiment.phases.len() => format!("{short} in phase {phase}"),
        _ => short,
    };
    Setting {
        label,
        phase,
        value,
        short: cut(&short),
        field,
    }
}

/// What is said of a field in a name, where that is less than its label and its value.
fn short(experiment: &Experiment, phase: Option<usize>, own: &str) -> Option<String> {
    if let Some(phase) = phase {
        let phase = experiment.phases.get(phase - 1)?;
        return match own {
            "freeze" => Some(trained(&phase.freeze)),
            "learning_rate" => Some(format!("rate {}", format::rate(phase.learning_rate))),
            "epochs" => Some(format::count(phase.epochs as usize, "epoch", "epochs")),
            "optimizer" => Some(match phase.optimizer {
                Optimizer::LogisticRegression { c: Some(c) } => {
                    format!("{}, C {}", phase.optimizer.title(), format::rate(c))
                }
                _ => phase.optimizer.title().to_owned(),
            }),
            "schedule" => Some(format!("{} schedule", lower(phase.schedule.title()))),
            _ => None,
        };
    }
    match own {
        "seed" => Some(format!("seed {}", experiment.seed)),
        "backbone.name" => Some(backbone_title(&experiment.backbone.name)),
        "backbone.weights" => Some(match &experiment.backbone.weights {
            WeightsSource::Pretrained => "pre-trained".to_owned(),
            WeightsSource::Random => "random weights".to_owned(),
            WeightsSource::Named(name) => name.clone(),
            WeightsSource::File(path) | WeightsSource::Part { path, .. } => file_name(path),
        }),
        "backbone.input_size" => {
            let size = experiment.backbone.input_size;
            size.map(|size| format!("input {size} px"))
        }
        "data.source" => experiment.data.source.path().map(file_name),
        "training.batch_size" => Some(format!("batch {}", experiment.training.batch_size)),
        _ => None,
    }
}

/// What trains, in a word or two.
fn trained(plan: &FreezePlan) -> String {
    match plan {
        FreezePlan::Backbone => "backbone frozen".to_owned(),
        FreezePlan::Nothing => "all layers".to_owned(),
        FreezePlan::AllButLast(number) => format!("last {number}"),
        FreezePlan::Below(path) => format!("from {path}"),
        FreezePlan::Custom(paths) => {
            format!("{} frozen", format::count(paths.len(), "layer", "layers"))
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
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

    #[test]
    fn settings_are_said_as_on_their_controls_and_in_a_few_words() {
        let mut experiment = Experiment {
            seed: 7,
            ..Experiment::default()
        };
        experiment.training.batch_size = 64;
        experiment.phases.push(Phase {
            freeze: FreezePlan::AllButLast(20),
            learning_rate: 1e-4,
            optimizer: Optimizer::adam_w(),
            ..Phase::default()
        });
        let settings = settings_of(&experiment);
        for (field, label, short) in [
            ("seed", "Seed", "seed 7"),
            ("training.batch_size", "Batch size", "batch 64"),
            ("backbone.name", "Backbone", "EfficientNet-Lite0"),
            (
                "phases[0].freeze",
                "Phase 1, frozen",
                "backbone frozen in phase 1",
            ),
            ("phases[1].freeze", "Phase 2, frozen", "last 20"),
            (
                "phases[1].learning_rate",
                "Phase 2, learning rate",
                "rate 0.0001",
            ),
            ("phases[1].optimizer", "Phase 2, optimizer", "AdamW"),
            (
                "phases[1].warmup_epochs",
                "Phase 2, warm-up",
                "warm-up none",
            ),
            (
                "augmentation.horizontal_flip",
                "Horizontal flip",
                "horizontal flip off",
            ),
        ] {
            let found = settings.iter().find(|setting| setting.field == field);
            let found = found.unwrap_or_else(|| panic!("{field} of {settings:?}"));
            assert_eq!(
                (found.label.as_str(), found.short.as_str()),
                (label, short),
                "{field}"
            );
        }
        assert!(!settings.iter().any(|setting| is_name(&setting.field)));
        let longest = |setting: &Setting| {
            setting
                .short
                .chars()
                .count()
                .max(setting.value.chars().count())
        };
        assert!(settings.iter().all(|setting| longest(setting) <= LONGEST));
    }
}
