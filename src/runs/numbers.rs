//! The numbers of runs: given once in a folder of runs, in the order in which runs began, and never to another.
//!
//! A run's number stands in its own folder ([`Annotations::number`]). What number comes next stands in a file beside the
//! runs, so that the number of a run that was removed is not given again; whoever gives a number holds that file locked.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::annotations::{self, Annotations};
use crate::ordinary_file::LockFile;

/// Beside the runs. Hidden, because it is nobody's business but Graft's.
pub const FILE: &str = ".run-numbers.json";

#[derive(Default, Serialize, Deserialize)]
struct Counter {
    next: u32,
}

/// A run whose number is looked at.
pub(super) struct Numbered<'a> {
    pub folder: PathBuf,
    /// Seconds since 1970.
    pub started: u64,
    /// `None` where the file can't be read: it is left alone, and the run has no number.
    pub annotations: Option<&'a mut Annotations>,
}

impl Numbered<'_> {
    fn name(&self) -> String {
        (self.folder.file_name()).map_or_else(String::new, |name| name.to_string_lossy().into())
    }

    fn number(&self) -> Option<u32> {
        self.annotations.as_ref().and_then(|said| said.number)
    }
}

/// Gives a number to the new run in `folder`, which stands in `runs`. A folder of runs that can't be written gives none;
/// it will be given when runs are listed.
pub(super) fn number_new(runs: &Path, folder: &Path) {
    let given = Lock::take(runs).and_then(|mut lock| {
        let number = lock.next(highest_on_disk(runs))?;
        let said = Annotations {
            number: Some(number),
            numbered_as: (folder.file_name())
                .map_or_else(String::new, |name| name.to_string_lossy().into()),
            ..Annotations::default()
        };
        annotations::write(folder, &said).map_err(io::Error::other)
    });
    if let Err(error) = given {
        log::warn!("the run has no number yet ({error}): {}", folder.display());
    }
}

