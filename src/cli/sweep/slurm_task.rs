//! `graft sweep run`, as a task of Slurm.

use std::path::Path;

use crate::cli::output;
use crate::cli::stopped::Stopped;
use crate::slurm::task::{Outcome, Task};

/// Does the work of a task on the sweep in `out`; stopped, it has Slurm queue the task again. Where this process is no task
/// of Slurm, it is the work alone.
pub(super) fn carry_out(
    out: &Path,
    work: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(task) = Task::begin(out)? else {
        return work();
    };
    output::warn(&task.begin_line());
    if task.is_cancelled() {
        output::warn("It was cancelled while it waited to go on: there is nothing to do.");
        task.end(Outcome::Finished)?;
        return Ok(());
    }
    let result = work();
    let outcome = match &result {
        Ok(()) => Outcome::Finished,
        Err(error) if error.is::<Stopped>() => Outcome::Stopped,
        Err(error) => Outcome::Failed(output::sentence(error)),
    };
    // What came of the work counts, whether or not it could be noted.
    match task.end(outcome) {
        Ok(said) => said.into_iter().for_each(|said| output::warn(&said)),
        Err(error) => output::warn(&format!("warning: {error}")),
    }
    result
}
