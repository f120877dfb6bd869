//! Parts of zip archives (wheels are zip archives) into folders that appear whole or not at all.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Extracts every entry for which `path_of` names a path below `folder`; how many there were.
pub fn extract(
    archive: &Path,
    folder: &Path,
    path_of: impl Fn(&str) -> Option<PathBuf>,
) -> Result<usize> {
    let file =
        File::open(archive).with_context(|| format!("could not open {}", archive.display()))?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file))
        .with_context(|| format!("not a zip archive: {}", archive.display()))?;
    let mut count = 0;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        // `enclosed_name` refuses names that would leave the folder.
        let Some(name) = entry.enclosed_name() else {
            bail!("an entry's name leaves the archive: {}", archive.display());
        };
        if entry.is_dir() {
            continue;
        }
        let Some(relative) = path_of(&name.to_string_lossy()) else {
            continue;
        };
        let target = folder.join(relative);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut out = File::create(&target)
            .with_context(|| format!("could not create {}", target.display()))?;
        io::copy(&mut entry, &mut out)
            .with_context(|| format!("could not write {}", target.display()))?;
        count += 1;
    }
    Ok(count)
}

/// Builds a folder beside its final path, and moves it there when `build` has succeeded; an
/// interrupted call leaves at most a hidden folder, which the next call removes.
pub fn whole(target: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let work = work_folder(target.parent().context("no parent folder")?)?;
    let content = work.path().join("content");
    std::fs::create_dir(&content)?;
    build(&content)?;
    std::fs::rename(&content, target)
        .with_context(|| format!("could not move the finished folder to {}", target.display()))?;
    Ok(())
}

/// A hidden folder in `parent` for downloads and unfinished things, removed when dropped.
pub fn work_folder(parent: &Path) -> Result<tempfile::TempDir> {
    std::fs::create_dir_all(parent)?;
    remove_leftovers(parent);
    tempfile::Builder::new()
        .prefix(PARTIAL)
        .tempdir_in(parent)
        .with_context(|| format!("could not make a folder in {}", parent.display()))
}

const PARTIAL: &str = ".setup-";

/// Removes what interrupted calls left, unless it is young enough to be another call's.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let is_partial = entry.file_name().to_string_lossy().starts_with(PARTIAL);
        let is_old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|modified| modified.elapsed().ok())
            .is_some_and(|age| age.as_secs() > 3600);
        if is_partial && is_old {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}
