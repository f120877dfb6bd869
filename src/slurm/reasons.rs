//! Why a task waits, in plain words.

/// Slurm's reason, and what it means.
const REASONS: [(&str, &str); 21] = [
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
    if reason.starts_with("ReqNodeNotAvail") {
        return "a node that it needs is reserved or down".to_owned();
    }
    if reason.starts_with("QOS") || reason.starts_with("Assoc") {
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
        assert!(reason_in_words("None").contains("not looked at"));
        assert_eq!(reason_in_words("SomethingNew"), "SomethingNew");
        let reasons = REASONS.map(|(name, _)| name);
        assert!(reasons.iter().all(|name| reason_in_words(name) != *name));
    }
}
