//! Why a task waits, in plain words.

/// Slurm's reason, and what it means.
const REASONS: [(&str, &str); 26] = [
    (
        "JobArrayTaskLimit",
        "as many of the sweep run as are to run at once",
    ),
    ("Priority", "others are before it"),
    ("Resources", "for a free node"),
    (
        "BeginTime",
        "Slurm lets some time pass before it starts again",
    ),
    ("Dependency", "for tasks of this sweep that come before it"),
    (
        "DependencyNeverSatisfied",
        "for a job that has failed: it never starts; cancel it and submit again",
    ),
    (
        "JobHeldUser",
        "it was put on hold; “scontrol release” lets it go",
    ),
    ("JobHeldAdmin", "who runs the cluster has put it on hold"),
    (
        "launch failed requeued held",
        "its node could not start it, and it was put on hold; “scontrol release” lets it go",
    ),
    (
        "PartitionTimeLimit",
        "it asks for more time than its partition allows: it never starts; cancel it and submit again with a shorter --time",
    ),
    (
        "PartitionNodeLimit",
        "its partition does not have what it asks for: it never starts; cancel it and submit again with less",
    ),
    (
        "PartitionConfig",
        "its partition does not have what it asks for: it never starts; cancel it and submit again with less",
    ),
    (
        "BadConstraints",
        "no node has what it asks for: it never starts; cancel it and submit again with less",
    ),
    (
        "JobHoldMaxRequeue",
        "Slurm has started it again as often as this cluster allows, and put it on hold; “scontrol release” lets it go",
    ),
    (
        "MaxMemPerLimit",
        "it asks for more memory than its partition allows: it never starts; cancel it and submit again with less --mem",
    ),
    (
        "AccountNotAllowed",
        "its account may not use its partition: cancel it and submit again with another --account or --partition",
    ),
    (
        "QOSNotAllowed",
        "its quality of service may not use its partition: cancel it and submit again with another --qos or --partition",
    ),
    (
        "ReservationDeleted",
        "its reservation is gone: cancel it and submit again without it",
    ),
    ("PartitionDown", "its partition is down"),
    ("PartitionInactive", "its partition takes no jobs now"),
    ("NodeDown", "a node that it needs is down"),
    (
        "InvalidAccount",
        "its account is not valid: cancel it and submit again with another --account",
    ),
    (
        "InvalidQOS",
        "its quality of service is not valid: cancel it and submit again with another --qos",
    ),
    ("Reservation", "for its reservation"),
    ("Licenses", "for licences"),
    ("Cleaning", "what was there before is being cleaned away"),
];

/// What it means that a task waits for this reason, such as `Priority`; Slurm's own word where it is none of the common
/// ones.
pub fn reason_in_words(reason: &str) -> String {
    let reason = reason.trim_matches(['(', ')']);
    if let Some((_, meaning)) = REASONS.iter().find(|(name, _)| *name == reason) {
        return (*meaning).to_owned();
    }
    // With signs of its own between the words, as newer versions write it: `Nodes_required_for_job_are_DOWN,_DRAINED_…`.
    let is_about_nodes = |begin: &str| reason.replace('_', " ").starts_with(begin);
    if is_about_nodes("ReqNodeNotAvail") || is_about_nodes("Nodes required for job are DOWN") {
        return "a node that it needs is reserved or down".to_owned();
    }
    // `QOSMaxJobsPerUserLimit`, `AssocGrpCpuLimit`, `MaxCpuPerAccount`.
    if ["QOS", "Assoc", "Max"]
        .iter()
        .any(|begin| reason.starts_with(begin))
    {
        return format!("your account may not use more at the moment ({reason})");
    }
    match reason {
        "" | "None" => "Slurm has not looked at it yet".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_reasons_are_said_in_words() {
        assert_eq!(reason_in_words("(Priority)"), "others are before it");
        assert!(reason_in_words("QOSMaxGRESPerUser").contains("may not use more"));
        assert!(reason_in_words("MaxJobsPerAccount").contains("may not use more"));
        // Of Slurm 22.05, and the first as newer versions write it.
        for reason in [
            "Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority_partitions",
            "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
            "ReqNodeNotAvail, UnavailableNodes:vm",
        ] {
            assert!(
                reason_in_words(reason).contains("reserved or down"),
                "{reason}"
            );
        }
        assert!(reason_in_words("None").contains("not looked at"));
        assert_eq!(reason_in_words("SomethingNew"), "SomethingNew");
        let reasons = REASONS.map(|(name, _)| name);
        assert!(reasons.iter().all(|name| reason_in_words(name) != *name));
    }
}
