use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::data::{Dataset, Picture, PictureSource, SplitIndices};
use crate::evaluation::learning_curve::{CurveScore, LearningCurve};
use crate::experiment::Experiment;
use crate::training::trainer::PooledRows;

/// Numbers that look random.
fn noise(index: usize) -> f32 {
    let mixed = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as f32 / (1u64 << 24) as f32 - 0.5
}

const FEATURES: usize = 24;

/// A request of so many training and validation pictures in two classes, and features of which some say a little about the
/// class. Four pictures make a group where `grouped`.
fn made(train: usize, validation: usize, grouped: bool) -> (TrainingRequest, PooledFeatures) {
    let all = train + validation;
    let label = |index: usize| (index / 4 % 2) as u32;
    let pictures = (0..all)
        .map(|index| Picture {
            source: PictureSource::File(PathBuf::from(format!("{index}.png"))),
            name: format!("{index}.png"),
            label: label(index),
            size: (8, 8),
            split: None,
            group: grouped.then(|| (index / 4).to_string().into()),
        })
        .collect();
    let dataset = Dataset {
        classes: vec!["a".into(), "b".into()],
        pictures,
        problems: Vec::new(),
        excluded: Vec::new(),
        remarks: Vec::new(),
    };
    let row = |index: usize| {
        (0..FEATURES).map(move |feature| {
            let says = if feature < 8 { 0.16 } else { 0.0 };
            let side = if label(index) == 0 { says } else { -says };
            side + noise(index * FEATURES + feature)
        })
    };
    let part = |split, range: std::ops::Range<usize>| PooledRows {
        split,
        labels: range.clone().map(label).collect(),
        rows: range.clone().flat_map(row).collect(),
        pictures: range.collect(),
        unreadable: Vec::new(),
    };
    let features = PooledFeatures {
        parts: vec![
            part(Split::Train, 0..train),
            part(Split::Validation, train..all),
        ],
        features: FEATURES,
        computed: all,
        from_disk: 0,
        seconds: 0.0,
        pictures_per_second: None,
        weights_stamp: None,
    };
    let split = SplitIndices {
        train: (0..train).collect(),
        validation: (train..all).collect(),
        test: Vec::new(),
    };
    let request = TrainingRequest {
        withholds_test: true,
        ..TrainingRequest::new(Experiment::default(), Arc::new(dataset), split)
    };
    (request, features)
}

fn measured(request: &TrainingRequest, features: &PooledFeatures, asked: Asked) -> CurveAnswers {
    let table = Table::new(request, features);
    let rounds = table.rounds(asked, request.experiment.seed).unwrap();
    let mut told = Vec::new();
    let mut progress = |done, total| told.push((done, total));
    let answers = table.answers(&rounds, request, &mut progress).unwrap();
    assert!(told.is_sorted(), "{told:?}");
    let (done, total) = told.last().unwrap();
    assert_eq!(done, total);
    answers
}

#[test]
fn more_pictures_are_answered_better() {
    let (request, features) = made(160, 120, false);
    let answers = measured(&request, &features, Asked::Validation);
    assert_eq!(answers.truth.len(), 120);
    let pictures: Vec<f64> = answers.sizes.iter().map(|size| size.pictures).collect();
    assert_eq!(pictures, [16.0, 24.0, 32.0, 48.0, 72.0, 112.0, 160.0]);
    let draws: Vec<usize> = answers.sizes.iter().map(|size| size.draws.len()).collect();
    assert_eq!(draws, [5, 5, 5, 5, 5, 5, 1]);
    let curve = LearningCurve::new(&answers, CurveScore::Accuracy);
    let mean = |index: usize| curve.points[index].mean;
    assert!(mean(0) > 0.5 && mean(6) > mean(0) + 0.05, "{curve:?}");
    assert!(curve.fit.is_some());
    assert_eq!(answers, measured(&request, &features, Asked::Validation));
}

#[test]
fn with_few_validation_pictures_every_picture_is_asked_in_its_fold() {
    let (request, features) = made(80, 24, true);
    let answers = measured(&request, &features, Asked::Folds(FOLDS));
    assert_eq!(answers.truth.len(), 104, "each picture once");
    let last = answers.sizes.last().unwrap();
    assert_eq!(last.share, 1.0);
    assert!(
        (last.pictures - 104.0 * 0.8).abs() < 1e-9,
        "{}",
        last.pictures
    );
    for size in &answers.sizes {
        assert!(size.draws.iter().all(|draw| draw.len() == 104));
        // Groups of four are not torn.
        assert!(size.pictures >= size.share * 80.0);
    }
    let table = Table::new(&request, &features);
    for round in table.rounds(Asked::Folds(FOLDS), 1).unwrap() {
        for &row in &round.asked {
            let group = table.groups[row];
            let is_learned = |other: &usize| table.groups[*other] == group;
            assert!(!round.learned_from.iter().any(is_learned));
        }
    }
}

/// Of 4 among 164, the smallest parts hold none.
#[test]
fn parts_without_a_rare_class_are_left_out() {
    let (request, mut features) = made(164, 120, false);
    let labels = &mut features.parts[0].labels;
    for (index, label) in labels.iter_mut().enumerate() {
        *label = u32::from(index < 4);
    }
    let answers = measured(&request, &features, Asked::Validation);
    let shares: Vec<f64> = answers.sizes.iter().map(|size| size.share).collect();
    assert_eq!(shares, [0.15, 0.2, 0.3, 0.45, 0.7, 1.0]);
}

#[test]
fn too_few_pictures_are_refused_with_the_number_that_it_takes() {
    let (request, features) = made(20, 8, false);
    let said = check(&request).unwrap_err().to_string();
    assert!(
        said.contains("22 pictures") && said.contains("34 or more"),
        "{said}"
    );
    let table = Table::new(&request, &features);
    assert!(table.rounds(Asked::Validation, 1).is_err());
}

#[test]
fn a_fold_that_leaves_one_class_is_refused_with_the_remedy() {
    let (mut request, features) = made(80, 24, true);
    let dataset = Arc::get_mut(&mut request.dataset).unwrap();
    for picture in &mut dataset.pictures {
        picture.group = Some(picture.label.to_string().into());
    }
    let table = Table::new(&request, &features);
    let said = table
        .rounds(Asked::Folds(FOLDS), 1)
        .err()
        .unwrap()
        .to_string();
    assert!(
        said.contains("one class alone") && said.contains("data.split.group"),
        "{said}"
    );
}

#[test]
fn a_stop_ends_it_between_two_iterations() {
    let (request, features) = made(160, 120, false);
    request.stop.stop();
    let table = Table::new(&request, &features);
    let rounds = table.rounds(Asked::Validation, 1).unwrap();
    let stopped = table.answers(&rounds, &request, &mut |_, _| {});
    assert!(matches!(stopped, Err(TrainingError::Stopped)));
}
