//! Settings in the words that the window's left side has for them.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::experiment::{
    Activation, ClassWeights, DataSource, Fit, FreezePlan, GroupBy, HeadLayer, LayerRates,
    Optimizer, Preprocessing, Schedule, TestViews, Views, WeightsSource,
};
use crate::format;
use crate::shown;

/// What a field of the preset is called: `Phase 2, learning rate`. A field of what is written as a whole is called after both:
/// `Phase 2, optimizer, weight decay`.
pub fn label(field: &str) -> String {
    if let Some((index, rest)) = phase(field) {
        let (own, inner) = rest.split_once('.').unwrap_or((rest, ""));
        let name = match own {
            "freeze" => "frozen".to_owned(),
            "warmup_epochs" => "warm-up".to_owned(),
            "layer_rates" => "learning rates of layers".to_owned(),
            other => other.replace('_', " "),
        };
        return format!("Phase {}, {name}{}", index + 1, inner_label(inner));
    }
    if let Some((index, inner)) = head_layer(field) {
        return format!("Head layer {}{}", index + 1, inner_label(inner));
    }
    let known = match field {
        "data.source" => "Pictures",
        "data.split.validation" => "Validation share",
        "data.split.test" => "Test share",
        "data.split.seed" => "Split seed",
        "data.split.group" => "Group by",
        "data.split.together" => "Kept together",
        "data.split.folds" => "Folds",
        "data.split.fold" => "Fold of the test",
        "data.limit" => "Training pictures at most",
        "data.exclude" => "Excluded pictures",
        "data.fit" => "Resize",
        "backbone.name" => "Backbone",
        "backbone.frozen_norm" => "BatchNorm in frozen layers",
        "backbone.trained_norm" => "BatchNorm in trainable layers",
        "head.stages" => "Features from stages",
        "head.layers" => "Head layers",
        "augmentation.views" => "Versions of a picture",
        "augmentation.trivial_augment" => "TrivialAugment",
        "augmentation.cutmix" => "CutMix",
        "training.test_views" => "Test augmentation",
        "training.micro_batch" => "Micro-batch",
        "training.keep" => "Weights kept",
        "training.early_stopping.patience" => "Early stopping, patience",
        "training.early_stopping.min_delta" => "Early stopping, minimum change",
        "training.precision" => "Precision of frozen layers",
        "training.tf32" => "TF32 on graphics cards",
        other => return capitalised(&other.rsplit('.').next().unwrap_or(other).replace('_', " ")),
    };
    known.to_owned()
}

/// What stands behind the name of a whole for a field in it.
fn inner_label(inner: &str) -> String {
    match inner {
        "" => String::new(),
        inner => format!(", {}", inner.replace('_', " ").replace('.', ", ")),
    }
}

