//! Whatever lies in a folder, every file is a picture of the data set or is listed.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const FOLDERS: &[&str] = &[
    "cat",
    "Cat",
    "cat ",
    "dog",
    "Café",
    "Cafe\u{301}",
    "train",
    "test",
    "Training Data",
    "val",
    "eval",
    "images",
    "masks",
    ".git",
    "__MACOSX",
    "images_1",
    "seg_pred",
    "x_train",
    "y_train",
    "0",
    "a.b",
];

const FILES: &[&str] = &[
    "1.png",
    "2.PNG",
    "3.jpg",
    "x",
    "x.jpg~",
    "1_mask.png",
    "1.txt",
    ".hidden.png",
    "Thumbs.db",
    "x.zip",
    "x.heic",
    "x.csv",
    "photo.jpg?v=1",
    "x.JPG ",
];

fn tree() -> impl Strategy<Value = Vec<(String, bool)>> {
    let folder = proptest::sample::select(FOLDERS);
    let file = (
        proptest::collection::vec(folder, 0..4),
        proptest::sample::select(FILES),
        any::<bool>(),
    );
    let path = file.prop_map(|(folders, file, is_picture)| {
        let mut parts = folders;
        parts.push(file);
        (parts.join("/"), is_picture)
    });
    proptest::collection::vec(path, 1..24)
}

/// Every file below a folder.
fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn check_all_told(root: &Path, dataset: &Dataset) {
    let pictures: HashSet<&Path> = dataset
        .pictures
        .iter()
        .map(|picture| picture.source.path())
        .collect();
    let problems: HashSet<&Path> = dataset
        .problems
        .iter()
        .map(|problem| problem.path.as_path())
        .collect();
    let mut files = Vec::new();
    files_below(root, &mut files);
    for file in files {
        let is_listed = file.ancestors().any(|path| problems.contains(path));
        assert!(
            pictures.contains(file.as_path()) || is_listed,
            "{} vanished",
            file.display()
        );
        assert!(
            !(pictures.contains(file.as_path()) && is_listed),
            "{} is both a picture and skipped",
            file.display()
        );
    }
    let classes: HashSet<&String> = dataset.classes.iter().collect();
    assert_eq!(
        classes.len(),
        dataset.classes.len(),
        "{:?}",
        dataset.classes
    );
    let names: HashSet<&String> = dataset
        .pictures
        .iter()
        .map(|picture| &picture.name)
        .collect();
    assert_eq!(names.len(), dataset.pictures.len());
    assert!(
        dataset
            .remarks
            .iter()
            .all(|remark| remark.text.ends_with('.'))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_file_is_a_picture_or_is_listed(tree in tree()) {
        let root = tempfile::tempdir().unwrap();
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(2, 2).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        for (file, is_picture) in &tree {
            let path = root.path().join(file);
            // A file may stand where a folder should, or the other way round.
            if fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.is_dir() {
                let text = b"1 0.5 0.5 0.5 0.5\n".to_vec();
                fs::write(&path, if *is_picture { bytes.get_ref() } else { &text }).unwrap();
            }
        }
        let path = root.path().to_path_buf();
        let mut sources = vec![
            DataSource::ClassFolders { path: path.clone() },
            DataSource::SplitFolders { path: path.clone() },
        ];
        if let Ok(source) = recognise(root.path())
            && !matches!(source, DataSource::Table { .. })
        {
            sources.push(source);
        }
        for source in sources {
            let config = DataConfig { source, ..DataConfig::default() };
            let Ok(found) = find(&config, None, &StopFlag::default()) else {
                continue;
            };
            let root = found.root.clone();
            let dataset = check::check(found, &|_, _| (), &StopFlag::default()).unwrap();
            check_all_told(&root, &dataset);
        }
    }
}
