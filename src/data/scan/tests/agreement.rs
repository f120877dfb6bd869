//! Folders and a table that both name classes.

use super::*;

/// These pictures, and a table of them with labels.
fn labelled(pictures: &[(&str, &str)], header: &str, name: &str) -> tempfile::TempDir {
    let files: Vec<&str> = pictures.iter().map(|(file, _)| *file).collect();
    let root = folder(&files);
    let mut text = format!("{header}\n");
    for (file, label) in pictures {
        text += &format!("{file},{label}\n");
    }
    fs::write(root.path().join(name), text).unwrap();
    root
}

#[test]
fn a_table_is_read_where_folders_are_not_its_labels() {
    for folders in [
        ["P000", "P001", "P002"],
        ["site_A", "site_B", "site_C"],
        ["full", "half", "other"],
    ] {
        let pictures: Vec<(String, &str)> = (0..12)
            .map(|at| {
                (
                    format!("{}/{at}.png", folders[at / 2 % 3]),
                    ["nv", "mel"][at % 2],
                )
            })
            .collect();
        let pictures: Vec<(&str, &str)> = pictures
            .iter()
            .map(|(file, label)| (file.as_str(), *label))
            .collect();
        let root = labelled(&pictures, "image,dx", "metadata.csv");
        let (source, dataset) = read(root.path()).unwrap();
        assert!(matches!(source, DataSource::Table { .. }), "{folders:?}");
        assert_eq!(dataset.classes, ["mel", "nv"]);
        // Folders that are asked for hear of the table.
        let dataset = scan_source(class_folders(root.path())).unwrap();
        assert!(
            warnings(&dataset).contains(
                "metadata.csv gives these pictures labels that are not the folders' names (mel, nv)"
            ),
            "{}",
            warnings(&dataset)
        );
    }
}

#[test]
fn folders_that_are_the_labels_stay_the_classes() {
    let pictures = [
        ("cat/1.png", "Cat"),
        ("cat/2.png", "Cat"),
        ("dog/3.png", "Dog"),
        ("dog/4.png", "Dog"),
    ];
    let root = labelled(&pictures, "file,label", "labels.csv");
    let (source, dataset) = read(root.path()).unwrap();
    assert_eq!(
        (source, warnings(&dataset)),
        (class_folders(root.path()), String::new())
    );
    // Where single pictures differ, it is said.
    let pictures = [
        ("cat/1.png", "cat"),
        ("cat/2.png", "dog"),
        ("dog/3.png", "dog"),
        ("dog/4.png", "dog"),
    ];
    let root = labelled(&pictures, "file,label", "labels.csv");
    let (source, dataset) = read(root.path()).unwrap();
    assert_eq!(source, class_folders(root.path()));
    assert!(
        warnings(&dataset).contains(
            "labels.csv gives 1 picture another class than its folder (cat/2.png is dog)"
        ),
        "{}",
        warnings(&dataset)
    );
    // Finer labels are not taken for the folders' classes, and are told.
    let pictures = [
        ("cat/1.png", "persian"),
        ("cat/2.png", "siamese"),
        ("dog/3.png", "pug"),
        ("dog/4.png", "pug"),
    ];
    let root = labelled(&pictures, "file,breed", "labels.csv");
    let (source, dataset) = read(root.path()).unwrap();
    assert_eq!(source, class_folders(root.path()));
    assert!(warnings(&dataset).contains("labels that are not the folders' names"));
}

#[test]
fn a_table_that_contradicts_its_pictures_folders_is_told() {
    let pictures = [
        ("data/cat/1.png", "cat"),
        ("data/cat/2.png", "dog"),
        ("data/dog/3.png", "dog"),
        ("data/dog/4.png", "dog"),
    ];
    let root = labelled(&pictures, "file,label", "predictions.csv");
    let (source, dataset) = read(root.path()).unwrap();
    assert!(matches!(source, DataSource::Table { .. }));
    assert!(
        warnings(&dataset).contains(
            "1 picture lies in a folder with the name of another class than the table says: data/cat/2.png is dog by the table"
        ),
        "{}",
        warnings(&dataset)
    );
}

#[test]
fn a_table_of_something_else_says_nothing_against_folders() {
    let root = folder(&["data/cat/1.png", "data/dog/1.png"]);
    fs::write(
        root.path().join("history.csv"),
        "epoch,loss\n1,0.5\n2,0.4\n",
    )
    .unwrap();
    assert_eq!(
        read(root.path()).unwrap().0,
        class_folders(&root.path().join("data"))
    );
    // A table of labels that can't be read is not skipped.
    fs::write(root.path().join("labels.csv"), "epoch,loss\n1,0.5\n2,0.4\n").unwrap();
    assert!(recognise(root.path()).is_err());
    let root = folder(&["cat/1.png", "dog/1.png"]);
    fs::write(
        root.path().join("labels.csv"),
        "file,label\nx.png,a\ny.png,b\n",
    )
    .unwrap();
    let (_, dataset) = read(root.path()).unwrap();
    assert!(warnings(&dataset).contains("The table labels.csv beside the folders is not read"));
}

#[test]
fn a_table_in_a_folder_of_its_own_is_found() {
    let root = folder(&[
        "images/1.png",
        "images/2.png",
        "images/3.png",
        "images/4.png",
    ]);
    fs::create_dir(root.path().join("labels")).unwrap();
    fs::write(
        root.path().join("labels/labels.csv"),
        "file,label\n1.png,cat\n2.png,dog\n3.png,cat\n4.png,dog\n",
    )
    .unwrap();
    let (source, dataset) = read(root.path()).unwrap();
    assert!(matches!(source, DataSource::Table { .. }));
    assert_eq!(dataset.pictures.len(), 4);
}

#[test]
fn folders_of_patients_are_doubted() {
    let root = folder(&["patient01/1.png", "patient02/2.png", "patient03/3.png"]);
    let (_, dataset) = read(root.path()).unwrap();
    assert!(warnings(&dataset).contains("The names of the classes say where pictures come from"));
    // And refused beside a table of labels that can't be read.
    fs::write(
        root.path().join("labels.csv"),
        "study,label\npatient01/,0\npatient02/,1\n",
    )
    .unwrap();
    let error = recognise(root.path()).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "the folders (patient01, patient02, patient03) are called like what pictures come from"
        ),
        "{error}"
    );
}

#[test]
fn a_table_whose_cells_may_mean_pictures_of_both_folders_is_no_word_for_the_folders() {
    let root = folder(&["big/1.png", "big/2.png", "small/1.png", "small/2.png"]);
    fs::write(
        root.path().join("labels.csv"),
        "file,label\n1.png,nv\n2.png,mel\n",
    )
    .unwrap();
    let error = recognise(root.path()).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "labels.csv gives these pictures labels, but 1.png could be big/1.png or small/1.png"
        ),
        "{error}"
    );
    // Copies of one set, of which the table means one by the ending.
    let root = folder(&[
        "images/1.jpg",
        "images/2.jpg",
        "overlays/1.png",
        "overlays/2.png",
    ]);
    fs::write(
        root.path().join("labels.csv"),
        "file,label\n1.png,nv\n2.png,mel\n",
    )
    .unwrap();
    let error = recognise(root.path()).unwrap_err().to_string();
    assert!(
        error.starts_with("labels.csv lists pictures in overlays alone"),
        "{error}"
    );
}
