//! Where weight files are kept on this machine: our own folder, what a package brought, torch's checkpoints, the Hugging
//! Face hub's cache. The latter two are laid out as torch and huggingface_hub do, so that either finds what
//! the other has fetched.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::tensors;
use crate::data::contents::Stamp;
use crate::data::hashed_once;
use crate::models::WeightsInfo;
use crate::models::download::sync_folder;
use crate::ordinary_file::{self, Links};
use crate::paths;

/// The hub, as the catalogue's URLs name it.
pub(super) const HUB: &str = "https://huggingface.co/";

/// Folders that weight files stand in.
#[derive(Debug, Clone)]
pub(super) struct Caches {
    pub own: PathBuf,
    /// Read-only, beside a program that was installed.
    pub bundled: Option<PathBuf>,
    /// `hub/checkpoints` in torch's home.
    pub torch: Option<PathBuf>,
    /// Holds `models--OWNER--NAME`.
    pub hub: Option<PathBuf>,
}

impl Caches {
    /// As the environment says, in the order in which torch and huggingface_hub read it.
    pub fn of_this_machine() -> Self {
        Self::from_environment(&|name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        })
    }

    fn from_environment(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Self {
        let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
        let user_cache = variable("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")));
        let inside = |name: &str| user_cache.as_ref().map(|cache| cache.join(name));
        let torch = variable("TORCH_HOME").or_else(|| inside("torch"));
        let hub = variable("HF_HUB_CACHE")
            .or_else(|| variable("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| {
                let home = variable("HF_HOME").or_else(|| inside("huggingface"));
                home.map(|home| home.join("hub"))
            });
        Self {
            own: paths::weights(),
            bundled: paths::bundled().map(|folder| folder.join("weights")),
            torch: torch.map(|home| home.join("hub").join("checkpoints")),
            hub,
        }
    }

    /// Every file that could be `weights`, our own folder's first, then a package's. Nothing is read.
    pub fn candidates(&self, weights: &WeightsInfo) -> Vec<PathBuf> {
        let own = [Some(&self.own), self.bundled.as_ref()]
            .into_iter()
            .flatten()
            .map(|folder| folder.join(weights.file_name));
        let shared = match HubFile::parse(weights.url) {
            Some(file) => self.hub.as_ref().and_then(|hub| file.find(hub)),
            None => self
                .torch
                .as_ref()
                .zip(published_name(weights))
                .map(|(folder, name)| folder.join(name)),
        };
        own.chain(shared).filter(|path| path.is_file()).collect()
    }
}

/// What the publisher calls the file, which is what torch calls it in its cache.
pub(super) fn published_name(weights: &WeightsInfo) -> Option<&'static str> {
    let name = weights.url.rsplit('/').next()?;
    (!name.is_empty() && !name.contains(['?', '\\'])).then_some(name)
}

/// Whether the file at `path` is the published one: by its hash where that is known, else by reading
/// that it is whole.
///
/// # Errors
/// What is wrong with it, without the path.
pub(super) fn verify(path: &Path, weights: &WeightsInfo) -> Result<(), String> {
    let known = Some(weights.sha256_prefix.to_string()).filter(|hash| !hash.is_empty());
    let Some(expected) = known.or_else(|| blob_hash(path)) else {
        return verify_structure(path);
    };
    let found = sha256(path).map_err(|error| format!("it can't be read ({error})"))?;
    if found.starts_with(&expected) {
        Ok(())
    } else {
        Err("its SHA-256 is not the published one: it is damaged or another file".into())
    }
}

