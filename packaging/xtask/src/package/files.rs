//! What is in a package, once for all three kinds: each file with its path below `/usr`, or below the folder that the
//! portable archive unpacks into.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{program, texts};

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Below the prefix.
    pub path: String,
    /// On this machine.
    pub source: PathBuf,
    pub is_program: bool,
}

impl File {
    fn new(source: PathBuf, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            source,
            is_program: false,
        }
    }
}

/// The sides of the icons beside the scalable one, in pixels.
pub const ICON_SIDES: [u32; 5] = [48, 64, 128, 256, 512];

/// Every file of a package but those that only one kind has. `made`: what was built and written for this package, see
/// [`super`]; `home`: set-up's folder.
pub fn list(made: &Path, home: &Path) -> Result<Vec<File>> {
    let linux = texts::linux();
    let mut files = vec![
        File {
            is_program: true,
            ..File::new(made.join("graft"), "bin/graft")
        },
        File::new(
            linux.join("graft.desktop"),
            "share/applications/graft.desktop",
        ),
        File::new(
            linux.join(FOLDER_ENTRY),
            format!("share/applications/{FOLDER_ENTRY}"),
        ),
        File::new(
            linux.join("graft.svg"),
            "share/icons/hicolor/scalable/apps/graft.svg",
        ),
        File::new(
            linux.join("graft-mime.xml"),
            "share/mime/packages/graft.xml",
        ),
        File::new(
            made.join("metainfo.xml"),
            format!("share/metainfo/{METAINFO}"),
        ),
        File::new(
            made.join("graft.bash"),
            "share/bash-completion/completions/graft",
        ),
        File::new(
            made.join("graft.fish"),
            "share/fish/vendor_completions.d/graft.fish",
        ),
        File::new(
            made.join("graft.zsh"),
            "share/zsh/vendor-completions/_graft",
        ),
        File::new(made.join("copyright"), "share/doc/graft/copyright"),
        File::new(made.join("changelog.gz"), "share/doc/graft/changelog.gz"),
        File::new(
            home.join("weights").join(crate::setup::WEIGHTS),
            format!("share/graft/weights/{}", crate::setup::WEIGHTS),
        ),
    ];
    for library in program::LIBRARIES {
        files.push(File::new(
            made.join("lib").join(library),
            format!("{}/{library}", program::LIBRARY_FOLDER),
        ));
    }
    for side in ICON_SIDES {
        files.push(File::new(
            made.join(format!("graft-{side}.png")),
            format!("share/icons/hicolor/{side}x{side}/apps/graft.png"),
        ));
    }
    files.extend(below(&made.join("man"), "share/man/man1")?);
    // For people with an account on a cluster.
    let slurm = crate::paths::checkout().join("packaging/slurm");
    files.extend(below(&slurm, "share/doc/graft/slurm")?);
    files.extend(below(&home.join("example"), "share/graft/example")?);
    files.sort();
    for file in &files {
        if !file.source.is_file() {
            bail!(
                "a file of the package is missing: {}",
                file.source.display()
            );
        }
    }
    Ok(files)
}

/// “Open with Graft” on a folder.
pub const FOLDER_ENTRY: &str = "zz-graft-folder.desktop";

/// The name of the description for software centres: the component's.
pub const METAINFO: &str = "org.graft_workbench.Graft.metainfo.xml";

/// All files below `folder`, which must hold some, below `prefix`.
fn below(folder: &Path, prefix: &str) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let inside = format!("{prefix}/{name}");
        if path.is_dir() {
            files.extend(below(&path, &inside)?);
        } else {
            files.push(File::new(path, inside));
        }
    }
    if files.is_empty() {
        bail!("there is nothing in {}", folder.display());
    }
    Ok(files)
}

/// The tree below `root`, as it will be installed.
pub fn lay_out(files: &[File], root: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    for file in files {
        let target = root.join(&file.path);
        fs::create_dir_all(target.parent().unwrap_or(root))?;
        fs::copy(&file.source, &target)
            .with_context(|| format!("could not copy {}", file.source.display()))?;
        let mode = if file.is_program { 0o755 } else { 0o644 };
        fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn every_file_has_its_place_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (made, home) = (folder.path().join("made"), folder.path().join("home"));
        for name in [
            "graft",
            "metainfo.xml",
            "graft.bash",
            "graft.fish",
            "graft.zsh",
            "copyright",
            "changelog.gz",
            "man/graft.1.gz",
        ] {
            write(&made.join(name));
        }
        for side in ICON_SIDES {
            write(&made.join(format!("graft-{side}.png")));
        }
        for library in program::LIBRARIES {
            write(&made.join("lib").join(library));
        }
        write(&home.join("example/cats/a.png"));
        let error = list(&made, &home).unwrap_err().to_string();
        assert!(error.contains("efficientnet_lite0.pth"), "{error}");
        write(&home.join("weights/efficientnet_lite0.pth"));
        let files = list(&made, &home).unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        for path in [
            "bin/graft",
            "lib/graft/libtorch_cpu.so",
            "lib/graft/libcupti.so.13",
            "share/applications/graft.desktop",
            "share/applications/zz-graft-folder.desktop",
            "share/icons/hicolor/48x48/apps/graft.png",
            "share/man/man1/graft.1.gz",
            "share/graft/example/cats/a.png",
            "share/graft/weights/efficientnet_lite0.pth",
        ] {
            assert!(paths.contains(&path), "{path} is not in {paths:?}");
        }
        let root = folder.path().join("root");
        lay_out(&files, &root).unwrap();
        assert!(files.iter().all(|file| root.join(&file.path).is_file()));
    }
}
