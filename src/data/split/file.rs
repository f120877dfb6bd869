//! `split.csv`: one line per picture of a split, with file, class and split.

use std::collections::HashMap;

use super::super::{DataError, Dataset, Split, SplitIndices};
use crate::spreadsheet::{guarded, unguarded};

const HEADER: [&str; 3] = ["file", "class", "split"];

/// The text of `split.csv`, in the order of the data set's pictures.
pub fn to_csv(dataset: &Dataset, split: &SplitIndices) -> Result<String, DataError> {
    let mut lines: Vec<(usize, Split)> = Vec::new();
    for (indices, part) in [
        (&split.train, Split::Train),
        (&split.validation, Split::Validation),
        (&split.test, Split::Test),
    ] {
        lines.extend(indices.iter().map(|&index| (index, part)));
    }
    lines.sort_unstable();
    let unwritable = |error: &dyn std::fmt::Display| {
        DataError::Split(format!("the split can't be written: {error}"))
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(HEADER)
        .map_err(|error| unwritable(&error))?;
    for (index, part) in lines {
        let picture = &dataset.pictures[index];
        let class = &dataset.classes[picture.label as usize];
        writer
            .write_record([&*guarded(&picture.name), &guarded(class), part.name()])
            .map_err(|error| unwritable(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| unwritable(&error))?;
    String::from_utf8(bytes).map_err(|error| unwritable(&error))
}

/// The split that `text` names, for the same pictures.
///
/// # Errors
/// [`DataError::Split`] when a line can't be read, or names a picture or class that the data set
/// does not have.
pub fn from_csv(text: &str, dataset: &Dataset) -> Result<SplitIndices, DataError> {
    let by_name: HashMap<&str, usize> = dataset
        .pictures
        .iter()
        .enumerate()
        .map(|(index, picture)| (picture.name.as_str(), index))
        .collect();
    let mut split = SplitIndices::default();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record
            .map_err(|error| DataError::Split(format!("the split can't be read: {error}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let (Some(file), Some(class), Some(part)) = (record.get(0), record.get(1), record.get(2))
        else {
            return Err(DataError::Split(format!(
                "line {line} of the split must hold file, class and split"
            )));
        };
        let (file, class) = (unguarded(file), unguarded(class));
        let Some(&index) = by_name.get(file) else {
            return Err(DataError::Split(format!(
                "the split names a picture that is not there any more: {file}"
            )));
        };
        if dataset.classes[dataset.pictures[index].label as usize] != class {
            return Err(DataError::Split(format!(
                "the split has another class, {class}, for {file}"
            )));
        }
        match Split::from_name(part) {
            Some(Split::Train) => split.train.push(index),
            Some(Split::Validation) => split.validation.push(index),
            Some(Split::Test) => split.test.push(index),
            None => {
                return Err(DataError::Split(format!(
                    "line {line} of the split says {part}; allowed are train, validation and test"
                )));
            }
        }
    }
    for indices in [&mut split.train, &mut split.validation, &mut split.test] {
        indices.sort_unstable();
    }
    Ok(split)
}
