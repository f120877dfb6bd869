//! Names that look equal, and names in other encodings.

use std::ffi::OsStr;

use super::super::class_names::{ClassFolder, classes};
use super::super::names::Names;
use super::*;

fn remarks(dataset: &Dataset) -> String {
    let lines: Vec<&str> = dataset
        .remarks
        .iter()
        .map(|remark| remark.text.as_str())
        .collect();
    lines.join("\n")
}

const NFC: &str = "Caf\u{e9}";
const NFD: &str = "Cafe\u{301}";

#[test]
fn accents_in_one_letter_or_two_are_one_class() {
    let root = folder(&[
        &format!("train/{NFC}/1.png"),
        "train/The/1.png",
        &format!("test/{NFD}/2.png"),
        "test/The/3.png",
    ]);
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.classes, [NFC, "The"]);
    assert_eq!(
        dataset
            .pictures
            .iter()
            .filter(|picture| picture.label == 0)
            .count(),
        2
    );
    assert!(
        remarks(&dataset)
            .contains("2 folders whose names differ only in how accents are stored (NFC and NFD)"),
        "{}",
        remarks(&dataset)
    );
    // A name that is written in one way stays as it is on the disk …
    let alone = folder(&[&format!("{NFD}/1.png"), "The/1.png"]);
    let dataset = scan_source(class_folders(alone.path())).unwrap();
    assert_eq!(dataset.classes, [NFD, "The"]);
    assert_eq!(dataset.remarks, []);
    // … and a preset that was written elsewhere finds it.
    let config = DataConfig {
        source: class_folders(alone.path()),
        classes: vec!["The".into(), NFC.into()],
        ..DataConfig::default()
    };
    let dataset = scan(&config, None, &|_, _| (), &StopFlag::default()).unwrap();
    assert_eq!(dataset.classes, ["The", NFC]);
}

#[test]
fn spaces_around_a_name_make_no_class() {
    let root = folder(&["train/cat /1.png", "train/dog/1.png", "test/cat/2.png"]);
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert!(remarks(&dataset).contains("differ only in spaces at the beginning or end"));
    let beside = folder(&["cat /1.png", "cat/2.png", "dog/1.png"]);
    let dataset = scan_source(class_folders(beside.path())).unwrap();
    assert_eq!(dataset.classes, ["cat", "dog"]);
    assert_eq!(dataset.remarks[0].kind, crate::data::RemarkKind::Warning);
    assert_eq!(dataset.pictures[0].name, "cat/2.png");
    assert_eq!(dataset.pictures[1].name, "cat /1.png");
}

#[test]
fn capitals_join_splits_and_keep_letters_apart() {
    let root = folder(&[
        "train/Cat/1.png",
        "train/Dog/1.png",
        "test/cat/2.png",
        "test/Dog/2.png",
    ]);
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.classes, ["Cat", "Dog"]);
    assert!(
        remarks(&dataset).contains("“Cat” and “cat” are read as one class, Cat"),
        "{}",
        remarks(&dataset)
    );
    let letters = folder(&[
        "train/A/1.png",
        "train/a/1.png",
        "test/a/2.png",
        "test/A/2.png",
    ]);
    let dataset = scan_source(recognise(letters.path()).unwrap()).unwrap();
    assert_eq!(dataset.classes, ["A", "a"]);
    assert!(
        remarks(&dataset).contains("“A” and “a” differ only in capitals and are different classes"),
        "{}",
        remarks(&dataset)
    );
}

#[cfg(unix)]
fn bytes(name: &[u8]) -> &OsStr {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(name)
}

#[cfg(unix)]
#[test]
fn names_in_other_encodings_are_read_and_kept_apart() {
    for (names, read, encoding) in [
        (
            [&b"Caf\xe9"[..], b"Th\xe9", b"Cr\xe8me"],
            ["Café", "Crème", "Thé"],
            "Windows-1252 (Latin-1)",
        ),
        (
            // 猫科动物, 犬科动物, 鸟类动物
            [
                &b"\xc3\xa8\xbf\xc6\xb6\xaf\xce\xef"[..],
                b"\xc8\xae\xbf\xc6\xb6\xaf\xce\xef",
                b"\xc4\xf1\xc0\xe0\xb6\xaf\xce\xef",
            ],
            ["犬科动物", "猫科动物", "鸟类动物"],
            "GBK",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            let path = root.path().join(bytes(name));
            fs::create_dir(&path).unwrap();
            image::RgbImage::new(2, 2)
                .save_with_format(
                    path.join(bytes(&[name, b".png"].concat())),
                    image::ImageFormat::Png,
                )
                .unwrap();
        }
        let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
        assert_eq!(dataset.classes, read);
        assert_eq!(dataset.pictures.len(), 3);
        assert_eq!(dataset.pictures[0].name, format!("{0}/{0}.png", read[0]));
        assert!(
            dataset.pictures[0].source.path().is_file(),
            "the real path is opened"
        );
        assert!(
            remarks(&dataset).contains(encoding),
            "{}",
            remarks(&dataset)
        );
    }
}

#[cfg(unix)]
#[test]
fn one_class_in_two_encodings_is_one_and_what_is_unreadable_stays_two() {
    let root = folder(&["train/Café/1.png", "train/Thé/2.png", "test/Thé/3.png"]);
    let latin = root.path().join("test").join(bytes(b"Caf\xe9"));
    fs::create_dir(&latin).unwrap();
    fs::copy(root.path().join("train/Café/1.png"), latin.join("4.png")).unwrap();
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(dataset.classes, ["Café", "Thé"]);
    assert!(
        remarks(&dataset).contains("differ only in the encoding"),
        "{}",
        remarks(&dataset)
    );

    let folders: Vec<ClassFolder> = [&b"a\xff\xfe"[..], b"a\xfe\xff", b"a\x80"]
        .iter()
        .map(|name| ClassFolder {
            path: Path::new("/data").join(bytes(name)),
            split: None,
        })
        .collect();
    let (classes, _) = classes(&folders, Names::default());
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, [r"a\x80", r"a\xFE\xFF", r"a\xFF\xFE"]);
}
