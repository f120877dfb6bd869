//! What became of a file's tensors.

use serde::Serialize;

use super::tensors::FoundTensors;
use super::{dialect, is_count};
use crate::models::parameters::{Entry, OUTSIDE_TREE};

/// What loading did, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// `torchvision`, `timm`, `efficientnet-lite`, …
    pub dialect: String,
    /// The key of a checkpoint inside which the weights stood: `state_dict`.
    pub inside: Option<String>,
    pub loaded: usize,
    /// In the network but not in the file (the classifier's names are listed but are no failure).
    pub missing: Vec<String>,
    /// In the file but not in the network.
    pub unexpected: Vec<String>,
    /// Of another shape: name, the file's shape, the network's.
    pub mismatched: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// Heads that only help training, in the file and rightly left out: GoogLeNet's and Inception's.
    pub auxiliary: Vec<String>,
    /// Whether the file brought the 1000-class classifier too.
    pub classifier: bool,
    /// How many classes the file's own classifier tells apart, if it has one.
    pub classes: Option<i64>,
    /// What a person should know although it is no failure.
    pub remarks: Vec<String>,
}

impl LoadReport {
    pub(super) fn new(dialect: &str, found: &FoundTensors) -> Self {
        let mut remarks = Vec::new();
        if let (Some(inside), false) = (&found.inside, found.others.is_empty()) {
            remarks.push(format!(
                "of the checkpoint, “{inside}” is used and not {}",
                quoted(&found.others)
            ));
        }
        Self {
            dialect: dialect.into(),
            inside: found.inside.clone(),
            classifier: true,
            remarks,
            ..Self::default()
        }
    }

    /// Nothing in the file belongs into `entry`.
    pub(super) fn lacks(&mut self, entry: &Entry) {
        self.classifier &= entry.is_in_base();
        self.missing.push(entry.name.clone());
    }

    /// What the file has for `entry` is of another shape.
    pub(super) fn differs(&mut self, entry: &Entry, shape: &[i64]) {
        if entry.leaf == OUTSIDE_TREE {
            self.classifier = false;
            self.classes = shape.first().copied();
        }
        self.mismatched
            .push((entry.name.clone(), shape.to_vec(), entry.tensor.size()));
    }

    /// Names that the network has no place for. Counts of batches say nothing of weights.
    pub(super) fn leaves_over<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names.filter(|name| !is_count(name)) {
            if dialect::is_auxiliary(name) {
                self.auxiliary.push(name.into());
            } else {
                self.unexpected.push(name.into());
            }
        }
        self.auxiliary.sort_unstable();
        self.unexpected.sort_unstable();
        if self.classifier {
            self.classes = Some(1000);
        }
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

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    names.join(", ")
}
