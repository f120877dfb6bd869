//! Finds the pictures of a source, checks that each decodes, and lists what was passed over.

use std::path::Path;

use super::{DataError, Dataset, StopFlag};
use crate::experiment::DataConfig;

/// How far a scan is: pictures checked, of how many (0 while they are being counted).
pub type ScanProgress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Finds and checks every picture of `config.source`, keeping `config.classes`.
/// `base` is the preset's folder, for relative paths.
pub fn scan(
    config: &DataConfig,
    base: Option<&Path>,
    progress: ScanProgress<'_>,
    stop: &StopFlag,
) -> Result<Dataset, DataError> {
    let _ = (config, base, progress, stop);
    unimplemented!()
}
