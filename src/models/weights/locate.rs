//! Where a backbone's weight file is on this machine.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::experiment::WeightsSource;
use crate::models::{ModelError, WeightsInfo, backbone, catalogue};
use crate::paths;

/// The file that `source` means for `backbone`: `None` for random weights.
///
/// # Errors
/// When pre-trained weights are not on this machine; the text says how to get them.
pub fn locate(
    source: &WeightsSource,
    backbone: &str,
    base: Option<&Path>,
) -> Result<Option<PathBuf>, ModelError> {
    match source {
        WeightsSource::Random => Ok(None),
        WeightsSource::File(path) => {
            let path = paths::expand(path, base);
            if path.is_file() {
                return Ok(Some(path));
            }
            Err(ModelError::Weights {
                reason: "there is no such weight file".into(),
                path,
            })
        }
        WeightsSource::Pretrained => {
            let info = catalogue::find(backbone).ok_or_else(|| backbone::unknown(backbone))?;
            pretrained(info.default_weights(), &paths::weights(), &torch_caches()).map(Some)
        }
    }
}

/// Looks for `weights` in our own `folder`, then in torch's `caches`, where a file counts only if
/// its hash is the publisher's.
fn pretrained(
    weights: &WeightsInfo,
    folder: &Path,
    caches: &[PathBuf],
) -> Result<PathBuf, ModelError> {
    let own = folder.join(weights.file_name);
    if own.is_file() {
        return Ok(own);
    }
    let published = weights
        .url
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(weights.file_name);
    for cache in caches {
        let path = cache.join(published);
        if path.is_file()
            && sha256(&path).is_some_and(|hash| hash.starts_with(weights.sha256_prefix))
        {
            return Ok(path);
        }
    }
    let how = if weights.url.is_empty() {
        "run “cargo xtask setup”, which puts them there".to_string()
    } else {
        format!(
            "download {} ({:.0} MB) and put it there",
            weights.url, weights.file_mb
        )
    };
    let reason = format!("the pre-trained weights are not on this machine; {how}");
    Err(ModelError::Weights { reason, path: own })
}

/// Where `torch.hub` keeps what it downloaded.
fn torch_caches() -> Vec<PathBuf> {
    let torch_home = std::env::var_os("TORCH_HOME").map(PathBuf::from);
    let user = directories::BaseDirs::new().map(|dirs| dirs.cache_dir().join("torch"));
    torch_home
        .into_iter()
        .chain(user)
        .map(|folder| folder.join("hub").join("checkpoints"))
        .collect()
}

/// Lower-case hexadecimal; `None` for a file that can't be read.
fn sha256(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    Some(
        hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn own_folder_first_then_a_cache_whose_hash_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let (own, cache) = (folder.path().join("own"), folder.path().join("cache"));
        std::fs::create_dir_all(&own).unwrap();
        std::fs::create_dir_all(&cache).unwrap();
        let mut weights = catalogue::find("resnet18").unwrap().default_weights().clone();
        let missing = pretrained(&weights, &own, std::slice::from_ref(&cache))
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains(weights.url) && missing.ends_with(weights.file_name),
            "{missing}"
        );
        let cached = cache.join("resnet18-f37072fd.pth");
        std::fs::write(&cached, "abc").unwrap();
        assert!(
            pretrained(&weights, &own, std::slice::from_ref(&cache)).is_err(),
            "another hash"
        );
        weights.sha256_prefix = "ba7816bf";
        assert_eq!(
            pretrained(&weights, &own, std::slice::from_ref(&cache)).unwrap(),
            cached
        );
        let mine = own.join(weights.file_name);
        std::fs::write(&mine, "abc").unwrap();
        assert_eq!(pretrained(&weights, &own, &[cache]).unwrap(), mine);
    }
}
