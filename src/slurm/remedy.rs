//! What to do about what Slurm refuses.

/// What a word of Slurm's means for a person, by what its message holds in lower case. The first that fits counts.
const REMEDIES: [(&str, &str); 25] = [
    (
        "invalid partition",
        "“sinfo” lists the partitions of this cluster: name one by --partition",
    ),
    (
        "no partition specified",
        "This cluster has no usual partition: “sinfo” lists them; name one by --partition",
    ),
    (
        "maxsubmit",
        "There may be no more jobs of yours in the queue: let each task train more cells (--cells-per-task), or submit again when \
         some have ended",
    ),
    (
        "violates accounting",
        "What is asked for is more than your account or quality of service allows: ask for less, let each task train more cells \
         (--cells-per-task), or name another --account or --qos",
    ),
    (
        "time limit specification required",
        "This cluster wants to know how long a task may take: say --time",
    ),
    (
        "time limit",
        "“sinfo -o \"%P %l\"” shows how long jobs may take in each partition: choose a shorter --time or another --partition. A task \
         that runs out of time goes on where it was saved",
    ),
    (
        "--time specification",
        "Write the time as minutes, hours:minutes:seconds or days-hours:minutes:seconds",
    ),
    (
        "memory specification",
        "No node of the partition has that much memory: choose a smaller --mem (“sinfo -o \"%P %m\"” shows megabytes for each \
         partition)",
    ),
    (
        "--mem specification",
        "Write the memory with its unit, such as 16G",
    ),
    (
        "invalid generic resource",
        "The partition has no such graphics cards: “sinfo -o \"%P %G\"” shows what it has; name another --partition, write --gpus \
         as it is shown there (such as a100:1), or leave --gpus out",
    ),
    (
        "node configuration is not available",
        "No node of the partition has all that is asked for at once: ask for fewer --cpus, less --mem or fewer --gpus",
    ),
    (
        "invalid account",
        "Name an account that you may use with this partition by --account (“sacctmgr show associations user=$USER” lists them)",
    ),
    (
        "invalid qos",
        "Name a quality of service that you may use by --qos (“sacctmgr show associations user=$USER format=account,qos” lists them)",
    ),
    (
        "invalid feature",
        "“sinfo -o \"%P %f\"” shows what nodes are called: name such a feature by --constraint",
    ),
    (
        "invalid job array",
        "This cluster allows no such array: let each task train more cells (--cells-per-task)",
    ),
    (
        "max_array_size",
        "This cluster allows no such array: let each task train more cells (--cells-per-task)",
    ),
    (
        "unrecognized option",
        "“sbatch --help” lists the options of this cluster’s Slurm",
    ),
    (
        "unable to contact slurm controller",
        "The cluster’s controller is down or being restarted: try again later",
    ),
    (
        "socket timed out",
        "The cluster’s controller is busy. Whether it took the job, “squeue” tells; try again later",
    ),
    (
        "access/permission denied",
        "You may not do this: ask who runs the cluster for access to the partition or account",
    ),
    (
        "authentication",
        "This machine can’t show the cluster who you are (its munge does not run, or has another key): log in where sbatch works, \
         or tell who runs the cluster",
    ),
    (
        "configuration source",
        "This machine does not know its cluster: set SLURM_CONF, or log in where sbatch works",
    ),
    (
        "process configuration file",
        "This machine does not know its cluster: set SLURM_CONF, or log in where sbatch works",
    ),
    (
        "invalid user id",
        "The cluster does not know you yet: ask who runs it",
    ),
    (
        "accounting storage is disabled",
        "This cluster keeps no accounts of jobs that have ended",
    ),
];

/// What to do about what Slurm said, a whole sentence without its full stop.
pub(super) fn of(words: &str) -> Option<String> {
    let words = words.to_lowercase();
    REMEDIES
        .iter()
        .find(|(part, _)| words.contains(part))
        .map(|(_, remedy)| (*remedy).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Said by Slurm 22.05, all but two that no cluster here could be made to say.
    #[test]
    fn what_slurm_says_has_a_remedy() {
        for (words, remedy) in [
            (
                "invalid partition specified: nowhere; Batch job submission failed: Invalid partition name specified",
                "--partition",
            ),
            ("Invalid --time specification", "hours:minutes:seconds"),
            (
                "Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
                "shorter --time",
            ),
            (
                "Memory specification can not be satisfied; Batch job submission failed: Requested node configuration is not available",
                "smaller --mem",
            ),
            ("Invalid generic resource (gres) specification", "a100:1"),
            (
                "Batch job submission failed: Invalid feature specification",
                "--constraint",
            ),
            (
                "Batch job submission failed: Invalid job array specification",
                "--cells-per-task",
            ),
            ("Invalid --mem specification", "16G"),
            (
                "AssocMaxSubmitJobLimit; Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
                "--cells-per-task",
            ),
            (
                "Batch job submission failed: Invalid account or account/partition combination specified",
                "--account",
            ),
            (
                "Unable to contact slurm controller (connect failure)",
                "later",
            ),
            (
                "Batch job submission failed: Time limit specification required, but not provided",
                "say --time",
            ),
            (
                "Batch job submission failed: No partition specified or system default partition",
                "no usual partition",
            ),
            (
                "If munged is up, restart with --num-threads=10; Munge encode failed: Failed to access \"/run/munge/munge.socket.2\": \
                 Permission denied (Did you start munged?); slurm_send_node_msg: auth_g_create: REQUEST_JOB_INFO has authentication \
                 error; Protocol authentication error",
                "munge",
            ),
            (
                "s_p_parse_file: cannot stat file /nowhere: No such file or directory, retrying in 1sec up to 60sec; ClusterName needs \
                 to be specified; Unable to process configuration file",
                "set SLURM_CONF",
            ),
            (
                "resolve_ctls_from_dns_srv: res_nsearch error: Unknown host; fetch_config: DNS SRV lookup failed; \
                 _establish_config_source: failed to fetch config; Could not establish a configuration source",
                "set SLURM_CONF",
            ),
        ] {
            assert!(
                of(words).is_some_and(|told| told.contains(remedy)),
                "{words}"
            );
        }
        assert_eq!(of("something new"), None);
    }
}
