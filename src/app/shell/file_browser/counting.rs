//! How many pictures stand in a folder and below it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::listing::is_hidden;
use crate::data::scan::is_picture_name;

/// The pictures in a folder and below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    pub pictures: usize,
    /// Folders that hold some of them themselves.
    pub folders: usize,
    /// There are more: counting ended early.
    pub is_part: bool,
}

/// Counting ends after this many entries, or this long: it only helps to choose.
const MOST_ENTRIES: usize = 200_000;
const LONGEST: Duration = Duration::from_secs(3);
const DEEPEST: usize = 8;

/// Counts pictures by their names. `stop` ends it early.
pub fn count(folder: &Path, stop: &Arc<AtomicBool>) -> Counted {
    let begin = std::time::Instant::now();
    let mut counted = Counted::default();
    let mut seen = 0;
    let mut left = vec![(folder.to_path_buf(), 0)];
    let mut holding = BTreeSet::new();
    while let Some((folder, depth)) = left.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            seen += 1;
            if seen > MOST_ENTRIES || stop.load(Ordering::Relaxed) || begin.elapsed() > LONGEST {
                counted.is_part = true;
                return counted;
            }
            let name = entry.file_name();
            if is_hidden(&name) {
                continue;
            }
            // Links to folders are not followed: they may lead round in a circle.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                    left.push((entry.path(), depth + 1));
                }
                Ok(kind) if !kind.is_dir() && is_picture_name(&name.to_string_lossy()) => {
                    counted.pictures += 1;
                    if holding.insert(folder.clone()) {
                        counted.folders += 1;
                    }
                }
                _ => {}
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_with_the_folders_that_hold_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "train/cat/a.jpg",
            "train/cat/b.PNG",
            "train/dog/a.jpeg",
            "train/notes.txt",
            ".cache/c.jpg",
        ] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let stop = Arc::new(AtomicBool::new(false));
        let whole = Counted {
            pictures: 3,
            folders: 2,
            is_part: false,
        };
        assert_eq!(count(folder.path(), &stop), whole);
        stop.store(true, Ordering::Relaxed);
        assert!(count(folder.path(), &stop).is_part);
    }
}
