//! The work of the table, and how each contestant is called to do it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::measure::{Epochs, Measured, measure};
use crate::{paths, steps};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    Extraction,
    Comparison,
    /// Another rate and dropout, with what the first experiment left.
    Next,
    Full,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// For `--work`.
    pub name: &'static str,
    pub title: &'static str,
    job: Job,
    network: &'static str,
}

impl Work {
    const fn new(name: &'static str, title: &'static str, job: Job, network: &'static str) -> Self {
        Self {
            name,
            title,
            job,
            network,
        }
    }

    /// On both.
    const MOBILENET: Self = Self::new(
        "extraction-mobilenet",
        "feature extraction, MobileNetV2, 10 epochs",
        Job::Extraction,
        "mobilenet_v2",
    );

    /// On the processor.
    pub const CPU: [Self; 5] = [
        Self::new(
            "extraction",
            "feature extraction, EfficientNet-Lite0, 10 epochs",
            Job::Extraction,
            "efficientnet_lite0",
        ),
        Self::MOBILENET,
        Self::new(
            "comparison",
            "feature extraction, then 5 + 10 epochs of fine-tuning",
            Job::Comparison,
            "efficientnet_lite0",
        ),
        Self::new(
            "next",
            "next experiment on a warm cache, 10 epochs",
            Job::Next,
            "efficientnet_lite0",
        ),
        Self::new(
            "full",
            "full fine-tuning, ResNet-18, 3 epochs",
            Job::Full,
            "resnet18",
        ),
    ];

    /// On a graphics card.
    pub const CUDA: [Self; 7] = [
        Self::MOBILENET,
        Self::new(
            "extraction-resnet",
            "feature extraction, ResNet-50, 10 epochs",
            Job::Extraction,
            "resnet50",
        ),
        Self::new(
            "extraction-vit",
            "feature extraction, ViT-B/16, 10 epochs",
            Job::Extraction,
            "vit_b_16",
        ),
        Self::new(
            "next",
            "next experiment on a warm cache, ResNet-50, 10 epochs",
            Job::Next,
            "resnet50",
        ),
        Self::new(
            "full-mobilenet",
            "full fine-tuning, MobileNetV2, 3 epochs",
            Job::Full,
            "mobilenet_v2",
        ),
        Self::new(
            "full-resnet",
            "full fine-tuning, ResNet-50, 3 epochs",
            Job::Full,
            "resnet50",
        ),
        Self::new(
            "full-vit",
            "full fine-tuning, ViT-B/16, 3 epochs",
            Job::Full,
            "vit_b_16",
        ),
    ];

    /// The peers' name of it.
    fn of_peers(self) -> &'static str {
        match self.job {
            Job::Comparison => "comparison",
            Job::Full => "full",
            Job::Extraction | Job::Next => "extraction",
        }
    }

    fn epochs(self) -> u32 {
        if self.job == Job::Full { 3 } else { 10 }
    }
}

/// Where all contestants compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    Cpu,
    Cuda,
}

impl Device {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda),
            _ => None,
        }
    }

    pub fn works(self) -> &'static [Work] {
        match self {
            Self::Cpu => &Work::CPU,
            Self::Cuda => &Work::CUDA,
        }
    }

    /// Pictures that the table asks for.
    pub fn pictures(self) -> usize {
        match self {
            Self::Cpu => 1000,
            Self::Cuda => 2000,
        }
    }

    fn of_graft(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda:0",
        }
    }

    fn of_peers(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    Graft,
    /// The lesson's loop.
    B0,
    /// The best that a skilled Python user would write.
    B1,
}

impl Contestant {
    pub const ALL: [Self; 3] = [Self::Graft, Self::B0, Self::B1];

    pub fn title(self) -> &'static str {
        match self {
            Self::Graft => "Graft",
            Self::B0 => "B0",
            Self::B1 => "B1",
        }
    }
}

/// What all measurements share.
pub struct Bench {
    folder: PathBuf,
    pictures: PathBuf,
    python: PathBuf,
    graft: PathBuf,
    device: Device,
    split: PathBuf,
}

impl Bench {
    /// Makes the weights, and the split that all contestants use.
    pub fn new(
        graft: &Path,
        folder: &Path,
        pictures: &Path,
        python: &Path,
        device: Device,
    ) -> Result<Self> {
        let mut bench = Self {
            folder: folder.to_path_buf(),
            pictures: pictures.to_path_buf(),
            python: python.to_path_buf(),
            graft: graft.to_path_buf(),
            device,
            split: PathBuf::new(),
        };
        bench.random_weights()?;
        let out = fresh(&folder.join("split"))?;
        let mut command = bench.graft_run("lesson-feature-extraction", device.works()[0], 42, &out);
        steps::run(command.args(["--set", "phases[0].epochs=1"]))?;
        let run = std::fs::read_dir(&out)?
            .next()
            .context("no run was made")??;
        bench.split = run.path().join("split.csv");
        Ok(bench)
    }

