//! `graft weights`: which pre-trained weights there are, where they are, and whether a file fits.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;
use tch::Device;

use super::table::{Align, table};
use super::{output, progress};
use crate::data::StopFlag;
use crate::experiment::{BackboneConfig, Preprocessing, WeightsSource};
use crate::format;
use crate::models::catalogue::architectures;
use crate::models::weights::{self, LoadReport, Mirrors};
use crate::models::{self, ArchitectureInfo, WeightsInfo};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every published file of weights, and where it is on this machine
    List {
        /// Print one JSON list
        #[arg(long)]
        json: bool,
    },
    /// Download weights into the cache where torch or timm look for them, too
    Fetch {
        /// A backbone, for its default weights, or a backbone and weights: resnet50:IMAGENET1K_V1
        #[arg(value_name = "NAME[:WEIGHTS]")]
        name: String,
        /// Ask this server in place of the publisher's: http://mirror.example
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Say what of a file fits a backbone: status 1 when it can't be used
    Check {
        /// A name from `graft backbones`
        #[arg(value_name = "ARCH")]
        backbone: String,
        /// A .safetensors, .pth or .pt file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which of several networks in the file: what stands before its names, such as teacher.backbone
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

pub fn weights(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::List { json } => list(*json),
        Command::Fetch { name, mirror, json } => fetch(name, mirror.as_deref(), *json),
        Command::Check {
            backbone,
            file,
            key,
            json,
        } => check(backbone, file, key.as_deref(), *json),
    }
}

/// What a person who writes `--weights` means: nothing is the default, a published name those
/// weights, all else a file, of which `key` names one network.
pub fn source(info: &ArchitectureInfo, named: Option<&Path>, key: Option<&str>) -> WeightsSource {
    match named {
        None => WeightsSource::Pretrained,
        Some(path) => info
            .weights
            .iter()
            .find(|weights| Path::new(weights.name) == path && !path.exists())
            .map_or_else(
                || WeightsSource::in_file(path.to_path_buf(), key.map(str::to_owned)),
                |weights| WeightsSource::Named(weights.name.into()),
            ),
    }
}

/// Every backbone with each of its weights.
fn published() -> impl Iterator<Item = (&'static ArchitectureInfo, &'static WeightsInfo)> {
    architectures()
        .iter()
        .flat_map(|info| info.weights.iter().map(move |weights| (info, weights)))
}

/// In per cent, where it was published.
fn accuracy(weights: &WeightsInfo) -> Option<f64> {
    weights.accuracy()
}

fn list(as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let list: Vec<serde_json::Value> = published()
            .map(|(info, weights)| {
                json!({
                    "backbone": info.name,
                    "weights": weights.name,
                    "default": weights.name == info.default_weights().name,
                    "mb": weights.file_mb,
                    "licence": weights.licence,
                    "imagenet_top1": accuracy(weights),
                    "input_size": weights.input_size,
                    "resize": weights.resize,
                    "interpolation": format!("{:?}", weights.interpolation).to_lowercase(),
                    "mean": weights.mean,
                    "std": weights.std,
                    "url": (!weights.url.is_empty()).then_some(weights.url),
                    "path": weights::on_this_machine(weights).map(|path| shown::path(&path)),
                })
            })
            .collect();
        return output::print_json(&list);
    }
    let rows: Vec<Vec<String>> = published()
        .map(|(info, weights)| {
            let path = weights::on_this_machine(weights);
            vec![
                info.name.to_owned(),
                weights.name.to_owned(),
                format!("{:.0} MB", weights.file_mb),
                accuracy(weights).map_or_else(|| "-".into(), |top1| format!("{top1:.1} %")),
                weights.licence.to_owned(),
                path.map_or_else(
                    || "not downloaded".to_owned(),
                    |path| path.display().to_string(),
                ),
            ]
        })
        .collect();
    let header = [
        ("backbone", Align::Left),
        ("weights", Align::Left),
        ("size", Align::Right),
        ("ImageNet top-1", Align::Right),
        ("licence", Align::Left),
        ("on this machine", Align::Left),
    ];
    output::print(&table(&header, &rows))
}

fn fetch(name: &str, mirror: Option<&str>, as_json: bool) -> anyhow::Result<()> {
    let (backbone, wanted) = match name.split_once(':') {
        Some((backbone, wanted)) => (backbone, WeightsSource::Named(wanted.into())),
        None => (name, WeightsSource::Pretrained),
    };
    let info = models::backbone_info(backbone)?;
    let chosen = weights::chosen(info, &wanted)?;
    let found = weights::locate(&wanted, info.name, None);
    let (path, downloaded) = match found {
        Ok(Some(path)) => (path, false),
        _ => {
            let mirrors = mirror.map_or_else(Mirrors::from_environment, Mirrors::all);
            (download(chosen, &mirrors)?, true)
        }
    };
    if as_json {
        return output::print_json(&json!({
            "backbone": info.name,
            "weights": chosen.name,
            "path": shown::path(&path),
            "downloaded": downloaded,
        }));
    }
    output::print(&format!("{}\n", path.display()))
}

