mod agreement;
mod doubtful;
mod layouts;
mod listing;
mod naming;
mod random_trees;
#[cfg(unix)]
mod special_files;
mod structure;

use std::fs;
use std::sync::Mutex;

use super::super::StopFlag;
use super::*;
use crate::experiment::{Column, Threshold};

/// A folder with these files: pictures get pixels, other files their own name as text.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if folders::is_picture_name(file) {
            image::RgbImage::from_pixel(4, 3, image::Rgb([1, 2, 3]))
                .save(&path)
                .unwrap();
        } else {
            fs::write(&path, file).unwrap();
        }
    }
    folder
}

fn scan_source(source: DataSource) -> Result<Dataset, DataError> {
    scan(
        &DataConfig {
            source,
            ..DataConfig::default()
        },
        None,
        &|_, _| (),
        &StopFlag::default(),
    )
}

/// What a folder is recognised as, and what a scan of it finds.
fn read(root: &Path) -> Result<(DataSource, Dataset), DataError> {
    let source = recognise(root)?;
    let dataset = scan_source(source.clone())?;
    Ok((source, dataset))
}

fn refused(root: &Path) -> String {
    read(root).unwrap_err().to_string()
}

/// Of the scan's remarks, those that warn, a line each.
fn warnings(dataset: &Dataset) -> String {
    let warnings = dataset
        .remarks
        .iter()
        .filter(|remark| remark.kind == crate::data::RemarkKind::Warning);
    warnings
        .map(|remark| remark.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

fn class_folders(root: &Path) -> DataSource {
    DataSource::ClassFolders {
        path: root.to_path_buf(),
    }
}

/// `name class` of each picture.
fn listing(dataset: &Dataset) -> Vec<String> {
    dataset
        .pictures
        .iter()
        .map(|picture| {
            format!(
                "{} {}",
                picture.name, dataset.classes[picture.label as usize]
            )
        })
        .collect()
}

fn table(file: &Path, split: Option<Column>, threshold: Option<Threshold>) -> DataSource {
    DataSource::Table {
        file: file.to_path_buf(),
        path_column: Column::Index(0),
        label_column: Column::Index(1),
        split_column: split,
        threshold,
        one_hot: Vec::new(),
        split_values: Vec::new(),
        validation_table: None,
        test_table: None,
        encoding: None,
        split_from_folders: false,
    }
}

#[test]
fn class_folders_are_walked_in_order_and_problems_listed() {
    let root = folder(&[
        "dog/b.png",
        "dog/deep/a.JPG",
        "cat/z.png",
        "cat/notes.txt",
        "cat/.hidden.png",
        ".git/x.png",
        "loose.png",
    ]);
    fs::write(
        root.path().join("cat/broken.png"),
        b"\x89PNG\r\n\x1a\nrubbish",
    )
    .unwrap();
    fs::write(root.path().join("cat/empty.jpg"), b"").unwrap();
    fs::write(root.path().join("cat/phone.heic"), b"x").unwrap();
    fs::create_dir(root.path().join("nothing")).unwrap();
    let dataset = scan_source(class_folders(root.path())).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(
        listing(&dataset),
        ["cat/z.png cat", "dog/b.png dog", "dog/deep/a.JPG dog"]
    );
    assert!(
        dataset
            .pictures
            .iter()
            .all(|picture| picture.size == (4, 3) && picture.split.is_none())
    );
    let mut problems: Vec<String> = dataset
        .problems
        .iter()
        .map(|problem| {
            format!(
                "{} {}",
                problem.path.file_name().unwrap().to_string_lossy(),
                problem.reason
            )
        })
        .collect();
    problems.sort();
    let expect = [
        ".git is a hidden folder",
        ".hidden.png is hidden",
        "broken.png is ",
        "empty.jpg is empty (0 bytes)",
        "loose.png lies beside the folders of the classes",
        "notes.txt is no picture",
        "nothing the class holds no usable picture",
        "phone.heic is of a kind that can't be read: convert it",
    ];
    assert_eq!(problems.len(), expect.len(), "{problems:?}");
    for (problem, expect) in problems.iter().zip(expect) {
        assert!(problem.starts_with(expect), "{problem}");
    }
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let root = folder(&["a/1.png", "b/2.png"]);
    std::os::unix::fs::symlink(root.path().join("a"), root.path().join("a/again")).unwrap();
    std::os::unix::fs::symlink(
        root.path().join("gone.png"),
        root.path().join("b/broken.png"),
    )
    .unwrap();
    let dataset = scan_source(class_folders(root.path())).unwrap();
    assert_eq!(listing(&dataset), ["a/1.png a", "b/2.png b"]);
    assert_eq!(dataset.problems.len(), 2, "{:?}", dataset.problems);
    assert!(
        dataset.problems[1]
            .reason
            .starts_with("is a link to something that is not there"),
        "{:?}",
        dataset.problems
    );
}

#[test]
fn chosen_classes_are_kept_in_their_order() {
    let root = folder(&["a/1.png", "b/2.png", "c/3.png"]);
    let with = |classes: &[&str]| {
        let classes = classes.iter().map(|class| (*class).to_owned()).collect();
        let config = DataConfig {
            source: class_folders(root.path()),
            classes,
            ..DataConfig::default()
        };
        scan(&config, None, &|_, _| (), &StopFlag::default())
    };
    let dataset = with(&["c", "a"]).unwrap();
    assert_eq!(
        (dataset.classes.join(" "), listing(&dataset)),
        ("c a".into(), vec!["a/1.png a".into(), "c/3.png c".into()])
    );
    let error = with(&["a", "x"]).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no class x; there are a, b, c: "),
        "{error}"
    );
}

#[test]
fn unusable_sources_say_what_to_do() {
    let loose = folder(&["1.png", "2.png"]);
    let single = folder(&["cat/1.png"]);
    let bare = folder(&["a/readme.txt", "b/readme.txt"]);
    for (source, expect) in [
        (DataSource::Unset, "no pictures are chosen yet"),
        (
            class_folders(loose.path()),
            "the pictures lie in this folder itself: make one folder per class",
        ),
        (
            class_folders(single.path()),
            "only one class, cat, holds usable pictures",
        ),
        (class_folders(bare.path()), "no picture here can be used"),
        (
            class_folders(Path::new("/nowhere/at/all")),
            "there is no such folder",
        ),
        (
            DataSource::Cifar10 {
                path: bare.path().into(),
            },
            "there is no data_batch_1.bin here",
        ),
        (
            DataSource::SplitFolders {
                path: bare.path().into(),
            },
            "there is no folder named train",
        ),
        (
            table(&bare.path().join("x.csv"), None, None),
            "there is no such table",
        ),
    ] {
        let error = scan_source(source.clone()).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{source:?}: {error}");
    }
}

#[test]
fn split_folders_assign_their_pictures() {
    let root = folder(&[
        "Training/a/1.png",
        "Training/b/1.png",
        "val/a/2.png",
        "testing/b/3.png",
        "other/a/9.png",
    ]);
    let dataset = scan_source(DataSource::SplitFolders {
        path: root.path().into(),
    })
    .unwrap();
    let splits: Vec<_> = dataset
        .pictures
        .iter()
        .map(|picture| (picture.name.as_str(), picture.split))
        .collect();
    assert_eq!(
        splits,
        [
            ("Training/a/1.png", Some(Split::Train)),
            ("val/a/2.png", Some(Split::Validation)),
            ("Training/b/1.png", Some(Split::Train)),
            ("testing/b/3.png", Some(Split::Test)),
        ]
    );
}

#[test]
fn the_solar_cells_table_is_read_as_it_is() {
    let root = folder(&[
        "images/cell1.png",
        "images/cell2.png",
        "images/cell3.png",
        "images/cell4.png",
    ]);
    let file = root.path().join("labels.csv");
    fs::write(
        &file,
        "images/cell1.png  1.0                 mono\nimages/cell2.png  0.0                 poly\n\
         images/cell3.png  0.3333333333333333  mono\n./images/cell4.png  0.6666666666666666  mono\n\
         images/cell5.png  0.0 mono\nimages/cell1.png  1.0 mono\n",
    )
    .unwrap();
    let recognised = recognise(root.path()).unwrap();
    let threshold = Threshold {
        at_least: 0.5,
        above: "0.5 and above".into(),
        below: "below 0.5".into(),
    };
    assert_eq!(recognised, table(&file, None, Some(threshold)));
    let threshold = Threshold {
        at_least: 0.5,
        above: "defective".into(),
        below: "functional".into(),
    };
    let dataset = scan_source(table(&file, None, Some(threshold))).unwrap();
    assert_eq!(
        listing(&dataset),
        [
            "images/cell1.png defective",
            "images/cell4.png defective",
            "images/cell2.png functional",
            "images/cell3.png functional"
        ]
    );
    // Where all numbers lie on one side, the threshold is what to change.
    let error = scan_source(table(&file, None, Some(Threshold::new(2.0)))).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("only one class, below 2, holds usable pictures")
            && error.contains("change the threshold, 2, so that there are numbers on both sides"),
        "{error}"
    );
    assert_eq!(dataset.problems.len(), 2);
    assert!(
        dataset.problems[0]
            .reason
            .starts_with("is named in line 5 but is not there"),
        "{:?}",
        dataset.problems
    );
    assert!(
        dataset.problems[1]
            .reason
            .starts_with("is listed in line 1 and again in line 6"),
        "{:?}",
        dataset.problems
    );
}

