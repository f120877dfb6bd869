use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::super::{Excluded, PictureSource};
use super::super::{remarks, split};
use super::*;
use crate::data::SplitIndices;
use crate::experiment::Experiment;

/// Pictures of these labels, groups and parts, called by their number.
pub(in super::super) fn dataset(
    classes: usize,
    pictures: &[(u32, Option<u8>, Option<Split>)],
) -> Dataset {
    Dataset {
        classes: (0..classes).map(|class| format!("class {class}")).collect(),
        pictures: pictures
            .iter()
            .enumerate()
            .map(|(index, &(label, group, split))| Picture {
                source: PictureSource::File(format!("{index}.png").into()),
                name: format!("{index}.png"),
                label,
                size: (1, 1),
                split,
                group: group.map(|group| Arc::from(format!("g{group}"))),
            })
            .collect(),
        ..Dataset::default()
    }
}

fn experiment(seed: u64, test: f64, validation: f64, limit: Option<usize>) -> Experiment {
    let mut experiment = Experiment {
        seed,
        ..Experiment::default()
    };
    experiment.data.split.test = test;
    experiment.data.split.validation = validation;
    experiment.data.limit = limit;
    experiment
}

/// Part of every picture that is used, by name.
fn by_name(dataset: &Dataset, split: &SplitIndices) -> BTreeMap<String, Split> {
    super::super::remarks::parts(split)
        .map(|(index, part)| (dataset.pictures[index].name.clone(), part))
        .collect()
}

fn torn(dataset: &Dataset, split: &SplitIndices) -> usize {
    let mut parts_by_group: BTreeMap<&str, Vec<Split>> = BTreeMap::new();
    for (index, part) in super::super::remarks::parts(split) {
        if let Some(group) = &dataset.pictures[index].group {
            parts_by_group.entry(group).or_default().push(part);
        }
    }
    parts_by_group
        .values()
        .filter(|parts| parts.iter().any(|part| *part != parts[0]))
        .count()
}

/// A picture's class, its group, and the part that the source assigns.
type Drawn = (u32, Option<u8>, Option<Split>);

fn sources() -> impl Strategy<Value = (usize, Vec<Drawn>)> {
    (2usize..5).prop_flat_map(|classes| {
        let picture = (
            0..classes as u32,
            prop::option::weighted(0.8, 0u8..30),
            Just(None),
        );
        (Just(classes), prop::collection::vec(picture, 2..150))
    })
}

