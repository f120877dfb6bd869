//! `graft run --devices`: several runs, each on a device of its own, in the order of the series.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;

use super::result::Trained;
use super::{Arguments, Planned};
use crate::cli::devices::{self, Child, Ended};
use crate::cli::{output, resume};
use crate::data::StopFlag;

/// Trains `plan` on the devices that `text` names, one run at a time on each.
///
/// # Errors
/// When there is but one run, a device can't be used, or no process can be started; once all others are done, when a run failed
/// or was stopped.
pub(super) fn train(
    arguments: &Arguments,
    text: &str,
    plan: &[Planned],
    runs: &Path,
    stop: &StopFlag,
) -> anyhow::Result<Vec<Trained>> {
    if plan.len() < 2 {
        bail!(
            "--devices gives each of several runs a device of its own, and this is one run: one network is not trained on several devices. Choose one with --device cuda:0, or name several presets or --seeds N"
        );
    }
    let devices = devices::chosen(text)?;
    let mut trained: Vec<Option<Trained>> = Vec::new();
    let mut waiting = VecDeque::new();
    for (index, planned) in plan.iter().enumerate() {
        trained.push(match &planned.finished {
            Some(folder) => {
                output::warn(&format!("Finished already: {}", folder.display()));
                Some(Trained::earlier(folder)?)
            }
            None => {
                waiting.push_back(index);
                None
            }
        });
    }
    let mut free: Vec<&String> = devices.iter().rev().collect();
    // Under way, each with which one of the series it is.
    let mut working: Vec<(usize, Child)> = Vec::new();
    loop {
        while !stop.is_stopped()
            && let Some(&index) = waiting.front()
            && let Some(device) = free.pop()
        {
            waiting.pop_front();
            let name = &plan[index].experiment.name;
            output::warn(&format!(
                "{} of {} on {device}: {name}",
                index + 1,
                plan.len()
            ));
            let words = child_arguments(arguments, runs, index);
            working.push((index, Child::start(device, devices.len(), &words)?));
        }
        if working.is_empty() {
            break;
        }
        for (index, ended) in devices::take_ended(&mut working, stop)? {
            free.extend(devices.iter().find(|device| **device == ended.device));
            match outcome(&ended) {
                Ok(run) => trained[index] = Some(run),
                Err(_) if stop.is_stopped() => {}
                Err(error) => output::warn(&format!(
                    "warning: {} was not trained to its end ({error:#}); the others go on",
                    plan[index].experiment.name
                )),
            }
        }
    }
    let unfinished = trained.iter().filter(|one| one.is_none()).count();
    if unfinished > 0 {
        let what = match stop.is_stopped() {
            true => "the series was stopped",
            false => "not every run came to its end",
        };
        let rest = resume::rest_of_series(arguments, unfinished);
        bail!(output::Lines(format!("{what}\n{rest}")));
    }
    Ok(trained.into_iter().flatten().collect())
}

/// The run that a child has trained.
fn outcome(ended: &Ended) -> anyhow::Result<Trained> {
    if let Some(trouble) = ended.trouble() {
        bail!("{trouble}");
    }
    let document: serde_json::Value = serde_json::from_str(ended.printed.trim())?;
    let Some(folder) = document["run"].as_str() else {
        bail!("the process of {} named no run", ended.device);
    };
    Ok(Trained {
        is_earlier: false,
        ..Trained::earlier(Path::new(folder))?
    })
}

/// What a child is called with that trains run `index` of the series, but for its device.
fn child_arguments(arguments: &Arguments, runs: &Path, index: usize) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["run".into()];
    words.extend(arguments.presets.iter().map(|preset| preset.clone().into()));
    let mut add = |name: &str, value: OsString| words.extend([name.into(), value]);
    add("--seeds", arguments.seeds.to_string().into());
    add("--only", index.to_string().into());
    add("--out", runs.into());
    if let Some(data) = &arguments.data {
        add("--data", data.clone().into());
    }
    if let Some(group) = &arguments.group {
        add("--group", group.to_string().into());
    }
    for set in &arguments.set {
        add("--set", set.into());
    }
    words.push("--json".into());
    if arguments.refit {
        words.push("--refit".into());
    }
    if arguments.resume {
        words.push("--resume".into());
    }
    words
}
