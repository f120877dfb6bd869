//! `graft embed --preset`: the features that runs of a preset or of a sweep's cells need, computed before them and kept where they
//! find them, in parts if wanted.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::json;
use tch::Device;

use super::Arguments;
use crate::cli::progress::TerminalProgress;
use crate::cli::stopped::Stopped;
use crate::cli::{interrupt, output, run};
use crate::data::{Dataset, SplitIndices, StopFlag, split};
use crate::experiment::{DataConfig, Experiment};
use crate::format::{self, Align, count, table};
use crate::models::device;
use crate::paths;
use crate::runs::seeds;
use crate::sweep::{ENDING, Plan, Sweep};
use crate::training::cache_coverage::CoverageInput;
use crate::training::features::store::FeatureStore;
use crate::training::shards::Shard;
use crate::training::{
    ComputedShard, TrainingError, TrainingEvent, TrainingListener, TrainingRequest, compute_shard,
};

/// What some runs need of the frozen part's output.
struct FrozenPart {
    experiment: Experiment,
    base: Option<PathBuf>,
    dataset: Arc<Dataset>,
    /// Which data set it is, of all that were read.
    set: usize,
    split: SplitIndices,
}

pub fn embed(preset: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let device = run::device(arguments.device.as_deref())?;
    let stop = interrupt::stop_flag_saying(
        "Stopping after this batch; portions that are whole are kept. Once more ends at once.",
    )?;
    let parts = frozen_parts(preset, arguments, &stop)?;
    match arguments.status {
        Some(of) => status(preset, arguments, &parts, device, of),
        None => compute(arguments, &parts, device, &stop),
    }
}

/// Every different frozen part of the runs that are asked for, with its pictures.
fn frozen_parts(
    preset: &Path,
    arguments: &Arguments,
    stop: &StopFlag,
) -> anyhow::Result<Vec<FrozenPart>> {
    let (experiments, withholds_test) = experiments(preset, arguments)?;
    let mut known = HashSet::new();
    let mut scanned: Vec<(DataConfig, Option<PathBuf>, Arc<Dataset>)> = Vec::new();
    let mut parts = Vec::new();
    for (experiment, base) in experiments {
        // The same text, the same features.
        if !known.insert(format!("{:?}", CoverageInput::essence(&experiment))) {
            continue;
        }
        let data = &experiment.data;
        let is_it = |(other, from, _): &(DataConfig, Option<PathBuf>, _)| {
            run::same_pictures(other, data) && *from == base
        };
        let set = match scanned.iter().position(is_it) {
            Some(set) => set,
            None => {
                let dataset = run::scan_pictures(data, base.as_deref(), stop)?;
                scanned.push((data.clone(), base.clone(), dataset));
                scanned.len() - 1
            }
        };
        let dataset = scanned[set].2.clone();
        let mut split = split::split(&dataset, &experiment)?;
        if withholds_test {
            split.test.clear();
        }
        parts.push(FrozenPart {
            experiment,
            base,
            dataset,
            set,
            split,
        });
    }
    Ok(parts)
}

/// An experiment, and what its paths are relative to.
type Based = (Experiment, Option<PathBuf>);

/// The experiments of a preset or a sweep, and whether their test pictures stay unseen.
fn experiments(preset: &Path, arguments: &Arguments) -> anyhow::Result<(Vec<Based>, bool)> {
    let data = arguments.data.as_deref();
    if preset.to_string_lossy().ends_with(ENDING) {
        if !arguments.set.is_empty() || arguments.seeds.is_some() {
            bail!("--set and --seeds are for a preset; a sweep says both itself (“set”, “seeds”)");
        }
        let sweep = Sweep::load(preset)?;
        let plan = Plan::new(&sweep, preset, data)?;
        // Paths of cells are absolute.
        let cells = plan.cells.into_iter().map(|cell| (cell.experiment, None));
        return Ok((cells.collect(), true));
    }
    let changes = run::Changes {
        data,
        group: None,
        set: &arguments.set,
    };
    let (experiment, base) = run::changed(preset, &changes)?;
    let all = seeds::repeated(&experiment, arguments.seeds.unwrap_or(1));
    let all = all.into_iter().map(|experiment| (experiment, base.clone()));
    Ok((all.collect(), false))
}

fn compute(
    arguments: &Arguments,
    parts: &[FrozenPart],
    device: Option<Device>,
    stop: &StopFlag,
) -> anyhow::Result<()> {
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let mut sum = ComputedShard::default();
    let mut pictures = HashSet::new();
    for (index, part) in parts.iter().enumerate() {
        if parts.len() > 1 {
            output::warn(&format!(
                "Frozen part {} of {}: {}",
                index + 1,
                parts.len(),
                part.experiment.name
            ));
        }
        let (dataset, split) = (part.dataset.clone(), part.split.clone());
        let request = TrainingRequest {
            base: part.base.clone(),
            device,
            stop: stop.clone(),
            ..TrainingRequest::new(part.experiment.clone(), dataset, split)
        };
        let mut listener = Listener::default();
        let computed = compute_shard(&request, shard, &mut listener);
        drop(listener);
        let computed = match computed {
            Err(TrainingError::Stopped) => {
                let text =
                    "stopped; what was computed by then is kept, and the same command goes on";
                return Err(Stopped(text.to_owned()).into());
            }
            computed => computed?,
        };
        pictures.extend(computed.pictures.iter().map(|&picture| (part.set, picture)));
        sum.add(&computed);
        let limit = FeatureStore::of_user().limit();
        if sum.bytes_of_all > limit {
            bail!(
                "the features of all parts take {} or more, and {} may be kept: allow more with “graft cache --limit”, and start again",
                format::bytes(sum.bytes_of_all),
                format::bytes(limit)
            );
        }
    }
    if sum.depths == 0 {
        bail!(
            "no layers are frozen from the beginning on, so there are no features that could be computed before the run: freeze the backbone, or a part of it, in the first phase"
        );
    }
    if sum.left > 0 {
        bail!(
            "{} could not be kept, for the reason above: {}",
            count(sum.left, "row of features", "rows of features"),
            FeatureStore::of_user().root().display()
        );
    }
    if arguments.json {
        return output::print_json(&json!({
            "part": shard.number(),
            "of": shard.of(),
            "frozen_parts": parts.len(),
            "pictures": pictures.len(),
            "rows": sum.rows,
            "from_disk": sum.from_disk,
            "unreadable": sum.unreadable,
            "folder": crate::shown::path(FeatureStore::of_user().root()),
        }));
    }
    output::print(&format!(
        "Part {shard}: {}, {} of features, {} of them were there before\n",
        count(pictures.len(), "picture", "pictures"),
        count(sum.rows, "row", "rows"),
        format::thousands(sum.from_disk as u64),
    ))
}

