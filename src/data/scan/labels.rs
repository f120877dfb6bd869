//! Whole numbers as labels, and the classes that they name.

use std::collections::BTreeMap;

/// Classes in the order of their numbers, and the label of every picture.
#[derive(Debug, PartialEq)]
pub(super) struct Labelled {
    pub classes: Vec<String>,
    pub labels: Vec<u32>,
}

/// Where nothing names them, numbers are their own names. A named class stays without a picture.
///
/// # Errors
/// What is wrong with the labels: below 0, or without a name where others have one, so that the names may be shifted.
pub(super) fn classes(numbers: &[i64], names: &BTreeMap<i64, String>) -> Result<Labelled, String> {
    if let Some(negative) = numbers.iter().find(|number| **number < 0) {
        return Err(format!(
            "holds the label {negative}: classes are numbered from 0"
        ));
    }
    if let (Some(nameless), Some(first), Some(last)) = (
        numbers.iter().find(|number| !names.contains_key(number)),
        names.keys().next(),
        names.keys().next_back(),
    ) {
        let (least, most) = (numbers.iter().min(), numbers.iter().max());
        let remedy = if least > Some(first) && most == Some(&(last + 1)) {
            "the labels seem to be counted from 1 and the names from 0, so subtract 1 from the labels"
        } else {
            "write a name for every number, or none at all"
        };
        return Err(format!(
            "holds the label {nameless}, but its class names are those of {first} to {last}: {remedy}"
        ));
    }
    let mut class_of: BTreeMap<i64, u32> = names.keys().map(|&number| (number, 0)).collect();
    class_of.extend(numbers.iter().map(|&number| (number, 0)));
    let mut classes = Vec::with_capacity(class_of.len());
    for (label, (&number, class)) in (0..).zip(&mut class_of) {
        *class = label;
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
            .map(|number| class_of.get(number).copied().unwrap_or_default())
            .collect(),
    })
}

/// Names of 0, 1, 2 …
pub(super) fn numbered<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<i64, String> {
    (0..).zip(names.into_iter().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_classes_in_their_order() {
        let found = classes(&[10, 2, 2, 9], &BTreeMap::new()).unwrap();
        assert_eq!(found.classes, ["2", "9", "10"]);
        assert_eq!(found.labels, [2, 0, 0, 1]);
        let names = numbered(["zero", "one"]);
        let found = classes(&[1], &names).unwrap();
        assert_eq!(found.classes, ["zero", "one"]);
        assert_eq!(found.labels, [1]);
        let error = classes(&[1, 5], &names).unwrap_err();
        assert!(
            error.contains("label 5") && error.contains("0 to 1"),
            "{error}"
        );
        let error = classes(&[1, 2], &names).unwrap_err();
        assert!(error.contains("subtract 1 from the labels"), "{error}");
        assert!(classes(&[3, -1], &names).unwrap_err().contains("label -1"));
    }
}
