//! Which classes a scan keeps.

use std::path::{Path, PathBuf};

use super::super::{DataError, Dataset, Problem};
use super::names::spelling;
use super::{FoundPictures, shortened, source_error};
use crate::experiment::Threshold;

/// Names of classes in a message.
const SHOWN: usize = 20;

/// Keeps the classes that `wanted` names, in its order; all when it is empty.
pub(super) fn choose(
    mut found: FoundPictures,
    wanted: &[String],
) -> Result<FoundPictures, DataError> {
    if wanted.is_empty() {
        return Ok(found);
    }
    // A preset may have been written where accents are stored otherwise.
    for class in wanted {
        if !found.classes.contains(class) {
            let same =
                |name: &&mut String| spelling(name) == spelling(class) && !wanted.contains(name);
            if let Some(name) = found.classes.iter_mut().find(same) {
                name.clone_from(class);
            }
        }
    }
    let unknown: Vec<&str> = wanted
        .iter()
        .filter(|class| !found.classes.contains(class))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        return Err(source_error(
            &found.root,
            format!(
                "there is no class {}; there are {}",
                unknown.join(", "),
                shortened(&found.classes, SHOWN)
            ),
        ));
    }
    let mut classes: Vec<String> = Vec::new();
    for class in wanted {
        if !classes.contains(class) {
            classes.push(class.clone());
        }
    }
    let new_labels: Vec<Option<u32>> = found
        .classes
        .iter()
        .map(|class| {
            classes
                .iter()
                .position(|wanted| wanted == class)
                .map(|at| at as u32)
        })
        .collect();
    found
        .candidates
        .retain_mut(|candidate| match new_labels[candidate.label as usize] {
            Some(label) => {
                candidate.label = label;
                true
            }
            None => false,
        });
    found.classes = classes;
    Ok(found)
}

/// Leaves out classes without a usable picture, as problems (errors when the person asked for them),
/// and refuses fewer than two.
pub(super) fn drop_empty(
    mut dataset: Dataset,
    root: &Path,
    path_of: impl Fn(&str) -> PathBuf,
    asked_for: bool,
    threshold: Option<&Threshold>,
) -> Result<Dataset, DataError> {
    let mut counts = vec![0usize; dataset.classes.len()];
    for picture in &dataset.pictures {
        counts[picture.label as usize] += 1;
    }
    let empty: Vec<String> = dataset
        .classes
        .iter()
        .zip(&counts)
        .filter(|&(_, &count)| count == 0)
        .map(|(class, _)| class.clone())
        .collect();
    if asked_for && !empty.is_empty() {
        return Err(source_error(
            root,
            format!(
                "there is no usable picture of {}: add some, or leave the class out",
                shortened(&empty, SHOWN)
            ),
        ));
    }
    for class in &empty {
        dataset.problems.push(Problem {
            path: path_of(class),
            reason: "the class holds no usable picture and is left out: add pictures to it".into(),
        });
    }
    let mut new_labels = Vec::with_capacity(counts.len());
    let mut kept = 0;
    for &count in &counts {
        new_labels.push(kept);
        kept += u32::from(count > 0);
    }
    dataset
        .excluded
        .retain(|excluded| counts[excluded.picture.label as usize] > 0);
    let excluded = dataset.excluded.iter_mut();
    for picture in dataset
        .pictures
        .iter_mut()
        .chain(excluded.map(|excluded| &mut excluded.picture))
    {
        picture.label = new_labels[picture.label as usize];
    }
    dataset.classes.retain(|class| !empty.contains(class));
    match dataset.classes.as_slice() {
        [] => Err(source_error(root, no_pictures(&dataset.problems))),
        [only] => {
            let other_threshold = threshold.map(|threshold| {
                format!(
                    "change the threshold, {}, so that there are numbers on both sides of it, or ",
                    threshold.at_least
                )
            });
            Err(source_error(
                root,
                format!(
                    "only one class, {only}, holds usable pictures; training needs at least two: {}add pictures of another class",
                    other_threshold.unwrap_or_default()
                ),
            ))
        }
        _ => Ok(dataset),
    }
}

fn no_pictures(problems: &[Problem]) -> String {
    let advice = "put JPEG, PNG, GIF, BMP, TIFF or WebP pictures there, those of each class in a folder of their own";
    match problems.first() {
        None => format!("there is no picture here: {advice}"),
        Some(first) => {
            let name = first.path.file_name().unwrap_or_default().to_string_lossy();
            let text = format!(
                "no picture here can be used ({name} {}; {} such problems)",
                first.reason,
                problems.len()
            );
            // Most reasons say themselves what to do.
            if first.reason.contains(": ") {
                text
            } else {
                format!("{text}: {advice}")
            }
        }
    }
}
