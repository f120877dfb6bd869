//! Behaviour at the library's and the command line's edge: one binary, so that libtorch links once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cli;
mod explain;
#[cfg(unix)]
mod presets;
mod resume;
mod suspects;
mod tidy;
mod weights;