proptest! {
    #[test]
    fn no_group_stands_in_two_parts_and_nothing_is_lost(
        (classes, pictures) in sources(),
        seed: u64,
        test in 0.0..0.9f64,
        validation in 0.0..0.9f64,
        limit in prop::option::of(5usize..100),
        order: u64,
    ) {
        let dataset = dataset(classes, &pictures);
        // A class without any picture is another function's business.
        prop_assume!((0..classes as u32).all(|class| pictures.iter().any(|picture| picture.0 == class)));
        prop_assume!(pictures.iter().any(|picture| picture.1.is_some()));
        let experiment = experiment(seed, test, validation, limit);
        let drawn = split(&dataset, &experiment).unwrap();
        prop_assert_eq!(&drawn, &split(&dataset, &experiment).unwrap());
        prop_assert_eq!(torn(&dataset, &drawn), 0);

        let mut all = drawn.all();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        prop_assert_eq!(all.len(), count);
        if limit.is_none() {
            prop_assert_eq!(count, pictures.len());
        }
        // Every class has something to learn from.
        for class in 0..classes as u32 {
            prop_assert!(drawn.train.iter().any(|&index| dataset.pictures[index].label == class));
        }

        // The order of pictures changes nothing.
        let mut mixed = dataset.clone();
        RandomSource::new(order).shuffle(&mut mixed.pictures);
        prop_assert_eq!(
            by_name(&mixed, &split(&mixed, &experiment).unwrap()),
            by_name(&dataset, &drawn)
        );
    }

    #[test]
    fn shares_are_met_within_a_group(
        sizes in prop::collection::vec((0u32..3, 1usize..8), 30..80),
        seed: u64,
        share in 0.1..0.4f64,
    ) {
        // Groups of one class each, so that every class could be met alone.
        let pictures: Vec<(u32, Option<u8>, Option<Split>)> = sizes
            .iter()
            .zip(0u8..)
            .flat_map(|(&(label, size), group)| vec![(label, Some(group), None); size])
            .collect();
        prop_assume!((0..3).all(|class| sizes.iter().filter(|size| size.0 == class).count() >= 5));
        let dataset = dataset(3, &pictures);
        let drawn = split(&dataset, &experiment(seed, share, 0.0, None)).unwrap();
        let largest = sizes.iter().map(|size| size.1).max().unwrap() as f64;
        for class in 0..3 {
            let of = |indices: &[usize]| {
                indices.iter().filter(|&&index| dataset.pictures[index].label == class).count() as f64
            };
            let (test, all) = (of(&drawn.test), of(&drawn.all()));
            prop_assert!((test - share * all).abs() <= largest, "{test} of {all}, share {share}");
        }
        let all = pictures.len() as f64;
        prop_assert!((drawn.test.len() as f64 - share * all).abs() <= largest);
    }

    /// Where every group is one picture, nothing is in the way of the shares: each class and the whole are met as nearly as
    /// without groups, within the picture that rounding costs and one more that a class gives for the whole.
    #[test]
    fn groups_of_one_picture_are_split_as_evenly_as_none(
        counts in prop::collection::vec(3usize..60, 1..5),
        seed: u64,
        share in 0.1..0.6f64,
    ) {
        prop_assume!(counts.iter().sum::<usize>() <= 200);
        let pictures: Vec<Drawn> = counts
            .iter()
            .zip(0u32..)
            .flat_map(|(&count, label)| vec![label; count])
            .zip(0u8..)
            .map(|(label, group)| (label, Some(group), None))
            .collect();
        let dataset = dataset(counts.len(), &pictures);
        let drawn = split(&dataset, &experiment(seed, share, 0.0, None)).unwrap();
        for (class, &count) in (0u32..).zip(&counts) {
            let is_of_class = |index: &&usize| dataset.pictures[**index].label == class;
            let test = drawn.test.iter().filter(is_of_class).count() as f64;
            prop_assert!((test - share * count as f64).abs() < 2.0, "{test} of {count}, share {share}");
        }
        let all = pictures.len() as f64;
        prop_assert!((drawn.test.len() as f64 - share * all).abs() <= 1.0, "{} of {all}, share {share}", drawn.test.len());
    }

    #[test]
    fn leaving_pictures_out_moves_no_other((classes, pictures) in sources(), seed: u64, gone in prop::collection::vec(any::<bool>(), 150)) {
        let whole = dataset(classes, &pictures);
        let experiment = experiment(seed, 0.25, 0.2, None);
        prop_assume!((0..classes as u32).all(|class| pictures.iter().any(|picture| picture.0 == class)));
        let before = by_name(&whole, &split(&whole, &experiment).unwrap());
        let mut without = Dataset { classes: whole.classes.clone(), ..Dataset::default() };
        for (picture, is_gone) in whole.pictures.iter().cloned().zip(gone) {
            if is_gone {
                let before = without.pictures.len();
                without.excluded.push(Excluded { picture, before });
            } else {
                without.pictures.push(picture);
            }
        }
        // A class may lose all its training pictures, which is said.
        if let Ok(after) = split(&without, &experiment) {
            // If all pictures with a group are left out, the draw is still by group.
            for (name, part) in by_name(&without, &after) {
                prop_assert_eq!(before.get(&name), Some(&part));
            }
        }
    }

    #[test]
    fn what_the_source_assigns_stays_and_what_it_leaves_open_follows(
        pictures in prop::collection::vec(
            (0u32..2, prop::option::weighted(0.8, 0u8..12), prop::option::of(prop_oneof![
                Just(Split::Train), Just(Split::Validation), Just(Split::Test)
            ])),
            4..80,
        ),
        seed: u64,
    ) {
        let dataset = dataset(2, &pictures);
        if let Ok(drawn) = split(&dataset, &experiment(seed, 0.3, 0.3, None)) {
            let placed = by_name(&dataset, &drawn);
            prop_assert_eq!(placed.len(), pictures.len());
            for picture in &dataset.pictures {
                if matches!(picture.split, Some(Split::Test | Split::Validation)) {
                    prop_assert_eq!(placed.get(&picture.name).copied(), picture.split);
                }
            }
            // Only what the source itself tears apart is torn, and then it is said.
            let mut assigned: BTreeMap<&str, Vec<Split>> = BTreeMap::new();
            for picture in &dataset.pictures {
                if let (Some(group), Some(split)) = (&picture.group, picture.split) {
                    assigned.entry(group).or_default().push(split);
                }
            }
            let by_source = assigned
                .values()
                .filter(|parts| parts.iter().any(|part| *part != parts[0]))
                .count();
            let found = torn(&dataset, &drawn);
            prop_assert!(found <= by_source);
            if found > 0 {
                let text = format!("{found} of ");
                prop_assert!(remarks(&dataset, &drawn, &experiment(seed, 0.3, 0.3, None)).iter().any(|remark| remark.text.starts_with(&text)));
            }
        }
    }
}

#[test]
fn seeds_draw_other_groups_and_shares_are_near() {
    // 60 patients of 4 pictures, a third of them ill.
    let pictures: Vec<(u32, Option<u8>, Option<Split>)> = (0..240)
        .map(|picture| {
            let patient = (picture / 4) as u8;
            (u32::from(patient.is_multiple_of(3)), Some(patient), None)
        })
        .collect();
    let dataset = dataset(2, &pictures);
    let draw = |seed| split(&dataset, &experiment(seed, 0.2, 0.25, None)).unwrap();
    let (first, second) = (draw(1), draw(2));
    assert_ne!(first, second);
    for drawn in [&first, &second] {
        assert_eq!(
            (drawn.test.len(), drawn.validation.len(), drawn.train.len()),
            (48, 48, 144)
        );
        let ill = |indices: &[usize]| {
            indices
                .iter()
                .filter(|&&index| dataset.pictures[index].label == 1)
                .count()
        };
        assert_eq!((ill(&drawn.test), ill(&drawn.validation)), (16, 16));
    }
    let proof = &remarks(&dataset, &first, &experiment(1, 0.2, 0.25, None))[0];
    assert_eq!(
        proof.text,
        "0 of 60 groups stand in two parts of the split: training has 36 groups, validation 12, test 12."
    );
}
