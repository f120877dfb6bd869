//! Set-up: does what is still missing, says what it does; a second call is instant and needs no network.

mod archive;
mod cuda;
mod libtorch;
mod pictures;
mod pip;
mod system;
mod weights;

use anyhow::Result;

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
    }
    if wanted.cuda {
        cuda::install(&home)?;
    }
    Ok(())
}
