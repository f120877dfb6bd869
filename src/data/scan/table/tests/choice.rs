//! Which of several tables is read.

use super::*;

const TRAIN: &str = "image,label\nimages/0.jpg,a\nimages/1.jpg,b\nimages/2.jpg,c\nimages/3.jpg,a\n";

fn images(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("images/{number}.jpg"))
        .collect()
}

fn with_images(tables: &[(&str, &str)]) -> tempfile::TempDir {
    let images = images(6);
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    folder(&images, tables)
}

#[test]
fn the_table_for_training_is_read_and_the_others_are_named() {
    let submission = TRAIN.replace(",c", ",a");
    let root = with_images(&[
        ("train.csv", TRAIN),
        ("sample_submission.csv", &submission),
        ("classes.csv", "id,name\n0,a\n1,b\n"),
    ]);
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "a 2, b 1, c 1");
    says(
        &dataset,
        "The table is train.csv (4 rows, separated by commas, UTF-8).",
    );
    says(
        &dataset,
        "sample_submission.csv (its name says that it is an example of what to submit)",
    );
    says(&dataset, "classes.csv (it lists classes, by its name)");
    warns(
        &dataset,
        "2 pictures of the folder stand in no usable row of the table and are not used, such as images/4.jpg.",
    );
}

#[test]
fn folders_of_pictures_beside_a_table_are_no_classes() {
    let root = folder(
        &[
            "train_images/0.jpg",
            "train_images/1.jpg",
            "train_images/2.jpg",
            "test_images/0.jpg",
            "test_images/7.jpg",
        ],
        &[
            ("train.csv", "image_id,label\n0.jpg,0\n1.jpg,1\n2.jpg,0\n"),
            (
                "sample_submission.csv",
                "image_id,label\n0.jpg,0\n7.jpg,0\n",
            ),
        ],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "0 2, 1 1");
    // Of two pictures of one name, the one for training.
    assert_eq!(dataset.pictures[0].name, "train_images/0.jpg");
    says(
        &dataset,
        "3 picture files were found by their file names, in other folders than the table says: “0.jpg” is train_images/0.jpg.",
    );
}

#[test]
fn class_folders_stay_class_folders_beside_a_table() {
    let root = folder(
        &["cats/0.png", "dogs/1.png"],
        &[("labels.csv", "file,label\ncats/0.png,x\ndogs/1.png,y\n")],
    );
    let source = recognise(root.path()).unwrap();
    assert_eq!(
        source,
        DataSource::ClassFolders {
            path: root.path().into()
        }
    );
}

#[test]
fn tables_for_the_parts_of_the_split_are_read_together() {
    let root = with_images(&[
        ("train.csv", "image,label\nimages/0.jpg,a\nimages/1.jpg,b\n"),
        ("val.csv", "image,label\nimages/2.jpg,a\nimages/3.jpg,b\n"),
        ("test.csv", "image,label\nimages/4.jpg,a\nimages/5.jpg,b\n"),
    ]);
    let dataset = read(root.path()).unwrap();
    assert_eq!(
        (classes(&dataset), parts(&dataset)),
        ("a 3, b 3".into(), [2, 2, 2, 0])
    );
    says(&dataset, "The tables are train.csv for train");
    // A picture in two of them is in neither.
    let root = with_images(&[
        (
            "train.csv",
            "image,label\nimages/0.jpg,a\nimages/1.jpg,b\nimages/2.jpg,a\n",
        ),
        ("test.csv", "image,label\nimages/2.jpg,a\nimages/3.jpg,b\n"),
    ]);
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [2, 0, 1, 0]);
    warns(
        &dataset,
        "1 picture belongs to two parts of the split by the table and can't be used.",
    );
    // Labels that say nothing are those of a competition's test.
    let root = with_images(&[
        ("train.csv", TRAIN),
        ("test.csv", "image,label\nimages/4.jpg,a\nimages/5.jpg,a\n"),
    ]);
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [0, 0, 0, 4]);
    says(&dataset, "test.csv (all of its labels are “a”)");
}

#[test]
fn each_part_of_a_split_may_have_its_table() {
    let classes_csv = "filename, cat, dog\np0.jpg, 1, 0\np1.jpg, 0, 1\n";
    let pictures = [
        "train/p0.jpg",
        "train/p1.jpg",
        "valid/p0.jpg",
        "valid/p1.jpg",
        "test/p0.jpg",
        "test/p1.jpg",
    ];
    let root = folder(
        &pictures,
        &[
            ("train/_classes.csv", classes_csv),
            ("valid/_classes.csv", classes_csv),
            ("test/_classes.csv", classes_csv),
        ],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(
        (classes(&dataset), parts(&dataset)),
        ("cat 3, dog 3".into(), [2, 2, 2, 0])
    );
    let mut names: Vec<&str> = dataset
        .pictures
        .iter()
        .map(|picture| picture.name.as_str())
        .collect();
    names.sort_unstable();
    let mut expected = pictures;
    expected.sort_unstable();
    assert_eq!(names, expected);
    says(
        &dataset,
        "train/_classes.csv for train (2 rows, separated by commas, UTF-8), valid/_classes.csv for validation",
    );
}

#[test]
fn what_is_not_plain_is_a_warning() {
    let root = with_images(&[
        ("animals.csv", TRAIN),
        ("colours.csv", &TRAIN.replace(",a", ",red")),
    ]);
    let dataset = read(root.path()).unwrap();
    says(&dataset, "The table is animals.csv");
    warns(
        &dataset,
        "Other tables in this folder list pictures and classes, too, and are not read: colours.csv.",
    );
    let none = with_images(&[
        ("a.csv", "x,y\n1,2\n3,4\n"),
        ("b.csv", "image,label\nz.jpg,a\ny.jpg,b\n"),
    ]);
    let error = refused(none.path());
    assert!(
        error.starts_with("none of the tables here lists pictures with labels (a.csv: "),
        "{error}"
    );
}
