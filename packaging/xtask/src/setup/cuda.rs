//! The CUDA half of libtorch, for machines with an NVIDIA GPU. It stands in a folder of its own, which
//! the program opens at start, so that one binary serves machines with and without a GPU.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{archive, libtorch, pip};
use crate::steps;

pub fn install(home: &Path) -> Result<()> {
    let folder = home.join("cuda");
    if !folder.is_dir() {
        steps::doing("fetching the CUDA libraries of libtorch (about 3 GB, once)");
        let python = pip::find().context("this needs pip: install python3-pip and call again")?;
        archive::whole(&folder, |content| {
            steps::run(
                Command::new(python)
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--disable-pip-version-check",
                        "--only-binary=:all:",
                        "--target",
                    ])
                    .arg(content)
                    .arg(format!("torch=={}", libtorch::VERSION)),
            )
        })?;
    }
    steps::ready("CUDA libraries");
    Ok(())
}