/// Whether a file holds tensors up to its end.
pub(super) fn verify_structure(path: &Path) -> Result<(), String> {
    tensors::read(path).map(drop).map_err(|error| match error {
        crate::models::ModelError::Weights { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// In the hub's cache a large file's name is its hash.
fn blob_hash(path: &Path) -> Option<String> {
    let blob = path.canonicalize().ok()?;
    let name = blob.file_name()?.to_str()?;
    let in_blobs = blob.parent()?.file_name()? == "blobs";
    (in_blobs && is_hexadecimal(name, 64)).then(|| name.to_string())
}

/// The file's SHA-256 in lower-case hexadecimal. A file that has not changed since this process last
/// asked is not read again.
pub(in crate::models) fn sha256(path: &Path) -> io::Result<String> {
    stamped_sha256(path).map(|(hash, _)| hash)
}

/// The same, and the stamp of the file that it is of.
///
/// # Errors
/// What the disk says; a file that changes while it is read has no hash.
pub(super) fn stamped_sha256(path: &Path) -> io::Result<(String, Stamp)> {
    let (hash, stamp) = hashed_once::sha256(path, Links::Followed)?;
    let stamp = stamp.ok_or_else(|| io::Error::other("it changes while it is read"))?;
    Ok((hex::encode(hash), stamp))
}

/// What a server says becomes part of a path only if it is this.
pub(super) fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A file in a repository of the hub: `OWNER/NAME/resolve/REVISION/FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HubFile<'a> {
    pub repository: &'a str,
    pub revision: &'a str,
    pub file: &'a str,
}

impl<'a> HubFile<'a> {
    /// Of a URL on the hub; `None` for any other.
    pub fn parse(url: &'a str) -> Option<Self> {
        let (repository, rest) = url.strip_prefix(HUB)?.split_once("/resolve/")?;
        let (revision, file) = rest.split_once('/')?;
        let is_plain = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        let (owner, name) = repository.split_once('/')?;
        [owner, name, revision, file]
            .into_iter()
            .all(is_plain)
            .then_some(Self {
                repository,
                revision,
                file,
            })
    }

    /// The repository's folder in the cache `hub`.
    pub fn folder(&self, hub: &Path) -> PathBuf {
        hub.join(format!("models--{}", self.repository.replace('/', "--")))
    }

    /// The file of the revision, or else of any snapshot that has it.
    fn find(&self, hub: &Path) -> Option<PathBuf> {
        let folder = self.folder(hub);
        let snapshots = folder.join("snapshots");
        let commit = ordinary_file::read_to_string(
            &folder.join("refs").join(self.revision),
            1000,
            Links::Followed,
        )
        .ok()
        .map(|commit| commit.trim().to_string())
        .filter(|commit| is_hexadecimal(commit, 40));
        let named = commit.map(|commit| snapshots.join(commit).join(self.file));
        named.filter(|path| path.is_file()).or_else(|| {
            let mut others: Vec<PathBuf> = fs::read_dir(&snapshots)
                .ok()?
                .filter_map(|entry| Some(entry.ok()?.path().join(self.file)))
                .filter(|path| path.is_file())
                .collect();
            others.sort();
            others.pop()
        })
    }

    /// Makes the blob `hash` the file of snapshot `commit`, as huggingface_hub does; gives its path.
    ///
    /// # Errors
    /// What the disk says, where a folder, a link or the revision's file can't be made.
    pub fn link(&self, hub: &Path, commit: &str, hash: &str) -> io::Result<PathBuf> {
        let folder = self.folder(hub);
        let snapshot = folder.join("snapshots").join(commit);
        fs::create_dir_all(&snapshot)?;
        let path = snapshot.join(self.file);
        let blob = Path::new("../../blobs").join(hash);
        if fs::read_link(&path).ok().as_ref() != Some(&blob) {
            let new = snapshot.join(format!(".{}.{}.graft", self.file, std::process::id()));
            let _ = fs::remove_file(&new);
            make_link(&blob, &folder.join("blobs").join(hash), &new)?;
            fs::rename(&new, &path)?;
            sync_folder(Some(&snapshot))?;
        }
        if !is_hexadecimal(self.revision, 40) {
            let refs = folder.join("refs");
            fs::create_dir_all(&refs)?;
            let mut file = tempfile::Builder::new()
                .prefix(".graft-")
                .tempfile_in(&refs)?;
            file.write_all(commit.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(refs.join(self.revision))
                .map_err(|error| error.error)?;
        }
        Ok(path)
    }
}

#[cfg(unix)]
fn make_link(relative: &Path, _absolute: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(relative, at)
}

/// Links need rights that not everyone has there; huggingface_hub copies, too.
#[cfg(not(unix))]
fn make_link(_relative: &Path, absolute: &Path, at: &Path) -> io::Result<()> {
    fs::copy(absolute, at).map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn folders_are_those_of_torch_and_of_the_hub() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs: HashMap<String, PathBuf> = pairs
                .iter()
                .map(|(name, value)| (name.to_string(), PathBuf::from(value)))
                .collect();
            let caches = Caches::from_environment(&|name| pairs.get(name).cloned());
            (
                caches.torch.unwrap().display().to_string(),
                caches.hub.unwrap().display().to_string(),
            )
        };
        let pair = |torch: &str, hub: &str| (torch.to_string(), hub.to_string());
        assert_eq!(
            of(&[("XDG_CACHE_HOME", "/c")]),
            pair("/c/torch/hub/checkpoints", "/c/huggingface/hub")
        );
        assert_eq!(
            of(&[
                ("XDG_CACHE_HOME", "/c"),
                ("TORCH_HOME", "/t"),
                ("HF_HOME", "/h")
            ]),
            pair("/t/hub/checkpoints", "/h/hub")
        );
        assert_eq!(
            of(&[
                ("XDG_CACHE_HOME", "/c"),
                ("HF_HOME", "/h"),
                ("HF_HUB_CACHE", "/x")
            ])
            .1,
            "/x"
        );
        assert!(of(&[]).0.ends_with(".cache/torch/hub/checkpoints"));
    }

    #[test]
    fn only_plain_names_on_the_hub_are_taken_apart() {
        let file = HubFile::parse(
            "https://huggingface.co/timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k/resolve/main/model.safetensors",
        )
        .unwrap();
        assert_eq!((file.revision, file.file), ("main", "model.safetensors"));
        assert!(
            file.folder(Path::new("/hub"))
                .ends_with("models--timm--vit_tiny_patch16_224.augreg_in21k_ft_in1k")
        );
        for url in [
            "https://download.pytorch.org/models/resnet18-f37072fd.pth",
            "https://huggingface.co/timm/../resolve/main/model.safetensors",
            "https://huggingface.co/timm/a/resolve/main/../../x",
            "https://huggingface.co/timm/a/resolve/main/",
            "https://huggingface.co/timm/resolve/main/x",
            "",
        ] {
            assert_eq!(HubFile::parse(url), None, "{url}");
        }
    }
}
