//! What Slurm writes into a task's own log when it ends it. The log is there when nobody else remembers.

use crate::slurm::ended::Ended;

/// How a try of a task begins in its log, before the task's number.
pub const BEGIN: &str = "Task ";

/// Why the last try of a task ended, from the end of its log; `None` where Slurm wrote nothing.
///
/// That a job is queued again is no end.
pub fn ended(text: &str) -> Option<Ended> {
    let mut found = None;
    for line in text.lines() {
        if line.starts_with(BEGIN) {
            // What stands above is of an earlier try.
            found = None;
        }
        if is_of_slurm(line) {
            found = match (of_line(line), found) {
                // With older ways to watch over memory, Slurm says why and then that it has cancelled the task.
                (Some(Ended::Cancelled), Some(Ended::OutOfMemory)) => Some(Ended::OutOfMemory),
                (said, found) => said.or(found),
            };
        }
    }
    found
}

/// Whether Slurm wrote a line: `slurmstepd-node7: error: …`, or, from version 24.11 on,
/// `[2026-01-31T12:00:00.123] error: …`.
fn is_of_slurm(line: &str) -> bool {
    if line.starts_with("slurmstepd") {
        return true;
    }
    let stamped = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] error: "));
    stamped.is_some_and(|(time, _)| {
        !time.is_empty()
            && time
                .bytes()
                .all(|sign| sign.is_ascii_digit() || b"-T:.".contains(&sign))
    })
}

fn of_line(line: &str) -> Option<Ended> {
    let line = line.to_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| line.contains(word));
    if holds(&[
        "oom_kill",
        "oom-kill",
        "out of memory",
        "exceeded job memory",
        "exceeded memory limit",
    ]) {
        return Some(Ended::OutOfMemory);
    }
    if !line.contains(" cancelled at ") {
        return None;
    }
    let Some((_, cause)) = line.split_once(" due to ") else {
        return Some(Ended::Cancelled);
    };
    match cause {
        cause if cause.starts_with("time limit") => Some(Ended::OutOfTime),
        cause if cause.starts_with("preemption") => Some(Ended::Preempted),
        cause if cause.starts_with("node failure") => Some(Ended::NodeFailed),
        cause if cause.starts_with("job requeue") => None,
        _ => Some(Ended::Cancelled),
    }
}
