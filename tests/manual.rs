//! The manual (`assets/manual`): every page and picture is part of the program, its links lead somewhere, and the controls that
//! it names are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::modules::rust_files;

/// Neither a page nor a picture is larger.
const MOST_BYTES: u64 = 200_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    root().join("assets/manual")
}

/// The files of a folder of the manual with this ending, by their paths below the manual.
fn files(below: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder().join(below)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = names
        .filter(|name| name.ends_with(ending))
        .map(|name| format!("{below}{name}"))
        .collect();
    files.sort();
    files
}

fn pages() -> Vec<(String, String)> {
    let read = |name: String| {
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        (name, text)
    };
    files("", ".md").into_iter().map(read).collect()
}

/// What stands between each `open` and the next `close`.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let parts = text.split(open).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(close)?.0))
        .collect()
}

/// Where the links and pictures of a page lead.
fn targets(text: &str) -> Vec<&str> {
    between(text, "](", ")")
}

#[test]
fn the_program_has_every_page_and_picture_and_none_is_large() {
    let list = std::fs::read_to_string(root().join("src/app/features/manual/pages.rs")).unwrap();
    let listed = |call: &str| -> Vec<String> {
        let mut names: Vec<String> = (between(&list, call, "\")").into_iter())
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    let (pages, pictures) = (files("", ".md"), files("pictures/", ".png"));
    assert_eq!(listed("page!(\""), pages);
    assert_eq!(listed("picture!(\""), pictures);
    assert_eq!(pages.len(), 13);
    for name in pages.iter().chain(&pictures) {
        let bytes = std::fs::metadata(folder().join(name)).unwrap().len();
        assert!(bytes <= MOST_BYTES, "{name} has {bytes} bytes");
    }
}

#[test]
fn every_page_has_one_title_and_its_links_and_pictures_are_there() {
    let mut shown = BTreeSet::new();
    for (name, text) in pages() {
        let titles = text.lines().filter(|line| line.starts_with("# ")).count();
        assert!(titles == 1 && text.starts_with("# "), "{name}");
        for target in targets(&text) {
            // Nothing of it is looked up elsewhere: it is read without a network.
            assert!(!target.contains(':'), "{name} links to {target}");
            assert!(folder().join(target).is_file(), "{name}: {target}");
            shown.insert(target.to_owned());
        }
    }
    for picture in files("pictures/", ".png") {
        assert!(shown.contains(&picture), "{picture} is in no page");
    }
    // From each page to the next, and back to the first.
    let pages = pages();
    for (index, (name, text)) in pages.iter().enumerate() {
        let next = &pages[(index + 1) % pages.len()].0;
        assert_eq!(targets(text).last(), Some(&next.as_str()), "{name}");
    }
}

/// The window does not wrap what stands in a table.
#[test]
fn what_the_window_draws_badly_is_in_no_page() {
    for (name, text) in pages() {
        for row in text.lines().filter(|line| line.starts_with('|')) {
            assert!(row.chars().count() <= 105, "{name}: {row}");
        }
        // A block of code would have a button with a sign that our fonts lack.
        assert!(!text.contains("```"), "{name}");
    }
}

#[test]
fn the_manual_names_no_server() {
    for (name, text) in pages() {
        for host in ["http:", "https:", "pypi", "crates.io", "www."] {
            assert!(!text.contains(host), "{name} names {host}");
        }
    }
}

/// The texts that the window's source has, without icons and the room that they take.
fn texts_of_the_window() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for file in rust_files(&root().join("src/app")) {
        let name = file.to_string_lossy().into_owned();
        if name.contains("test") || name.contains("fakes") {
            continue;
        }
        for text in super::words::texts(&std::fs::read_to_string(&file).unwrap()) {
            texts.insert(text.1.trim_start_matches("{}").trim().to_owned());
        }
    }
    // What is said of backbones and figures stands elsewhere.
    let catalogue = root().join("src/models/catalogue/table.rs");
    let catalogue = std::fs::read_to_string(catalogue).unwrap();
    texts.extend(
        super::words::texts(&catalogue)
            .into_iter()
            .map(|text| text.1),
    );
    texts
}

/// A control that was renamed is renamed here, too. What is printed bold at the beginning of the first two pages explains a word.
#[test]
fn every_control_that_is_named_is_in_the_window() {
    const WORDS: [&str; 2] = ["experiment", "run"];
    let texts = texts_of_the_window();
    let mut missing = Vec::new();
    let mut seen = 0;
    for (name, text) in pages() {
        // The marks stand in pairs.
        assert!(text.matches("**").count().is_multiple_of(2), "{name}");
        for control in text.split("**").skip(1).step_by(2) {
            seen += 1;
            let control = control.split_whitespace().collect::<Vec<_>>().join(" ");
            if !texts.contains(&control) && !WORDS.contains(&control.as_str()) {
                missing.push(format!("{name}: **{control}**"));
            }
        }
    }
    assert!(seen > 40, "only {seen} controls were looked for");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
