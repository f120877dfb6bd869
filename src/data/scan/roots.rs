//! Folders that are no data set, whatever lies in them.

use std::path::Path;

use super::super::DataError;
use super::entries::FolderEntry;
use super::source_error;

/// Folders of operating systems.
const SYSTEM: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
    "/Applications",
    "/Library",
    "/System",
    "/Users",
    "C:\\Windows",
    "C:\\Users",
    "C:\\Program Files",
];

/// What the root of a system holds.
const IN_ROOT: &[&str] = &[
    "etc",
    "usr",
    "bin",
    "proc",
    "System",
    "Windows",
    "Program Files",
];

/// What systems make for a person.
const IN_HOME: &[&str] = &[
    "Desktop",
    "Documents",
    "Downloads",
    "Music",
    "Pictures",
    "Videos",
    "Movies",
    "Public",
    "Templates",
    "Library",
];

/// Refuses the folder of a whole system: to walk through it takes long, and some of its files do something when they
/// are read.
pub(super) fn refuse_system(root: &Path) -> Result<(), DataError> {
    let real = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
    let is_top = real.parent().is_none()
        && IN_ROOT
            .iter()
            .filter(|name| real.join(name).is_dir())
            .count()
            >= 2;
    if is_top || SYSTEM.iter().any(|system| real == Path::new(system)) {
        return Err(source_error(
            root,
            "this is a folder of the whole system: choose the folder of the data set itself",
        ));
    }
    Ok(())
}

/// Refuses a person's home, where folders of pictures are no classes.
pub(super) fn refuse_home(folder: &Path, entries: &[FolderEntry]) -> Result<(), DataError> {
    const ENOUGH: usize = 3;
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let is_own = directories::BaseDirs::new()
        .and_then(|dirs| real(dirs.home_dir()))
        .is_some_and(|home| real(folder) == Some(home));
    let usual: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.is_folder && IN_HOME.contains(&entry.name.as_str()))
        .map(|entry| entry.name.as_str())
        .collect();
    let is_a_home =
        usual.len() >= ENOUGH && (usual.contains(&"Desktop") || usual.contains(&"Downloads"));
    if is_own || is_a_home {
        return Err(source_error(
            folder,
            "this is a home folder, whose folders are no classes: choose the folder of the data set in it",
        ));
    }
    Ok(())
}

/// What a folder gets to read that holds more than is looked through.
pub(super) fn too_much(folder: &Path) -> DataError {
    source_error(
        folder,
        "this folder holds very many files, and no data set was found among the first of them: choose the folder of the \
         data set itself",
    )
}
