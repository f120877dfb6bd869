//! Which level of folders is the classes, and what lies beside a data set.

use super::*;

/// `outer/inner/1.png` for each of both.
fn grid(outer: &[&str], inner: &[&str]) -> tempfile::TempDir {
    let files: Vec<String> = outer
        .iter()
        .flat_map(|outer| {
            inner
                .iter()
                .map(move |inner| format!("{outer}/{inner}/1.png"))
        })
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    folder(&files)
}

#[test]
fn splits_of_any_name_are_splits_where_they_hold_the_classes() {
    for (names, parts) in [
        (&["train_v2", "val_clean", "test"][..], 3),
        (&["train_augmented", "test"], 2),
        (&["kaggle_train", "competition_test"], 2),
        (&["my_cat_train", "their_test_2020"], 2),
        (&["entrenamiento", "validación", "prueba"], 3),
        (&["训练集", "测试集"], 2),
        (&["Trainingsdaten", "Testdaten"], 2),
        (&["apprentissage", "test"], 2),
    ] {
        let root = grid(names, &["cat", "dog"]);
        let (source, dataset) = read(root.path()).unwrap();
        assert!(
            matches!(source, DataSource::SplitFolders { .. }),
            "{names:?}"
        );
        assert_eq!(dataset.classes, ["cat", "dog"], "{names:?}");
        let splits: std::collections::BTreeSet<_> = dataset
            .pictures
            .iter()
            .map(|picture| picture.split)
            .collect();
        assert_eq!(splits.len(), parts, "{names:?}");
    }
    // Even where the test has no classes.
    let root = folder(&[
        "kaggle_train/a/1.png",
        "kaggle_train/b/1.png",
        "competition_test/1.png",
    ]);
    let (_, dataset) = read(root.path()).unwrap();
    assert_eq!(dataset.classes, ["a", "b"]);
    assert!(
        warnings(&dataset)
            .contains("nothing else says which class they are, so competition_test is skipped")
    );
}

#[test]
fn flat_splits_of_any_name_are_refused() {
    for (names, says) in [
        (
            &["cats_train", "cats_test", "dogs_train", "dogs_test"][..],
            "(test/cats, train/cats, test/dogs and 1 more)",
        ),
        (
            &["train_cats", "test_cats", "train_dogs", "test_dogs"],
            "(test/cats, test/dogs, train/cats and 1 more)",
        ),
        (
            &["trainA", "trainB", "testA", "testB"],
            "(test/a, test/b, train/a and 1 more)",
        ),
        (&["kaggle_train", "competition_test"], "test, "),
        (&["train_v2", "test"], "test, train_v2"),
        (
            &["treino", "teste", "validacao"],
            "teste, treino, validacao",
        ),
    ] {
        let files: Vec<String> = names.iter().map(|name| format!("{name}/1.png")).collect();
        let root = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
        let error = refused(root.path());
        assert!(
            error.starts_with("these look like splits, not classes: ") && error.contains(says),
            "{error}"
        );
    }
}

#[test]
fn folders_that_hold_the_same_folders_are_no_classes() {
    for (outer, inner) in [
        (&["10250", "10251", "10252"][..], &["0", "1"][..]),
        (&["camera_A", "camera_B"], &["deer", "fox"]),
        (&["fold1", "fold2", "fold3"], &["a", "b"]),
        (&["color", "grayscale"], &["Apple", "Corn"]),
        (&["40X", "100X"], &["benign", "malignant"]),
        (&["original", "augmented"], &["a", "b"]),
    ] {
        let root = grid(outer, inner);
        let error = refused(root.path());
        assert!(
            error.contains("hold folders of the same names") && error.contains(inner[0]),
            "{error}"
        );
        // A preset may say so, and hears of it.
        let dataset = scan_source(class_folders(root.path())).unwrap();
        assert_eq!(dataset.classes.len(), outer.len());
        assert!(
            warnings(&dataset).contains("If these folders are the classes"),
            "{outer:?}"
        );
    }
    // Numbered folders within classes are none.
    let root = grid(&["cat", "dog"], &["01", "02"]);
    let (source, _) = read(root.path()).unwrap();
    assert_eq!(source, class_folders(root.path()));
    let root = folder(&[
        "normal/p1/1.png",
        "normal/p2/1.png",
        "ill/p3/1.png",
        "ill/p4/1.png",
    ]);
    let (_, dataset) = read(root.path()).unwrap();
    assert_eq!(
        (dataset.classes.join(" "), warnings(&dataset)),
        ("ill normal".into(), String::new())
    );
    assert!(
        dataset.remarks[0]
            .text
            .contains("belong to that class: ill holds p3, p4; normal holds p1, p2.")
    );
}