#[test]
fn tables_with_headers_name_their_columns() {
    let root = folder(&["one.png", "two, too.png", "three.png"]);
    let file = root.path().join("table.csv");
    fs::write(
        &file,
        "\u{feff}id;file;set;label\n1;one.png;train;x\n2;two, too.png;dev;y\n3;three.png;test;x\n",
    )
    .unwrap();
    let name = |name: &str| Column::Name(name.into());
    let source = recognise(&file).unwrap();
    assert_eq!(
        source,
        DataSource::Table {
            file: file.clone(),
            path_column: name("file"),
            label_column: name("label"),
            split_column: Some(name("set")),
            threshold: None,
            one_hot: Vec::new(),
            split_values: Vec::new(),
            validation_table: None,
            test_table: None,
            encoding: None,
            split_from_folders: false,
        }
    );
    let dataset = scan_source(source).unwrap();
    assert_eq!(
        listing(&dataset),
        ["one.png x", "three.png x", "two, too.png y"]
    );
    assert_eq!(dataset.pictures[2].split, Some(Split::Validation));
    // By index, the header is told from the files that are there.
    let by_index = DataSource::Table {
        file: file.clone(),
        path_column: Column::Index(1),
        label_column: Column::Index(3),
        split_column: None,
        threshold: None,
        one_hot: Vec::new(),
        split_values: Vec::new(),
        validation_table: None,
        test_table: None,
        encoding: None,
        split_from_folders: false,
    };
    assert_eq!(scan_source(by_index).unwrap().pictures.len(), 3);
    let wrong = DataSource::Table {
        file,
        path_column: name("path"),
        label_column: name("label"),
        split_column: None,
        threshold: None,
        one_hot: Vec::new(),
        split_values: Vec::new(),
        validation_table: None,
        test_table: None,
        encoding: None,
        split_from_folders: false,
    };
    let error = scan_source(wrong).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no column path; the first line has id, file, set, label: "),
        "{error}"
    );
}

