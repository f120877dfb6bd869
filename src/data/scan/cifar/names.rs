//! What the classes are called.

use std::path::{Path, PathBuf};

use super::Set;
use super::python::{texts, with_pickle};
use crate::experiment::CifarLabels;
use crate::ordinary_file::{self, Links};

const TEN: [&str; 10] = [
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

fn count(set: Set) -> usize {
    match set {
        Set::Ten => 10,
        Set::Hundred(CifarLabels::Fine) => 100,
        Set::Hundred(CifarLabels::Coarse) => 20,
    }
}

/// Where no file names them: CIFAR-100's by number.
fn otherwise(set: Set) -> Vec<String> {
    match set {
        Set::Ten => TEN.map(str::to_owned).to_vec(),
        Set::Hundred(_) => (0..count(set)).map(|number| number.to_string()).collect(),
    }
}

/// As the text file beside the batches says.
pub(super) fn beside_binary(folder: &Path, set: Set) -> Vec<String> {
    let file = match set {
        Set::Ten => "batches.meta.txt",
        Set::Hundred(CifarLabels::Fine) => "fine_label_names.txt",
        Set::Hundred(CifarLabels::Coarse) => "coarse_label_names.txt",
    };
    let named: Vec<String> =
        ordinary_file::read_to_string(&folder.join(file), 100_000, Links::Followed)
            .map(|text| {
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
    if named.len() == count(set) {
        named
    } else {
        otherwise(set)
    }
}

/// As the pickle beside the batches says.
///
/// # Errors
/// When it is there and can't be read, with its path.
pub(super) fn beside_python(folder: &Path, set: Set) -> Result<Vec<String>, (PathBuf, String)> {
    let (file, key) = match set {
        Set::Ten => ("batches.meta", "label_names"),
        Set::Hundred(CifarLabels::Fine) => ("meta", "fine_label_names"),
        Set::Hundred(CifarLabels::Coarse) => ("meta", "coarse_label_names"),
    };
    let path = folder.join(file);
    if !path.exists() {
        return Ok(otherwise(set));
    }
    let named = with_pickle(&path, |pickle, bytes| Ok(texts(pickle, bytes, key)))
        .map_err(|reason| (path, reason))?;
    Ok(named
        .filter(|names| names.len() == count(set))
        .unwrap_or_else(|| otherwise(set)))
}
