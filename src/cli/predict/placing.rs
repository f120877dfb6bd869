//! Pictures in a folder for each class: what is said of it.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::json;

use super::super::table::{Align, table};
use crate::cli::{interrupt, output};
use crate::data::problems;
use crate::format;
use crate::prediction::placement::{
    Placed, Placer, Plan, Undone, Way, learned_from, undo as undo_in, undoable,
};
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

/// What is to be done, a line for each folder.
pub fn plan_text(placer: &Placer, plan: &Plan) -> String {
    let rows: Vec<Vec<String>> = plan
        .counts
        .iter()
        .map(|(folder, count)| vec![folder.clone(), format::thousands(*count as u64)])
        .collect();
    let columns = [("Folder", Align::Left), ("Pictures", Align::Right)];
    format!(
        "In {}:\n{}",
        shown::line(&placer.root().display().to_string()),
        table(&columns, &rows)
    )
}

/// What was done: the sum of several plans where folders are watched.
#[derive(Debug, Default)]
pub struct Tally {
    plan: Vec<(String, usize)>,
    placed: Placed,
    stays: usize,
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
        self.stays += plan.stays;
        self.placed.placed += placed.placed;
        self.placed.moved += placed.moved;
        let failed: Vec<_> = plan
            .unplaceable
            .iter()
            .cloned()
            .chain(placed.failed)
            .collect();
        for line in problems::lines(&failed, Path::new(""), TOLD) {
            output::warn(&format!("not placed, {line}"));
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
            "placed": self.placed.placed,
            "moved": self.placed.moved,
            "stays": self.stays,
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
            undo_in(folder, &stop)?
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
