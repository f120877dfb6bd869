use std::sync::Arc;

use super::super::super::{Picture, RemarkKind};
use super::super::split;
use super::*;
use crate::experiment::GroupBy;

fn picture(name: &str, label: u32, split: Option<Split>, group: Option<&str>) -> Picture {
    Picture {
        source: PictureSource::File(name.into()),
        name: name.into(),
        label,
        size: (1, 1),
        split,
        group: group.map(Arc::from),
    }
}

fn dataset(classes: &[&str], pictures: Vec<Picture>) -> Dataset {
    Dataset {
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        pictures,
        ..Dataset::default()
    }
}

fn told(dataset: &Dataset, experiment: &Experiment) -> Vec<String> {
    let drawn = split(dataset, experiment).unwrap();
    remarks(dataset, &drawn, experiment)
        .into_iter()
        .map(|remark| remark.text)
        .collect()
}

#[test]
fn small_and_missing_classes_are_told() {
    let mut pictures: Vec<Picture> = (0..200)
        .map(|index| picture(&format!("cat/{index}.png"), 0, None, None))
        .collect();
    pictures.push(picture("dog/1.png", 1, None, None));
    pictures.push(picture("cow/1.png", 2, None, None));
    pictures.push(picture("cow/2.png", 2, None, None));
    let dataset = dataset(&["cat", "dog", "cow"], pictures);
    assert_eq!(
        told(&dataset, &Experiment::default()),
        [
            "2 classes (dog, cow) have only 1 or 2 pictures: too few to train and to test on. Add pictures, or leave \
             these classes out under “Classes” in the Data panel.",
            "There are no validation pictures of 2 classes (dog, cow): the validation accuracy says nothing about \
             those classes.",
            "There are no test pictures of the class dog: the results will say nothing about that class.",
        ]
    );
}

