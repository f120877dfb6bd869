//! Set-up: does what is still missing, says what it does; a second call is instant and needs no network.

mod archive;
mod cuda;
mod example;
mod libtorch;
mod onnx;
mod pictures;
mod pip;
mod python;
pub mod slurm;
pub mod system;
mod tools;
mod weights;

use std::path::PathBuf;

use anyhow::Result;

pub use libtorch::licences as libtorch_licences;
pub use onnx::python as onnx_python;
pub use python::environment as python_environment;
pub use tools::install as packaging_tools;
pub use weights::FILE as WEIGHTS;

/// Which parts are asked for; libtorch and the system packages always are.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The CUDA libraries for a machine with an NVIDIA GPU.
    pub cuda: bool,
    /// The weights and pictures of the demo.
    pub demo: bool,
}

pub fn run(wanted: Wanted) -> Result<()> {
    let home = crate::paths::home()?;
    std::fs::create_dir_all(&home)?;
    system::install()?;
    libtorch::install(&home)?;
    if wanted.demo {
        weights::install(&home)?;
        pictures::install(&home)?;
        example::install(&home)?;
    }
    if wanted.cuda {
        cuda::install(&home)?;
    }
    Ok(())
}

/// A library of the libtorch that is linked against, where it has one of that name.
pub fn library(name: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("LIBTORCH").map_or_else(crate::paths::libtorch_link, PathBuf::from);
    let path = folder.join("lib").join(name);
    path.is_file().then_some(path)
}
