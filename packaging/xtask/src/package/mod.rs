//! `cargo xtask package`: a Debian package, an RPM package and a portable archive of the same files.

mod check;
mod elf;
mod files;
mod kinds;
mod licences;
mod program;
mod texts;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{paths, setup, steps};

/// Of the program and of its packages.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const USAGE: &str = "usage: cargo xtask package [--check] [--site URL] [--maintainer \"NAME <ADDRESS>\"] [--program FILE] [--quick]";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether the packages are installed and used in a system of their own.
    check: bool,
    /// Where the repository is shown on the web: with it the description has screenshots.
    site: Option<String>,
    maintainer: String,
    /// A program that was built before, in place of one with the profile for packages.
    program: Option<PathBuf>,
    /// Packs badly and soon, to try how packages are made.
    quick: bool,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            check: false,
            site: None,
            maintainer: "The Graft authors <graft@example.org>".into(),
            program: None,
            quick: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next().map(|value| (*value).to_owned());
                value.with_context(|| format!("{argument} needs a value\n{USAGE}"))
            };
            match *argument {
                "--check" => options.check = true,
                "--quick" => options.quick = true,
                "--site" => options.site = Some(value()?),
                "--maintainer" => options.maintainer = value()?,
                "--program" => options.program = Some(std::path::absolute(value()?)?),
                other => bail!("unknown option {other}\n{USAGE}"),
            }
        }
        Ok(options)
    }
}

pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let start = Instant::now();
    setup::run(setup::Wanted {
        cuda: false,
        demo: true,
    })?;
    setup::system::install_these(setup::system::FOR_PACKAGES)?;
    let home = paths::home()?;
    let tools = setup::packaging_tools(&home)?;
    let licences = setup::libtorch_licences(&home)?;

    let folder = paths::target().join("package");
    let made = folder.join("made");
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    fs::create_dir_all(&made)?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => program::build()?,
    };
    steps::doing("taking the symbols out of program and libraries");
    program::prepare(&program, &made, options.program.is_none())?;
    steps::doing("writing icons, manual pages, completions and licences");
    texts::write(&made, &options)?;
    fs::write(made.join("copyright"), licences::copyright(&licences)?)?;
    let files = files::list(&made, &home)?;
    let packages = kinds::make(&files, &folder, &made, &tools, &options)?;
    for package in &packages.all() {
        let bytes = fs::metadata(package)?.len();
        steps::ready(&format!(
            "{} ({:.1} MB)",
            package.display(),
            bytes as f64 / 1e6
        ));
    }
    let installed: u64 = files
        .iter()
        .map(|file| fs::metadata(&file.source).map_or(0, |metadata| metadata.len()))
        .sum();
    steps::ready(&format!(
        "{} files, {:.1} MB installed, made in {} s",
        files.len(),
        installed as f64 / 1e6,
        start.elapsed().as_secs()
    ));
    if !options.quick {
        check::sizes(&packages)?;
    }
    if options.check {
        check::thoroughly(&packages)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options = Options::parse(&[
            "--check",
            "--site",
            "https://graft.example",
            "--program",
            "/x/graft",
        ])
        .unwrap();
        assert!(options.check && !options.quick);
        assert_eq!(options.site.as_deref(), Some("https://graft.example"));
        assert_eq!(options.program, Some("/x/graft".into()));
        for wrong in [&["--site"][..], &["--fast"], &["x"]] {
            assert!(
                Options::parse(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("usage"),
                "{wrong:?}"
            );
        }
    }
}
