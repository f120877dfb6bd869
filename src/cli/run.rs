//! `graft run`: trains what a preset says.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use tch::Device;

use super::progress::TerminalProgress;
use super::{data, output};
use crate::data::{StopFlag, scan, split};
use crate::evaluation::{ClassificationReport, ConfusionMatrix, wilson};
use crate::experiment::{Experiment, preset};
use crate::models::device::{self, Devices};
use crate::models::{catalogue, weights};
use crate::runs::{RunRecorder, Tee};
use crate::training::trainer::PauseFlag;
use crate::training::{Outcome, TrainingError, TrainingRequest, train};
use crate::{format, paths};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A preset file, or the name of one that comes with Graft
    #[arg(value_name = "PRESET")]
    preset: PathBuf,
    /// Train on these pictures instead of the preset's: a folder, or a table of paths and labels
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Where to make the run's folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Change one field, such as phases[0].learning_rate=1e-4; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON document as the last line
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let device = self::device(arguments.device.as_deref())?;
    let (experiment, base) = experiment(&arguments)?;
    let dataset = Arc::new(data::scan_with_progress(&experiment.data, base.as_deref())?);
    for problem in &dataset.problems {
        output::warn(&format!(
            "passed over, {}: {}",
            problem.reason,
            problem.path.display()
        ));
    }
    let split = split::split(&dataset, &experiment)?;
    // Absolute, so that a script finds the run whatever folder it works in later.
    let runs = arguments.out.unwrap_or_else(paths::runs);
    let runs = std::path::absolute(&runs).unwrap_or(runs);
    let mut recorder = RunRecorder::create(&runs, &experiment, base.as_deref(), &dataset, &split)?;
    let folder = recorder.folder().to_path_buf();
    let mut progress = TerminalProgress::new(experiment.epochs());
    let request = TrainingRequest {
        experiment,
        dataset,
        split,
        base,
        device,
        stop: StopFlag::default(),
        pause: PauseFlag::default(),
    };
    let outcome = train(request, &mut Tee(vec![&mut recorder, &mut progress]));
    drop(progress);
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(TrainingError::Stopped) => {
            recorder.stop()?;
            bail!(
                "the training was stopped; what was trained so far stands in {}",
                folder.display()
            );
        }
        Err(error) => {
            let error = anyhow::Error::new(error);
            recorder.fail(&output::sentence(&error))?;
            return Err(error.context(format!("the training failed ({})", folder.display())));
        }
    };
    recorder.finish(&outcome)?;
    if arguments.json {
        output::print_json(&as_json(&folder, &outcome))
    } else {
        output::print(&as_text(&folder, &outcome))
    }
}

/// The preset with everything that the command line changes, and the folder it is relative to.
fn experiment(arguments: &Arguments) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    let (mut experiment, base) = load(&arguments.preset)?;
    if let Some(path) = &arguments.data {
        // Absolute, because the preset's own paths are relative to its folder.
        let path =
            std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))?;
        experiment.data.source = scan::recognise(&path)?;
    }
    for assignment in &arguments.set {
        preset::set_field(&mut experiment, assignment)
            .map_err(|reason| anyhow::anyhow!("--set {assignment}: {reason}"))?;
    }
    let problems = experiment.check();
    if !problems.is_empty() {
        let problems: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.field, problem.message))
            .collect();
        bail!("the experiment can't run: {}", problems.join("; "));
    }
    // The experiment itself does not know the catalogue.
    let backbone = &experiment.backbone;
    if let Some(info) = catalogue::find(&backbone.name) {
        weights::chosen(info, &backbone.weights)?;
    }
    Ok((experiment, base))
}

/// A preset from a file, or, where there is none of that name, one that comes with Graft.
fn load(path: &Path) -> anyhow::Result<(Experiment, Option<PathBuf>)> {
    let shipped = preset::shipped()
        .iter()
        .find(|(name, _)| Path::new(name) == path || Path::new(name).with_extension("") == path)
        .filter(|_| !path.exists());
    if let Some((name, text)) = shipped {
        return Ok((preset::parse(text, Path::new(name))?, None));
    }
    let experiment = preset::load(path)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    Ok((experiment, parent.map(Path::to_path_buf)))
}

/// The device that a person named: `cpu`, `cuda` or `cuda:1`. Opens CUDA, so that it is there.
pub fn device(name: Option<&str>) -> anyhow::Result<Option<Device>> {
    let devices = device::discover();
    name.map(|name| parse_device(name, devices)).transpose()
}

/// CUDA where it is usable.
pub fn best_device() -> Device {
    if device::discover().cuda.is_empty() {
        Device::Cpu
    } else {
        Device::Cuda(0)
    }
}