#[test]
fn cifar_batches_are_listed_and_a_cut_one_is_reported() {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("cifar-10-batches-bin");
    fs::create_dir(&inner).unwrap();
    let record = |label: u8| [vec![label], vec![9; 3072]].concat();
    fs::write(
        inner.join("data_batch_1.bin"),
        [record(3), record(5), record(0), record(77), vec![3; 100]].concat(),
    )
    .unwrap();
    fs::write(
        inner.join("test_batch.bin"),
        [record(5), record(3)].concat(),
    )
    .unwrap();
    assert_eq!(
        recognise(root.path()).unwrap(),
        DataSource::Cifar10 {
            path: root.path().into()
        }
    );
    let source = DataSource::Cifar10 {
        path: root.path().into(),
    };
    let config = DataConfig {
        source,
        classes: vec!["cat".into(), "dog".into()],
        ..DataConfig::default()
    };
    let dataset = scan(&config, None, &|_, _| (), &StopFlag::default()).unwrap();
    assert_eq!(
        listing(&dataset),
        [
            "data_batch_1.bin/00000 cat",
            "data_batch_1.bin/00001 dog",
            "test_batch.bin/00000 dog",
            "test_batch.bin/00001 cat"
        ]
    );
    assert_eq!(dataset.pictures[3].split, Some(Split::Test));
    let reasons: Vec<&str> = dataset
        .problems
        .iter()
        .map(|problem| problem.reason.as_str())
        .collect();
    assert!(
        reasons[0].contains("unknown class 77")
            && reasons[1].starts_with("is cut off after 4 pictures"),
        "{reasons:?}"
    );
}

