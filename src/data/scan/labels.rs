//! Whole numbers as labels, and the classes that they name.

use std::collections::BTreeMap;

/// Classes in the order of their numbers, and the label of every picture.
#[derive(Debug, PartialEq)]
pub(super) struct Labelled {
    pub classes: Vec<String>,
    pub labels: Vec<u32>,
}

/// A number that `names` does not have is its own name. A named class stays without a picture.
///
/// # Errors
/// What is wrong with the labels.
pub(super) fn classes(numbers: &[i64], names: &BTreeMap<i64, String>) -> Result<Labelled, String> {
    if let Some(negative) = numbers.iter().find(|number| **number < 0) {
        return Err(format!(
            "holds the label {negative}: classes are numbered from 0"
        ));
    }
    let mut places: BTreeMap<i64, u32> = names.keys().map(|&number| (number, 0)).collect();
    places.extend(numbers.iter().map(|&number| (number, 0)));
    let mut classes = Vec::with_capacity(places.len());
    for (label, (&number, place)) in (0..).zip(&mut places) {
        *place = label;
        classes.push(
            names
                .get(&number)
                .cloned()
                .unwrap_or_else(|| number.to_string()),
        );
    }
    Ok(Labelled {
        classes,
        labels: numbers
            .iter()
            .map(|number| places.get(number).copied().unwrap_or_default())
            .collect(),
    })
}

/// Names of 0, 1, 2 …
pub(super) fn numbered<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<i64, String> {
    (0..).zip(names.into_iter().map(str::to_owned)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_classes_in_their_order() {
        let found = classes(&[10, 2, 2, 9], &BTreeMap::new()).unwrap();
        assert_eq!(found.classes, ["2", "9", "10"]);
        assert_eq!(found.labels, [2, 0, 0, 1]);
        let names = numbered(["zero", "one"]);
        let found = classes(&[1, 5], &names).unwrap();
        assert_eq!(found.classes, ["zero", "one", "5"]);
        assert_eq!(found.labels, [1, 2]);
        assert!(classes(&[3, -1], &names).unwrap_err().contains("label -1"));
    }
}
