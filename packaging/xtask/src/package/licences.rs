//! The copyright file: who made what a package holds, and under which licence.
//!
//! Crates say it in their manifests and bring the texts; libtorch's stand in its wheels. A crate without a text of its own
//! is named with its authors, and the licence's text stands with others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::VERSION;
use crate::{paths, steps};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const RULE: &str =
    "\n--------------------------------------------------------------------------------\n\n";

/// A crate that the program is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
    authors: Vec<String>,
    folder: PathBuf,
}

/// The whole file. `libtorch`: the folder with its licences.
pub fn copyright(libtorch: &Path) -> Result<String> {
    let mut command = steps::cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        TARGET,
    ]);
    let metadata = steps::output(&mut command).context("cargo metadata fails")?;
    let crates = crates(&serde_json::from_str(&metadata)?)?;
    let checkout = paths::checkout();
    let read = |path: PathBuf| {
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
    };
    let mut text = format!(
        "Graft {VERSION}: a desktop workbench for transfer learning on images.\n\n{}",
        read(checkout.join("LICENSE"))?
    );
    text += "\n\
This package also holds work of others, whose licences follow:

  * libtorch 2.11.0 and what it is made of (lib/graft/libtorch_cpu.so, libc10.so)
  * NVIDIA's CUDA runtime and CUPTI (lib/graft/libcudart.so.13, libcupti.so.13), redistributed under NVIDIA's terms
  * GCC's OpenMP library (lib/graft/libgomp.so.1): GPL 3 or later, with the GCC Runtime Library Exception 3.1
  * EfficientNet-Lite0's weights (share/graft/weights): Apache License 2.0, Copyright The TensorFlow Authors
  * drawings of the Open Clip Art Library (share/graft/example): dedicated to the public domain by their authors
  * the fonts Inter (SIL Open Font License 1.1) and Phosphor (MIT)
  * the JPEG decoder libjpeg-turbo, based in part on the work of the Independent JPEG Group
  * the Rust standard library (MIT or Apache License 2.0) and the crates that are listed below

On Debian systems, the texts of the Apache License 2.0, the Mozilla Public License 2.0 and the GNU General Public License 3
are also found in /usr/share/common-licenses.\n";
    for (title, path) in parts(libtorch, &checkout)? {
        write!(text, "{RULE}{title}\n\n{}\n", read(path)?.trim_end())?;
    }
    text += RULE;
    text += "Rust crates\n\n";
    for one in &crates {
        let authors = if one.authors.is_empty() {
            "its authors".into()
        } else {
            one.authors.join(", ")
        };
        writeln!(
            text,
            "{} {}: {} ({authors})",
            one.name, one.version, one.licence
        )?;
    }
    for (licence, names) in texts(&crates)? {
        write!(text, "{RULE}Of {}:\n\n{licence}\n", names.join(", "))?;
    }
    Ok(text)
}

/// Titles and files of the parts that are no crates.
fn parts(libtorch: &Path, checkout: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut parts = Vec::new();
    for folder in sorted(libtorch)? {
        for file in sorted(&folder)? {
            let name = |path: &Path| {
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            parts.push((format!("{}: {}", name(&folder), name(&file)), file));
        }
    }
    if parts.is_empty() {
        bail!("there are no licences in {}", libtorch.display());
    }
    let common = Path::new("/usr/share/common-licenses");
    let fonts = checkout.join("assets/fonts");
    let further = [
        (
            "GCC Runtime Library Exception",
            checkout.join("packaging/licences/gcc-runtime-library-exception.txt"),
        ),
        ("GNU General Public License 3", common.join("GPL-3")),
        ("Apache License 2.0", common.join("Apache-2.0")),
        ("Inter", fonts.join("LICENSE-Inter.txt")),
        ("Phosphor", fonts.join("LICENSE-Phosphor.txt")),
    ];
    parts.extend(further.map(|(title, path)| (title.to_owned(), path)));
    Ok(parts)
}

/// The crates that `graft` is linked from, by `cargo metadata`'s document.
fn crates(metadata: &Value) -> Result<Vec<Crate>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> = list(&metadata["packages"])
        .into_iter()
        .map(|package| (text(&package["id"]), package))
        .collect();
    let nodes: BTreeMap<String, Value> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let is_ours = |package: &Value| package["source"].is_null();
    let root = packages
        .iter()
        .find(|(_, package)| package["name"] == "graft" && is_ours(package))
        .context("cargo metadata has no package graft")?;
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![root.0.clone()]);
    while let Some(id) = waiting.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        for used in list(&nodes[&id]["deps"]) {
            // What is used by build scripts and tests is not in the program.
            let is_linked = list(&used["dep_kinds"])
                .iter()
                .any(|kind| kind["kind"].is_null());
            if is_linked {
                waiting.push(text(&used["pkg"]));
            }
        }
    }
    let mut crates: Vec<Crate> = seen
        .iter()
        .map(|id| &packages[id])
        .filter(|package| !is_ours(package))
        .map(|package| Crate {
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: package["license"]
                .as_str()
                .unwrap_or("see its text")
                .to_owned(),
            authors: list(&package["authors"]).iter().map(text).collect(),
            folder: Path::new(&text(&package["manifest_path"]))
                .parent()
                .unwrap_or(Path::new("/"))
                .into(),
        })
        .collect();
    crates.sort();
    Ok(crates)
}

/// Each text of a licence once, with the crates that bring it.
fn texts(crates: &[Crate]) -> Result<Vec<(String, Vec<String>)>> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in crates {
        for file in sorted(&one.folder)? {
            if !is_licence(&file) {
                continue;
            }
            let bytes = fs::read(&file)?;
            let lines = String::from_utf8_lossy(&bytes).replace('\r', "");
            let lines: Vec<&str> = lines.trim().lines().map(str::trim_end).collect();
            let names = texts.entry(lines.join("\n")).or_default();
            if names.last() != Some(&one.name) {
                names.push(one.name.clone());
            }
        }
    }
    let mut texts: Vec<_> = texts
        .into_iter()
        .filter(|(text, _)| !text.is_empty())
        .collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(texts)
}

fn is_licence(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let begins = [
        "licen",
        "copying",
        "copyright",
        "notice",
        "unlicense",
        "patents",
    ];
    path.is_file() && begins.iter().any(|begin| name.starts_with(begin)) && !name.ends_with(".rs")
}

/// What is in a folder, by name.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_linked_is_named_with_its_licence_and_tools_of_the_build_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let package = |name: &str, source: Value| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join("LICENSE-MIT"), "Permission is hereby granted\r\n").unwrap();
            json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT", "authors": ["A"],
                "source": source, "manifest_path": path.join("Cargo.toml") })
        };
        let used =
            |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package("graft", Value::Null), package("own", Value::Null), package("a", json!("registry")),
                package("b", json!("registry")), package("cc", json!("registry"))],
            "resolve": { "nodes": [
                { "id": "graft", "deps": [used("own", Value::Null), used("a", Value::Null), used("cc", json!("build"))] },
                { "id": "own", "deps": [used("b", Value::Null)] },
                { "id": "a", "deps": [used("b", Value::Null)] },
                { "id": "b", "deps": [] },
                { "id": "cc", "deps": [] },
            ] },
        });
        let crates = crates(&metadata).unwrap();
        let names: Vec<&str> = crates.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let texts = texts(&crates).unwrap();
        assert_eq!(
            texts,
            [(
                "Permission is hereby granted".to_owned(),
                vec!["a".to_owned(), "b".to_owned()]
            )]
        );
    }
}
