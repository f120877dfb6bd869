//! What was dropped on the window: pictures, one picture, a preset, a sweep, weights, runs.

use std::path::Path;

use crate::runs::{files, numbers};
use crate::sweep::ENDING;

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
    Sweep,
}

/// Entries of a folder that are looked into, to see whether it is one of runs.
const MOST_ENTRIES: usize = 200;

/// Whether a folder is a run's, or holds runs: those of older versions don't say so beside them.
fn holds_runs(folder: &Path) -> bool {
    let is_there = |name: &str| folder.join(name).is_file();
    is_there(files::SUMMARY)
        || is_there(numbers::FILE)
        || std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .take(MOST_ENTRIES)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .any(|entry| {
                let run = entry.path();
                run.join(files::SUMMARY).is_file() && run.join(files::PRESET).is_file()
            })
}

/// Decides by names and kinds of entries alone. Asks the disk.
pub fn kind(path: &Path) -> DroppedKind {
    if path.is_dir() {
        return if holds_runs(path) {
            DroppedKind::Runs
        } else {
            DroppedKind::Pictures
        };
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match extension(path).as_str() {
        "ron" if name.to_lowercase().ends_with(ENDING) => DroppedKind::Sweep,
        "ron" => DroppedKind::Preset,
        "safetensors" | "pth" | "pt" | "bin" => DroppedKind::Weights,
        extension if PICTURES.contains(&extension) => DroppedKind::Picture,
        _ => DroppedKind::Pictures,
    }
}

/// Extensions of files that hold one picture.
pub const PICTURES: [&str; 9] = [
    "jpg", "jpeg", "jfif", "png", "bmp", "gif", "tif", "tiff", "webp",
];

/// Whether a file is called as one that holds one picture. Asks no disk.
pub fn is_picture(path: &Path) -> bool {
    PICTURES.contains(&extension(path).as_str())
}

/// Whether a file is called as a table. Asks no disk.
pub fn is_table(path: &Path) -> bool {
    TABLES.contains(&extension(path).as_str())
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
            ("rates.sweep.ron", DroppedKind::Sweep),
            ("Rates.Sweep.RON", DroppedKind::Sweep),
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
        let runs = tempfile::tempdir().unwrap();
        let run = runs.path().join("20250101-120000");
        std::fs::create_dir(&run).unwrap();
        std::fs::write(run.join(files::SUMMARY), "{}").unwrap();
        assert_eq!(kind(runs.path()), DroppedKind::Pictures);
        std::fs::write(run.join(files::PRESET), "").unwrap();
        assert_eq!(kind(runs.path()), DroppedKind::Runs, "an older version's");
        // CIFAR's batches stand in a folder, which is pictures whatever its name.
        let folder = std::env::temp_dir();
        assert_eq!(kind(&folder), DroppedKind::Pictures);
    }
}
