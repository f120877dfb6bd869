//! The program and libtorch's libraries, as they are packaged: without symbols, without a path of the machine that they
//! were built on, and nothing newer than the oldest system asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::elf::{self, Elf};
use crate::{paths, setup, steps};

/// Libraries of libtorch that the program needs, directly or not. Without the last two the others can't be opened.
pub const LIBRARIES: [&str; 5] = [
    "libc10.so",
    "libgomp.so.1",
    "libtorch_cpu.so",
    "libcudart.so.13",
    "libcupti.so.13",
];
/// Where they stand, below the prefix.
pub const LIBRARY_FOLDER: &str = "lib/graft";
/// From the program, in `bin`.
const PROGRAM_SEARCHES: &str = "$ORIGIN/../lib/graft";
const LIBRARY_SEARCHES: &str = "$ORIGIN";
const PROFILE: &str = "dist";

/// Libraries that every system has, or that the packages depend on.
const OF_THE_SYSTEM: [&str; 10] = [
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
    "linux-vdso.so.1",
];

/// The newest versions that a symbol may have: those of Ubuntu 22.04, which is older than Debian 12.
const NEWEST: [(&str, (u32, u32, u32)); 4] = [
    ("GLIBC_", (2, 35, 0)),
    ("GLIBCXX_", (3, 4, 29)),
    ("CXXABI_", (1, 3, 13)),
    ("GCC_", (12, 0, 0)),
];

