//! Whether the shoot-out ranks networks as training does: `graft shootout` over the networks whose weights are here, then the
//! lesson's fine-tuning of each, tested on pictures that the shoot-out has not seen; and Spearman's rank correlation of the
//! two accuracies.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::contestants::{fresh, graft};
use super::precision::{graft_run, result, set_all};
use crate::steps;

/// For `--work`.
pub const NAME: &str = "ranking";

/// What both have in common, so that the shoot-out withholds the pictures that trainings are tested on.
const SPLIT: [&str; 3] = [
    "data.split.test=0.3",
    "data.split.validation=0.1",
    "seed=42",
];

/// The lesson's fine-tuning, whose head has time to settle before the last 20 layers learn: with less, a trained network answers
/// worse than the linear heads of the shoot-out, and is no measure of them.
const TRAINING: [&str; 2] = ["phases[0].epochs=20", "training.keep=Last"];

/// Of fewer networks, a rank correlation says nothing.
const LEAST: usize = 3;

/// Prints a table and the correlation. `pictures`: a folder for each class.
pub fn run(own: &Path, program: &Path, pictures: &Path) -> Result<()> {
    let own = own.join(NAME);
    std::fs::create_dir_all(&own)?;
    let cache = fresh(&own.join("cache"))?;
    steps::doing("judging every network whose weights are here");
    let mut command = graft(program);
    command.env("GRAFT_CACHE", &cache);
    command.arg("shootout").arg(pictures);
    command.arg("--out").arg(fresh(&own.join("out"))?);
    command.args(["--device", "cpu", "--json"]);
    set_all(&mut command, &SPLIT);
    let report = result(&mut command)?;
    let judged = judged(&report)?;
    ensure!(
        judged.len() >= LEAST,
        "the weights of {} are here, and a rank correlation takes {LEAST} or more: fetch some with graft weights fetch",
        judged.len()
    );
    println!("| network | weights | accuracy in the shoot-out | accuracy once trained |");
    println!("| --- | --- | --- | --- |");
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for network in &judged {
        steps::doing(&format!("training {}", network.backbone));
        let out = fresh(&own.join("runs"))?;
        let mut command = graft_run(program, &cache, &out, pictures);
        command.arg("lesson-fine-tuning");
        let backbone = [
            format!("backbone.name={:?}", network.backbone),
            format!("backbone.weights={}", network.weights),
        ];
        set_all(&mut command, &SPLIT);
        set_all(&mut command, &TRAINING);
        set_all(&mut command, &backbone);
        let trained = result(&mut command)?;
        let accuracy = trained["test"]["accuracy"]
            .as_f64()
            .context("a training was not tested")?;
        println!(
            "| {} | {} | {:.1} % | {:.1} % |",
            network.backbone,
            network.weights,
            network.accuracy * 100.0,
            accuracy * 100.0
        );
        before.push(network.accuracy);
        after.push(accuracy);
    }
    let rho = spearman(&before, &after);
    println!("\nSpearman's rho over {} networks: {rho:.2}", before.len());
    Ok(())
}

/// A network that the shoot-out has judged.
struct Judged {
    backbone: String,
    /// As a preset has them.
    weights: String,
    accuracy: f64,
}

fn judged(report: &Value) -> Result<Vec<Judged>> {
    let entries = report["entries"].as_array().context("no report")?;
    let done = entries.iter().filter_map(|entry| {
        let accuracy = entry["outcome"]["accuracy"]["value"].as_f64()?;
        Some((entry, accuracy))
    });
    done.map(|(entry, accuracy)| {
        let source = &entry["source"];
        let weights = match (source.as_str(), source["Named"].as_str()) {
            (Some(plain), _) => plain.to_owned(),
            (None, Some(name)) => format!("Named({name:?})"),
            _ => anyhow::bail!("these weights have no name: {source}"),
        };
        let backbone = entry["backbone"]
            .as_str()
            .context("an entry without name")?;
        Ok(Judged {
            backbone: backbone.to_owned(),
            weights,
            accuracy,
        })
    })
    .collect()
}

/// The correlation of ranks; equal values share the mean of theirs. Not a number where one side is equal throughout.
fn spearman(one: &[f64], other: &[f64]) -> f64 {
    let (one, other) = (ranks(one), ranks(other));
    // Of any ranks.
    let mean = (one.len() as f64 - 1.0) / 2.0;
    let product = |left: &[f64], right: &[f64]| -> f64 {
        let pairs = left.iter().zip(right);
        pairs
            .map(|(left, right)| (left - mean) * (right - mean))
            .sum()
    };
    product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt()
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `scipy.stats.spearmanr`.
    #[test]
    fn ranks_are_correlated_and_ties_share_theirs() {
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        assert!(close(spearman(&[0.1, 0.5, 0.9], &[3.0, 4.0, 50.0]), 1.0));
        assert!(close(spearman(&[0.1, 0.5, 0.9], &[3.0, 2.0, 1.0]), -1.0));
        let found = spearman(&[0.8, 0.9, 0.7, 0.95], &[0.85, 0.9, 0.6, 0.88]);
        assert!(close(found, 0.8), "{found}");
        let tied = spearman(&[0.8, 0.9, 0.9, 0.7], &[0.6, 0.9, 0.8, 0.6]);
        assert!(close(tied, 8.0 / 9.0), "{tied}");
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    }

    #[test]
    fn what_was_judged_is_named_as_a_preset_has_it() {
        let entry = |source: Value, accuracy: Value| {
            serde_json::json!({"backbone": "resnet50", "source": source,
                "outcome": {"accuracy": {"value": accuracy}}})
        };
        let report = serde_json::json!({"entries": [
            entry("Pretrained".into(), 0.9.into()),
            entry(serde_json::json!({"Named": "IMAGENET1K_V1"}), 0.8.into()),
            entry("Pretrained".into(), Value::Null),
        ]});
        let judged = judged(&report).unwrap();
        let weights: Vec<&str> = judged.iter().map(|one| one.weights.as_str()).collect();
        assert_eq!(weights, ["Pretrained", "Named(\"IMAGENET1K_V1\")"]);
    }
}
