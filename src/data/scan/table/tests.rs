use std::fs;
use std::path::Path;

use super::super::super::{Dataset, RemarkKind};
use super::super::{recognise, scan};
use super::*;
use crate::experiment::{DataConfig, SplitPart};

/// A folder with these files: tables get `text`, whatever else the pixels of a picture.
fn folder(pictures: &[&str], tables: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let make = |file: &str| {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    for file in pictures {
        let pixels = image::RgbImage::from_pixel(4, 3, image::Rgb([1, 2, 3]));
        pixels
            .save_with_format(make(file), image::ImageFormat::Png)
            .unwrap();
    }
    for (file, text) in tables {
        fs::write(make(file), text).unwrap();
    }
    folder
}

/// p0.png, p1.png, …
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("p{number}.png")).collect()
}

/// A folder with `count` pictures and a table of a header and rows that `row` writes.
fn table_of(count: usize, header: &str, row: impl Fn(usize) -> String) -> tempfile::TempDir {
    let pictures = numbered(count);
    let rows: Vec<String> = (0..count).map(row).collect();
    let text = format!("{header}\n{}\n", rows.join("\n"));
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    folder(&pictures, &[("labels.csv", &text)])
}

fn read_source(source: DataSource, classes: &[&str]) -> Result<Dataset, DataError> {
    let config = DataConfig {
        source,
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        ..DataConfig::default()
    };
    scan(&config, None, &|_, _| (), &StopFlag::default())
}

/// As a person has it who drops `path` on the window.
fn read(path: &Path) -> Result<Dataset, DataError> {
    read_source(recognise(path)?, &[])
}

fn refused(path: &Path) -> String {
    read(path).unwrap_err().to_string()
}

/// `class: pictures` of each.
fn classes(dataset: &Dataset) -> String {
    let told: Vec<String> = dataset
        .classes
        .iter()
        .enumerate()
        .map(|(label, class)| {
            let count = dataset
                .pictures
                .iter()
                .filter(|picture| picture.label as usize == label)
                .count();
            format!("{class} {count}")
        })
        .collect();
    told.join(", ")
}

/// Train, validation, test and what is assigned nowhere.
fn parts(dataset: &Dataset) -> [usize; 4] {
    let count = |split| {
        dataset
            .pictures
            .iter()
            .filter(|picture| picture.split == split)
            .count()
    };
    [
        count(Some(Split::Train)),
        count(Some(Split::Validation)),
        count(Some(Split::Test)),
        count(None),
    ]
}

#[track_caller]
fn says(dataset: &Dataset, text: &str) {
    assert!(
        dataset
            .remarks
            .iter()
            .any(|remark| remark.text.contains(text)),
        "no remark says “{text}”: {:#?}",
        dataset.remarks
    );
}

#[track_caller]
fn warns(dataset: &Dataset, text: &str) {
    assert!(
        dataset
            .remarks
            .iter()
            .any(|remark| remark.kind == RemarkKind::Warning && remark.text.contains(text)),
        "no warning says “{text}”: {:#?}",
        dataset.remarks
    );
}

#[track_caller]
fn has_problem(dataset: &Dataset, text: &str) {
    assert!(
        dataset
            .problems
            .iter()
            .any(|problem| problem.reason.contains(text)),
        "no problem says “{text}”: {:#?}",
        dataset.problems
    );
}

const SPECIES: [&str; 3] = ["setosa", "virginica", "versicolor"];

fn species(number: usize) -> &'static str {
    SPECIES[number % 3]
}

mod choice;
mod columns;
mod doubtful;
mod groups;
mod labels;
mod paths;
mod splits;
mod text;
