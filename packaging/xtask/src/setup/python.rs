//! A Python with packages of its own, for tests and measurements; none of them goes into the person's Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::steps;

/// The program of the environment in `folder`, in which all of `modules` can be imported; `what` says to people what it is for.
/// Where it is not there, it is made with what pip installs by these `arguments`.
pub fn environment(
    folder: &Path,
    what: &str,
    modules: &str,
    arguments: &[&str],
) -> Result<PathBuf> {
    let python = folder.join("bin/python");
    let mut command = Command::new(&python);
    if steps::output(command.args(["-c", &format!("import {modules}")])).is_none() {
        steps::doing(&format!("fetching {what}"));
        steps::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let pip = ["-m", "pip", "install", "--quiet"];
        steps::run(Command::new(&python).args(pip).args(arguments))?;
    }
    steps::ready(what);
    Ok(python)
}
