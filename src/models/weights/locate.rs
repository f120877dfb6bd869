//! Where a backbone's weight file is on this machine, or how it gets there.

use std::path::{Path, PathBuf};

use super::caches::{self, Caches};
use super::choose::chosen;
use super::fetch::{self, Mirrors};
use super::weight_file::WeightFile;
use crate::data::StopFlag;
use crate::data::contents::Stamp;
use crate::experiment::WeightsSource;
use crate::models::download::DownloadProgress;
use crate::models::{ModelError, WeightsInfo, backbone_info};
use crate::{paths, shown};

/// What [`obtain`] does that takes time.
#[derive(Debug, Clone, PartialEq)]
pub enum Obtaining {
    /// A download begins: a line for the log.
    Begins(String),
    Progress(DownloadProgress),
}

/// The file that `source` means for `backbone`, verified: `None` for random weights.
///
/// # Errors
/// When the weights are not on this machine; the text says how to get them.
pub fn locate(
    source: &WeightsSource,
    backbone: &str,
    base: Option<&Path>,
) -> Result<Option<PathBuf>, ModelError> {
    match published(source, backbone)? {
        Some(weights) => find(weights, &Caches::of_this_machine()).map(Some),
        None => local(source, base),
    }
}

/// What tells the weights that `source` means from all others: the publisher's hash, which holds of every file that is used, else
/// the file's own; `None` for random ones. `opened`: the file that a network was loaded from ([`super::LoadReport::stamp`]), where
/// the name is to be that file's and no later one's.
///
/// # Errors
/// As [`locate`], where the file must be read, and when it is no longer the one that was `opened`.
pub fn fingerprint(
    source: &WeightsSource,
    backbone: &str,
    base: Option<&Path>,
    opened: Option<Stamp>,
) -> Result<Option<String>, ModelError> {
    let published = published(source, backbone)?.map(|weights| weights.sha256_prefix);
    let published = published.filter(|prefix| !prefix.is_empty());
    if let (Some(prefix), None) = (published, opened) {
        return Ok(Some(prefix.to_owned()));
    }
    let Some(path) = locate(source, backbone, base)? else {
        return Ok(None);
    };
    let refused = |reason: String| ModelError::Weights {
        reason,
        path: path.clone(),
    };
    let (hash, stamp) = caches::stamped_sha256(&path)
        .map_err(|error| refused(format!("the weight file can't be read ({error})")))?;
    if opened.is_some_and(|opened| opened != stamp) {
        return Err(refused(
            "the weight file was replaced or changed while it was in use, and nothing is kept of what the earlier one gave: start again".into(),
        ));
    }
    if let Some(prefix) = published {
        return Ok(Some(prefix.to_owned()));
    }
    Ok(Some(match source.key() {
        Some(key) => format!("{hash} {key}"),
        None => hash,
    }))
}

/// As [`locate`], but published weights that are missing are downloaded.
///
/// # Errors
/// When the download fails or is stopped ([`super::DownloadError::Stopped`]).
pub fn obtain(
    source: &WeightsSource,
    backbone: &str,
    base: Option<&Path>,
    notify: &mut dyn FnMut(Obtaining),
    stop: &StopFlag,
) -> Result<Option<PathBuf>, ModelError> {
    let Some(weights) = published(source, backbone)? else {
        return local(source, base);
    };
    let missing = match find(weights, &Caches::of_this_machine()) {
        Ok(path) => return Ok(Some(path)),
        Err(error) => error,
    };
    let mirrors = Mirrors::from_environment();
    // What a package ships has no server; the error says how to get it.
    let Some(url) = fetch::origin(weights, &mirrors) else {
        return Err(missing);
    };
    notify(Obtaining::Begins(format!(
        "Downloading {}’s weights {} ({:.0} MB, {}) from {url}",
        backbone,
        weights.name,
        weights.file_mb,
        weights.licence,
        url = shown::address(&url)
    )));
    if let Some(restriction) = weights.restriction() {
        notify(Obtaining::Begins(restriction));
    }
    let mut progress = |progress| notify(Obtaining::Progress(progress));
    fetch::fetch(weights, &mirrors, &mut progress, stop).map(Some)
}

/// Where `weights` seem to be on this machine; by their names only, for lists. [`locate`] verifies.
pub fn on_this_machine(weights: &WeightsInfo) -> Option<PathBuf> {
    Caches::of_this_machine()
        .candidates(weights)
        .into_iter()
        .next()
}

/// The catalogue's entry, where `source` means one.
fn published(
    source: &WeightsSource,
    backbone: &str,
) -> Result<Option<&'static WeightsInfo>, ModelError> {
    let info = backbone_info(backbone)?;
    match source {
        WeightsSource::Pretrained | WeightsSource::Named(_) => chosen(info, source).map(Some),
        WeightsSource::File(_) | WeightsSource::Part { .. } | WeightsSource::Random => Ok(None),
    }
}

