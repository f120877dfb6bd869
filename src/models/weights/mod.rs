//! Weight files: found, read as data, their names mapped, and copied into a backbone.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Backbone, ModelError};
use crate::experiment::WeightsSource;

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

/// The file that `source` means for `backbone`: `None` for random weights.
///
/// # Errors
/// When pre-trained weights are not on this machine; the text says how to get them.
pub fn locate(source: &WeightsSource, backbone: &str, base: Option<&Path>) -> Result<Option<PathBuf>, ModelError> {
    let _ = (source, backbone, base);
    unimplemented!()
}

/// Reads `file` and copies it into `backbone`: all or nothing. Fails when a layer of the base (not of
/// the classifier) is missing or of another shape.
pub fn load(backbone: &mut dyn Backbone, file: &Path) -> Result<LoadReport, ModelError> {
    let _ = (backbone, file);
    unimplemented!()
}
