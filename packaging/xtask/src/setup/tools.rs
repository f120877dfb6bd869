//! The programs that make packages, in Graft's own folder: only whoever makes packages needs them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::steps;

/// Program and version.
const TOOLS: [(&str, &str); 2] = [("cargo-deb", "3.8.0"), ("cargo-generate-rpm", "0.21.1")];

/// Installs what is missing; gives the folder of the programs.
pub fn install(home: &Path) -> Result<PathBuf> {
    let root = home.join("tools");
    let programs = root.join("bin");
    for (name, version) in TOOLS {
        if !programs.join(name).is_file() {
            steps::doing(&format!("building {name} {version} (some minutes, once)"));
            let tool = format!("{name}@{version}");
            let mut install = steps::cargo(&["install", "--locked", "--quiet", &tool, "--root"]);
            // Outside the checkout, whose set-up it must not take over.
            install
                .arg(&root)
                .current_dir(home)
                .env_remove("CARGO_TARGET_DIR");
            steps::run(&mut install)?;
        }
    }
    steps::ready("cargo-deb and cargo-generate-rpm");
    Ok(programs)
}