/// Progress and warnings, and what is said once.
#[derive(Default)]
struct Listener {
    progress: Option<TerminalProgress>,
    said: HashSet<String>,
}

impl TrainingListener for Listener {
    fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        if let TrainingEvent::Note(text) | TrainingEvent::Warning(text) = event {
            // Each portion has its own cost, which tells a run whether to keep rows; here all are kept.
            let is_cost = text.contains(": reading one takes about ");
            if is_cost || !self.said.insert(text.clone()) {
                return Ok(());
            }
        }
        self.progress
            .get_or_insert_with(|| TerminalProgress::new(0))
            .event(event)
    }
}

/// Pictures by their data set.
type PictureSet = HashSet<(usize, usize)>;

fn status(
    preset: &Path,
    arguments: &Arguments,
    parts: &[FrozenPart],
    device: Option<Device>,
    of: usize,
) -> anyhow::Result<()> {
    if Shard::new(of, of).is_none() {
        bail!("--status takes a number of parts, from 1 to a million");
    }
    let device = device.unwrap_or_else(device::best);
    let mut all: Vec<(PictureSet, PictureSet)> = vec![Default::default(); of];
    for part in parts {
        let input = CoverageInput {
            experiment: part.experiment.clone(),
            dataset: part.dataset.clone(),
            split: Arc::new(part.split.clone()),
            base: part.base.clone(),
        };
        let coverage = input
            .shard_coverage(&paths::cache(), device, of)
            .context("which features are there can't be told")?;
        for (coverage, (pictures, missing)) in coverage.into_iter().zip(&mut all) {
            let of_set = |picture| (part.set, picture);
            pictures.extend(coverage.pictures.into_iter().map(of_set));
            missing.extend(coverage.missing.into_iter().map(of_set));
        }
    }
    let counts: Vec<(usize, usize)> = all
        .iter()
        .map(|(pictures, missing)| (pictures.len(), missing.len()))
        .collect();
    let is_missing =
        |(index, (_, missing)): (usize, &(usize, usize))| (*missing > 0).then_some(index + 1);
    let missing: Vec<usize> = counts.iter().enumerate().filter_map(is_missing).collect();
    let list = ranges(&missing);
    if arguments.missing {
        return output::print(&format!("{list}\n"));
    }
    let sum = |of: fn(&(usize, usize)) -> usize| counts.iter().map(of).sum::<usize>();
    let (pictures, left) = (sum(|part| part.0), sum(|part| part.1));
    let machine = machine(device);
    if arguments.json {
        let rows = counts.iter().enumerate().map(|(index, (pictures, missing))| {
            json!({ "part": index + 1, "pictures": pictures, "missing": missing })
        });
        return output::print_json(&json!({
            "parts": rows.collect::<Vec<_>>(),
            "pictures": pictures,
            "missing_pictures": left,
            "missing_parts": missing,
            "missing": list,
            "frozen_parts": parts.len(),
            "device": machine,
            "folder": crate::shown::path(FeatureStore::of_user().root()),
        }));
    }
    let header = [
        ("Part", Align::Right),
        ("Pictures", Align::Right),
        ("Missing", Align::Right),
    ];
    let row = |(index, (pictures, missing)): (usize, &(usize, usize))| {
        [index + 1, *pictures, *missing]
            .map(|number| format::thousands(number as u64))
            .to_vec()
    };
    let rows: Vec<Vec<String>> = counts.iter().enumerate().map(row).collect();
    let mut text = table(&header, &rows);
    text += &if missing.is_empty() {
        format!(
            "Nothing is missing of {} for {machine}\n",
            count(pictures, "picture", "pictures")
        )
    } else {
        format!(
            "Features of {} of {} are missing for {machine}, in these parts: {list}\nEach is computed by: graft embed --preset {} --shard PART/{of}\n",
            format::thousands(left as u64),
            count(pictures, "picture", "pictures"),
            preset.display()
        )
    };
    output::print(&text)
}

/// What features belong to: others compute other last digits.
fn machine(device: Device) -> String {
    let devices = device::discover();
    match device {
        Device::Cuda(index) => devices.cuda.get(index).cloned().unwrap_or_default(),
        _ => devices.cpu.clone(),
    }
}

/// `1,3-5` of ascending numbers, as `sbatch --array` takes them.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |(first, last): &(usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_listed_as_slurm_takes_them() {
        for (numbers, expected) in [
            (&[][..], ""),
            (&[4], "4"),
            (&[1, 2, 3], "1-3"),
            (&[1, 3, 4, 5, 9], "1,3-5,9"),
        ] {
            assert_eq!(ranges(numbers), expected);
        }
    }
}
