//! Where set-up puts things. The same folders as `src/paths.rs`, which the program reads.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// `$GRAFT_HOME`, or `graft` in the user's data folder.
pub fn home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("GRAFT_HOME") {
        return Ok(PathBuf::from(home));
    }
    let data = match std::env::var_os("XDG_DATA_HOME") {
        Some(data) if Path::new(&data).is_absolute() => PathBuf::from(data),
        _ => PathBuf::from(
            std::env::var_os("HOME").context("HOME is not set: set it, or GRAFT_HOME")?,
        )
        .join(".local/share"),
    };
    Ok(data.join("graft"))
}

/// The checkout's root.
pub fn checkout() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.ancestors().nth(2).unwrap_or(xtask).to_path_buf()
}

/// Cargo's folder for what is built.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from)
}

/// What `.cargo/config.toml` calls LIBTORCH: a link to the libtorch that set-up fetched.
pub fn libtorch_link() -> PathBuf {
    checkout().join(".cargo/libtorch")
}
