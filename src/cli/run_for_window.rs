//! `graft run-for-window`: a run that the window trains on one of several graphics cards. Called by nobody else.

use std::io::{self, BufReader};

use super::interrupt;
use crate::training::train;
use crate::worker::run_process::serve;

pub fn run() -> anyhow::Result<()> {
    let stop = interrupt::stop_flag()?;
    serve(BufReader::new(io::stdin()), io::stdout(), &stop, &train).map_err(anyhow::Error::msg)
}
