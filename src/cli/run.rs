//! `graft run`: trains what a preset says.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use tch::Device;

use super::outputs::warn_among_pictures;
use super::progress::TerminalProgress;
use super::table::{Align, table};
use super::{data, interrupt, output, resume};
use crate::data::{DataError, Dataset, StopFlag, scan, split};
use crate::evaluation::{ClassificationReport, ConfusionMatrix, Spread, wilson};
use crate::experiment::{DataConfig, Experiment, GroupBy, preset};
use crate::models::device;
use crate::models::{catalogue, weights};
use crate::runs::{
    Continuation, Digests, MemoryUse, RunRecorder, RunState, Tee, recorder, seeds, store,
};
use crate::training::PauseFlag;
use crate::training::events::TestMetrics;
use crate::training::{Outcome, TrainingError, TrainingRequest, train};
use crate::{format, paths, shown};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Preset files, or names of those that come with Graft; several are trained one after the other;
    /// with --resume also a run's folder
    #[arg(value_name = "PRESET", required = true)]
    pub(super) presets: Vec<PathBuf>,
    /// Train each preset this many times: on one split, with its seed and the numbers after it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) seeds: u32,
    /// Train on these pictures instead of the presets': a folder, or a table of paths and labels
    #[arg(long, value_name = "PATH")]
    pub(super) data: Option<PathBuf>,
    /// Where to make the run's folder
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Change one field of every preset, such as phases[0].learning_rate=1e-4; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Keep together in the split what has this in common: folder:1 (the folder that holds a picture), column:NAME of a
    /// table, or pattern:REGEX in the file's name
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Option<GroupBy>,
    /// Go on with a run that was interrupted or stopped, from where it was saved: the one whose
    /// folder is given, or the newest of exactly this experiment; where there is none, begin one. Of several presets or
    /// seeds, those that are finished are passed over. With a folder, --data says where its pictures stand now
    #[arg(long)]
    pub(super) resume: bool,
    /// With --resume and the folder of a finished run: train its last phase for so many more epochs, such as +10
    #[arg(long, value_name = "+N", value_parser = resume::more_epochs, requires = "resume")]
    pub(super) epochs: Option<u32>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON document as the last line
    #[arg(long)]
    json: bool,
}

/// One experiment that is to be trained.
pub(super) struct Planned {
    pub experiment: Experiment,
    /// What its paths are relative to.
    pub base: Option<PathBuf>,
    /// The folder of an interrupted run of it, to go on with.
    pub resumed: Option<PathBuf>,
    /// How that one goes on otherwise than it began.
    pub continuation: Continuation,
    /// The folder of a run of it that has come to its end: there is nothing to do.
    pub finished: Option<PathBuf>,
}

impl Planned {
    /// One that begins.
    pub fn new(experiment: Experiment, base: Option<PathBuf>) -> Self {
        Self {
            experiment,
            base,
            resumed: None,
            continuation: Continuation::default(),
            finished: None,
        }
    }
}

/// One that was.
struct Trained {
    experiment: Experiment,
    folder: PathBuf,
    /// Names the test pictures.
    test_split: String,
    memory: MemoryUse,
    outcome: Outcome,
    /// It was trained by an earlier command.
    is_earlier: bool,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let device = self::device(arguments.device.as_deref())?;
    let stop = interrupt::stop_flag()?;
    let plan = plan(&arguments)?;
    let runs = runs_folder(arguments.out.clone());
    for planned in plan.iter().filter(|planned| planned.resumed.is_none()) {
        recorder::check_paths(&runs, &planned.experiment, planned.base.as_deref())?;
    }
    let mut trained: Vec<Trained> = Vec::with_capacity(plan.len());
    // Presets on the same pictures are scanned once.
    let mut scanned: Option<(DataConfig, Option<PathBuf>, Arc<Dataset>)> = None;
    let several = plan.len() > 1;
    for (place, planned) in plan.iter().enumerate() {
        if several {
            output::warn(&format!(
                "{} of {}: {}",
                place + 1,
                plan.len(),
                planned.experiment.name
            ));
        }
        if let Some(folder) = &planned.finished {
            output::warn(&format!("Finished already: {}", folder.display()));
            trained.push(earlier(folder)?);
            continue;
        }
        let (data, base) = (&planned.experiment.data, &planned.base);
        let dataset = match &scanned {
            Some((known, from, dataset)) if same_pictures(known, data) && from == base => {
                dataset.clone()
            }
            _ => scan_pictures(data, base.as_deref(), &stop)
                .map_err(|error| resume::say_where(error, planned))?,
        };
        if scanned.is_none() && planned.resumed.is_none() {
            warn_among_pictures(&runs, &data.source, base.as_deref());
        }
        scanned = Some((data.clone(), base.clone(), dataset.clone()));
        let one = train_one(planned, dataset, device, &runs, &stop);
        trained.push(match one {
            Err(error) if several => {
                let rest = resume::rest_of_series(&arguments, plan.len() - place);
                bail!(output::Lines(format!(
                    "{}\n{rest}",
                    output::sentence(&error)
                )));
            }
            one => one?,
        });
    }
    match &trained[..] {
        [one] if arguments.json => output::print_json(&as_json(one)),
        [one] => output::print(&as_text(one)),
        all if arguments.json => output::print_json(&all_as_json(all)),
        all => output::print(&all_as_text(all)),
    }
}

