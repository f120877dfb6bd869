use proptest::prelude::*;

use super::super::{Excluded, Picture, PictureSource};
use super::*;

/// Classes `a`, `b`, … with this many pictures, mixed in order.
fn dataset(counts: &[usize]) -> Dataset {
    let mut labels: Vec<u32> = counts
        .iter()
        .zip(0..)
        .flat_map(|(&count, label)| vec![label; count])
        .collect();
    RandomSource::new(99).shuffle(&mut labels);
    let pictures = labels
        .into_iter()
        .enumerate()
        .map(|(index, label)| Picture {
            source: PictureSource::File(format!("{index}.png").into()),
            name: format!("{index}.png"),
            label,
            size: (1, 1),
            split: None,
            group: None,
        })
        .collect();
    let classes = (0..counts.len())
        .map(|class| ((b'a' + class as u8) as char).to_string())
        .collect();
    Dataset {
        classes,
        pictures,
        problems: Vec::new(),
        excluded: Vec::new(),
        remarks: Vec::new(),
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

fn per_class(dataset: &Dataset, indices: &[usize]) -> Vec<usize> {
    let mut counts = vec![0; dataset.classes.len()];
    for &index in indices {
        counts[dataset.pictures[index].label as usize] += 1;
    }
    counts
}

#[test]
fn the_solar_cells_split_as_published() {
    let dataset = dataset(&[821, 1803]);
    let split = split(&dataset, &experiment(42, 0.25, 0.0, None)).unwrap();
    assert_eq!(
        (split.train.len(), split.validation.len(), split.test.len()),
        (1968, 0, 656)
    );
    assert_eq!(per_class(&dataset, &split.test), [205, 451]);
}

#[test]
fn what_the_source_assigns_stays_and_the_rest_is_drawn_from_train() {
    let mut dataset = dataset(&[20, 20]);
    for (index, picture) in dataset.pictures.iter_mut().enumerate() {
        picture.split = Some(if index < 10 {
            Split::Test
        } else {
            Split::Train
        });
    }
    let split = split(&dataset, &experiment(1, 0.5, 0.2, None)).unwrap();
    assert_eq!(split.test, (0..10).collect::<Vec<_>>());
    assert_eq!((split.validation.len(), split.train.len()), (6, 24));
}

#[test]
fn one_seed_for_the_split_outweighs_the_experiments() {
    let dataset = dataset(&[30, 50]);
    let run = |seed, split_seed| {
        let mut experiment = experiment(seed, 0.2, 0.2, None);
        experiment.data.split.seed = split_seed;
        split(&dataset, &experiment).unwrap()
    };
    assert_eq!(run(1, Some(7)), run(2, Some(7)));
    assert_ne!(run(1, None), run(2, None));
}

#[test]
fn the_same_pictures_are_drawn_whatever_other_classes_there_are() {
    let both = dataset(&[40, 40]);
    let keep: Vec<usize> = (0..80)
        .filter(|&index| both.pictures[index].label == 1)
        .collect();
    let mut alone = Dataset {
        classes: vec!["b".into()],
        ..Dataset::default()
    };
    alone.pictures = keep
        .iter()
        .map(|&index| Picture {
            label: 0,
            ..both.pictures[index].clone()
        })
        .collect();
    let experiment = experiment(5, 0.25, 0.2, None);
    let names = |dataset: &Dataset, indices: &[usize], class: &str| -> Vec<String> {
        indices
            .iter()
            .map(|&index| &dataset.pictures[index])
            .filter(|picture| dataset.classes[picture.label as usize] == class)
            .map(|picture| picture.name.clone())
            .collect()
    };
    let (first, second) = (
        split(&both, &experiment).unwrap(),
        split(&alone, &experiment).unwrap(),
    );
    assert_eq!(
        names(&both, &first.test, "b"),
        names(&alone, &second.test, "b")
    );
}

#[test]
fn impossible_splits_say_what_to_do() {
    let mut assigned = dataset(&[3, 3]);
    for picture in &mut assigned.pictures {
        picture.split = Some(if picture.label == 0 {
            Split::Test
        } else {
            Split::Train
        });
    }
    let error = split(&assigned, &experiment(1, 0.2, 0.2, None))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("no training picture for a: "), "{error}");
    for picture in &mut assigned.pictures {
        picture.split = Some(Split::Test);
    }
    let error = split(&assigned, &experiment(1, 0.2, 0.2, None))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no picture is left to train on"),
        "{error}"
    );
    let error = split(&dataset(&[9, 9]), &experiment(1, 0.2, 0.2, Some(1)))
        .unwrap_err()
        .to_string();
    assert!(error.contains("allow at least 2"), "{error}");
    let error = split(&dataset(&[9, 9]), &experiment(1, 1.5, 0.2, None))
        .unwrap_err()
        .to_string();
    assert!(error.contains("allowed is 0 to 0.9"), "{error}");
}

