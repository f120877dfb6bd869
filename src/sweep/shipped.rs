//! The sweeps that come with Graft.

use std::path::Path;

use super::error::SweepError;
use super::file::{ENDING, Sweep};

/// File name and text of each.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[(
        "learning-rate-and-dropout.sweep.ron",
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/presets/learning-rate-and-dropout.sweep.ron"
        )),
    )]
}

impl Sweep {
    /// The sweep in a file, or, where there is none of that name, one that comes with Graft.
    ///
    /// # Errors
    /// Those of [`Sweep::load`].
    pub fn find(path: &Path) -> Result<Self, SweepError> {
        let is_called = |name: &str| {
            let short = name.strip_suffix(ENDING).unwrap_or(name);
            path == Path::new(name) || path == Path::new(short)
        };
        match shipped().iter().find(|(name, _)| is_called(name)) {
            Some((name, text)) if path.symlink_metadata().is_err() => {
                Self::parse(text, Path::new(name))
            }
            _ => Self::load(path),
        }
    }
}
