//! The rows of one recipe in all of its files, whoever wrote them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::pack::{Pack, RowKey};

/// Files of one recipe that are held open; of more, each is opened for each row, because a process may hold some hundreds.
const HELD_OPEN: usize = 256;

/// All rows of one recipe that stand on disk.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    packs: Vec<Arc<Pack>>,
    /// Of `packs`.
    files: HashSet<PathBuf>,
    positions: HashMap<RowKey, RowPosition>,
}

/// Where a row stands: in which of some files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowPosition {
    pub pack: usize,
    pub row: usize,
}

impl Shelf {
    /// Takes in those of `files` that are new. Where one has gone that was there, everything is looked at again: on a
    /// shared disk it can't be read on.
    pub fn update(&mut self, files: &[PathBuf]) {
        let there: HashSet<&PathBuf> = files.iter().collect();
        if self.files.iter().any(|file| !there.contains(file)) {
            *self = Self::default();
        }
        for path in files {
            // One that can't be opened now may have gone since the folder was read, or not have arrived yet.
            if !self.files.contains(path)
                && let Ok(pack) = Pack::open(path, self.packs.len() < HELD_OPEN)
            {
                self.add(pack);
                self.files.insert(path.clone());
            }
        }
    }

    /// A file was written that may have replaced one of this name: it is looked at anew.
    pub fn forget(&mut self, file: &Path) {
        self.files.remove(file);
    }

    /// Files of one recipe have one layout; another would be a mistake and is passed over.
    fn add(&mut self, mut pack: Pack) {
        if self
            .packs
            .first()
            .is_some_and(|first| first.layout != pack.layout)
        {
            return;
        }
        let number = self.packs.len();
        for (row, key) in pack.rows() {
            let position = RowPosition { pack: number, row };
            // The same picture may stand twice in one file, which is no pack of this shelf yet.
            let is_there = |known: &RowPosition| {
                let pack = self.packs.get(known.pack);
                pack.is_none_or(|pack| !pack.is_lost(known.row))
            };
            if !self.positions.get(&key).is_some_and(is_there) {
                self.positions.insert(key, position);
            }
        }
        // They stand in `positions`.
        pack.keys = Vec::new();
        self.packs.push(Arc::new(pack));
    }

    /// Where the row of `key` is; `None` also where it could not be read before.
    pub fn find(&self, key: &RowKey) -> Option<RowPosition> {
        let position = self.positions.get(key).copied()?;
        (!self.packs[position.pack].is_lost(position.row)).then_some(position)
    }

    /// What positions count.
    pub fn packs(&self) -> &[Arc<Pack>] {
        &self.packs
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack::{Layout, PackWriter, RowKind};
    use super::*;

    fn store(folder: &Path, number: u8) -> PathBuf {
        let layout = Layout {
            kind: RowKind::Float32,
            shape: vec![16],
        };
        let mut writer = PackWriter::create(folder, layout).unwrap();
        writer
            .push(&[Some(RowKey([number; 32]))], &[number; 64])
            .unwrap();
        writer.finish(|_| true).unwrap().unwrap()
    }

    /// A data set may hold a picture twice, and both get a row.
    #[test]
    fn a_file_may_hold_one_row_twice() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout {
            kind: RowKind::Float32,
            shape: vec![1],
        };
        let mut writer = PackWriter::create(folder.path(), layout).unwrap();
        let key = RowKey([7; 32]);
        writer.push(&[Some(key), Some(key)], &[1; 8]).unwrap();
        let path = writer.finish(|_| true).unwrap().unwrap();
        let mut shelf = Shelf::default();
        shelf.update(&[path]);
        let position = shelf.find(&key).unwrap();
        let mut out = [0; 4];
        shelf.packs()[position.pack]
            .read(position.row, &mut out)
            .unwrap();
        assert_eq!(out, [1; 4]);
    }

    /// As another machine's removing and writing looks from here.
    #[test]
    fn files_that_come_and_go_between_listing_and_opening_are_missing_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut files: Vec<PathBuf> = (1..=4).map(|number| store(folder.path(), number)).collect();
        files.sort();
        let mut shelf = Shelf::default();
        // Listed, and gone before it is opened; cut short; another thing of that name.
        std::fs::remove_file(&files[0]).unwrap();
        let whole = std::fs::read(&files[1]).unwrap();
        std::fs::write(&files[1], &whole[..whole.len() - 9]).unwrap();
        std::fs::remove_file(&files[2]).unwrap();
        std::fs::create_dir(&files[2]).unwrap();
        shelf.update(&files);
        assert_eq!(shelf.packs().len(), 1);
        // What arrives later is found later.
        std::fs::write(&files[1], &whole).unwrap();
        shelf.update(&files);
        assert_eq!(shelf.packs().len(), 2);
        // A row that was lost is found again where somebody wrote it anew.
        let key = RowKey([1; 32]);
        let path = store(folder.path(), 1);
        shelf.update(std::slice::from_ref(&path));
        let position = shelf.find(&key).unwrap();
        std::fs::write(&path, "short").unwrap();
        let mut out = [0; 64];
        assert!(
            shelf.packs()[position.pack]
                .read(position.row, &mut out)
                .is_err()
        );
        assert_eq!(shelf.find(&key), None);
        let other = store(&folder.path().join("other"), 1);
        shelf.update(&[path, other]);
        let position = shelf.find(&key).unwrap();
        shelf.packs()[position.pack]
            .read(position.row, &mut out)
            .unwrap();
        assert_eq!(out, [1; 64]);
    }
}
