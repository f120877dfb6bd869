//! Folds for cross-validation.

use std::collections::BTreeMap;

use super::random::{RandomSource, hash_text, mix};

/// The fold of every picture, 0 to `count - 1`, drawn from `seed`. Each class is spread evenly over all folds, as
/// scikit-learn's `StratifiedKFold` does, so that two folds differ by one picture of a class and one in all at most.
pub fn stratified(labels: &[u32], count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    RandomSource::new(mix(seed ^ hash_text("folds"))).shuffle(&mut order);
    // Stable: the draw decides within a class. Dealt out over all classes without a gap.
    order.sort_by_key(|&picture| labels[picture]);
    let mut folds = vec![0; labels.len()];
    for (index, picture) in order.into_iter().enumerate() {
        folds[picture] = index % count.max(1);
    }
    folds
}

/// [`stratified`], with the pictures of a group in one fold, as scikit-learn's `StratifiedGroupKFold` does: the largest
/// groups first, each to the fold where it leaves the classes most even. A picture without a group is one of its own.
pub fn grouped(labels: &[u32], groups: &[Option<&str>], count: usize, seed: u64) -> Vec<usize> {
    if groups.iter().all(Option::is_none) {
        return stratified(labels, count, seed);
    }
    let count = count.max(1);
    let mut named: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for picture in 0..labels.len() {
        match groups.get(picture).copied().flatten() {
            Some(group) => named.entry(group).or_default().push(picture),
            None => members.push(vec![picture]),
        }
    }
    members.extend(named.into_values());
    RandomSource::new(mix(seed ^ hash_text("folds"))).shuffle(&mut members);
    // Stable: the draw decides among groups of one size.
    members.sort_by_key(|members| std::cmp::Reverse(members.len()));
    let classes = labels.iter().max().map_or(0, |label| *label as usize + 1);
    let mut totals = vec![0.0; classes];
    for label in labels {
        totals[*label as usize] += 1.0;
    }
    // Pictures of each class in each fold, and in all.
    let mut have = vec![vec![0.0; classes]; count];
    let mut sizes = vec![0.0; count];
    let mut folds = vec![0; labels.len()];
    for members in members {
        let mut own: BTreeMap<usize, f64> = BTreeMap::new();
        for &picture in &members {
            *own.entry(labels[picture] as usize).or_default() += 1.0;
        }
        let size = members.len() as f64;
        // What it adds to the squares of the classes' numbers, which are least when these are even.
        let cost = |fold: usize| {
            let of_classes: f64 = own
                .iter()
                .map(|(&class, &count)| count * (2.0 * have[fold][class] + count) / totals[class])
                .sum();
            of_classes + size * (2.0 * sizes[fold] + size) / labels.len() as f64
        };
        let best = (0..count)
            .min_by(|&a, &b| cost(a).total_cmp(&cost(b)))
            .unwrap_or(0);
        for (class, count) in own {
            have[best][class] += count;
        }
        sizes[best] += size;
        for picture in members {
            folds[picture] = best;
        }
    }
    folds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_class_is_spread_evenly(labels in prop::collection::vec(0u32..4, 1..200), count in 2usize..8, seed: u64) {
            let folds = stratified(&labels, count, seed);
            prop_assert_eq!(&folds, &stratified(&labels, count, seed));
            let spread = |class: Option<u32>| {
                let sizes: Vec<usize> = (0..count)
                    .map(|fold| {
                        let is_in = |(label, other): (&u32, &usize)| {
                            *other == fold && class.is_none_or(|class| class == *label)
                        };
                        labels.iter().zip(&folds).filter(|&pair| is_in(pair)).count()
                    })
                    .collect();
                sizes.iter().max().copied().unwrap_or(0) - sizes.iter().min().copied().unwrap_or(0)
            };
            prop_assert!(spread(None) <= 1);
            for class in 0..4 {
                prop_assert!(spread(Some(class)) <= 1);
            }
        }
    }

    proptest! {
        #[test]
        fn a_group_stands_in_one_fold(
            pictures in prop::collection::vec((0u32..4, prop::option::of(0u8..20)), 1..200),
            count in 2usize..8,
            seed: u64,
        ) {
            let labels: Vec<u32> = pictures.iter().map(|picture| picture.0).collect();
            let names: Vec<Option<String>> = pictures.iter().map(|picture| picture.1.map(|group| group.to_string())).collect();
            let groups: Vec<Option<&str>> = names.iter().map(Option::as_deref).collect();
            let folds = grouped(&labels, &groups, count, seed);
            prop_assert_eq!(&folds, &grouped(&labels, &groups, count, seed));
            prop_assert!(folds.iter().all(|fold| *fold < count));
            let mut of_group = std::collections::HashMap::new();
            for (group, fold) in groups.iter().zip(&folds) {
                if let Some(group) = group {
                    prop_assert_eq!(of_group.entry(*group).or_insert(*fold), fold);
                }
            }
            // As many things as folds, of one picture each, are dealt out evenly.
            let none = vec![None; labels.len()];
            prop_assert_eq!(grouped(&labels, &none, count, seed), stratified(&labels, count, seed));
        }
    }

    proptest! {
        /// Of one class, two folds differ by the largest group at most.
        #[test]
        fn folds_are_as_even_as_the_largest_group_allows(
            sizes in prop::collection::vec(1usize..12, 8..40),
            count in 2usize..8,
            seed: u64,
        ) {
            let names: Vec<String> = sizes
                .iter()
                .enumerate()
                .flat_map(|(group, &size)| vec![group.to_string(); size])
                .collect();
            let groups: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
            let folds = grouped(&vec![0; names.len()], &groups, count, seed);
            let of = |fold: usize| folds.iter().filter(|other| **other == fold).count();
            let (most, least) = ((0..count).map(of).max().unwrap(), (0..count).map(of).min().unwrap());
            prop_assert!(most - least <= *sizes.iter().max().unwrap());
        }
    }

    #[test]
    fn folds_of_equal_groups_are_even() {
        let labels: Vec<u32> = (0..120).map(|picture| picture / 60).collect();
        let names: Vec<String> = (0..120).map(|picture| (picture / 4).to_string()).collect();
        let groups: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let folds = grouped(&labels, &groups, 5, 3);
        for fold in 0..5 {
            for class in 0..2 {
                let count = (0..120)
                    .filter(|&picture| folds[picture] == fold && labels[picture] == class)
                    .count();
                assert_eq!(count, 12);
            }
        }
    }

    #[test]
    fn another_seed_draws_other_folds() {
        let labels = vec![0; 60];
        assert_ne!(stratified(&labels, 5, 1), stratified(&labels, 5, 2));
    }
}
