//! Which folder may use which crate and which other folder: ARCHITECTURE.md's table, held against
//! the code.

use std::path::{Path, PathBuf};

/// Folder (or file) of `src/`, the folders it may use, and the outside crates that are its alone or
/// shared with the named others.
const LAYERS: &[(&str, &[&str])] = &[
    ("experiment", &["experiment"]),
    ("pickle", &["pickle"]),
    ("data", &["data", "experiment", "pickle"]),
    ("libtorch", &["libtorch"]),
    (
        "models",
        &["models", "libtorch", "data", "experiment", "pickle"],
    ),
    ("evaluation", &["evaluation", "data", "experiment"]),
    (
        "training",
        &[
            "training",
            "evaluation",
            "models",
            "libtorch",
            "data",
            "experiment",
        ],
    ),
    (
        "runs",
        &["runs", "training", "evaluation", "data", "experiment"],
    ),
    (
        "analysis",
        &[
            "analysis",
            "runs",
            "training",
            "evaluation",
            "data",
            "experiment",
        ],
    ),
    (
        "figures",
        &[
            "figures",
            "runs",
            "training",
            "evaluation",
            "data",
            "experiment",
        ],
    ),
    (
        "report",
        &[
            "report",
            "figures",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "models",
            "data",
            "experiment",
        ],
    ),
    (
        "worker",
        &[
            "worker",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "models",
            "data",
            "experiment",
        ],
    ),
    (
        "app",
        &[
            "app",
            "worker",
            "report",
            "figures",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "models",
            "data",
            "experiment",
        ],
    ),
    (
        "cli",
        &[
            "cli",
            "app",
            "report",
            "figures",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "models",
            "data",
            "experiment",
            "worker",
        ],
    ),
];

/// Small modules that every folder may use, each with those of them that it may use itself.
const EVERYWHERE: &[(&str, &[&str])] = &[
    ("allocator", &[]),
    ("exit", &[]),
    ("format", &["shown"]),
    ("memory", &["format"]),
    ("ordinary_file", &["format"]),
    ("paths", &[]),
    ("shown", &[]),
    ("spreadsheet", &[]),
];

/// Crates that stand for a layer, and the only folders that may name them.
const CRATES: &[(&str, &[&str])] = &[
    (
        "tch",
        &[
            "libtorch", "models", "training", "runs", "analysis", "worker", "cli",
        ],
    ),
    ("eframe", &["app"]),
    ("egui_extras", &["app"]),
    ("egui_plot", &["app"]),
    ("egui_tiles", &["app"]),
    ("rfd", &["app"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("crossbeam_channel", &["worker", "app"]),
    ("plotters", &["figures"]),
    ("resvg", &["figures"]),
    ("png", &["data", "figures"]),
    ("turbojpeg_sys", &["data"]),
    ("image_webp", &["data"]),
    ("anyhow", &["app", "cli"]),
    ("rayon", &["data", "models", "training"]),
    ("ureq", &["models"]),
    ("image", &["data", "figures", "app"]),
    ("image_hasher", &["data"]),
    ("graft_resample", &["data"]),
];

#[test]
fn each_folder_uses_only_what_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut broken = Vec::new();
    let mut seen = 0;
    for (folder, allowed) in LAYERS.iter().chain(EVERYWHERE) {
        let is_layer = LAYERS.iter().any(|(name, _)| name == folder);
        let one = Some(root.join(folder).with_extension("rs"));
        let own_file = one.into_iter().filter(|file| file.is_file());
        let folder_path = Some(root.join(folder)).filter(|path| path.is_dir());
        let inside = folder_path.iter().flat_map(|path| rust_files(path));
        for file in own_file.chain(inside) {
            // Tests make their own pictures and may reach across.
            let relative = file
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if relative.contains("/tests/") || relative.ends_with("tests.rs") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if line.starts_with("//") {
                    continue;
                }
                let place = || {
                    format!(
                        "{}:{}",
                        file.strip_prefix(&root).unwrap().display(),
                        number + 1
                    )
                };
                for used in modules_named(line) {
                    // Layers take the small modules as they are; those know each other only where it is said.
                    let is_named = LAYERS.iter().any(|(name, _)| *name == used)
                        || !is_layer && EVERYWHERE.iter().any(|(name, _)| *name == used);
                    if is_named && !allowed.contains(&used.as_str()) && used != *folder {
                        broken.push(format!("{}: {folder}/ may not use {used}/", place()));
                    }
                }
                for (name, folders) in CRATES {
                    if names_crate(line, name) && !folders.contains(folder) {
                        broken.push(format!(
                            "{}: {folder}/ may not use the crate {name}",
                            place()
                        ));
                    }
                }
            }
        }
    }
    assert!(
        seen > 40,
        "only {seen} files were looked at: has src/ moved?"
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_module_has_its_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rows = LAYERS.iter().chain(EVERYWHERE).map(|(name, _)| *name);
    // A crate of its own, and the two files that the others are put together in.
    let rows: Vec<&str> = rows.chain(["resample", "lib", "main"]).collect();
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let name = name.strip_suffix("_tests").unwrap_or(name);
        assert!(
            rows.contains(&name),
            "src/{name} has no row in tests/tidy.rs"
        );
    }
}

