//! Which pictures are right or wrong together: those of one patient, cell or video.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::data::Picture;

/// The group of each picture, by the picture's name. Nothing where pictures have no groups; a picture without one is its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups(Option<Arc<HashMap<String, Arc<str>>>>);

impl Groups {
    /// From names of pictures and of their groups.
    pub fn new(named: impl IntoIterator<Item = (String, Arc<str>)>) -> Self {
        let named: HashMap<String, Arc<str>> = named.into_iter().collect();
        Self((!named.is_empty()).then(|| Arc::new(named)))
    }

    /// As the data set has them.
    pub fn of_pictures<'a>(pictures: impl IntoIterator<Item = &'a Picture>) -> Self {
        Self::new(
            (pictures.into_iter())
                .filter_map(|picture| Some((picture.name.clone(), picture.group.clone()?))),
        )
    }

    /// Whether no picture has a group.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The group of the picture called `file`.
    pub fn of(&self, file: &str) -> Option<&str> {
        self.0.as_ref()?.get(file).map(AsRef::as_ref)
    }

    /// Each picture's group as a number, counted from 0: first the pictures without a group, in their order, then the
    /// groups by name. Nothing where none of these pictures has a group.
    pub fn numbers<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Option<Vec<u32>> {
        let groups: Vec<Option<&str>> = files.into_iter().map(|file| self.of(file)).collect();
        if groups.iter().all(Option::is_none) {
            return None;
        }
        let alone = groups.iter().filter(|group| group.is_none()).count() as u32;
        let mut named: BTreeMap<&str, u32> =
            groups.iter().flatten().map(|name| (*name, 0)).collect();
        for (number, of_name) in (alone..).zip(named.values_mut()) {
            *of_name = number;
        }
        let mut next_alone = 0..alone;
        let number = |group: Option<&str>| match group {
            Some(name) => named.get(name).copied(),
            None => next_alone.next(),
        };
        groups.into_iter().map(number).collect()
    }
}

/// How many groups there are, of [`Groups::numbers`].
pub fn count(numbers: &[u32]) -> usize {
    numbers.iter().max().map_or(0, |last| *last as usize + 1)
}

/// The pictures of each group, by their places.
pub(super) fn members(numbers: &[u32]) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); count(numbers)];
    for (place, number) in numbers.iter().enumerate() {
        members[*number as usize].push(place as u32);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_without_a_group_are_each_their_own() {
        let groups = Groups::new([
            ("b".into(), "q".into()),
            ("c".into(), "p".into()),
            ("e".into(), "q".into()),
        ]);
        let numbers = groups.numbers(["a", "b", "c", "d", "e"]).unwrap();
        assert_eq!(numbers, [0, 3, 2, 1, 3]);
        assert_eq!(members(&numbers), [vec![0], vec![3], vec![2], vec![1, 4]]);
        assert_eq!(groups.numbers(["a", "d"]), None);
        assert!(Groups::new([]).is_empty());
    }
}
