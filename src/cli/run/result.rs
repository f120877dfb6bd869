//! What `graft run` says of what it has trained.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::folds;
use crate::evaluation::{ClassificationReport, ConfusionMatrix, IntervalMethod, Spread};
use crate::experiment::Experiment;
use crate::format::table::{Align, table};
use crate::runs::cross_validation::{self, CrossValidation};
use crate::runs::{MemoryUse, seeds, store};
use crate::training::Outcome;
use crate::training::events::TestMetrics;
use crate::{format, shown};

/// One experiment that was trained.
pub(super) struct Trained {
    pub experiment: Experiment,
    pub folder: PathBuf,
    /// Names the test pictures.
    pub test_split: String,
    pub memory: MemoryUse,
    pub outcome: Outcome,
    /// Of a cross-validation.
    pub cross_validation: Option<CrossValidation>,
    /// It was trained by an earlier command.
    pub is_earlier: bool,
}

impl Trained {
    /// The result of a run that has come to its end before.
    pub fn earlier(folder: &Path) -> anyhow::Result<Self> {
        let run = store::open(folder)?;
        let summary = run.summary;
        Ok(Self {
            experiment: store::experiment(folder)?,
            folder: folder.to_path_buf(),
            memory: summary.memory_use(),
            outcome: Outcome {
                test: summary.test,
                predictions: store::predictions(folder).ok(),
                phases: summary.phases,
                seconds_total: summary.seconds_total,
                best_epoch: summary.best_epoch,
                movement: run.movement,
                novelty: None,
            },
            test_split: summary.test_split,
            cross_validation: cross_validation::read(folder),
            is_earlier: true,
        })
    }
}

pub(super) fn as_json(one: &Trained) -> serde_json::Value {
    let Trained {
        folder, outcome, ..
    } = one;
    let mut value = json!({
        "run": shown::path(folder),
        "test": outcome.test,
        "phases": outcome.phases,
        "seconds_total": outcome.seconds_total,
        "peak_memory_bytes": one.memory.peak,
        "memory_forecast_bytes": one.memory.forecast,
        "peak_card_memory_bytes": one.memory.card,
    });
    if let Some(result) = &one.cross_validation {
        value["cross_validation"] = folds::as_json(one, result);
    }
    value
}

pub(super) fn as_text(one: &Trained) -> String {
    let Trained {
        folder, outcome, ..
    } = one;
    let mut text = String::new();
    if let Some(predictions) = &outcome.predictions {
        let confusion = ConfusionMatrix::new(predictions);
        let _ = writeln!(text, "{}", ClassificationReport::new(&confusion).to_text(3));
        if let Some(result) = &one.cross_validation {
            text.push_str(&folds::as_text(one, result));
            let _ = writeln!(text, "In all {}", format::duration(outcome.seconds_total));
            let _ = writeln!(text, "Run: {}", shown::line(&folder.display().to_string()));
            return text;
        }
        let accuracy = predictions.accuracy();
        let interval = match (accuracy.interval, accuracy.method) {
            (Some(interval), method) => format!(
                "95 % interval {}{}",
                format::percent_interval(interval.low, interval.high),
                match method {
                    IntervalMethod::GroupBootstrap { groups, .. } => {
                        format!(", of {}", format::count(groups as usize, "group", "groups"))
                    }
                    _ => String::new(),
                }
            ),
            (None, method) => format!("no interval: {}", method.title()),
        };
        let _ = writeln!(
            text,
            "Test accuracy {} ({interval})",
            format::percent(accuracy.value)
        );
    }
    if let Some(test) = &outcome.test {
        let _ = writeln!(
            text,
            "Test loss {}, macro-F1 {}, {}",
            format::loss(test.loss),
            format::score(test.macro_f1),
            format::count(test.n, "picture", "pictures")
        );
    }
    for phase in &outcome.phases {
        let epochs = format::count(phase.epochs as usize, "epoch", "epochs");
        let _ = writeln!(
            text,
            "{}: {epochs} in {}",
            shown::line(&phase.name),
            format::duration(phase.seconds)
        );
    }
    let _ = writeln!(
        text,
        "In all {}; best weights from epoch {}",
        format::duration(outcome.seconds_total),
        outcome.best_epoch
    );
    if let Some(memory) = one.memory.text() {
        let _ = writeln!(text, "Memory at most {memory}");
    }
    let _ = writeln!(text, "Run: {}", shown::line(&folder.display().to_string()));
    text
}

