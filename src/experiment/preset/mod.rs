//! Presets: an experiment in a versioned RON file that a person can read and edit.

use std::path::{Path, PathBuf};

use super::Experiment;

/// The version that this Graft writes; older ones are migrated.
pub const VERSION: u32 = 1;

/// Why a preset can't be used. Names file, line, field and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {message}", path = path.display())]
pub struct PresetError {
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
    pub column: usize,
    /// `phases[0].learning_rate`; empty when it is about the whole file.
    pub field: String,
    pub message: String,
}

/// Reads and checks a preset.
pub fn load(path: &Path) -> Result<Experiment, PresetError> {
    let _ = path;
    unimplemented!()
}

/// Reads and checks a preset's text; `path` is for messages.
pub fn parse(text: &str, path: &Path) -> Result<Experiment, PresetError> {
    let _ = (text, path);
    unimplemented!()
}

/// The preset's text.
pub fn to_text(experiment: &Experiment) -> String {
    let _ = experiment;
    unimplemented!()
}

/// Sets one field by its path, as `graft run --set phases[0].learning_rate=1e-4` does.
pub fn set_field(experiment: &mut Experiment, assignment: &str) -> Result<(), String> {
    let _ = (experiment, assignment);
    unimplemented!()
}

/// The presets that come with Graft: file name and text.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[]
}
