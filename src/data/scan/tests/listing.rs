//! Nothing vanishes unlisted.

use super::*;

fn remarks(dataset: &Dataset) -> String {
    let lines: Vec<&str> = dataset
        .remarks
        .iter()
        .map(|remark| remark.text.as_str())
        .collect();
    lines.join("\n")
}

/// The reason that a file was skipped for.
fn reason<'a>(dataset: &'a Dataset, name: &str) -> Option<&'a str> {
    let mut problems = dataset.problems.iter();
    problems
        .find(|problem| problem.path.ends_with(name))
        .map(|problem| problem.reason.as_str())
}

#[test]
fn pictures_without_an_extension_are_taken_by_their_content() {
    let root = folder(&["cats/0.jpg", "dogs/0.jpg"]);
    let bytes = fs::read(root.path().join("cats/0.jpg")).unwrap();
    let odd = [
        "x.jpg_large",
        "x.jpg?v=2",
        "x",
        "x.jpg.1",
        "x.JPG ",
        "x.jpeg~",
        "x.pjpeg",
        "x.JPG_1",
        "2024.01.05",
        "ünïcode",
    ];
    for name in odd {
        fs::write(root.path().join("cats").join(name), &bytes).unwrap();
    }
    let bmp = root.path().join("dogs/bitmap.dat");
    image::RgbImage::new(3, 2)
        .save_with_format(&bmp, image::ImageFormat::Bmp)
        .unwrap();
    // A text that begins as a bitmap does, and a notice without an extension.
    fs::write(
        root.path().join("dogs/BMW"),
        "BMW drivers and other animals",
    )
    .unwrap();
    fs::write(root.path().join("dogs/LICENSE"), "MIT").unwrap();
    fs::write(
        root.path().join("dogs/phone"),
        b"\0\0\0\x18ftypheic\0\0\0\0",
    )
    .unwrap();
    let source = recognise(root.path()).unwrap();
    let dataset = scan_source(source).unwrap();
    assert_eq!(dataset.pictures.len(), 2 + odd.len() + 1);
    assert_eq!(reason(&dataset, "BMW"), Some("is no picture"));
    assert_eq!(reason(&dataset, "LICENSE"), Some("is no picture"));
    assert!(
        reason(&dataset, "phone")
            .unwrap()
            .starts_with("is of a kind that can't be read")
    );
    let remarks = remarks(&dataset);
    assert!(
        remarks.starts_with(
            "11 files are read as pictures by their content, although their names don't end like those of pictures (.jpg, .png …): cats/2024.01.05, cats/x, "
        ) && remarks.ends_with("and 8 more."),
        "{remarks}"
    );
}

#[test]
fn classes_of_odd_files_alone_are_recognised() {
    let root = folder(&["cats/0.jpg", "dogs/0.jpg"]);
    for class in ["cats", "dogs"] {
        let from = root.path().join(class).join("0.jpg");
        fs::rename(&from, from.with_file_name("picture")).unwrap();
    }
    assert_eq!(recognise(root.path()).unwrap(), class_folders(root.path()));
    assert_eq!(
        scan_source(class_folders(root.path()))
            .unwrap()
            .pictures
            .len(),
        2
    );
}

#[test]
fn loose_pictures_are_named_and_counted() {
    let root = folder(&[
        "cats/1.png",
        "dogs/2.png",
        "a.png",
        "b.png",
        "c.png",
        "d.jpg",
        "Thumbs.db",
        "all.zip",
        "labels.csv",
        "clip.mp4",
        "README",
    ]);
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.pictures.len(), 2);
    assert!(
        remarks(&dataset).contains(
            "4 pictures lie beside the folders of the classes and are not used, because nothing says which class: a.png, \
             b.png, c.png and 1 more. Move each into the folder of its class."
        ),
        "{}",
        remarks(&dataset)
    );
    for (name, expect) in [
        ("d.jpg", "lies beside the folders of the classes"),
        ("Thumbs.db", "is no picture"),
        ("README", "is no picture"),
        ("all.zip", "is an archive, which is not opened"),
        ("labels.csv", "is a table, which is not read"),
        ("clip.mp4", "is a video"),
    ] {
        assert!(
            reason(&dataset, name).unwrap().starts_with(expect),
            "{name}"
        );
    }
    // Also beside the classes of a split.
    let splits = folder(&[
        "train/a/1.png",
        "train/b/2.png",
        "train/x.png",
        "test/a/1.png",
        "y.png",
    ]);
    let dataset = scan_source(recognise(splits.path()).unwrap()).unwrap();
    assert!(remarks(&dataset).contains("2 pictures lie beside the folders of the classes"));
    assert!(remarks(&dataset).contains(": y.png, train/x.png."));
}

#[test]
fn hidden_folders_are_no_classes_and_are_listed_once() {
    let hidden = [
        ".git",
        ".ipynb_checkpoints",
        "__MACOSX",
        "@eaDir",
        ".thumbnails",
        "$RECYCLE.BIN",
    ];
    let mut files = vec!["cats/1.png".to_owned(), "dogs/2.png".to_owned()];
    for name in hidden {
        files.extend([format!("{name}/1.png"), format!("cats/{name}/2.png")]);
    }
    let root = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(listing(&dataset), ["cats/1.png cats", "dogs/2.png dogs"]);
    assert_eq!(dataset.problems.len(), 2 * hidden.len());
    let groups = crate::data::problems::grouped(&dataset.problems);
    assert_eq!(groups.len(), 1, "told once");
}

#[test]
fn an_empty_class_in_a_split_is_listed() {
    let root = folder(&["train/a/1.png", "train/b/2.png", "test/a/3.png"]);
    fs::create_dir(root.path().join("test/b")).unwrap();
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert!(
        reason(&dataset, "test/b")
            .unwrap()
            .starts_with("holds no pictures")
    );
}

#[test]
fn a_folder_of_other_files_is_refused_after_a_while() {
    let stop = StopFlag::default();
    let mut walk = walk::Walk::new(Path::new("/data"), &stop);
    let entry = entries::FolderEntry {
        path: "/data/x.txt".into(),
        name: "x.txt".into(),
        is_folder: false,
        kind: entries::EntryKind::File,
        is_hidden: false,
    };
    let error = (0..300_000).find_map(|_| walk.file(&entry).err()).unwrap();
    assert!(
        error
            .to_string()
            .starts_with("this is no folder of pictures: of the first 200000 files")
    );
}
