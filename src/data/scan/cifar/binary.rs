//! The binary version: records of one label byte (two in CIFAR-100, coarse and fine) and three planes.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::super::super::records::{Packing, RecordFile};
use super::super::FoundPictures;
use super::super::folders::unreadable;
use super::{PICTURE_BYTES, Set, add, layout};
use crate::experiment::CifarLabels;
use crate::ordinary_file::{self, Links};

/// Label bytes before a picture, and which of them is the class.
fn label_bytes(set: Set) -> (usize, usize) {
    match set {
        Set::Ten => (1, 0),
        Set::Hundred(CifarLabels::Coarse) => (2, 0),
        Set::Hundred(CifarLabels::Fine) => (2, 1),
    }
}

/// Whether a file is as long as some records of CIFAR-100.
pub(super) fn is_hundred(file: &Path) -> bool {
    let record = (2 + PICTURE_BYTES) as u64;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.len() > 0 && data.len().is_multiple_of(record))
}

/// Adds a file's pictures; what is wrong with some becomes a problem.
pub(super) fn read(file: &Path, set: Set, found: &mut FoundPictures) {
    let (count, label_offset) = label_bytes(set);
    let mut labels = Vec::new();
    let records = match read_labels(file, count, label_offset, found, &mut labels) {
        Ok(records) => records,
        Err(error) => {
            found.problem(file, unreadable(&error));
            labels.len()
        }
    };
    let layout = layout(count as u64, count + PICTURE_BYTES, records);
    let records = RecordFile::new(file.to_path_buf(), Packing::Plain, layout);
    add(found, records, labels);
}

/// Whole records in the file; the number and label of those with a known class go to `labels`.
fn read_labels(
    file: &Path,
    count: usize,
    label_offset: usize,
    found: &mut FoundPictures,
    labels: &mut Vec<(u64, u32)>,
) -> io::Result<usize> {
    let record_bytes = count + PICTURE_BYTES;
    let mut reader = BufReader::with_capacity(
        64 * record_bytes,
        ordinary_file::open(file, Links::Followed)?,
    );
    let mut bytes = vec![0; record_bytes];
    let mut record = 0;
    loop {
        let read = read_up_to(&mut reader, &mut bytes)?;
        if read == 0 {
            if record == 0 {
                found.problem(file, "is empty (0 bytes): download the batch again");
            }
            return Ok(record);
        }
        if read < record_bytes {
            found.problem(
                file,
                format!("is cut off after {record} pictures (the last {read} bytes are no whole picture): download the batch again"),
            );
            return Ok(record);
        }
        let label = bytes[label_offset];
        if usize::from(label) < found.classes.len() {
            labels.push((record as u64, u32::from(label)));
        } else {
            found.problem(
                file,
                format!(
                    "gives picture {record} the unknown class {label}: download the batch again"
                ),
            );
        }
        record += 1;
    }
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
