//! Folds for cross-validation.

use super::random::{Draw, hash_text, mix};

/// The fold of every picture, 0 to `count - 1`, drawn from `seed`. Each class is spread evenly over all folds, as
/// scikit-learn's `StratifiedKFold` does, so that two folds differ by one picture of a class and one in all at most.
pub fn stratified(labels: &[u32], count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    Draw::new(mix(seed ^ hash_text("folds"))).shuffle(&mut order);
    // Stable: the draw decides within a class. Dealt out over all classes without a gap.
    order.sort_by_key(|&picture| labels[picture]);
    let mut folds = vec![0; labels.len()];
    for (place, picture) in order.into_iter().enumerate() {
        folds[picture] = place % count.max(1);
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

    #[test]
    fn another_seed_draws_other_folds() {
        let labels = vec![0; 60];
        assert_ne!(stratified(&labels, 5, 1), stratified(&labels, 5, 2));
    }
}
