//! Submitting a sweep: what is unfinished, and not under way already, as arrays.

mod array;
mod left;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::adopt::{adopt, queue};
use super::command::ask;
use super::error::SlurmError;
use super::folder::Folder;
use super::jobs::Jobs;
use super::parse::scontrol;
use super::partition::{self, Array, Part, any_parts, arrays};
use super::resources::Resources;
use super::script::Script;
use super::status::alive;
use crate::format;
use crate::sweep::{CellState, Plan, StatusReader};

use array::submit_array;
use left::{alive_workers, left, under_way};

/// Slurm's own default of `MaxArraySize`, where a cluster does not say.
const ARRAY_SIZE: u32 = 1001;

/// A sweep that is to be submitted.
#[derive(Debug, Clone)]
pub struct SubmitRequest {
    pub plan: Arc<Plan>,
    /// The sweep's file.
    pub file: PathBuf,
    /// Pictures that are taken instead of the base's.
    pub data: Option<PathBuf>,
    pub out: PathBuf,
    /// The `graft` that tasks start.
    pub program: PathBuf,
    pub resources: Resources,
    /// So many tasks run at the same time at most.
    pub at_once: Option<u32>,
    pub cells_per_task: u32,
    /// Also what has failed before.
    pub again: bool,
    /// How often a task may queue itself again.
    pub requeues: u32,
    /// The scripts are written and not submitted.
    pub dry_run: bool,
}

/// What was submitted, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Submitted {
    pub jobs: Vec<SubmittedJob>,
    /// Cells of `jobs`.
    pub cells: usize,
    /// Cells that need no more work.
    pub finished: usize,
    /// Cells that have failed for reasons of their own, and are tried again only if asked for.
    pub failed: usize,
    /// Cells whose tasks wait or run already.
    pub under_way: usize,
    /// Cells that another process works on: a window, or `graft sweep run`.
    pub elsewhere: usize,
    /// What a person should know, as whole sentences.
    pub remarks: Vec<String>,
}

/// One array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedJob {
    /// `None` where it was only written.
    pub id: Option<String>,
    pub script: PathBuf,
    pub tasks: usize,
}

/// Submits what is left of a sweep, and returns at once.
///
/// # Errors
/// In Slurm's words when it refuses; what was submitted before that is kept.
pub fn submit(request: &SubmitRequest) -> Result<Submitted, SlurmError> {
    if !request.dry_run && !super::is_available() {
        return Err(SlurmError::NotInstalled("sbatch"));
    }
    let request = &with_absolute_paths(request)?;
    let folder = Folder::of(&request.out);
    let _lock = folder.lock()?;
    let mut jobs = Jobs::read(&folder)?;
    // Scripts may be written where Slurm is not.
    let rows = match super::is_available() {
        true => queue()?,
        false => Vec::new(),
    };
    if adopt(&mut jobs, &folder, &rows) {
        jobs.write(&folder)?;
    }
    let alive = alive(&rows);
    let states = StatusReader::new(request.plan.clone(), &request.out).read();
    let states: Vec<CellState> = states.into_iter().map(|status| status.state).collect();
    let (mut submitted, open) = left(request, &states, &under_way(&jobs, &folder, &alive));
    let workers = alive_workers(&jobs, &folder, &alive);
    let (of, parts) = wanted(request, &open, workers, &mut submitted);
    let size = array_size(request)?;
    let arrays = arrays(parts, size);
    if arrays.len() > 1 && request.at_once.is_some() {
        submitted.remarks.push(format!(
            "This cluster allows {} tasks in an array at most: there are {} arrays, each of which begins when the one before has ended.",
            format::thousands(u64::from(size)),
            arrays.len()
        ));
    }
    for array in arrays {
        let job = submit_array(
            request,
            &folder,
            &mut jobs,
            of,
            &array,
            submitted.jobs.last(),
        )?;
        submitted.jobs.push(job);
    }
    Ok(submitted)
}

/// The script that [`submit`] would write for a sweep of which nothing is trained yet; nothing is asked, written or
/// submitted.
///
/// # Errors
/// Naming what can't stand in a script.
pub fn preview(request: &SubmitRequest) -> Result<String, SlurmError> {
    let request = &with_absolute_paths(request)?;
    let folder = Folder::of(&request.out);
    let open = vec![true; request.plan.cells.len()];
    let (of, parts) = wanted(request, &open, 0, &mut Submitted::default());
    let arrays = arrays(parts, ARRAY_SIZE);
    let array = arrays
        .first()
        .ok_or_else(|| SlurmError::Request("this sweep has no cells".to_owned()))?;
    text(request, &folder, of, array)
}

fn with_absolute_paths(request: &SubmitRequest) -> Result<SubmitRequest, SlurmError> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| SlurmError::file(path, error.to_string()))
    };
    let data = request.data.as_deref().map(absolute).transpose()?;
    // A sweep that comes with Graft is known by its name alone.
    let file = match request.file.is_file() {
        true => absolute(&request.file)?,
        false => request.file.clone(),
    };
    Ok(SubmitRequest {
        file,
        out: absolute(&request.out)?,
        program: absolute(&request.program)?,
        data,
        ..request.clone()
    })
}

/// The parts to submit, and of how many.
fn wanted(
    request: &SubmitRequest,
    open: &[bool],
    alive_workers: u32,
    submitted: &mut Submitted,
) -> (u32, Vec<Part>) {
    let count = open.iter().filter(|open| **open).count();
    let (of, parts) = partition::parts(&request.plan, open, request.cells_per_task);
    if !request.plan.sweep.strategy.takes_any_cell() {
        submitted.cells = count;
        return (of, parts);
    }
    // As many as have something to do at the beginning.
    let most = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    let workers = request.at_once.unwrap_or(most).min(most);
    let new = workers.saturating_sub(alive_workers);
    if alive_workers > 0 {
        submitted.remarks.push(format!(
            "{} of this sweep wait or run already, and take whatever cell there is.",
            format::plural(u64::from(alive_workers), "task", "tasks")
        ));
    }
    submitted.cells = if new > 0 { count } else { 0 };
    (workers.max(1), any_parts(new))
}

/// How many tasks an array may have.
fn array_size(request: &SubmitRequest) -> Result<u32, SlurmError> {
    if request.dry_run && !super::is_available() {
        return Ok(ARRAY_SIZE);
    }
    let answer = ask("scontrol", &["show", "config"])?;
    match scontrol::setting(&answer.text, "MaxArraySize") {
        Some(size) if size < 2 => Err(SlurmError::Request(
            "this cluster allows no arrays (its MaxArraySize is 0): ask who runs it".to_owned(),
        )),
        size => Ok(size.unwrap_or(ARRAY_SIZE)),
    }
}

fn text(
    request: &SubmitRequest,
    folder: &Folder,
    of: u32,
    array: &Array,
) -> Result<String, SlurmError> {
    let indices: Vec<u32> = array.tasks.keys().copied().collect();
    let script = Script {
        name: &request.plan.sweep.name,
        program: &request.program,
        sweep: &request.file,
        data: request.data.as_deref(),
        out: &request.out,
        logs: &folder.logs(),
        indices: &indices,
        first: array.first,
        of,
        at_once: request.at_once,
        again: request.again,
        requeues: request.requeues,
        resources: &request.resources,
    };
    script.text()
}
