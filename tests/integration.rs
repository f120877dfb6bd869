//! Everything that needs more than one module at a time.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;
mod presets;
