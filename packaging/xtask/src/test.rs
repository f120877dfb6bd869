//! `cargo xtask test`: what CI runs.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::{setup, steps};

pub fn run() -> Result<()> {
    setup::run(setup::Wanted {
        cuda: false,
        demo: true,
    })?;
    setup::slurm::install();
    let start = Instant::now();
    let lap =
        |what: &str| steps::doing(&format!("{what} ({} s so far)", start.elapsed().as_secs()));

    lap("formatting");
    steps::run(&mut steps::cargo(&["fmt", "--all", "--check"]))?;
    lap("tests");
    let skipped = tempfile::NamedTempFile::new()?;
    let mut tests = tests(skipped.path());
    if std::env::var_os("GRAFT_ONNX_PYTHON").is_none()
        && let Some(python) = setup::onnx_python(&crate::paths::home()?)
    {
        tests.env("GRAFT_ONNX_PYTHON", python);
    }
    steps::run(&mut tests)?;
    if let Some(text) = told_of_skipped(&std::fs::read_to_string(skipped.path())?) {
        steps::doing(&text);
    }
    lap("lints");
    steps::run(&mut steps::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    lap("documentation");
    steps::run(
        steps::cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    steps::ready(&format!(
        "everything passed in {} s",
        start.elapsed().as_secs()
    ));
    Ok(())
}

/// All tests, those of later programs too where one of an earlier fails: whoever reads it learns of all at once. Those that are
/// skipped write their names into the file `skipped`.
fn tests(skipped: &Path) -> Command {
    let mut command = steps::cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.env("GRAFT_SKIPPED", skipped);
    command
}

/// What is to be said of skipped tests, given their names, one a line and maybe more than once.
fn told_of_skipped(names: &str) -> Option<String> {
    let names: std::collections::BTreeSet<&str> = names.lines().collect();
    let (slurm, others): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| name.contains("slurm"));
    let (python, card): (Vec<&str>, Vec<&str>) =
        others.iter().partition(|name| name.contains("python"));
    let told = [
        (
            card,
            "a graphics card and were skipped; they ran on the stand-in alone. On a machine with a card, GRAFT_NEEDS_CUDA=1 makes skipping a failure",
        ),
        (
            python,
            "Python with torch, torchvision, timm and onnxruntime and were skipped. GRAFT_PYTHON names one",
        ),
        (
            slurm,
            "Slurm (packages slurm-wlm and munge), are started as root (one of them where control groups of version 1 can be made), and were skipped",
        ),
    ];
    let told: Vec<String> = told
        .iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, what)| {
            format!(
                "{} of the tests need {what}. They are {}",
                names.len(),
                names.join(", ")
            )
        })
        .collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_tests_are_counted_once_each() {
        let command = tests(Path::new("names"));
        let told = command
            .get_envs()
            .find(|(name, _)| *name == "GRAFT_SKIPPED");
        assert_eq!(
            told.and_then(|(_, file)| file),
            Some(std::ffi::OsStr::new("names"))
        );
        assert_eq!(told_of_skipped(""), None);
        let text = told_of_skipped("b\na\nb\n").unwrap_or_default();
        assert!(
            text.starts_with("2 of the tests") && text.ends_with("a, b"),
            "{text}"
        );
        let text = told_of_skipped("a\nsnippets_for_python\n").unwrap_or_default();
        assert!(
            text.contains("1 of the tests need Python") && text.ends_with("for_python"),
            "{text}"
        );
        let text = told_of_skipped("slurm::a_sweep_in_slurm\n").unwrap_or_default();
        assert!(text.starts_with("1 of the tests need Slurm"), "{text}");
    }
}
