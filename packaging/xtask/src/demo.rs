//! `cargo xtask demo`: the main job on real pictures.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{paths, setup, steps};

const PRESETS: [&str; 2] = [
    "presets/solar-feature-extraction.ron",
    "presets/solar-fine-tuning.ron",
];

pub fn run() -> Result<()> {
    setup::run(setup::Wanted {
        cuda: false,
        demo: true,
    })?;
    let graft = steps::graft()?;
    let has_display = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if has_display {
        steps::doing("opening the window");
        let mut command = in_checkout(&graft);
        for preset in PRESETS {
            command.args(["--open", preset]);
        }
        return steps::run(&mut command);
    }
    steps::doing("no display here: training both experiments headless");
    headless(&graft)
}

fn in_checkout(graft: &Path) -> Command {
    let mut command = Command::new(graft);
    command.current_dir(paths::checkout());
    command.env("LIBTORCH", paths::libtorch_link());
    command
}

/// Trains both presets and writes their comparison.
fn headless(graft: &Path) -> Result<()> {
    let mut runs = Vec::new();
    for preset in PRESETS {
        let mut command = in_checkout(graft);
        command.args(["run", preset, "--json"]);
        // Progress goes to standard error, the result is the last line of standard output.
        let output = command
            .stderr(std::process::Stdio::inherit())
            .output()
            .with_context(|| format!("could not run {preset}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(
            output.status.success(),
            "{preset} failed ({})",
            output.status
        );
        let last = text.lines().last().context("no result was printed")?;
        let result: serde_json::Value =
            serde_json::from_str(last).with_context(|| format!("not a result: {last}"))?;
        let run = result["run"]
            .as_str()
            .context("the result names no run")?
            .to_owned();
        println!(
            "{preset}: test accuracy {:.1} %, macro-F1 {:.3}, {:.0} s",
            result["test"]["accuracy"].as_f64().unwrap_or(f64::NAN) * 100.0,
            result["test"]["macro_f1"].as_f64().unwrap_or(f64::NAN),
            result["seconds_total"].as_f64().unwrap_or(f64::NAN),
        );
        runs.push(run);
    }
    let out = paths::home()?.join("demo");
    let mut compare = in_checkout(graft);
    compare.arg("compare").args(&runs).arg("--out").arg(&out);
    steps::run(&mut compare)
}
