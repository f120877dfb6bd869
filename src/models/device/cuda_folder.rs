//! Where set-up keeps libtorch's CUDA part. This file is part of the program, which looks there, and of
//! `cargo xtask setup --cuda`, which fills it.

use std::path::{Path, PathBuf};

/// The library that holds libtorch's kernels for graphics cards.
pub const LIBRARY: &str = "libtorch_cuda.so";

/// What set-up makes below Graft's home. It is laid out as Python's packages are (`torch/lib`, `nvidia/cudnn/lib`), because
/// the library finds NVIDIA's by paths relative to itself.
pub fn packages(home: &Path) -> PathBuf {
    home.join("cuda")
}

/// The folder of [`LIBRARY`] among Python packages: set-up's own, or those of a Python environment.
pub fn library_folder(packages: &Path) -> PathBuf {
    packages.join("torch/lib")
}
