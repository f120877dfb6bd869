//! A Python with onnx and onnxruntime, in Graft's own folder: only tests need it, which are skipped without.

use std::path::{Path, PathBuf};

use super::python::environment;
use crate::steps;

/// For pip.
const PACKAGES: [&str; 6] = [
    "--only-binary=:all:",
    "numpy==2.4.6",
    "onnx==1.23.2",
    "onnxruntime==1.32.0",
    "pillow==13.0.0",
    "safetensors==0.8.0",
];

/// The program; `None` where it could not be made, which is said.
pub fn python(home: &Path) -> Option<PathBuf> {
    let folder = home.join("onnx-python");
    let modules = "numpy, onnx, onnxruntime, PIL, safetensors";
    match environment(
        &folder,
        "onnx and onnxruntime for the tests",
        modules,
        &PACKAGES,
    ) {
        Ok(python) => Some(python),
        Err(error) => {
            steps::doing(&format!(
                "without them: tests that need Python are skipped ({error:#})"
            ));
            None
        }
    }
}
