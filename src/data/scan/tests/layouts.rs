//! Where the splits and the classes are.

use super::*;

/// `name class split` of each picture.
fn assigned(dataset: &Dataset) -> Vec<String> {
    let split = |picture: &Picture| picture.split.map_or("-", Split::name);
    listing(dataset)
        .iter()
        .zip(&dataset.pictures)
        .map(|(line, picture)| format!("{line} {}", split(picture)))
        .collect()
}

fn remarks(dataset: &Dataset) -> String {
    let lines: Vec<&str> = dataset
        .remarks
        .iter()
        .map(|remark| remark.text.as_str())
        .collect();
    lines.join("\n")
}

#[test]
fn split_names_are_splits_and_never_classes() {
    for (train, validation, test) in [
        ("training_set", "val_set", "test_set"),
        ("seg_train", "seg_val", "seg_test"),
        ("Training Data", "Validation Data", "Test Data"),
        ("trn", "dev", "tst"),
        ("tr", "val", "te"),
        ("train_images", "valid_images", "test_images"),
        ("train2017", "val2017", "test2017"),
        ("TrainSet", "valset", "holdout"),
        ("imgs_train", "eval_imgs", "test-imgs"),
        ("flowers_train", "flowers_val", "flowers_test"),
    ] {
        let files = [
            format!("{train}/cats/1.png"),
            format!("{train}/dogs/1.png"),
            format!("{validation}/cats/2.png"),
            format!("{test}/dogs/3.png"),
        ];
        let root = folder(&files.each_ref().map(String::as_str));
        let (source, dataset) = read(root.path()).unwrap();
        assert!(matches!(source, DataSource::SplitFolders { .. }), "{train}");
        assert_eq!(dataset.classes, ["cats", "dogs"], "{train}");
        let splits: Vec<_> = dataset
            .pictures
            .iter()
            .map(|picture| (picture.name.rsplit('/').next().unwrap(), picture.split))
            .collect();
        let mut splits = splits;
        splits.sort_unstable();
        assert_eq!(
            splits,
            [
                ("1.png", Some(Split::Train)),
                ("1.png", Some(Split::Train)),
                ("2.png", Some(Split::Validation)),
                ("3.png", Some(Split::Test)),
            ],
            "{train}"
        );
        assert!(
            remarks(&dataset).contains(&format!(
                "{train} for training, {validation} for validation, {test} for test"
            )),
            "{}",
            remarks(&dataset)
        );
    }
}

#[test]
fn two_parts_say_where_the_third_comes_from() {
    let root = folder(&[
        "training_set/a/1.png",
        "training_set/b/2.png",
        "test_set/a/3.png",
    ]);
    let (_, dataset) = read(root.path()).unwrap();
    assert_eq!(
        remarks(&dataset),
        "The folders say how the pictures are split: training_set for training, test_set for test. Validation pictures are drawn from \
         the training pictures."
    );
}

#[test]
fn an_evaluation_is_what_is_missing() {
    let alone = folder(&["train/a/1.png", "train/b/2.png", "eval/a/3.png"]);
    let (_, dataset) = read(alone.path()).unwrap();
    assert_eq!(dataset.pictures[0].split, Some(Split::Test));
    assert!(remarks(&dataset).contains("The folder eval is used for the test"));
    let beside = folder(&[
        "train/a/1.png",
        "train/b/2.png",
        "eval/a/3.png",
        "test/a/4.png",
    ]);
    let (_, dataset) = read(beside.path()).unwrap();
    assert!(
        remarks(&dataset).contains("eval is used for validation, because there is a test folder")
    );
    assert_eq!(
        assigned(&dataset)[..3],
        [
            "eval/a/3.png a validation",
            "test/a/4.png a test",
            "train/a/1.png a train"
        ]
    );
}

#[test]
fn one_more_level_is_gone_through() {
    let root = folder(&[
        "seg_train/seg_train/sea/1.png",
        "seg_train/seg_train/forest/2.png",
        "seg_test/seg_test/sea/3.png",
        "seg_pred/seg_pred/4.png",
        "__MACOSX/seg_train/._1.png",
    ]);
    let (source, dataset) = read(root.path()).unwrap();
    assert!(matches!(source, DataSource::SplitFolders { .. }));
    assert_eq!(
        assigned(&dataset),
        [
            "seg_train/seg_train/forest/2.png forest train",
            "seg_test/seg_test/sea/3.png sea test",
            "seg_train/seg_train/sea/1.png sea train",
        ]
    );
    let remarks = remarks(&dataset);
    assert!(remarks.contains("seg_pred is skipped"), "{remarks}");
    assert!(
        remarks.contains(
            "The classes of seg_train are the names of the folders in seg_train/seg_train."
        ),
        "{remarks}"
    );
    let images = folder(&[
        "train/images/cat/1.png",
        "train/images/dog/2.png",
        "test/images/cat/1.png",
    ]);
    let (_, dataset) = read(images.path()).unwrap();
    assert_eq!(
        (dataset.classes.join(" "), dataset.pictures[0].split),
        ("cat dog".into(), Some(Split::Test))
    );
}

#[test]
fn an_archive_folder_and_its_copy_are_gone_through() {
    // As a well-known set of X-rays unpacks.
    let root = folder(&[
        "chest_xray/train/NORMAL/1.png",
        "chest_xray/train/PNEUMONIA/2.png",
        "chest_xray/test/NORMAL/3.png",
        "chest_xray/chest_xray/train/NORMAL/1.png",
        "chest_xray/__MACOSX/train/._1.png",
    ]);
    let (source, dataset) = read(root.path()).unwrap();
    assert_eq!(
        source,
        DataSource::SplitFolders {
            path: root.path().join("chest_xray")
        }
    );
    assert_eq!(dataset.classes, ["NORMAL", "PNEUMONIA"]);
    assert_eq!(dataset.pictures.len(), 3);
    assert!(
        remarks(&dataset)
            .contains("neither train nor validation nor test are skipped: chest_xray.")
    );
}

