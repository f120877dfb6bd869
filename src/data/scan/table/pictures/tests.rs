use super::*;

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "never opened").unwrap();
    }
    folder
}

/// `NAME how`, `several A B` or `missing`.
fn meaning(folder: &Path, cell: &str, part: Option<Split>) -> String {
    let stop = StopFlag::default();
    match Pictures::new(folder, &stop).find(cell, part) {
        Meaning::File(path, how) => {
            let name = path.strip_prefix(folder).unwrap_or(&path);
            format!("{} {how:?}", name.display())
        }
        Meaning::Several(names) => format!("several {}", names.join(" ")),
        Meaning::Missing => "missing".to_owned(),
    }
}

#[test]
fn a_cell_means_the_one_file_that_it_can_mean() {
    let folder = folder(&[
        "p0.jpg",
        "train/p1.jpg",
        "test/p2.jpg",
        "train/0012.png",
        "a b.jpg",
        "IMG.JPG",
        "cafe\u{301}.jpg",
        "cats/1.jpg",
        "dogs/2.jpg",
        "images/m.jpg",
        "masks/m.png",
        "train/both.jpg",
        "test/both.jpg",
        "deep/er/x.jpg",
        "other/x.jpg",
        "train/notes.txt",
    ]);
    for (cell, expect) in [
        ("p0.jpg", "p0.jpg Written"),
        ("./train\\p1.jpg", "train/p1.jpg Written"),
        (r"C:\Users\me\data\p0.jpg", "p0.jpg OtherFolder"),
        (r"..\data\train\p1.jpg", "train/p1.jpg OtherFolder"),
        ("/home/me/data/p0.jpg", "p0.jpg OtherFolder"),
        ("file:///home/me/p0.jpg", "p0.jpg OtherFolder"),
        ("https://example.org/a/p0.jpg?v=2", "p0.jpg OtherFolder"),
        ("p1", "train/p1.jpg WithoutExtension"),
        ("p1.jpg", "train/p1.jpg OtherFolder"),
        ("p2.png", "test/p2.jpg OtherExtension"),
        ("12", "train/0012.png Number"),
        ("12.0", "train/0012.png Number"),
        ("012.png", "train/0012.png Number"),
        ("a%20b.jpg", "a b.jpg Percent"),
        ("file:///x/a%20b.jpg", "a b.jpg Percent"),
        ("img.jpg", "IMG.JPG Case"),
        ("caf\u{e9}.jpg", "cafe\u{301}.jpg Unicode"),
        // A folder that is here and does not hold it: no other picture of that name.
        ("cats/2.jpg", "missing"),
        ("dogs/1", "missing"),
        ("elsewhere/1.jpg", "cats/1.jpg OtherFolder"),
        // Masks are no pictures to learn from.
        ("m", "images/m.jpg WithoutExtension"),
        ("both", "several test/both.jpg train/both.jpg"),
        ("er/x.jpg", "deep/er/x.jpg OtherFolder"),
        ("x.jpg", "several deep/er/x.jpg other/x.jpg"),
        ("notes", "missing"),
        ("", "missing"),
        ("..", "missing"),
    ] {
        assert_eq!(meaning(folder.path(), cell, None), expect, "{cell}");
    }
    assert_eq!(
        meaning(folder.path(), "both", Some(Split::Train)),
        "train/both.jpg WithoutExtension"
    );
}

#[test]
fn pictures_may_stand_beside_the_tables_folder() {
    let folder = folder(&["annotations/labels.csv", "images/p0.jpg", "secret/p1.jpg"]);
    let table = folder.path().join("annotations");
    assert!(meaning(&table, "p0", None).ends_with("images/p0.jpg WithoutExtension"));
    assert_eq!(meaning(&table, "p1", None), "missing");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let folder = folder(&["a/1.jpg"]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/again")).unwrap();
    assert_eq!(
        meaning(folder.path(), "1", None),
        "a/1.jpg WithoutExtension"
    );
}