/// The folders of `src/app`, each with those it may use. A feature may use itself, but no other feature.
const ROOMS: [(&str, &[&str]); 4] = [
    ("core", &["core"]),
    ("ui", &["ui", "core"]),
    ("features", &["ui", "core"]),
    ("shell", &["shell", "features", "ui", "core"]),
];

/// What of `text`, the file of the module `app::…::module`, uses a folder of the window that it may not use.
fn wrong_directions(module: &[&str], text: &str) -> Vec<String> {
    let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| Some(room) == module.first()) else {
        return Vec::new();
    };
    // Tests make their own states, and look at what they will.
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let paths = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .filter(|path| path.contains("::"))
        });
    let absolute = |path: &str| -> Option<Vec<String>> {
        if let Some(rest) = path.strip_prefix("crate::app::") {
            return Some(rest.split("::").map(str::to_owned).collect());
        }
        let above = path.split("::").take_while(|part| *part == "super").count();
        let kept = module.len().checked_sub(above).filter(|_| above > 0)?;
        let own = module[..kept].iter().copied();
        let rest = path.split("::").skip(above);
        Some(own.chain(rest).map(str::to_owned).collect())
    };
    paths
        .filter_map(|path| Some((path, absolute(path)?)))
        .filter(|(_, used)| {
            let room = used[0].as_str();
            let is_own_feature = room == "features"
                && module[0] == "features"
                && (used.len() < 2 || Some(&used[1].as_str()) == module.get(1));
            let is_room = ROOMS.iter().any(|(name, _)| *name == room);
            is_room && !allowed.contains(&room) && !is_own_feature
        })
        .map(|(path, _)| format!("{}: {path}", module.join("::")))
        .collect()
}

#[test]
fn the_window_s_folders_use_each_other_one_way() {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app");
    let mut seen = 0;
    let mut broken = Vec::new();
    for file in rust_files(&app) {
        let relative = file.strip_prefix(&app).unwrap().with_extension("");
        let mut module: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
        if module
            .iter()
            .any(|part| part.ends_with("tests") || *part == "fakes")
        {
            continue;
        }
        if module.last() == Some(&"mod") {
            module.pop();
        }
        seen += usize::from(module.len() > 1);
        broken.extend(wrong_directions(
            &module,
            &std::fs::read_to_string(&file).unwrap(),
        ));
    }
    assert!(
        seen > 100,
        "only {seen} files were looked at: has src/app/ moved?"
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_use_against_the_direction_is_found() {
    let found = |module: &[&str], text: &str| !wrong_directions(module, text).is_empty();
    assert!(found(&["core", "state"], "use crate::app::ui::tokens;"));
    assert!(found(&["ui", "editor"], "use crate::app::features::head;"));
    assert!(found(
        &["features", "head"],
        "use crate::app::shell::Graft;"
    ));
    assert!(found(
        &["features", "head"],
        "let x = crate::app::features::layers::Row;"
    ));
    assert!(found(
        &["features", "head", "row"],
        "use super::super::layers::Row;"
    ));
    assert!(!found(
        &["features", "head", "row"],
        "use super::super::head::Row;"
    ));
    assert!(!found(
        &["features", "head", "row"],
        "use super::Row;\nuse crate::app::ui::format;"
    ));
    assert!(!found(
        &["shell", "views"],
        "use crate::app::features::layers::LayersView;"
    ));
    assert!(!found(
        &["core", "state"],
        "#[cfg(test)]\nmod tests {\n use crate::app::ui::tokens;"
    ));
}

#[test]
fn no_colour_stands_outside_the_tokens() {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app");
    let mut broken = Vec::new();
    for file in rust_files(&app) {
        if file.ends_with("tokens.rs") {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let literal = [
                "Color32::from_rgb(0x",
                "Color32::from_gray(",
                "hex_color!",
                "Color32::RED",
            ];
            if literal.iter().any(|literal| line.contains(literal)) {
                broken.push(format!("{}:{}", file.display(), number + 1));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "colours belong into tokens.rs:\n{}",
        broken.join("\n")
    );
}

#[test]
fn unsafe_code_stands_only_where_the_map_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed = [
        "allocator.rs",
        "app/shell/drawing.rs",
        "data/decode/turbo.rs",
        "data/mapped.rs",
        "libtorch/arithmetic.rs",
        "libtorch/autocast.rs",
        "libtorch/convolution.rs",
        "libtorch/cuda.rs",
        "libtorch/depthwise.rs",
        "libtorch/generator.rs",
        "libtorch/lists.rs",
        "libtorch/mod.rs",
        "libtorch/optimizer.rs",
        "libtorch/threads.rs",
        "models/device/cuda_library.rs",
        "models/device/driver.rs",
    ];
    let with_unsafe: Vec<String> = rust_files(&root)
        .into_iter()
        .filter(|file| std::fs::read_to_string(file).unwrap().contains("unsafe {"))
        .map(|file| file.strip_prefix(&root).unwrap().display().to_string())
        .collect();
    for file in &with_unsafe {
        assert!(
            allowed.contains(&file.as_str()),
            "unsafe code in src/{file}"
        );
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
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

/// The modules `x` of every `crate::x` in a line.
fn modules_named(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .map(|(at, found)| {
            line[at + found.len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

/// Whether `name::` stands in a line as a path of its own.
fn names_crate(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}
