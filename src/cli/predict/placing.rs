//! Pictures in a folder for each class: what is said of it.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::json;

use super::super::table::{Align, table};
use crate::cli::{interrupt, output, progress};
use crate::data::problems;
use crate::evaluation::gallery::UNCERTAIN;
use crate::format;
use crate::prediction::placement::{
    Placed, Placer, Plan, Undone, Way, learned_from, undo as undo_in, undoable,
};
use crate::prediction::{Assigned, Picture, PictureOutcome};
use crate::shown;

/// Problems that are told one by one.
const TOLD: usize = 10;

/// The folder that pictures are placed in, after it was made sure that nothing else would take them for its own.
pub fn open(
    into: &Path,
    way: Way,
    run: &Path,
    classes: &[String],
    read: &[PathBuf],
) -> anyhow::Result<Placer> {
    if let Some(root) = learned_from(into, run) {
        bail!(
            "nothing is put into {}: it lies below the pictures that the run learned from, {}, and would be taken for more \
             of them. Choose a folder elsewhere with --into",
            into.display(),
            root.display()
        );
    }
    Ok(Placer::open(into, way, classes, read)?)
}

/// Answers that are to be placed.
#[derive(Debug, Default)]
pub struct Unplaced {
    pub answers: Vec<(Picture, Assigned)>,
    /// Of these, those that are less sure than [`UNCERTAIN`].
    pub unsure: usize,
    /// Pictures beside them that could not be read.
    pub unreadable: usize,
}

impl Unplaced {
    pub fn add(&mut self, outcome: PictureOutcome) {
        match outcome {
            PictureOutcome::Answered(answer) => {
                self.unsure += usize::from(answer.is_unsure());
                let assigned = answer.assigned();
                self.answers.push((answer.picture, assigned));
            }
            PictureOutcome::Unreadable { .. } => self.unreadable += 1,
        }
    }
}

/// What is to be done, a line for each folder; or what would be done, where nothing is. `can_reject`: unsure answers are not
/// withheld, and could be.
pub fn plan_text(
    placer: &Placer,
    plan: &Plan,
    of: &Unplaced,
    is_dry_run: bool,
    can_reject: bool,
) -> String {
    let rows: Vec<Vec<String>> = plan
        .counts
        .iter()
        .map(|(folder, count)| vec![folder.clone(), format::thousands(*count as u64)])
        .collect();
    let columns = [("Folder", Align::Left), ("Pictures", Align::Right)];
    let what = match (is_dry_run, placer.way()) {
        (true, Way::Copy) => "would be copied into",
        (true, Way::Link) => "would be linked in",
        (false, Way::Copy) => "to be copied into",
        (false, Way::Link) => "to be linked in",
    };
    let stays = match plan.stays {
        0 => String::new(),
        stays => format!("; {} there already", format::count(stays, "is", "are")),
    };
    let mut text = format!(
        "{} {what} {}{stays}:\n{}",
        format::count(plan.steps.len(), "picture", "pictures"),
        shown::line(&placer.root().display().to_string()),
        table(&columns, &rows)
    );
    if of.unreadable > 0 {
        text += &format!(
            "{} could not be read, and {} to no folder.\n",
            format::count(of.unreadable, "picture", "pictures"),
            format::unit(of.unreadable as u64, "goes", "go")
        );
    }
    if of.unsure > 0 && can_reject {
        text += &format!(
            "{} the folder of a class with a confidence under {}; with --reject-below {UNCERTAIN} such pictures go to \
             “undecided”.\n",
            format::count(of.unsure, "picture goes to", "pictures go to"),
            format::whole_percent(f64::from(UNCERTAIN))
        );
    }
    text
}

/// What was done: the sum of several plans where folders are watched.
#[derive(Debug, Default)]
pub struct Tally {
    plan: Vec<(String, usize)>,
    placed: Placed,
    planned: usize,
    stays: usize,
    repeated: usize,
}