fn local(source: &WeightsSource, base: Option<&Path>) -> Result<Option<PathBuf>, ModelError> {
    let Some(path) = source.file() else {
        return Ok(None);
    };
    let path = paths::expand(path, base);
    if path.is_file() {
        return Ok(Some(path));
    }
    let reason = match path.metadata() {
        // It says what this is in place of a file, and opens it only if it is one.
        Ok(_) => WeightFile::open(&path).map_or_else(
            |reason| reason,
            |_| "the weight file was just replaced".into(),
        ),
        Err(_) => "there is no such weight file".into(),
    };
    Err(ModelError::Weights { reason, path })
}

/// The first path that holds `weights` as they were published.
fn find(weights: &WeightsInfo, caches: &Caches) -> Result<PathBuf, ModelError> {
    let mut damaged = String::new();
    for path in caches.candidates(weights) {
        match caches::verify(&path, weights) {
            Ok(()) => return Ok(path),
            Err(reason) => {
                damaged = format!(" (there is {}, but {reason})", path.display());
            }
        }
    }
    let how = if weights.url.is_empty() {
        weights.remedy()
    } else {
        format!(
            "run “graft weights fetch”, or download {} ({:.0} MB) and put it there",
            weights.url, weights.file_mb
        )
    };
    let reason = format!("the pre-trained weights are not on this machine{damaged}; {how}");
    Err(ModelError::Weights {
        reason,
        path: caches.own.join(weights.file_name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::catalogue;

    #[test]
    fn own_folder_first_then_a_cache_and_only_the_published_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let caches = Caches {
            own: folder.path().join("own"),
            bundled: Some(folder.path().join("bundled")),
            torch: Some(folder.path().join("torch")),
            hub: Some(folder.path().join("hub")),
        };
        std::fs::create_dir_all(&caches.own).unwrap();
        std::fs::create_dir_all(folder.path().join("torch")).unwrap();
        let mut weights = catalogue::find("resnet18")
            .unwrap()
            .default_weights()
            .clone();
        let missing = find(&weights, &caches).unwrap_err().to_string();
        assert!(
            missing.contains(weights.url) && missing.ends_with(weights.file_name),
            "{missing}"
        );
        let cached = folder.path().join("torch/resnet18-f37072fd.pth");
        std::fs::write(&cached, "abc").unwrap();
        let damaged = find(&weights, &caches).unwrap_err().to_string();
        assert!(damaged.contains("SHA-256"), "{damaged}");
        weights.sha256_prefix = "ba7816bf";
        assert_eq!(find(&weights, &caches).unwrap(), cached);
        // What a package brought comes before what others fetched, and the person's own before both.
        let bundled = folder.path().join("bundled").join(weights.file_name);
        std::fs::create_dir_all(folder.path().join("bundled")).unwrap();
        std::fs::write(&bundled, "abc").unwrap();
        assert_eq!(find(&weights, &caches).unwrap(), bundled);
        std::fs::remove_file(&bundled).unwrap();
        let mine = caches.own.join(weights.file_name);
        std::fs::write(&mine, "abc").unwrap();
        assert_eq!(find(&weights, &caches).unwrap(), mine);
        // A file of our own that is damaged does not stand in the way of a whole one.
        std::fs::write(&mine, "abcd").unwrap();
        assert_eq!(find(&weights, &caches).unwrap(), cached);
    }

    #[test]
    fn a_file_of_the_hub_is_verified_by_its_blobs_name_or_by_reading_it() {
        let folder = tempfile::tempdir().unwrap();
        let caches = Caches {
            own: folder.path().join("own"),
            bundled: None,
            torch: None,
            hub: Some(folder.path().join("hub")),
        };
        let mut weights = catalogue::find("resnet18")
            .unwrap()
            .default_weights()
            .clone();
        weights.url = "https://huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors";
        weights.sha256_prefix = "";
        let repository = folder.path().join("hub/models--timm--resnet18.a1_in1k");
        let snapshot = repository.join("snapshots").join("0".repeat(40));
        std::fs::create_dir_all(&snapshot).unwrap();
        // A copy in place of a link: read through.
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tiny.safetensors");
        let whole = std::fs::read(golden).unwrap();
        let path = snapshot.join("model.safetensors");
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(find(&weights, &caches).is_err(), "cut short by one byte");
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(find(&weights, &caches).unwrap(), path);
        // A link to a blob: by the hash in its name.
        #[cfg(unix)]
        {
            let hash = caches::sha256(&path).unwrap();
            let blobs = repository.join("blobs");
            std::fs::create_dir_all(&blobs).unwrap();
            std::fs::write(blobs.join("f".repeat(64)), &whole).unwrap();
            std::fs::remove_file(&path).unwrap();
            let link = |hash: &str| {
                let _ = std::fs::remove_file(&path);
                std::os::unix::fs::symlink(format!("../../blobs/{hash}"), &path).unwrap();
            };
            link(&"f".repeat(64));
            assert!(find(&weights, &caches).is_err(), "another hash");
            std::fs::write(blobs.join(&hash), &whole).unwrap();
            link(&hash);
            assert_eq!(find(&weights, &caches).unwrap(), path);
        }
    }
}
