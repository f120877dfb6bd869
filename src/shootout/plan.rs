//! Which networks a shoot-out tries, in which order, and what of it fits into a budget: worked out from the catalogue and from
//! speeds that are known, before anything is computed.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ShootoutError;
use super::report::{EntryState, ShootoutEntry};
use crate::cores::Cores;
use crate::experiment::WeightsSource;
use crate::format;
use crate::models::catalogue::architectures;
use crate::models::speed::Measured;
use crate::models::{self, ArchitectureInfo, WeightsInfo};
use crate::training::time_estimate::picture_seconds;

/// Networks that nobody named and whose weights are not here, which are offered beside those that are.
const OFFERED: usize = 6;
/// A budget for these where none is set.
const USUAL_BUDGET_SECONDS: f64 = 600.0;
/// Billions of multiply-adds that one core makes in a second, where no speed is known: convolutions in single precision.
const CORE_PACE: f64 = 15.0;
/// Seconds of one picture on one core beside the network: decoding and resizing a photograph.
const DECODING_SECONDS: f64 = 0.004;
/// Seconds for building a network and fitting its heads, and for each billion of parameters that are read and verified.
const FIXED_SECONDS: f64 = 2.0;
const SECONDS_PER_BILLION_PARAMETERS: f64 = 12.0;
/// ImageNet accuracy that counts as nothing when what a network promises is weighed against its time; and that of networks
/// that publish none, because they were not trained to name ImageNet's classes.
const LEAST_TOP1: f64 = 55.0;
const UNKNOWN_TOP1: f64 = 78.0;

/// What a plan is made of.
pub struct PlanInput<'a> {
    /// Names from `graft backbones`, each with `:WEIGHTS` or `:FILE` behind it if wanted; `None` takes those whose weights are
    /// here, and offers some more.
    pub chosen: Option<&'a [String]>,
    pub budget_seconds: Option<f64>,
    /// Training and validation pictures.
    pub pictures: usize,
    /// Measured on this machine, by backbone; may be empty.
    pub speeds: &'a BTreeMap<String, Measured>,
    /// Bytes of a file of weights, where it is on this machine.
    pub here: &'a dyn Fn(&WeightsInfo) -> Option<u64>,
    /// Whether weights that are missing are downloaded.
    pub downloads: bool,
    /// Whether networks without weights compute with random ones, which says nothing of what they are worth.
    pub random: bool,
    /// The folder that paths of weight files start from.
    pub base: Option<&'a Path>,
}

/// What a shoot-out would do.
#[derive(Debug, Clone, PartialEq)]
pub struct ShootoutPlan {
    /// In the order in which they are tried; those that are not are among them, with the reason.
    pub entries: Vec<ShootoutEntry>,
    /// That the ones which are tried take.
    pub seconds: f64,
    /// What is downloaded before, by the publishers' figures.
    pub download_bytes: u64,
}

/// Plans a shoot-out.
///
/// # Errors
/// Where a name is none of the catalogue's.
pub fn plan(input: &PlanInput<'_>) -> Result<ShootoutPlan, ShootoutError> {
    let pace = Pace::new(input.speeds);
    let mut entries = match input.chosen {
        Some(names) => named(names, input)?,
        None => usual(input, &pace),
    };
    for entry in &mut entries {
        entry.estimated_seconds = pace.seconds(entry, input);
    }
    // What promises most for its time comes first; what is equal, in the catalogue's order.
    entries.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    let mut plan = ShootoutPlan {
        entries,
        seconds: 0.0,
        download_bytes: 0,
    };
    for entry in &mut plan.entries {
        if entry.state != EntryState::Waiting {
            continue;
        }
        let seconds = entry.estimated_seconds.unwrap_or(0.0);
        if let Some(reason) = too_long(seconds, plan.seconds, input.budget_seconds) {
            entry.state = EntryState::LeftOut { reason };
            continue;
        }
        plan.seconds += seconds;
        if is_download(entry, input) {
            plan.download_bytes += entry.file_bytes.unwrap_or(0);
        }
    }
    Ok(plan)
}

/// Why a network that takes so long is not tried any more, once so much of the budget is used.
pub(super) fn too_long(seconds: f64, used: f64, budget: Option<f64>) -> Option<String> {
    let left = (budget? - used).max(0.0);
    (seconds > left).then(|| {
        format!(
            "left out: it would take {}, and {} of the budget {} left",
            format::estimate(seconds),
            format::duration(left),
            if left < 60.0 { "are" } else { "is" },
        )
    })
}

