//! Which files of `src/training` use each other in a circle: none, so that it can be read from the bottom up.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Modules, absolute, modules, statements};

/// The model that may: its rules and what they have in common stand in one folder.
const MAY_BE_ROUND: &str = "training::optimizer";

/// What `module` says after `keyword`, from the crate's root where it is of this crate.
fn used(module: &str, text: &str, keyword: &str, modules: &Modules) -> Vec<String> {
    let from_root = |path: String| {
        let path = path.trim_start_matches("self::");
        let first = path.split("::").next().unwrap();
        let is_child = modules.contains_key(&format!("{module}::{first}"));
        absolute(module, path).unwrap_or_else(|| match is_child {
            true => format!("{module}::{path}"),
            false => path.to_owned(),
        })
    };
    statements(text, keyword)
        .into_iter()
        .map(from_root)
        .collect()
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
    let mut modules = modules();
    modules.retain(|module, _| module.split("::").next() == Some("training"));
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
