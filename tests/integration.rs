//! Everything that needs more than one module at a time.

mod cli;