/// With a bar. Ctrl-C ends the process; what was fetched stands on the disk and is used next time.
fn download(weights: &WeightsInfo, mirrors: &Mirrors) -> anyhow::Result<PathBuf> {
    let bar = progress::bar();
    if let Some(url) = weights::origin(weights, mirrors) {
        output::warn(&format!(
            "Downloading {} ({:.0} MB, {}) from {url}",
            weights.name,
            weights.file_mb,
            weights.licence,
            url = shown::address(&url)
        ));
        if let Some(restriction) = weights.restriction() {
            output::warn(&restriction);
        }
    }
    let mut report = |progress: weights::DownloadProgress| {
        if let Some(bar) = &bar {
            bar.set_prefix("Downloading");
            bar.set_length(progress.total.unwrap_or(progress.done));
            bar.set_position(progress.done);
            bar.set_message(progress::amount(progress.done, progress.total));
        }
    };
    let fetched = weights::fetch(weights, mirrors, &mut report, &StopFlag::default());
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    Ok(fetched?)
}

fn check(backbone: &str, file: &Path, key: Option<&str>, as_json: bool) -> anyhow::Result<()> {
    let info = models::backbone_info(backbone)?;
    let network = models::build_blank(info.name, Device::Cpu)?;
    let (report, refusal) = weights::check(network.as_ref(), file, key)?;
    let mut config = BackboneConfig {
        name: info.name.to_owned(),
        weights: WeightsSource::in_file(file.to_path_buf(), key.map(str::to_owned)),
        ..BackboneConfig::default()
    };
    weights::settle(&mut config, None);
    let prepared = weights::preprocessing(info, &config)?;
    if as_json {
        let mut document = serde_json::to_value(&report)?;
        document["backbone"] = json!(info.name);
        document["file"] = json!(shown::path(file));
        document["usable"] = json!(refusal.is_none());
        document["reason"] = json!(refusal);
        document["format"] = json!(weights::format(file));
        document["preprocessing"] = json!({
            "timm": matches!(config.preprocessing, Preprocessing::Timm(_)),
            "weights": prepared.name,
            "input_size": prepared.input_size,
            "resize": prepared.resize,
            "interpolation": format!("{:?}", prepared.interpolation).to_lowercase(),
            "mean": prepared.mean,
            "std": prepared.std,
        });
        output::print_json(&document)?;
    } else {
        let mut text = as_text(info, file, &report, refusal.is_none());
        if refusal.is_none() {
            let line = weights::preprocessing_line(&config, &prepared);
            let _ = writeln!(text, "  {line}");
        }
        output::print(&text)?;
    }
    match refusal {
        None => Ok(()),
        Some(reason) => bail!("{reason}: {}", file.display()),
    }
}

fn as_text(info: &ArchitectureInfo, file: &Path, report: &LoadReport, usable: bool) -> String {
    let mut text = String::new();
    let verdict = if usable { "fits" } else { "does not fit" };
    let _ = writeln!(
        text,
        "{} {verdict} {}",
        shown::line(&file.display().to_string()),
        info.title
    );
    let _ = writeln!(text, "  format: {}", weights::format(file));
    let _ = writeln!(text, "  names: {}", report.dialect);
    if let Some(inside) = &report.inside {
        let _ = writeln!(text, "  inside: {}", shown::line(inside));
    }
    if !report.others.is_empty() {
        let _ = writeln!(
            text,
            "  other keys that fit: {}",
            shown::line(&report.others.join(", "))
        );
    }
    if let Some(architecture) = &report.architecture {
        let _ = writeln!(
            text,
            "  the file calls its network: {}",
            shown::line(architecture)
        );
    }
    let _ = writeln!(text, "  fitting tensors: {}", report.loaded);
    let mismatched: Vec<String> = report
        .mismatched
        .iter()
        .map(|(name, found, own)| match found == own {
            true => format!("{name} holds whole numbers"),
            false => format!("{name} is {found:?} and not {own:?}"),
        })
        .collect();
    let unused: Vec<String> = report
        .unexpected
        .iter()
        .filter(|name| !report.surplus.contains(name) && !report.elsewhere.contains(name))
        .cloned()
        .collect();
    for (title, names) in [
        ("missing", &report.missing),
        ("of another shape or kind", &mismatched),
        ("layers that the network lacks", &report.surplus),
        ("heads, losses and counters, not used", &unused),
        ("elsewhere in the file, not used", &report.elsewhere),
        ("auxiliary heads, not used", &report.auxiliary),
    ] {
        few(&mut text, title, names);
    }
    let classifier = match (report.classifier, report.classes) {
        (true, _) => "ImageNet's 1000 classes".to_owned(),
        (false, Some(classes)) => format!(
            "{} of its own: fine for training, not for graft classify",
            format::thousands(classes.unsigned_abs())
        ),
        (false, None) => "none: fine for training, not for graft classify".to_owned(),
    };
    let _ = writeln!(text, "  classifier: {classifier}");
    for remark in &report.remarks {
        let _ = writeln!(text, "  note: {}", shown::line(remark));
    }
    text
}

/// The first names of a list, and how many there are.
fn few(text: &mut String, title: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {title}: {}", names.len());
    for name in names.iter().take(8) {
        let _ = writeln!(text, "    {}", shown::line(name));
    }
    if names.len() > 8 {
        let _ = writeln!(text, "    …");
    }
}
