//! What looks like classes and is something else, or several.

use super::*;

/// Rows of a table, each with its number in place of `{n}`, repeated in turn.
fn rows(count: usize, header: &str, rows: &[&str]) -> tempfile::TempDir {
    table_of(count, header, |n| {
        rows[n % rows.len()].replace("{n}", &n.to_string())
    })
}

#[test]
fn boxes_are_refused_as_detection() {
    let root = rows(
        12,
        "filename,width,height,class,xmin,ymin,xmax,ymax",
        &["p{n}.png,4,3,cat,0,0,5,6", "p0.png,4,3,dog,1,1,6,7"],
    );
    let error = refused(root.path());
    assert!(
        error.starts_with(
            "column “xmin” holds boxes or outlines, so this is a table for object detection"
        ),
        "{error}"
    );
    let root = rows(
        12,
        "image_id,bbox,source",
        &[
            "p{n}.png,\"[0, 1, 5, {n}]\",a",
            "p{n}.png,\"[2, 1, {n}, 5]\",b",
        ],
    );
    assert!(refused(root.path()).contains("object detection"));
    let root = rows(
        12,
        "id,label",
        &["p{n}.png,opacity 1 0 {n} 9 9", "p{n}.png,none 1 0 0 1 1"],
    );
    let error = refused(root.path());
    assert!(
        error.starts_with("column “label” holds names with numbers after them, such as “none 1 0 0 1 1”: these are boxes"),
        "{error}"
    );
    // One box for each picture beside its class, as in traffic signs.
    let root = rows(
        12,
        "Roi.X1,Roi.Y1,ClassId,Path",
        &["1,2,0,p{n}.png", "1,3,1,p{n}.png"],
    );
    assert_eq!(classes(&read(root.path()).unwrap()), "0 6, 1 6");
}

