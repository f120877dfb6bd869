//! The Python version: pickles of a dictionary with an array of pictures and a list of labels. Written by Python 2
//! in the publisher's files, by Python 3 in copies; read as data, nothing in them runs.

use std::io::Read;
use std::path::Path;

use super::super::super::decode::read_file;
use super::super::super::records::{Packing, RecordFile};
use super::super::FoundPictures;
use super::{PICTURE_BYTES, Set, add, layout};
use crate::experiment::CifarLabels;
use crate::ordinary_file::{self, Links};
use crate::pickle::numpy::{Array, Span, Writing};
use crate::pickle::{self, Pickle, Value};

/// The first byte of a pickle of protocol 2 and later.
const PROTOCOL: u8 = 0x80;

/// Whether an ordinary file begins as pickles do.
pub(super) fn is_pickle(file: &Path) -> bool {
    let mut first = [0];
    file.is_file()
        && ordinary_file::open(file, Links::Followed)
            .and_then(|mut file| file.read_exact(&mut first))
            .is_ok_and(|()| first == [PROTOCOL])
}

/// Reads a pickle and gives it to `use_it` with its bytes.
pub(super) fn with_pickle<T>(
    file: &Path,
    use_it: impl FnOnce(&Pickle, &[u8]) -> Result<T, String>,
) -> Result<T, String> {
    let bytes = read_file(file)?;
    pickle::read_arrays(&bytes)
        .and_then(|pickle| use_it(&pickle, &bytes))
        .map_err(|reason| format!("is no file of CIFAR's Python version: {reason}"))
}

/// Adds a file's pictures.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn read(file: &Path, set: Set, found: &mut FoundPictures) -> Result<(), String> {
    let key = match set {
        Set::Ten => "labels",
        Set::Hundred(CifarLabels::Fine) => "fine_labels",
        Set::Hundred(CifarLabels::Coarse) => "coarse_labels",
    };
    let classes = found.classes.len();
    let (records, labels) = with_pickle(file, |pickle, bytes| {
        let Some(Value::Array(data)) = pickle.entry(bytes, "data") else {
            return Err("it has no array called data".into());
        };
        let (span, count) = pictures(data)?;
        let labels = numbers(pickle, bytes, key)?;
        if labels.len() != count {
            return Err(format!(
                "it has {count} pictures and {} labels",
                labels.len()
            ));
        }
        let labels: Vec<u32> = labels
            .into_iter()
            .map(|label| {
                u32::try_from(label)
                    .ok()
                    .filter(|label| (*label as usize) < classes)
                    .ok_or_else(|| format!("it has the unknown class {label}"))
            })
            .collect::<Result<_, _>>()?;
        let (start, length) = (span.start as u64, (span.end - span.start) as u64);
        let (packing, start) = match span.writing {
            Writing::Bytes => (Packing::Plain, start),
            Writing::Latin1 => (Packing::Latin1 { start, length }, 0),
            Writing::Text => return Err("its pictures are text".into()),
        };
        let layout = layout(start, PICTURE_BYTES, count);
        Ok((RecordFile::new(file.to_path_buf(), packing, layout), labels))
    })?;
    add(found, records, (0..).zip(labels));
    Ok(())
}

/// Where the pictures' bytes are, and how many pictures there are.
fn pictures(data: &Array) -> Result<(Span, usize), String> {
    let is_bytes = data
        .dtype
        .is_some_and(|dtype| dtype.kind == b'u' && dtype.bytes == 1);
    let (&[count, row], Some(span), true, false) =
        (data.shape.as_slice(), data.data, is_bytes, data.by_columns)
    else {
        return Err("its array called data is not of rows of bytes".into());
    };
    if row != PICTURE_BYTES as u64 {
        return Err(format!(
            "its pictures have {row} bytes instead of {PICTURE_BYTES}"
        ));
    }
    let count = usize::try_from(count).map_err(|_| "its array is larger than the file")?;
    let length = count
        .checked_mul(PICTURE_BYTES)
        .ok_or("its array is larger than the file")?;
    let written = span.end - span.start;
    let fits = match span.writing {
        // One or two bytes each; how many exactly is seen when they are unpacked.
        Writing::Latin1 => (length..=length.saturating_mul(2)).contains(&written),
        Writing::Bytes | Writing::Text => written == length,
    };
    if !fits {
        return Err("its array is cut off".into());
    }
    Ok((span, count))
}

/// A list or an array of whole numbers.
fn numbers(pickle: &Pickle, bytes: &[u8], key: &str) -> Result<Vec<i128>, String> {
    let no_number = || format!("not all of its {key} are whole numbers");
    match pickle.entry(bytes, key) {
        Some(Value::List(items) | Value::Tuple(items)) => items
            .iter()
            .map(|id| match pickle.value(*id) {
                Value::Int(number) => Ok(*number),
                _ => Err(no_number()),
            })
            .collect(),
        Some(Value::Array(array)) => {
            let (Some(dtype), Some(span), [count]) =
                (array.dtype, array.data, array.shape.as_slice())
            else {
                return Err(no_number());
            };
            let data = span.bytes(bytes)?;
            let all = u64::try_from(dtype.bytes)
                .ok()
                .and_then(|size| size.checked_mul(*count));
            if dtype.bytes == 0 || all != Some(data.len() as u64) {
                return Err(format!("its {key} are cut off"));
            }
            data.chunks_exact(dtype.bytes)
                .map(|number| dtype.integer(number).ok_or_else(no_number))
                .collect()
        }
        _ => Err(format!("it has no {key}")),
    }
}

/// A list of texts.
pub(super) fn texts(pickle: &Pickle, bytes: &[u8], key: &str) -> Option<Vec<String>> {
    let Some(Value::List(items) | Value::Tuple(items)) = pickle.entry(bytes, key) else {
        return None;
    };
    items
        .iter()
        .map(|id| pickle.text(bytes, *id).map(str::to_owned))
        .collect()
}
