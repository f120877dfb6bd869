//! libtorch 2.11.0 for the CPU: the few files of the wheel that a program needs, and the headers.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::archive;
use super::pip::{self, Wheel};
use crate::{paths, steps};

pub const VERSION: &str = "2.11.0";

pub const TORCH: Wheel = Wheel {
    package: "torch",
    version: VERSION,
    sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
    platforms: &["manylinux_2_28_x86_64"],
};

// The wheel's libtorch_cpu.so is linked against these two, even without a GPU.
const CUDA_RUNTIME: Wheel = Wheel {
    package: "nvidia-cuda-runtime",
    version: "13.0.96",
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    platforms: &["manylinux2014_x86_64", "manylinux_2_17_x86_64"],
};
const CUDA_CUPTI: Wheel = Wheel {
    package: "nvidia-cuda-cupti",
    version: "13.0.85",
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    platforms: &["manylinux_2_25_x86_64"],
};

/// Libraries of the torch wheel to keep. `libtorch_cuda.so` is not among them on purpose: where it
/// stands beside the others, torch-sys links every program against CUDA.
pub const LIBRARIES: &[&str] = &[
    "libc10.so",
    "libgomp.so.1",
    "libtorch.so",
    "libtorch_cpu.so",
];

/// In libtorch's folder.
const LICENCES: &str = "licences";

/// Where there is no pip. `GRAFT_LIBTORCH_URL` names a mirror.
const OFFICIAL_ARCHIVE: &str =
    "https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip";

pub fn install(home: &Path) -> Result<()> {
    let link = paths::libtorch_link();
    // Cargo sets LIBTORCH to our own link unless the person has set it: then theirs is used.
    if let Some(set) = std::env::var_os("LIBTORCH").map(PathBuf::from)
        && set != link
    {
        check_given(&set)?;
        steps::ready(&format!("libtorch at LIBTORCH={}", set.display()));
        return Ok(());
    }
    let folder = home.join(format!("libtorch-{VERSION}"));
    if !folder.is_dir() {
        archive::whole(&folder, |content| match pip::find() {
            Some(_) => from_wheels(content),
            None => from_official_archive(home, content),
        })?;
    }
    point(&link, &folder)?;
    steps::ready(&format!("libtorch {VERSION}"));
    Ok(())
}

fn from_wheels(content: &Path) -> Result<()> {
    steps::doing(&format!("fetching libtorch {VERSION} (530 MB, once)"));
    let downloads = tempfile::tempdir_in(content.parent().context("no parent folder")?)?;
    let torch = TORCH.download(downloads.path())?;
    steps::doing("unpacking libtorch");
    let count = archive::extract(&torch, content, |name| {
        let rest = name.strip_prefix("torch/")?;
        let is_library = rest
            .strip_prefix("lib/")
            .is_some_and(|library| LIBRARIES.contains(&library));
        (is_library || rest.starts_with("include/")).then(|| PathBuf::from(rest))
    })?;
    archive::extract(&torch, &content.join(LICENCES), |name| {
        licence(&TORCH, name)
    })?;
    if count < LIBRARIES.len() + 1000 {
        bail!("the torch wheel is not as expected: only {count} of its files could be used");
    }
    for wheel in [CUDA_RUNTIME, CUDA_CUPTI] {
        let file = wheel.download(downloads.path())?;
        archive::extract(&file, content, |name| {
            let library = name.strip_prefix("nvidia/cu13/lib/")?;
            (library == "libcudart.so.13" || library == "libcupti.so.13")
                .then(|| Path::new("lib").join(library))
        })?;
        archive::extract(&file, &content.join(LICENCES), |name| licence(&wheel, name))?;
    }
    // torch-sys compares it with the version that it was written for.
    std::fs::write(content.join("build-version"), format!("{VERSION}+cpu\n"))?;
    Ok(())
}

/// Where `name`, an entry of `wheel`, belongs among the licences: torch's own with those of all that it is made of, NVIDIA's.
fn licence(wheel: &Wheel, name: &str) -> Option<PathBuf> {
    let (folder, file) = name.rsplit_once('/')?;
    folder
        .ends_with(".dist-info/licenses")
        .then(|| Path::new(wheel.package).join(file))
}

