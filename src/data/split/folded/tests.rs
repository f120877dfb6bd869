use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::super::super::random::RandomSource;
use super::super::grouped::tests::dataset;
use super::super::{remarks, rule, split};
use super::*;

/// A picture's class, its group, and the part that the source assigns.
type Drawn = (u32, Option<u8>, Option<Split>);

fn experiment(seed: u64, number: u32, fold: Option<u32>, validation: f64) -> Experiment {
    let mut experiment = Experiment {
        seed,
        ..Experiment::default()
    };
    experiment.data.split.folds = Some(number);
    experiment.data.split.fold = fold;
    experiment.data.split.validation = validation;
    experiment
}

fn drawn() -> impl Strategy<Value = (usize, Vec<Drawn>)> {
    (1usize..5).prop_flat_map(|classes| {
        let part = prop::option::weighted(
            0.2,
            prop_oneof![
                Just(Split::Train),
                Just(Split::Validation),
                Just(Split::Test)
            ],
        );
        let picture = (
            0..classes as u32,
            prop::option::weighted(0.8, 0u8..25),
            part,
        );
        (Just(classes), prop::collection::vec(picture, 2..120))
    })
}

/// Groups that stand in two of `places`, whatever these are.
fn torn<T: Ord + Copy>(dataset: &Dataset, places: &[Option<T>]) -> usize {
    let mut of_group: BTreeMap<&str, BTreeSet<T>> = BTreeMap::new();
    for (picture, place) in dataset.pictures.iter().zip(places) {
        if let (Some(group), Some(place)) = (&picture.group, place) {
            of_group.entry(group).or_default().insert(*place);
        }
    }
    of_group.values().filter(|places| places.len() > 1).count()
}

proptest! {
    #[test]
    fn no_group_stands_in_two_folds_nor_in_two_parts_of_any_of_them(
        (classes, pictures) in drawn(),
        seed: u64,
        number in 2u32..=8,
        validation in 0.0..0.6f64,
        order: u64,
    ) {
        let dataset = dataset(classes, &pictures);
        let whole = experiment(seed, number, None, validation);
        // What can't be divided is refused, and so is every one of its folds.
        let Ok(folds) = folds(&dataset, &whole) else {
            prop_assert!(split(&dataset, &whole).is_err());
            return Ok(());
        };
        prop_assert_eq!(torn(&dataset, &folds), 0);
        // A class without any picture is another function's business.
        let has_class = |class: u32| dataset.pictures.iter().zip(&folds).any(|(picture, fold)| picture.label == class && fold.is_some());
        prop_assume!((0..classes as u32).all(has_class));
        // Every picture stands in a fold but those that the source keeps for its test.
        for (picture, fold) in dataset.pictures.iter().zip(&folds) {
            prop_assert_eq!(fold.is_none(), picture.split == Some(Split::Test));
            prop_assert!(fold.is_none_or(|fold| (1..=number).contains(&fold)));
        }
        let used = folds.iter().flatten().count();
        let mut tested = BTreeSet::new();
        for fold in 0..=number {
            let drawn = split(&dataset, &experiment(seed, number, Some(fold), validation)).unwrap();
            let mut parts = vec![None; pictures.len()];
            for (index, part) in super::super::remarks::parts(&drawn) {
                prop_assert_eq!(parts[index], None);
                parts[index] = Some(part);
                prop_assert_eq!(part == Split::Test, folds[index] == Some(fold));
            }
            prop_assert_eq!(parts.iter().flatten().count(), used);
            prop_assert_eq!(torn(&dataset, &parts), 0);
            for class in 0..classes as u32 {
                let has = |index: &usize| dataset.pictures[*index].label == class;
                prop_assert!(drawn.train.iter().any(has));
            }
            tested.extend(drawn.test);
        }
        prop_assert_eq!(tested.len(), used);

        // The order of pictures changes nothing.
        let mut mixed = dataset.clone();
        RandomSource::new(order).shuffle(&mut mixed.pictures);
        let by_name = |dataset: &Dataset, folds: &[Option<u32>]| -> BTreeMap<String, Option<u32>> {
            let names = dataset.pictures.iter().map(|picture| picture.name.clone());
            names.zip(folds.iter().copied()).collect()
        };
        prop_assert_eq!(
            by_name(&mixed, &super::folds(&mixed, &whole).unwrap()),
            by_name(&dataset, &folds)
        );
    }

    /// Where every group is one picture, folds are as even as without groups: within one picture in all, and of a class.
    #[test]
    fn folds_without_groups_are_even(counts in prop::collection::vec(8usize..40, 1..4), seed: u64, number in 2u32..=8) {
        let pictures: Vec<Drawn> = counts
            .iter()
            .zip(0u32..)
            .flat_map(|(&count, label)| vec![(label, None, None); count])
            .collect();
        let dataset = dataset(counts.len(), &pictures);
        let folds = folds(&dataset, &experiment(seed, number, None, 0.2)).unwrap();
        let spread = |class: Option<u32>| {
            let of = |fold| {
                let is_in = |(picture, place): (&Drawn, &Option<u32>)| {
                    *place == Some(fold) && class.is_none_or(|class| class == picture.0)
                };
                pictures.iter().zip(&folds).filter(|&pair| is_in(pair)).count()
            };
            let sizes: Vec<usize> = (1..=number).map(of).collect();
            sizes.iter().max().unwrap() - sizes.iter().min().unwrap()
        };
        prop_assert!(spread(None) <= 1);
        for class in 0..counts.len() as u32 {
            prop_assert!(spread(Some(class)) <= 1);
        }
    }

    #[test]
    fn leaving_pictures_out_moves_no_other(
        (classes, pictures) in drawn(),
        seed: u64,
        gone in prop::collection::vec(any::<bool>(), 120),
    ) {
        let whole = dataset(classes, &pictures);
        let mut without = Dataset { classes: whole.classes.clone(), ..Dataset::default() };
        for (picture, is_gone) in whole.pictures.iter().cloned().zip(gone) {
            if is_gone {
                let before = without.pictures.len();
                without.excluded.push(Excluded { picture, before });
            } else {
                without.pictures.push(picture);
            }
        }
        for fold in 0..=3 {
            let experiment = experiment(seed, 3, Some(fold), 0.3);
            // A fold or a class may lose all that it has, which is said.
            if let (Ok(before), Ok(after)) = (split(&whole, &experiment), split(&without, &experiment)) {
                let by_name = |dataset: &Dataset, split: &SplitIndices| -> BTreeMap<String, Split> {
                    super::super::remarks::parts(split)
                        .map(|(index, part)| (dataset.pictures[index].name.clone(), part))
                        .collect()
                };
                let before = by_name(&whole, &before);
                for (name, part) in by_name(&without, &after) {
                    prop_assert_eq!(before.get(&name), Some(&part));
                }
            }
        }
    }
}

