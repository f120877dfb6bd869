//! Paths that are not those of files as they stand.

use super::*;

#[test]
fn identifiers_and_foreign_paths_are_found_and_said() {
    let root = folder(
        &[
            "train/p00.jpg",
            "train/p01.jpg",
            "train/p02.jpg",
            "train/a b.jpg",
            "IMG.JPG",
        ],
        &[
            ("labels.csv", "id,breed\np00,x\np01,y\np02,x\n"),
            (
                "windows.csv",
                "file,label\nC:\\Users\\me\\data\\p00.jpg,x\n..\\data\\p01.jpg,y\ntrain/a%20b.jpg,x\nimg.jpg,y\ngone.jpg,x\n",
            ),
        ],
    );
    let dataset = read(&root.path().join("labels.csv")).unwrap();
    assert_eq!(classes(&dataset), "x 2, y 1");
    assert_eq!(dataset.pictures[0].name, "train/p00.jpg");
    says(
        &dataset,
        "3 paths were found by names without an ending: “p00” is train/p00.jpg.",
    );
    let dataset = read(&root.path().join("windows.csv")).unwrap();
    assert_eq!(classes(&dataset), "x 2, y 2");
    says(
        &dataset,
        "2 paths were found by their file names, in other folders than the table says: “C:\\Users\\me\\data\\p00.jpg” is train/p00.jpg.",
    );
    says(
        &dataset,
        "1 path was found after codes such as %20 were read as characters",
    );
    says(
        &dataset,
        "1 path was found in other upper and lower case: “img.jpg” is IMG.JPG.",
    );
    warns(&dataset, "1 row names a picture that can't be found.");
    warns(
        &dataset,
        "1 picture of the folder stands in no usable row and is not used, such as train/p02.jpg.",
    );
}

#[test]
fn what_could_be_two_files_is_not_guessed() {
    let root = folder(
        &["a/x.jpg", "b/x.jpg", "a/y.jpg", "b/z.jpg"],
        &[("labels.csv", "file,label\nx.jpg,1\ny.jpg,1\nz.jpg,2\n")],
    );
    let dataset = read(&root.path().join("labels.csv")).unwrap();
    assert_eq!(dataset.pictures.len(), 2);
    has_problem(
        &dataset,
        "could be a/x.jpg or b/x.jpg (line 2): write the path with its folder",
    );
    warns(
        &dataset,
        "1 row names a picture that could be one of several files; none was guessed.",
    );
}

#[test]
fn a_table_whose_pictures_are_not_there_is_refused() {
    let root = folder(
        &["else.png"],
        &[("labels.csv", "file,label\na.png,1\nb.png,2\n")],
    );
    let error = refused(&root.path().join("labels.csv"));
    assert!(
        error.starts_with(
            "none of the 2 pictures that this table lists is there, nor is one of their names"
        ),
        "{error}"
    );
}

#[test]
fn many_rows_are_read_quickly() {
    // No time is asserted: a look through the folder for each row would take minutes.
    let pictures: Vec<String> = (0..20_000)
        .map(|n| format!("deep/f{}/{n}.jpg", n % 50))
        .collect();
    let root = tempfile::tempdir().unwrap();
    for number in 0..50 {
        fs::create_dir_all(root.path().join(format!("deep/f{number}"))).unwrap();
    }
    let mut text = "id,label\n".to_owned();
    for (number, picture) in pictures.iter().enumerate() {
        fs::write(root.path().join(picture), "").unwrap();
        text += &format!("{number},{}\n", species(number));
    }
    fs::write(root.path().join("labels.csv"), text).unwrap();
    let source = recognise(root.path()).unwrap();
    let config = DataConfig {
        source,
        ..DataConfig::default()
    };
    let listed = super::super::super::list(&config, None, &StopFlag::default()).unwrap();
    assert_eq!(listed.pictures.len(), 20_000);
}
