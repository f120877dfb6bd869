//! What was dropped on the window: pictures, one picture, a preset, weights.

use std::path::Path;

/// What was dropped on the window.
#[derive(Debug, Clone, PartialEq)]
pub enum DroppedKind {
    Preset,
    Weights,
    Pictures,
    /// A single picture: it is looked at.
    Picture,
}

/// Decides by name and kind of entry alone.
pub fn kind(path: &Path) -> DroppedKind {
    if path.is_dir() {
        return DroppedKind::Pictures;
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
        // CIFAR's batches stand in a folder, which is pictures whatever its name.
        let folder = std::env::temp_dir();
        assert_eq!(kind(&folder), DroppedKind::Pictures);
    }
}