#[test]
fn one_class_is_named_in_the_singular_and_few_validation_pictures_are_told() {
    let mut pictures: Vec<Picture> = (0..40)
        .map(|index| picture(&format!("{index}.png"), index % 2, None, None))
        .collect();
    pictures.push(picture("x.png", 2, None, None));
    let dataset = dataset(&["cat", "cow", "dog"], pictures);
    let told = told(&dataset, &Experiment::default());
    assert!(
        told[0].starts_with("The class dog has only 1 or 2 pictures"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("There are no validation pictures of the class dog: "),
        "{told:?}"
    );
    assert!(
        told[3].starts_with("Validation has only 7 pictures: each of them is 14 % of the accuracy"),
        "{told:?}"
    );
}

#[test]
fn an_ordinary_split_has_nothing_to_tell() {
    let pictures = (0..400)
        .map(|index| {
            picture(
                &format!("c{}/{index:04}.png", index % 2),
                index % 2,
                None,
                None,
            )
        })
        .collect();
    let dataset = dataset(&["c0", "c1"], pictures);
    assert_eq!(told(&dataset, &Experiment::default()), [] as [&str; 0]);
}

#[test]
fn one_file_by_two_names_is_told() {
    let mut pictures: Vec<Picture> = (0..200)
        .map(|index| picture(&format!("d/{index:04}.png"), index % 2, None, None))
        .collect();
    pictures.push(picture("d/./0001.png", 1, None, None));
    pictures.push(picture("e/../d/0001.png", 1, None, None));
    let dataset = dataset(&["a", "b"], pictures);
    let told = told(&dataset, &Experiment::default());
    assert!(
        told[0].starts_with("2 pictures are the same file as another one (d/"),
        "{told:?}"
    );
}

#[test]
fn groups_that_the_source_tears_apart_are_named() {
    let pictures = (0..100)
        .map(|index| {
            let part = if index < 70 {
                Split::Train
            } else {
                Split::Test
            };
            // Groups of ten, the seventh of which crosses.
            let group = format!("p{}", (index + 5) / 10);
            picture(&format!("{index}.png"), index % 2, Some(part), Some(&group))
        })
        .collect();
    let dataset = dataset(&["a", "b"], pictures);
    let drawn = split(&dataset, &Experiment::default()).unwrap();
    let told = remarks(&dataset, &drawn, &Experiment::default());
    assert_eq!(told[0].kind, RemarkKind::Warning);
    assert!(
        told[0].text.starts_with(
            "1 of 11 groups stand in two parts of the split, because the data set's own split has them so (p7 in train \
             and test)"
        ),
        "{told:?}"
    );
}

#[test]
fn likely_groups_are_suggested_with_their_setting() {
    let named = |name: &dyn Fn(u32) -> String| {
        let pictures = (0..200)
            .map(|index| picture(&name(index), index % 2, None, None))
            .collect();
        told(&dataset(&["a", "b"], pictures), &Experiment::default())
    };
    let found = named(&|index| format!("a/p{:03}_{index:03}.jpg", index / 8));
    assert!(
        found[0].starts_with(
            "By their file names, there are several pictures each of 25 things (of p0"
        ),
        "{found:?}"
    );
    assert!(
        found[0].ends_with(
            r#"keep its pictures together with “Group by: File name” in the Data panel with the pattern ^([A-Za-z]*\d+)[_-]."#
        ),
        "{found:?}"
    );
    let found = named(&|index| format!("a/{}_jpg.rf.{index}.jpg", index / 4));
    assert!(found[0].contains(r"^(.+)\.rf\."), "{found:?}");
    let found = named(&|index| format!("a/patient{}/{index}.jpg", index / 8));
    assert!(
        found[0].contains("“Group by: Folder” in the Data panel with the level 1"),
        "{found:?}"
    );
    let found = named(&|index| {
        let patient = 30 + index / 8;
        format!(
            "a/C{patient}P{}ThinF_IMG_{index}_cell_{index}.jpg",
            patient - 9
        )
    });
    assert!(found[0].contains("(of C30P21ThinF: "), "{found:?}");
    // Numbers of pictures, names of classes and of cameras' files are no groups.
    for name in [
        &(|index| format!("a/IMG_{index:04}.jpg")) as &dyn Fn(u32) -> String,
        &|index| format!("a/{index:04}.jpg"),
        &|index| format!("a/cat_{index}.jpg"),
        &|index| format!("a/cell{index:04}.jpg"),
        &|index| format!("a/image_{index:04}.jpg"),
        &|index| format!("a/IMG_202304{:02}_{:06}.jpg", index % 28 + 1, index * 997),
        &|index| format!("a/202304{:02}_{:06}.jpg", index % 28 + 1, index * 997),
        &|index| format!("n0144076{}/n0144076{0}_{index}.jpg", index % 2),
        &|index| {
            format!(
                "a/{:016x}.jpg",
                u64::from(index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            )
        },
        &|index| format!("c{}/{:03}_x.jpg", index % 2, index / 2),
    ] {
        assert_eq!(named(name), [] as [&str; 0]);
    }
}

#[test]
fn pairs_that_look_alike_tell_their_group() {
    let names: Vec<String> = (0..60)
        .map(|index| format!("a/s{}_{index}.png", index / 4))
        .collect();
    let pictures: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a")).collect();
    let pair = |a: usize, b: usize| (names[a].as_str(), names[b].as_str());
    let text =
        super::super::groups_of_pairs(&pictures, &[pair(0, 1), pair(4, 6), pair(0, 59)]).unwrap();
    assert!(
        text.starts_with("2 of 3 pairs that look alike") && text.contains("--group 'pattern:"),
        "{text}"
    );
    assert_eq!(
        super::super::groups_of_pairs(&pictures, &[pair(0, 59)]),
        None
    );
    assert_eq!(super::super::groups_of_pairs(&pictures, &[]), None);
}

#[test]
fn the_rule_is_told() {
    let assigned = |parts: &[Option<Split>]| {
        let pictures = parts
            .iter()
            .enumerate()
            .map(|(index, part)| picture(&format!("{index}.png"), 0, *part, None))
            .collect();
        dataset(&["a"], pictures)
    };
    let mut experiment = Experiment {
        seed: 7,
        ..Experiment::default()
    };
    let open = assigned(&[None]);
    let text = |dataset: &Dataset, experiment: &Experiment| rule(dataset, experiment).text;
    assert_eq!(
        text(&open, &experiment),
        "Split: drawn at random, evenly over the classes: 20 % for the test, 20 % of the rest for validation, seed 7."
    );
    let (train, validation, test) = (
        Some(Split::Train),
        Some(Split::Validation),
        Some(Split::Test),
    );
    assert_eq!(
        text(&assigned(&[train, test]), &experiment),
        "Split: the test as the data set says; validation drawn at random, evenly over the classes: 20 % of the other pictures, seed 7."
    );
    assert_eq!(
        text(&assigned(&[train, validation, test]), &experiment),
        "Split: as the data set says."
    );
    experiment.data.split.group = Some(GroupBy::Folder(1));
    experiment.data.limit = Some(100);
    assert_eq!(
        text(&open, &experiment),
        "Split: drawn at random by group (folder:1), and evenly over the classes as far as groups allow: 20 % for the test, \
         20 % of the rest for validation, seed 7, at most 100 training pictures."
    );
}

#[test]
fn groups_that_are_too_few_leave_parts_empty_and_it_is_told() {
    let pictures: Vec<Picture> = (0..24)
        .map(|index| picture(&format!("{index}.png"), index % 3, None, Some("A")))
        .collect();
    let dataset = dataset(&["a", "b", "c"], pictures);
    let mut experiment = Experiment::default();
    experiment.data.split.group = Some(GroupBy::Folder(1));
    let told = told(&dataset, &experiment);
    assert_eq!(
        told[1],
        "Validation and test have no pictures: a group is never divided, there is 1 group, the largest one, A, with 24 of \
         24 pictures, and every class needs pictures to train on. Choose smaller groups, or none, as “Group by” in the Data \
         panel."
    );
    // Not where nobody asked for them.
    experiment.data.split.validation = 0.0;
    experiment.data.split.test = 0.0;
    let drawn = split(&dataset, &experiment).unwrap();
    assert_eq!(remarks(&dataset, &drawn, &experiment).len(), 1);
}
