//! Which folder may use which crate and which other folder: ARCHITECTURE.md's table, held against
//! the code.

use super::modules::{modules, named, rust_files, source};

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
        "prediction",
        &[
            "prediction",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "data",
            "experiment",
        ],
    ),
    (
        "sweep",
        &[
            "sweep",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "models",
            "data",
            "experiment",
        ],
    ),
    ("slurm", &["slurm", "sweep", "runs"]),
    (
        "shootout",
        &[
            "shootout",
            "runs",
            "training",
            "evaluation",
            "models",
            "data",
            "experiment",
        ],
    ),
    (
        "export",
        &[
            "export",
            "analysis",
            "runs",
            "training",
            "evaluation",
            "models",
            "libtorch",
            "data",
            "experiment",
        ],
    ),
    (
        "figures",
        &[
            "figures",
            "sweep",
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
            "export",
            "figures",
            "shootout",
            "sweep",
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
            "prediction",
            "slurm",
            "shootout",
            "sweep",
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
            "export",
            "figures",
            "prediction",
            "slurm",
            "shootout",
            "sweep",
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
            "export",
            "figures",
            "prediction",
            "slurm",
            "shootout",
            "sweep",
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
    ("control_group", &[]),
    ("cores", &["control_group", "format"]),
    ("escapes", &[]),
    ("exit", &[]),
    ("format", &["shown"]),
    ("memory", &["control_group", "cores", "format"]),
    ("ordinary_file", &["format"]),
    ("paths", &[]),
    ("shown", &[]),
    ("sorted_metadata", &[]),
    ("spreadsheet", &[]),
];

/// Crates that stand for a layer, and the only folders that may name them.
const CRATES: &[(&str, &[&str])] = &[
    (
        "tch",
        &[
            "libtorch",
            "models",
            "training",
            "runs",
            "analysis",
            "prediction",
            "sweep",
            "shootout",
            "export",
            "worker",
            "cli",
        ],
    ),
    ("eframe", &["app"]),
    ("egui_commonmark", &["app"]),
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
    ("rayon", &["cores", "data", "models", "training"]),
    ("ureq", &["models"]),
    ("image", &["data", "figures", "app"]),
    ("image_hasher", &["data"]),
    ("graft_resample", &["data"]),
    ("tract_onnx", &["export"]),
    ("prost", &["export"]),
];

#[test]
fn each_folder_uses_only_what_it_may() {
    let mut broken = Vec::new();
    let modules = modules();
    for (module, text) in &modules {
        let folder = module.split("::").next().unwrap();
        let rows = LAYERS.iter().chain(EVERYWHERE);
        let Some((_, allowed)) = rows.clone().find(|(name, _)| *name == folder) else {
            continue;
        };
        let is_layer = LAYERS.iter().any(|(name, _)| *name == folder);
        for path in named(module, text) {
            let used = path.split("::").next().unwrap();
            // Layers take the small modules as they are; those know each other only where it is said.
            let is_named = LAYERS.iter().any(|(name, _)| *name == used)
                || !is_layer && EVERYWHERE.iter().any(|(name, _)| *name == used);
            if is_named && !allowed.contains(&used) && used != folder {
                broken.push(format!("{module}: {folder}/ may not use {path}"));
            }
        }
        for (name, folders) in CRATES {
            let is_used = text.lines().any(|line| names_crate(line, name));
            if is_used && !folders.contains(&folder) {
                broken.push(format!("{module}: {folder}/ may not use the crate {name}"));
            }
        }
    }
    assert!(
        modules.len() > 400,
        "only {} files were looked at: has src/ moved?",
        modules.len()
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_module_has_its_row() {
    let rows = LAYERS.iter().chain(EVERYWHERE).map(|(name, _)| *name);
    // A crate of its own, and the two files that the others are put together in.
    let rows: Vec<&str> = rows.chain(["resample", "lib", "main"]).collect();
    for entry in std::fs::read_dir(source()).unwrap() {
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

/// What of `text`, the file of `module`, uses a folder of the window that it may not use.
fn wrong_directions(module: &str, text: &str) -> Vec<String> {
    let own: Vec<&str> = module.split("::").skip(1).collect();
    let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| Some(room) == own.first()) else {
        return Vec::new();
    };
    let is_wrong = |path: &String| {
        let Some(used) = path.strip_prefix("app::") else {
            return false;
        };
        let used: Vec<&str> = used.split("::").collect();
        let is_own_feature = used[0] == "features"
            && own[0] == "features"
            && (used.len() < 2 || Some(&used[1]) == own.get(1));
        let is_room = ROOMS.iter().any(|(name, _)| *name == used[0]);
        is_room && !allowed.contains(&used[0]) && !is_own_feature
    };
    let paths = named(module, text).into_iter().filter(is_wrong);
    paths.map(|path| format!("{module}: {path}")).collect()
}

#[test]
fn the_window_s_folders_use_each_other_one_way() {
    let mut modules = modules();
    modules.retain(|module, _| module.starts_with("app::"));
    let broken: Vec<String> = modules
        .iter()
        .flat_map(|(module, text)| wrong_directions(module, text))
        .collect();
    assert!(
        modules.len() > 100,
        "only {} files were looked at: has src/app/ moved?",
        modules.len()
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_use_against_the_direction_is_found() {
    let found = |module: &str, text: &str| !wrong_directions(module, text).is_empty();
    assert!(found("app::core::state", "use crate::app::ui::tokens;"));
    assert!(found("app::ui::editor", "use crate::app::features::head;"));
    assert!(found(
        "app::features::head",
        "use crate::app::shell::Graft;"
    ));
    assert!(found(
        "app::features::head",
        "let x = crate::app::features::layers::Row;"
    ));
    assert!(found(
        "app::features::head::row",
        "use super::super::layers::Row;"
    ));
    assert!(!found(
        "app::features::head::row",
        "use super::super::head::Row;"
    ));
    assert!(!found(
        "app::features::head::row",
        "use super::Row;\nuse crate::app::ui::format;"
    ));
    assert!(!found(
        "app::shell::views",
        "use crate::app::features::layers::LayersView;"
    ));
    assert!(found(
        "app::core::state",
        "use crate::{\n    app::{\n        core::request,\n        ui::tokens,\n    },\n};"
    ));
}

#[test]
fn no_code_does_otherwise_in_tests() {
    let asking: Vec<String> = rust_files(&source())
        .into_iter()
        .filter(|file| {
            std::fs::read_to_string(file)
                .unwrap()
                .contains("cfg!(test)")
        })
        .map(|file| file.display().to_string())
        .collect();
    assert!(
        asking.is_empty(),
        "a test would not try what people run; hand down what differs: {}",
        asking.join(", ")
    );
}

/// tch's functions that take a `Scalar` panic where libtorch has an error; `libtorch/numbers.rs` says why, and has others.
#[test]
fn numbers_reach_libtorch_by_our_own_functions() {
    const TAKE_A_SCALAR: &[&str] = &[
        "arange",
        "baddbmm",
        "clamp",
        "clamp_max",
        "clamp_min",
        "clip",
        "eq",
        "fill",
        "fill_diagonal",
        "fmod",
        "full",
        "full_like",
        "ge",
        "greater",
        "gt",
        "index_fill",
        "le",
        "lerp",
        "less",
        "linspace",
        "logspace",
        "lt",
        "masked_fill",
        "ne",
        "new_full",
        "not_equal",
        "range",
        "remainder",
        "renorm",
    ];
    let takes_one = |name: &str| {
        name.contains("_scalar") || TAKE_A_SCALAR.contains(&name.trim_end_matches('_'))
    };
    assert!(takes_one("lerp_") && takes_one("mul_scalar_") && !takes_one("mul_number_"));
    let mut broken = Vec::new();
    for file in rust_files(&source()) {
        if file.ends_with("libtorch/numbers.rs") {
            continue;
        }
        for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let calls = line
                .split(['.', ':', ' ', '('])
                .filter_map(|word| word.strip_prefix("f_"));
            if calls.into_iter().any(takes_one) {
                broken.push(format!(
                    "{}:{}: {}",
                    file.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "these panic where memory runs out; use libtorch::numbers:\n{}",
        broken.join("\n")
    );
}

#[test]
fn no_colour_stands_outside_the_tokens() {
    let mut broken = Vec::new();
    for file in rust_files(&source().join("app")) {
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
    let root = source();
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
        "libtorch/numbers.rs",
        "libtorch/optimizer.rs",
        "libtorch/recording.rs",
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

/// Whether `name::` stands in a line as a path of its own.
fn names_crate(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}
