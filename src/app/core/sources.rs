//! What was dropped on the window: pictures, one picture, a preset, weights.

use std::path::Path;

/// What was dropped on the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Preset,
    Weights,
    Pictures,
    /// A single picture: it is looked at.
    Picture,
}

/// Decides by name and kind of entry alone.
pub fn kind(path: &Path) -> Kind {
    if path.is_dir() {
        return Kind::Pictures;
    }
    match extension(path).as_str() {
        "ron" => Kind::Preset,
        "safetensors" | "pth" | "pt" | "bin" => Kind::Weights,
        "jpg" | "jpeg" | "jfif" | "png" | "bmp" | "gif" | "tif" | "tiff" | "webp" => Kind::Picture,
        _ => Kind::Pictures,
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
            ("a.ron", Kind::Preset),
            ("pytorch_model.bin", Kind::Weights),
            ("a.SafeTensors", Kind::Weights),
            ("labels.csv", Kind::Pictures),
            ("a.png", Kind::Picture),
            ("IMG 1.JPG", Kind::Picture),
            ("a", Kind::Pictures),
        ] {
            assert_eq!(kind(Path::new(name)), expected, "{name}");
        }
        // CIFAR's batches stand in a folder, which is pictures whatever its name.
        let folder = std::env::temp_dir();
        assert_eq!(kind(&folder), Kind::Pictures);
    }
}
