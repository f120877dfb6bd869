//! The preset that a sweep begins from.

use std::path::{Path, PathBuf};

use crate::experiment::{Experiment, preset};
use crate::sweep::error::SweepError;
use crate::sweep::file::Sweep;

/// The base of a sweep that stands in `file`, and the folder that its paths are relative to.
pub(super) fn load(
    sweep: &Sweep,
    file: &Path,
) -> Result<(Experiment, Option<PathBuf>), SweepError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let path = folder.join(&sweep.base);
    if path.symlink_metadata().is_ok() {
        let experiment = preset::load(&path).map_err(|error| {
            SweepError::Plan(format!("the sweep’s base can’t be used: {error}"))
        })?;
        let parent = (path.parent()).filter(|parent| !parent.as_os_str().is_empty());
        return Ok((experiment, parent.map(Path::to_path_buf)));
    }
    let named = Path::new(&sweep.base);
    let shipped = (preset::shipped().iter())
        .find(|(name, _)| Path::new(name) == named || Path::new(name).with_extension("") == named);
    let Some((name, text)) = shipped else {
        let names: Vec<&str> = preset::shipped().iter().map(|(name, _)| *name).collect();
        return Err(SweepError::Folder {
            reason: format!(
                "the sweep’s base stands neither there, seen from the sweep’s file, nor among the presets that come with \
                 Graft ({})",
                names.join(", ")
            ),
            path,
        });
    };
    let experiment = preset::parse(text, Path::new(name))
        .map_err(|error| SweepError::Plan(error.to_string()))?;
    Ok((experiment, None))
}
