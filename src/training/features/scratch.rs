//! A folder of this machine in front of features that stand on a shared disk (`GRAFT_SCRATCH`): what is read from there is copied
//! once, what is written there is kept here too. It may be emptied at any time; a full or missing one costs time and nothing else.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::key::Recipe;
use super::pack::{PackWriter, RowKey};
use super::rows_on_disk::RowsOnDisk;
use super::shared_disk::free_bytes;
use super::shelf::Shelf;
use super::store::{DEFAULT_LIMIT, FeatureStore};
use crate::data::StopFlag;
use crate::format;

/// Where it is, and what it may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScratchFolder {
    pub path: PathBuf,
    /// Bytes; `None` for half of what is free there.
    pub limit: Option<u64>,
}

impl ScratchFolder {
    /// The one that the environment names: `GRAFT_SCRATCH`, and `GRAFT_SCRATCH_LIMIT` (`200GB`). Nothing where it names none.
    ///
    /// # Errors
    /// A sentence, where the limit is no size.
    pub fn of_environment() -> Result<Option<Self>, String> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let Some(path) = variable("GRAFT_SCRATCH").map(PathBuf::from) else {
            return Ok(None);
        };
        let limit = variable("GRAFT_SCRATCH_LIMIT").map(|text| {
            let text = text.to_string_lossy();
            format::parse_bytes(&text).ok_or_else(|| {
                format!(
                    "GRAFT_SCRATCH_LIMIT is “{text}”, which is no size: write 200GB or 500MB. Features are not copied to this machine."
                )
            })
        });
        let limit = limit.transpose()?;
        Ok(Some(Self { path, limit }))
    }
}

/// Rows that are copied at a time.
const COPIED_AT_ONCE: usize = 256;

/// The folder, as one run uses it.
pub(in crate::training) struct Scratch {
    folder: ScratchFolder,
    store: FeatureStore,
    /// By the recipe's name.
    shelves: HashMap<String, Shelf>,
    /// Why it serves no more.
    trouble: Option<String>,
    is_told: bool,
}

impl Scratch {
    /// The folder is made where it is missing.
    pub fn new(folder: ScratchFolder) -> Self {
        let made = std::fs::create_dir_all(&folder.path);
        let limit = folder.limit.unwrap_or_else(|| {
            let held = FeatureStore::new(&folder.path).bytes();
            free_bytes(&folder.path).map_or(DEFAULT_LIMIT, |free| held.saturating_add(free) / 2)
        });
        let mut scratch = Self {
            store: FeatureStore::within(&folder.path, limit),
            folder,
            shelves: HashMap::new(),
            trouble: None,
            is_told: false,
        };
        scratch.note(made.map_err(|error| error.to_string()));
        scratch
    }

    /// What is there of `recipe`.
    pub(super) fn shelf(&mut self, recipe: &Recipe) -> &Shelf {
        let shelf = self.shelves.entry(recipe.name()).or_default();
        self.store.shelf(recipe, shelf);
        shelf
    }

    /// What there is to say where the folder does not serve, once.
    pub(super) fn take_trouble(&mut self) -> Option<String> {
        let trouble = self.trouble.as_ref()?;
        if std::mem::replace(&mut self.is_told, true) {
            return None;
        }
        Some(format!(
            "Features are not copied to this machine’s own folder from here on, and are read where they are ({trouble}); GRAFT_SCRATCH should name a folder with room, not {}",
            self.folder.path.display()
        ))
    }

    /// Copies the rows of `found` that stand elsewhere, as far as they can be read. Gives whether the folder serves, and any was
    /// looked at.
    pub(super) fn copy_rows(
        &mut self,
        recipe: &Recipe,
        keys: &[Option<RowKey>],
        found: &RowsOnDisk,
        stop: &StopFlag,
    ) -> bool {
        if self.trouble.is_some() {
            return false;
        }
        let copied = self.try_copy_rows(recipe, keys, found, stop);
        self.note(copied);
        true
    }

