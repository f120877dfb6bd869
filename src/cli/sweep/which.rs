//! What all commands of a sweep are given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::{output, runs};
use crate::sweep::{CellStatus, Plan, StatusReader, Sweep, default_out};

#[derive(Debug, Args)]
pub struct Which {
    /// The sweep's file, or the name of one that comes with Graft
    #[arg(value_name = "SWEEP")]
    pub sweep: PathBuf,
    /// Where the cells' folders are; unless given, a folder of the sweep's name among the runs
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl Which {
    /// The sweep with its cells; says what a person should know of it.
    pub fn plan(&self, data: Option<&Path>) -> anyhow::Result<Plan> {
        let sweep = Sweep::find(&self.sweep)?;
        Ok(Plan::new(&sweep, &self.sweep, data)?)
    }

    /// Absolute, so that a script finds the runs whatever folder it works in later.
    pub fn out(&self) -> PathBuf {
        let out = match &self.out {
            Some(out) => out.clone(),
            None => default_out(&runs::folder(), &self.sweep),
        };
        std::path::absolute(&out).unwrap_or(out)
    }

    /// The plan and how its cells stand.
    pub fn status(&self) -> anyhow::Result<(Arc<Plan>, Vec<CellStatus>)> {
        let plan = Arc::new(self.plan(None)?);
        let cells = StatusReader::new(plan.clone(), &self.out()).read();
        Ok((plan, cells))
    }

    /// The words that name the sweep on a command line.
    pub fn words(&self) -> String {
        let mut words = format!("\"{}\"", self.sweep.display());
        if let Some(out) = &self.out {
            words += &format!(" --out \"{}\"", out.display());
        }
        words
    }
}

/// Says on standard error what a person should know of a plan.
pub fn say_remarks(plan: &Plan) {
    for remark in &plan.remarks {
        output::warn(&format!("note: {remark}"));
    }
}