/// The folder with the licences of libtorch and of what it brings, which packages ship; fetched where an earlier set-up has
/// not kept them.
pub fn licences(home: &Path) -> Result<PathBuf> {
    let kept = home.join(format!("libtorch-{VERSION}")).join(LICENCES);
    if kept.is_dir() {
        return Ok(kept);
    }
    let apart = home.join(format!("libtorch-{VERSION}-{LICENCES}"));
    if !apart.is_dir() {
        steps::doing("fetching libtorch's licences (530 MB, once: they come with all of it)");
        archive::whole(&apart, |content| {
            let downloads = archive::work_folder(home)?;
            for wheel in [TORCH, CUDA_RUNTIME, CUDA_CUPTI] {
                let file = wheel.download(downloads.path())?;
                if archive::extract(&file, content, |name| licence(&wheel, name))? == 0 {
                    bail!("there is no licence in {}", wheel.package);
                }
            }
            Ok(())
        })?;
    }
    Ok(apart)
}

fn from_official_archive(home: &Path, content: &Path) -> Result<()> {
    let url = std::env::var("GRAFT_LIBTORCH_URL").unwrap_or_else(|_| OFFICIAL_ARCHIVE.to_owned());
    steps::doing(&format!(
        "no pip here: fetching libtorch {VERSION} from {url}"
    ));
    // Kept between calls, so that an interrupted download goes on where it stopped.
    let partial = home.join(format!(".libtorch-{VERSION}.zip.part"));
    steps::run(
        Command::new("curl")
            .args([
                "--fail",
                "--location",
                "--retry",
                "5",
                "--retry-connrefused",
                "--connect-timeout",
                "30",
            ])
            .args([
                "--speed-limit",
                "1000",
                "--speed-time",
                "60",
                "--progress-bar",
                "--continue-at",
                "-",
            ])
            .arg("--output")
            .arg(&partial)
            .arg(&url),
    )?;
    let unpacked = archive::extract(&partial, content, |name| {
        let rest = name.strip_prefix("libtorch/")?;
        (rest.starts_with("include/") || rest.starts_with("lib/") || rest == "build-version")
            .then(|| PathBuf::from(rest))
    });
    // Whole or broken, it has served: a broken one must not be continued for ever.
    drop(std::fs::remove_file(&partial));
    unpacked?;
    let version = std::fs::read_to_string(content.join("build-version"))
        .context("the archive names no version: it is not libtorch")?;
    if version.trim().split('+').next() != Some(VERSION) {
        bail!(
            "the archive holds libtorch {}, not {VERSION}",
            version.trim()
        );
    }
    Ok(())
}

/// A libtorch that the person set must be one, and of the right version where it says which.
fn check_given(folder: &Path) -> Result<()> {
    if !folder.join("lib/libtorch_cpu.so").is_file() {
        bail!(
            "LIBTORCH is set, but there is no lib/libtorch_cpu.so in {}: unset it, or set it to a libtorch",
            folder.display()
        );
    }
    if let Ok(version) = std::fs::read_to_string(folder.join("build-version"))
        && version.trim().split('+').next() != Some(VERSION)
    {
        bail!(
            "LIBTORCH is version {}, Graft needs {VERSION}: {}",
            version.trim(),
            folder.display()
        );
    }
    Ok(())
}

/// Makes `link` point to `folder`; replaces a link of ours, never a real folder.
fn point(link: &Path, folder: &Path) -> Result<()> {
    if std::fs::read_link(link).is_ok_and(|target| target == folder) {
        return Ok(());
    }
    if let Ok(metadata) = std::fs::symlink_metadata(link) {
        if !metadata.is_symlink() {
            bail!(
                "{} is in the way: it should be a link to {}",
                link.display(),
                folder.display()
            );
        }
        std::fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(folder, link)
        .with_context(|| format!("could not make the link {}", link.display()))?;
    Ok(())
}
