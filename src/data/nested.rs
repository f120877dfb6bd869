//! Ever larger parts of some pictures, each holding the smaller ones.

use std::collections::BTreeMap;

use super::random::{RandomSource, hash_text, mix};

/// Pictures in an order of which every beginning holds the classes in about their shares, and no group in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedOrder {
    order: Vec<usize>,
    /// How many pictures the beginnings have that tear no group, ascending.
    ends: Vec<usize>,
}

impl NestedOrder {
    /// Drawn from `seed`. `groups`: of each picture; one without a group is a group of its own.
    pub fn new(labels: &[u32], groups: &[Option<&str>], seed: u64) -> Self {
        let mut named: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut units: Vec<Vec<usize>> = Vec::new();
        for picture in 0..labels.len() {
            match groups.get(picture).copied().flatten() {
                Some(group) => named.entry(group).or_default().push(picture),
                None => units.push(vec![picture]),
            }
        }
        units.extend(named.into_values());
        RandomSource::new(mix(seed ^ hash_text("nested"))).shuffle(&mut units);
        // A group counts as its commonest class. Within a class, units stand at even distances from 0 to 1.
        let classes: Vec<u32> = units.iter().map(|unit| commonest(unit, labels)).collect();
        let mut totals: BTreeMap<u32, usize> = BTreeMap::new();
        for (unit, class) in units.iter().zip(&classes) {
            *totals.entry(*class).or_default() += unit.len();
        }
        let mut before: BTreeMap<u32, usize> = BTreeMap::new();
        let mut placed: Vec<(f64, Vec<usize>)> = Vec::new();
        for (unit, class) in units.into_iter().zip(classes) {
            let size = unit.len();
            let before = before.entry(class).or_default();
            let total = totals.get(&class).copied().unwrap_or(1);
            placed.push(((*before as f64 + size as f64 / 2.0) / total as f64, unit));
            *before += size;
        }
        // Stable: the draw decides among equal places.
        placed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let mut order = Vec::with_capacity(labels.len());
        let mut ends = Vec::with_capacity(placed.len());
        for (_, unit) in placed {
            order.extend(unit);
            ends.push(order.len());
        }
        Self { order, ends }
    }

    /// The first pictures: `count` of them, or a few more where a group would be torn.
    pub fn beginning(&self, count: usize) -> &[usize] {
        let end = self.ends.partition_point(|&end| end < count);
        let end = self.ends.get(end).copied().unwrap_or(self.order.len());
        &self.order[..end]
    }
}

/// The label that most of these pictures have; the lower one of equally many.
fn commonest(unit: &[usize], labels: &[u32]) -> u32 {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for &picture in unit {
        *counts.entry(labels[picture]).or_default() += 1;
    }
    let best = counts
        .into_iter()
        .max_by_key(|&(label, count)| (count, std::cmp::Reverse(label)));
    best.map_or(0, |(label, _)| label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn beginnings_hold_each_other_and_the_classes_in_their_shares(
            labels in prop::collection::vec(0u32..4, 1..200),
            seed: u64,
        ) {
            let none = vec![None; labels.len()];
            let order = NestedOrder::new(&labels, &none, seed);
            prop_assert_eq!(&order, &NestedOrder::new(&labels, &none, seed));
            let mut all = order.beginning(labels.len()).to_vec();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
            for count in 1..=labels.len() {
                let some = order.beginning(count);
                prop_assert_eq!(some.len(), count);
                let share = count as f64 / labels.len() as f64;
                for class in 0..4 {
                    let of = |pictures: &[usize]| {
                        pictures.iter().filter(|&&picture| labels[picture] == class).count() as f64
                    };
                    let expected = share * labels.iter().filter(|&&label| label == class).count() as f64;
                    prop_assert!((of(some) - expected).abs() <= 2.0, "class {} of {}", class, count);
                }
            }
        }

        #[test]
        fn no_group_is_torn(
            pictures in prop::collection::vec((0u32..3, prop::option::of(0u8..15)), 1..120),
            count in 0usize..130,
            seed: u64,
        ) {
            let labels: Vec<u32> = pictures.iter().map(|picture| picture.0).collect();
            let names: Vec<Option<String>> = pictures.iter().map(|picture| picture.1.map(|group| group.to_string())).collect();
            let groups: Vec<Option<&str>> = names.iter().map(Option::as_deref).collect();
            let order = NestedOrder::new(&labels, &groups, seed);
            let some = order.beginning(count);
            prop_assert!(some.len() >= count.min(labels.len()));
            for (picture, group) in groups.iter().enumerate() {
                let is_in = |picture: &usize| some.contains(picture);
                if let Some(group) = group {
                    let mut of_group = (0..labels.len()).filter(|other| groups[*other] == Some(*group));
                    let first = of_group.next().unwrap_or(picture);
                    prop_assert_eq!(is_in(&first), is_in(&picture));
                }
            }
        }
    }

    #[test]
    fn another_seed_draws_others() {
        let labels = vec![0; 60];
        let none = vec![None; 60];
        let first = |seed| {
            NestedOrder::new(&labels, &none, seed)
                .beginning(30)
                .to_vec()
        };
        assert_ne!(first(1), first(2));
    }
}
