use super::*;

fn counts<'a>(cells: &'a [&'a str]) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for cell in cells {
        *counts.entry(*cell).or_default() += 1;
    }
    counts
}

#[test]
fn several_labels_in_a_cell_are_told_from_long_names() {
    for cells in [
        ["a|b", "a", "b"].as_slice(),
        &["a, b", "a", "b", "a"],
        &["a;b", "a", "b"],
        &["a b", "a", "b", "c"],
        &["['a', 'b']", "['a']", "['b']"],
        &["[\"a\",\"b\"]", "a"],
        &["x|y", "y|z", "x|z"],
        &["clouds|rain", "rain|sun", "sun|clouds", "fog"],
        &[
            "red,small",
            "red,big,old",
            "blue,small,old",
            "blue,big",
            "red,old",
            "blue,old",
        ],
    ] {
        assert!(several(&counts(cells), false).is_some(), "{cells:?}");
    }
    for cells in [
        ["great white shark", "tiger shark", "shark"].as_slice(),
        &["tench, Tinca tinca", "goldfish, Carassius auratus"],
        &["Paris, France", "Lyon, France", "Bonn, Germany"],
        &["red circle", "red square", "blue circle", "blue square"],
        &["early blight", "late blight", "healthy"],
        &["cat", "dog"],
        &["a / b", "a", "b"],
        &["Doe, John", "Roe, Jane"],
        &["f(x, y)", "g(x, y)"],
    ] {
        assert!(several(&counts(cells), false).is_none(), "{cells:?}");
    }
}

#[test]
fn missing_labels_are_no_class() {
    let some = [
        "cat", "dog", "NA", "nan", "None", "?", "", "cat", "cat", "cat", "cat", "cat", "cat",
        "cat", "cat", "cat", "cat", "dog", "dog", "dog", "dog",
    ];
    let missing = Missing::of(&counts(&some));
    for cell in ["NA", "nan", "NaN", "", "?", "None", "null", " <NA> "] {
        assert!(missing.is_missing(cell), "{cell}");
    }
    let countries = Missing::of(&counts(&["DE", "FR", "NA", "ZA"]));
    assert!(!countries.is_missing("NA") && countries.is_missing("nan"));
    let defects = counts(&["none", "none", "none", "scratch", "hole"]);
    let missing = Missing::of(&defects);
    assert!(!missing.is_missing("none"));
    assert_eq!(missing.remarks(&defects).len(), 1);
}

#[test]
fn spellings_of_one_label_are_one_class() {
    let labels = [
        "1",
        "1.0",
        "1",
        "Cat",
        "cat",
        "caf\u{e9}",
        "cafe\u{301}",
        "cafe\u{301}",
        "a  b",
        "a\u{a0}b",
        "01",
    ];
    let spellings = Spellings::of(labels.into_iter());
    assert_eq!(spellings.common("1.0"), "1");
    assert_eq!(spellings.common("caf\u{e9}"), "cafe\u{301}");
    assert_eq!(spellings.common("a\u{a0}b"), spellings.common("a  b"));
    assert_ne!(spellings.common("Cat"), spellings.common("cat"));
    assert_eq!(spellings.common("01"), "01");
    let remarks = spellings.remarks();
    assert_eq!(remarks.len(), 5, "{remarks:?}");
    assert!(
        remarks[3]
            .text
            .contains("“01” and “1” differ in leading zeros")
            || remarks[3]
                .text
                .contains("“1” and “01” differ in leading zeros")
    );
    assert!(remarks[4].text.contains("“Cat” and “cat”"), "{remarks:?}");
}

#[test]
fn many_numbers_are_measurements() {
    let many: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(are_measurements(&counts(&many), false) && !are_measurements(&counts(&many), true));
    assert!(!are_measurements(&counts(&["0", "1", "2"]), false));
}