proptest! {
    #[test]
    fn splits_are_disjoint_complete_stratified_and_repeatable(
        counts in prop::collection::vec(1usize..60, 2..6),
        seed: u64,
        test in 0.0..0.9f64,
        validation in 0.0..0.9f64,
        limit in prop::option::of(6usize..100),
    ) {
        let dataset = dataset(&counts);
        let experiment = experiment(seed, test, validation, limit);
        let drawn = split(&dataset, &experiment).unwrap();
        prop_assert_eq!(&drawn, &split(&dataset, &experiment).unwrap());

        let mut all = [drawn.train.clone(), drawn.validation.clone(), drawn.test.clone()].concat();
        for part in [&drawn.train, &drawn.validation, &drawn.test] {
            prop_assert!(part.is_sorted());
        }
        let total = all.len();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), total);

        let test_counts = per_class(&dataset, &drawn.test);
        let validation_counts = per_class(&dataset, &drawn.validation);
        let train_counts = per_class(&dataset, &drawn.train);
        for class in 0..counts.len() {
            // Within one picture of the share of the rounded total, which is within half of the exact one.
            prop_assert!((test_counts[class] as f64 - test * counts[class] as f64).abs() < 1.5);
            let rest = counts[class] - test_counts[class];
            prop_assert!((validation_counts[class] as f64 - validation * rest as f64).abs() < 1.5);
            prop_assert!(train_counts[class] >= 1);
        }
        let rest = counts.iter().sum::<usize>() - drawn.test.len() - drawn.validation.len();
        prop_assert_eq!(drawn.train.len(), limit.map_or(rest, |limit| limit.min(rest)));
    }
}

#[test]
fn leaving_pictures_out_moves_no_other_picture() {
    let whole = dataset(&[60, 140]);
    let experiment = experiment(3, 0.25, 0.2, None);
    let before = split(&whole, &experiment).unwrap();
    let names = |dataset: &Dataset, indices: &[usize]| -> Vec<String> {
        indices
            .iter()
            .map(|&index| dataset.pictures[index].name.clone())
            .collect()
    };
    // Some of each part, the first and the last picture among them.
    let mut gone: Vec<usize> = [&before.train, &before.validation, &before.test]
        .iter()
        .flat_map(|part| part.iter().copied().step_by(9))
        .chain([0, 199])
        .collect();
    gone.sort_unstable();
    gone.dedup();
    let mut without = Dataset {
        classes: whole.classes.clone(),
        ..Dataset::default()
    };
    for (index, picture) in whole.pictures.iter().cloned().enumerate() {
        if gone.contains(&index) {
            let before = without.pictures.len();
            without.excluded.push(Excluded { picture, before });
        } else {
            without.pictures.push(picture);
        }
    }
    let after = split(&without, &experiment).unwrap();
    for (before, after) in [
        (&before.train, &after.train),
        (&before.validation, &after.validation),
        (&before.test, &after.test),
    ] {
        let kept: Vec<usize> = before
            .iter()
            .copied()
            .filter(|index| !gone.contains(index))
            .collect();
        assert!(kept.len() < before.len());
        assert_eq!(names(&whole, &kept), names(&without, after));
    }
}

#[test]
fn leaving_out_every_picture_that_the_source_tests_on_draws_no_others() {
    let mut assigned = dataset(&[10, 10]);
    for picture in assigned.pictures.iter_mut().skip(15) {
        picture.split = Some(Split::Test);
    }
    let picture = assigned.pictures.split_off(15);
    assigned.excluded = picture
        .into_iter()
        .map(|picture| Excluded {
            picture,
            before: 15,
        })
        .collect();
    let split = split(&assigned, &experiment(3, 0.25, 0.2, None)).unwrap();
    assert!(split.test.is_empty());
}
