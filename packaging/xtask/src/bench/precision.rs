//! Whether heads on features in bf16 are as good as heads on features in single precision: test accuracy of both under
//! the same seeds, each of which decides split and head, for three kinds of networks on three sets of pictures.
//!
//! EfficientNet-Lite0 has its published weights. Those of vision transformers and ConvNeXt can't be fetched everywhere:
//! they are trained here, from random ones, on pictures that nothing is measured on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::contestants::{self, finished, fresh};
use super::packages::{CLIP_ART, ICONS, STAMPS};
use crate::{paths, steps};

/// For `--work`.
pub const NAME: &str = "precision";

/// Unless another number is asked for.
pub const SEEDS: u32 = 20;

/// Photographs of solar cells.
const CELLS: usize = 1000;

/// What both precisions have in common. Half of the pictures are for the test, so that few seeds tell much; the last
/// weights are kept, so that no epoch is chosen.
const SETTINGS: [&str; 5] = [
    "data.split.test=0.5",
    "data.split.validation=0.05",
    "data.fit=Pad",
    "training.keep=Last",
    "phases[0].epochs=20",
];

/// Pictures pass at this size where the weights are trained here.
const SIDE: u32 = 64;

/// Trains from random weights.
const FROM_RANDOM: &str = r#"(
    version: 1,
    name: "Weights for the measurement of bf16",
    seed: 1,
    data: (split: (validation: 0.1, test: 0.0), fit: Pad),
    backbone: (name: "vit_tiny_patch16_224", weights: Random),
    head: (layers: [Dropout(0.2)]),
    augmentation: (horizontal_flip: true, zoom: 0.1, rotation: 10, contrast: 0.2),
    training: (batch_size: 64, keep: Last),
    phases: [(
        epochs: 12, freeze: Nothing, optimizer: AdamW(weight_decay: 0.05), learning_rate: 5e-4, schedule: OneCycle(),
    )],
)
"#;

/// A network and the epochs that its weights are trained for here; none where they are published.
const NETWORKS: [(&str, &str, Option<u32>); 3] = [
    ("EfficientNet-Lite0", "efficientnet_lite0", None),
    ("ViT-Tiny/16", "vit_tiny_patch16_224", Some(12)),
    ("ConvNeXt-Tiny", "convnext_tiny", Some(4)),
];

/// As the preset has it.
const SEED: &str = "seed: 42,";

const PRECISIONS: [&str; 2] = ["Fp32", "Bf16"];

/// Prints the table. Everything is kept below `folder`.
pub fn run(
    folder: &Path,
    graft: &Path,
    cells: &dyn Fn(usize) -> Result<PathBuf>,
    seeds: u32,
) -> Result<()> {
    let folder = folder.join(NAME);
    std::fs::create_dir_all(&folder)?;
    let sets = [
        ("solar cells", cells(CELLS)?),
        (STAMPS.name, STAMPS.pictures(&folder)?),
        (ICONS.name, ICONS.pictures(&folder)?),
    ];
    let presets = presets(&folder, seeds)?;
    println!(
        "| network | pictures | accuracy in fp32 | in bf16 | difference in points (95 % interval) | answers that change | first run in fp32 | in bf16 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (title, name, epochs) in NETWORKS {
        let mut settings = vec![format!("backbone.name={name:?}")];
        if let Some(epochs) = epochs {
            let weights = trained(&folder, graft, name, epochs)?;
            settings.push(format!("backbone.weights=File({weights:?})"));
            settings.push(format!("backbone.input_size=Some({SIDE})"));
        }
        for (set, pictures) in &sets {
            let mut runs = [Vec::new(), Vec::new()];
            for (precision, runs) in PRECISIONS.iter().zip(&mut runs) {
                steps::doing(&format!("{title}, {set}, {precision}"));
                // Features are computed once, by the first seed, and read by all others.
                let cache = fresh(&folder.join("cache"))?;
                let out = fresh(&folder.join("runs"))?;
                let mut command = graft_run(graft, &cache, &out, pictures);
                command.args(&presets);
                set_all(&mut command, &SETTINGS);
                set_all(&mut command, &settings);
                set_all(&mut command, &[format!("training.precision={precision}")]);
                let result = result(&mut command)?;
                let all = result["runs"].as_array().context("no runs were made")?;
                *runs = all.iter().map(Run::of).collect::<Result<_>>()?;
            }
            println!("| {title} | {set} | {} |", row(&runs)?);
        }
    }
    Ok(())
}

