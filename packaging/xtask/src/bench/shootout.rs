//! How long it takes to judge several networks: `graft shootout` beside a script with timm and scikit-learn
//! (`tests/peers/shootout_timm.py`), on the same pictures, in as many folds, with the same grid of C. Weights are random in both.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::contestants::{fresh, graft};
use super::measure::{Epochs, Measured, measure};
use super::{folder, median};
use crate::{paths, setup, steps};

/// For `--work`.
pub const NAME: &str = "shootout";

/// Names that both libraries know.
const NETWORKS: &str =
    "mobilenet_v3_small,mobilenet_v3_large,efficientnet_lite0,resnet18,resnet50,densenet121";

/// Into so many parts the pictures are divided, first and when features are kept.
const FOLDS: &str = "5";
const OTHER_FOLDS: &str = "4";

/// What is measured, in this order, because the later ones find what the earlier ones left.
const CONTESTANTS: [&str; 5] = [
    "Graft, cold",
    "Graft, once more",
    "Graft, other folds",
    "timm and scikit-learn, cold",
    "timm and scikit-learn, features kept",
];

/// Prints a table. `cells`: class folders of photographs.
pub fn run(
    own: &Path,
    python: Option<&Path>,
    program: &Path,
    cells: &Path,
    rounds: usize,
) -> Result<()> {
    let own = own.join(NAME);
    std::fs::create_dir_all(&own)?;
    let python = environment(python)?;
    let mut all: [Vec<Measured>; CONTESTANTS.len()] = Default::default();
    for round in 0..rounds {
        let (cache, out, kept) = (
            fresh(&own.join("cache"))?,
            fresh(&own.join("out"))?,
            fresh(&own.join("kept"))?,
        );
        let seed = 42 + round as u64;
        for (contestant, measured) in CONTESTANTS.iter().zip(&mut all) {
            steps::doing(&format!("round {} of {rounds}: {contestant}", round + 1));
            let found = match *contestant {
                "Graft, cold" | "Graft, once more" => {
                    graft_shootout(program, &cache, &out, cells, seed, FOLDS)?
                }
                // Another seed would draw other random weights, and so other features.
                "Graft, other folds" => {
                    graft_shootout(program, &cache, &out, cells, seed, OTHER_FOLDS)?
                }
                "timm and scikit-learn, cold" => peer(&python, &kept, cells, seed, FOLDS)?,
                _ => peer(&python, &kept, cells, seed, OTHER_FOLDS)?,
            };
            eprintln!("    {found}");
            measured.push(found);
        }
    }
    println!("| networks | by | seconds | peak memory | best accuracy | time against Graft |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let count = NETWORKS.split(',').count();
    for (index, (title, rounds)) in CONTESTANTS.iter().zip(&all).enumerate() {
        let seconds = |rounds: &[Measured]| median(rounds, |measured| measured.seconds);
        // Cold against cold, kept features against kept features.
        let against = match index {
            3 => &all[0],
            4 => &all[2],
            other => &all[other],
        };
        println!(
            "| {count} on 1,000 pictures | {title} | {:.1} | {:.0} MB | {:.1} % | {:.1}x |",
            seconds(rounds),
            median(rounds, |measured| measured.peak_bytes as f64) / 1e6,
            median(rounds, |measured| measured.accuracy) * 100.0,
            seconds(rounds) / seconds(against),
        );
    }
    Ok(())
}

fn graft_shootout(
    program: &Path,
    cache: &Path,
    out: &Path,
    cells: &Path,
    seed: u64,
    folds: &str,
) -> Result<Measured> {
    let mut command = graft(program);
    command.env("GRAFT_CACHE", cache);
    command.arg("shootout").arg(cells).arg("--out").arg(out);
    command.args([
        "--backbones",
        NETWORKS,
        "--random",
        "--device",
        "cpu",
        "--json",
    ]);
    // The peer looks at all pictures, too.
    command.args(["--set", "data.split.test=0.0", "--set"]);
    command.arg(format!("seed={seed}"));
    command.args(["--folds", folds]);
    measure(&mut command, &Epochs::Line("accuracy"), |result| {
        result["entries"][0]["outcome"]["accuracy"]["value"].as_f64()
    })
}

fn peer(python: &Path, kept: &Path, cells: &Path, seed: u64, folds: &str) -> Result<Measured> {
    let mut command = Command::new(python);
    command.arg(paths::checkout().join("tests/peers/shootout_timm.py"));
    command.arg("--pictures").arg(cells);
    command.args(["--networks", NETWORKS, "--folds", folds, "--seed"]);
    command.arg(seed.to_string()).arg("--cache").arg(kept);
    measure(&mut command, &Epochs::Line("network"), |result| {
        result["accuracy"].as_f64()
    })
}

/// The `chosen` Python, else one with what the script takes.
fn environment(chosen: Option<&Path>) -> Result<PathBuf> {
    if let Some(chosen) = chosen {
        return Ok(chosen.to_path_buf());
    }
    setup::python_environment(
        &folder()?.join("python-shootout"),
        "timm and scikit-learn for the peer of the shoot-out",
        "torch, torchvision, timm, sklearn, PIL",
        &[
            "torch==2.11.0",
            "torchvision==0.26.0",
            "timm==1.0.31",
            "scikit-learn==1.9.1",
            "pillow",
            "numpy",
        ],
    )
}
