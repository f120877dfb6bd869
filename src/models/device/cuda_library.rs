//! Opening libtorch's CUDA part, which one program for machines with and without a graphics card isn't linked against.

#![allow(
    unsafe_code,
    reason = "opening a shared library runs its initialisers; only libtorch's own is opened here"
)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use super::cuda_folder::{self, LIBRARY};
use super::driver;
use crate::paths;

/// The libtorch that this program was built for; another's CUDA part would not fit.
const LIBTORCH_VERSION: &str = super::cuda_packages::PACKAGES[0].version;

/// Opens it where there is a driver with a graphics card that it has kernels for; later calls repeat the first answer.
///
/// Call this before anything else in the process: libtorch keeps its first answer to whether there is CUDA, and seeds,
/// convolutions, BatchNorm, gradients and pinned memory all ask.
///
/// # Errors
/// Why it is not open: a clause without a full stop.
pub fn open() -> Result<(), &'static str> {
    static OPENED: OnceLock<Result<(), String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| {
        if !driver::cards()?.iter().any(driver::Card::has_kernels) {
            return Err("there are no kernels for the graphics cards of this machine".into());
        }
        if loaded(LIBRARY).is_some() {
            return Ok(());
        }
        let library = find()?;
        open_for_good(&library).map_err(|error| {
            format!(
                "libtorch’s CUDA part can’t be opened ({}); remove the folder and fetch it again with “graft cuda --install”, or set GRAFT_CUDA to another folder than {}",
                driver::loader_reason(&error),
                library.display()
            )
        })
    });
    opened.as_ref().copied().map_err(String::as_str)
}

/// The library finds NVIDIA's (cuDNN and others) by itself, relative to its own folder.
fn open_for_good(library: &Path) -> Result<(), libloading::Error> {
    // SAFETY: libtorch's own library; its initialisers register kernels and are made to run at any time before first use.
    // It is never closed.
    let library = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_GLOBAL) }?;
    std::mem::forget(library);
    Ok(())
}

/// Where this process has a library from.
fn loaded(name: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = |line: &str| line.find('/').map(|start| PathBuf::from(&line[start..]));
    maps.lines()
        .filter_map(path)
        .find(|path| path.ends_with(name))
}

/// The first library that belongs to this libtorch.
fn find() -> Result<PathBuf, String> {
    let named = std::env::var_os("GRAFT_CUDA").map(PathBuf::from);
    let folders = match &named {
        // Whoever names a folder wants no other.
        Some(folder) => vec![folder.clone(), cuda_folder::library_folder(folder)],
        None => candidate_folders(),
    };
    let mut misfit = None;
    for folder in folders {
        let library = folder.join(LIBRARY);
        if library.is_file() {
            match check_version(&folder) {
                Ok(()) => return Ok(library),
                Err(reason) => drop(misfit.get_or_insert(reason)),
            }
        }
    }
    Err(misfit.unwrap_or_else(|| match named {
        Some(folder) => format!(
            "GRAFT_CUDA names a folder without {LIBRARY}, {}; set it to the folder of libtorch’s CUDA part, or unset it",
            folder.display()
        ),
        None => format!(
            "there is a graphics card, but libtorch’s CUDA part ({LIBRARY}) was not found; “graft cuda --install” fetches it, or set GRAFT_CUDA to its folder"
        ),
    }))
}

/// Folders that may hold it, best first: libtorch's own, what set-up has made, Python's packages.
fn candidate_folders() -> Vec<PathBuf> {
    let own = loaded("libtorch_cpu.so");
    let own = own.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .into_iter()
        .filter_map(|name| std::env::var_os(name).map(PathBuf::from));
    let user = directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".local"));
    let system = ["/usr/local", "/usr"].map(PathBuf::from);
    let python = environments.chain(user).chain(system);
    let packages = [cuda_folder::packages(&paths::home())]
        .into_iter()
        .chain(python.flat_map(|prefix| python_packages(&prefix)));
    own.into_iter()
        .chain(packages.map(|packages| cuda_folder::library_folder(&packages)))
        .collect()
}

/// `lib/python3*/site-packages` and Debian's `dist-packages` under `prefix`.
fn python_packages(prefix: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(prefix.join("lib")) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"))
        .flat_map(|entry| ["site-packages", "dist-packages"].map(|name| entry.path().join(name)))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort();
    folders
}

/// A Python torch says its version in `torch/version.py`, an archive in `build-version`; a folder that says nothing was put
/// there by hand and is believed.
fn check_version(folder: &Path) -> Result<(), String> {
    let read = |name: &str| std::fs::read_to_string(folder.parent()?.join(name)).ok();
    let in_python = |text: String| {
        let line = text.lines().find(|line| line.starts_with("__version__"))?;
        line.split('\'').nth(1).map(str::to_owned)
    };
    let version = read("version.py")
        .and_then(in_python)
        .or_else(|| read("build-version"));
    let Some(version) = version.map(|version| version.trim().to_owned()) else {
        return Ok(());
    };
    let (number, build) = version.split_once('+').unwrap_or((&version, ""));
    // "cpu" stands where the libraries of both were put into one folder.
    let is_other_cuda = build.starts_with("cu1") && !build.starts_with("cu13");
    if number == LIBTORCH_VERSION && !is_other_cuda {
        return Ok(());
    }
    Err(format!(
        "the {LIBRARY} that was found belongs to libtorch {version}, and this needs {LIBTORCH_VERSION} for CUDA 13; “graft cuda --install” fetches it: {}",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_torch_that_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("lib");
        for (version, fits) in [
            ("2.11.0+cu130", true),
            ("2.11.0", true),
            ("2.11.0+cu128", false),
            ("2.10.0+cu128", false),
        ] {
            let text = format!("__version__ = '{version}'\n");
            std::fs::write(folder.path().join("version.py"), text).unwrap();
            let checked = check_version(&library);
            assert_eq!(checked.is_ok(), fits, "{version}");
            assert!(fits || checked.unwrap_err().contains(version));
        }
    }

    #[test]
    fn what_is_open_is_a_fact() {
        assert!(loaded("libtorch_cpu.so").is_some_and(|path| path.is_file()));
        assert_eq!(loaded("torch_cpu.so"), None);
    }

    #[test]
    fn set_up_s_folder_is_looked_into() {
        let set_up = cuda_folder::library_folder(&cuda_folder::packages(&paths::home()));
        assert!(candidate_folders().contains(&set_up));
    }
}
