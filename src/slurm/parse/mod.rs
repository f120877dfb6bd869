//! What Slurm's programs print, as data. Whatever stands there, nothing here panics; what is not understood is left out.

pub(super) mod log;
pub(super) mod sacct;
pub(super) mod scontrol;
pub(super) mod squeue;

#[cfg(test)]
mod tests;

/// An array's job and one of its tasks: `12_3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    pub job: String,
    pub index: u32,
}

impl TaskId {
    pub(super) fn new(job: &str, index: u32) -> Self {
        Self {
            job: job.to_owned(),
            index,
        }
    }

    /// Of `12_3`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (job, index) = text.split_once('_')?;
        is_number(job).then_some(())?;
        Some(Self::new(job, index.parse().ok()?))
    }
}

impl std::fmt::Display for TaskId {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}_{}", self.job, self.index)
    }
}

/// Whether `text` can be the number of a job: what comes from a file or a program's answer becomes an argument and part of
/// a file's name.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Exit status and signal of `75:0`.
fn exit(text: &str) -> Option<(u32, u32)> {
    let (status, signal) = text.split_once(':')?;
    Some((status.parse().ok()?, signal.parse().ok()?))
}