#[test]
fn what_is_too_few_is_refused_with_the_remedy() {
    let refused = |pictures: &[Drawn], number| {
        folds(&dataset(2, pictures), &experiment(1, number, None, 0.2))
            .unwrap_err()
            .to_string()
    };
    let text = refused(&[(0, None, None), (1, None, None)], 3);
    assert!(
        text.starts_with("2 pictures can't be divided into 3 folds"),
        "{text}"
    );
    for number in [0, 1, 21, u32::MAX] {
        let text = refused(&[(0, None, None), (1, None, None)], number);
        assert!(text.ends_with("allowed are 2 to 20"), "{text}");
    }
    let two_groups: Vec<Drawn> = (0..20u8)
        .map(|index| (u32::from(index % 2), Some(index / 10), None))
        .collect();
    let text = refused(&two_groups, 5);
    assert!(
        text.starts_with("2 groups can't be divided into 5 folds"),
        "{text}"
    );
    // All of a class in one group.
    let one_patient: Vec<Drawn> = (0..20u8)
        .map(|index| match index {
            0..5 => (1, Some(0), None),
            _ => (0, Some(index), None),
        })
        .collect();
    let text = refused(&one_patient, 4);
    assert!(
        text.starts_with("all pictures of class 1 are in fold "),
        "{text}"
    );
}

#[test]
fn rule_and_proof_are_told() {
    // 30 patients of 4 pictures, a third of them ill; of two more the source keeps the pictures for its test.
    let mut pictures: Vec<Drawn> = (0..120u32)
        .map(|picture| {
            let patient = (picture / 4) as u8;
            (u32::from(patient.is_multiple_of(3)), Some(patient), None)
        })
        .collect();
    pictures.extend([
        (0, Some(40), Some(Split::Test)),
        (1, Some(41), Some(Split::Test)),
    ]);
    let dataset = dataset(2, &pictures);
    let mut whole = experiment(7, 5, None, 0.25);
    whole.data.split.group = Some(crate::experiment::GroupBy::Folder(1));
    assert_eq!(
        rule(&dataset, &whole).text,
        "Split: 5 folds, drawn at random by group (folder:1), and evenly over the classes as far as groups allow, seed 7; \
         each fold is the test of one training, and 25 % of the other pictures are for its validation."
    );
    let texts: Vec<String> = remarks(&dataset, &split(&dataset, &whole).unwrap(), &whole)
        .into_iter()
        .map(|remark| remark.text)
        .collect();
    assert_eq!(
        texts[0],
        "0 of 30 groups stand in two folds: 6 groups and 24 pictures in each."
    );
    assert!(
        texts[1]
            .starts_with("2 pictures that the data set keeps for the test take part in no fold"),
        "{}",
        texts[1]
    );
    // A patient of the folds whose other picture the source keeps for its test.
    let mut torn = dataset.clone();
    torn.pictures[120].group = Some(Arc::from("g0"));
    let told = remarks(&torn, &split(&torn, &whole).unwrap(), &whole);
    assert_eq!(
        told[1].text,
        "2 pictures that the data set keeps for the test take part in no fold, but 1 of their groups stands also in folds \
         (g0): a test on them would be too good. Correct the data set's split."
    );
    whole.data.split.fold = Some(2);
    let text = rule(&dataset, &whole).text;
    assert!(
        text.starts_with("Split: fold 2 of 5 is the test; folds drawn at random by group"),
        "{text}"
    );
    whole.data.split.fold = Some(0);
    let text = rule(&dataset, &whole).text;
    assert!(
        text.starts_with("Split: all 5 folds are trained on, and none is the test;"),
        "{text}"
    );
}