/// Runs of the same experiment, whatever their seed, in the order of the first of each.
fn groups(trained: &[Trained]) -> Vec<Vec<&Trained>> {
    let recipes: Vec<Option<String>> = trained
        .iter()
        .map(|one| Some(seeds::recipe(&one.experiment)))
        .collect();
    seeds::groups(&recipes)
        .into_iter()
        .map(|group| group.into_iter().map(|index| &trained[index]).collect())
        .collect()
}

/// Mean and spread of one of the test's numbers over runs that have been tested, one of each seed.
fn spread(group: &[&Trained], value: impl Fn(&TestMetrics) -> f64) -> Option<Spread> {
    let values: Vec<f64> = once(group)
        .into_iter()
        .filter_map(|one| one.outcome.test.as_ref().map(&value))
        .collect();
    Spread::new(&values)
}

/// One run of each seed: repeats say nothing of the spread.
fn once<'a>(group: &[&'a Trained]) -> Vec<&'a Trained> {
    let indices: Vec<usize> = (0..group.len()).collect();
    seeds::one_per_seed(&indices, |index| (Some(group[index].experiment.seed), 0))
        .into_iter()
        .map(|index| group[index])
        .collect()
}

pub(super) fn all_as_json(trained: &[Trained]) -> serde_json::Value {
    let runs: Vec<serde_json::Value> = trained
        .iter()
        .map(|one| {
            let mut value = as_json(one);
            value["name"] = json!(one.experiment.name);
            value["seed"] = json!(one.experiment.seed);
            value["finished_earlier"] = json!(one.is_earlier);
            value
        })
        .collect();
    let experiments: Vec<serde_json::Value> = groups(trained)
        .iter()
        .map(|group| {
            json!({
                "name": seeds::base_name(&group[0].experiment.name),
                "seeds": once(group).iter().map(|one| one.experiment.seed).collect::<Vec<_>>(),
                "accuracy": spread(group, |test| test.accuracy),
                "macro_f1": spread(group, |test| test.macro_f1),
                "loss": spread(group, |test| test.loss),
            })
        })
        .collect();
    json!({
        "runs": runs,
        "experiments": experiments,
        "same_test_pictures": share_their_test(trained),
    })
}

fn share_their_test(trained: &[Trained]) -> bool {
    trained
        .iter()
        .all(|one| one.test_split == trained[0].test_split)
}

