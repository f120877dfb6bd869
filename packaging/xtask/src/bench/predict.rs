//! How many pictures a second a finished run answers: `graft predict` on a folder, beside Graft's own frozen pass on the
//! same pictures (`graft embed`, the same network without a head) and a Python script with a DataLoader
//! (`tests/peers/predict.py`). All compute in single precision.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::contestants::{finished, fresh, graft};
use super::median_of;
use super::precision::{graft_run, set_all};
use crate::{paths, steps};

/// For `--work`.
pub const NAME: &str = "predict";

/// Files that are answered: links to the photographs, in as many folders as it takes.
const PICTURES: usize = 4000;
const NETWORK: &str = "efficientnet_lite0";
const DEVICE: &str = "cpu";

/// Prints a table. `cells`: class folders of photographs, for the run and to be answered.
pub fn run(
    folder: &Path,
    python: &Path,
    program: &Path,
    cells: &Path,
    rounds: usize,
) -> Result<()> {
    let folder = folder.join(NAME);
    std::fs::create_dir_all(&folder)?;
    let run = trained(&folder, program, cells)?;
    let pictures = multiplied(&folder, cells)?;
    let answers = folder.join("answers.csv");
    let mut seconds: [Vec<f64>; 3] = Default::default();
    for round in 0..rounds {
        steps::doing(&format!(
            "round {} of {rounds}: {PICTURES} pictures",
            round + 1
        ));
        let mut embed = graft(program);
        embed.args(["embed", "--backbone", NETWORK, "--device", DEVICE, "--out"]);
        embed
            .arg(folder.join("features.safetensors"))
            .arg(&pictures);
        let mut predict = graft(program);
        predict.arg("predict").arg(&run).arg(&pictures);
        predict.args(["--device", DEVICE, "--out"]).arg(&answers);
        let mut peer = Command::new(python);
        peer.arg(paths::checkout().join("tests/peers/predict.py"));
        peer.arg("--pictures").arg(&pictures);
        peer.args(["--network", NETWORK, "--weights"]);
        peer.arg(paths::home()?.join(format!("weights/{NETWORK}.pth")));
        peer.arg("--out").arg(folder.join("peer.csv"));
        for (command, seconds) in [&mut embed, &mut predict, &mut peer]
            .into_iter()
            .zip(&mut seconds)
        {
            seconds.push(took(command)?);
        }
        for table in [&answers, &folder.join("peer.csv")] {
            let lines = std::fs::read_to_string(table)?.lines().count();
            ensure!(
                lines == PICTURES + 1,
                "{} has {lines} lines",
                table.display()
            );
        }
    }
    println!(
        "| {PICTURES} pictures, {NETWORK} | seconds | pictures a second | speed against the frozen pass |"
    );
    println!("| --- | --- | --- | --- |");
    let medians = seconds.map(median_of);
    let titles = [
        "the frozen pass (graft embed)",
        "graft predict --out",
        "Python, DataLoader",
    ];
    for (title, seconds) in titles.iter().zip(medians) {
        println!(
            "| {title} | {seconds:.1} | {:.0} | {:.2}x |",
            PICTURES as f64 / seconds,
            medians[0] / seconds
        );
    }
    Ok(())
}

/// A run on the pictures, made once.
fn trained(folder: &Path, program: &Path, cells: &Path) -> Result<PathBuf> {
    let runs = folder.join("runs");
    let made = || -> Option<PathBuf> {
        let entries = std::fs::read_dir(&runs).ok()?.flatten();
        let mut folders = entries.map(|entry| entry.path());
        folders.find(|path| path.join("weights.safetensors").exists())
    };
    if let Some(run) = made() {
        return Ok(run);
    }
    steps::doing("training the run that answers");
    let cache = fresh(&folder.join("cache"))?;
    let mut command = graft_run(program, &cache, &fresh(&runs)?, cells);
    command.arg("lesson-feature-extraction.ron");
    let settings = [
        "phases[0].epochs=1",
        "training.precision=Fp32",
        "data.fit=CenterCrop",
    ];
    set_all(&mut command, &settings);
    steps::run(&mut command)?;
    made().context("no run was made")
}

/// Links to the photographs, so many in all.
fn multiplied(folder: &Path, cells: &Path) -> Result<PathBuf> {
    let target = folder.join(format!("pictures-{PICTURES}"));
    if target.exists() {
        return Ok(target);
    }
    let mut files = Vec::new();
    for class in std::fs::read_dir(cells)? {
        for file in std::fs::read_dir(class?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "no pictures in {}", cells.display());
    let unfinished = fresh(&folder.join("unfinished"))?;
    for (index, file) in files.iter().cycle().take(PICTURES).enumerate() {
        let part = unfinished.join(format!("{:02}", index / files.len()));
        std::fs::create_dir_all(&part)?;
        let name = file.file_name().context("a picture without a name")?;
        std::fs::hard_link(file, part.join(name))?;
    }
    std::fs::rename(&unfinished, &target)?;
    Ok(target)
}

/// Seconds from the start of a process to its end.
fn took(command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    finished(command)?;
    Ok(began.elapsed().as_secs_f64())
}