/// Builds the program for packages; where it is then.
pub fn build() -> Result<PathBuf> {
    steps::doing("building Graft for packages (some minutes)");
    // Panics name their place in the source, which is to be no folder of this machine.
    let folders = folders_of_this_machine()?;
    let flags = |option: &str| -> String {
        folders
            .iter()
            .map(|(folder, name)| format!("{option}{}={name}", folder.display()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut command = steps::cargo(&[
        "build",
        "--profile",
        PROFILE,
        "--package",
        "graft",
        "--bin",
        "graft",
    ]);
    command.env("RUSTFLAGS", flags("--remap-path-prefix="));
    for variable in ["CFLAGS", "CXXFLAGS"] {
        command.env(variable, flags("-ffile-prefix-map="));
    }
    steps::run(&mut command)?;
    Ok(paths::target().join(PROFILE).join("graft"))
}

/// Folders that a build reads from, each with what stands for it in the program.
fn folders_of_this_machine() -> Result<Vec<(PathBuf, &'static str)>> {
    let user = std::env::var_os("HOME")
        .map(PathBuf::from)
        .context("HOME is not set")?;
    let cargo = std::env::var_os("CARGO_HOME").map_or_else(|| user.join(".cargo"), PathBuf::from);
    let rustup =
        std::env::var_os("RUSTUP_HOME").map_or_else(|| user.join(".rustup"), PathBuf::from);
    let libtorch = setup::library("libc10.so")
        .and_then(|library| library.ancestors().nth(2).map(Path::to_path_buf))
        .context("libtorch is missing: run “cargo xtask setup”")?;
    let real = libtorch.canonicalize()?;
    // Of several that fit, the last one is taken.
    Ok(vec![
        (user, "/user"),
        (cargo, "/cargo"),
        (rustup, "/rustup"),
        (libtorch, "/libtorch"),
        (real, "/libtorch"),
        (paths::target(), "/target"),
        (paths::checkout(), "/graft"),
    ])
}

/// Puts program and libraries into `folder` as they are packaged. `is_built_here`: nothing may be left of this machine.
pub fn prepare(program: &Path, folder: &Path, is_built_here: bool) -> Result<()> {
    let libraries = folder.join("lib");
    fs::create_dir_all(&libraries)?;
    let stripped = folder.join("graft");
    strip(program, &stripped, PROGRAM_SEARCHES)?;
    for name in LIBRARIES {
        let library = setup::library(name)
            .with_context(|| format!("libtorch has no {name}: run “cargo xtask setup”"))?;
        strip(&library, &libraries.join(name), LIBRARY_SEARCHES)?;
    }
    if is_built_here {
        let bytes = fs::read(&stripped)?;
        let found = left_of(&bytes, &folders_of_this_machine()?, names_in);
        ensure!(
            found.is_empty(),
            "the program names folders of this machine: {}",
            found.join(", ")
        );
    }
    check(&stripped, &libraries)
}

fn strip(from: &Path, to: &Path, searches: &str) -> Result<()> {
    steps::run(
        Command::new("strip")
            .arg("--strip-unneeded")
            .arg("-o")
            .arg(to)
            .arg(from),
    )?;
    let mut bytes = fs::read(to)?;
    elf::set_search_path(&mut bytes, searches).with_context(|| format!("in {}", from.display()))?;
    fs::write(to, bytes)?;
    Ok(())
}

/// Texts in `bytes` that begin with one of `folders` and go on with one of its `entries`, one each. A folder's name alone says
/// little: texts of a program stand side by side, and `…/accessible/root` before `/org/…` is no home.
fn left_of(
    bytes: &[u8],
    folders: &[(PathBuf, &str)],
    entries: impl Fn(&Path) -> Vec<String>,
) -> Vec<String> {
    let left = |folder: &Path| {
        let needle = format!("{}/", folder.display());
        let entries = entries(folder);
        let goes_on = |after: &[u8]| {
            let mut names = entries.iter();
            names.any(|name| after.starts_with(name.as_bytes()))
        };
        let at = bytes
            .windows(needle.len())
            .enumerate()
            .filter(|(_, window)| *window == needle.as_bytes())
            .map(|(at, _)| at)
            .find(|at| goes_on(&bytes[at + needle.len()..]))?;
        let text = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_graphic())
            .take(200);
        Some(text.map(|byte| char::from(*byte)).collect())
    };
    folders
        .iter()
        .filter_map(|(folder, _)| left(folder))
        .collect()
}

/// The names of what stands in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Whether program and libraries find each other and run on the oldest system asked for.
fn check(program: &Path, libraries: &Path) -> Result<()> {
    let mut needed = std::collections::BTreeSet::new();
    let all =
        std::iter::once(program.to_path_buf()).chain(LIBRARIES.map(|name| libraries.join(name)));
    for path in all {
        let bytes = fs::read(&path)?;
        let elf = Elf::parse(&bytes).with_context(|| format!("in {}", path.display()))?;
        for search in elf.search_paths()? {
            ensure!(
                search.starts_with("$ORIGIN"),
                "it looks for libraries in {search}: {}",
                path.display()
            );
        }
        needed.extend(elf.needed()?);
        let new = too_new(&elf)?;
        ensure!(
            new.is_empty(),
            "needs newer systems than Ubuntu 22.04 ({}): {}",
            new.join(", "),
            path.display()
        );
    }
    for name in LIBRARIES {
        ensure!(
            needed.contains(name),
            "nothing needs {name}: it has no place in the packages"
        );
    }
    let unknown: Vec<_> = needed
        .iter()
        .filter(|name| {
            !LIBRARIES.contains(&name.as_str()) && !OF_THE_SYSTEM.contains(&name.as_str())
        })
        .collect();
    if !unknown.is_empty() {
        bail!(
            "the program needs libraries that the packages neither hold nor depend on: {unknown:?}"
        );
    }
    Ok(())
}

/// Versions of symbols that the oldest system has not.
fn too_new(elf: &Elf) -> Result<Vec<String>> {
    let versions = elf.needed_versions()?;
    Ok(versions
        .into_values()
        .flatten()
        .filter(|name| {
            NEWEST.iter().any(|(prefix, newest)| {
                elf::version(name, prefix).is_some_and(|version| version > *newest)
            })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program as tests were built with it, where all tests were.
    fn built() -> Option<PathBuf> {
        let own = std::env::current_exe().unwrap();
        let path = own.ancestors().nth(2)?.join("graft");
        path.is_file().then_some(path)
    }

    #[test]
    fn program_and_libraries_run_on_the_oldest_systems_asked_for() {
        let libraries = LIBRARIES.iter().filter_map(|name| setup::library(name));
        for path in libraries.chain(built()) {
            let bytes = fs::read(&path).unwrap();
            let new = too_new(&Elf::parse(&bytes).unwrap()).unwrap();
            assert!(new.is_empty(), "{} needs {new:?}", path.display());
        }
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        let newest = Elf::parse(&own).unwrap().needed_versions().unwrap();
        assert!(!newest.is_empty());
    }

    #[test]
    fn program_and_libraries_need_each_other_and_the_system_alone() {
        let Some(program) = built() else { return };
        let mut needed: Vec<String> = Vec::new();
        for path in LIBRARIES
            .iter()
            .filter_map(|name| setup::library(name))
            .chain([program])
        {
            let bytes = fs::read(&path).unwrap();
            needed.extend(Elf::parse(&bytes).unwrap().needed().unwrap());
        }
        for name in &needed {
            let is_known =
                LIBRARIES.contains(&name.as_str()) || OF_THE_SYSTEM.contains(&name.as_str());
            assert!(is_known, "{name}");
        }
        assert!(
            LIBRARIES
                .iter()
                .all(|name| needed.iter().any(|needed| needed == name)),
            "{needed:?}"
        );
    }

    #[test]
    fn what_is_left_of_the_machine_is_found() {
        let folders = [
            (PathBuf::from("/home/me"), "/user"),
            (PathBuf::from("/build"), "/graft"),
        ];
        let left = |bytes: &[u8]| left_of(bytes, &folders, |_| vec![".cargo".into(), "src".into()]);
        assert_eq!(
            left(b"\0/home/me/org/x\0/home/me/.cargo/x.rs:1\0/home/menu"),
            ["/home/me/.cargo/x.rs:1"]
        );
        assert!(left(b"/home/mela/x /graft/src/main.rs").is_empty());
        // Two texts that stand side by side.
        assert!(left(b"/accessible/home/me/org/a11y/atspi").is_empty());
    }
}
