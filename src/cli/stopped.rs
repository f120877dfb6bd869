//! Work that was stopped before it was done, and goes on when its command is given again.

/// Why, and what stands.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Stopped(pub String);

/// EX_TEMPFAIL of `sysexits.h`: whoever queues tasks may begin this one again.
const TRY_AGAIN: u8 = 75;

/// With which status a command ends that failed so.
pub fn exit_status(error: &anyhow::Error) -> u8 {
    match error.is::<Stopped>() {
        true => TRY_AGAIN,
        false => 1,
    }
}
