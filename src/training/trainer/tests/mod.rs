//! The trainer, whole.
