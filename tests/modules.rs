//! How the files of `src/` name each other: what the tests of their order (`tidy.rs`, `circles.rs`) read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Modules by their path, such as `app::ui::axes`, with their file's text up to its tests, without comments.
pub type Modules = BTreeMap<String, String>;

/// `src/` of this crate.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below a folder, in the order of their names.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The modules of `src/` but those of tests, which make their own pictures and states, and may reach across.
pub fn modules() -> Modules {
    let source = source();
    rust_files(&source)
        .iter()
        .map(|file| {
            let relative = file.strip_prefix(&source).unwrap().with_extension("");
            let parts = relative.iter().map(|part| part.to_str().unwrap());
            let path: Vec<&str> = parts.filter(|part| *part != "mod").collect();
            (path.join("::"), file)
        })
        .filter(|(path, _)| {
            let mut parts = path.split("::");
            !parts.any(|part| part.ends_with("tests") || part == "fakes")
        })
        .map(|(path, file)| (path, code(&std::fs::read_to_string(file).unwrap())))
        .collect()
}

fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn expanded(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        let name = path.split(" as ").next().unwrap().trim();
        return vec![name.trim_end_matches("::self").to_owned()];
    };
    let inside = &rest[..rest.rfind('}').unwrap()];
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inside.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().unwrap().push(c),
        }
    }
    parts
        .iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| expanded(&format!("{}{}", before.trim(), part.trim())))
        .collect()
}

/// The paths after `keyword` (`use `, `pub use `) at the beginning of a line of `text`.
pub fn statements(text: &str, keyword: &str) -> Vec<String> {
    let begins = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1));
    begins
        .filter_map(|begin| text[begin..].strip_prefix(keyword))
        .map(|statement| statement.split(';').next().unwrap().replace('\n', " "))
        .flat_map(|statement| expanded(&statement))
        .collect()
}

/// A path as `module` writes it, from the crate's root on; nothing where it begins with neither `crate` nor `super`.
pub fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(path) = path.strip_prefix("crate::") {
        return Some(path.to_owned());
    }
    let (mut from, mut path) = (module, path.strip_prefix("super::")?);
    loop {
        from = from.rsplit_once("::").map_or("", |(parent, _)| parent);
        match path.strip_prefix("super::") {
            Some(rest) => path = rest,
            None if from.is_empty() => return Some(path.to_owned()),
            None => return Some(format!("{from}::{path}")),
        }
    }
}

/// All that `module` names of this crate, from its root on: what it imports, and paths within its code.
pub fn named(module: &str, text: &str) -> Vec<String> {
    let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let within = ["crate::", "super::"]
        .into_iter()
        .flat_map(|start| text.match_indices(start))
        .filter(|(at, _)| !text[..*at].ends_with(is_of_path))
        .map(|(at, _)| {
            let path = &text[at..];
            let end = path.find(|c| !is_of_path(c));
            path[..end.unwrap_or(path.len())].to_owned()
        });
    let imported = ["use ", "pub use "].map(|keyword| statements(text, keyword));
    imported
        .into_iter()
        .flatten()
        .chain(within)
        .filter_map(|path| absolute(module, &path))
        .collect()
}

#[test]
fn comments_and_the_tests_of_a_file_are_no_code() {
    let text = "use super::a;\n// crate::b\n#[cfg(test)]\nmod tests {\n    use crate::c::d;\n}\n";
    assert_eq!(code(text), "use super::a;");
    assert_eq!(named("app::ui", &code(text)), ["app::a", "app::a"]);
}
