//! Reading a foreign file's structure in a process of its own, which has little memory and time.
//!
//! The reader refuses what is hostile by itself; this is a second belt, for a fault in it or in the
//! libraries below it. The process lists tensors and where their numbers stand, nothing more. What
//! it says is believed as little as the file is: [`Numbers::new`] checks every offset anew. The
//! numbers themselves are then read here, piece by piece, so a file of any size can be used.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::listings::Listings;
use super::pickle::{ElementType, Storage, TensorView};
use super::tensors::{FileTensor, FoundTensors, Numbers, Unread};
use super::torch_file;
use super::weight_file::WeightFile;
use crate::paths;

/// The hidden command that such a process is started with, before the file's path.
pub const COMMAND: &str = "list-tensors";
/// Memory for it beyond what the program itself takes. A pickle of the largest size that is
/// accepted needs about a third.
pub const MEMORY_BYTES: u64 = 512 << 20;
/// A listing is shorter than this: ten million tensors' worth.
const MAX_LISTING_BYTES: u64 = 1 << 30;
/// Processor time for the structure, and for each gigabyte that is compared with its checksum.
const SECONDS: u64 = 60;
const SECONDS_PER_GIGABYTE: u64 = 60;
/// By the clock: a slow disk may take its time, but not for ever.
const PATIENCE: u64 = 10;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// From now on structures are read by `program`, which answers `COMMAND` with [`listing`].
/// Without this, as in tests of the library, they are read in this process.
pub fn read_apart(program: PathBuf) {
    // A second call changes nothing: it could only say the same.
    let _ = PROGRAM.set(program);
}

/// Where a tensor's numbers stand.
#[derive(Debug, Serialize, Deserialize)]
struct TensorLocation {
    name: String,
    dictionary: usize,
    element: ElementType,
    /// Byte at which the storage begins.
    start: u64,
    /// Of the storage, in elements, as are offset and strides.
    length: u64,
    offset: u64,
    shape: Vec<u64>,
    strides: Vec<u64>,
}

/// What the process says: the tensors, or why the file is refused.
#[derive(Debug, Serialize, Deserialize)]
enum ReaderAnswer {
    Found {
        dictionaries: Vec<String>,
        unread: Vec<Unread>,
        architecture: Option<String>,
        tensors: Vec<TensorLocation>,
    },
    Refused(String),
}

/// Lists the tensors of a file of `torch.save`, in a process of its own where there is a program
/// for it, and as that process did the last time where the file has not changed since.
pub(super) fn read(path: &Path, file: &Arc<WeightFile>) -> Result<FoundTensors, String> {
    let Some(program) = PROGRAM.get() else {
        return torch_file::read(file);
    };
    let listings = Listings::new(&paths::cache());
    if let Some(said) = listings.get(path, &file.stamp())
        && let Ok(found) = understand(file, &said)
    {
        return Ok(found);
    }
    let child = Command::new(program)
        .arg(COMMAND)
        .arg("--memory")
        .arg(MEMORY_BYTES.to_string())
        .arg("--seconds")
        .arg(seconds(file.length()).to_string())
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(child) => {
            let said = attend(child, file.length())?;
            let found = understand(file, &said)?;
            listings.remember(path, &file.stamp(), &said);
            Ok(found)
        }
        // A program that was replaced while it ran can't be started again.
        Err(error) => {
            log::warn!("weights are read without a process of their own: {error}");
            torch_file::read(file)
        }
    }
}

/// Processor seconds for a file of so many bytes.
fn seconds(bytes: u64) -> u64 {
    SECONDS + (bytes >> 30) * SECONDS_PER_GIGABYTE
}

/// Everything that the process prints, once it has ended well.
fn attend(mut child: Child, bytes: u64) -> Result<Vec<u8>, String> {
    let pipe = child.stdout.take();
    let reader = std::thread::Builder::new()
        .name("graft-listing".into())
        .spawn(move || {
            let mut said = Vec::new();
            let read = pipe.map(|pipe| pipe.take(MAX_LISTING_BYTES).read_to_end(&mut said));
            match read {
                Some(Ok(_)) => said,
                // What is cut off is no listing, and refused as such.
                _ => Vec::new(),
            }
        })
        .map_err(|error| format!("can't start a thread: {error}"))?;
    let until = Instant::now() + Duration::from_secs(seconds(bytes) * PATIENCE);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => break Err("reading it takes longer than any weight file needs".to_owned()),
            Err(error) => break Err(format!("its reader is lost ({error})")),
        }
    };
    if status.is_err() {
        // It may have ended this very moment.
        let _ = child.kill();
        let _ = child.wait();
    }
    let said = reader.join().unwrap_or_default();
    ended_well(status?)?;
    Ok(said)
}

fn ended_well(status: ExitStatus) -> Result<(), String> {
    if status.success() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        let took_too_long = [libc::SIGXCPU, libc::SIGKILL];
        if let Some(signal) = status.signal() {
            return Err(if took_too_long.contains(&signal) {
                "reading it takes longer than any weight file needs".into()
            } else {
                "reading it takes more memory than any weight file needs, or is damaged so that the weight-file reader crashed".into()
            });
        }
    }
    Err("the weight-file reader crashed".into())
}