#[test]
fn measurements_are_not_learnt_unnoticed() {
    let root = table_of(30, "image,boneage,male", |n| {
        format!("p{n}.png,{},{}", 30 + n * 7, ["True", "False"][n % 2])
    });
    warns(
        &read(root.path()).unwrap(),
        "The classes are taken from column “male”. Column “boneage” holds many different numbers: to predict these would be \
         regression",
    );
    let root = table_of(40, "file,age", |n| format!("p{n}.png,{}", 20 + n % 15));
    let error = refused(root.path());
    assert!(
        error.starts_with(
            "column “age” holds 15 different numbers in 40 rows: these are measurements"
        ),
        "{error}"
    );
    let root = table_of(40, "file,sex", |n| {
        format!("p{n}.png,{}", ["m", "f"][n % 2])
    });
    warns(
        &read(root.path()).unwrap(),
        "The classes are taken from column “sex”, although its name says that it is something else",
    );
    let root = table_of(30, "center,steering,throttle", |n| {
        format!("p{n}.png,{},0.9", n as f64 * 0.023 - 0.5)
    });
    let error = refused(root.path());
    assert!(
        error.starts_with("column “steering” holds 30 different numbers"),
        "{error}"
    );
    let root = table_of(24, "image,x,y,cell_type", |n| {
        format!("p{n}.png,{},{},{}", n % 6, n / 6, species(n))
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "setosa 8, versicolor 8, virginica 8");
}

#[test]
fn marks_may_be_crosses_and_leave_cells_empty() {
    for mark in ["1", "x", "1.0"] {
        let root = table_of(12, "image,a,b,c", |n| {
            let marks: Vec<&str> = (0..3)
                .map(|class| if n % 3 == class { mark } else { "" })
                .collect();
            format!("p{n}.png,{}", marks.join(","))
        });
        assert_eq!(
            classes(&read(root.path()).unwrap()),
            "a 4, b 4, c 4",
            "{mark}"
        );
    }
    // -1 says that nobody knows, and no where nothing else does.
    let root = rows(
        24,
        "image,A,B",
        &[
            "p{n}.png,0,1",
            "p{n}.png,1,0",
            "p{n}.png,0,1",
            "p{n}.png,1,-1",
        ],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "A 6, B 12");
    warns(
        &dataset,
        "6 rows mark no single class (several classes, or one as uncertain by -1) and can't be used.",
    );
    let root = rows(12, "image,A,B", &["p{n}.png,-1,1", "p{n}.png,1,-1"]);
    assert_eq!(classes(&read(root.path()).unwrap()), "A 6, B 6");
    // CheXpert: several findings for a picture.
    let root = rows(
        24,
        "Path,Sex,No Finding,Edema,Fracture",
        &[
            "p{n}.png,Male,1.0,,",
            "p{n}.png,Female,,-1.0,0.0",
            "p{n}.png,Male,,1.0,1.0",
            "p{n}.png,Female,,1.0,-1.0",
        ],
    );
    assert!(refused(root.path()).starts_with("this is a multi-label table: 6 of 24 rows"));
}

#[test]
fn a_flag_beside_marks_is_no_class() {
    let marks = |n: usize| ["1,0,0", "0,1,0", "0,0,1"][n % 3];
    for flag in ["is_male", "ulcerated"] {
        let root = table_of(24, &format!("image,{flag},MEL,NV,BKL"), |n| {
            format!("p{n}.png,{},{}", n % 2, marks(n))
        });
        let dataset = read(root.path()).unwrap();
        assert_eq!(classes(&dataset), "BKL 8, MEL 8, NV 8");
        warns(
            &dataset,
            &format!("other columns that look like classes: “{flag}”"),
        );
    }
    // A label of 0 and 1 is not one of the flags beside it.
    let root = table_of(24, "image,label,is_blurred,is_cropped", |n| {
        format!("p{n}.png,{},{},{}", n % 2, n / 2 % 2, n / 4 % 2)
    });
    assert_eq!(classes(&read(root.path()).unwrap()), "0 12, 1 12");
}

#[test]
fn two_labels_in_one_cell_are_seen_whatever_joins_them() {
    for joined in ["cat+dog", "cat/dog", "cat|owl", "cat;owl"] {
        let root = rows(
            12,
            "file,label",
            &[
                "p{n}.png,cat",
                "p{n}.png,dog",
                &format!("p{{n}}.png,{joined}"),
            ],
        );
        let error = refused(root.path());
        assert!(
            error.starts_with("this is a multi-label table: 4 of 12 rows")
                && error.contains(joined),
            "{error}"
        );
    }
    for joined in ["cat & dog", "cat and dog", "cat / dog"] {
        let root = rows(
            12,
            "file,label",
            &[
                "p{n}.png,cat",
                "p{n}.png,dog",
                &format!("p{{n}}.png,{joined}"),
            ],
        );
        let dataset = read(root.path()).unwrap();
        assert_eq!(dataset.classes.len(), 3);
        warns(
            &dataset,
            &format!(
                "“{joined}” stands for a class of its own, although its parts are classes, too"
            ),
        );
    }
    let root = rows(
        12,
        "file,tags",
        &[
            "p{n}.png,haze primary",
            "p{n}.png,clear primary road",
            "p{n}.png,cloudy",
        ],
    );
    assert!(refused(root.path()).starts_with("this is a multi-label table"));
}

#[test]
fn a_header_that_lacks_a_name_is_moved_and_said() {
    let root = table_of(9, "\"file\",\"agegroup\",\"dx\"", |n| {
        format!(
            "\"{n}\",\"p{n}.png\",\"{}\",\"{}\"",
            ["young", "old"][n % 2],
            species(n)
        )
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "setosa 3, versicolor 3, virginica 3");
    says(&dataset, "The classes are in column “dx”");
    says(
        &dataset,
        "as R writes tables: its names belong to the columns from the second one on.",
    );
    let root = table_of(12, "cat,dog,fox", |n| {
        format!("p{n}.png,{}", ["1,0,0", "0,1,0", "0,0,1"][n % 3])
    });
    assert_eq!(classes(&read(root.path()).unwrap()), "cat 4, dog 4, fox 4");
    let root = table_of(8, "file,label,split", |n| {
        format!(
            "{n},p{n}.png,{},{}",
            ["a", "b"][n % 2],
            ["train", "test"][n / 4]
        )
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(
        (classes(&dataset), parts(&dataset)),
        ("a 4, b 4".to_owned(), [4, 0, 4, 0])
    );
    // The name stands over the paths: it is the last column that has none, or only the end of the line.
    let root = table_of(8, "file,label", |n| {
        format!("p{n}.png,{},more{n}", ["a", "b"][n % 2])
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "a 4, b 4");
    warns(
        &dataset,
        "the last columns are taken to be those without a name",
    );
    let root = table_of(8, "file,label", |n| {
        format!("p{n}.png,{},", ["a", "b"][n % 2])
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "a 4, b 4");
    assert!(
        !dataset
            .remarks
            .iter()
            .any(|remark| remark.text.contains("fewer"))
    );
}

#[test]
fn identifiers_are_no_split_and_a_test_may_be_the_label() {
    let root = table_of(20, "uid,path,label", |n| {
        format!("train_{n:04},p{n}.png,{}", species(n))
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [0, 0, 0, 20]);
    says(&dataset, "No column tells the split");
    let root = table_of(20, "uid,path,label", |n| {
        format!(
            "{}_{n:04},p{n}.png,{}",
            ["train", "test"][n / 15],
            species(n)
        )
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [15, 0, 5, 0]);
    says(
        &dataset,
        "The split is in column “uid”: “test_0015” and the like are test (5), “train_0000” and the like are train (15).",
    );
    let root = rows(12, "file,test", &["p{n}.png,positive", "p{n}.png,negative"]);
    assert_eq!(
        classes(&read(root.path()).unwrap()),
        "negative 6, positive 6"
    );
    // Of flags for all three parts, the test stays apart.
    let root = rows(
        12,
        "file,label,train,val,test",
        &[
            "p{n}.png,a,1,0,0",
            "p{n}.png,b,1,0,0",
            "p{n}.png,a,0,1,0",
            "p{n}.png,b,0,0,1",
        ],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(parts(&dataset), [9, 0, 3, 0]);
    warns(&dataset, "Column “val” (0, 1) is not used for the split");
}

#[test]
fn what_is_no_table_of_paths_is_called_by_its_name() {
    let numbers: Vec<String> = (0..48).map(|number| number.to_string()).collect();
    for (text, expect) in [
        (
            format!("emotion,pixels\n0,{0}\n1,{0}\n", numbers.join(" ")),
            "column “pixels” holds the pictures’ pixels themselves",
        ),
        (
            format!("{0},label\n{0},1\n{0},2\n", numbers.join(",")),
            "its 49 columns of numbers are the pictures’ pixels themselves",
        ),
        (
            "<!DOCTYPE html>\n<html><body>a, b</body></html>\n".to_owned(),
            "this is a web page (HTML)",
        ),
        (
            "{\"a.png\": \"cat\",\n \"b.png\": \"dog\"}\n".to_owned(),
            "this is JSON, not a table",
        ),
    ] {
        let root = folder(&[], &[("labels.csv", &text)]);
        let error = refused(&root.path().join("labels.csv"));
        assert!(error.starts_with(expect), "{error}");
    }
}

#[test]
fn a_line_too_many_is_no_picture_that_was_passed_over() {
    let root = folder(
        &["a.png", "b.png"],
        &[("labels.csv", "file,label\na.png,x\nb.png,y\na.png,x\n")],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(dataset.pictures.len(), 2);
    let reasons = || {
        dataset
            .problems
            .iter()
            .map(|problem| problem.reason.as_str())
    };
    assert!(reasons().all(|reason| reason.starts_with("is listed in line 2 and again in line 4")));
    assert_eq!(crate::data::problems::files_and_lines(reasons()), (0, 1));
}

#[test]
fn labels_that_differ_in_zeros_only_are_told() {
    let root = rows(
        9,
        "file,label",
        &["p{n}.png,01", "p{n}.png,1", "p{n}.png,2"],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "01 3, 1 3, 2 3");
    warns(
        &dataset,
        "The classes “01” and “1” differ in leading zeros only",
    );
}
