//! A Python with onnx and onnxruntime, in Graft's own folder: only tests need it, which are skipped without.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::steps;

const PACKAGES: [&str; 4] = [
    "numpy==2.4.6",
    "onnx==1.23.2",
    "onnxruntime==1.32.0",
    "pillow==13.0.0",
];

/// The program; `None` where it could not be made, which is said.
pub fn python(home: &Path) -> Option<PathBuf> {
    let environment = home.join("onnx-python");
    let python = environment.join("bin/python");
    let has_all = || {
        let mut command = Command::new(&python);
        steps::output(command.args(["-c", "import numpy, onnx, onnxruntime, PIL"])).is_some()
    };
    if !has_all() {
        steps::doing("fetching onnx and onnxruntime for the tests");
        if let Err(error) = install(&environment, &python) {
            steps::doing(&format!(
                "without them: tests that need Python are skipped ({error:#})"
            ));
            return None;
        }
    }
    steps::ready("onnx and onnxruntime");
    Some(python)
}

fn install(environment: &Path, python: &Path) -> Result<()> {
    steps::run(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(environment),
    )?;
    let pip = ["-m", "pip", "install", "--quiet", "--only-binary=:all:"];
    steps::run(Command::new(python).args(pip).args(PACKAGES))
}
