//! Where Graft keeps things on this machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// See [`share_cache`].
static SHARES_CACHE: AtomicBool = AtomicBool::new(false);

/// The folder that everything below stands in: `$GRAFT_HOME`, or `graft` in the user's data folder.
pub fn home() -> PathBuf {
    if let Some(home) = std::env::var_os("GRAFT_HOME") {
        return PathBuf::from(home);
    }
    directories::BaseDirs::new()
        .map_or_else(std::env::temp_dir, |dirs| dirs.data_dir().to_path_buf())
        .join("graft")
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

/// What can be computed again: it may be deleted at any time. `$GRAFT_CACHE`, or `cache` in the folder above.
pub fn cache() -> PathBuf {
    std::env::var_os("GRAFT_CACHE").map_or_else(|| home().join("cache"), PathBuf::from)
}

/// Lets this process find in [`cache`] what the same person's other processes left there, and leave more. The program does so
/// before it carries out a command line; the library does not by itself, so that a test shares no folder with a person.
pub fn share_cache() {
    SHARES_CACHE.store(true, Ordering::Relaxed);
}

/// [`cache`], in a process that shares it.
pub fn shared_cache() -> Option<PathBuf> {
    SHARES_CACHE.load(Ordering::Relaxed).then(cache)
}

/// The window's arrangement, theme and recent files.
pub fn settings() -> PathBuf {
    home().join("settings.ron")
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
    fn who_carries_out_no_command_line_shares_no_cache() {
        assert_eq!(shared_cache(), None);
    }
}
