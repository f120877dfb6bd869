//! Which files of `src/training` use each other in a circle: none, so that it can be read from the bottom up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The model that may: its rules and what they have in common stand in one folder.
const MAY_BE_ROUND: &str = "training::optimizer";

/// Modules by their path, with their file's text up to its tests.
type Modules = BTreeMap<String, String>;

fn read(folder: &Path, module: &str, modules: &mut Modules) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                read(&path, &format!("{module}::{name}"), modules);
            }
        } else if !name.ends_with("tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim().starts_with("//"));
            let own = match name.as_str() {
                "mod" => module.to_owned(),
                name => format!("{module}::{name}"),
            };
            modules.insert(own, lines.collect::<Vec<_>>().join("\n"));
        }
    }
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

/// What `module` says after `keyword`, from the crate's root.
fn used(module: &str, text: &str, keyword: &str, modules: &Modules) -> Vec<String> {
    let statements = text.split('\n').enumerate().filter_map(|(number, line)| {
        let begins = line.strip_prefix(keyword)?;
        let rest: Vec<&str> = text.split('\n').skip(number + 1).collect();
        let whole = format!("{begins}\n{}", rest.join("\n"));
        Some(whole.split(';').next().unwrap().replace('\n', " "))
    });
    statements
        .flat_map(|statement| expanded(&statement))
        .map(|path| absolute(module, &path, modules))
        .collect()
}

fn absolute(module: &str, path: &str, modules: &Modules) -> String {
    if let Some(path) = path.strip_prefix("crate::") {
        return path.to_owned();
    }
    let (mut from, mut path) = (module, path.trim_start_matches("self::"));
    let mut climbed = false;
    while let Some(rest) = path.strip_prefix("super::") {
        from = from.rsplit_once("::").map_or("", |(parent, _)| parent);
        path = rest;
        climbed = true;
    }
    let child = format!("{from}::{path}");
    let first = path.split("::").next().unwrap();
    if climbed || modules.contains_key(&format!("{from}::{first}")) {
        child
    } else {
        path.to_owned()
    }
}

/// The module in which what `path` names is defined, through what other modules pass on.
fn defined(path: &str, modules: &Modules) -> Option<String> {
    let mut module = path;
    while !modules.contains_key(module) {
        module = module.rsplit_once("::")?.0;
    }
    let item = path[module.len()..].trim_start_matches("::");
    let passed_on = used(module, &modules[module], "pub use ", modules);
    let from = passed_on
        .iter()
        .find(|passed| !item.is_empty() && passed.rsplit("::").next() == Some(item));
    match from {
        Some(from) => defined(from, modules),
        None => Some(module.to_owned()),
    }
}

/// The modules that stand in a circle or lead to one, with what they use of them.
fn circles(modules: &Modules) -> BTreeMap<String, BTreeSet<String>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, text) in modules {
        let mut others: BTreeSet<String> = used(module, text, "use ", modules)
            .iter()
            .filter_map(|path| defined(path, modules))
            .filter(|other| !(other.starts_with(MAY_BE_ROUND) && module.starts_with(MAY_BE_ROUND)))
            .collect();
        others.remove(module);
        uses.insert(module.clone(), others);
    }
    loop {
        let ends: Vec<String> = uses
            .iter()
            .filter(|(_, others)| others.is_empty())
            .map(|(module, _)| module.clone())
            .collect();
        if ends.is_empty() {
            return uses;
        }
        for end in &ends {
            uses.remove(end);
        }
        for others in uses.values_mut() {
            others.retain(|other| !ends.contains(other));
        }
    }
}

#[test]
fn no_files_of_training_use_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/training");
    let mut modules = Modules::new();
    read(&root, "training", &mut modules);
    assert!(modules.len() > 60, "only {} files", modules.len());
    let found = circles(&modules);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_circle_is_found_through_what_is_passed_on() {
    let module = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let mut modules: Modules = [
        (
            "training",
            "pub use reader::{Reader};\npub use error::Error;",
        ),
        ("training::error", ""),
        (
            "training::reader",
            "use super::Error;\nuse crate::training::{\n    writer::Writer,\n};",
        ),
        ("training::writer", "use super::error::Error as E;"),
    ]
    .map(module)
    .into();
    assert!(circles(&modules).is_empty());
    modules.insert("training::writer".into(), "use super::Reader;".into());
    let found: Vec<String> = circles(&modules).into_keys().collect();
    assert_eq!(found, ["training::reader", "training::writer"]);
}
