//! `graft run`: trains what a preset says.

mod devices;
mod folds;
mod result;
mod training;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use tch::Device;

use super::outputs::warn_among_pictures;
use super::{data, interrupt, output, resume};
use crate::data::{DataError, Dataset, StopFlag, scan};
use crate::experiment::{DataConfig, Experiment, GroupBy, preset};
use crate::models::device;
use crate::models::{catalogue, weights};
use crate::runs::lifecycle::{RunRequest, RunTerms};
use crate::runs::{Continuation, portable_paths, seeds};
use crate::training::PauseFlag;

use folds::train_folds;
use result::{Trained, all_as_json, all_as_text, as_json, as_text};
use training::train_one;

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
    /// seeds, those that are finished are skipped. With a folder, --data says where its pictures stand now
    #[arg(long)]
    pub(super) resume: bool,
    /// With --resume and the folder of a finished run: train its last phase for so many more epochs, such as +10
    #[arg(long, value_name = "+N", value_parser = resume::more_epochs, requires = "resume")]
    pub(super) epochs: Option<u32>,
    /// Of a cross-validation (data.split.folds), also train one network on all folds, for use: it has no test pictures left, and
    /// its figures are the cross-validated ones. With --resume and the folder of a finished one, train that network alone
    #[arg(long, conflicts_with = "epochs")]
    pub(super) refit: bool,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Train several presets or seeds at once, each on a device of its own: all (every card), or cuda:0,cuda:1. One network
    /// is not trained on several cards
    #[arg(long, value_name = "DEVICES", conflicts_with = "device")]
    pub(super) devices: Option<String>,
    /// Print one JSON document as the last line
    #[arg(long)]
    json: bool,
    /// Of the series, train this run alone, counted from 0: for a process that trains it on one of several devices
    #[arg(long, value_name = "INDEX", hide = true)]
    only: Option<usize>,
    /// Stop when standard input is closed
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
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

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let device = self::device(arguments.device.as_deref())?;
    let stop = interrupt::stop_flag()?;
    if arguments.until_stdin_closes {
        interrupt::stop_with_stdin(&stop)?;
    }
    let plan = plan(&arguments)?;
    for planned in plan.iter().filter(|_| arguments.refit) {
        if planned.experiment.data.split.cross_validation().is_none() {
            bail!(
                "--refit goes with a cross-validation, and {} is none: --set data.split.folds=5 makes it one",
                planned.experiment.name
            );
        }
    }
    let runs = runs_folder(arguments.out.clone());
    for planned in plan.iter().filter(|planned| planned.resumed.is_none()) {
        portable_paths::check_paths(&runs, &planned.experiment, planned.base.as_deref())?;
    }
    let trained = match &arguments.devices {
        Some(devices) => devices::train(&arguments, devices, &plan, &runs, &stop)?,
        None => train_here(&arguments, &plan, device, &runs, &stop)?,
    };
    match &trained[..] {
        [one] if arguments.json => output::print_json(&as_json(one)),
        [one] => output::print(&as_text(one)),
        all if arguments.json => output::print_json(&all_as_json(all)),
        all => output::print(&all_as_text(all)),
    }
}

/// Trains `plan` in this process, one run after the other.
fn train_here(
    arguments: &Arguments,
    plan: &[Planned],
    device: Option<Device>,
    runs: &Path,
    stop: &StopFlag,
) -> anyhow::Result<Vec<Trained>> {
    let mut trained: Vec<Trained> = Vec::with_capacity(plan.len());
    // Presets on the same pictures are scanned once.
    let mut scanned: Option<(DataConfig, Option<PathBuf>, Arc<Dataset>)> = None;
    let several = plan.len() > 1;
    for (index, planned) in plan.iter().enumerate() {
        if several {
            output::warn(&format!(
                "{} of {}: {}",
                index + 1,
                plan.len(),
                planned.experiment.name
            ));
        }
        if let Some(folder) = &planned.finished {
            output::warn(&format!("Finished already: {}", folder.display()));
            trained.push(Trained::earlier(folder)?);
            continue;
        }
        let (data, base) = (&planned.experiment.data, &planned.base);
        let dataset = match &scanned {
            Some((known, from, dataset)) if same_pictures(known, data) && from == base => {
                dataset.clone()
            }
            _ => scan_pictures(data, base.as_deref(), stop)
                .map_err(|error| resume::say_where(error, planned))?,
        };
        if scanned.is_none() && planned.resumed.is_none() {
            warn_among_pictures(runs, &data.source, base.as_deref());
        }
        scanned = Some((data.clone(), base.clone(), dataset.clone()));
        let request = RunRequest {
            experiment: planned.experiment.clone(),
            base: base.clone(),
            dataset,
            runs: runs.to_path_buf(),
            resumed: planned.resumed.clone(),
            continuation: planned.continuation.clone(),
            device,
            stop: stop.clone(),
            pause: PauseFlag::default(),
            terms: RunTerms {
                refit: arguments.refit,
                ..RunTerms::default()
            },
        };
        let one = match planned.experiment.data.split.cross_validation() {
            Some(_) => train_folds(planned, request),
            None => train_one(planned, request),
        };
        trained.push(match one {
            Err(error) if several => {
                let rest = resume::rest_of_series(arguments, plan.len() - index);
                bail!(output::Lines(format!(
                    "{}\n{rest}",
                    output::sentence(&error)
                )));
            }
            one => one?,
        });
    }
    Ok(trained)
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
    let mut series: Vec<Planned> = (0..arguments.seeds as usize)
        .flat_map(|step| {
            ways.iter().map(move |(experiments, base)| {
                Planned::new(experiments[step].clone(), base.clone())
            })
        })
        .collect();
    if let Some(only) = arguments.only {
        if only >= series.len() {
            bail!("--only {only}: the series has {} runs", series.len());
        }
        series = vec![series.swap_remove(only)];
    }
    Ok(series)
}

