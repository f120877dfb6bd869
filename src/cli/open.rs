//! `graft open`: the window with what a file manager hands over.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Presets, folders or tables of pictures, or single pictures; the window alone if there are none
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}