/// Whether the weights of `entry`, which is to be tried, come from their server first.
fn is_download(entry: &ShootoutEntry, input: &PlanInput<'_>) -> bool {
    weights_of(entry).is_some_and(|weights| (input.here)(weights).is_none())
}

/// The catalogue's weights that an entry means.
fn weights_of(entry: &ShootoutEntry) -> Option<&'static WeightsInfo> {
    let info = models::backbone_info(&entry.backbone).ok()?;
    match &entry.source {
        WeightsSource::Pretrained => Some(info.default_weights()),
        WeightsSource::Named(name) => info.weights.iter().find(|weights| weights.name == name),
        _ => None,
    }
}

fn worth(entry: &ShootoutEntry) -> f64 {
    let top1 = entry.imagenet_top1.unwrap_or(UNKNOWN_TOP1);
    (top1 - LEAST_TOP1).max(1.0) / entry.estimated_seconds.unwrap_or(1.0).max(1e-3)
}

/// Every network whose weights are here, and the most accurate ones whose weights are not, as far as each has its share of the
/// budget.
fn usual(input: &PlanInput<'_>, pace: &Pace) -> Vec<ShootoutEntry> {
    let mut here = Vec::new();
    let mut offered: Vec<(f64, ShootoutEntry)> = Vec::new();
    let share = input.budget_seconds.unwrap_or(USUAL_BUDGET_SECONDS) / OFFERED as f64;
    for info in architectures() {
        let of_info = info.weights.iter().enumerate();
        let found: Vec<_> = of_info
            .filter(|(_, weights)| (input.here)(weights).is_some())
            .collect();
        for &(index, weights) in &found {
            let source = match index {
                0 => WeightsSource::Pretrained,
                _ => WeightsSource::Named(weights.name.to_owned()),
            };
            here.push(published(info, weights, source, input));
        }
        let weights = info.default_weights();
        let is_free = weights.restriction().is_none();
        if found.is_empty() && is_free && weights.imagenet_top1.is_finite() {
            let entry = published(info, weights, WeightsSource::Pretrained, input);
            if pace
                .seconds(&entry, input)
                .is_some_and(|took| took <= share)
            {
                offered.push((weights.imagenet_top1, entry));
            }
        }
    }
    offered.sort_by(|a, b| b.0.total_cmp(&a.0));
    here.extend(offered.into_iter().take(OFFERED).map(|(_, entry)| entry));
    here
}

