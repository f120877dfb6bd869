//! Which run a person means: `#12`, `12`, a name, a folder.

use std::path::{Path, PathBuf};

use super::names::without_number;
use super::seeds::base_name;
use super::{RunSummary, files, listing};

/// What was found of a text that names a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Run(PathBuf),
    Nothing,
    /// Several runs go by this: their names.
    Several(Vec<String>),
}

/// The run that `text` names among `listed`: by its number with or without `#`, by its folder's name, by the name that a
/// person gave it, by its whole short name with or without the number, or by its experiment's name where there is one run
/// of it.
pub fn among(listed: &[RunSummary], text: &str) -> Found {
    let text = text.trim();
    let names = listing::names_of(listed);
    let numbered = text.strip_prefix('#').unwrap_or(text).parse::<u32>().ok();
    let said = |index: usize| &listed[index].listed.annotations;
    let same = |name: &str| name.to_lowercase() == text.to_lowercase();
    // What is certain first.
    let rules: [&dyn Fn(usize) -> bool; 5] = [
        &|index| listed[index].id == text,
        &|index| names[index] == text,
        &|index| numbered.is_some() && said(index).number == numbered,
        &|index| said(index).name.as_deref().is_some_and(same),
        &|index| {
            same(&names[index])
                || same(without_number(&names[index]))
                || same(&listed[index].experiment)
                || same(base_name(&listed[index].experiment))
        },
    ];
    for rule in rules {
        let found: Vec<usize> = (0..listed.len()).filter(|&index| rule(index)).collect();
        match found[..] {
            [] => {}
            [index] => return Found::Run(listed[index].listed.folder.clone()),
            _ => {
                return Found::Several(
                    found
                        .into_iter()
                        .map(|index| names[index].clone())
                        .collect(),
                );
            }
        }
    }
    Found::Nothing
}

/// Whether a run stands in `folder`.
pub fn is_run(folder: &Path) -> bool {
    folder.join(files::SUMMARY).is_file()
}

/// Runs in `folder`: itself, or those directly in it; none where it is something else.
pub fn runs_in(folder: &Path) -> Vec<PathBuf> {
    if is_run(folder) {
        return vec![folder.to_path_buf()];
    }
    let mut folders = listing::folders(folder);
    folders.sort_unstable();
    folders
}
