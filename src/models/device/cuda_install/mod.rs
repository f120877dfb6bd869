//! Fetches libtorch's CUDA part into the person's folder, for a program that was installed: no Python, no compiler.
//!
//! Wheels come one after the other, each verified by its checksum, unpacked into a hidden folder beside the final one,
//! and removed. What was fetched stays when it is stopped or fails, and the next attempt goes on from there; the folder
//! gets its name when everything is in it.

mod index;
mod unpack;

#[cfg(test)]
pub(crate) mod tests;

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::cuda_folder::{self, LIBRARY};
use super::cuda_packages::{CudaPackage, PACKAGES};
use crate::data::StopFlag;
use crate::models::download::{
    self, DownloadError, DownloadProgress, Fault, Limits, Purpose, Wanted,
};
use crate::ordinary_file::LockFile;
use crate::paths;

/// Where Python packages are published.
const INDEX: &str = "https://pypi.org/simple";
/// An index's page of one package is far smaller.
const PAGE_BYTES: usize = 32 << 20;
/// Beside the final folder.
const UNFINISHED: &str = ".cuda-unfinished";

/// How far an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstallProgress {
    pub activity: InstallActivity,
    /// The package that is worked on, from 1, and how many there are.
    pub package: usize,
    pub packages: usize,
    pub name: &'static str,
    /// Bytes of all packages that were downloaded, and that there are.
    pub done: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallActivity {
    Downloading,
    Unpacking,
}

/// Why libtorch's CUDA part was not installed. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(
        "the installation was stopped; what was fetched is kept, and the next attempt goes on from there"
    )]
    Stopped,
    #[error(transparent)]
    Download(#[from] DownloadError),
    #[error(
        "the package index has no file of {package} {version} with the expected checksum; name another one with PIP_INDEX_URL or --mirror: {url}"
    )]
    Missing {
        package: &'static str,
        version: &'static str,
        url: String,
    },
    #[error(
        "a folder without {LIBRARY} stands where it belongs; remove that folder, and try again: {0}"
    )]
    InTheWay(PathBuf),
    #[error(
        "the package index must be an address such as https://mirror.example/simple; name another one with PIP_INDEX_URL or --mirror: {0}"
    )]
    Index(String),
    #[error("another process is installing it at this moment: {0}")]
    Busy(PathBuf),
    #[error("the disk is full; make room and try again (what was fetched is kept): {0}")]
    DiskFull(PathBuf),
    #[error("can't be read or written ({error}); make the folder writable and try again: {path}")]
    Disk { path: PathBuf, error: io::Error },
    #[error("the packages are not as expected: there is no {LIBRARY} in them")]
    NoLibrary,
}

impl InstallError {
    fn disk(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull(path.to_path_buf())
            }
            _ => Self::Disk {
                path: path.to_path_buf(),
                error,
            },
        }
    }
}

/// Bytes that are downloaded in all, and that the libraries take on the disk.
pub fn sizes() -> (u64, u64) {
    let sum = |bytes: fn(&CudaPackage) -> u64| PACKAGES.iter().map(bytes).sum();
    (
        sum(|package| package.bytes),
        sum(|package| package.unpacked_bytes),
    )
}

/// The folder of this person that is filled.
pub fn folder() -> PathBuf {
    cuda_folder::packages(&paths::home())
}

/// Whether the libraries stand there.
pub fn is_installed() -> bool {
    has_library(&folder())
}

fn has_library(packages: &Path) -> bool {
    cuda_folder::library_folder(packages)
        .join(LIBRARY)
        .is_file()
}

/// How far the libraries are installed in the folder of this person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CudaPart {
    #[default]
    Missing,
    /// An installation was stopped or failed; the next one goes on from there.
    Unfinished,
    Installed,
}

/// Looks into the folder of this person.
pub fn found() -> CudaPart {
    if is_installed() {
        CudaPart::Installed
    } else if paths::home().join(UNFINISHED).is_dir() {
        CudaPart::Unfinished
    } else {
        CudaPart::Missing
    }
}

/// The index to ask: `mirror`, `PIP_INDEX_URL` as pip reads it, or the public one.
///
/// # Errors
/// When that is no address.
pub fn index_url(mirror: Option<&str>) -> Result<String, InstallError> {
    let variable = || std::env::var("PIP_INDEX_URL").ok();
    let url = mirror
        .map(str::to_owned)
        .or_else(|| variable().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| INDEX.into());
    if url.contains("://") {
        Ok(url)
    } else {
        Err(InstallError::Index(url))
    }
}

