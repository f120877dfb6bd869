//! For what memory was missing, and what a person can do about it.

use super::session::Session;
use crate::training::error::TrainingError;
use crate::training::out_of_memory::out_of_memory;

/// For what memory was missing, and what a person can do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MissingMemory {
    what: &'static str,
    remedies: &'static [&'static str],
}

/// While the network is built and its weights are read, no setting of the training matters.
pub(super) const BEFORE_PICTURES: MissingMemory = MissingMemory {
    what: "the memory is not enough for this network and its weights, before a picture is computed",
    remedies: &["allow more memory", "choose a smaller backbone"],
};

/// A side of the input square from which on a smaller one saves memory that counts beside the network's own.
const LARGE_SIDE: u32 = 64;

pub(super) fn remedies(session: &Session<'_>) -> MissingMemory {
    let can_freeze = session.plans.iter().any(|plan| !plan.trained.is_empty());
    let can_shrink = session.network.side > LARGE_SIDE;
    let remedies: &[&str] = match (can_shrink, can_freeze) {
        (true, true) => &["choose a smaller backbone.input_size", "freeze more layers"],
        (true, false) => &[
            "choose a smaller backbone.input_size",
            "choose a smaller backbone",
        ],
        (false, true) => &["freeze more layers", "choose a smaller backbone"],
        (false, false) => BEFORE_PICTURES.remedies,
    };
    MissingMemory {
        what: "the memory is not enough for this training, not even for one picture at once",
        remedies,
    }
}

/// Says what a person can do about libtorch's out-of-memory errors.
pub(super) fn clarify(error: TrainingError, missing: &MissingMemory) -> TrainingError {
    let Some(said) = out_of_memory(&error) else {
        return error;
    };
    TrainingError::Experiment(format!(
        "{}: {} ({said})",
        missing.what,
        missing.remedies.join(", or ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedies_for_missing_memory_are_those_that_are_left() {
        let said = "not enough memory: you tried to allocate 9437184 bytes";
        let error = || TrainingError::Torch(tch::TchError::Torch(said.to_owned()));
        let text = clarify(error(), &BEFORE_PICTURES).to_string();
        assert!(
            text.contains(
                "before a picture is computed: allow more memory, or choose a smaller backbone"
            ),
            "{text}"
        );
        assert!(
            !text.contains("freeze") && text.contains("9437184"),
            "{text}"
        );
        let other = TrainingError::Experiment("no phases".into());
        assert_eq!(clarify(other, &BEFORE_PICTURES).to_string(), "no phases");
    }
}