/// What is to be trained, and what of it can be gone on with.
fn plan(arguments: &Arguments) -> anyhow::Result<Vec<Planned>> {
    if arguments.resume {
        return resume::plan(arguments);
    }
    series(arguments)
}

/// Every preset under every seed: all presets with the first seed, then all with the next, so that
/// what was trained when it is stopped can be compared.
pub(super) fn series(arguments: &Arguments) -> anyhow::Result<Vec<Planned>> {
    let mut ways = Vec::new();
    for preset in &arguments.presets {
        let (experiment, base) = experiment(preset, arguments)?;
        ways.push((seeds::repeated(&experiment, arguments.seeds), base));
    }
    Ok((0..arguments.seeds as usize)
        .flat_map(|step| {
            ways.iter().map(move |(experiments, base)| {
                Planned::new(experiments[step].clone(), base.clone())
            })
        })
        .collect())
}

/// Whether a scan finds the same for both, however they split it.
fn same_pictures(a: &DataConfig, b: &DataConfig) -> bool {
    (&a.source, &a.classes, &a.exclude, &a.split.group)
        == (&b.source, &b.classes, &b.exclude, &b.split.group)
}

/// The result of a run that has come to its end before.
fn earlier(folder: &Path) -> anyhow::Result<Trained> {
    let run = store::open(folder)?;
    let summary = run.summary;
    Ok(Trained {
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
        },
        test_split: summary.test_split,
        is_earlier: true,
    })
}

fn scan_pictures(
    data: &DataConfig,
    base: Option<&Path>,
    stop: &StopFlag,
) -> anyhow::Result<Arc<Dataset>> {
    let dataset = match data::scan_with_progress(data, base, stop) {
        Err(DataError::Stopped) => bail!("stopped before the training began"),
        other => Arc::new(other?),
    };
    for problem in &dataset.problems {
        output::warn(&format!(
            "passed over, {}: {}",
            problem.reason,
            problem.path.display()
        ));
    }
    Ok(dataset)
}

fn train_one(
    planned: &Planned,
    dataset: Arc<Dataset>,
    device: Option<Device>,
    runs: &Path,
    stop: &StopFlag,
) -> anyhow::Result<Trained> {
    let Planned {
        experiment,
        base,
        resumed,
        continuation,
        ..
    } = planned;
    let mut experiment = experiment.clone();
    let split = split::split(&dataset, &experiment)?;
    let digests = match Digests::take(&dataset, &split, &experiment, base.as_deref(), stop) {
        Err(DataError::Stopped) => bail!("stopped before the training began"),
        other => other?,
    };
    let (mut recorder, resume) = match resumed {
        Some(folder) => {
            let (recorder, point) = RunRecorder::reopen_with(folder, continuation, |recorder| {
                recorder.check_split(&dataset, &split)?;
                recorder.check_digests(&digests)
            })?;
            // With the epochs that were added.
            experiment = store::experiment(folder)?;
            output::warn(&resume::line(&recorder, point.as_ref()));
            if continuation.experiment.is_some() && Digests::read(folder).is_none() {
                output::warn(
                    "warning: this run did not keep what its pictures held; that these are the same is taken from their names",
                );
            }
            (recorder, point)
        }
        None => {
            let base = base.as_deref();
            if let Some((_, folder)) = store::repeats(runs, &experiment, base).first() {
                output::warn(&format!(
                    "warning: these settings were trained with the seed {} before, and give the same numbers again: {}. \
                     Other seeds show how much is luck: --seeds N, or --set seed=…",
                    experiment.seed,
                    folder.display()
                ));
            }
            let mut recorder = RunRecorder::create(runs, &experiment, base, &dataset, &split)?;
            recorder.keep_digests(&digests, &dataset, &split)?;
            (recorder, None)
        }
    };
    let folder = recorder.folder().to_path_buf();
    let mut progress = TerminalProgress::new(experiment.epochs());
    let request = TrainingRequest {
        experiment: experiment.clone(),
        dataset,
        split,
        base: base.clone(),
        device,
        stop: stop.clone(),
        pause: PauseFlag::default(),
        resume,
    };
    let outcome = train(request, &mut Tee(vec![&mut recorder, &mut progress]));
    drop(progress);
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(TrainingError::Stopped) => {
            let epochs = recorder.metrics().len();
            let summary = recorder.stop()?;
            bail!(output::Lines(resume::after_stop(&folder, &summary, epochs)));
        }
        Err(error) => {
            let error = anyhow::Error::new(error);
            let summary = recorder.fail(&output::sentence(&error))?;
            let failed = match summary.state {
                RunState::Finished => "no further epoch was trained, and the run is as it was",
                _ => "the training failed",
            };
            return Err(error.context(format!("{failed} ({})", folder.display())));
        }
    };
    let summary = recorder.finish(&outcome)?;
    Ok(Trained {
        // With paths that hold from anywhere, so that a run that went on and a new one are told to be of one experiment.
        experiment: store::experiment(&folder)?,
        folder,
        memory: summary.memory_use(),
        test_split: summary.test_split,
        outcome,
        is_earlier: false,
    })
}

