//! Runs that are moved to the system's trash, and back.

use std::path::{Path, PathBuf};

use super::{RunError, cross_validation, files, folder, store};

/// Moves the run in `folder` to the system's trash.
///
/// # Errors
/// When it is being trained or written now; when it is no run, or one fold of a cross-validation, whose figures are of all
/// of them; when the system has no trash for this folder. The run is then as it was.
pub fn trash(folder: &Path) -> Result<(), RunError> {
    if !folder.join(files::SUMMARY).is_file() {
        return Err(store::no_run(folder));
    }
    if folder::is_locked(folder) {
        return Err(RunError::Locked(folder.to_path_buf()));
    }
    if let Some((fold, whole)) = cross_validation::whole_of_fold(folder) {
        return Err(files::problem(
            folder,
            format!(
                "is fold {fold} of a cross-validation, whose figures and answers are those of all folds together, so it can't go \
                 to the trash alone: move the whole run there with graft runs trash \"{}\"",
                whole.display()
            ),
        ));
    }
    ::trash::delete(folder).map_err(|error| {
        files::problem(
            folder,
            format!(
                "can't be moved to the trash ({}): archive the run, or remove its folder yourself",
                reason(&error)
            ),
        )
    })
}

/// Puts the run that stood in `folder` back there, as it was when it was moved to the trash last.
///
/// # Errors
/// When it is not in the trash, when something else stands there now, and what the system says.
pub fn restore(folder: &Path) -> Result<(), RunError> {
    if folder.exists() {
        return Err(files::problem(
            folder,
            "can't be put back from the trash, because something stands there: move it away first",
        ));
    }
    system::restore(folder)
}

/// Where the runs stood that are in the trash and were in the folder `runs`, the last one that was moved there first.
///
/// # Errors
/// When the system does not say what is in its trash.
pub fn trashed(runs: &Path) -> Result<Vec<PathBuf>, RunError> {
    system::trashed(runs)
}

/// What the system said, without the words of a debugger.
fn reason(error: &::trash::Error) -> String {
    match error {
        ::trash::Error::Unknown { description } | ::trash::Error::Os { description, .. } => {
            description.clone()
        }
        ::trash::Error::CouldNotAccess { target } => format!("{target} may not be changed"),
        ::trash::Error::CanonicalizePath { original } => {
            format!("{} is not there", original.display())
        }
        #[cfg(all(
            unix,
            not(any(target_os = "macos", target_os = "ios", target_os = "android"))
        ))]
        ::trash::Error::FileSystem { path, source } => {
            format!("{}: {source}", path.display())
        }
        _ => "the system's trash refuses it".to_owned(),
    }
}

#[cfg(not(any(target_os = "macos", target_os = "ios", target_os = "android")))]
mod system {
    use std::path::{Path, PathBuf};

    use ::trash::{TrashItem, os_limited};

    use super::{files, reason};
    use crate::runs::RunError;

    pub(super) fn restore(folder: &Path) -> Result<(), RunError> {
        let parent = folder.parent().unwrap_or(folder);
        let parent = parent
            .canonicalize()
            .unwrap_or_else(|_| parent.to_path_buf());
        let name = folder.file_name().unwrap_or_default();
        let mut items = items(folder)?;
        items.retain(|item| item.original_parent == parent && item.name == name);
        let Some(item) = items.into_iter().next() else {
            return Err(files::problem(
                folder,
                "is not in the trash any more, so it can't be put back",
            ));
        };
        os_limited::restore_all([item]).map_err(|error| {
            files::problem(
                folder,
                format!(
                    "can't be put back from the trash ({}): open the trash of your desktop and restore it there",
                    reason(&error)
                ),
            )
        })
    }

    pub(super) fn trashed(runs: &Path) -> Result<Vec<PathBuf>, RunError> {
        let parent = runs.canonicalize().unwrap_or_else(|_| runs.to_path_buf());
        let items = items(runs)?;
        let own = items
            .into_iter()
            .filter(|item| item.original_parent == parent);
        Ok(own.map(|item| runs.join(&item.name)).collect())
    }

    /// What is in the trash, the last first.
    fn items(about: &Path) -> Result<Vec<TrashItem>, RunError> {
        let mut items = os_limited::list().map_err(|error| {
            files::problem(
                about,
                format!("what is in the trash can't be read ({})", reason(&error)),
            )
        })?;
        items.sort_by_key(|item| std::cmp::Reverse(item.time_deleted));
        Ok(items)
    }
}

#[cfg(any(target_os = "macos", target_os = "ios", target_os = "android"))]
mod system {
    use std::path::{Path, PathBuf};

    use super::files;
    use crate::runs::RunError;

    const OPEN: &str =
        "can't be put back by Graft on this system: open the trash and choose Put Back";

    pub(super) fn restore(folder: &Path) -> Result<(), RunError> {
        Err(files::problem(folder, OPEN))
    }

    pub(super) fn trashed(runs: &Path) -> Result<Vec<PathBuf>, RunError> {
        Err(files::problem(runs, OPEN))
    }
}
