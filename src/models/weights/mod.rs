//! Weight files: found, read as data, their names mapped, and copied into a backbone.

mod dialect;
mod locate;
mod pickle;
mod tensors;
mod torch_file;

#[cfg(test)]
mod hostile_tests;

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;
use tch::{Tensor, no_grad_guard};

pub use locate::locate;

use self::tensors::{FileTensor, Values};
use super::parameters::OUTSIDE_TREE;
use super::{Backbone, ModelError};

/// What loading did, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// `torchvision`, `efficientnet-lite`, …
    pub dialect: String,
    pub loaded: usize,
    /// In the network but not in the file (the classifier's names are listed but are no failure).
    pub missing: Vec<String>,
    /// In the file but not in the network.
    pub unexpected: Vec<String>,
    /// Of another shape: name, the file's shape, the network's.
    pub mismatched: Vec<(String, Vec<i64>, Vec<i64>)>,
    /// Whether the file brought the 1000-class classifier too.
    pub classifier: bool,
}

/// Reads `file` and copies it into `backbone`: all or nothing. Fails when a layer of the base (not of
/// the classifier) is missing or of another shape.
pub fn load(backbone: &mut dyn Backbone, file: &Path) -> Result<LoadReport, ModelError> {
    let fail = |reason: String| ModelError::Weights {
        reason,
        path: file.to_path_buf(),
    };
    let mut found = tensors::read(file)?;
    let mut report = LoadReport {
        dialect: dialect::translate(backbone.info().name, &mut found).into(),
        ..LoadReport::default()
    };
    let mut by_name: HashMap<&str, &FileTensor> = found
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor))
        .collect();
    let mut copies = Vec::new();
    let mut base_fails = Vec::new();
    report.classifier = true;
    for entry in &backbone.parameters().entries {
        let in_base = entry.is_in_base();
        let Some(tensor) = by_name.remove(entry.name.as_str()) else {
            // Files from before torch 0.4.1 do not count batches, and nothing here asks for the count.
            if !entry.name.ends_with("num_batches_tracked") {
                report.missing.push(entry.name.clone());
                report.classifier &= in_base || entry.is_auxiliary();
                if in_base {
                    base_fails.push(format!("{} is missing", entry.name));
                }
            }
            continue;
        };
        let shape = entry.tensor.size();
        if tensor.shape != shape {
            report
                .mismatched
                .push((entry.name.clone(), tensor.shape.clone(), shape.clone()));
            report.classifier &= in_base || entry.is_auxiliary();
            if in_base {
                base_fails.push(format!(
                    "{} is {:?} and not {shape:?}",
                    entry.name, tensor.shape
                ));
            }
            continue;
        }
        if !tensor.values.all_finite() {
            return Err(fail(format!(
                "“{}” holds values that are not finite",
                entry.name
            )));
        }
        copies.push((entry.tensor.shallow_clone(), entry.leaf, to_tensor(tensor)?));
    }
    report.unexpected = by_name.into_keys().map(String::from).collect();
    report.unexpected.sort_unstable();
    if !base_fails.is_empty() {
        let others = base_fails.len().saturating_sub(3);
        base_fails.truncate(3);
        let more = if others > 0 {
            format!(", and {others} more")
        } else {
            String::new()
        };
        let title = backbone.info().title;
        return Err(fail(format!(
            "these weights do not fit {title}: {}{more}",
            base_fails.join("; ")
        )));
    }
    // Half a classifier is none.
    if !report.classifier {
        copies.retain(|(_, leaf, _)| *leaf != OUTSIDE_TREE);
    }
    let _guard = no_grad_guard();
    report.loaded = copies.len();
    for (mut target, _, source) in copies {
        target.f_copy_(&source)?;
    }
    Ok(report)
}

fn to_tensor(tensor: &FileTensor) -> Result<Tensor, ModelError> {
    let flat = match &tensor.values {
        Values::Real(values) => Tensor::f_from_slice(values)?,
        Values::Whole(values) => Tensor::f_from_slice(values)?,
    };
    Ok(flat.f_view(tensor.shape.as_slice())?)
}
