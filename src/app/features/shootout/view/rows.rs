//! The networks of the table: what is known of each, what was found, and how far it is.

use std::collections::{BTreeMap, BTreeSet};

use super::is_worked_on;
use super::plan::{file_bytes, is_stored, network_of};
use crate::app::core::state::State;
use crate::evaluation::Score;
use crate::experiment::WeightsSource;
use crate::format;
use crate::models::catalogue::{self, ArchitectureInfo};
use crate::models::{WeightsInfo, weights};
use crate::shootout::{EntryState, ShootoutCost, ShootoutEntry, ShootoutPlan, ShootoutReport};

/// A network with one file of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkRow {
    /// As the shoot-out calls it: `resnet50`, `resnet50:IMAGENET1K_V1`.
    pub network: String,
    pub title: String,
    /// Its place in what was found, where it has a result.
    pub entry: Option<usize>,
    pub is_chosen: bool,
    /// Whether it can be chosen: a person's own file is chosen on the command line.
    pub is_choosable: bool,
    pub state: RowState,
    pub state_text: String,
    /// Why it has no result, or what should be known of it.
    pub reason: Option<String>,
    pub score: Option<Score>,
    pub standing: Standing,
    /// Its accuracy less the best one's.
    pub difference: Option<Score>,
    /// That it took, or is taken to need.
    pub seconds: Option<f64>,
    pub is_estimate: bool,
    pub pictures_per_second: Option<f64>,
    pub memory_bytes: Option<u64>,
    pub file_bytes: Option<u64>,
    pub is_here: bool,
    /// Whether its weights can be had from a server.
    pub is_on_server: bool,
    pub gflops: f64,
    /// In per cent.
    pub imagenet_top1: Option<f64>,
    pub weights: String,
    pub licence: String,
    pub restriction: Option<String>,
    /// In the order of [`ShootoutCost::ALL`].
    pub costs: [Option<f64>; 4],
}

/// Where a network stands, from the most to the least that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowState {
    Done,
    Working,
    Waiting,
    LeftOut,
    NotHere,
    Failed,
    /// Not among those that are compared.
    Idle,
}

/// How a network compares to the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Best,
    /// Not worse beyond luck.
    LikeBest,
    /// Test and interval disagree.
    Borderline,
    Worse,
    Unknown,
}

/// Puts the rows together.
pub(super) struct Rows<'a> {
    state: &'a State,
    report: Option<&'a ShootoutReport>,
    planned: BTreeMap<String, &'a ShootoutEntry>,
    /// Whether a process is at work on what the report says.
    is_live: bool,
}

impl<'a> Rows<'a> {
    pub fn new(
        state: &'a State,
        report: Option<&'a ShootoutReport>,
        plan: Option<&'a ShootoutPlan>,
    ) -> Self {
        let entries = plan.map_or(&[][..], |plan| &plan.entries);
        let planned = entries
            .iter()
            .map(|entry| (network_of(&entry.backbone, &entry.source), entry));
        Self {
            state,
            report,
            planned: planned.collect(),
            // Until a process has said what it does, the plan is shown.
            is_live: report.is_some_and(is_worked_on),
        }
    }

    pub fn build(&self) -> Vec<NetworkRow> {
        let entries = self.report.map_or(&[][..], |report| &report.entries);
        let mut rows: Vec<NetworkRow> = (entries.iter().enumerate())
            .map(|(index, entry)| self.of_entry(index, entry))
            .collect();
        let known: BTreeSet<String> = rows.iter().map(|row| row.network.clone()).collect();
        for info in catalogue::architectures() {
            for (index, weights) in info.weights.iter().enumerate() {
                let source = match index {
                    0 => WeightsSource::Pretrained,
                    _ => WeightsSource::Named(weights.name.to_owned()),
                };
                let network = network_of(info.name, &source);
                // The default weights of each, and others where a person has them or asked for them.
                let is_wanted = index == 0
                    || is_stored(self.state, weights)
                    || self.planned.contains_key(&network);
                if is_wanted && !known.contains(&network) {
                    rows.push(self.of_weights(info, weights, network, index > 0));
                }
            }
        }
        // What is chosen stands above what is not; each in its own order.
        rows.sort_by_key(|row| match row.state {
            RowState::Done => 0,
            RowState::Working => 1,
            RowState::Waiting => 2,
            RowState::Idle => 4,
            _ => 3,
        });
        rows
    }

