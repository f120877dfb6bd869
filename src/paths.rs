//! Where Graft keeps things on this machine: runs, weights and presets in the person's data folder, settings in the
//! configuration folder, and what can be computed again in the cache folder, as the system names them. With
//! `$GRAFT_HOME` everything stands below that folder.

mod older;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use directories::BaseDirs;

/// See [`share_cache`].
static SHARES_CACHE: AtomicBool = AtomicBool::new(false);

/// Below each of the system's folders.
const NAME: &str = "graft";

/// The folder that runs, weights and presets stand in: `$GRAFT_HOME`, or `graft` in the user's data folder.
pub fn home() -> PathBuf {
    given_home().unwrap_or_else(|| of_user(|folders| folders.data_dir().to_path_buf()))
}

/// One folder for everything, where the person names one.
fn given_home() -> Option<PathBuf> {
    std::env::var_os("GRAFT_HOME").map(PathBuf::from)
}

fn of_user(folder: impl FnOnce(&BaseDirs) -> PathBuf) -> PathBuf {
    BaseDirs::new()
        .map_or_else(std::env::temp_dir, |folders| folder(&folders))
        .join(NAME)
}

/// Pictures that set-up fetched: `elpv/labels.csv` and its pictures. `$GRAFT_DATA` in a preset.
pub fn data() -> PathBuf {
    home().join("data")
}

/// Weight files by catalogue name.
pub fn weights() -> PathBuf {
    home().join("weights")
}

/// One folder per run.
pub fn runs() -> PathBuf {
    home().join("runs")
}

/// The user's own presets.
pub fn presets() -> PathBuf {
    home().join("presets")
}

/// The person's folder of documents, where there is one; else the home folder.
pub fn documents() -> PathBuf {
    let of_user = directories::UserDirs::new().map(|folders| {
        let documents = folders.document_dir().filter(|path| path.is_dir());
        documents.unwrap_or(folders.home_dir()).to_path_buf()
    });
    of_user.unwrap_or_else(std::env::temp_dir)
}

/// What can be computed again: it may be deleted at any time. `$GRAFT_CACHE`, `cache` below `$GRAFT_HOME`, or `graft` in
/// the user's cache folder, to which what an older version kept below [`home`] is moved.
pub fn cache() -> PathBuf {
    if let Some(named) = std::env::var_os("GRAFT_CACHE") {
        return PathBuf::from(named);
    }
    if let Some(home) = given_home() {
        return home.join("cache");
    }
    let new = of_user(|folders| folders.cache_dir().to_path_buf());
    if !SHARES_CACHE.load(Ordering::Relaxed) {
        return new;
    }
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| older::folder(&home().join("cache"), &new))
        .clone()
}

/// Lets this process find in [`cache`] what the same person's other processes left there, and leave more; and move what an older
/// version left elsewhere. The program does so before it carries out a command line; the library does not by itself, so that a
/// test shares no folder with a person, and moves none.
pub fn share_cache() {
    SHARES_CACHE.store(true, Ordering::Relaxed);
}

/// [`cache`], in a process that shares it.
pub fn shared_cache() -> Option<PathBuf> {
    SHARES_CACHE.load(Ordering::Relaxed).then(cache)
}

/// The window's arrangement, theme and recent files: `settings.ron` below `$GRAFT_HOME`, or in `graft` in the user's
/// configuration folder, to which an older version's is moved.
pub fn settings() -> PathBuf {
    const FILE: &str = "settings.ron";
    if let Some(home) = given_home() {
        return home.join(FILE);
    }
    let new = of_user(|folders| folders.config_dir().to_path_buf()).join(FILE);
    if !SHARES_CACHE.load(Ordering::Relaxed) {
        return new;
    }
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| older::file(&home().join(FILE), &new))
        .clone()
}

/// What a package brings beside the program, read-only: `share/graft` beside the program's `bin`. `None` for a program
/// that was built and not installed.
pub fn bundled() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER
        .get_or_init(|| bundled_with(&std::env::current_exe().ok()?))
        .clone()
}

/// Of the program at this path; links to it are followed.
fn bundled_with(program: &Path) -> Option<PathBuf> {
    let program = program.canonicalize().ok()?;
    let prefix = program.parent()?.parent()?;
    let folder = prefix.join("share").join(NAME);
    folder.is_dir().then_some(folder)
}

/// A small set of pictures to try the program with, in folders by class: a package's, or the one that set-up makes in
/// the person's own folder. `None` where there is neither.
pub fn example() -> Option<PathBuf> {
    [bundled(), Some(home())]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("example"))
        .find(|folder| folder.is_dir())
}

/// Replaces a leading `$GRAFT_DATA`; a relative path is taken from `base` (the preset's folder).
pub fn expand(path: &Path, base: Option<&Path>) -> PathBuf {
    if let Ok(rest) = path.strip_prefix("$GRAFT_DATA") {
        return data().join(rest);
    }
    match base {
        Some(base) if path.is_relative() => base.join(path),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_s_files_are_found_beside_its_program_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("a folder");
        let program = root.join("bin/graft");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        std::fs::write(&program, "").unwrap();
        assert_eq!(bundled_with(&program), None);
        std::fs::create_dir_all(root.join("share/graft")).unwrap();
        assert_eq!(bundled_with(&program), Some(root.join("share/graft")));
        #[cfg(unix)]
        {
            let link = folder.path().join("linked");
            std::os::unix::fs::symlink(&program, &link).unwrap();
            assert_eq!(bundled_with(&link), Some(root.join("share/graft")));
        }
        assert_eq!(bundled_with(&root.join("bin/other")), None);
    }

    #[test]
    fn a_program_that_was_built_here_brings_nothing() {
        assert_eq!(bundled(), None);
    }

    #[test]
    fn who_carries_out_no_command_line_shares_no_cache() {
        assert_eq!(shared_cache(), None);
    }
}
