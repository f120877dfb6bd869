//! Pictures that the experiment leaves out.

use std::collections::HashSet;

use super::super::{Dataset, Excluded, Problem};

/// Takes the pictures called `names` out of the data set, and lists each as passed over; so are names
/// that no usable picture has.
pub(super) fn leave_out(mut dataset: Dataset, names: &[String]) -> Dataset {
    if names.is_empty() {
        return dataset;
    }
    let mut wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
    let pictures = std::mem::take(&mut dataset.pictures);
    for picture in pictures {
        if wanted.remove(picture.name.as_str()) {
            dataset.problems.push(Problem {
                path: picture.source.path().to_path_buf(),
                reason: format!(
                    "left out by the experiment, which excludes {}",
                    picture.name
                ),
            });
            dataset.excluded.push(Excluded {
                picture,
                before: dataset.pictures.len(),
            });
        } else {
            dataset.pictures.push(picture);
        }
    }
    // In the order of the list, each once.
    for name in names {
        if wanted.remove(name.as_str()) {
            dataset.problems.push(Problem {
                path: name.into(),
                reason: "the experiment excludes it, but there is no usable picture of this name: take it off the list"
                    .into(),
            });
        }
    }
    dataset
}
