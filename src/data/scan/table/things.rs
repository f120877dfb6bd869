//! Columns that tell which pictures are of one thing: a patient, a cell, a video.

use super::super::super::Remark;
use super::columns::Sheet;
use super::labels::{Missing, Spellings};
use super::rows::Part;
use crate::experiment::Column;

/// Fewer things are kinds of pictures rather than things.
const LEAST_THINGS: usize = 5;
/// Pictures of one thing on average, at least.
const LEAST_MEAN: f64 = 2.0;
/// Of the rows, the least share that must name a thing.
const LEAST_SHARE: f64 = 0.9;

/// What columns are called that hold what belongs together.
const THINGS: [&str; 30] = [
    "patient",
    "subject",
    "participant",
    "person",
    "donor",
    "case",
    "animal",
    "mouse",
    "rat",
    "plant",
    "tree",
    "cell",
    "well",
    "plate",
    "specimen",
    "sample",
    "slide",
    "scan",
    "study",
    "series",
    "lesion",
    "eye",
    "video",
    "clip",
    "sequence",
    "session",
    "recording",
    "scene",
    "group",
    "batch",
];

/// Whether a column of this name seems to hold what belongs together: `patient`, `patient_id`, `PatientID`.
pub fn names_a_thing(name: &str) -> bool {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let name = name.to_lowercase();
    let bare = ["ids", "id", "number", "no", "name", "code"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name);
    THINGS.iter().any(|thing| bare == *thing || name == *thing)
}

/// When a column of a table that the source does not split itself says that there are several pictures each of many
/// things, and nothing keeps these together.
pub fn remark(parts: &[Part<'_>]) -> Option<Remark> {
    let [part] = parts else {
        return None;
    };
    if part.split.is_some() || part.assigned.is_some() {
        return None;
    }
    let sheet = &part.sheet;
    let is_free = |column: &usize| {
        *column != part.path && Some(*column) != part.label && !part.one_hot.contains(column)
    };
    let (column, name, things, rows) = (0..sheet.width()).filter(is_free).find_map(|column| {
        let name = sheet.name(column).filter(|name| names_a_thing(name))?;
        let (things, rows) = things(sheet, column)?;
        Some((column, name, things, rows))
    })?;
    // A column of the classes' own numbers tells no things.
    let classes = part.label.map_or(part.one_hot.len(), |label| {
        Spellings::of(sheet.counts(label).into_keys()).distinct()
    });
    if things <= classes {
        return None;
    }
    let value = match sheet.column(column) {
        Column::Name(name) => format!("Column(Name({name:?}))"),
        Column::Index(index) => format!("Column(Index({index}))"),
    };
    let text = format!(
        "The column “{name}” names {things} things for {rows} pictures. If such a thing is one patient, cell or video, and its \
         pictures are used both for training and for validation or the test, the results are too good: keep them together with \
         “Group by: Column” in the Data panel, and choose “{name}”."
    );
    Some(Remark::warning(text).field(&format!("data.split.group={value}")))
}

/// How many things a column names, and in how many rows, if there are several rows of many of them. A thing that is
/// written in two ways (`0` and `0.0`) is one, as it is when its pictures are kept together.
fn things(sheet: &Sheet, column: usize) -> Option<(usize, usize)> {
    let mut counts = sheet.counts(column);
    let missing = Missing::of(&counts);
    counts.retain(|value, _| !missing.is_missing(value));
    let rows = counts.values().sum::<usize>();
    let things = Spellings::of_groups(counts.into_keys()).distinct();
    let is_likely = things >= LEAST_THINGS
        && rows as f64 >= LEAST_MEAN * things as f64
        && rows as f64 >= LEAST_SHARE * sheet.rows().len() as f64;
    is_likely.then_some((things, rows))
}