impl Tally {
    /// Tells what can't be placed, and counts the rest.
    pub fn add(&mut self, plan: &Plan, placed: Placed) {
        for (folder, count) in &plan.counts {
            match self.plan.iter_mut().find(|(known, _)| known == folder) {
                Some((_, sum)) => *sum += count,
                None => self.plan.push((folder.clone(), *count)),
            }
        }
        self.planned += plan.steps.len();
        self.stays += plan.stays;
        self.repeated += plan.repeated;
        self.placed.placed += placed.placed;
        self.placed.moved += placed.moved;
        let failed: Vec<_> = plan
            .unplaceable
            .iter()
            .cloned()
            .chain(placed.failed)
            .collect();
        for line in problems::lines(&failed, Path::new(""), TOLD) {
            output::warn(&format!("can't be placed, {line}"));
        }
        self.placed.failed.extend(failed);
    }

    /// Pictures that were answered and could not be placed.
    pub fn failed(&self) -> usize {
        self.placed.failed.len()
    }

    pub fn text(&self, root: &Path) -> String {
        let mut text = format!(
            "{} placed in {}",
            format::count(self.placed.placed, "picture", "pictures"),
            root.display()
        );
        if self.placed.moved > 0 {
            text += &format!(
                ", {} of which stood elsewhere before",
                format::thousands(self.placed.moved as u64)
            );
        }
        if self.stays > 0 {
            text += &format!(
                "; {} there already",
                format::count(self.stays, "was", "were")
            );
        }
        if self.repeated > 0 {
            text += &format!(
                "; {} answered more than once, and placed once",
                format::count(self.repeated, "was", "were")
            );
        }
        text + "\n"
    }

    pub fn json(&self, root: &Path) -> serde_json::Value {
        let folders: serde_json::Map<String, serde_json::Value> = self
            .plan
            .iter()
            .map(|(folder, count)| (folder.clone(), json!(count)))
            .collect();
        json!({
            "folder": shown::path(root),
            "folders": folders,
            "planned": self.planned,
            "placed": self.placed.placed,
            "moved": self.placed.moved,
            "stays": self.stays,
            "repeated": self.repeated,
            "failed": self.placed.failed,
        })
    }
}

/// `graft predict --undo`.
pub fn undo(folder: &Path, dry_run: bool, json: bool) -> anyhow::Result<()> {
    let undone = match dry_run {
        true => undoable(folder)?,
        false => {
            let stop = interrupt::stop_flag_saying(
                "Stopping; what is left can be undone later. Once more ends at once.",
            )?;
            let bar = progress::bar();
            let mut progress = |done: usize, total: usize| {
                if let Some(bar) = &bar {
                    bar.set_length(total as u64);
                    bar.set_position(done as u64);
                }
            };
            let undone = undo_in(folder, &stop, &mut progress);
            if let Some(bar) = &bar {
                bar.finish_and_clear();
            }
            undone?
        }
    };
    for line in problems::lines(&undone.changed, folder, TOLD) {
        output::warn(&line);
    }
    let Undone {
        removed,
        changed,
        gone,
        is_stopped,
    } = &undone;
    if json {
        output::print_json(&json!({
            "folder": shown::path(folder),
            "removed": removed,
            "left": changed,
            "gone": gone,
            "is_dry_run": dry_run,
        }))?;
    } else {
        let mut text = format!(
            "{} {} from {}",
            format::count(*removed, "picture", "pictures"),
            match dry_run {
                true => "would be removed",
                false => "removed",
            },
            folder.display()
        );
        if !changed.is_empty() {
            text += &format!(
                "; {} changed since and left",
                format::count(changed.len(), "was", "were")
            );
        }
        if *gone > 0 {
            text += &format!(
                "; {} there any more",
                format::count(*gone, "was not", "were not")
            );
        }
        output::print(&(text + "\n"))?;
    }
    if *is_stopped {
        bail!("stopped: the rest stays in {}", folder.display());
    }
    Ok(())
}