/// Those that a person names.
fn named(names: &[String], input: &PlanInput<'_>) -> Result<Vec<ShootoutEntry>, ShootoutError> {
    let mut entries: Vec<ShootoutEntry> = Vec::new();
    for name in names {
        let (backbone, weights) = match name.split_once(':') {
            Some((backbone, weights)) => (backbone, Some(weights)),
            None => (name.as_str(), None),
        };
        let info = models::backbone_info(backbone)?;
        let entry = match weights {
            None => published(
                info,
                info.default_weights(),
                WeightsSource::Pretrained,
                input,
            ),
            Some("random") => random(info),
            Some(named) => match info.weights.iter().find(|weights| weights.name == named) {
                Some(weights) => {
                    published(info, weights, WeightsSource::Named(named.into()), input)
                }
                None if named.contains(['.', '/', '\\']) => own_file(info, named, input),
                None => {
                    let known: Vec<&str> = info.weights.iter().map(|one| one.name).collect();
                    return Err(ShootoutError::Request(format!(
                        "there are no weights “{named}”: {backbone} has {}, and a file of your own is written {backbone}:FILE",
                        known.join(", ")
                    )));
                }
            },
        };
        let is_it = |other: &ShootoutEntry| is_same(other, &entry);
        if !entries.iter().any(is_it) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Whether both are one network with one file of weights.
pub(super) fn is_same(one: &ShootoutEntry, other: &ShootoutEntry) -> bool {
    let is_named_alike = || match (weights_of(one), weights_of(other)) {
        (Some(one), Some(other)) => one.file_name == other.file_name,
        _ => one.source == other.source,
    };
    one.backbone == other.backbone && is_named_alike()
}

fn published(
    info: &'static ArchitectureInfo,
    weights: &'static WeightsInfo,
    source: WeightsSource,
    input: &PlanInput<'_>,
) -> ShootoutEntry {
    let here = (input.here)(weights);
    if here.is_none() && input.random && !input.downloads {
        return random(info);
    }
    let mut entry = blank(info, weights, source);
    entry.file_bytes = Some(here.unwrap_or((weights.file_mb * f64::from(1 << 20)) as u64));
    if here.is_some() || (input.downloads && !weights.url.is_empty()) {
        return entry;
    }
    let is_default = weights.name == info.default_weights().name;
    let command = match is_default {
        true => format!("graft weights fetch {}", info.name),
        false => format!("graft weights fetch {}:{}", info.name, weights.name),
    };
    entry.state = if weights.url.is_empty() {
        EntryState::NotHere {
            reason: format!("the weights are not on this machine: {}", weights.remedy()),
            command: None,
        }
    } else {
        EntryState::NotHere {
            reason: format!(
                "the weights are not on this machine ({:.0} MB, {})",
                weights.file_mb, weights.licence
            ),
            command: Some(command),
        }
    };
    entry
}

fn own_file(info: &'static ArchitectureInfo, named: &str, input: &PlanInput<'_>) -> ShootoutEntry {
    let source = WeightsSource::File(named.into());
    let weights = crate::models::weights::chosen(info, &source).unwrap_or(info.default_weights());
    let mut entry = blank(info, weights, source);
    let path = crate::paths::expand(Path::new(named), input.base);
    let name = path.file_name().unwrap_or(path.as_os_str());
    entry.weights = name.to_string_lossy().into_owned();
    entry.licence = "your own file".to_owned();
    entry.restriction = None;
    entry.imagenet_top1 = None;
    entry.file_bytes = path.metadata().ok().map(|data| data.len());
    entry
}

fn random(info: &'static ArchitectureInfo) -> ShootoutEntry {
    let mut entry = blank(info, info.default_weights(), WeightsSource::Random);
    entry.weights = "random".to_owned();
    entry.licence = String::new();
    entry.restriction = None;
    entry.imagenet_top1 = None;
    entry
}

fn blank(
    info: &'static ArchitectureInfo,
    weights: &WeightsInfo,
    source: WeightsSource,
) -> ShootoutEntry {
    let usual = f64::from(info.default_weights().input_size.max(1));
    let scale = f64::from(weights.input_size) / usual;
    let top1 = Some(weights.imagenet_top1);
    ShootoutEntry {
        backbone: info.name.to_owned(),
        title: info.title.to_owned(),
        weights: weights.name.to_owned(),
        source,
        licence: weights.licence.to_owned(),
        restriction: weights.restriction(),
        imagenet_top1: top1.filter(|top1| top1.is_finite() && *top1 > 0.0),
        parameters: info.backbone_parameters,
        gflops: info.gflops * scale * scale,
        input_size: weights.input_size,
        file_bytes: None,
        estimated_seconds: None,
        state: EntryState::Waiting,
        outcome: None,
        comparison: None,
    }
}

/// How quick this machine is, as far as that is known.
struct Pace {
    /// Billions of multiply-adds in a second.
    rate: f64,
    cores: f64,
}

impl Pace {
    fn new(speeds: &BTreeMap<String, Measured>) -> Self {
        let cores = Cores::of_process().count.get() as f64;
        let rate = |(name, measured): (&String, &Measured)| {
            let info = models::backbone_info(name).ok()?;
            let rate = measured.pictures_per_second * info.gflops;
            (rate.is_finite() && rate > 0.0).then_some(rate)
        };
        let mut rates: Vec<f64> = speeds.iter().filter_map(rate).collect();
        rates.sort_by(f64::total_cmp);
        let middle = rates.get(rates.len() / 2).copied();
        Self {
            rate: middle.unwrap_or(CORE_PACE * cores),
            cores,
        }
    }

    fn seconds(&self, entry: &ShootoutEntry, input: &PlanInput<'_>) -> Option<f64> {
        let info = models::backbone_info(&entry.backbone).ok()?;
        let network = match input.speeds.get(&entry.backbone) {
            Some(measured) => picture_seconds(measured, info, entry.input_size),
            None => entry.gflops / self.rate.max(1e-3),
        };
        // Pictures are decoded beside the network, on the same cores.
        let picture = network + DECODING_SECONDS / self.cores;
        let reading = entry.parameters as f64 / 1e9 * SECONDS_PER_BILLION_PARAMETERS;
        Some(FIXED_SECONDS + reading + picture * input.pictures as f64)
    }
}
