//! The one look at the test pictures, for the setting that was chosen.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tch::Device;

use super::cell::Cell;
use super::error::SweepError;
use super::folder::{SweepFolder, problem};
use super::plan::Plan;
use super::results::mean_score;
use crate::analysis::evaluate::{EvaluateRequest, Pictures, evaluate_run};
use crate::data::{Split, StopFlag};
use crate::evaluation::Score;
use crate::experiment::Precision;
use crate::ordinary_file::{self, Links};
use crate::runs::{RunError, atomic, tested};
use crate::training::events::TestMetrics;
use crate::training::metrics::Unit;

const FILE: &str = "tested.json";
const LARGEST: u64 = 16 << 20;

/// A setting whose runs were tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// Fields and their values, as RON text.
    pub settings: Vec<(String, String)>,
    /// Names of its cells.
    pub cells: Vec<String>,
    /// When the test pictures were looked at, in seconds since 1970, UTC.
    pub when: u64,
    /// One for each cell; empty where the test was begun and did not come to its end.
    pub metrics: Vec<TestMetrics>,
}

impl Tested {
    /// Mean accuracy on the test pictures with its 95 % interval: of the seeds' spread, of one seed by Wilson.
    pub fn accuracy(&self) -> Option<Score> {
        let values: Vec<f64> = self.metrics.iter().map(|test| test.accuracy).collect();
        let pictures = self.metrics.first()?.n as u64;
        mean_score(&values, Unit::Share, Some(pictures))
    }
}

/// What was tested of the sweep in `out`, the first first.
///
/// # Errors
/// When that can't be read: then nobody knows how often the test pictures were looked at.
pub fn tested(out: &Path) -> Result<Vec<Tested>, SweepError> {
    let path = SweepFolder::new(out).own_file(FILE);
    if !ordinary_file::is_there(&path) {
        return Ok(Vec::new());
    }
    let text = ordinary_file::read_to_string(&path, LARGEST, Links::Refused)
        .map_err(|error| problem(&path, "can’t be read", &error))?;
    serde_json::from_str(&text).map_err(|error| SweepError::Folder {
        reason: format!("which settings were tested can’t be understood ({error})"),
        path,
    })
}

/// Tests all runs of a group, which have come to their end, and keeps in their folders what an ordinary run keeps. That the
/// test pictures are looked at is written down first.
///
/// `progress` hears how many pictures of how many are done, for each cell.
///
/// # Errors
/// [`SweepError::Stopped`], and what keeps a run from being tested.
pub fn test(
    plan: &Plan,
    out: &Path,
    group: usize,
    device: Device,
    progress: &mut dyn FnMut(&Cell, usize, usize),
    stop: &StopFlag,
) -> Result<Tested, SweepError> {
    let folder = SweepFolder::new(out);
    folder.prepare()?;
    let cells: Vec<&Cell> = (plan.of_group(group))
        .filter_map(|index| plan.cells.get(index))
        .collect();
    let settings = cells.first().map_or(&[][..], |cell| &cell.settings);
    let mut now = Tested {
        settings: std::iter::zip(plan.fields.iter().cloned(), settings.iter().cloned()).collect(),
        cells: cells.iter().map(|cell| cell.name.clone()).collect(),
        when: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        metrics: Vec::new(),
    };
    keep(out, &now)?;
    for cell in cells {
        let run = folder.cell(&cell.name);
        tested::release(&run)?;
        let request = EvaluateRequest {
            folder: run.clone(),
            pictures: Pictures::Of(Split::Test),
            data: None,
            device,
            as_tested: false,
            precision: Precision::Auto,
        };
        let evaluated = evaluate_run(&request, &mut |done, all| progress(cell, done, all), stop)?;
        if let Some(problem) = evaluated.problems.first() {
            return Err(SweepError::Folder {
                reason: format!("a test picture can’t be used ({})", problem.reason),
                path: problem.path.clone(),
            });
        }
        now.metrics
            .push(tested::keep(&run, &evaluated.predictions)?);
    }
    keep(out, &now)?;
    Ok(now)
}

/// Writes one test down, in place of an earlier one of the same cells.
fn keep(out: &Path, now: &Tested) -> Result<(), SweepError> {
    let path = SweepFolder::new(out).own_file(FILE);
    let mut all = tested(out)?;
    match all.iter_mut().find(|known| known.cells == now.cells) {
        Some(known) => {
            known.metrics.clone_from(&now.metrics);
        }
        None => all.push(now.clone()),
    }
    let written = serde_json::to_vec_pretty(&all)
        .map_err(std::io::Error::other)
        .and_then(|bytes| atomic::write(&path, &bytes));
    written.map_err(|error| problem(&path, "can’t be written", &error))
}

impl From<RunError> for SweepError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Stopped => Self::Stopped,
            error => Self::Run(error),
        }
    }
}
