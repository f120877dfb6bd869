//! The binary version of CIFAR-10 (Krizhevsky 2009): records of a label's byte and three planes.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::super::decode::CIFAR10_RECORD_BYTES;
use super::super::{DataError, PictureSource, Split, StopFlag};
use super::folders::{list, unreadable};
use super::{Candidate, Found, check_stop, source_error};
use crate::ordinary_file::{self, Links};

const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// What the archive unpacks to.
const FOLDER: &str = "cifar-10-batches-bin";

/// The pictures of `root`, or of the archive's own folder within it. Those of `data_batch_*.bin` are
/// for training and validation, those of `test_batch.bin` for the test.
pub(super) fn find(root: &Path, stop: &StopFlag) -> Result<Found, DataError> {
    let Some((folder, batches)) = batches(root) else {
        return Err(source_error(
            root,
            "there is no data_batch_1.bin here: choose the folder that the binary version of CIFAR-10 unpacks to",
        ));
    };
    let mut found = Found {
        classes: class_names(&folder),
        root: folder,
        ..Found::default()
    };
    for batch in batches {
        check_stop(stop)?;
        if let Err(error) = read_batch(&batch, &mut found) {
            found.problem(&batch, unreadable(&error));
        }
    }
    Ok(found)
}

/// The folder that holds batches, and the batches by name.
pub(super) fn batches(root: &Path) -> Option<(PathBuf, Vec<PathBuf>)> {
    [root.to_path_buf(), root.join(FOLDER)]
        .into_iter()
        .find_map(|folder| {
            let batches: Vec<PathBuf> = list(&folder)
                .ok()?
                .into_iter()
                .filter(|entry| {
                    let is_batch =
                        entry.name.starts_with("data_batch_") || entry.name == "test_batch.bin";
                    is_batch && entry.name.ends_with(".bin") && !entry.is_folder
                })
                .map(|entry| entry.path)
                .collect();
            (!batches.is_empty()).then_some((folder, batches))
        })
}

fn class_names(folder: &Path) -> Vec<String> {
    let named: Vec<String> =
        ordinary_file::read_to_string(&folder.join("batches.meta.txt"), 100_000, Links::Followed)
            .map(|text| {
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
    if named.len() == CLASSES.len() {
        named
    } else {
        CLASSES.map(str::to_owned).to_vec()
    }
}

fn read_batch(batch: &Path, found: &mut Found) -> io::Result<()> {
    let file_name = batch
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    // Validation pictures are drawn from the training batches, because no batch is assigned to it.
    let split = if file_name == "test_batch.bin" {
        Split::Test
    } else {
        Split::Train
    };
    let mut reader = BufReader::with_capacity(
        64 * CIFAR10_RECORD_BYTES,
        ordinary_file::open(batch, Links::Followed)?,
    );
    let mut record_bytes = [0; CIFAR10_RECORD_BYTES];
    for record in 0.. {
        let read = read_up_to(&mut reader, &mut record_bytes)?;
        if read == 0 {
            if record == 0 {
                found.problem(batch, "is empty (0 bytes): download the batch again");
            }
            break;
        }
        if read < CIFAR10_RECORD_BYTES {
            found.problem(
                batch,
                format!("is cut off after {record} pictures (the last {read} bytes are no whole picture): download the batch again"),
            );
            break;
        }
        let label = record_bytes[0];
        if usize::from(label) >= found.classes.len() {
            found.problem(
                batch,
                format!(
                    "gives picture {record} the unknown class {label}: download the batch again"
                ),
            );
            continue;
        }
        found.candidates.push(Candidate {
            source: PictureSource::Cifar10 {
                batch: batch.to_path_buf(),
                record,
            },
            name: format!("{file_name}/{record:05}"),
            label: u32::from(label),
            split: Some(split),
            group: None,
        });
    }
    Ok(())
}

/// Fills `buffer` unless the file ends before.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