fn understand(file: &Arc<WeightFile>, said: &[u8]) -> Result<FoundTensors, String> {
    let answer: ReaderAnswer =
        serde_json::from_slice(said).map_err(|_| "the weight-file reader crashed".to_owned())?;
    match answer {
        ReaderAnswer::Refused(reason) => Err(reason),
        ReaderAnswer::Found {
            dictionaries,
            unread,
            architecture,
            tensors,
        } => Ok(FoundTensors {
            tensors: tensors
                .into_iter()
                .map(|location| tensor(file, location))
                .collect::<Result<_, String>>()?,
            dictionaries,
            unread,
            architecture,
        }),
    }
}

fn tensor(file: &Arc<WeightFile>, location: TensorLocation) -> Result<FileTensor, String> {
    let is_inside = location
        .length
        .checked_mul(location.element.bytes() as u64)
        .and_then(|bytes| location.start.checked_add(bytes))
        .is_some_and(|end| end <= file.length());
    if !is_inside || location.shape.len() != location.strides.len() {
        return Err(format!("“{}” lies outside the file", location.name));
    }
    let shape: Option<Vec<i64>> = location
        .shape
        .iter()
        .map(|&side| i64::try_from(side).ok())
        .collect();
    let shape = shape.ok_or_else(|| format!("“{}” is too large", location.name))?;
    let view = TensorView {
        storage: Storage {
            element: location.element,
            key: String::new(),
            length: location.length,
        },
        offset: location.offset,
        shape: location.shape,
        strides: location.strides,
    };
    let numbers = Numbers::new(file, location.start, location.length, &view)
        .map_err(|reason| format!("“{}”: {reason}", location.name))?;
    Ok(FileTensor {
        name: location.name,
        dictionary: location.dictionary,
        shape,
        numbers,
    })
}

/// What the process of `COMMAND` prints of the file at `path`. Limit it first.
pub fn listing(path: &Path) -> String {
    let found = WeightFile::open(path).and_then(|file| torch_file::read(&Arc::new(file)));
    let answer = match found {
        Ok(found) => ReaderAnswer::Found {
            dictionaries: found.dictionaries,
            unread: found.unread,
            architecture: found.architecture,
            tensors: found
                .tensors
                .into_iter()
                .map(|tensor| {
                    let numbers = tensor.numbers;
                    TensorLocation {
                        name: tensor.name,
                        dictionary: tensor.dictionary,
                        element: numbers.element,
                        start: numbers.start,
                        length: numbers.length,
                        offset: numbers.offset,
                        shape: numbers.shape,
                        strides: numbers.strides,
                    }
                })
                .collect(),
        },
        Err(reason) => ReaderAnswer::Refused(reason),
    };
    // Plain numbers and texts can always be written.
    serde_json::to_string(&answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden")
            .join(name)
    }

    /// Every file of `torch.save` among the recorded ones.
    fn files() -> Vec<PathBuf> {
        let entries = std::fs::read_dir(golden("")).unwrap();
        let files: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|ending| ["pth", "pt", "bin"].iter().any(|other| ending == *other))
            })
            .collect();
        assert!(!files.is_empty());
        files
    }

    #[test]
    fn a_listing_gives_the_same_tensors_as_reading_at_once() {
        for path in files() {
            let file = Arc::new(WeightFile::open(&path).unwrap());
            let direct = torch_file::read(&file);
            let listed = understand(&file, listing(&path).as_bytes());
            match (direct, listed) {
                (Ok(direct), Ok(listed)) => {
                    assert_eq!(direct.dictionaries, listed.dictionaries);
                    assert_eq!(direct.unread, listed.unread);
                    assert_eq!(direct.tensors.len(), listed.tensors.len());
                    for (one, other) in direct.tensors.iter().zip(&listed.tensors) {
                        assert_eq!((&one.name, &one.shape), (&other.name, &other.shape));
                        assert_eq!(one.numbers.read(), other.numbers.read(), "{}", one.name);
                    }
                }
                (Err(direct), Err(listed)) => assert_eq!(direct, listed, "{}", path.display()),
                (direct, listed) => panic!("{}: {direct:?}, {listed:?}", path.display()),
            }
        }
    }

    #[test]
    fn a_listing_is_believed_as_little_as_a_file() {
        let path = files().remove(0);
        let file = Arc::new(WeightFile::open(&path).unwrap());
        let length = file.length();
        let read_at = |start, count, offset, shape: &[u64], strides: &[u64]| {
            let answer = ReaderAnswer::Found {
                dictionaries: Vec::new(),
                unread: Vec::new(),
                architecture: None,
                tensors: vec![TensorLocation {
                    name: "w".into(),
                    dictionary: 0,
                    element: ElementType::Float,
                    start,
                    length: count,
                    offset,
                    shape: shape.to_vec(),
                    strides: strides.to_vec(),
                }],
            };
            understand(&file, serde_json::to_string(&answer).unwrap().as_bytes()).map(|_| ())
        };
        assert_eq!(read_at(0, 4, 0, &[2, 2], &[2, 1]), Ok(()));
        for refused in [
            read_at(length - 4, 4, 0, &[4], &[1]),
            read_at(u64::MAX, 4, 0, &[4], &[1]),
            read_at(0, u64::MAX / 2, 0, &[4], &[1]),
            read_at(0, 4, 1, &[4], &[1]),
            read_at(0, 4, 0, &[4], &[1, 1]),
            read_at(0, 4, 0, &[u64::MAX, 0], &[1, 1]),
            read_at(0, 4, 0, &[1 << 40], &[0]),
        ] {
            assert!(refused.is_err());
        }
        for said in ["", "{", "[]", "{\"Found\":{}}"] {
            assert!(understand(&file, said.as_bytes()).is_err());
        }
    }
}