/// The index of the layer of `head.layers[1].units`, and the field in it.
fn head_layer(field: &str) -> Option<(usize, &str)> {
    let (index, rest) = field.strip_prefix("head.layers[")?.split_once(']')?;
    Some((index.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

/// A field's value: `All but the last 20 layers frozen`.
pub(super) fn value(field: &str, value: &Value) -> String {
    let name = phase(field).map_or(field, |(_, rest)| rest);
    let worded = match name {
        "freeze" => read(value).map(|plan| freeze_plan(&plan)),
        "optimizer" => read(value).map(|optimizer| self::optimizer(&optimizer)),
        "schedule" => read(value).map(|schedule| self::schedule(&schedule)),
        "layer_rates" => read(value).map(|rates| layer_rates(&rates)),
        "warmup_epochs" => value.as_f64().map(|epochs| match epochs {
            0.0 => "none".to_owned(),
            1.0 => "1 epoch".to_owned(),
            _ => format!("{} epochs", number(epochs)),
        }),
        "data.source" => read::<DataSource>(value).map(|source| {
            let path = source.path().map(shown::path);
            path.unwrap_or_else(|| "none".to_owned())
        }),
        "data.split.group" => read::<GroupBy>(value).map(|group| match group {
            GroupBy::Column(_) => {
                format!("pictures of one {group}").replace("column:", "value in column ")
            }
            GroupBy::Folder(1) => "pictures of one folder".to_owned(),
            GroupBy::Folder(level) => format!("pictures of one folder, {level} levels up"),
            GroupBy::Pattern(pattern) => format!("file names by the pattern {pattern}"),
        }),
        "data.split.together" => read::<Vec<Vec<String>>>(value).map(|sets| match sets.len() {
            0 => "none".to_owned(),
            _ => format!(
                "{} that belong together",
                format::count(sets.iter().map(Vec::len).sum(), "picture", "pictures")
            ),
        }),
        "data.fit" => read(value).map(|fit| match fit {
            Fit::CenterCrop => "Crop".to_owned(),
            Fit::Squash => "Stretch".to_owned(),
            Fit::Pad => "Pad".to_owned(),
        }),
        "data.split.folds" if value.is_null() => Some("none".to_owned()),
        "data.split.fold" if value.is_null() => Some("each in turn".to_owned()),
        "data.split.fold" if value.as_u64() == Some(0) => Some("none, trained on all".to_owned()),
        "data.split.seed" if value.is_null() => Some("the experiment's".to_owned()),
        "data.limit" if value.is_null() => Some("all".to_owned()),
        "data.classes" if is_empty(value) => Some("all".to_owned()),
        "data.exclude" => read::<Vec<String>>(value).map(|files| match files.as_slice() {
            [] => "none".to_owned(),
            [one] => one.clone(),
            many => format::count(many.len(), "picture", "pictures"),
        }),
        "backbone.weights" => read(value).map(|source| weights(&source)),
        "backbone.input_size" => Some(value.as_u64().map_or_else(
            || "the weights' own".to_owned(),
            |side| format!("{side} × {side} pixels"),
        )),
        "backbone.preprocessing" => read(value).map(|found| preprocessing(&found)),
        "head.layers" => read(value).map(|layers: Vec<HeadLayer>| head_layers(&layers)),
        "augmentation.views" => read(value).map(|views| match views {
            Views::Fresh => "drawn anew in every epoch".to_owned(),
            Views::Cached(count) => format!("{count} of every picture, kept"),
        }),
        "augmentation.mixup" | "augmentation.cutmix" => value.as_f64().map(|alpha| match alpha {
            0.0 => "off".to_owned(),
            _ => format!("alpha {}", number(alpha)),
        }),
        "training.test_views" => read(value).map(|views| match views {
            TestViews::Single => "none".to_owned(),
            TestViews::Flips => "flips".to_owned(),
            TestViews::FlipsAndTurns => "flips and quarter turns".to_owned(),
        }),
        "augmentation.rotation" => value.as_f64().map(|degrees| match degrees {
            0.0 => "off".to_owned(),
            _ => format!("up to {}°", number(degrees)),
        }),
        "training.class_weights" => read(value).map(|weights| match weights {
            ClassWeights::Equal => "equal".to_owned(),
            ClassWeights::Balanced => "balanced".to_owned(),
            ClassWeights::Custom(weights) => named_numbers(&weights),
        }),
        "training.micro_batch" if value.is_null() => Some("off".to_owned()),
        "training.weight_averaging" => Some(value.as_f64().map_or_else(
            || "off".to_owned(),
            |decay| format!("decay {}", number(decay)),
        )),
        "training.early_stopping" if value.is_null() => Some("off".to_owned()),
        "data.split.validation" | "data.split.test" | "training.label_smoothing" => {
            value.as_f64().map(share)
        }
        _ if name.starts_with("augmentation.") => value.as_f64().map(|strength| match strength {
            0.0 => "off".to_owned(),
            _ => format!("up to {}", share(strength)),
        }),
        _ => None,
    };
    worded.unwrap_or_else(|| plain(value))
}

/// What a plan freezes, in a few words.
pub fn freeze_plan(plan: &FreezePlan) -> String {
    match plan {
        FreezePlan::Backbone => "Whole backbone frozen".into(),
        FreezePlan::Nothing => "Nothing frozen".into(),
        FreezePlan::AllButLast(1) => "All but the last layer frozen".into(),
        FreezePlan::AllButLast(number) => format!("All but the last {number} layers frozen"),
        FreezePlan::Below(path) => format!("Frozen below {path}"),
        FreezePlan::Custom(paths) => format!(
            "{} frozen by name",
            format::count(paths.len(), "layer", "layers")
        ),
    }
}

fn optimizer(optimizer: &Optimizer) -> String {
    // What is as it always is needs no word.
    let differing = |value: f64, usual: f64, name: &str| {
        (value != usual).then(|| format!("{name} {}", number(value)))
    };
    let details = match *optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => vec![
            differing(momentum, 0.0, "momentum"),
            nesterov.then(|| "Nesterov".to_owned()),
            differing(weight_decay, 0.0, "weight decay"),
        ],
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
        } => vec![
            differing(beta1, 0.9, "beta 1"),
            differing(beta2, 0.999, "beta 2"),
            differing(epsilon, 1e-8, "epsilon"),
            differing(weight_decay, 0.0, "weight decay"),
        ],
        Optimizer::RmsProp {
            alpha,
            epsilon,
            momentum,
            weight_decay,
        } => vec![
            differing(alpha, 0.99, "alpha"),
            differing(epsilon, 1e-8, "epsilon"),
            differing(momentum, 0.0, "momentum"),
            differing(weight_decay, 0.0, "weight decay"),
        ],
        Optimizer::LogisticRegression { c } => vec![c.map(|c| format!("C {}", number(c)))],
    };
    list(optimizer.title(), details)
}

fn schedule(schedule: &Schedule) -> String {
    let details = match *schedule {
        Schedule::Constant => Vec::new(),
        Schedule::Step {
            every_epochs,
            factor,
        } => vec![Some(format!(
            "times {} every {}",
            number(factor),
            match every_epochs {
                1 => "epoch".to_owned(),
                many => format!("{many} epochs"),
            }
        ))],
        Schedule::Cosine { final_factor } => vec![Some(format!("down to {}", share(final_factor)))],
        Schedule::OneCycle {
            rise,
            start_divisor,
            final_divisor,
        } => vec![
            (rise != 0.3).then(|| format!("rising for {}", share(rise))),
            (start_divisor != 25.0).then(|| format!("from 1/{}", number(start_divisor))),
            (final_divisor != 1e4).then(|| format!("end divisor {}", number(final_divisor))),
        ],
    };
    list(schedule.title(), details)
}

fn layer_rates(rates: &LayerRates) -> String {
    match rates {
        LayerRates::Uniform => "all alike".to_owned(),
        LayerRates::ByDepth { lowest } => format!("by depth, from {} of the rate", share(*lowest)),
        LayerRates::Backbone(factor) => format!("backbone at {} of the rate", share(*factor)),
        LayerRates::Custom(factors) => named_numbers(factors),
    }
}

fn weights(source: &WeightsSource) -> String {
    match source {
        WeightsSource::Pretrained => "pre-trained".to_owned(),
        WeightsSource::Named(name) => name.clone(),
        WeightsSource::File(path) | WeightsSource::Part { path, key: None } => shown::path(path),
        WeightsSource::Part {
            path,
            key: Some(key),
        } => format!("{}, network {key}", shown::path(path)),
        WeightsSource::Random => "random".to_owned(),
    }
}

fn preprocessing(preprocessing: &Preprocessing) -> String {
    match preprocessing {
        Preprocessing::Auto => "the weights' own".to_owned(),
        Preprocessing::Published => "the published weights'".to_owned(),
        Preprocessing::Timm(name) => format!("timm's for {name}"),
        Preprocessing::Custom {
            input_size,
            resize,
            filter,
            mean,
            std,
        } => format!(
            "resized to {resize}, cut to {input_size}, {}, mean {}, deviation {}",
            format!("{filter:?}").to_lowercase(),
            mean.map(number).join(" "),
            std.map(number).join(" "),
        ),
    }
}

fn head_layers(layers: &[HeadLayer]) -> String {
    if layers.is_empty() {
        return "output layer alone".to_owned();
    }
    let layers: Vec<String> = layers
        .iter()
        .map(|layer| match layer {
            HeadLayer::Dense { units, activation } => format!(
                "Dense {units} {}",
                match activation {
                    Activation::Relu => "ReLU",
                    Activation::Gelu => "GELU",
                    Activation::Silu => "SiLU",
                    Activation::Tanh => "tanh",
                    Activation::Linear => "linear",
                }
            ),
            HeadLayer::BatchNorm => "BatchNorm".to_owned(),
            HeadLayer::Dropout(rate) => format!("dropout {}", share(*rate)),
        })
        .collect();
    layers.join(", ")
}

/// `layer4 0.1, layer3 0.01`.
fn named_numbers(pairs: &[(String, f64)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name} {}", number(*value)))
        .collect();
    match pairs.is_empty() {
        true => "none".to_owned(),
        false => pairs.join(", "),
    }
}

fn list(title: &str, details: Vec<Option<String>>) -> String {
    let details = details.into_iter().flatten();
    std::iter::once(title.to_owned())
        .chain(details)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A value of no field in particular.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::Number(whole) if whole.is_u64() => format::thousands(whole.as_u64().unwrap_or(0)),
        Value::Number(float) => number(float.as_f64().unwrap_or(f64::NAN)),
        // An enum's variant in the preset's spelling.
        Value::String(text) if is_variant_name(text) => split_words(text),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(_) => super::text(value),
    }
}

/// `ValidationMacroF1`, `Fp32`; not `efficientnet_lite0` and not a name that people gave.
fn is_variant_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_uppercase())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// `ValidationMacroF1` as `validation macro-F1`, `Fp32` as `fp32`.
fn split_words(name: &str) -> String {
    let mut words = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
        .replace("macro f1", "macro-F1")
        .replace("average max", "average and maximum")
}

/// The index of the phase of `phases[1].learning_rate`, and the field in it.
pub(in crate::runs) fn phase(field: &str) -> Option<(usize, &str)> {
    let (index, rest) = field.strip_prefix("phases[")?.split_once("].")?;
    Some((index.parse().ok()?, rest))
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// As a person typed it: small ones as learning rates are written, others without the digits that arithmetic left.
fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-4 {
        return format::rate(value);
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `20 %`, `12.5 %`.
fn share(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
