//! The work of the table, and how each contestant is called to do it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::measure::{Epochs, Measured, measure};
use crate::{places, steps};

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Extraction,
    ExtractionMobile,
    Comparison,
    /// Another rate and dropout, with what the first experiment left.
    Next,
    Full,
}

impl Work {
    pub const ALL: [Self; 5] = [
        Self::Extraction,
        Self::ExtractionMobile,
        Self::Comparison,
        Self::Next,
        Self::Full,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Extraction => "extraction",
            Self::ExtractionMobile => "extraction-mobilenet",
            Self::Comparison => "comparison",
            Self::Next => "next",
            Self::Full => "full",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Extraction => "feature extraction, EfficientNet-Lite0, 10 epochs",
            Self::ExtractionMobile => "feature extraction, MobileNetV2, 10 epochs",
            Self::Comparison => "feature extraction, then 5 + 10 epochs of fine-tuning",
            Self::Next => "next experiment on a warm cache, 10 epochs",
            Self::Full => "full fine-tuning, ResNet-18, 3 epochs",
        }
    }

    fn network(self) -> &'static str {
        match self {
            Self::ExtractionMobile => "mobilenet_v2",
            Self::Full => "resnet18",
            _ => "efficientnet_lite0",
        }
    }

    /// The peers' name of it.
    fn of_peers(self) -> &'static str {
        match self {
            Self::Comparison => "comparison",
            Self::Full => "full",
            _ => "extraction",
        }
    }

    fn epochs(self) -> u32 {
        if self == Self::Full { 3 } else { 10 }
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
    split: PathBuf,
}

impl Bench {
    /// Makes the weights, and the split that all contestants use.
    pub fn new(folder: &Path, pictures: &Path, python: &Path) -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| places::checkout().join("target"), PathBuf::from);
        let mut bench = Self {
            folder: folder.to_path_buf(),
            pictures: pictures.to_path_buf(),
            python: python.to_path_buf(),
            graft: target.join("debug/graft"),
            split: PathBuf::new(),
        };
        bench.random_weights()?;
        let out = fresh(&folder.join("split"))?;
        let mut command = bench.graft_run("lesson-feature-extraction", Work::Extraction, 42, &out);
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
        for network in ["mobilenet_v2", "resnet18"] {
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
            places::home()?.join("weights/efficientnet_lite0.pth")
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
        match work {
            Work::Extraction | Work::ExtractionMobile => {
                once("lesson-feature-extraction", work, &[])
            }
            Work::Next => {
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
            Work::Full => once(
                "lesson-feature-extraction",
                work,
                &["phases[0].freeze=Nothing", "phases[0].epochs=3"],
            ),
            Work::Comparison => {
                let first = once("lesson-feature-extraction", work, &[])?;
                let second = once("lesson-fine-tuning", work, &[])?;
                Ok(Measured {
                    seconds: first.seconds + second.seconds,
                    first_epoch: first.first_epoch,
                    accuracy: second.accuracy,
                    peak_bytes: first.peak_bytes.max(second.peak_bytes),
                })
            }
        }
    }

    fn graft_run(&self, preset: &str, work: Work, seed: u64, out: &Path) -> Command {
        let mut command = Command::new(&self.graft);
        command.current_dir(places::checkout());
        command.env("LIBTORCH", places::libtorch_link());
        command.args(["run", &format!("{preset}.ron"), "--json", "--device", "cpu"]);
        command.arg("--data").arg(&self.pictures);
        command.arg("--out").arg(out);
        let mut settings = vec![
            format!("seed={seed}"),
            // One split for every seed.
            "data.split.seed=1".into(),
            format!("backbone.name={:?}", work.network()),
        ];
        if let Ok(weights) = self.weights(work.network())
            && work.network() != "efficientnet_lite0"
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
            command.arg(places::checkout().join("tests/peers").join(script));
            command.arg("--pictures").arg(&self.pictures);
            command.arg("--split").arg(&self.split);
            command.args(["--network", work.network()]);
            command.arg("--weights").arg(self.weights(work.network())?);
            command.args(["--work", work.of_peers()]);
            command.args(["--epochs", &work.epochs().to_string()]);
            command.args(["--seed", &seed.to_string()]);
            command.args(changes);
            measure(&mut command, &Epochs::Line("validation_loss"), |result| {
                result["test_accuracy"].as_f64()
            })
        };
        // B0 keeps nothing from one experiment to the next: its second one is like its first.
        if work != Work::Next || script == "b0.py" {
            return run(&[]);
        }
        let cache = fresh(&self.folder.join("peer-cache"))?.join("features.pt");
        let cache = cache.to_string_lossy();
        run(&["--cache", &cache])?;
        run(&["--cache", &cache, "--rate", "5e-4", "--dropout", "0.3"])
    }
}

/// An empty folder.
fn fresh(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(folder.to_path_buf())
}
