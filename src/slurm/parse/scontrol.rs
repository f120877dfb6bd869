//! `scontrol`: how the cluster is set up, and what it still knows of a job.

use super::{TaskId, exit, is_number};

/// A job that is in the controller's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: TaskId,
    pub state: String,
    pub reason: String,
    /// How often it was queued again.
    pub restarts: u32,
    pub exit: Option<(u32, u32)>,
    /// Whether it was told to make way for another job.
    pub is_preempted: bool,
}

/// The tasks of arrays in what `scontrol --oneliner show job` printed; those that wait together are left out.
pub fn jobs(text: &str) -> Vec<Job> {
    text.lines().filter_map(job).collect()
}

fn job(line: &str) -> Option<Job> {
    let id = TaskId::new(
        field(line, "ArrayJobId").filter(|job| is_number(job))?,
        field(line, "ArrayTaskId")?.parse().ok()?,
    );
    Some(Job {
        id,
        state: field(line, "JobState")?.to_owned(),
        reason: field(line, "Reason").unwrap_or_default().to_owned(),
        restarts: field(line, "Restarts").and_then(|count| count.parse().ok())?,
        exit: field(line, "ExitCode").and_then(exit),
        is_preempted: field(line, "PreemptTime").is_some_and(|time| time != "None"),
    })
}

/// The value of `name=value` in a line of such fields.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// A number in what `scontrol show config` printed: `MaxArraySize            = 1001`.
pub fn setting(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let (setting, value) = line.split_once('=')?;
        (setting.trim() == name).then_some(())?;
        value.split_whitespace().next()?.parse().ok()
    })
}