pub(super) fn all_as_text(trained: &[Trained]) -> String {
    let mut text = String::new();
    for one in trained {
        let _ = writeln!(
            text,
            "{}\n{}",
            shown::line(&one.experiment.name),
            as_text(one)
        );
    }
    let header = [
        ("experiment", Align::Left),
        ("seeds", Align::Left),
        ("accuracy", Align::Right),
        ("lowest to highest", Align::Right),
        ("macro-F1", Align::Right),
    ];
    let rows: Vec<Vec<String>> = groups(trained)
        .iter()
        .map(|group| {
            let kept = once(group);
            let mut seeds: Vec<String> = kept
                .iter()
                .map(|one| one.experiment.seed.to_string())
                .collect();
            if kept.len() < group.len() {
                seeds.push(format!("{} repeated", group.len() - kept.len()));
            }
            let accuracy = spread(group, |test| test.accuracy);
            let macro_f1 = spread(group, |test| test.macro_f1);
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
            vec![
                seeds::base_name(&group[0].experiment.name).to_owned(),
                seeds.join(", "),
                or_dash(accuracy.map(|spread| {
                    if spread.seeds > 1 {
                        format::percent_spread(spread.mean.value, spread.standard_deviation)
                    } else {
                        format::percent(spread.mean.value)
                    }
                })),
                or_dash(
                    accuracy.map(|spread| format::percent_interval(spread.lowest, spread.highest)),
                ),
                or_dash(macro_f1.map(|spread| format::score(spread.mean.value))),
            ]
        })
        .collect();
    text.push_str(&table(&header, &rows));
    text.push_str("\nSeveral seeds: mean ± standard deviation, all on one split.\n");
    if share_their_test(trained) {
        let folders: Vec<String> = trained
            .iter()
            .map(|one| one.folder.display().to_string())
            .collect();
        let _ = writeln!(
            text,
            "Side by side: graft compare {} --out FOLDER",
            folders.join(" ")
        );
    } else {
        text.push_str(
            "The presets were tested on different pictures and can't be compared: give them the same data, test share \
             and split seed.\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::PhaseSummary;

    #[test]
    fn several_seeds_are_summed_up_by_experiment() {
        let of = |name: &str, seed, accuracy| {
            let mut experiment = Experiment {
                name: name.into(),
                seed,
                ..Experiment::default()
            };
            experiment.data.split.seed = Some(7);
            experiment.training.batch_size = if name.starts_with("One") { 16 } else { 32 };
            Trained {
                experiment,
                folder: format!("/runs/{name}").into(),
                test_split: "a".into(),
                memory: MemoryUse::default(),
                outcome: Outcome {
                    test: Some(TestMetrics {
                        loss: 0.5,
                        accuracy,
                        macro_f1: 0.7,
                        n: 4,
                    }),
                    predictions: None,
                    phases: Vec::new(),
                    seconds_total: 3.0,
                    best_epoch: 2,
                    movement: Vec::new(),
                    novelty: None,
                },
                cross_validation: None,
                is_earlier: false,
            }
        };
        let mut trained = vec![
            of("One, seed 7", 7, 0.5),
            of("Two, seed 7", 7, 0.75),
            of("One, seed 8", 8, 1.0),
            of("Two, seed 8", 8, 0.75),
        ];
        let json = all_as_json(&trained);
        assert_eq!(json["experiments"][0]["name"], "One");
        assert_eq!(json["experiments"][0]["seeds"], json!([7, 8]));
        assert_eq!(json["experiments"][0]["accuracy"]["mean"]["value"], 0.75);
        assert_eq!(
            json["experiments"][1]["accuracy"]["standard_deviation"],
            0.0
        );
        assert_eq!(json["runs"][2]["seed"], 8);
        // The same preset twice is a repeat, and no spread.
        let repeated = [of("One", 7, 0.5), of("One", 7, 0.5)];
        let json = all_as_json(&repeated);
        assert_eq!(json["experiments"][0]["seeds"], json!([7]));
        assert_eq!(json["experiments"][0]["accuracy"]["seeds"], 1);
        let text = all_as_text(&repeated);
        assert!(
            text.contains("7, 1 repeated")
                && !text.contains("±  0.0")
                && !text.contains("50.0 ± 0.0"),
            "{text}"
        );
        let text = all_as_text(&trained);
        assert!(text.contains("75.0 ± 35.4 %"), "{text}");
        assert!(text.contains("graft compare /runs/One, seed 7 "), "{text}");
        trained[1].test_split = "b".into();
        assert_eq!(all_as_json(&trained)["same_test_pictures"], false);
        assert!(all_as_text(&trained).contains("can't be compared"));
    }

    #[test]
    fn the_result_has_the_agreed_shape() {
        let outcome = Outcome {
            test: Some(TestMetrics {
                loss: 0.5,
                accuracy: 0.75,
                macro_f1: 0.7,
                n: 4,
            }),
            predictions: None,
            phases: vec![PhaseSummary {
                name: "Warm-up".into(),
                epochs: 2,
                seconds: 1.5,
            }],
            seconds_total: 3.0,
            best_epoch: 2,
            movement: Vec::new(),
            novelty: None,
        };
        let one = Trained {
            experiment: Experiment::default(),
            folder: "/runs/one".into(),
            test_split: String::new(),
            memory: MemoryUse {
                peak: Some(600_000_000),
                forecast: Some(700_000_000),
                card: Some(2_000_000_000),
            },
            outcome,
            cross_validation: None,
            is_earlier: false,
        };
        assert!(
            as_text(&one)
                .contains("Memory at most 600 MB (forecast 700 MB), 2.00 GB on the graphics card")
        );
        assert_eq!(
            as_json(&one),
            json!({
                "run": "/runs/one",
                "test": {"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7, "n": 4},
                "phases": [{"name": "Warm-up", "epochs": 2, "seconds": 1.5}],
                "seconds_total": 3.0,
                "peak_memory_bytes": 600_000_000,
                "memory_forecast_bytes": 700_000_000,
                "peak_card_memory_bytes": 2_000_000_000_u64,
            })
        );
    }
}
