//! What a person asks of the learning-rate finder.

use super::state::DocumentId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateAction {
    /// Opens the dialog for a phase of an experiment, counted from 0.
    Open(DocumentId, usize),
    Start,
    Stop,
    /// Sets the phase's rate to the one that was suggested.
    Use,
}
