//! Recorded answers of Slurm, and answers of nobody.

use proptest::prelude::*;

use super::scontrol::Job;
use super::{TaskId, log, sacct, scontrol, squeue};
use crate::slurm::ended::Ended;

/// Of Slurm 22.05: `%N` and `%S` are empty or `N/A` where nothing is known.
const SQUEUE: &str = "\
1|2|PENDING|JobArrayTaskLimit||N/A|/home/me/out/.sweep/slurm/job.sh
1|0|RUNNING|None|vm|2026-11-30T03:57:49|/home/me/out/.sweep/slurm/job.sh
4|0|FAILED|NonZeroExitCode|vm|2026-11-30T03:58:04|/home/me/a|b/.sweep/slurm/job-2.sh
4|1|PENDING|BeginTime||2026-11-30T04:00:57|/home/me/a|b/.sweep/slurm/job-2.sh
6|N/A|RUNNING|None|vm|2026-11-30T03:58:07|(null)
";

#[test]
fn the_queue_is_read() {
    let rows = squeue::parse(SQUEUE);
    assert_eq!(rows.len(), 4, "a job that is no array is left out");
    assert_eq!(rows[0].id, TaskId::new("1", 2));
    assert_eq!(
        (rows[0].state.as_str(), rows[0].reason.as_str()),
        ("PENDING", "JobArrayTaskLimit")
    );
    assert_eq!((&rows[0].node, &rows[0].start), (&None, &None));
    assert_eq!(rows[1].node.as_deref(), Some("vm"));
    assert_eq!(rows[2].command, "/home/me/a|b/.sweep/slurm/job-2.sh");
    assert_eq!(rows[3].start.as_deref(), Some("2026-11-30T04:00:57"));
}

/// Of Slurm 22.05 with accounting; the lines of tasks 5 to 8 in the same form, of states that could not be brought about
/// here, and of a step.
const SACCT: &str = "\
1_0|COMPLETED|0:0|vm
1_1|FAILED|3:0|vm
1_2|FAILED|0:9|vm
1_3|NODE_FAIL|0:0|vm
1_4|CANCELLED by 0|0:0|vm
1_5|OUT_OF_MEMORY|0:125|node-02
1_5.batch|OUT_OF_MEMORY|0:125|node-02
1_6|TIMEOUT|0:0|node-01
1_7|PREEMPTED|0:0|node-01
1_8|FAILED|75:0|node-01
1_9|RUNNING|0:0|vm
1_[10-11,13%3]|PENDING|0:0|None assigned
1_12|PENDING|0:0|None assigned
13|COMPLETED|0:0|vm
";

#[test]
fn accounts_are_read() {
    let rows = sacct::parse(SACCT);
    let failed = |status| {
        Some(Ended::Failed {
            status,
            reason: None,
        })
    };
    let ends: Vec<_> = rows
        .iter()
        .map(|row| (row.id.index, Ended::from_state(&row.state, row.exit)))
        .collect();
    assert_eq!(
        ends,
        [
            (0, Some(Ended::Finished)),
            (1, failed(3)),
            (2, Some(Ended::Killed { signal: 9 })),
            (3, Some(Ended::NodeFailed)),
            (4, Some(Ended::Cancelled)),
            (5, Some(Ended::OutOfMemory)),
            (6, Some(Ended::OutOfTime)),
            (7, Some(Ended::Preempted)),
            (8, failed(75)),
            (9, None),
            (10, None),
            (11, None),
            (13, None),
            (12, None),
        ]
    );
    assert_eq!(rows[0].node.as_deref(), Some("vm"));
    assert_eq!(rows[10].node, None);
    assert!(sacct::parse("Slurm accounting storage is disabled").is_empty());
}

/// Of Slurm 22.05: running; cancelled, while it saves; out of time, while it saves; told to make way, by a partition whose
/// jobs are not queued again; queued again by Slurm, while it saves; waiting with others.
const SCONTROL: &str = "\
JobId=2 ArrayJobId=1 ArrayTaskId=0 ArrayTaskThrottle=2 JobName=a name, with: things UserId=root(0) Priority=4294901759 JobState=RUNNING Reason=None Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 PreemptEligibleTime=2026-11-30T03:57:49 PreemptTime=None NodeList=vm Command=/tmp/job.sh Power= 
JobId=7 ArrayJobId=7 ArrayTaskId=1 JobName=can.sh JobState=COMPLETING Reason=None Requeue=1 Restarts=0 ExitCode=0:0 PreemptEligibleTime=2026-11-30T03:58:46 PreemptTime=None NodeList=vm
JobId=10 ArrayJobId=9 ArrayTaskId=0 JobName=tim.sh JobState=COMPLETING Reason=TimeLimit Requeue=1 Restarts=0 ExitCode=0:0 PreemptTime=None NodeList=vm
JobId=15 ArrayJobId=14 ArrayTaskId=0 JobName=pm.sh JobState=COMPLETING Reason=None Requeue=1 Restarts=0 ExitCode=0:0 PreemptEligibleTime=2026-11-30T04:02:23 PreemptTime=2026-11-30T04:02:26 NodeList=vm
JobId=12 ArrayJobId=11 ArrayTaskId=0 JobName=pm.sh JobState=COMPLETING Reason=None Requeue=1 Restarts=1 ExitCode=0:0 Deadline=N/A NodeList=vm
JobId=11 ArrayJobId=11 ArrayTaskId=1-3%2 JobName=pm.sh JobState=PENDING Reason=Priority Requeue=1 Restarts=0 ExitCode=0:0
";