    fn of_weights(
        &self,
        info: &ArchitectureInfo,
        weights: &WeightsInfo,
        network: String,
        is_named: bool,
    ) -> NetworkRow {
        let planned = self.planned.get(&network).copied();
        // What is computed stands in the report.
        let planned = planned.filter(|_| !self.is_live);
        let title = match is_named {
            true => format!("{} ({})", info.title, weights.name),
            false => info.title.to_owned(),
        };
        let usual = f64::from(info.default_weights().input_size.max(1));
        let scale = f64::from(weights.input_size) / usual;
        let gflops = info.gflops * scale * scale;
        let bytes = file_bytes(weights);
        let row = NetworkRow {
            title,
            entry: None,
            is_chosen: planned.is_some(),
            is_choosable: true,
            state: RowState::Idle,
            state_text: String::new(),
            reason: None,
            score: None,
            standing: Standing::Unknown,
            difference: None,
            seconds: planned.and_then(|entry| entry.estimated_seconds),
            is_estimate: true,
            pictures_per_second: None,
            memory_bytes: None,
            file_bytes: Some(bytes),
            is_here: is_stored(self.state, weights),
            is_on_server: !weights.url.is_empty(),
            gflops,
            imagenet_top1: Some(weights.imagenet_top1)
                .filter(|top1| top1.is_finite() && *top1 > 0.0),
            weights: weights.name.to_owned(),
            licence: weights.licence.to_owned(),
            restriction: weights.restriction(),
            costs: [None, None, Some(bytes as f64 / 1e6), Some(gflops)],
            network,
        };
        self.with_state(row, planned.map(|entry| &entry.state))
    }

    fn of_entry(&self, index: usize, entry: &ShootoutEntry) -> NetworkRow {
        let network = network_of(&entry.backbone, &entry.source);
        let planned = self.planned.get(&network).copied();
        let published = published(entry);
        let outcome = entry.outcome.as_ref();
        let metric = self.report.map(|report| report.metric).unwrap_or_default();
        let is_done = outcome.is_some();
        let is_best = index == 0 && is_done;
        let seconds = outcome.map(|outcome| outcome.feature_seconds + outcome.head_seconds);
        let row = NetworkRow {
            title: entry.called(),
            entry: is_done.then_some(index),
            is_chosen: planned.is_some() || self.is_live,
            is_choosable: published.is_some(),
            state: RowState::Idle,
            state_text: String::new(),
            reason: outcome
                .map(|outcome| outcome.remarks.join(" "))
                .filter(|remarks| !remarks.is_empty()),
            score: entry.score(metric),
            standing: match &entry.comparison {
                _ if !is_done => Standing::Unknown,
                _ if is_best => Standing::Best,
                None => Standing::Unknown,
                Some(comparison) if comparison.is_borderline => Standing::Borderline,
                Some(comparison) if comparison.is_worse => Standing::Worse,
                Some(_) => Standing::LikeBest,
            },
            difference: entry.comparison.map(|comparison| comparison.difference),
            seconds: seconds
                .or_else(|| planned.and_then(|entry| entry.estimated_seconds))
                .or(entry.estimated_seconds),
            is_estimate: seconds.is_none(),
            pictures_per_second: outcome.and_then(|outcome| outcome.pictures_per_second),
            memory_bytes: outcome.and_then(|outcome| outcome.peak_memory_bytes),
            file_bytes: entry.file_bytes,
            is_here: published.is_none_or(|weights| is_stored(self.state, weights)),
            is_on_server: published.is_some_and(|weights| !weights.url.is_empty()),
            gflops: entry.gflops,
            imagenet_top1: entry.imagenet_top1,
            weights: entry.weights.clone(),
            licence: entry.licence.clone(),
            restriction: entry.restriction.clone(),
            costs: ShootoutCost::ALL.map(|cost| entry.cost(cost)),
            network,
        };
        // While it is computed the report says how far it is; afterwards the plan says what is next.
        let state = match (is_done || self.is_live, &entry.state) {
            (true, state) => Some(state),
            (false, state @ EntryState::Failed { .. }) => Some(state),
            (false, _) => planned.map(|entry| &entry.state),
        };
        self.with_state(row, state)
    }