/// Gives numbers to those of `listed`, all runs of the folder `runs`, that have none: the oldest first. Of two with one
/// number, the copy gets another. Where nothing can be written, the numbers count for this list.
pub(super) fn number_all(runs: &Path, listed: &mut [Numbered<'_>]) {
    let unnumbered = without_number(listed);
    if unnumbered.is_empty() {
        return;
    }
    let lock = Lock::take(runs);
    // Another process may have given them meanwhile.
    for &index in &unnumbered {
        let run = &mut listed[index];
        if let (Some(said), Ok(now)) = (&mut run.annotations, annotations::read(&run.folder)) {
            **said = now;
        }
    }
    let mut highest = listed
        .iter()
        .filter_map(Numbered::number)
        .max()
        .unwrap_or(0);
    let mut lock = match lock {
        Ok(lock) => Some(lock),
        Err(error) => {
            log::warn!(
                "numbers of runs can't be kept ({error}): {}",
                runs.display()
            );
            None
        }
    };
    for index in without_number(listed) {
        let number = match lock.as_mut().map(|lock| lock.next(highest)) {
            Some(Ok(number)) => number,
            Some(Err(_)) | None => highest.saturating_add(1),
        };
        highest = highest.max(number);
        let name = listed[index].name();
        let run = &mut listed[index];
        if let Some(said) = &mut run.annotations {
            said.number = Some(number);
            said.numbered_as = name;
            if lock.is_some()
                && let Err(error) = annotations::write(&run.folder, said)
            {
                log::warn!("{error}");
            }
        }
    }
}

/// Indices of runs that need a number, in the order in which they get one.
fn without_number(listed: &[Numbered<'_>]) -> Vec<usize> {
    let mut holders: BTreeMap<u32, usize> = BTreeMap::new();
    let mut lacking = Vec::new();
    // The original of a copy knows its own name; of two that do not, the older one is.
    let rank = |index: usize| {
        let run = &listed[index];
        let is_own = (run.annotations.as_ref()).is_some_and(|said| said.numbered_as == run.name());
        (!is_own, run.started, run.name())
    };
    for (index, run) in listed.iter().enumerate() {
        if run.annotations.is_none() {
            continue;
        }
        let Some(number) = run.number() else {
            lacking.push(index);
            continue;
        };
        match holders.get(&number) {
            Some(&other) if rank(other) <= rank(index) => lacking.push(index),
            Some(&other) => {
                lacking.push(other);
                holders.insert(number, index);
            }
            None => {
                holders.insert(number, index);
            }
        }
    }
    lacking.sort_by_key(|&index| (listed[index].started, listed[index].name()));
    lacking
}

/// The highest number that a run in `runs` has.
fn highest_on_disk(runs: &Path) -> u32 {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| annotations::read(&entry.path()).ok()?.number)
        .max()
        .unwrap_or(0)
}

/// The right to give numbers in a folder of runs, for as long as the file stays open.
struct Lock(LockFile);

impl Lock {
    fn take(runs: &Path) -> io::Result<Self> {
        let file = LockFile::open(&runs.join(FILE))?;
        file.lock()?;
        Ok(Self(file))
    }

    /// A number that was never given: greater than `highest`, which is in use.
    fn next(&mut self, highest: u32) -> io::Result<u32> {
        let mut text = String::new();
        self.0.rewind()?;
        (&*self.0).take(4096).read_to_string(&mut text)?;
        // What is broken says no more than the runs themselves.
        let counter: Counter = serde_json::from_str(text.trim()).unwrap_or_default();
        let number = counter.next.max(highest.saturating_add(1)).max(1);
        let counter = Counter {
            next: number.saturating_add(1),
        };
        // The lock is this file: it can't be replaced by a new one.
        let line = serde_json::to_string(&counter).map_err(io::Error::other)? + "\n";
        self.0.rewind()?;
        self.0.write_all(line.as_bytes())?;
        self.0.set_len(line.len() as u64)?;
        self.0.sync_all()?;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders of runs that began at these times, without numbers.
    fn folders(runs: &Path, started: &[u64]) -> Vec<(PathBuf, u64)> {
        started
            .iter()
            .enumerate()
            .map(|(index, &started)| {
                let folder = runs.join(format!("run-{index}"));
                std::fs::create_dir(&folder).unwrap();
                (folder, started)
            })
            .collect()
    }

    fn numbers(runs: &Path, folders: &[(PathBuf, u64)]) -> Vec<Option<u32>> {
        let mut said: Vec<Annotations> = folders
            .iter()
            .map(|(folder, _)| annotations::read(folder).unwrap())
            .collect();
        let mut listed: Vec<Numbered<'_>> = folders
            .iter()
            .zip(&mut said)
            .map(|((folder, started), said)| Numbered {
                folder: folder.clone(),
                started: *started,
                annotations: Some(said),
            })
            .collect();
        number_all(runs, &mut listed);
        said.iter().map(|said| said.number).collect()
    }

    #[test]
    fn runs_of_earlier_versions_are_numbered_by_age_once() {
        let runs = tempfile::tempdir().unwrap();
        let mut all = folders(runs.path(), &[30, 10, 20]);
        assert_eq!(numbers(runs.path(), &all), [Some(3), Some(1), Some(2)]);
        // The number of one that is gone is not given again.
        std::fs::remove_dir_all(&all.remove(0).0).unwrap();
        let new = runs.path().join("new");
        std::fs::create_dir(&new).unwrap();
        number_new(runs.path(), &new);
        all.push((new, 5));
        assert_eq!(numbers(runs.path(), &all), [Some(1), Some(2), Some(4)]);
    }

    #[test]
    fn a_copy_gets_a_number_of_its_own_and_a_renamed_folder_keeps_its() {
        let runs = tempfile::tempdir().unwrap();
        let mut all = folders(runs.path(), &[10, 20]);
        assert_eq!(numbers(runs.path(), &all), [Some(1), Some(2)]);
        let copy = runs.path().join("a copy");
        std::fs::create_dir(&copy).unwrap();
        std::fs::copy(
            all[0].0.join(annotations::FILE),
            copy.join(annotations::FILE),
        )
        .unwrap();
        all.push((copy, 10));
        let renamed = runs.path().join("renamed");
        std::fs::rename(&all[1].0, &renamed).unwrap();
        all[1].0 = renamed;
        assert_eq!(numbers(runs.path(), &all), [Some(1), Some(2), Some(3)]);
        assert_eq!(numbers(runs.path(), &all), [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn many_at_once_never_share_a_number() {
        let runs = tempfile::tempdir().unwrap();
        let all = folders(runs.path(), &[0; 24]);
        std::thread::scope(|scope| {
            for (folder, _) in &all {
                scope.spawn(|| number_new(runs.path(), folder));
            }
        });
        let mut given: Vec<u32> = numbers(runs.path(), &all).into_iter().flatten().collect();
        given.sort_unstable();
        assert_eq!(given, (1..=24).collect::<Vec<_>>());
    }

    #[test]
    fn a_broken_counter_gives_no_number_twice() {
        let runs = tempfile::tempdir().unwrap();
        let all = folders(runs.path(), &[1, 2]);
        numbers(runs.path(), &all);
        std::fs::write(runs.path().join(FILE), "{\"next\": ").unwrap();
        let new = runs.path().join("new");
        std::fs::create_dir(&new).unwrap();
        number_new(runs.path(), &new);
        assert_eq!(annotations::read(&new).unwrap().number, Some(3));
    }
}
