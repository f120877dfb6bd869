//! Pictures in class folders, taken from Debian's packages of pictures, which every machine that is set up can fetch.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::contestants::fresh;
use crate::steps;

/// Of one class.
const MOST: usize = 150;
/// Larger ones take their time to decode, and show nothing more at the sizes that networks see.
const MOST_PIXELS: u64 = 500_000;

/// A package whose folders are classes.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// The data set's.
    pub name: &'static str,
    /// Debian's.
    package: &'static str,
    /// That holds the classes.
    folder: &'static str,
    classes: &'static [&'static str],
}

/// Photographs and drawings of things.
pub const STAMPS: Package = Package {
    name: "stamps",
    package: "tuxpaint-stamps-default",
    folder: "usr/share/tuxpaint/stamps",
    classes: &[
        "animals",
        "food",
        "household",
        "plants",
        "seasonal",
        "town",
        "vehicles",
    ],
};

/// What a button is for.
pub const ICONS: Package = Package {
    name: "icons",
    package: "oxygen-icon-theme",
    folder: "usr/share/icons/oxygen/base/128x128",
    classes: &[
        "actions",
        "apps",
        "devices",
        "mimetypes",
        "places",
        "status",
    ],
};

/// Drawings, for networks that have to learn something first: nothing is measured on them.
pub const CLIP_ART: Package = Package {
    name: "clip-art",
    package: "openclipart-png",
    folder: "usr/share/openclipart/png",
    classes: &[
        "animals",
        "buildings",
        "computer",
        "education",
        "food",
        "geography",
        "office",
        "people",
        "plants",
        "recreation",
        "shapes",
        "signs_and_symbols",
        "special",
        "tools",
        "transportation",
    ],
};

impl Package {
    /// The folder of classes, below `folder`, made once.
    pub fn pictures(self, folder: &Path) -> Result<PathBuf> {
        let target = folder.join(self.name);
        if target.exists() {
            return Ok(target);
        }
        steps::doing(&format!("fetching pictures: {}", self.package));
        let unpacked = self.unpack(&folder.join("package"))?;
        // Under its name once it is whole.
        let unfinished = fresh(&folder.join("unfinished"))?;
        let source = unpacked.join(self.folder);
        for class in self.classes {
            let taken = take(&source.join(class), &unfinished.join(class))?;
            ensure!(taken > 0, "{} has no {class}", self.package);
        }
        std::fs::rename(&unfinished, &target)?;
        std::fs::remove_dir_all(&unpacked)?;
        Ok(target)
    }

    /// The package's files in `folder`, without installing it.
    fn unpack(self, folder: &Path) -> Result<PathBuf> {
        let folder = fresh(folder)?;
        let mut command = Command::new("apt-get");
        command.args(["download", "-q", self.package]);
        // The table stands alone on standard output.
        command.stdout(Stdio::null());
        steps::run(command.current_dir(&folder))
            .context("the pictures come from one of Debian's packages")?;
        let entries = std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        let archive = entries
            .iter()
            .map(std::fs::DirEntry::path)
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt-get fetched no package")?;
        let mut command = Command::new("dpkg-deb");
        steps::run(command.arg("-x").arg(&archive).arg(&folder))?;
        Ok(folder)
    }
}

/// Copies the PNG files anywhere below `source` to `target`, named by their path; of too many, some from all over the
/// list. Gives how many.
fn take(source: &Path, target: &Path) -> Result<usize> {
    let mut files = Vec::new();
    find(source, &mut files)?;
    files.sort();
    let taken = files.len().min(MOST);
    std::fs::create_dir_all(target)?;
    for index in 0..taken {
        let file = &files[index * files.len() / taken];
        let name = file.strip_prefix(source)?.to_string_lossy();
        std::fs::copy(file, target.join(name.replace('/', "-")))
            .with_context(|| format!("could not copy {}", file.display()))?;
    }
    Ok(taken)
}

/// Links are other names of what is found anyway.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            find(&path, files)?;
        } else if kind.is_file() && pixels(&path)?.is_some_and(|pixels| pixels <= MOST_PIXELS) {
            files.push(path);
        }
    }
    Ok(())
}

/// Of a PNG file, by its first bytes.
fn pixels(file: &Path) -> Result<Option<u64>> {
    if file.extension().is_none_or(|extension| extension != "png") {
        return Ok(None);
    }
    let mut start = [0; 24];
    if std::fs::File::open(file)?.read_exact(&mut start).is_err() {
        return Ok(None);
    }
    let side = |at: usize| {
        let bytes = start[at..at + 4].try_into().unwrap_or_default();
        u64::from(u32::from_be_bytes(bytes))
    };
    Ok(Some(side(16) * side(20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(file: &Path, width: u32, height: u32) {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        std::fs::write(file, bytes).unwrap();
    }

    #[test]
    fn pictures_come_from_all_over_a_class() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::create_dir_all(source.join("birds")).unwrap();
        for number in 0..2 * MOST {
            png(&source.join(format!("birds/{number:04}.png")), 10, 20);
        }
        png(&source.join("zebra.png"), 30, 10);
        png(&source.join("a-poster.png"), 10_000, 10_000);
        std::fs::write(source.join("readme.txt"), "birds").unwrap();
        let target = folder.path().join("target");
        assert_eq!(take(&source, &target).unwrap(), MOST);
        let has = |name: &str| target.join(name).is_file();
        assert!(has("birds-0000.png") && !has("birds-0001.png") && !has("a-poster.png"));
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), MOST);
        assert_eq!(pixels(&source.join("zebra.png")).unwrap(), Some(300));
    }
}
