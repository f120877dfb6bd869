//! `cargo xtask test`: what CI runs.

use std::time::Instant;

use anyhow::Result;

use crate::{setup, steps};

pub fn run() -> Result<()> {
    setup::run(setup::Wanted {
        cuda: false,
        demo: true,
    })?;
    let start = Instant::now();
    let lap =
        |what: &str| steps::doing(&format!("{what} ({} s so far)", start.elapsed().as_secs()));

    lap("formatting");
    steps::run(&mut steps::cargo(&["fmt", "--all", "--check"]))?;
    lap("tests");
    steps::run(&mut steps::cargo(&["test", "--workspace"]))?;
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