#[test]
fn the_controllers_memory_is_read() {
    let jobs = scontrol::jobs(SCONTROL);
    let job = |job: &str, index, state: &str, reason: &str, restarts, is_preempted| Job {
        id: TaskId::new(job, index),
        state: state.to_owned(),
        reason: reason.to_owned(),
        restarts,
        exit: Some((0, 0)),
        is_preempted,
    };
    assert_eq!(
        jobs,
        [
            job("1", 0, "RUNNING", "None", 0, false),
            job("7", 1, "COMPLETING", "None", 0, false),
            job("9", 0, "COMPLETING", "TimeLimit", 0, false),
            job("14", 0, "COMPLETING", "None", 0, true),
            job("11", 0, "COMPLETING", "None", 1, false),
        ]
    );
    let config = "JobRequeue              = 1\nKillWait                = 5 sec\nMaxArraySize            = 1001\n";
    assert_eq!(scontrol::setting(config, "MaxArraySize"), Some(1001));
    assert_eq!(scontrol::setting(config, "KillWait"), Some(5));
    assert_eq!(scontrol::setting(config, "ArraySize"), None);
}

#[test]
fn a_log_says_why_slurm_ended_a_task() {
    let line = |cause: &str| {
        format!(
            "slurmstepd-vm: error: *** JOB 10 ON vm CANCELLED AT 2026-11-30T04:00:37{cause} ***\n"
        )
    };
    for (cause, ended) in [
        (" DUE TO TIME LIMIT", Some(Ended::OutOfTime)),
        (" DUE TO PREEMPTION", Some(Ended::Preempted)),
        (
            " DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS",
            Some(Ended::NodeFailed),
        ),
        (" DUE TO JOB REQUEUE", None),
        ("", Some(Ended::Cancelled)),
    ] {
        assert_eq!(log::ended(&line(cause)), ended, "{cause}");
    }
    for line in [
        "slurmstepd: error: Detected 1 oom-kill event(s) in step 370626.batch cgroup. Some of your processes may have been killed by the cgroup out-of-memory handler.",
        "slurmstepd-n1: error: Detected 1 oom_kill event in StepId=12.batch. Some of the step tasks have been OOM Killed.",
        "slurmstepd: error: Exceeded job memory limit",
        // From version 24.11 on.
        "[2026-02-04T18:04:54.583] error: Detected 1 oom_kill event in StepId=8613706.batch. Some of the step tasks have been OOM Killed.",
        // Of Slurm 22.05 with OverMemoryKill, whose last word may be that the task is cancelled.
        "slurmstepd-vm: error: StepId=1.batch exceeded memory limit (323047424 > 314572800), being killed\n\
         slurmstepd-vm: error: *** JOB 1 ON vm CANCELLED AT 2026-12-01T01:42:55 ***\n",
    ] {
        assert_eq!(log::ended(line), Some(Ended::OutOfMemory), "{line}");
    }
    let newer = |cause: &str| {
        format!(
            "[2026-04-26T18:51:11.802] error: *** JOB 7 ON n1 CANCELLED AT 2026-04-26T18:51:11 {cause} ***\n"
        )
    };
    for (cause, ended) in [
        ("DUE TO TIME LIMIT", Ended::OutOfTime),
        ("DUE TO PREEMPTION", Ended::Preempted),
        ("DUE to SIGNAL Terminated", Ended::Cancelled),
    ] {
        assert_eq!(log::ended(&newer(cause)), Some(ended), "{cause}");
    }
    // What was said of an earlier try, and what the program says, does not count.
    let again = format!(
        "{}Task 12_3, try 2, on n1\nepoch 4\n",
        line(" DUE TO PREEMPTION")
    );
    assert_eq!(log::ended(&again), None);
    assert_eq!(
        log::ended("a picture was CANCELLED AT noon DUE TO TIME LIMIT\n"),
        None
    );
    for own in [
        "[2026-04-26T18:51:11Z ERROR graft] error: out of memory",
        "[] error: out of memory",
        "[train] error: out of memory",
    ] {
        assert_eq!(log::ended(own), None, "{own}");
    }
}

#[test]
fn ids_are_numbers() {
    assert_eq!(TaskId::parse("12_3"), Some(TaskId::new("12", 3)));
    for text in [
        "12",
        "_3",
        "12_",
        "12_3.batch",
        "-1_3",
        "../12_3",
        "12_[3-4]",
    ] {
        assert_eq!(TaskId::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(\\PC{0,30}\n?){0,6}") {
        squeue::parse(&text);
        sacct::parse(&text);
        scontrol::jobs(&text);
        scontrol::setting(&text, "MaxArraySize");
        log::ended(&text);
        TaskId::parse(&text);
    }

    #[test]
    fn recorded_answers_may_be_damaged(at in 0usize..2000, with in "[\\PC\n]{0,3}", cut in 0usize..9) {
        for recorded in [SQUEUE, SACCT, SCONTROL] {
            let letters: Vec<char> = recorded.chars().collect();
            let at = at.min(letters.len());
            let end = at.saturating_add(cut).min(letters.len());
            let text: String = letters[..at].iter().copied().chain(with.chars()).chain(letters[end..].iter().copied()).collect();
            squeue::parse(&text);
            sacct::parse(&text);
            scontrol::jobs(&text);
        }
    }
}
