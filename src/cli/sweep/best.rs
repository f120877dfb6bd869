//! `graft sweep best`: the best setting, and the one look at the test pictures.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::chosen::{as_json, as_text};
use super::which::{Which, say_remarks};
use crate::cli::{interrupt, output, progress, run};
use crate::experiment::{Experiment, preset};
use crate::format;
use crate::models::device;
use crate::report::sweep::goal_text;
use crate::runs::store;
use crate::shown;
use crate::sweep::{Plan, Results, Tested, test, tested};

/// Characters in an experiment's name, at most.
const LONGEST_NAME: usize = 120;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) which: Which,
    /// Take the setting of this cell instead of the best one
    #[arg(long, value_name = "CELL")]
    cell: Option<String>,
    /// Write the setting as a preset, to train it by itself
    #[arg(long, value_name = "FILE")]
    pub(super) preset: Option<PathBuf>,
    /// Test the setting's runs on the test pictures, which the sweep has not looked at: do it once, for the setting that you
    /// take
    #[arg(long)]
    test: bool,
    /// With --test: cpu or cuda:0; the best there is unless given
    #[arg(long, requires = "test")]
    device: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn best(arguments: &Arguments) -> anyhow::Result<()> {
    let (plan, cells) = arguments.which.status()?;
    let out = arguments.which.out();
    let results = Results::new(&plan, &cells);
    let chosen = match &arguments.cell {
        Some(name) => match plan.cells.iter().find(|cell| cell.name == *name) {
            Some(cell) => cell.group,
            None => bail!(
                "the sweep has no cell of this name; graft sweep status lists them: {}",
                shown::line(name)
            ),
        },
        None => match results.best {
            Some(best) => best,
            None => bail!("nothing is measured yet: graft sweep run trains the cells"),
        },
    };
    say_remarks(&plan);
    let left = (cells.iter()).filter(|cell| !cell.state.is_done()).count();
    if left > 0 {
        output::warn(&format!(
            "note: {} not done, so that this is the best so far",
            format::count(left, "cell is", "cells are")
        ));
    }
    if let Some(file) = &arguments.preset {
        write_preset(file, &plan, &out, &results, chosen)?;
    }
    let before = tested(&out)?;
    if arguments.test {
        if !results.rows[chosen].is_complete {
            bail!(
                "the runs of this setting have not all come to their end, so that they can't be tested yet: graft sweep run \
                 goes on with them"
            );
        }
        test_chosen(arguments, &plan, &out, chosen, &before)?;
    }
    let all_tested = tested(&out)?;
    if arguments.json {
        return output::print_json(&as_json(&plan, &results, chosen, left, &all_tested));
    }
    output::print(&as_text(arguments, &plan, &results, chosen, &all_tested))
}

/// The names of a setting's cells, by which a test is known.
pub(super) fn names(plan: &Plan, group: usize) -> Vec<&str> {
    plan.of_group(group)
        .filter_map(|index| plan.cells.get(index))
        .map(|cell| cell.name.as_str())
        .collect()
}

pub(super) fn of_setting<'a>(all: &'a [Tested], plan: &Plan, group: usize) -> Option<&'a Tested> {
    let names = names(plan, group);
    all.iter().find(|tested| tested.cells == names)
}

fn test_chosen(
    arguments: &Arguments,
    plan: &Plan,
    out: &Path,
    chosen: usize,
    before: &[Tested],
) -> anyhow::Result<()> {
    if of_setting(before, plan, chosen).is_some_and(|tested| !tested.metrics.is_empty()) {
        output::warn("This setting was tested before: its result is shown again.");
        return Ok(());
    }
    // The same setting may have been tested with fewer seeds.
    let own = names(plan, chosen);
    let is_own = |tested: &&Tested| {
        own.iter()
            .any(|name| tested.cells.iter().any(|of| of == name))
    };
    let others = before.iter().filter(|tested| !is_own(tested)).count();
    if others > 0 {
        output::warn(&format!(
            "warning: the test pictures were looked at before, for {}. Whoever chooses by the test has no independent test \
             left: take the first one as the result, or say how many were tried",
            format::count(others, "other setting", "other settings")
        ));
    }
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
    let stop = interrupt::stop_flag_saying("Stopping; what was not tested yet is not.")?;
    let bar = progress::bar();
    let tested = test(
        plan,
        out,
        chosen,
        device,
        &mut |cell, done, all| {
            if let Some(bar) = &bar {
                bar.set_prefix(format!("Testing seed {}", cell.seed));
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            }
        },
        &stop,
    );
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    tested?;
    Ok(())
}

/// The setting's experiment, under the first seed: as its run has it, with the pictures that it was trained on.
fn experiment(
    plan: &Plan,
    out: &Path,
    results: &Results,
    chosen: usize,
) -> anyhow::Result<Experiment> {
    let cell = plan
        .of_group(chosen)
        .next()
        .and_then(|index| plan.cells.get(index))
        .context("the sweep has no cells")?;
    let mut experiment = store::experiment(&out.join(&cell.name))?;
    let name = format!("{}: {}", plan.sweep.name, plan.setting_text(&cell.settings));
    experiment.name = name.chars().take(LONGEST_NAME).collect();
    let row = &results.rows[chosen];
    let goal = row
        .score
        .map(|score| goal_text(plan.sweep.goal, score.value));
    let measured = goal.map_or(String::new(), |goal| {
        format!(
            " {} on validation pictures: {goal}, mean over {}.",
            plan.sweep.goal.info().name,
            format::count(row.seeds, "seed", "seeds")
        )
    });
    let note = format!(
        "Chosen by the sweep “{}” among {}.{measured}",
        plan.sweep.name,
        format::count(plan.groups(), "setting", "settings"),
    );
    experiment.notes = match experiment.notes.trim() {
        "" => note,
        notes => format!("{notes}\n{note}"),
    };
    Ok(experiment)
}

fn write_preset(
    file: &Path,
    plan: &Plan,
    out: &Path,
    results: &Results,
    chosen: usize,
) -> anyhow::Result<()> {
    if crate::ordinary_file::is_there(file) {
        bail!(
            "this file exists already: choose another name for the preset: {}",
            file.display()
        );
    }
    preset::save(&experiment(plan, out, results, chosen)?, file)
        .with_context(|| format!("can't be written: {}", file.display()))?;
    output::warn(&format!("Written: {}", file.display()));
    Ok(())
}
