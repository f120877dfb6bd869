//! The three kinds of packages, from one list of files.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::files::{self, File};
use super::{Options, VERSION, texts};
use crate::steps;

/// The files that were made.
pub struct Packages {
    pub deb: PathBuf,
    pub rpm: PathBuf,
    pub archive: PathBuf,
}

impl Packages {
    pub fn all(&self) -> [&Path; 3] {
        [&self.deb, &self.rpm, &self.archive]
    }
}

pub fn make(
    files: &[File],
    folder: &Path,
    made: &Path,
    tools: &Path,
    options: &Options,
) -> Result<Packages> {
    let packages = Packages {
        deb: folder.join(format!("graft_{VERSION}-1_amd64.deb")),
        rpm: folder.join(format!("graft-{VERSION}-1.x86_64.rpm")),
        archive: folder.join(format!("graft-{VERSION}-x86_64-linux.tar.zst")),
    };
    let manifest = folder.join("manifest");
    write_manifest(files, &manifest, &made.join("changelog.Debian"), options)?;
    let seconds = texts::seconds()?;
    steps::doing("packing the Debian package");
    let mut deb = Command::new(tools.join("cargo-deb"));
    deb.args(["--no-build", "--no-strip", "--offline", "--manifest-path"])
        .arg(manifest.join("Cargo.toml"))
        .arg("--output")
        .arg(&packages.deb)
        .env("SOURCE_DATE_EPOCH", &seconds);
    if options.quick {
        deb.arg("--fast");
    }
    steps::run(&mut deb)?;
    steps::doing("packing the RPM package");
    let mut rpm = Command::new(tools.join("cargo-generate-rpm"));
    rpm.args(["--auto-req", "disabled", "--payload-compress"])
        .arg(if options.quick { "gzip" } else { "zstd" })
        .arg("--output")
        .arg(&packages.rpm)
        .current_dir(&manifest)
        .env("SOURCE_DATE_EPOCH", &seconds);
    steps::run(&mut rpm)?;
    steps::doing("packing the portable archive");
    archive(files, folder, &packages.archive, &seconds, options)?;
    Ok(packages)
}

/// A manifest of a crate that has nothing but files to package: both programs read what they package from one.
fn write_manifest(
    files: &[File],
    folder: &Path,
    changelog: &Path,
    options: &Options,
) -> Result<()> {
    let source = texts::linux().join("package.toml");
    let text = fs::read_to_string(&source)
        .with_context(|| format!("could not read {}", source.display()))?;
    fs::create_dir_all(folder.join("scripts"))?;
    fs::copy(texts::linux().join("postrm"), folder.join("scripts/postrm"))?;
    fs::write(folder.join("lib.rs"), "")?;
    let manifest = manifest(&text, files, options, changelog);
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(())
}

fn manifest(text: &str, files: &[File], options: &Options, changelog: &Path) -> String {
    let assets = |path_of: &dyn Fn(&str) -> String| -> String {
        files.iter().fold(String::new(), |mut text, file| {
            let mode = if file.is_program { "755" } else { "644" };
            // Writing to a string can't fail.
            let _ = writeln!(
                text,
                "  {{ source = {}, dest = {}, mode = \"{mode}\" }},",
                quoted(&file.source.display().to_string()),
                quoted(&path_of(&file.path))
            );
            text
        })
    };
    let overrides = texts::linux().join("lintian-overrides");
    let deb = format!(
        "maintainer = {}\nchangelog = {}\nmaintainer-scripts = \"scripts\"\nassets = [\n{}  {{ source = {}, dest = \"usr/share/lintian/overrides/graft\", mode = \"644\" }},\n]\n",
        quoted(&options.maintainer),
        quoted(&changelog.display().to_string()),
        assets(&|path| format!("usr/{path}")),
        quoted(&overrides.display().to_string())
    );
    let rpm = format!(
        "assets = [\n{}]\n",
        assets(&|path| format!("/usr/{}", of_rpm(path)))
    );
    let mut text = text
        .replacen(
            "[package]\n",
            &format!("[package]\nversion = \"{VERSION}\"\n"),
            1,
        )
        .replacen(
            "[package.metadata.deb]\n",
            &format!("[package.metadata.deb]\n{deb}"),
            1,
        )
        .replacen(
            "[package.metadata.generate-rpm]\n",
            &format!("[package.metadata.generate-rpm]\n{rpm}"),
            1,
        );
    text += "\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n";
    text
}

/// Where Fedora and openSUSE look for zsh's completions.
fn of_rpm(path: &str) -> String {
    path.replace("zsh/vendor-completions", "zsh/site-functions")
}

/// As a string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The tree in one folder, with an entry to double-click and a word on how to begin.
fn archive(
    files: &[File],
    folder: &Path,
    to: &Path,
    seconds: &str,
    options: &Options,
) -> Result<()> {
    let work = folder.join("tree");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let name = format!("graft-{VERSION}");
    let tree = work.join(&name);
    let linux = texts::linux();
    let further = |name: &str, is_program| File {
        path: name.into(),
        source: linux.join(name),
        is_program,
    };
    let mut all = files.to_vec();
    // An entry is started by a double click only where it may be carried out.
    all.extend([further("Graft.desktop", true), further("README.txt", false)]);
    files::lay_out(&all, &tree)?;
    let zstd = if options.quick {
        "zstd -3 -T0 -q"
    } else {
        "zstd -19 -T0 -q"
    };
    let packed = steps::run(
        Command::new("tar")
            .args([
                "--create",
                "--sort=name",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
            ])
            .arg(format!("--mtime=@{seconds}"))
            .arg(format!("--use-compress-program={zstd}"))
            .arg("--file")
            .arg(to)
            .arg("--directory")
            .arg(&work)
            .arg(&name),
    );
    fs::remove_dir_all(&work)?;
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_packages_list_every_file() {
        let text = fs::read_to_string(texts::linux().join("package.toml")).unwrap();
        let file = |path: &str, is_program| File {
            path: path.into(),
            source: Path::new("/made").join("a \"b\""),
            is_program,
        };
        let files = [
            file("bin/graft", true),
            file("share/zsh/vendor-completions/_graft", false),
        ];
        let options = Options {
            check: false,
            site: None,
            maintainer: "A <a@b.example>".into(),
            program: None,
            quick: false,
        };
        let manifest = manifest(&text, &files, &options, Path::new("/made/changelog"));
        for line in [
            "  { source = \"/made/a \\\"b\\\"\", dest = \"usr/bin/graft\", mode = \"755\" },",
            "  { source = \"/made/a \\\"b\\\"\", dest = \"/usr/bin/graft\", mode = \"755\" },",
            "  { source = \"/made/a \\\"b\\\"\", dest = \"usr/share/zsh/vendor-completions/_graft\", mode = \"644\" },",
            "  { source = \"/made/a \\\"b\\\"\", dest = \"/usr/share/zsh/site-functions/_graft\", mode = \"644\" },",
            "maintainer = \"A <a@b.example>\"",
        ] {
            assert_eq!(
                manifest.lines().filter(|found| *found == line).count(),
                1,
                "{line}\n{manifest}"
            );
        }
        assert!(manifest.contains(&format!("version = \"{VERSION}\"")));
    }
}
