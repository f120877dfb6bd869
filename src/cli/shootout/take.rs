//! `graft shootout --take`: the experiment of a network that a shoot-out has judged.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::json;

use super::{Arguments, quoted, words};
use crate::cli::output;
use crate::cli::outputs::refuse_to_replace_with;
use crate::experiment::{Experiment, preset};
use crate::shootout::{self, ShootoutEntry, ShootoutReport};
use crate::{paths, shown};

pub(super) fn write(
    name: &str,
    file: &Path,
    out: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    let Some(report) = shootout::read(out)? else {
        bail!(
            "there is no shoot-out on these pictures yet; begin one with: {}",
            words(arguments)
        );
    };
    check_data(&report, out, experiment, base)?;
    let entry = find(&report, name)?;
    let mut taken = shootout::take(&report, entry, experiment);
    // The preset may stand in another folder than what its paths were relative to.
    for path in [
        taken.data.source.path_mut(),
        taken.backbone.weights.file_mut(),
    ]
    .into_iter()
    .flatten()
    {
        let expanded = paths::expand(path, base);
        *path = std::path::absolute(&expanded).unwrap_or(expanded);
    }
    let is_preset = |mut found: std::fs::File| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut found, &mut text).is_ok()
            && preset::parse(&text, file).is_ok()
    };
    refuse_to_replace_with("--preset", file, &[&arguments.data], "preset", &is_preset)?;
    preset::save(&taken, file).with_context(|| format!("{} can't be written", file.display()))?;
    if arguments.common.json {
        return output::print_json(&json!({
            "preset": shown::path(file),
            "backbone": entry.backbone,
            "weights": entry.weights,
        }));
    }
    let mut text = format!(
        "{} with a linear head is in {}\nTrain it with: graft run {}\n",
        entry.called(),
        file.display(),
        quoted(file)
    );
    if let Some(restriction) = &entry.restriction {
        text += &format!("{restriction}\n");
    }
    output::print(&text)
}

/// What is said of networks on some pictures is not said of others: a folder that a person names may be of others.
fn check_data(
    report: &ShootoutReport,
    out: &Path,
    experiment: &Experiment,
    base: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(own) = experiment.data.source.path() else {
        return Ok(());
    };
    let own = paths::expand(own, base);
    let own = std::path::absolute(&own).unwrap_or(own);
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let is_named_alike = own.display().to_string() == report.data;
    if is_named_alike || real(&own).is_some_and(|own| real(Path::new(&report.data)) == Some(own)) {
        return Ok(());
    }
    bail!(
        "the shoot-out in {} is on other pictures, those of {}: judge networks on these first, in another folder with --out: {}",
        out.display(),
        shown::line(&report.data),
        own.display()
    );
}

/// The best, or the best of this name (with `:WEIGHTS` behind it if wanted).
fn find<'r>(report: &'r ShootoutReport, name: &str) -> anyhow::Result<&'r ShootoutEntry> {
    let (backbone, weights) = match name.split_once(':') {
        Some((backbone, weights)) => (backbone, Some(weights)),
        None => (name, None),
    };
    let is_it = |entry: &&ShootoutEntry| {
        let is_named = backbone == "best" || entry.backbone == backbone;
        entry.outcome.is_some()
            && is_named
            && weights.is_none_or(|weights| entry.weights == weights)
    };
    if let Some(entry) = report.entries.iter().find(is_it) {
        return Ok(entry);
    }
    let known: Vec<&str> = (report.entries.iter())
        .filter(|entry| entry.outcome.is_some())
        .map(|entry| entry.backbone.as_str())
        .collect();
    match known.is_empty() {
        true => bail!("the shoot-out has judged no network yet"),
        false => bail!(
            "the shoot-out has not judged “{name}”; it has {}",
            known.join(", ")
        ),
    }
}
