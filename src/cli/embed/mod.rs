//! `graft embed`: features of pictures, for use elsewhere, or kept for runs that come.

mod kept;
mod vectors;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::training::shards::Shard;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A name from `graft backbones`
    #[arg(long, value_name = "NAME", required_unless_present = "preset")]
    backbone: Option<String>,
    /// A .safetensors, .pth or .pt file, or a name from `graft weights list`, instead of the default
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    weights: Option<PathBuf>,
    /// Which of several networks in that file: what stands before its names, such as teacher.backbone
    #[arg(long, value_name = "KEY", requires = "weights")]
    key: Option<String>,
    /// The file to write: features [N, F] and, where folders name classes, labels [N]
    #[arg(
        long,
        value_name = "FEATURES.safetensors",
        required_unless_present = "preset"
    )]
    out: Option<PathBuf>,
    /// Instead: compute the features of frozen layers that runs of this preset or sweep need, and keep them for these runs
    #[arg(
        long,
        value_name = "PRESET|SWEEP.sweep.ron",
        conflicts_with_all = ["backbone", "out", "folder"]
    )]
    preset: Option<PathBuf>,
    /// Of these pictures instead of the preset's: a folder, or a table of paths and labels
    #[arg(long, value_name = "PATH", requires = "preset")]
    data: Option<PathBuf>,
    /// Change one field of the preset, such as backbone.input_size=320; may be given several times
    #[arg(long, value_name = "KEY=VALUE", requires = "preset")]
    set: Vec<String>,
    /// For runs under so many seeds, as with `graft run --seeds`
    #[arg(long, value_name = "N", requires = "preset", value_parser = clap::value_parser!(u32).range(1..=100))]
    seeds: Option<u32>,
    /// Of one part of the pictures alone, such as 3/16: any number of machines may compute parts at once, into one folder
    /// ($GRAFT_CACHE)
    #[arg(long, value_name = "I/N", requires = "preset")]
    shard: Option<Shard>,
    /// Compute nothing: say which of N parts are missing, on this kind of processor or card
    #[arg(long, value_name = "N", requires = "preset", conflicts_with = "shard")]
    status: Option<usize>,
    /// With --status: print the missing parts alone, such as 3,7-9, as sbatch --array takes them
    #[arg(long, requires = "status", conflicts_with = "json")]
    missing: bool,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Every picture below this folder
    #[arg(value_name = "DIR", required_unless_present = "preset")]
    folder: Option<PathBuf>,
}

pub fn embed(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments {
        backbone,
        out,
        folder,
        preset,
        ..
    } = arguments;
    if let Some(preset) = preset {
        return kept::embed(preset, arguments);
    }
    let (Some(backbone), Some(out), Some(folder)) = (backbone, out, folder) else {
        bail!("--backbone, --out and a folder of pictures belong together");
    };
    vectors::write(&vectors::Wanted {
        backbone,
        weights: arguments.weights.as_deref(),
        key: arguments.key.as_deref(),
        out,
        device: arguments.device.as_deref(),
        json: arguments.json,
        folder,
    })
}
