//! What was dropped on the window: pictures, a preset, weights.

use std::path::Path;

/// What was dropped on the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Preset,
    Weights,
    Pictures,
}

/// Decides by name and kind of entry alone.
pub fn kind(path: &Path) -> Kind {
    if path.is_dir() {
        return Kind::Pictures;
    }
    match extension(path).as_str() {
        "ron" => Kind::Preset,
        "safetensors" | "pth" | "pt" => Kind::Weights,
        _ => Kind::Pictures,
    }
}

/// Extensions of tables.
pub const TABLES: [&str; 3] = ["csv", "tsv", "txt"];

fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}
