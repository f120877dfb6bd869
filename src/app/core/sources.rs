//! What was dropped on the window: pictures, one picture, a preset, weights, runs.

use std::path::Path;

use crate::runs::{files, numbers};

/// What was dropped on the window.
#[derive(Debug, Clone, PartialEq)]
pub enum DroppedKind {
    Preset,
    Weights,
    Pictures,
    /// A single picture: it is looked at.
    Picture,
    /// A run, or a folder of runs.
    Runs,
}

/// Decides by name and kind of entry alone.
pub fn kind(path: &Path) -> DroppedKind {
    if path.is_dir() {
        let holds_runs = [files::SUMMARY, numbers::FILE]
            .iter()
            .any(|name| path.join(name).is_file());
        return if holds_runs {
            DroppedKind::Runs
        } else {
            DroppedKind::Pictures
        };
    }
    match extension(path).as_str() {
        "ron" => DroppedKind::Preset,
        "safetensors" | "pth" | "pt" | "bin" => DroppedKind::Weights,
        "jpg" | "jpeg" | "jfif" | "png" | "bmp" | "gif" | "tif" | "tiff" | "webp" => {
            DroppedKind::Picture
        }
        _ => DroppedKind::Pictures,
    }
}

/// Extensions of tables, and of NumPy's arrays.
pub const TABLES: [&str; 4] = ["csv", "tsv", "txt", "npz"];

fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dropped_is_told_by_its_name() {
        for (name, expected) in [
            ("a.ron", DroppedKind::Preset),
            ("pytorch_model.bin", DroppedKind::Weights),
            ("a.SafeTensors", DroppedKind::Weights),
            ("labels.csv", DroppedKind::Pictures),
            ("a.png", DroppedKind::Picture),
            ("IMG 1.JPG", DroppedKind::Picture),
            ("a", DroppedKind::Pictures),
        ] {
            assert_eq!(kind(Path::new(name)), expected, "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(kind(folder.path()), DroppedKind::Pictures);
        std::fs::write(folder.path().join("summary.json"), "{}").unwrap();
        assert_eq!(kind(folder.path()), DroppedKind::Runs);
        // CIFAR's batches stand in a folder, which is pictures whatever its name.
        let folder = std::env::temp_dir();
        assert_eq!(kind(&folder), DroppedKind::Pictures);
    }
}
