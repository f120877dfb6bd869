//! The training thread.
