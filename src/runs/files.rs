//! The formats of a run's files.