/// Whether a scan finds the same for both, however they split it.
pub(super) fn same_pictures(a: &DataConfig, b: &DataConfig) -> bool {
    (
        &a.source,
        &a.classes,
        &a.exclude,
        &a.split.group,
        &a.split.together,
    ) == (
        &b.source,
        &b.classes,
        &b.exclude,
        &b.split.group,
        &b.split.together,
    )
}

pub(super) fn scan_pictures(
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
            "skipped, {}: {}",
            problem.reason,
            problem.path.display()
        ));
    }
    Ok(dataset)
}

/// Where run folders are made. Absolute, so that a script finds the run whatever folder it works in
/// later.
pub(super) fn runs_folder(out: Option<PathBuf>) -> PathBuf {
    let runs = out.unwrap_or_else(super::runs::folder);
    std::path::absolute(&runs).unwrap_or(runs)
}

/// The preset with everything that the command line changes, and the folder it is relative to.
pub(super) fn experiment(
    preset: &Path,
    arguments: &Arguments,
) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    let changes = Changes {
        data: arguments.data.as_deref(),
        group: arguments.group.as_ref(),
        set: &arguments.set,
    };
    changed(preset, &changes)
}

/// What a command line changes about a preset.
pub(super) struct Changes<'a> {
    pub data: Option<&'a Path>,
    pub group: Option<&'a GroupBy>,
    pub set: &'a [String],
}

/// The preset with `changes`, and the folder it is relative to.
pub(super) fn changed(
    preset: &Path,
    changes: &Changes<'_>,
) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    if preset.is_dir() {
        bail!(
            "a folder is no preset; to go on with the run in it, add --resume: {}",
            preset.display()
        );
    }
    let (experiment, base) = load(preset)?;
    let experiment = with(experiment, base.as_deref(), changes)?;
    Ok((experiment, base))
}

/// The usual experiment on the pictures at `path`, with `changes`.
pub(super) fn of_pictures(path: &Path, changes: &Changes<'_>) -> anyhow::Result<Experiment> {
    let changes = Changes {
        data: Some(path),
        ..*changes
    };
    with(Experiment::default(), None, &changes)
}

fn with(
    mut experiment: Experiment,
    base: Option<&Path>,
    changes: &Changes<'_>,
) -> anyhow::Result<Experiment> {
    if let Some(path) = changes.data {
        // Absolute, because the preset's own paths are relative to its folder.
        let path =
            std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))?;
        experiment.data.source = scan::recognise(&path)?;
    }
    if let Some(group) = changes.group {
        experiment.data.split.group = Some(group.clone());
    }
    if let Some(fault) = preset::set_fields(&mut experiment, changes.set).first() {
        let assignment = &changes.set[fault.index];
        bail!("--set {assignment}: {}", fault.reason);
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
        weights::settle(&mut experiment.backbone, base);
    }
    Ok(experiment)
}

/// A preset from a file, or, where there is none of that name, one that comes with Graft.
fn load(path: &Path) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    if let Some((name, text)) = shipped(path) {
        return Ok((preset::parse(text, Path::new(name))?, None));
    }
    let experiment = preset::load(path)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    Ok((experiment, parent.map(Path::to_path_buf)))
}

/// Name and text of the preset that comes with Graft and is called so, where no file is.
pub(super) fn shipped(path: &Path) -> Option<&'static (&'static str, &'static str)> {
    let mut presets = preset::shipped().iter();
    presets
        .find(|(name, _)| Path::new(name) == path || Path::new(name).with_extension("") == path)
        .filter(|_| !path.exists())
}

/// The device that a person named: `cpu`, `cuda` or `cuda:1`. Opens CUDA, so that it is there.
pub fn device(name: Option<&str>) -> anyhow::Result<Option<Device>> {
    let devices = device::discover();
    let device = name.map(|name| device::resolve(name, devices));
    Ok(device.transpose()?)
}
