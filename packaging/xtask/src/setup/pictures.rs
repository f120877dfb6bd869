//! The ELPV pictures of solar cells (CC BY-NC-SA 4.0: fetched for the person, never bundled).

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::archive;
use super::pip::Wheel;
use crate::steps;

const ELPV: Wheel = Wheel {
    package: "elpv-dataset",
    version: "1.0.0.post1",
    sha256: "85e31c1126ee9b48e62d3a0232c58f58b2d189b0814a45c13642fa0415af4a4c",
    platforms: &[],
};

pub fn install(home: &Path) -> Result<()> {
    let folder = home.join("data/elpv");
    if !folder.is_dir() {
        steps::doing("fetching the ELPV pictures of solar cells (90 MB, CC BY-NC-SA 4.0)");
        archive::whole(&folder, |content| {
            let downloads = archive::work_folder(home)?;
            let wheel = ELPV.download(downloads.path())?;
            let count = archive::extract(&wheel, content, |name| {
                name.strip_prefix("elpv_dataset/data/").map(PathBuf::from)
            })?;
            // 2,624 pictures and the table.
            if count < 2_625 {
                bail!("the package of pictures holds only {count} files");
            }
            Ok(())
        })?;
    }
    steps::ready("ELPV pictures of solar cells");
    Ok(())
}
