//! Published weights from their server into the cache where torch or timm would look for them.

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::caches::{self, Caches, HUB, HubFile, is_hexadecimal};
use crate::data::StopFlag;
use crate::models::download::{self, DownloadProgress, Fault, Head, Limits, Purpose, Wanted};
use crate::models::{ModelError, WeightsInfo};

/// Servers to ask in place of the publishers'.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors {
    /// In place of `https://download.pytorch.org`.
    pub torch: Option<String>,
    /// In place of `https://huggingface.co`.
    pub hub: Option<String>,
}

impl Mirrors {
    /// `GRAFT_WEIGHTS_MIRROR` and `HF_ENDPOINT`.
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            torch: variable("GRAFT_WEIGHTS_MIRROR"),
            hub: variable("HF_ENDPOINT"),
        }
    }

    /// One server for everything.
    pub fn all(url: &str) -> Self {
        Self {
            torch: Some(url.into()),
            hub: Some(url.into()),
        }
    }

    /// `url` on the server that is to be asked.
    fn address(&self, url: &str) -> String {
        let mirror = if url.starts_with(HUB) {
            &self.hub
        } else {
            &self.torch
        };
        let path = url
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'));
        match (mirror, path) {
            (Some(mirror), Some((_, path))) => format!("{}/{path}", mirror.trim_end_matches('/')),
            _ => url.to_string(),
        }
    }
}

/// From where [`fetch`] would take `weights`; `None` when a package ships them.
pub fn origin(weights: &WeightsInfo, mirrors: &Mirrors) -> Option<String> {
    (!weights.url.is_empty()).then(|| mirrors.address(weights.url))
}

/// Downloads `weights` and gives the file: torchvision's into torch's checkpoints, the hub's into the
/// hub's cache, else into [`crate::paths::weights`]. Another process that fetches the same is waited for.
///
/// # Errors
/// [`super::DownloadError`], whose text says what to do.
pub fn fetch(
    weights: &WeightsInfo,
    mirrors: &Mirrors,
    progress: &mut dyn FnMut(DownloadProgress),
    stop: &StopFlag,
) -> Result<PathBuf, ModelError> {
    let caches = Caches::of_this_machine();
    fetch_into(
        &caches,
        weights,
        mirrors,
        &Limits::default(),
        progress,
        stop,
    )
}

pub(super) fn fetch_into(
    caches: &Caches,
    weights: &WeightsInfo,
    mirrors: &Mirrors,
    limits: &Limits,
    progress: &mut dyn FnMut(DownloadProgress),
    stop: &StopFlag,
) -> Result<PathBuf, ModelError> {
    let Some(url) = origin(weights, mirrors) else {
        return Err(ModelError::Weights {
            reason: format!("these weights are on no server: {}", weights.remedy()),
            path: caches.own.join(weights.file_name),
        });
    };
    let own = caches.own.join(weights.file_name);
    let mut wanted = Wanted {
        url,
        purpose: Purpose::Weights,
        target: own.clone(),
        by_hand: own,
        sha256: weights.sha256_prefix.into(),
        bytes: None,
        at_most: at_most(weights),
    };
    let file = HubFile::parse(weights.url);
    if file.is_none()
        && let (Some(folder), Some(name)) = (&caches.torch, caches::published_name(weights))
    {
        wanted.target = folder.join(name);
    }
    let mut get = |wanted: &Wanted| {
        download::download(wanted, limits, &caches::verify_structure, progress, stop)
    };
    let (Some(file), Some(hub)) = (file, &caches.hub) else {
        get(&wanted)?;
        return Ok(wanted.target);
    };
    let location = match ask_hub(&wanted, limits, stop) {
        Ok(location) => location,
        Err(fault) => return Err(fault.of(&wanted).into()),
    };
    let Some(location) = location else {
        // A mirror that serves files only.
        get(&wanted)?;
        return Ok(wanted.target);
    };
    let pinned = format!("/resolve/{}/", location.commit);
    wanted.url = wanted
        .url
        .replacen(&format!("/resolve/{}/", file.revision), &pinned, 1);
    wanted.target = file.folder(hub).join("blobs").join(&location.hash);
    wanted.sha256.clone_from(&location.hash);
    wanted.bytes = location.bytes;
    get(&wanted)?;
    file.link(hub, &location.commit, &location.hash)
        .map_err(|error| ModelError::Weights {
            reason: format!("the hub's cache can't be written ({error})"),
            path: file.folder(hub),
        })
}

/// The catalogue's size is rounded, and publishers count in millions or in 2^20.
fn at_most(weights: &WeightsInfo) -> u64 {
    (weights.file_mb * 1.25 * f64::from(1 << 20)) as u64 + (1 << 20)
}

/// Where a file belongs in the hub's cache.
#[derive(Debug, PartialEq, Eq)]
struct HubLocation {
    /// 40 hexadecimal digits.
    commit: String,
    /// SHA-256, 64 hexadecimal digits.
    hash: String,
    bytes: Option<u64>,
}

/// The hub tells commit, hash and size before it redirects to the file. `None` when the server does
/// not know of such things, or tells something that is no hash.
fn ask_hub(
    wanted: &Wanted,
    limits: &Limits,
    stop: &StopFlag,
) -> Result<Option<HubLocation>, Fault> {
    let offline = std::env::var("HF_HUB_OFFLINE").unwrap_or_default();
    if matches!(offline.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE") {
        return Err(Fault::Offline);
    }
    let mut url = wanted.url.clone();
    // A repository that was renamed redirects within the hub.
    for _ in 0..3 {
        let head = download::head(&url, limits, stop)?;
        match head.status {
            401 | 403 | 404 | 407 | 410 | 500..=599 => {
                return Err(Fault::Status {
                    status: head.status,
                });
            }
            _ => {}
        }
        let moved = head.header("location").filter(|to| {
            to.starts_with('/') && !to.starts_with("//") && head.header("x-linked-etag").is_none()
        });
        let Some(moved) = moved.filter(|_| (300..400).contains(&head.status)) else {
            return hub_location(&head, &wanted.sha256);
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            break;
        };
        let host = rest.split('/').next().unwrap_or_default();
        url = format!("{scheme}://{host}{moved}");
    }
    Err(Fault::Redirects)
}

fn hub_location(head: &Head, known: &str) -> Result<Option<HubLocation>, Fault> {
    let etag = head.header("x-linked-etag").or_else(|| head.header("etag"));
    let hash = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
    let (Some(commit), Some(hash)) = (head.header("x-repo-commit"), hash) else {
        return Ok(None);
    };
    if !is_hexadecimal(commit, 40) || !is_hexadecimal(hash, 64) {
        return Ok(None);
    }
    if !hash.starts_with(known) {
        return Err(Fault::Checksum {
            expected: known.into(),
            found: hash.into(),
        });
    }
    Ok(Some(HubLocation {
        commit: commit.into(),
        hash: hash.into(),
        bytes: head
            .header("x-linked-size")
            .and_then(|size| size.trim().parse().ok()),
    }))
}