fn parse_device(name: &str, devices: &Devices) -> anyhow::Result<Device> {
    if name == "cpu" {
        return Ok(Device::Cpu);
    }
    let index = match name.strip_prefix("cuda") {
        Some("") => Some(0),
        Some(rest) => rest
            .strip_prefix(':')
            .and_then(|index| index.parse::<usize>().ok()),
        None => None,
    };
    let Some(index) = index else {
        bail!("there is no device “{name}”: write cpu, or cuda:0");
    };
    if index < devices.cuda.len() {
        return Ok(Device::Cuda(index));
    }
    match (&devices.why_no_cuda, devices.cuda.len()) {
        (Some(reason), _) => bail!("{name} can't be used: {reason}"),
        (None, count) => bail!(
            "there is no {name}: this machine has {}",
            format::count(count, "CUDA device", "CUDA devices")
        ),
    }
}

fn as_json(folder: &Path, outcome: &Outcome) -> serde_json::Value {
    json!({
        "run": folder,
        "test": outcome.test,
        "phases": outcome.phases,
        "seconds_total": outcome.seconds_total,
    })
}

fn as_text(folder: &Path, outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(predictions) = &outcome.predictions {
        let confusion = ConfusionMatrix::new(predictions);
        let _ = writeln!(text, "{}", ClassificationReport::new(&confusion).to_text(3));
        let interval = wilson(confusion.correct(), confusion.total());
        let _ = writeln!(
            text,
            "Test accuracy {} (95 % interval {:.1} to {:.1} %)",
            format::percent(confusion.accuracy()),
            interval.low * 100.0,
            interval.high * 100.0
        );
    }
    if let Some(test) = &outcome.test {
        let _ = writeln!(
            text,
            "Test loss {}, macro-F1 {:.3}, {}",
            format::loss(test.loss),
            test.macro_f1,
            format::count(test.n, "picture", "pictures")
        );
    }
    for phase in &outcome.phases {
        let epochs = format::count(phase.epochs as usize, "epoch", "epochs");
        let _ = writeln!(
            text,
            "{}: {epochs} in {}",
            phase.name,
            format::duration(phase.seconds)
        );
    }
    let _ = writeln!(
        text,
        "In all {}; best weights from epoch {}",
        format::duration(outcome.seconds_total),
        outcome.best_epoch
    );
    let _ = writeln!(text, "Run: {}", folder.display());
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::training::events::TestMetrics;
    use crate::training::trainer::PhaseSummary;

    #[test]
    fn devices_are_named_as_in_pytorch() {
        let none = Devices {
            cpu: "CPU".into(),
            cuda: Vec::new(),
            why_no_cuda: Some("No CUDA: no driver.".into()),
        };
        let two = Devices {
            cuda: vec!["A".into(), "B".into()],
            why_no_cuda: None,
            ..none.clone()
        };
        assert_eq!(parse_device("cpu", &none).unwrap(), Device::Cpu);
        assert_eq!(parse_device("cuda", &two).unwrap(), Device::Cuda(0));
        assert_eq!(parse_device("cuda:1", &two).unwrap(), Device::Cuda(1));
        for (name, devices, expected) in [
            ("cuda:0", &none, "cuda:0 can't be used: No CUDA: no driver."),
            (
                "cuda:2",
                &two,
                "there is no cuda:2: this machine has 2 CUDA devices",
            ),
            (
                "gpu",
                &two,
                "there is no device “gpu”: write cpu, or cuda:0",
            ),
            (
                "cuda:x",
                &two,
                "there is no device “cuda:x”: write cpu, or cuda:0",
            ),
        ] {
            assert_eq!(
                parse_device(name, devices).unwrap_err().to_string(),
                expected
            );
        }
    }

    #[test]
    fn the_result_has_the_agreed_shape() {
        let outcome = Outcome {
            test: Some(TestMetrics {
                loss: 0.5,
                accuracy: 0.75,
                macro_f1: 0.7,
                n: 4,
            }),
            predictions: None,
            phases: vec![PhaseSummary {
                name: "Warm-up".into(),
                epochs: 2,
                seconds: 1.5,
            }],
            seconds_total: 3.0,
            best_epoch: 2,
            movement: Vec::new(),
        };
        assert_eq!(
            as_json(Path::new("/runs/one"), &outcome),
            json!({
                "run": "/runs/one",
                "test": {"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7, "n": 4},
                "phases": [{"name": "Warm-up", "epochs": 2, "seconds": 1.5}],
                "seconds_total": 3.0,
            })
        );
    }
}
