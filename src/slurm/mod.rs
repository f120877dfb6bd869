//! A sweep on a cluster: an array of Slurm whose tasks train the cells.
//!
//! ```text
//! OUT/.sweep/slurm/
//!     job.sh, job-2.sh, …      the scripts that were submitted
//!     jobs.json                which job came of which script, and which cells its tasks train
//!     lock                     held while something is submitted or cancelled
//!     logs/<job>_<task>.txt    what the task said, and what Slurm said of it
//!     tasks/<job>_<task>-<restart>.json   what the task itself knew of its end
//!     cancelled/<job>_<task>   that a person cancelled it: it is not queued again
//! ```
//!
//! A task trains its part of the cells (`graft sweep run … --task I --of N`). Before its time is over, or when it has to make
//! way, Slurm sends it a signal; it saves, and has Slurm queue it again ([`task`]). How tasks stand is what Slurm says
//! (`squeue`, `sacct` where accounting is on, `scontrol`), then what their logs and they themselves say.

mod adopt;
mod cancel;
mod command;
mod ended;
mod error;
mod folder;
mod indices;
mod jobs;
mod logs;
mod parse;
mod partition;
mod reasons;
mod record;
mod remedy;
mod resources;
mod script;
mod status;
mod submit;
pub mod task;

pub use cancel::{Cancelled, cancel};
pub use ended::Ended;
pub use error::SlurmError;
pub use logs::{LogTail, log_tail};
pub use reasons::reason_in_words;
pub use resources::Resources;
pub use status::{TaskState, TaskStatus, remedies, status};
pub use submit::{SubmitRequest, Submitted, SubmittedJob, preview, submit};

/// Whether arrays can be submitted from this machine: whether there is a `sbatch` to start.
pub fn is_available() -> bool {
    command::exists("sbatch")
}
