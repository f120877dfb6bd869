//! Labels as people write them.

use super::*;

#[test]
fn several_labels_in_a_cell_are_refused_by_that_word() {
    for (join, quote) in [(" ", ""), ("|", ""), (", ", "\""), (";", "")] {
        let root = table_of(12, "file,labels", |n| match n {
            0 | 4 | 8 => format!(
                "p{n}.png,{quote}{}{join}{}{quote}",
                species(n),
                species(n + 1)
            ),
            _ => format!("p{n}.png,{}", species(n)),
        });
        let error = refused(root.path());
        assert!(error.starts_with("this is a multi-label table: 3 of 12 rows have several labels in one cell, such as “"), "{error}");
        // Whoever wants the combinations as classes names them.
        let wanted: Vec<String> = SPECIES
            .iter()
            .map(|&name| name.to_owned())
            .chain([format!("setosa{join}virginica")])
            .collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let dataset = read_source(recognise(root.path()).unwrap(), &wanted).unwrap();
        assert_eq!(dataset.classes.len(), 4);
    }
    let root = table_of(9, "file,label", |n| {
        format!(
            "p{n}.png,{}",
            ["great white shark", "tiger shark", "tench, Tinca tinca"][n % 3].replace(',', ";")
        )
    });
    assert_eq!(read(root.path()).unwrap().classes.len(), 3);
}

#[test]
fn a_picture_under_two_labels_is_in_no_class() {
    let pictures = numbered(12);
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let mut text = "file,label\n".to_owned();
    for n in 0..12 {
        text += &format!("p{n}.png,{}\n", species(n));
    }
    text += "p0.png,virginica\n./p1.png,setosa\np2.png,versicolor\n";
    let root = folder(&pictures, &[("labels.csv", &text)]);
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "setosa 3, versicolor 4, virginica 3");
    warns(
        &dataset,
        "2 pictures stand in the table with two different classes and can't be used.",
    );
    has_problem(
        &dataset,
        "stands in the table under two labels, setosa in line 2 and virginica in line 14, and is left out",
    );
    has_problem(
        &dataset,
        "is listed in line 4 and again in line 16: keep one of them",
    );
    // A table of objects.
    let text: String = (0..12)
        .map(|n| format!("p{}.png,{}\n", n / 2, species(n)))
        .collect();
    let root = folder(&pictures, &[("labels.csv", &format!("file,label\n{text}"))]);
    let error = refused(root.path());
    assert!(
        error.contains("multi-label") && error.contains("tables of objects"),
        "{error}"
    );
}

#[test]
fn missing_labels_and_spellings_are_told() {
    let labels = [
        "cat", "dog", "nan", "cat", "dog", "?", "cat", "Cat", "dog", "NA", "", "cat ",
    ];
    let root = table_of(12, "file,label", |n| format!("p{n}.png,{}", labels[n]));
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "Cat 1, cat 4, dog 3");
    warns(&dataset, "4 rows have no class.");
    warns(
        &dataset,
        "The classes “Cat” and “cat” differ in upper and lower case only",
    );
    let root = table_of(9, "file,label", |n| {
        format!(
            "p{n}.png,{}",
            ["1", "1.0", " 1", "2", "2", "2", "0", "0", "0"][n]
        )
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "0 3, 1 3, 2 3");
    warns(
        &dataset,
        "Classes that are written differently are taken as one: “1”, “1.0”.",
    );
    let root = table_of(8, "file,country", |n| {
        format!("p{n}.png,{}", ["NA", "DE", "FR", "ZA"][n % 4])
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "DE 2, FR 2, NA 2, ZA 2");
    warns(&dataset, "“NA” is read as a class");
}
