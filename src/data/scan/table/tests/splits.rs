//! What tells the split.

use super::*;

#[test]
fn unknown_values_are_named_and_their_pictures_passed_over() {
    let root = table_of(18, "file,label,split", |n| {
        let split = ["train", "test", "unused"][usize::from(n >= 10) + usize::from(n >= 16)];
        format!("p{n}.png,{},{split}", species(n))
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [10, 0, 6, 0]);
    says(
        &dataset,
        "The split is in column “split”: test (6), train (10).",
    );
    warns(
        &dataset,
        "The split column holds “unused” (2 rows), and what that means can't be told: these pictures are skipped.",
    );
    has_problem(
        &dataset,
        "has the split unused in line 18: write train, validation or test",
    );
}

#[test]
fn flags_and_numbers_are_used_and_said() {
    for (name, values, expect, told) in [
        (
            "is_valid",
            ["False", "True", "False"],
            [8, 4, 0, 0],
            "“False” is train (8), “True” is validation (4)",
        ),
        (
            "is_test",
            ["0", "0", "1"],
            [8, 0, 4, 0],
            "“0” is train (8), “1” is test (4)",
        ),
        (
            "partition",
            ["0", "1", "2"],
            [4, 4, 4, 0],
            "“0” is train (4), “1” is validation (4), “2” is test (4)",
        ),
        (
            "Usage",
            ["Training", "PublicTest", "PrivateTest"],
            [4, 0, 8, 0],
            "“PrivateTest” is test (4), “PublicTest” is test (4), “Training” is train (4)",
        ),
        (
            "split",
            ["trn", "holdout", "dev"],
            [4, 4, 4, 0],
            "“dev” is validation (4), “holdout” is test (4), “trn” is train (4)",
        ),
    ] {
        let root = table_of(12, &format!("file,label,{name}"), |n| {
            format!("p{n}.png,{},{}", ["a", "b"][n % 2], values[n % 3])
        });
        let dataset = read(root.path()).unwrap();
        assert_eq!(parts(&dataset), expect, "{name}");
        assert_eq!(classes(&dataset), "a 6, b 6", "{name}");
        says(
            &dataset,
            &format!("The split is in column “{name}”: {told}."),
        );
    }
    let root = table_of(12, "file,label,split", |n| {
        format!("p{n}.png,{},{}", ["a", "b"][n % 2], n / 8)
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [8, 0, 4, 0]);
    warns(&dataset, "Which of the two numbers is which is a guess");
}

#[test]
fn folds_are_no_split_until_someone_says_which_is_the_test() {
    let root = table_of(15, "file,label,fold", |n| {
        format!("p{n}.png,{},{}", species(n), n / 3)
    });
    let mut source = recognise(root.path()).unwrap();
    let dataset = read_source(source.clone(), &[]).unwrap();
    assert_eq!(parts(&dataset), [0, 0, 0, 15]);
    warns(
        &dataset,
        "Column “fold” (0, 1, 2, 3, 4) is not used for the split",
    );
    says(
        &dataset,
        "No column tells the split: the pictures are split at random.",
    );
    if let DataSource::Table {
        split_column,
        split_values,
        ..
    } = &mut source
    {
        *split_column = Some(Column::Name("fold".into()));
        *split_values = vec![
            ("0".into(), SplitPart::Test),
            ("1".into(), SplitPart::Validation),
            ("2".into(), SplitPart::Train),
            ("3".into(), SplitPart::Unused),
        ];
    }
    let dataset = read_source(source, &[]).unwrap();
    assert_eq!(parts(&dataset), [3, 3, 3, 0]);
    warns(
        &dataset,
        "The split column holds “4” (3 rows), and what that means can't be told",
    );
    says(
        &dataset,
        "3 pictures are left out, because the experiment says that their value in the split column is not used.",
    );
}

#[test]
fn empty_cells_and_a_second_column_are_told() {
    let root = table_of(12, "file,label,is_valid,is_test", |n| {
        format!(
            "p{n}.png,{},{},{}",
            ["a", "b"][n % 2],
            u8::from(n < 2),
            if n == 11 {
                ""
            } else if n > 7 {
                "1"
            } else {
                "0"
            }
        )
    });
    let dataset = read(root.path()).unwrap();
    // The test is kept apart rather than the validation.
    assert_eq!(parts(&dataset), [8, 0, 3, 1]);
    warns(&dataset, "1 row has an empty cell in the split column");
    warns(
        &dataset,
        "Column “is_valid” (0, 1) is not used for the split",
    );
}

#[test]
fn folders_that_are_named_for_parts_are_the_split() {
    let root = folder(
        &["train/0.png", "train/1.png", "val/2.png", "test/3.png"],
        &[(
            "labels.csv",
            "file,label\ntrain/0.png,a\ntrain/1.png,b\nval/2.png,a\ntest/3.png,b\n",
        )],
    );
    let mut source = recognise(&root.path().join("labels.csv")).unwrap();
    let dataset = read_source(source.clone(), &[]).unwrap();
    assert_eq!(parts(&dataset), [2, 1, 1, 0]);
    says(
        &dataset,
        "The pictures are split by the folders that they stand in: train (2), validation (1), test (1).",
    );
    // An experiment from before is read as it was, and warned.
    if let DataSource::Table {
        split_from_folders, ..
    } = &mut source
    {
        *split_from_folders = false;
    }
    let dataset = read_source(source, &[]).unwrap();
    assert_eq!(parts(&dataset), [0, 0, 0, 4]);
    warns(
        &dataset,
        "although they stand in folders for its parts: train (2), validation (1), test (1)",
    );
}