#[test]
fn folders_within_classes_that_may_be_classes_are_named() {
    let root = folder(&[
        "colon_image_sets/colon_aca/1.png",
        "colon_image_sets/colon_n/1.png",
        "lung_image_sets/lung_aca/1.png",
        "lung_image_sets/lung_n/1.png",
    ]);
    let (_, dataset) = read(root.path()).unwrap();
    assert!(
        warnings(&dataset).contains(
            "colon_image_sets holds colon_aca, colon_n; lung_image_sets holds lung_aca, lung_n"
        ),
        "{:?}",
        dataset.remarks
    );
}

#[test]
fn a_copy_of_the_data_set_within_it_is_passed_over() {
    let root = folder(&[
        "Parasitized/1.png",
        "Uninfected/1.png",
        "cell_images/Parasitized/1.png",
        "cell_images/Uninfected/1.png",
    ]);
    let (_, dataset) = read(root.path()).unwrap();
    assert_eq!(dataset.classes, ["Parasitized", "Uninfected"]);
    assert_eq!(dataset.pictures.len(), 2);
    assert!(warnings(&dataset).contains("cell_images is skipped"));
}

#[test]
fn what_lies_beside_a_data_set_is_told() {
    let root = folder(&[
        "data/cat/1.png",
        "data/dog/1.png",
        "to_predict/1.png",
        "history.csv",
        "train_test_split.txt",
        "__MACOSX/data/._1.png",
        "meta/test.txt",
    ]);
    let (source, _) = read(root.path()).unwrap();
    assert_eq!(source, class_folders(&root.path().join("data")));
    let (problems, remarks) = super::super::outside(root.path(), &source);
    let mut names: Vec<String> = problems
        .iter()
        .map(|problem| relative_name(&problem.path, root.path()))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "__MACOSX",
            "history.csv",
            "meta",
            "to_predict",
            "train_test_split.txt"
        ]
    );
    let texts: Vec<&str> = remarks.iter().map(|remark| remark.text.as_str()).collect();
    assert_eq!(
        texts[0],
        "The data set is the folder data; pictures beside it are not used: to_predict."
    );
    assert!(texts[1].starts_with(
        "meta/test.txt, train_test_split.txt may say how the pictures are to be split"
    ));
    // The folder of the data set itself has nothing beside it.
    let inner = root.path().join("data");
    assert!(super::super::outside(&inner, &source).0.is_empty());
}

#[test]
fn pictures_deep_within_their_classes_are_found() {
    let root = folder(&[
        "benign/SOB/adenosis/SOB_1/100X/1.png",
        "malignant/SOB/lobular/SOB_2/40X/1.png",
    ]);
    assert_eq!(
        read(root.path()).unwrap().1.classes,
        ["benign", "malignant"]
    );
}

#[test]
fn refusals_name_what_is_there_and_not_read() {
    let with = |pictures: &[&str], files: &[(&str, &[u8])]| {
        let root = folder(pictures);
        for (name, bytes) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        refused(root.path())
    };
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM");
    for (name, kind) in [
        ("0.dcm", "DICOM"),
        ("IM0", "DICOM"),
        ("0.nii.gz", "NIfTI"),
        ("0.npy", "NumPy's arrays"),
        ("0.ppm", "PPM"),
    ] {
        let error = with(
            &[],
            &[
                (&format!("a/{name}"), &dicom),
                (&format!("b/{name}"), &dicom),
            ],
        );
        assert!(
            error.starts_with(&format!("the pictures here are {kind}"))
                && error.contains(&format!("a/{name} and 1 more): convert them")),
            "{error}"
        );
    }
    for (pictures, list) in [
        (&["1.png", "2.png"][..], "labels.xlsx"),
        (&["1.png"], "metadata.txt"),
        (&["1.png"], "labels.csv.gz"),
        (&["images/1.png"], "annotations/list.txt"),
        (&["train/1.png", "test/2.png"], "train/metadata.jsonl"),
        (&["img/1.png"], "train.txt"),
    ] {
        let error = with(pictures, &[(list, b"x")]);
        assert!(
            error.starts_with(&format!("{list} may hold the labels, but is not read")),
            "{error}"
        );
    }
    for name in [
        "train.h5",
        "train.tfrecord",
        "train_32x32.mat",
        "data/train.parquet",
        "train.pkl",
    ] {
        let error = with(&[], &[(name, b"x")]);
        assert!(
            error.starts_with(&format!("this folder holds no pictures, but {name}")),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn one_file_in_two_parts_is_told() {
    let root = folder(&["train/a/1.png", "train/b/2.png", "test/b/3.png"]);
    fs::create_dir_all(root.path().join("test/a")).unwrap();
    fs::hard_link(
        root.path().join("train/a/1.png"),
        root.path().join("test/a/1.png"),
    )
    .unwrap();
    let (_, dataset) = read(root.path()).unwrap();
    assert!(
        warnings(&dataset).contains(
            "1 picture is the same file as another one, by a link (test/a/1.png and train/a/1.png), 1 of them in another part"
        ),
        "{}",
        warnings(&dataset)
    );
}
