//! Why a task ended, whoever says it.

use std::fmt;

use serde::Serialize;

/// What Slurm notes in place of a signal where the kernel has ended a process because memory ran out (`SIG_OOM`).
const OUT_OF_MEMORY: u32 = 125;

/// Why a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Ended {
    /// It came to its end: its cells are trained, or failed for reasons of their own.
    Finished,
    /// Its node died.
    NodeFailed,
    /// It had to make way for another job, and was not queued again.
    Preempted,
    /// It took more memory than it had asked for.
    OutOfMemory,
    /// It took longer than it had asked for.
    OutOfTime,
    /// A person, or who runs the cluster, cancelled it.
    Cancelled,
    /// By a signal that the task was not prepared for, such as 9 (KILL).
    Killed { signal: u32 },
    /// With an exit status that is not 0; what it said itself.
    Failed { status: u32, reason: Option<String> },
    /// It was stopped, saved, and could not be queued again.
    NotQueuedAgain(String),
    /// Nobody knows any more.
    Unknown,
}

impl Ended {
    /// Of a state in Slurm's words, such as `CANCELLED by 1000`; `None` for one in which a job has not ended.
    ///
    /// `exit`: its exit status and signal, where known.
    pub(super) fn from_state(state: &str, exit: Option<(u32, u32)>) -> Option<Self> {
        // Cut off in a table: `CANCELLED+`, `OUT_OF_ME+`; with what is done about it, in newer answers: `FAILED,SPECIAL_EXIT`.
        let state = state.split([' ', '+', ',']).next().unwrap_or_default();
        Some(match state {
            "COMPLETED" => Self::Finished,
            "NODE_FAIL" | "BOOT_FAIL" => Self::NodeFailed,
            "PREEMPTED" => Self::Preempted,
            "OUT_OF_MEMORY" | "OUT_OF_ME" => Self::OutOfMemory,
            "TIMEOUT" | "DEADLINE" => Self::OutOfTime,
            "CANCELLED" | "REVOKED" => Self::Cancelled,
            "FAILED" => match exit {
                Some((_, OUT_OF_MEMORY)) => Self::OutOfMemory,
                Some((_, signal)) if signal != 0 => Self::Killed { signal },
                // 128 and a signal's number, as a shell reports it.
                Some((status, _)) if status > 128 && status < 160 => Self::Killed {
                    signal: status - 128,
                },
                Some((status, _)) => Self::Failed {
                    status,
                    reason: None,
                },
                None => Self::Failed {
                    status: 1,
                    reason: None,
                },
            },
            _ => return None,
        })
    }

    /// Whether the task is done, and nothing is to be mended.
    pub fn is_finished(&self) -> bool {
        *self == Self::Finished
    }

    /// What to do about it, a whole sentence without its full stop.
    pub fn remedy(&self) -> Option<&'static str> {
        const AGAIN: &str = "Submit again: what is unfinished goes on where it was saved";
        match self {
            Self::Finished => None,
            Self::OutOfMemory => Some(
                "Submit again with more memory (--mem): what is unfinished goes on where it was saved",
            ),
            Self::OutOfTime => {
                Some("Submit again, with a longer time (--time) if that is possible")
            }
            Self::Failed { .. } => Some("Its log says more; submit again once that is mended"),
            Self::Killed { signal: 9 } => {
                Some("Submit again; if it was memory that ran out, with more of it (--mem)")
            }
            Self::NodeFailed
            | Self::Preempted
            | Self::Cancelled
            | Self::Killed { .. }
            | Self::NotQueuedAgain(_)
            | Self::Unknown => Some(AGAIN),
        }
    }
}

/// As the end of a sentence: “its node died”.
impl fmt::Display for Ended {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => to.write_str("came to its end"),
            Self::NodeFailed => to.write_str("its node died"),
            Self::Preempted => to.write_str("had to make way for another job"),
            Self::OutOfMemory => to.write_str("ran out of memory"),
            Self::OutOfTime => to.write_str("ran out of time"),
            Self::Cancelled => to.write_str("was cancelled"),
            Self::Killed { signal: 9 } => to.write_str("was killed (signal 9)"),
            Self::Killed { signal } => write!(to, "was ended by signal {signal}"),
            Self::Failed {
                reason: Some(reason),
                ..
            } => write!(to, "failed: {reason}"),
            Self::Failed { status, .. } => write!(to, "failed with exit status {status}"),
            Self::NotQueuedAgain(reason) => {
                write!(to, "was stopped and not queued again: {reason}")
            }
            Self::Unknown => to.write_str("Slurm does not remember why"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_slurm_are_told_apart() {
        for (state, exit, expected) in [
            ("COMPLETED", Some((0, 0)), Ended::Finished),
            ("CANCELLED by 1000", Some((0, 0)), Ended::Cancelled),
            ("CANCELLED+", None, Ended::Cancelled),
            ("OUT_OF_MEMORY", Some((0, 125)), Ended::OutOfMemory),
            ("FAILED", Some((0, 125)), Ended::OutOfMemory),
            ("TIMEOUT", Some((0, 0)), Ended::OutOfTime),
            ("TIMEOUT,REQUEUED", Some((0, 0)), Ended::OutOfTime),
            ("NODE_FAIL", Some((1, 0)), Ended::NodeFailed),
            ("PREEMPTED", Some((0, 0)), Ended::Preempted),
            ("FAILED", Some((0, 9)), Ended::Killed { signal: 9 }),
            ("FAILED", Some((137, 0)), Ended::Killed { signal: 9 }),
            (
                "FAILED",
                Some((1, 0)),
                Ended::Failed {
                    status: 1,
                    reason: None,
                },
            ),
        ] {
            assert_eq!(Ended::from_state(state, exit), Some(expected), "{state}");
        }
        for state in ["RUNNING", "PENDING", "COMPLETING", "", "REQUEUED"] {
            assert_eq!(Ended::from_state(state, None), None, "{state}");
        }
    }
}
