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
        "3 picture files were found by names without their ending (.jpg, .png …): “p00” is train/p00.jpg.",
    );
    let dataset = read(&root.path().join("windows.csv")).unwrap();
    assert_eq!(classes(&dataset), "x 2, y 2");
    says(
        &dataset,
        "2 picture files were found by their file names, in other folders than the table says: “C:\\Users\\me\\data\\p00.jpg” is train/p00.jpg.",
    );
    says(
        &dataset,
        "1 picture file was found after codes such as %20 were read as characters",
    );
    says(
        &dataset,
        "1 picture file was found in other upper and lower case: “img.jpg” is IMG.JPG.",
    );
    warns(&dataset, "1 row names a picture that can't be found.");
    warns(
        &dataset,
        "1 picture of the folder stands in no usable row of the table and is not used, such as train/p02.jpg.",
    );
}

/// A table of two lines a class, for each of the files.
fn two_classes(cells: &[&str]) -> String {
    let rows: Vec<String> = cells
        .iter()
        .enumerate()
        .map(|(n, cell)| format!("{cell},{}", ["x", "y"][n % 2]))
        .collect();
    format!("image,label\n{}\n", rows.join("\n"))
}

#[test]
fn no_cell_means_the_file_of_another_part_or_class() {
    // Pictures of the test are not those of training that have the same names.
    let table = two_classes(&["train/0.jpg", "train/1.jpg", "train/2.jpg", "train/3.jpg"]);
    let root = folder(
        &["test/0.jpg", "test/1.jpg", "test/2.jpg", "test/3.jpg"],
        &[("labels.csv", &table)],
    );
    let error = refused(&root.path().join("labels.csv"));
    assert!(error.contains("none of the 4 pictures"), "{error}");
    // Where every class counts its own pictures, the folder tells them apart.
    let root = folder(
        &["archive/dog/0.jpg", "archive/dog/1.jpg"],
        &[(
            "labels.csv",
            "image,label\ncat/0.jpg,cat\ncat/1.jpg,cat\ndog/0.jpg,dog\ndog/1.jpg,wolf\n",
        )],
    );
    let dataset = read(&root.path().join("labels.csv")).unwrap();
    assert_eq!(classes(&dataset), "dog 1, wolf 1");
    warns(&dataset, "2 rows name pictures that can't be found.");
    // Elsewhere it may be left out.
    let table = two_classes(&["cat/c0.jpg", "dog/d0.jpg", "cat/c1.jpg", "dog/d1.jpg"]);
    let root = folder(
        &["all/c0.jpg", "all/d0.jpg", "all/c1.jpg", "all/d1.jpg"],
        &[("labels.csv", &table)],
    );
    assert_eq!(
        classes(&read(&root.path().join("labels.csv")).unwrap()),
        "x 2, y 2"
    );
    // The table has them for training, and the only folder is for the test.
    let table = two_classes(&["0.jpg", "1.jpg", "2.jpg", "3.jpg"]);
    let root = folder(
        &["test/0.jpg", "test/1.jpg", "test/2.jpg", "test/3.jpg"],
        &[("train.csv", &table)],
    );
    let dataset = read(&root.path().join("train.csv")).unwrap();
    warns(
        &dataset,
        "4 pictures stand in the folder of another part of the split than the table says, such as test/0.jpg",
    );
}

#[test]
fn masks_are_not_learnt_from_while_there_are_pictures() {
    let table = two_classes(&["s0.png", "s1.png", "s2.png", "s3.png"]);
    let masks = [
        "masks/s0.png",
        "masks/s1.png",
        "masks/s2.png",
        "masks/s3.png",
    ];
    let images = [
        "images/s0.jpg",
        "images/s1.jpg",
        "images/s2.jpg",
        "images/s3.jpg",
    ];
    let root = folder(&[masks, images].concat(), &[("labels.csv", &table)]);
    let dataset = read(&root.path().join("labels.csv")).unwrap();
    assert_eq!(dataset.pictures[0].name, "images/s0.jpg");
    warns(&dataset, "found with another ending than the table says");
    for folder_name in ["masks", "GroundTruth"] {
        let masks = masks.map(|mask| mask.replace("masks", folder_name));
        let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
        let root = folder(&masks, &[("labels.csv", &table)]);
        let dataset = read(&root.path().join("labels.csv")).unwrap();
        warns(&dataset, "4 pictures were found only in folders of masks");
    }
    let root = folder(
        &[masks, images].concat(),
        &[(
            "l.csv",
            "mask_path,image_path,label\nmasks/s0.png,images/s0.jpg,x\nmasks/s1.png,images/s1.jpg,y\n",
        )],
    );
    let dataset = read(&root.path().join("l.csv")).unwrap();
    assert_eq!(dataset.pictures[0].name, "images/s0.jpg");
}

#[test]
fn two_columns_of_numbers_that_mean_other_files_are_refused() {
    let names: Vec<String> = (0..12).map(|n| format!("{n:03}.jpg")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = |second: &str| {
        let rows: Vec<String> = (0..11)
            .map(|n| format!("{},{n},{}", n + 1, species(n)))
            .collect();
        format!("id,{second},label\n{}\n", rows.join("\n"))
    };
    let root = folder(&names, &[("labels.csv", &rows("picture"))]);
    let error = refused(&root.path().join("labels.csv"));
    assert!(
        error.starts_with(
            "columns “id” and “picture” both hold numbers of pictures, and not the same"
        ),
        "{error}"
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
        "1 row names a picture that could be one of several files and can't be used.",
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
