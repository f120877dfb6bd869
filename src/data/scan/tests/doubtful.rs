//! What looks like classes and is something else.

use super::*;

fn remarks(dataset: &Dataset) -> String {
    let lines: Vec<&str> = dataset
        .remarks
        .iter()
        .map(|remark| remark.text.as_str())
        .collect();
    lines.join("\n")
}

fn write_all(root: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn pictures_and_their_masks_are_refused() {
    for (pictures, masks) in [
        ("images", "masks"),
        ("image", "label"),
        ("JPEGImages", "SegmentationClass"),
        ("img", "gt"),
        ("x_train", "y_train"),
        ("images", "annotations"),
        ("train_images", "train_masks"),
    ] {
        let root = folder(&[
            &format!("{pictures}/0.jpg"),
            &format!("{pictures}/1.jpg"),
            &format!("{masks}/0.png"),
            &format!("{masks}/1.png"),
        ]);
        for error in [
            recognise(root.path()).unwrap_err(),
            scan_source(class_folders(root.path())).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(
                error.starts_with("this looks like a segmentation set, not classes: one of ")
                    && error.contains(masks),
                "{pictures} {masks}: {error}"
            );
        }
    }
    let splits = folder(&[
        "train/images/1.png",
        "train/masks/1.png",
        "test/images/2.png",
        "test/masks/2.png",
    ]);
    let error = recognise(splits.path())
        .and_then(scan_source)
        .unwrap_err()
        .to_string();
    assert!(error.contains("segmentation set"), "{error}");
}

#[test]
fn pictures_beside_masks_that_are_sorted_are_read() {
    let root = folder(&[
        "images/cat/1.png",
        "images/dog/2.png",
        "segmentations/cat/1.png",
        "segmentations/dog/2.png",
    ]);
    assert_eq!(
        recognise(root.path()).unwrap(),
        class_folders(&root.path().join("images"))
    );
}

#[test]
fn masks_within_a_class_are_passed_over() {
    let root = folder(&[
        "COVID/images/1.png",
        "COVID/images/2.png",
        "COVID/masks/1.png",
        "COVID/masks/2.png",
        "Normal/images/1.png",
        "Normal/masks/1.png",
        "benign/a (1).png",
        "benign/a (1)_mask.png",
        "benign/a (1)_mask_1.png",
        "benign/iron_mask.png",
        "benign/b.png",
        "benign/b_GT.png",
        "benign/b_ground_truth.png",
    ]);
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert_eq!(
        listing(&dataset),
        [
            "COVID/images/1.png COVID",
            "COVID/images/2.png COVID",
            "Normal/images/1.png Normal",
            "benign/a (1).png benign",
            "benign/b.png benign",
            "benign/iron_mask.png benign",
        ]
    );
    assert!(
        remarks(&dataset).contains("Masks beside pictures are skipped"),
        "{}",
        remarks(&dataset)
    );
    assert_eq!(dataset.problems.len(), 6);
}

#[test]
fn classes_of_the_same_names_are_remarked_on_where_one_holds_masks() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..3u8 {
        for class in ["scene", "drawn"] {
            fs::create_dir_all(root.path().join(class)).unwrap();
            let picture = image::RgbImage::from_fn(16, 16, |x, y| {
                if class == "drawn" {
                    image::Rgb([u8::from(x > 7) * 255; 3])
                } else {
                    image::Rgb([x as u8 * 16, y as u8 * 16, number])
                }
            });
            picture
                .save(root.path().join(class).join(format!("{number}.png")))
                .unwrap();
        }
    }
    let dataset = scan_source(recognise(root.path()).unwrap()).unwrap();
    assert!(
        remarks(&dataset).contains(
            "The files of drawn and scene have the same names, and those of drawn have few colours"
        ),
        "{}",
        remarks(&dataset)
    );
    // Files that are only counted say nothing.
    let counted = folder(&["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"]);
    let dataset = scan_source(recognise(counted.path()).unwrap()).unwrap();
    assert_eq!(remarks(&dataset), "");
    let counted = folder(&["cat/x0.png", "cat/x1.png", "dog/x0.png", "dog/x1.png"]);
    let dataset = scan_source(recognise(counted.path()).unwrap()).unwrap();
    assert_eq!(remarks(&dataset), "");
    let named = folder(&[
        "noisy/harbour.png",
        "noisy/hill.png",
        "clean/harbour.png",
        "clean/hill.png",
    ]);
    let dataset = scan_source(recognise(named.path()).unwrap()).unwrap();
    assert!(remarks(&dataset).contains("each may be made of the other"));
}

/// Names of pictures, and names and contents of other files.
type Layout<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

#[test]
fn sets_of_object_detection_are_refused_by_that_word() {
    let yolo = "0 0.5 0.5 0.2 0.3\n";
    let voc = "<annotation><object><bndbox/></object></annotation>";
    let layouts: [Layout<'_>; 4] = [
        (
            &["train/images/1.png", "valid/images/2.png"],
            &[
                ("train/labels/1.txt", yolo),
                ("valid/labels/2.txt", yolo),
                ("data.yaml", "nc: 1"),
            ],
        ),
        (
            &["images/train/1.png", "images/val/2.png"],
            &[("labels/train/1.txt", yolo), ("labels/val/2.txt", yolo)],
        ),
        (
            &["JPEGImages/1.png", "JPEGImages/2.png"],
            &[("Annotations/1.xml", voc)],
        ),
        (
            &["train2017/1.png", "val2017/2.png"],
            &[(
                "annotations/instances.json",
                "{\"annotations\": [{\"bbox\": [1]}]}",
            )],
        ),
    ];
    for (pictures, texts) in layouts {
        let root = folder(pictures);
        write_all(root.path(), texts);
        let error = recognise(root.path()).unwrap_err().to_string();
        assert!(
            error.starts_with("these look like annotations of object detection"),
            "{pictures:?}: {error}"
        );
    }
    let classes = folder(&["cat/1.png", "dog/1.png"]);
    write_all(
        classes.path(),
        &[
            ("cat/1.txt", yolo),
            ("cat/notes.txt", "nice"),
            ("dog/1.txt", "a dog"),
        ],
    );
    let dataset = scan_source(recognise(classes.path()).unwrap()).unwrap();
    assert!(
        remarks(&dataset)
            .contains("1 file beside the pictures looks like annotations of object detection"),
        "{}",
        remarks(&dataset)
    );
}
