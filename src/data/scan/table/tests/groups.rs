//! Groups by a column, as tables write them.

use super::*;
use crate::data::split::{remarks, split};
use crate::experiment::{Experiment, GroupBy};

/// The groups of a folder's table by its column `patient`, and all that is said of them and of a split.
fn grouped(root: &Path) -> (Vec<Option<String>>, Dataset, Vec<String>) {
    let mut experiment = Experiment::default();
    experiment.data.source = recognise(root).unwrap();
    experiment.data.split.group = Some(GroupBy::Column(Column::Name("patient".into())));
    let dataset = scan(&experiment.data, None, &|_, _| (), &StopFlag::default()).unwrap();
    let groups = dataset
        .pictures
        .iter()
        .map(|picture| picture.group.as_deref().map(str::to_owned))
        .collect();
    let split = split(&dataset, &experiment).unwrap();
    let told = remarks(&dataset, &split, &experiment)
        .into_iter()
        .map(|remark| remark.text)
        .collect();
    (groups, dataset, told)
}

#[test]
fn a_column_of_patients_is_proposed_unless_it_is_used_or_says_nothing() {
    let proposed = |header: &str, row: &dyn Fn(usize) -> String, group: Option<GroupBy>| {
        let root = table_of(24, header, row);
        let mut experiment = Experiment::default();
        experiment.data.source = recognise(root.path()).unwrap();
        experiment.data.split.group = group;
        let dataset = scan(&experiment.data, None, &|_, _| (), &StopFlag::default()).unwrap();
        let split = split(&dataset, &experiment).unwrap();
        let remarks = remarks(&dataset, &split, &experiment);
        let all: Vec<String> = (dataset.remarks.iter().chain(&remarks))
            .filter_map(|remark| remark.proposed_group().map(str::to_owned))
            .collect();
        all
    };
    let header = "file,label,patient_id";
    let of_patients = |n: usize| format!("p{n}.png,{},{}", species(n), n % 8);
    let expected = "data.split.group=Column(Name(\"patient_id\"))";
    assert_eq!(proposed(header, &of_patients, None), [expected]);
    let mut set = Experiment::default();
    set.data.source = crate::experiment::DataSource::table("t.csv");
    crate::experiment::preset::set_field(&mut set, expected).unwrap();
    let none: [String; 0] = [];
    let by_column = GroupBy::Column(Column::Name("patient_id".into()));
    assert_eq!(proposed(header, &of_patients, Some(by_column)), none);
    // One picture of each patient, too few patients, another name, no names.
    for (header, row) in [
        (
            header,
            &(|n| format!("p{n}.png,{},{n}", species(n))) as &dyn Fn(usize) -> String,
        ),
        (header, &|n| format!("p{n}.png,{},{}", species(n), n % 4)),
        ("file,label,remark", &|n| {
            format!("p{n}.png,{},{}", species(n), n % 8)
        }),
        (header, &|n| format!("p{n}.png,{},", species(n))),
        // The source splits them itself.
        ("file,label,patient_id,split", &|n| {
            let part = if n < 16 { "train" } else { "test" };
            format!("p{n}.png,{},{},{part}", species(n), n % 8)
        }),
    ] {
        assert_eq!(proposed(header, row, None), none, "{header} {}", row(1));
    }
}

#[test]
fn the_proposal_counts_a_patient_once_however_tables_write_it() {
    let proposal = |row: &dyn Fn(usize) -> String| {
        let root = table_of(24, "file,label,patient_id", row);
        let mut experiment = Experiment::default();
        experiment.data.source = recognise(root.path()).unwrap();
        let dataset = scan(&experiment.data, None, &|_, _| (), &StopFlag::default()).unwrap();
        (dataset.remarks.iter())
            .find(|remark| remark.proposed_group().is_some())
            .map(|remark| remark.text.clone())
    };
    // Eight patients; every second picture calls them 3.0 or 03 instead of 3.
    let text = proposal(&|n| {
        let patient = [
            format!("{}", n % 8),
            format!("{}.0", n % 8),
            format!("0{}", n % 8),
        ];
        format!("p{n}.png,{},{}", species(n), patient[n / 8])
    })
    .unwrap();
    assert!(
        text.starts_with("The column “patient_id” names 8 things for 24 pictures."),
        "{text}"
    );
    // Four patients in two spellings are four, too few to be proposed.
    let four = proposal(&|n| {
        let ending = if n < 12 { "" } else { ".0" };
        format!("p{n}.png,{},{}{ending}", species(n), n % 4)
    });
    assert_eq!(four, None);
}

#[test]
fn a_patient_is_one_group_however_tables_write_it() {
    let pictures = numbered(24);
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let table = |range: std::ops::Range<usize>, ending: &str| {
        let rows: Vec<String> = range
            .map(|n| format!("p{n}.png,{},{}{ending}", species(n), n % 6))
            .collect();
        format!("file,label,patient\n{}\n", rows.join("\n"))
    };
    let (train, test) = (table(0..16, ""), table(16..24, ".0"));
    let root = folder(&pictures, &[("train.csv", &train), ("test.csv", &test)]);
    let (_, dataset, told) = grouped(root.path());
    warns(
        &dataset,
        "Groups that are written differently are taken as one: “0” and “0.0”",
    );
    assert!(
        told.iter()
            .any(|text| text.starts_with("6 of 6 groups stand in two parts of the split")),
        "{told:?}"
    );
    for spellings in [
        ["12", "12.0", "012"],
        ["P 1", "P  1", "P\u{a0}1"],
        ["M\u{fc}ller", "Mu\u{308}ller", "M\u{fc}ller"],
    ] {
        let root = table_of(24, "file,label,patient", |n| {
            let patient = if n < 12 {
                spellings[n % 3].to_owned()
            } else {
                format!("other{n}")
            };
            format!("p{n}.png,{},{patient}", species(n))
        });
        let (groups, ..) = grouped(root.path());
        let first = groups[0].clone();
        let of_first = groups.iter().filter(|group| **group == first).count();
        assert!(
            first.is_some() && of_first == 12,
            "{spellings:?}: {groups:?}"
        );
    }
}

#[test]
fn other_case_is_told_and_a_missing_patient_is_no_group() {
    let root = table_of(24, "file,label,patient", |n| {
        format!("p{n}.png,{},{}{}", species(n), ["p", "P"][n % 2], n % 4 / 2)
    });
    let (_, dataset, _) = grouped(root.path());
    warns(
        &dataset,
        "Groups whose names differ in upper and lower case only are kept apart: “P0” and “p0”, “P1” and “p1”.",
    );
    let root = table_of(24, "file,label,patient", |n| {
        let patient = ["nan", "NA", "", "a1", "b1", "c1"][n % 6];
        format!("p{n}.png,{},{patient}", species(n))
    });
    let (groups, dataset, _) = grouped(root.path());
    assert_eq!(groups.iter().filter(|group| group.is_none()).count(), 12);
    says(
        &dataset,
        "“NA”, “nan” in the group column means that a picture belongs to no group.",
    );
    warns(&dataset, "12 of 24 pictures have no group");
}