#[test]
fn splits_may_lie_within_the_classes() {
    let root = folder(&[
        "cat/train/1.png",
        "cat/test/2.png",
        "dog/train/1.png",
        "dog/test/2.png",
        "dog/3.png",
    ]);
    let (source, dataset) = read(root.path()).unwrap();
    assert!(matches!(source, DataSource::SplitFolders { .. }));
    assert_eq!(
        assigned(&dataset),
        [
            "cat/test/2.png cat test",
            "cat/train/1.png cat train",
            "dog/test/2.png dog test",
            "dog/train/1.png dog train",
            "dog/3.png dog -",
        ]
    );
    assert!(
        remarks(&dataset).contains("1 picture lies in folders of classes, but in none of train")
    );
    // Folds are no classes.
    let folds = folder(&[
        "fold1/train/cat/1.png",
        "fold1/train/dog/1.png",
        "fold1/val/cat/1.png",
        "fold2/train/cat/1.png",
        "fold2/train/dog/1.png",
        "fold2/val/cat/1.png",
    ]);
    assert!(refused(folds.path()).starts_with("the folders in here hold data sets of their own"));
}

#[test]
fn splits_without_classes_are_refused() {
    for (train, test) in [
        ("train", "test"),
        ("training_set", "test_set"),
        ("train_images", "holdout"),
    ] {
        let root = folder(&[
            &format!("{train}/1.png"),
            &format!("{train}/2.png"),
            &format!("{test}/3.png"),
        ]);
        let error = refused(root.path());
        assert!(
            error.starts_with("these look like splits, not classes: ")
                && error.contains(train)
                && error.contains(test),
            "{error}"
        );
        // Neither does a preset that calls them classes.
        let error = scan_source(class_folders(root.path()))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("these look like splits, not classes: "),
            "{error}"
        );
        // Unless it names them.
        let config = DataConfig {
            source: class_folders(root.path()),
            classes: vec![train.into(), test.into()],
            ..DataConfig::default()
        };
        let dataset = scan(&config, None, &|_, _| (), &StopFlag::default()).unwrap();
        assert_eq!(dataset.pictures.len(), 3);
        assert!(remarks(&dataset).contains("The classes are doubtful"));
    }
}

#[test]
fn an_unlabelled_test_is_passed_over_by_name() {
    let root = folder(&["train/a/1.png", "train/b/2.png", "test/3.png", "test/4.png"]);
    let (_, dataset) = read(root.path()).unwrap();
    assert_eq!(dataset.pictures.len(), 2);
    let remarks = remarks(&dataset);
    assert!(
        remarks.contains(
            "and nothing else says which class they are, so test is skipped; the test pictures are drawn from the others"
        ),
        "{remarks}"
    );
    // With a folder of its own name around them.
    let twice = folder(&["train/a/1.png", "train/b/2.png", "test/test/3.png"]);
    let (_, dataset) = read(twice.path()).unwrap();
    assert_eq!(dataset.classes, ["a", "b"]);
}

#[test]
fn classes_called_like_splits_stay_classes() {
    for files in [
        &["train/1.png", "car/2.png", "plane/3.png"][..],
        &[
            "train/steam/1.png",
            "train/diesel/1.png",
            "car/red/2.png",
            "plane/big/3.png",
        ],
        &["valid/1.png", "invalid/2.png"],
        &["test_tube/1.png", "test_strip/2.png", "train_station/3.png"],
        &[
            "trainers/1.png",
            "testudo/2.png",
            "valley/2.png",
            "deviled_eggs/3.png",
        ],
        &["tr/1.png", "te/2.png", "en/3.png"],
        &["test1/1.png", "test2/1.png"],
    ] {
        let root = folder(files);
        let (source, dataset) = read(root.path()).unwrap();
        assert_eq!(source, class_folders(root.path()), "{files:?}");
        let classes: std::collections::BTreeSet<&str> = files
            .iter()
            .map(|file| file.split('/').next().unwrap())
            .collect();
        assert!(
            dataset.classes.iter().map(String::as_str).eq(classes),
            "{files:?}"
        );
    }
}

#[test]
fn parts_of_one_heap_are_no_classes_beside_a_table() {
    let root = folder(&["images_part_1/a.png", "images_part_2/b.png"]);
    fs::write(
        root.path().join("metadata.csv"),
        "file,label\nimages_part_1/a.png,x\nimages_part_2/b.png,y\n",
    )
    .unwrap();
    let source = recognise(root.path()).unwrap();
    assert!(matches!(source, DataSource::Table { .. }), "{source:?}");
}

#[test]
fn folders_of_people_and_systems_are_refused() {
    let home = folder(&[
        "Pictures/1.png",
        "Downloads/2.png",
        "Documents/x.txt",
        "Desktop/3.png",
    ]);
    assert!(refused(home.path()).starts_with("this is a home folder"));
    #[cfg(unix)]
    for system in ["/", "/usr", "/etc/../proc"] {
        let error = refused(Path::new(system));
        assert!(
            error.starts_with("this is a folder of the whole system"),
            "{error}"
        );
        let error = scan_source(class_folders(Path::new(system)))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("this is a folder of the whole system"),
            "{error}"
        );
    }
}