#[test]
fn folders_are_recognised() {
    let classes = folder(&["cats/1.png", "dogs/2.png"]);
    assert_eq!(
        recognise(classes.path()).unwrap(),
        class_folders(classes.path())
    );
    assert_eq!(
        recognise(&classes.path().join("cats/1.png")).unwrap(),
        class_folders(classes.path()),
        "one picture stands for its classes"
    );
    let splits = folder(&["train/a/1.png", "train/b/1.png", "test/a/1.png"]);
    assert_eq!(
        recognise(splits.path()).unwrap(),
        DataSource::SplitFolders {
            path: splits.path().into()
        }
    );
    let vehicles = folder(&["train/1.png", "bus/2.png"]);
    assert_eq!(
        recognise(vehicles.path()).unwrap(),
        class_folders(vehicles.path())
    );
    let nested = folder(&["unpacked/a/1.png", "unpacked/b/2.png"]);
    assert_eq!(
        recognise(nested.path()).unwrap(),
        class_folders(&nested.path().join("unpacked"))
    );
    let loose = folder(&["1.png"]);
    assert!(
        recognise(loose.path())
            .unwrap_err()
            .to_string()
            .starts_with("the pictures lie in this folder itself")
    );
    assert!(
        recognise(&loose.path().join("1.png"))
            .unwrap_err()
            .to_string()
            .starts_with("this is one picture")
    );
}

#[test]
fn progress_is_told_and_a_stop_ends_the_scan() {
    let files: Vec<String> = (0..120).map(|n| format!("{}/{n}.bmp", n % 2)).collect();
    let root = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let config = DataConfig {
        source: class_folders(root.path()),
        ..DataConfig::default()
    };
    let told = Mutex::new(Vec::new());
    let stop = StopFlag::default();
    scan(
        &config,
        None,
        &|done, total| told.lock().unwrap().push((done, total)),
        &stop,
    )
    .unwrap();
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    assert_eq!(told, [(0, 0), (0, 120), (50, 120), (100, 120), (120, 120)]);
    let stopped = scan(
        &config,
        None,
        &|_, total| {
            if total > 0 {
                stop.stop()
            }
        },
        &stop,
    );
    assert!(matches!(stopped, Err(DataError::Stopped)));
}

#[test]
fn where_pictures_are_is_told_without_opening_any() {
    let root = folder(&["cat/1.png", "dog/2.png", "dog/3.png"]);
    fs::write(root.path().join("cat/broken.png"), b"no picture").unwrap();
    let config = DataConfig {
        source: class_folders(root.path()),
        ..DataConfig::default()
    };
    let found = sources(&config, None, &StopFlag::default()).unwrap();
    let scanned = scan_source(config.source.clone()).unwrap();
    for picture in &scanned.pictures {
        assert_eq!(
            found.get(&picture.name),
            Some(&picture.source),
            "{}",
            picture.name
        );
    }
    assert_eq!(
        found.len(),
        scanned.pictures.len() + 1,
        "the broken one is listed"
    );
    let chosen = DataConfig {
        classes: vec!["dog".into(), "cat".into()],
        ..config
    };
    assert_eq!(
        sources(&chosen, None, &StopFlag::default()).unwrap().len(),
        4
    );
    let unset = DataConfig::default();
    assert!(sources(&unset, None, &StopFlag::default()).is_err());
}

#[test]
fn excluded_pictures_are_left_out_and_said_so() {
    let root = folder(&["a/1.png", "a/2.png", "b/3.png", "b/4.png", "c/5.png"]);
    let with = |exclude: &[&str]| {
        let config = DataConfig {
            source: class_folders(root.path()),
            exclude: exclude.iter().map(|name| (*name).to_owned()).collect(),
            ..DataConfig::default()
        };
        scan(&config, None, &|_, _| (), &StopFlag::default()).unwrap()
    };
    let dataset = with(&["b/4.png", "a/1.png", "gone.png"]);
    assert_eq!(listing(&dataset), ["a/2.png a", "b/3.png b", "c/5.png c"]);
    let excluded: Vec<(&str, usize)> = dataset
        .excluded
        .iter()
        .map(|excluded| (excluded.picture.name.as_str(), excluded.before))
        .collect();
    assert_eq!(excluded, [("a/1.png", 0), ("b/4.png", 2)]);
    let reasons: Vec<&str> = dataset
        .problems
        .iter()
        .map(|problem| problem.reason.as_str())
        .collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons[0].contains("excludes a/1.png") && reasons[2].contains("no usable picture"));
    // The files are where they were.
    assert!(root.path().join("a/1.png").is_file());

    // A class that loses its last picture is left out, and labels move up.
    let dataset = with(&["a/1.png", "a/2.png", "c/nothing.png", "b/3.png"]);
    assert_eq!(dataset.classes, ["b", "c"]);
    assert_eq!(listing(&dataset), ["b/4.png b", "c/5.png c"]);
    let labels: Vec<u32> = dataset
        .excluded
        .iter()
        .map(|excluded| excluded.picture.label)
        .collect();
    assert_eq!(labels, [0], "only the picture of a class that is kept");
}
