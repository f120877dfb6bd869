//! Whether packages are as they should be: sizes, what lintian says, and a system of its own in which they are used.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::kinds::Packages;
use crate::{paths, setup, steps};

/// No package is larger.
const MOST_BYTES: u64 = 130_000_000;

pub fn sizes(packages: &Packages) -> Result<()> {
    for package in packages.all() {
        check_size(package, MOST_BYTES)?;
    }
    Ok(())
}

fn check_size(package: &Path, most: u64) -> Result<()> {
    let bytes = fs::metadata(package)?.len();
    if bytes > most {
        bail!(
            "the package has {:.1} MB, and at most {:.0} are allowed: {}",
            bytes as f64 / 1e6,
            most as f64 / 1e6,
            package.display()
        );
    }
    Ok(())
}

/// Takes a quarter of an hour, root's rights and a mirror of Debian.
pub fn thoroughly(packages: &Packages) -> Result<()> {
    setup::system::install_these(setup::system::FOR_CHECKS)?;
    steps::doing("what lintian says");
    steps::run(
        Command::new("lintian")
            .args(["--fail-on", "error", "--allow-root"])
            .arg(&packages.deb),
    )?;
    steps::doing("what rpm says");
    let mut query = Command::new("rpm");
    query
        .args(["--query", "--list", "--package"])
        .arg(&packages.rpm);
    let list = steps::output(&mut query).unwrap_or_default();
    for path in [
        "/usr/bin/graft",
        "/usr/lib/graft/libtorch_cpu.so",
        "/usr/share/applications/graft.desktop",
    ] {
        ensure!(
            list.lines().any(|line| line == path),
            "the RPM package has no {path}"
        );
    }
    let script = paths::checkout().join("packaging/check-package.sh");
    let work = packages.deb.with_file_name("check");
    steps::run(
        Command::new("bash")
            .arg(script)
            .arg(&packages.deb)
            .arg(&packages.archive)
            .arg(work),
    )?;
    steps::ready("the packages install, work and are removed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_too_large_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), [0; 11]).unwrap();
        check_size(file.path(), 11).unwrap();
        let error = check_size(file.path(), 10).unwrap_err().to_string();
        assert!(error.contains("at most"), "{error}");
    }
}