    fn try_copy_rows(
        &self,
        recipe: &Recipe,
        keys: &[Option<RowKey>],
        found: &RowsOnDisk,
        stop: &StopFlag,
    ) -> Result<(), String> {
        let text = |error: io::Error| error.to_string();
        let mut rows = found.far();
        let Some(layout) = found.layout().filter(|_| !rows.is_empty()) else {
            return Ok(());
        };
        // From the beginning of each file to its end.
        rows.sort_unstable_by_key(|&row| found.place(row));
        self.make_room(layout.row_bytes().saturating_mul(rows.len() as u64))?;
        let mut pack: PackWriter = self.store.writer(recipe, layout.clone()).map_err(text)?;
        let mut bytes = Vec::new();
        for part in rows.chunks(COPIED_AT_ONCE) {
            if stop.is_stopped() {
                return Ok(());
            }
            let outcomes = found.read_each(part, layout, &mut bytes);
            // What could not be read has no name.
            let part = part.iter().zip(outcomes);
            let keys: Vec<Option<RowKey>> = part
                .map(|(&row, read)| keys.get(row).copied().flatten().filter(|_| read.is_ok()))
                .collect();
            pack.push(&keys, &bytes).map_err(text)?;
        }
        pack.finish(|_| true).map_err(text)?;
        Ok(())
    }

    /// Copies a file of the shared disk that was written just now.
    pub(super) fn copy_file(&mut self, path: &Path) {
        if self.trouble.is_some() {
            return;
        }
        let copy = || {
            let text = |error: io::Error| error.to_string();
            self.make_room(path.metadata().map_err(text)?.len())?;
            self.store.copy_in(path).map_err(text)
        };
        let copied = copy();
        if let Ok(file) = &copied {
            self.shelves
                .values_mut()
                .for_each(|shelf| shelf.forget(file));
        }
        self.note(copied.map(drop));
    }

    /// Room for so many bytes, by removing what was of use longest ago.
    fn make_room(&self, bytes: u64) -> Result<(), String> {
        let limit = self.store.limit();
        if bytes > limit {
            return Err(format!(
                "they take {}, and it may hold {}",
                format::bytes(bytes),
                format::bytes(limit)
            ));
        }
        self.store.prune_to(limit - bytes);
        match free_bytes(&self.folder.path) {
            Some(free) if free <= bytes => Err(format!(
                "they take {}, and {} are free there",
                format::bytes(bytes),
                format::bytes(free)
            )),
            _ => Ok(()),
        }
    }