    /// torchvision's own can't be fetched everywhere: networks of random weights do the same work, at an accuracy
    /// that says nothing.
    fn random_weights(&self) -> Result<()> {
        for work in self.device.works() {
            let network = work.network;
            let file = self.weights(network)?;
            if file.exists() {
                continue;
            }
            let program = format!(
                "import sys, torch, torchvision; torch.manual_seed(0); \
                 torch.save(torchvision.models.{network}(weights=None).state_dict(), sys.argv[1])"
            );
            let mut command = Command::new(&self.python);
            steps::run(command.args(["-c", &program]).arg(&file))?;
        }
        Ok(())
    }

    fn weights(&self, network: &str) -> Result<PathBuf> {
        Ok(if network == "efficientnet_lite0" {
            paths::home()?.join("weights/efficientnet_lite0.pth")
        } else {
            self.folder.join(format!("{network}.pth"))
        })
    }

    pub fn measure(&self, work: Work, contestant: Contestant, seed: u64) -> Result<Measured> {
        match contestant {
            Contestant::Graft => self.measure_graft(work, seed),
            Contestant::B0 => self.measure_peer("b0.py", work, seed),
            Contestant::B1 => self.measure_peer("b1.py", work, seed),
        }
    }

    fn measure_graft(&self, work: Work, seed: u64) -> Result<Measured> {
        let cache = fresh(&self.folder.join("cache"))?;
        let once = |preset: &str, work: Work, settings: &[&str]| -> Result<Measured> {
            let out = fresh(&self.folder.join("runs"))?;
            let mut command = self.graft_run(preset, work, seed, &out);
            command.env("GRAFT_CACHE", &cache);
            for setting in settings {
                command.args(["--set", setting]);
            }
            measure(&mut command, &Epochs::File(&out, "metrics.csv"), |result| {
                result["test"]["accuracy"].as_f64()
            })
        };
        match work.job {
            Job::Extraction => once("lesson-feature-extraction", work, &[]),
            Job::Next => {
                once("lesson-feature-extraction", work, &[])?;
                once(
                    "lesson-feature-extraction",
                    work,
                    &[
                        "phases[0].learning_rate=5e-4",
                        "head.layers[1]=Dropout(0.3)",
                    ],
                )
            }
            Job::Full => once(
                "lesson-feature-extraction",
                work,
                &["phases[0].freeze=Nothing", "phases[0].epochs=3"],
            ),
            Job::Comparison => {
                let first = once("lesson-feature-extraction", work, &[])?;
                let second = once("lesson-fine-tuning", work, &[])?;
                Ok(Measured {
                    seconds: first.seconds + second.seconds,
                    first_epoch: first.first_epoch,
                    epoch: second.epoch,
                    accuracy: second.accuracy,
                    peak_bytes: first.peak_bytes.max(second.peak_bytes),
                })
            }
        }
    }

    fn graft_run(&self, preset: &str, work: Work, seed: u64, out: &Path) -> Command {
        let mut command = graft(&self.graft);
        command.args(["run", &format!("{preset}.ron"), "--json"]);
        command.args(["--device", self.device.of_graft()]);
        command.arg("--data").arg(&self.pictures);
        command.arg("--out").arg(out);
        let mut settings = vec![
            format!("seed={seed}"),
            // One split for every seed.
            "data.split.seed=1".into(),
            format!("backbone.name={:?}", work.network),
        ];
        if let Ok(weights) = self.weights(work.network)
            && work.network != "efficientnet_lite0"
        {
            settings.push(format!("backbone.weights=File({weights:?})"));
        }
        for setting in settings {
            command.args(["--set", &setting]);
        }
        command
    }

    fn measure_peer(&self, script: &str, work: Work, seed: u64) -> Result<Measured> {
        let run = |changes: &[&str]| -> Result<Measured> {
            let mut command = Command::new(&self.python);
            command.arg(paths::checkout().join("tests/peers").join(script));
            command.arg("--pictures").arg(&self.pictures);
            command.arg("--split").arg(&self.split);
            command.args(["--network", work.network]);
            command.arg("--weights").arg(self.weights(work.network)?);
            command.args(["--work", work.of_peers()]);
            command.args(["--epochs", &work.epochs().to_string()]);
            command.args(["--seed", &seed.to_string()]);
            command.args(["--device", self.device.of_peers()]);
            command.args(changes);
            measure(&mut command, &Epochs::Line("validation_loss"), |result| {
                result["test_accuracy"].as_f64()
            })
        };
        // B0 keeps nothing from one experiment to the next: its second one is like its first.
        if work.job != Job::Next || script == "b0.py" {
            return run(&[]);
        }
        let cache = fresh(&self.folder.join("peer-cache"))?.join("features.pt");
        let cache = cache.to_string_lossy();
        run(&["--cache", &cache])?;
        run(&["--cache", &cache, "--rate", "5e-4", "--dropout", "0.3"])
    }
}

/// The program, in the checkout, whose presets it is given.
pub fn graft(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(paths::checkout());
    command.env("LIBTORCH", paths::libtorch_link());
    command
}

/// What a process that succeeds has said at its end.
pub fn finished(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("could not start")?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}

/// An empty folder.
pub fn fresh(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(folder.to_path_buf())
}
