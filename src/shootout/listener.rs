//! What a shoot-out tells while it goes on.

use super::report::{ShootoutEntry, ShootoutReport};
use crate::training::TrainingEvent;

/// Something that has happened.
#[derive(Debug)]
pub enum ShootoutEvent<'a> {
    /// What will be done, before the first network is looked at.
    Planned(&'a ShootoutReport),
    /// A network begins.
    Begins(&'a ShootoutEntry),
    /// What the trainer tells of the network that is computed: progress, notes and warnings.
    Training(&'a TrainingEvent),
    /// Its features are there, and heads are fitted to them.
    FitsHeads(&'a ShootoutEntry),
    /// A network is done, failed, or was left out after all.
    Found(&'a ShootoutEntry),
    /// What a person should know; a whole sentence.
    Remark(&'a str),
}

/// Hears what a shoot-out finds.
pub trait ShootoutListener {
    /// Called on the thread that computes.
    fn event(&mut self, event: &ShootoutEvent<'_>);
}
