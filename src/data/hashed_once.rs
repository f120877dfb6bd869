//! SHA-256 of files that are asked for again and again: each is read once, as long as it stands as it is.
//!
//! A run's answers, its report and its export each ask whether they are of its present weights, and every key of kept features
//! asks for the weights that a network began with; both can be gigabytes. A file is the same while its [`Stamp`] is. Dates are no
//! finer than the clock of the file's system: what was changed a moment before it was read is read again next time, as git does
//! (“racily clean”).

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use super::contents::{CLOCK, Stamp};
use super::hash;
use crate::ordinary_file::{self, Links};

/// Files that are remembered; a window may list thousands of runs.
const MOST_FILES: usize = 4_096;

type Known = HashMap<PathBuf, (Stamp, [u8; 32])>;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// SHA-256 of an ordinary file, and the stamp of the file that it is of; no stamp where it changed while it was read.
///
/// # Errors
/// As [`ordinary_file::open`], and what the disk says.
pub fn sha256(path: &Path, links: Links) -> io::Result<([u8; 32], Option<Stamp>)> {
    remembered(path, links, &KNOWN, CLOCK, |file| hash::sha256(file))
}

fn remembered(
    path: &Path,
    links: Links,
    known: &Mutex<Known>,
    clock: Duration,
    compute: impl FnOnce(&File) -> io::Result<[u8; 32]>,
) -> io::Result<([u8; 32], Option<Stamp>)> {
    let file = ordinary_file::open(path, links)?;
    let stamp = Stamp::from(&file.metadata()?);
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, hash)) = known().get(path)
        && *of == stamp
    {
        return Ok((*hash, Some(stamp)));
    }
    // Judged before it is read, which may take longer than the clock's step.
    let is_recent = stamp.is_recent(clock);
    let hash = compute(&file)?;
    if Stamp::from(&file.metadata()?) != stamp {
        return Ok((hash, None));
    }
    if !is_recent {
        let mut known = known();
        if known.len() >= MOST_FILES {
            known.clear();
        }
        known.insert(path.to_path_buf(), (stamp, hash));
    }
    Ok((hash, Some(stamp)))
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_file_is_read_once_while_it_stands_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        std::fs::write(&path, "one").unwrap();
        let (known, read) = (Mutex::new(Known::new()), Cell::new(0));
        let ask = |clock: Duration| {
            let found = remembered(&path, Links::Refused, &known, clock, |file| {
                read.set(read.get() + 1);
                hash::sha256(file)
            });
            let expected = hash::sha256(std::fs::File::open(&path).unwrap());
            assert_eq!(found.unwrap().0, expected.unwrap());
            read.get()
        };
        // Too young: its dates would not tell another change at this moment.
        assert_eq!(ask(Duration::from_secs(3_600)), 1);
        assert_eq!(ask(Duration::from_secs(3_600)), 2);
        // Nor when reading it takes long.
        std::fs::write(&path, "new").unwrap();
        let slowly = remembered(
            &path,
            Links::Refused,
            &known,
            Duration::from_millis(300),
            |file| {
                std::thread::sleep(Duration::from_millis(350));
                hash::sha256(file)
            },
        );
        assert!(slowly.is_ok() && known.lock().unwrap().is_empty());
        assert_eq!(ask(Duration::ZERO), 3);
        assert_eq!(ask(Duration::ZERO), 3);
        // As long as before; the clock of a file system may stand still for some milliseconds.
        std::thread::sleep(Duration::from_millis(30));
        std::fs::write(&path, "two").unwrap();
        assert_eq!(ask(Duration::ZERO), 4);
        // Its date put back, as `touch -d` and `rsync -t` do.
        let date = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(30));
        std::fs::write(&path, "six").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(date)
            .unwrap();
        assert_eq!(ask(Duration::ZERO), 5);
        // Another file in its place, as every file of a run is written.
        let other = folder.path().join("other");
        std::fs::write(&other, "ten").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(ask(Duration::ZERO), 6);
        assert_eq!(ask(Duration::ZERO), 6);
        std::fs::remove_file(&path).unwrap();
        assert!(
            remembered(&path, Links::Refused, &known, Duration::ZERO, |_| Ok(
                [0; 32]
            ))
            .is_err()
        );
    }
}
