//! Pictures that a person keeps together, beside what tells groups: those that look alike, as a rule.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::disjoint::DisjointSets;
use super::super::{Dataset, Picture, Remark};
use super::shortened;

/// Gives all pictures of each of `sets`, by their names, one group: with them goes whoever had a group with one of them.
pub(super) fn unite(mut dataset: Dataset, sets: &[Vec<String>]) -> Dataset {
    if sets.is_empty() {
        return dataset;
    }
    let Dataset {
        pictures, excluded, ..
    } = &mut dataset;
    // Those that are left out keep the others in the part of the split where they were.
    let excluded = excluded.iter_mut().map(|excluded| &mut excluded.picture);
    let mut all: Vec<&mut Picture> = pictures.iter_mut().chain(excluded).collect();
    let places: HashMap<&str, usize> = (all.iter().enumerate())
        .map(|(place, picture)| (picture.name.as_str(), place))
        .collect();
    let mut missing = Vec::new();
    let mut joined = DisjointSets::new(all.len());
    let mut named = Vec::new();
    for set in sets {
        let mut first = None;
        for name in set {
            match places.get(name.as_str()) {
                Some(&place) => {
                    joined.join(*first.get_or_insert(place), place);
                    named.push(place);
                }
                None => missing.push(name.clone()),
            }
        }
    }
    let mut of_group: HashMap<Arc<str>, usize> = HashMap::new();
    for (place, picture) in all.iter().enumerate() {
        if let Some(group) = &picture.group {
            let first = *of_group.entry(group.clone()).or_insert(place);
            joined.join(first, place);
        }
    }
    // What they are called: as the first that has a group, else as the first picture.
    let mut names: HashMap<usize, Arc<str>> = HashMap::new();
    for place in &named {
        names
            .entry(joined.first(*place))
            .or_insert_with(|| Arc::from(""));
    }
    for (place, picture) in all.iter().enumerate() {
        if let (Some(name), Some(group)) = (names.get_mut(&joined.first(place)), &picture.group)
            && name.is_empty()
        {
            *name = group.clone();
        }
    }
    for (place, picture) in all.iter_mut().enumerate() {
        if let Some(name) = names.get_mut(&joined.first(place)) {
            if name.is_empty() {
                *name = Arc::from(picture.name.as_str());
            }
            picture.group = Some(name.clone());
        }
    }
    if !missing.is_empty() {
        dataset.remarks.push(
            Remark::warning(format!(
                "{} of the pictures that are kept together {} not there: {}.",
                missing.len(),
                if missing.len() == 1 { "is" } else { "are" },
                shortened(&missing, 5)
            ))
            .field("data.split.together"),
        );
    }
    dataset
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PictureSource;

    #[test]
    fn sets_join_groups_and_pictures_without_one() {
        let picture = |name: &str, group: Option<&str>| Picture {
            source: PictureSource::File(name.into()),
            name: name.into(),
            label: 0,
            size: (8, 8),
            split: None,
            group: group.map(Arc::from),
        };
        let dataset = Dataset {
            classes: vec!["cat".into()],
            pictures: vec![
                picture("a", None),
                picture("b", Some("p1")),
                picture("c", Some("p2")),
                picture("d", Some("p1")),
                picture("e", None),
                picture("f", None),
                picture("g", None),
            ],
            ..Dataset::default()
        };
        let sets = [
            vec!["e".into(), "c".into(), "d".into()],
            vec!["g".into(), "a".into(), "gone".into()],
        ];
        let united = unite(dataset.clone(), &sets);
        let groups: Vec<Option<&str>> = (united.pictures.iter())
            .map(|picture| picture.group.as_deref())
            .collect();
        assert_eq!(
            groups,
            [
                Some("a"),
                Some("p1"),
                Some("p1"),
                Some("p1"),
                Some("p1"),
                None,
                Some("a")
            ]
        );
        assert_eq!(
            united.remarks[0].text,
            "1 of the pictures that are kept together is not there: gone."
        );
        assert_eq!(unite(dataset.clone(), &[]), dataset);
    }
}
