//! `graft sweep run --devices`: a process for each device, over the same folder. Locks share the cells out, so that a process that
//! dies costs no more than its device.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;

use super::run::Arguments;
use crate::cli::devices::{self, Child};
use crate::cli::output;
use crate::data::StopFlag;
use crate::sweep::{Plan, Report, StatusReader};

/// Has the devices that `text` names carry out the sweep, or `part` of its cells; what has come of it.
///
/// # Errors
/// When a device can't be used, no process can be started, or one ended otherwise than by its work with cells left to do.
pub(super) fn run(
    arguments: &Arguments,
    text: &str,
    (plan, out): (&Plan, &Path),
    part: Option<&[usize]>,
    stop: &StopFlag,
) -> anyhow::Result<Report> {
    let devices = devices::chosen(text)?;
    let words = child_arguments(arguments, out);
    let mut children = Vec::with_capacity(devices.len());
    for device in &devices {
        children.push(((), Child::start(device, devices.len(), &words)?));
    }
    let mut troubles = Vec::new();
    let mut has_failed = false;
    while !children.is_empty() {
        for ((), ended) in devices::take_ended(&mut children, stop)? {
            has_failed |= ended.status.code() == Some(1);
            // Failed cells and a stop end a child, too; what it said stands above.
            let is_usual = matches!(ended.status.code(), Some(0 | 1 | 75));
            if let Some(trouble) = ended.trouble().filter(|_| !is_usual) {
                let rest = match children.len() {
                    0 => "",
                    _ => "; its cell goes on elsewhere",
                };
                output::warn(&format!("warning: {trouble}{rest}"));
                troubles.push(trouble);
            }
        }
    }
    let cells = StatusReader::new(Arc::new(plan.clone()), out).read();
    let states = (cells.iter().enumerate())
        .filter(|(index, _)| part.is_none_or(|part| part.contains(index)))
        .map(|(_, status)| &status.state);
    let report = Report::of(states, stop.is_stopped());
    if report.left > 0 && !report.stopped {
        if let Some(trouble) = troubles.first() {
            bail!("{trouble}, and cells are left to train: the same command goes on");
        }
        // Not because of a cell.
        if has_failed && report.failed == 0 {
            bail!("the sweep could not be carried out, for the reason above");
        }
    }
    Ok(report)
}

/// What a child is called with, but for its device.
fn child_arguments(arguments: &Arguments, out: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["sweep".into(), "run".into()];
    words.push(arguments.which.sweep.clone().into());
    words.extend(["--out".into(), out.into()]);
    if let Some(data) = &arguments.data {
        words.extend(["--data".into(), data.clone().into()]);
    }
    let flags = [
        (arguments.again, "--again"),
        (arguments.no_wait, "--no-wait"),
    ];
    words.extend(
        flags
            .iter()
            .filter(|(is_set, _)| *is_set)
            .map(|(_, name)| name.into()),
    );
    if let (Some(task), Some(of)) = (arguments.task, arguments.of) {
        let numbers = [("--task", task), ("--of", of)];
        words.extend(
            numbers
                .iter()
                .flat_map(|(name, number)| [(*name).into(), number.to_string().into()]),
        );
    }
    words
}
