//! `--keep-together`: a preset whose split has pictures that look alike in one part.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::outputs::refuse_among_pictures_with;
use crate::analysis::suspects::kept_together;
use crate::experiment::{Experiment, preset};
use crate::format;
use crate::runs::portable_paths::with_absolute_paths;

const OPTION: &str = "--keep-together";

/// Refuses a file that can't be written, before anything takes time.
///
/// # Errors
/// One sentence with the file and the remedy.
pub fn check(
    out: Option<&PathBuf>,
    experiment: &Experiment,
    base: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(out) = out else { return Ok(()) };
    if out.extension().is_none_or(|extension| extension != "ron") {
        bail!(
            "{OPTION} names a preset that is written, which ends in .ron: {}",
            out.display()
        );
    }
    if out.symlink_metadata().is_ok() {
        bail!(
            "{OPTION} replaces no file: choose another name than {}",
            out.display()
        );
    }
    refuse_among_pictures_with(OPTION, out, &experiment.data.source, base)
}

/// Writes `experiment` with the pictures of `alike` kept together, and says what to do with it.
///
/// # Errors
/// When the file can't be written.
pub fn write(
    out: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
    alike: &[Vec<String>],
) -> anyhow::Result<String> {
    if alike.is_empty() {
        return Ok(format!(
            "No pictures look alike, so {} is not written\n",
            out.display()
        ));
    }
    let mut experiment = with_absolute_paths(experiment, base);
    let together = &mut experiment.data.split.together;
    *together = kept_together(together, alike);
    if preset::to_text(&experiment).len() as u64 > preset::LARGEST_BYTES {
        bail!(
            "{} is not written, because so many pictures look alike that no preset can name them all: keep them together by what \
             they have in common, with data.split.group",
            out.display()
        );
    }
    preset::save(&experiment, out)
        .with_context(|| format!("can't be written: {}", out.display()))?;
    Ok(format!(
        "Wrote {}: {} that look alike stay in one part of the split, in {}; train with it by: graft run \"{}\"\n",
        out.display(),
        format::count(alike.iter().map(Vec::len).sum(), "picture", "pictures"),
        format::count(alike.len(), "set", "sets"),
        out.display()
    ))
}
