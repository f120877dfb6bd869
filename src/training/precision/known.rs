//! How far bf16 moves the features of networks that were measured before, by their weights: measuring takes as long as a
//! few epochs on kept features.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::data::replace::replace;
use crate::ordinary_file::{self, Links};

/// Far more than thousands of networks take.
const LARGEST_BYTES: u64 = 16_000_000;

/// The answers in one file, which is small and may be deleted at any time.
pub(super) struct KnownMovements {
    file: PathBuf,
}

impl KnownMovements {
    pub fn new(cache: &Path) -> Self {
        Self {
            file: cache.join("precision.json"),
        }
    }

    fn all(&self) -> BTreeMap<String, f64> {
        ordinary_file::read(&self.file, LARGEST_BYTES, Links::Refused)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    pub fn get(&self, network: &str) -> Option<f64> {
        self.all().get(network).copied()
    }

    /// Whoever writes at the same time may lose an answer, which is then measured again. So it is where the disk refuses.
    pub fn remember(&self, network: String, moved: f64) {
        let mut all = self.all();
        all.insert(network, moved);
        let bytes = serde_json::to_vec(&all).map_err(std::io::Error::from);
        if let Err(error) = bytes.and_then(|bytes| replace(&self.file, &bytes)) {
            log::info!("how far bf16 moves features is not remembered: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_and_a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownMovements::new(&folder.path().join("cache"));
        assert_eq!(known.get("a"), None);
        known.remember("a".into(), 0.25);
        known.remember("b".into(), 0.5);
        assert_eq!((known.get("a"), known.get("b")), (Some(0.25), Some(0.5)));
        std::fs::write(&known.file, "{").unwrap();
        assert_eq!(known.get("a"), None);
        known.remember("c".into(), 1.0);
        assert_eq!(known.get("c"), Some(1.0));
    }
}
