//! What became of a file's tensors.

use serde::Serialize;

use super::outline::{Outline, Part};
use super::resolve::Taken;
use super::tensors::FoundTensors;
use super::{dialect, is_count, is_position_embedding};
use crate::data::contents::Stamp;

/// What loading did, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// `torchvision`, `timm`, `efficientnet-lite`, …
    pub dialect: String,
    /// What stands before the names in the file: a checkpoint's key and whatever its names begin with, `state_dict` or
    /// `state_dict.module.encoder_q`.
    pub inside: Option<String>,
    /// Other keys under which the file holds the network.
    pub others: Vec<String>,
    pub loaded: usize,
    /// Of the file that was opened, whatever stands at its path now: tells whether that is still the file that was loaded.
    #[serde(skip)]
    pub stamp: Option<Stamp>,
    /// In the network but not in the file (the classifier's names are listed but are no failure).
    pub missing: Vec<String>,
    /// In the file but not in the network.
    pub unexpected: Vec<String>,
    /// Of these, what stands elsewhere in the file and belongs to something else: another network, its other parts.
    pub elsewhere: Vec<String>,
    /// Of these, the tensors of layers: the file is another network's.
    pub surplus: Vec<String>,
    /// Of another shape: name, the file's shape, the network's.
    pub mismatched: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// Heads that only help training, in the file and rightly left out: GoogLeNet's and Inception's.
    pub auxiliary: Vec<String>,
    /// Whether the file brought the 1000-class classifier too.
    pub classifier: bool,
    /// How many classes the file's own classifier tells apart, if it has one.
    pub classes: Option<i64>,
    /// What the file itself calls its network.
    pub architecture: Option<String>,
    /// What a person should know although it is no failure.
    pub remarks: Vec<String>,
}

impl LoadReport {
    pub(super) fn new(taken: &Taken, outline: &Outline, found: &FoundTensors) -> Self {
        let fit = &taken.fit;
        let name = |entry: usize| outline.entries[entry].name.clone();
        let is_classifier = |entry: usize| outline.entries[entry].part == Part::Classifier;
        let mismatched = fit.mismatched.iter().chain(&fit.whole_numbers);
        let other_classifier = mismatched.clone().find(|(entry, _)| is_classifier(*entry));
        let lacks_classifier = fit
            .missing
            .iter()
            .any(|missing| is_classifier(missing.entry));
        let has_classifier = outline.info.has_classifier();
        let classifier = has_classifier && other_classifier.is_none() && !lacks_classifier;
        let classes = match other_classifier {
            _ if classifier => Some(1000),
            Some((_, tensor)) => found.tensors[*tensor].shape.first().copied(),
            None => None,
        };
        let (auxiliary, unexpected): (Vec<String>, Vec<String>) = fit
            .unused
            .iter()
            .chain(&fit.elsewhere)
            .chain(&fit.surplus)
            .filter(|name| !is_count(name))
            .cloned()
            .partition(|name| dialect::is_auxiliary(name));
        let mut report = Self {
            dialect: fit.dialect.name.into(),
            inside: Some(fit.key.clone()).filter(|key| !key.is_empty()),
            missing: fit
                .missing
                .iter()
                .map(|missing| name(missing.entry))
                .collect(),
            mismatched: mismatched
                .map(|&(entry, tensor)| {
                    let shape = outline.entries[entry].shape.clone();
                    (name(entry), found.tensors[tensor].shape.clone(), shape)
                })
                .collect(),
            auxiliary: fit
                .auxiliary
                .iter()
                .map(|entry| name(*entry))
                .chain(auxiliary)
                .collect(),
            unexpected,
            elsewhere: fit
                .elsewhere
                .iter()
                .filter(|name| !is_count(name) && !dialect::is_auxiliary(name))
                .cloned()
                .collect(),
            surplus: fit.surplus.clone(),
            others: taken.others.clone(),
            architecture: found.architecture.clone(),
            classifier,
            classes,
            ..Self::default()
        };
        report.auxiliary.sort_unstable();
        report.unexpected.sort_unstable();
        if !taken.others.is_empty() {
            let why = taken
                .convention
                .map_or_else(String::new, |why| format!(" ({why})"));
            let taken = match fit.key.as_str() {
                "" => "what stands on top".to_owned(),
                key => format!("“{key}”"),
            };
            report.remarks.push(format!(
                "of the networks in the file, {taken} is used and not {}{why}",
                quoted(&report.others)
            ));
        }
        report.remarks.extend(other_grid(taken, outline, found));
        report
    }

    /// Why `graft classify` can't use these weights.
    pub fn why_no_classes(&self) -> Option<String> {
        match self.classes {
            _ if self.classifier => None,
            Some(classes) => Some(format!(
                "these weights tell {classes} classes apart and not ImageNet's 1000, whose names are the only ones known here"
            )),
            None => Some(
                "these weights come without the 1000-class classifier, so there are no ImageNet classes to name".into(),
            ),
        }
    }

    /// One line for a log: `Loaded 320 tensors of resnet50.pth (torchvision names)`.
    pub fn line(&self, file: &str) -> String {
        let mut line = format!(
            "Loaded {} tensors of {file} ({} names",
            self.loaded, self.dialect
        );
        if let Some(inside) = &self.inside {
            line.push_str(&format!(", inside “{inside}”"));
        }
        line.push(')');
        if !self.unexpected.is_empty() {
            line.push_str(&format!("; {} not used", self.unexpected.len()));
        }
        for remark in &self.remarks {
            line.push_str("; ");
            line.push_str(remark);
        }
        line
    }
}

/// What to know of positions that were learned on pictures of another size.
fn other_grid(taken: &Taken, outline: &Outline, found: &FoundTensors) -> Option<String> {
    let copies = taken.fit.copies.iter();
    let (own, other) = copies
        .map(|&(entry, tensor)| (&outline.entries[entry], &found.tensors[tensor]))
        .find(|(own, other)| is_position_embedding(&own.name) && own.shape != other.shape)?;
    // One at most of the tokens is no patch.
    let side = |shape: &[i64]| shape.get(1).map(|tokens| tokens.max(&0).isqrt());
    let (own, other) = (side(&own.shape)?, side(&other.shape)?);
    // Patches are cut by the only convolution.
    let patch = outline.entries.iter().find(|entry| entry.shape.len() == 4);
    let pixels = other * patch?.shape.last()?;
    Some(format!(
        "its positions were learned on pictures of {pixels} pixels ({other} x {other} patches and not {own} x {own}); for \
         pictures of another size they are resampled"
    ))
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    names.join(", ")
}