    fn note(&mut self, outcome: Result<(), String>) {
        if let Err(trouble) = outcome {
            self.trouble = Some(trouble);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack::{Layout, RowKind};
    use super::*;

    const ROW: usize = 64;

    fn key(number: u8) -> Option<RowKey> {
        Some(RowKey([number; 32]))
    }

    /// A shared disk with these rows, in one file each.
    fn shared(folder: &Path, recipe: &Recipe, numbers: &[u8]) -> Vec<PathBuf> {
        let layout = Layout {
            kind: RowKind::Float32,
            shape: vec![16],
        };
        let write = |&number: &u8| {
            let store = FeatureStore::new(folder);
            let mut pack = store.writer(recipe, layout.clone()).unwrap();
            pack.push(&[key(number)], &[number; ROW]).unwrap();
            pack.finish(|_| true).unwrap().unwrap()
        };
        numbers.iter().map(write).collect()
    }

    struct Places {
        _folder: tempfile::TempDir,
        shared: PathBuf,
        near: PathBuf,
    }

    fn places() -> Places {
        let folder = tempfile::tempdir().unwrap();
        Places {
            shared: folder.path().join("shared"),
            near: folder.path().join("near"),
            _folder: folder,
        }
    }

    fn scratch(places: &Places, limit: Option<u64>) -> Scratch {
        Scratch::new(ScratchFolder {
            path: places.near.clone(),
            limit,
        })
    }

    /// What is found of the rows 1 to 3, here and there.
    fn find(scratch: &mut Scratch, places: &Places, recipe: &Recipe) -> RowsOnDisk {
        let keys = [key(1), key(2), key(3)];
        let mut found = RowsOnDisk::nothing(3, 1);
        found.add_near(scratch.shelf(recipe), &keys);
        let mut shelf = Shelf::default();
        FeatureStore::new(&places.shared).shelf(recipe, &mut shelf);
        found.add(&shelf, &keys);
        found
    }

    fn copy(scratch: &mut Scratch, places: &Places, recipe: &Recipe) -> RowsOnDisk {
        let found = find(scratch, places, recipe);
        let keys = [key(1), key(2), key(3)];
        scratch.copy_rows(recipe, &keys, &found, &StopFlag::default());
        find(scratch, places, recipe)
    }

    fn numbers(found: &RowsOnDisk) -> Vec<Option<u8>> {
        let read = |row| {
            let mut out = [0; ROW];
            found.read_row(row, &mut out).ok().map(|()| out[7])
        };
        (0..3).map(read).collect()
    }

    #[test]
    fn rows_are_copied_once_and_read_here_although_the_shared_disk_loses_them() {
        let (places, recipe) = (places(), Recipe::for_tests(1));
        shared(&places.shared, &recipe, &[1, 2, 3, 4]);
        let mut scratch = scratch(&places, None);
        assert_eq!(find(&mut scratch, &places, &recipe).far(), [0, 1, 2]);
        let found = copy(&mut scratch, &places, &recipe);
        assert!(found.far().is_empty() && found.missing().is_empty());
        // Nothing is copied again, and no row that nobody asked for.
        copy(&mut scratch, &places, &recipe);
        let usage = FeatureStore::new(&places.near).usage();
        assert_eq!(usage.files, 1);
        assert!(usage.bytes < 4 * (ROW as u64 + 36) + 112);
        std::fs::remove_dir_all(&places.shared).unwrap();
        let found = find(&mut scratch, &places, &recipe);
        assert_eq!(numbers(&found), [Some(1), Some(2), Some(3)]);
        assert_eq!(scratch.take_trouble(), None);
    }

    #[test]
    fn what_can_t_be_read_is_missing_and_the_rest_is_copied() {
        let (places, recipe) = (places(), Recipe::for_tests(1));
        let files = shared(&places.shared, &recipe, &[1, 2, 3]);
        let mut scratch = scratch(&places, None);
        let found = find(&mut scratch, &places, &recipe);
        // Cut short and gone after they were found.
        std::fs::write(&files[1], "short").unwrap();
        std::fs::remove_file(&files[2]).unwrap();
        let keys = [key(1), key(2), key(3)];
        scratch.copy_rows(&recipe, &keys, &found, &StopFlag::default());
        let found = find(&mut scratch, &places, &recipe);
        // This machine can read on what it has open, as long as the disk is its own.
        assert_eq!(numbers(&found), [Some(1), None, Some(3)]);
        assert!(found.far().is_empty());
        assert_eq!(scratch.take_trouble(), None);
    }

    #[test]
    fn a_small_full_or_missing_folder_is_said_once_and_costs_nothing_else() {
        let (places, recipe) = (places(), Recipe::for_tests(1));
        let files = shared(&places.shared, &recipe, &[1, 2, 3]);
        let mut small = scratch(&places, Some(ROW as u64));
        let found = copy(&mut small, &places, &recipe);
        assert_eq!(found.far(), [0, 1, 2]);
        let said = small.take_trouble().unwrap();
        assert!(said.contains("it may hold 64 B"), "{said}");
        small.copy_file(&files[0]);
        assert_eq!(small.take_trouble(), None);
        // A file stands where the folder should.
        std::fs::remove_dir_all(&places.near).unwrap();
        std::fs::write(&places.near, "no folder").unwrap();
        let mut none = scratch(&places, None);
        let found = copy(&mut none, &places, &recipe);
        assert_eq!(numbers(&found), [Some(1), Some(2), Some(3)]);
        assert!(none.take_trouble().is_some() && none.take_trouble().is_none());
    }

    #[test]
    fn what_is_written_is_kept_here_too_and_old_files_make_room() {
        let (places, recipe) = (places(), Recipe::for_tests(1));
        let files = shared(&places.shared, &recipe, &[1, 2, 3]);
        let bytes = files[0].metadata().unwrap().len();
        let mut scratch = scratch(&places, Some(2 * bytes));
        for file in &files {
            scratch.copy_file(file);
        }
        assert_eq!(scratch.take_trouble(), None);
        let usage = FeatureStore::new(&places.near).usage();
        assert_eq!((usage.files, usage.bytes), (2, 2 * bytes));
        assert_eq!(find(&mut scratch, &places, &recipe).far().len(), 1);
    }
}