/// Where run folders are made. Absolute, so that a script finds the run whatever folder it works in
/// later.
pub(super) fn runs_folder(out: Option<PathBuf>) -> PathBuf {
    let runs = out.unwrap_or_else(paths::runs);
    std::path::absolute(&runs).unwrap_or(runs)
}

/// The preset with everything that the command line changes, and the folder it is relative to.
pub(super) fn experiment(
    preset: &Path,
    arguments: &Arguments,
) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    if preset.is_dir() {
        bail!(
            "a folder is no preset; to go on with the run in it, add --resume: {}",
            preset.display()
        );
    }
    let (mut experiment, base) = load(preset)?;
    if let Some(path) = &arguments.data {
        // Absolute, because the preset's own paths are relative to its folder.
        let path =
            std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))?;
        experiment.data.source = scan::recognise(&path)?;
    }
    if let Some(group) = &arguments.group {
        experiment.data.split.group = Some(group.clone());
    }
    for assignment in &arguments.set {
        preset::set_field(&mut experiment, assignment)
            .map_err(|reason| anyhow::anyhow!("--set {assignment}: {reason}"))?;
    }
    let problems = experiment.check();
    if !problems.is_empty() {
        let problems: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.field, problem.message))
            .collect();
        bail!("the experiment can't run: {}", problems.join("; "));
    }
    // The experiment itself does not know the catalogue.
    if let Some(info) = catalogue::find(&experiment.backbone.name) {
        weights::preprocessing(info, &experiment.backbone)?;
        weights::settle(&mut experiment.backbone, base.as_deref());
    }
    Ok((experiment, base))
}

/// A preset from a file, or, where there is none of that name, one that comes with Graft.
fn load(path: &Path) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    let shipped = preset::shipped()
        .iter()
        .find(|(name, _)| Path::new(name) == path || Path::new(name).with_extension("") == path)
        .filter(|_| !path.exists());
    if let Some((name, text)) = shipped {
        return Ok((preset::parse(text, Path::new(name))?, None));
    }
    let experiment = preset::load(path)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    Ok((experiment, parent.map(Path::to_path_buf)))
}

/// The device that a person named: `cpu`, `cuda` or `cuda:1`. Opens CUDA, so that it is there.
pub fn device(name: Option<&str>) -> anyhow::Result<Option<Device>> {
    let devices = device::discover();
    let device = name.map(|name| device::resolve(name, devices));
    Ok(device.transpose()?)
}

fn as_json(one: &Trained) -> serde_json::Value {
    let Trained {
        folder, outcome, ..
    } = one;
    json!({
        "run": shown::path(folder),
        "test": outcome.test,
        "phases": outcome.phases,
        "seconds_total": outcome.seconds_total,
        "peak_memory_bytes": one.memory.peak,
        "memory_forecast_bytes": one.memory.forecast,
        "peak_card_memory_bytes": one.memory.card,
    })
}

fn as_text(one: &Trained) -> String {
    let Trained {
        folder, outcome, ..
    } = one;
    let mut text = String::new();
    if let Some(predictions) = &outcome.predictions {
        let confusion = ConfusionMatrix::new(predictions);
        let _ = writeln!(text, "{}", ClassificationReport::new(&confusion).to_text(3));
        let interval = wilson(confusion.correct(), confusion.total());
        let _ = writeln!(
            text,
            "Test accuracy {} (95 % interval {:.1} to {:.1} %)",
            format::percent(confusion.accuracy()),
            interval.low * 100.0,
            interval.high * 100.0
        );
    }
    if let Some(test) = &outcome.test {
        let _ = writeln!(
            text,
            "Test loss {}, macro-F1 {:.3}, {}",
            format::loss(test.loss),
            test.macro_f1,
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
        .map(|group| group.into_iter().map(|place| &trained[place]).collect())
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
    let places: Vec<usize> = (0..group.len()).collect();
    seeds::one_per_seed(&places, |place| (Some(group[place].experiment.seed), 0))
        .into_iter()
        .map(|place| group[place])
        .collect()
}

fn all_as_json(trained: &[Trained]) -> serde_json::Value {
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

fn all_as_text(trained: &[Trained]) -> String {
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
                        format!(
                            "{:.1} ± {:.1} %",
                            spread.mean.value * 100.0,
                            spread.standard_deviation * 100.0
                        )
                    } else {
                        format::percent(spread.mean.value)
                    }
                })),
                or_dash(accuracy.map(|spread| {
                    format!(
                        "{:.1} to {:.1} %",
                        spread.lowest * 100.0,
                        spread.highest * 100.0
                    )
                })),
                or_dash(macro_f1.map(|spread| format!("{:.3}", spread.mean.value))),
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
    use crate::training::events::TestMetrics;

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
                },
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
