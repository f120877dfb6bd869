//! What a start would do, or why nothing can be started.

use std::collections::{BTreeMap, BTreeSet};

use super::is_worked_on;
use super::plan::network_of;
use super::progress::ProgressView;
use super::rows::NetworkRow;
use crate::app::core::state::{Scan, State};
use crate::format;
use crate::shootout::{EntryState, ShootoutEntry, ShootoutPlan, ShootoutReport};

/// What a start would do.
#[derive(Debug, Clone, PartialEq)]
pub struct StartView {
    /// `Start`, `Go on`.
    pub words: &'static str,
    /// As the shoot-out calls them, in the order in which they are computed.
    pub networks: Vec<String>,
    /// Why nothing can be started now.
    pub obstacle: Option<String>,
    pub has_pictures: bool,
    /// `6 networks, about 4 min`
    pub sentence: String,
    /// Networks whose weights would be downloaded: `ResNet-50 (98 MB, BSD-3-Clause)`.
    pub downloads: Vec<String>,
    pub download_bytes: u64,
    /// What must be known of licences before anything is computed.
    pub restrictions: Vec<String>,
}

pub(super) fn start(
    state: &State,
    report: Option<&ShootoutReport>,
    rows: &[NetworkRow],
    plan: Result<ShootoutPlan, String>,
    progress: &ProgressView,
) -> StartView {
    let choice = &state.shootout.choice;
    let is_other = report.is_some_and(|report| {
        report.metric != choice.metric || report.folds != choice.folds as usize
    });
    let has_results = progress.counts[0] > 0;
    let (entries, problem) = match plan {
        Ok(plan) => (plan.entries, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let row_of: BTreeMap<&str, &NetworkRow> =
        rows.iter().map(|row| (row.network.as_str(), row)).collect();
    let mut todo: Vec<&ShootoutEntry> = Vec::new();
    let mut seconds = 0.0;
    let mut downloads = Vec::new();
    let mut download_bytes = 0;
    let mut restrictions = Vec::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.state == EntryState::Waiting)
    {
        let network = network_of(&entry.backbone, &entry.source);
        let Some(row) = row_of.get(network.as_str()) else {
            continue;
        };
        if row.entry.is_some() && !is_other {
            continue;
        }
        todo.push(entry);
        seconds += entry.estimated_seconds.unwrap_or(0.0);
        if !row.is_here {
            download_bytes += row.file_bytes.unwrap_or(0);
            let size = row.file_bytes.map_or_else(String::new, format::bytes);
            downloads.push(format!("{} ({size}, {})", row.title, row.licence));
        }
        restrictions.extend(row.restriction.clone());
    }
    let is_none_chosen = choice.networks.as_ref().is_some_and(BTreeSet::is_empty);
    let obstacle = if !state.has_pictures() {
        Some("Choose pictures first".to_owned())
    } else if let Some(problem) = problem {
        Some(problem)
    } else if progress.is_live_elsewhere {
        Some("Networks are being compared on other pictures: wait, or stop that".to_owned())
    } else if !progress.is_live && report.is_some_and(is_worked_on) {
        let text =
            "Another process compares networks on these pictures: wait for it, or stop it there";
        Some(text.to_owned())
    } else {
        match &state.scan {
            Scan::Done { .. } if is_none_chosen => {
                Some("Choose networks in the table first".to_owned())
            }
            Scan::Done { .. } if todo.is_empty() && progress.left_out > 0 => {
                Some("The budget is too small for what is left: allow more time".to_owned())
            }
            Scan::Done { .. } if todo.is_empty() && has_results => {
                Some("Every chosen network is compared".to_owned())
            }
            Scan::Done { .. } if todo.is_empty() => Some(
                "The weights of no chosen network are on this machine: download them first"
                    .to_owned(),
            ),
            Scan::Done { .. } => None,
            Scan::Failed(reason) => Some(reason.clone()),
            Scan::Running { .. } | Scan::None => {
                Some("The pictures are being looked through".to_owned())
            }
        }
    };
    let sentence = match todo.len() {
        0 => String::new(),
        count => format!(
            "{}, {}",
            format::count(count, "network", "networks"),
            format::estimate(seconds)
        ),
    };
    StartView {
        words: match has_results {
            true => "Go on",
            false => "Start",
        },
        networks: entries
            .iter()
            .map(|entry| network_of(&entry.backbone, &entry.source))
            .collect(),
        obstacle,
        has_pictures: state.has_pictures(),
        sentence,
        downloads,
        download_bytes,
        restrictions,
    }
}
