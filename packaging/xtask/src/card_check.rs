//! `cargo xtask card-check`: packs what `tests/card_check.py` needs on a machine with a graphics card, and rehearses that
//! script on the stand-in for one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::{bench, paths, setup, steps};

const USAGE: &str = "usage: cargo xtask card-check [--pack FOLDER] [--program FILE --tests FILE] [--python PROGRAM]";

/// The unit test that builds the stand-in, and runs the tests of cards on it.
const BUILDS_STAND_IN: &str = "tests_that_need_a_graphics_card_pass_on_the_stand_in";

pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let (program, tests) = match (&options.program, &options.tests) {
        (Some(program), Some(tests)) => (program.clone(), tests.clone()),
        (None, None) => {
            setup::run(setup::Wanted {
                cuda: false,
                demo: false,
            })?;
            (steps::graft()?, built_tests()?)
        }
        _ => bail!("--program and --tests go together\n{USAGE}"),
    };
    if let Some(folder) = &options.pack {
        return pack(&program, &tests, folder);
    }
    let folder = tempfile::tempdir()?;
    pack(&program, &tests, folder.path())?;
    let python = bench::python(options.python.as_deref())?;
    let stand_in = stand_in(&tests)?;
    let script = paths::checkout().join("tests/card_check.py");
    let out = paths::target().join("card-check");
    steps::doing(&format!(
        "rehearsing; what is found goes to {}",
        out.display()
    ));
    let mut rehearsal = Command::new(python);
    rehearsal.arg(script).arg("--pack").arg(folder.path());
    rehearsal.arg("--out").arg(out).args(["--seconds", "1800"]);
    steps::run(rehearsal.arg("--rehearsal").arg(stand_in))
}

#[derive(Default)]
struct Options {
    pack: Option<PathBuf>,
    program: Option<PathBuf>,
    tests: Option<PathBuf>,
    python: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(&name) = rest.next() {
            let option = match name {
                "--pack" => &mut options.pack,
                "--program" => &mut options.program,
                "--tests" => &mut options.tests,
                "--python" => &mut options.python,
                _ => bail!(USAGE),
            };
            *option = Some(std::path::absolute(rest.next().context(USAGE)?)?);
        }
        Ok(options)
    }
}

/// Builds the library's unit tests; the program that holds them.
fn built_tests() -> Result<PathBuf> {
    steps::doing("building the unit tests");
    let arguments = ["test", "--workspace", "--no-run", "--message-format=json"];
    let output = steps::cargo(&arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("could not start cargo")?;
    anyhow::ensure!(output.status.success(), "the unit tests could not be built");
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .find_map(unit_tests_of_graft)
        .context("cargo names no program with the unit tests of Graft")
}

/// What a message of cargo names as the program with the library's unit tests.
fn unit_tests_of_graft(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    let is_ours = target["name"] == "graft" && target["kind"][0] == "lib";
    let file = message["executable"].as_str()?;
    is_ours.then(|| file.into())
}

/// Stripped and compressed copies. The script has them find libtorch by LD_LIBRARY_PATH, which goes before the folders that
/// the linker has put into them.
fn pack(program: &Path, tests: &Path, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for needed in ["strip", "xz"] {
        anyhow::ensure!(
            steps::exists(needed),
            "{needed} is not installed, and programs are too large to carry without it: install binutils and xz-utils"
        );
    }
    for (file, name) in [(program, "graft"), (tests, "tests")] {
        let copy = folder.join(name);
        steps::run(Command::new("strip").arg("-o").arg(&copy).arg(file))?;
        // Sorted by its jumps and seen as a whole, a program takes an eighth less, for a minute's work.
        steps::run(
            Command::new("xz")
                .args(["--force", "--x86", "--lzma2=preset=9e,dict=192MiB"])
                .arg(&copy),
        )?;
        let packed = folder.join(format!("{name}.xz"));
        let size = std::fs::metadata(&packed)?.len() as f64;
        steps::ready(&format!("{}: {:.1} MB", packed.display(), size / 1e6));
    }
    Ok(())
}

/// The folder of the stand-in, built anew where its sources have changed.
fn stand_in(tests: &Path) -> Result<PathBuf> {
    // Where tests/cuda/stand_in.rs puts it: beside `debug/deps`.
    let parent = tests
        .ancestors()
        .nth(3)
        .context("the unit tests are not where cargo puts them")?
        .join("tmp");
    let sources = newest(&paths::checkout().join("tests/cuda"), "")?;
    let built = || Ok::<_, anyhow::Error>(newest(&parent, "stand-in-").ok().flatten());
    let is_fresh = |at: SystemTime| sources.as_ref().is_none_or(|(changed, _)| at > *changed);
    if let Some((at, folder)) = built()?
        && is_fresh(at)
    {
        return Ok(folder);
    }
    steps::doing("building the stand-in for a graphics card");
    steps::run(Command::new(tests).arg(BUILDS_STAND_IN))?;
    let (_, folder) = built()?.context("the unit tests made no stand-in")?;
    Ok(folder)
}

/// The entry of a folder that was changed last, among those whose names begin so.
fn newest(folder: &Path, beginning: &str) -> Result<Option<(SystemTime, PathBuf)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(beginning)
            && !name.to_string_lossy().ends_with(".lock")
        {
            all.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    Ok(all.into_iter().max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_with_the_unit_tests_is_found_among_cargo_s_messages() {
        let message = |kind: &str, executable: &str| {
            format!(
                r#"{{"target": {{"name": "graft", "kind": ["{kind}"]}}, "executable": {executable}}}"#
            )
        };
        let found = unit_tests_of_graft(&message("lib", r#""/t/graft-1""#));
        assert_eq!(found, Some("/t/graft-1".into()));
        assert_eq!(
            unit_tests_of_graft(&message("bin", r#""/t/graft-2""#)),
            None
        );
        assert_eq!(unit_tests_of_graft(&message("lib", "null")), None);
        assert_eq!(unit_tests_of_graft("warning: no JSON"), None);
    }
}