    fn with_state(&self, row: NetworkRow, state: Option<&EntryState>) -> NetworkRow {
        let number = |number: usize| format::thousands(number as u64);
        let shootout = &self.state.shootout;
        let (state, state_text, reason) = match state {
            _ if let Some(progress) = shootout.downloads.get(&row.network) => {
                let text = match progress {
                    None => "waits for its download".to_owned(),
                    Some(progress) => downloading(progress.done, progress.total),
                };
                (RowState::Working, text, None)
            }
            _ if let Some(reason) = shootout.not_downloaded.get(&row.network) => {
                let text = "not downloaded".to_owned();
                (RowState::Failed, text, Some(reason.clone()))
            }
            Some(EntryState::Done) => (RowState::Done, "done".to_owned(), row.reason.clone()),
            Some(EntryState::Downloading { done, total }) => {
                let total = Some(*total).filter(|total| *total > 0);
                (RowState::Working, downloading(*done, total), None)
            }
            Some(EntryState::Computing { done, total }) => {
                let text = format!("{} of {}", number(*done), number(*total));
                (RowState::Working, text, None)
            }
            Some(EntryState::Heads) => (RowState::Working, "fitting classifiers".to_owned(), None),
            Some(EntryState::Waiting) => {
                let text = match (self.is_live, row.is_here) {
                    (true, _) => "waiting".to_owned(),
                    (false, true) => "chosen".to_owned(),
                    (false, false) => to_download(&row),
                };
                (RowState::Waiting, text, None)
            }
            Some(EntryState::LeftOut { reason }) => {
                let text = "over the budget".to_owned();
                (RowState::LeftOut, text, Some(reason.clone()))
            }
            Some(EntryState::NotHere { reason, .. }) => {
                let text = "weights not here".to_owned();
                (RowState::NotHere, text, Some(reason.clone()))
            }
            Some(EntryState::Failed { reason }) => {
                (RowState::Failed, "failed".to_owned(), Some(reason.clone()))
            }
            None => {
                let text = match row.is_here {
                    true => String::new(),
                    false => "weights not here".to_owned(),
                };
                (RowState::Idle, text, None)
            }
        };
        NetworkRow {
            state,
            state_text,
            reason,
            ..row
        }
    }
}

/// The catalogue's weights that an entry means.
fn published(entry: &ShootoutEntry) -> Option<&'static WeightsInfo> {
    let info = catalogue::find(&entry.backbone)?;
    match &entry.source {
        WeightsSource::Pretrained | WeightsSource::Named(_) => {
            weights::chosen(info, &entry.source).ok()
        }
        _ => None,
    }
}

fn downloading(done: u64, total: Option<u64>) -> String {
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let share = (done as f64 / total as f64).min(1.0);
            format!("downloading {}", format::whole_percent(share))
        }
        None => format!("downloading {}", format::bytes(done)),
    }
}

fn to_download(row: &NetworkRow) -> String {
    let size = row.file_bytes.map_or_else(String::new, format::bytes);
    format!("{size} to download")
}