/// Installs what is missing from the package index at `mirror`, or the one of [`index_url`]; returns at once where nothing is.
///
/// # Errors
/// When it fails or is stopped.
pub fn install(
    mirror: Option<&str>,
    notify: &mut dyn FnMut(InstallProgress),
    stop: &StopFlag,
) -> Result<(), InstallError> {
    let installation = Installation {
        home: &paths::home(),
        packages: &PACKAGES,
        index: &index_url(mirror)?,
        limits: Limits::default(),
        stop,
    };
    installation.carry_out(notify)
}

struct Installation<'a> {
    home: &'a Path,
    packages: &'a [CudaPackage],
    index: &'a str,
    limits: Limits,
    stop: &'a StopFlag,
}

impl Installation<'_> {
    fn carry_out(&self, notify: &mut dyn FnMut(InstallProgress)) -> Result<(), InstallError> {
        let target = cuda_folder::packages(self.home);
        if has_library(&target) {
            return Ok(());
        }
        if target.exists() {
            return Err(InstallError::InTheWay(target));
        }
        let work = self.home.join(UNFINISHED);
        let disk = |error| InstallError::disk(&work, error);
        let content = work.join("content");
        fs::create_dir_all(&content).map_err(disk)?;
        let lock = LockFile::open(&work.join("lock")).map_err(disk)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(InstallError::Busy(work)),
            Err(TryLockError::Error(error)) => return Err(disk(error)),
        }
        for index in 0..self.packages.len() {
            self.bring(index, &work, &content, notify)?;
        }
        if !has_library(&content) {
            // Nothing of it is of use to a next attempt.
            let _ = fs::remove_dir_all(&work);
            return Err(InstallError::NoLibrary);
        }
        fs::rename(&content, &target).map_err(disk)?;
        download::sync_folder(Some(self.home)).map_err(disk)?;
        let _ = fs::remove_dir_all(&work);
        Ok(())
    }

    /// One package into `content`, unless an earlier attempt has brought it.
    fn bring(
        &self,
        index: usize,
        work: &Path,
        content: &Path,
        notify: &mut dyn FnMut(InstallProgress),
    ) -> Result<(), InstallError> {
        let package = &self.packages[index];
        let bytes = |packages: &[CudaPackage]| packages.iter().map(|package| package.bytes).sum();
        let before: u64 = bytes(&self.packages[..index]);
        let progress = |activity, done: u64| InstallProgress {
            activity,
            package: index + 1,
            packages: self.packages.len(),
            name: package.name,
            done: before + done.min(package.bytes),
            total: bytes(self.packages),
        };
        // Named by the checksum, so that another version's packages are not taken for these.
        let done = work.join(format!("{}.done", package.sha256));
        if done.is_file() {
            return Ok(());
        }
        if self.stop.is_stopped() {
            return Err(InstallError::Stopped);
        }
        notify(progress(InstallActivity::Downloading, 0));
        let wheel = work.join(format!("{}.whl", package.sha256));
        self.download(package, &wheel, &mut |fetched| {
            notify(progress(InstallActivity::Downloading, fetched.done));
        })?;
        notify(progress(InstallActivity::Unpacking, package.bytes));
        unpack::unpack(&wheel, content, self.stop, &mut |_| {
            notify(progress(InstallActivity::Unpacking, package.bytes));
        })?;
        let disk = |error| InstallError::disk(&done, error);
        fs::write(&done, "").map_err(disk)?;
        fs::remove_file(&wheel).map_err(disk)
    }

    fn download(
        &self,
        package: &CudaPackage,
        wheel: &Path,
        progress: &mut dyn FnMut(DownloadProgress),
    ) -> Result<(), InstallError> {
        let page_url = index::page(self.index, package.name);
        let mut wanted = Wanted {
            url: page_url.clone(),
            purpose: Purpose::CudaPart,
            target: wheel.to_path_buf(),
            by_hand: wheel.to_path_buf(),
            sha256: package.sha256.into(),
            bytes: Some(package.bytes),
            at_most: package.bytes,
        };
        // One that a person has put there needs no index.
        if !wheel.is_file() {
            let page = match download::text(&page_url, PAGE_BYTES, &self.limits, self.stop) {
                Ok(page) => page,
                Err(Fault::Stopped) => return Err(InstallError::Stopped),
                Err(fault) => return Err(fault.of(&wanted).into()),
            };
            let missing = || InstallError::Missing {
                package: package.name,
                version: package.version,
                url: crate::shown::address(&page_url),
            };
            wanted.url = index::find(&page, &page_url, package.sha256).ok_or_else(missing)?;
        }
        let verified = |_: &Path| Ok(());
        match download::download(&wanted, &self.limits, &verified, progress, self.stop) {
            Err(DownloadError::Stopped) => Err(InstallError::Stopped),
            other => Ok(other?),
        }
    }
}