/// The lesson's feature extraction under every seed.
fn presets(folder: &Path, seeds: u32) -> Result<Vec<PathBuf>> {
    let preset = paths::checkout().join("presets/lesson-feature-extraction.ron");
    let text = std::fs::read_to_string(preset)?;
    ensure!(text.contains(SEED), "the preset has another seed");
    let folder = fresh(&folder.join("presets"))?;
    let one = |seed: u32| {
        let file = folder.join(format!("seed-{seed}.ron"));
        std::fs::write(&file, text.replace(SEED, &format!("seed: {seed},")))?;
        Ok(file)
    };
    (1..=seeds).map(one).collect()
}

/// Accuracies, their difference, answers that change and the seconds of the first runs.
fn row([exact, rounded]: &[Vec<Run>; 2]) -> Result<String> {
    let accuracies = |runs: &[Run]| -> Vec<f64> { runs.iter().map(Run::accuracy).collect() };
    let (exact_accuracies, rounded_accuracies) = (accuracies(exact), accuracies(rounded));
    let pairs = exact_accuracies.iter().zip(&rounded_accuracies);
    let differences: Vec<f64> = pairs
        .map(|(exact, rounded)| (rounded - exact) * 100.0)
        .collect();
    let mut changed = 0.0;
    for (exact, rounded) in exact.iter().zip(rounded) {
        changed += exact.changed(rounded)? / exact_accuracies.len() as f64;
    }
    let (difference, half) = (mean(&differences), half_interval(&differences));
    let first = |runs: &[Run]| runs.first().map_or(f64::NAN, |run| run.seconds);
    Ok(format!(
        "{:.2} % | {:.2} % | {difference:+.2} ({:+.2} to {:+.2}) | {:.1} % | {:.1} s | {:.1} s",
        mean(&exact_accuracies) * 100.0,
        mean(&rounded_accuracies) * 100.0,
        difference - half,
        difference + half,
        changed * 100.0,
        first(exact),
        first(rounded),
    ))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// How far the 95 % interval of the mean reaches to either side, by Student's t.
fn half_interval(values: &[f64]) -> f64 {
    let freedom = values.len() as f64 - 1.0;
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    // The quantile at 97.5 %, expanded around the normal distribution's: off by less than 0.001 from 10 values on.
    let t = 1.959_964 + 2.372 / freedom + 2.822 / freedom.powi(2) + 2.56 / freedom.powi(3);
    t * (squares / freedom).sqrt() / (freedom + 1.0).sqrt()
}

/// What a training said.
struct Run {
    seconds: f64,
    /// True and predicted class of every test picture, by its name.
    answers: BTreeMap<String, (String, String)>,
}

impl Run {
    /// What the program said of one.
    fn of(result: &serde_json::Value) -> Result<Self> {
        let table = std::fs::read_to_string(folder(result)?.join("predictions.csv"))?;
        Ok(Self {
            seconds: result["seconds_total"].as_f64().unwrap_or(f64::NAN),
            answers: answers(&table)?,
        })
    }

    fn accuracy(&self) -> f64 {
        let right = self
            .answers
            .values()
            .filter(|(truth, predicted)| truth == predicted);
        right.count() as f64 / self.answers.len() as f64
    }

    /// The share of pictures that `other` takes for something else.
    fn changed(&self, other: &Self) -> Result<f64> {
        ensure!(
            self.answers.keys().eq(other.answers.keys()),
            "two runs of one seed were tested on different pictures"
        );
        let pairs = self.answers.values().zip(other.answers.values());
        let changed = pairs.filter(|(one, other)| one.1 != other.1).count();
        Ok(changed as f64 / self.answers.len() as f64)
    }
}

/// Of a `predictions.csv`, whose first three columns are a name and two classes, none of which needs quotes here.
fn answers(table: &str) -> Result<BTreeMap<String, (String, String)>> {
    let mut answers = BTreeMap::new();
    for line in table.lines().skip(1) {
        let mut cells = line.split(',').map(str::to_owned);
        let mut next = || cells.next().with_context(|| format!("no answer: {line}"));
        answers.insert(next()?, (next()?, next()?));
    }
    ensure!(!answers.is_empty(), "a run has no test pictures");
    Ok(answers)
}

/// The weights of a network that was trained here, once.
fn trained(home: &Path, graft: &Path, name: &str, epochs: u32) -> Result<PathBuf> {
    let file = home.join(format!("{name}.safetensors"));
    if file.exists() {
        return Ok(file);
    }
    let pictures = CLIP_ART.pictures(home)?;
    steps::doing(&format!(
        "training {name} from random weights, {epochs} epochs"
    ));
    let preset = home.join("from-random.ron");
    std::fs::write(&preset, FROM_RANDOM)?;
    let cache = fresh(&home.join("cache"))?;
    let out = fresh(&home.join("runs"))?;
    let mut command = graft_run(graft, &cache, &out, &pictures);
    command.arg(&preset);
    let own = [
        format!("backbone.name={name:?}"),
        format!("backbone.input_size=Some({SIDE})"),
        format!("phases[0].epochs={epochs}"),
    ];
    set_all(&mut command, &own);
    let run = folder(&result(&mut command)?)?;
    std::fs::rename(run.join("weights.safetensors"), &file)?;
    Ok(file)
}

pub(super) fn graft_run(graft: &Path, cache: &Path, out: &Path, pictures: &Path) -> Command {
    let mut command = contestants::graft(graft);
    command.env("GRAFT_CACHE", cache);
    command.args(["run", "--json", "--device", "cpu"]);
    command.arg("--data").arg(pictures);
    command.arg("--out").arg(out);
    command
}

pub(super) fn set_all(command: &mut Command, settings: &[impl AsRef<str>]) {
    for setting in settings {
        command.args(["--set", setting.as_ref()]);
    }
}

/// Trains; what the program said in its last line.
pub(super) fn result(command: &mut Command) -> Result<serde_json::Value> {
    let output = finished(command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(serde_json::from_str(
        text.lines().last().unwrap_or_default(),
    )?)
}

/// Of a run.
fn folder(result: &serde_json::Value) -> Result<PathBuf> {
    let run = result["run"].as_str().context("the result names no run")?;
    Ok(PathBuf::from(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(predicted: [&str; 4]) -> Run {
        let lines: Vec<String> = predicted
            .iter()
            .enumerate()
            .map(|(number, class)| format!("{number}.png,cat,{class},0.5,0.5"))
            .collect();
        let table = format!(
            "file,true_class,predicted_class,probability_cat,probability_dog\n{}\n",
            lines.join("\n")
        );
        Run {
            seconds: 1.5,
            answers: answers(&table).unwrap(),
        }
    }

    #[test]
    fn pairs_of_runs_become_a_row() {
        let exact = vec![run(["cat"; 4]), run(["cat", "cat", "dog", "dog"])];
        let rounded = vec![
            run(["cat", "cat", "cat", "dog"]),
            run(["dog", "cat", "cat", "dog"]),
        ];
        // 1 and 2 answers of 4 change; the second run stays as accurate.
        let row = row(&[exact, rounded]).unwrap();
        assert!(row.starts_with("75.00 % | 62.50 % | -12.50 ("), "{row}");
        assert!(row.ends_with("| 37.5 % | 1.5 s | 1.5 s"), "{row}");
        assert!(answers("file,true_class,predicted_class\n").is_err());
    }

    #[test]
    fn the_interval_is_student_s() {
        // 20 values of mean 0 and deviation 1: 2.0930 / sqrt(20).
        let values: Vec<f64> = (0..20)
            .map(|index| if index % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let deviation = (20.0f64 / 19.0).sqrt();
        let expected = 2.0930 * deviation / 20.0f64.sqrt();
        assert!((half_interval(&values) - expected).abs() < 1e-3);
    }
}
