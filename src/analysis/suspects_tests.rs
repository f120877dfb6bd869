//! Duplicates and wrong labels of a run.

use std::path::Path;

use super::gallery::{RunPictures, SplitPicture};
use super::suspects::*;
use crate::data::{PictureSource, Split, StopFlag};
use crate::evaluation::gallery::Predicted;
use crate::evaluation::{Prediction, Predictions};

fn picture(folder: &Path, name: &str, shade: u8, split: Split, class: &str) -> SplitPicture {
    let path = folder.join(name);
    image::RgbImage::from_fn(40, 40, |x, y| {
        image::Rgb([(x * 6) as u8, (y * 6) as u8, shade])
    })
    .save(&path)
    .unwrap();
    SplitPicture {
        name: name.into(),
        class: class.into(),
        split,
        source: PictureSource::File(path),
    }
}

#[test]
fn duplicates_are_told_from_the_held_out_side() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name, shade, split, class| picture(folder.path(), name, shade, split, class);
    let pictures = [
        at("train.png", 1, Split::Train, "cat"),
        at("twice.png", 1, Split::Train, "cat"),
        at("test.png", 1, Split::Test, "cat"),
    ];
    let whole = duplicates(&pictures, &|_, _| (), &StopFlag::default()).unwrap();
    assert!(whole.crosses_split());
    // Kept together, all three are one set.
    assert_eq!(
        whole.alike,
        [["train.png", "twice.png", "test.png"].map(String::from)]
    );
    let found = whole.pairs;
    // The two of the training part harm nobody.
    assert!(
        found
            .iter()
            .all(|suspect| suspect.picture.name == "test.png")
    );
    let mut sentences: Vec<String> = found.iter().map(Suspect::sentence).collect();
    sentences.sort();
    assert_eq!(
        sentences,
        [
            "the same pixels as train.png in train, while this one is in test",
            "the same pixels as twice.png in train, while this one is in test"
        ]
    );

    let pictures = [
        at("a.png", 9, Split::Train, "cat"),
        at("b.png", 9, Split::Train, "dog"),
    ];
    let whole = duplicates(&pictures, &|_, _| (), &StopFlag::default()).unwrap();
    assert!(!whole.crosses_split());
    let found = whole.pairs;
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .sentence()
            .starts_with("the same pixels as b.png, which is labelled dog, not cat"),
        "{}",
        found[0].sentence()
    );
}

#[test]
fn sets_that_share_a_picture_are_kept_together_as_one() {
    let sets = |sets: &[&[&str]]| -> Vec<Vec<String>> {
        let names = |set: &&[&str]| set.iter().map(|name| (*name).to_owned()).collect();
        sets.iter().map(names).collect()
    };
    let before = sets(&[&["a", "b"], &["x", "y"]]);
    let kept = kept_together(&before, &sets(&[&["d", "c"], &["c", "b", "z"]]));
    assert_eq!(kept, sets(&[&["a", "b", "c", "d", "z"], &["x", "y"]]));
    // Twice is once.
    assert_eq!(kept_together(&kept, &kept), kept);
    // Of a video there are tens of thousands.
    let many: Vec<Vec<String>> = (0..30_000)
        .map(|pair| vec![format!("{pair:05}-a"), format!("{pair:05}-b")])
        .collect();
    assert_eq!(kept_together(&many, &many), many);
    assert_eq!(kept_together(&sets(&[&["a"], &[]]), &[]), sets(&[]));
}

#[test]
fn labels_of_training_pictures_are_not_judged() {
    let row = |file: &str, truth, first: f32| Prediction {
        file: file.into(),
        truth,
        probabilities: vec![first, 1.0 - first],
    };
    let part = |names: [&str; 5]| Predictions {
        classes: vec!["cat".into(), "dog".into()],
        rows: vec![
            row(names[0], 0, 0.9),
            row(names[1], 0, 0.8),
            row(names[2], 1, 0.1),
            row(names[3], 1, 0.2),
            row(names[4], 0, 0.02),
        ],
        ..Predictions::default()
    };
    let predicted = Predicted::new(vec![
        (Split::Test, part(["1", "2", "3", "4", "5"])),
        (Split::Train, part(["6", "7", "8", "9", "10"])),
    ]);
    let sources = predicted
        .entries
        .iter()
        .map(|entry| Some(PictureSource::File(predicted.file(entry).into())))
        .collect();
    let run = RunPictures::new("run".into(), predicted, sources);
    let found = wrong_labels(&run);
    let [suspect] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(suspect.picture.name, "5");
    assert_eq!(
        suspect.sentence(),
        "labelled cat, but looks like dog (98.0 % against 2.0 %)"
    );
}
