//! `graft explain`: where a run's network looks in a picture.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::outputs::{refuse_among_pictures, refuse_to_replace};
use super::{output, run};
use crate::analysis::{evaluate, gallery, precision};
use crate::data::{StopFlag, decode};
use crate::figures::heat;
use crate::format;
use crate::models::device;
use crate::runs::{atomic, store};
use crate::shown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A finished run: its folder, its number (12) or its name
    #[arg(value_name = "RUN", value_parser = super::runs::argument())]
    run: PathBuf,
    /// The picture to look at: a file, or a picture of the run by its name, such as test/00012
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// The PNG file to write: the square that the network sees, with the map over it
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
    /// The class to explain; what the network answers unless given
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
    /// How strongly the map covers the picture, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.6)]
    opacity: f32,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON document, with the map's values
    #[arg(long)]
    json: bool,
}

pub fn explain(arguments: &Arguments) -> anyhow::Result<()> {
    // A run of another version may have a preset that this one can't read, and a network that it can.
    if let Ok(experiment) = store::experiment(&arguments.run) {
        refuse_among_pictures(&arguments.out, &experiment.data.source, None)?;
    }
    refuse_to_replace(
        &arguments.out,
        &[arguments.image.as_path()],
        "map of this command",
        &heat::is_ours,
    )?;
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
    let network = evaluate::open_classifier(&arguments.run, device)?;
    if let Some(remark) =
        precision::remark_elsewhere(&store::open(&arguments.run)?, network.precision())
    {
        output::warn(&remark);
    }
    let classes = network.classes();
    let class = arguments
        .class
        .as_ref()
        .map(|name| find(name, classes))
        .transpose()?;
    let images = std::slice::from_ref(&arguments.image);
    let sources = gallery::find_pictures(&arguments.run, images, &StopFlag::default())?;
    let Some(source) = sources.first() else {
        bail!("no picture is named");
    };
    let picture = decode::decode_alone(source)?;
    let found = network.explain(&picture, class)?;
    let square = &found.square;
    let covered = heat::overlay(&square.rgb, &found.heat, arguments.opacity);
    let bytes = heat::png(&covered, square.width, square.height).map_err(anyhow::Error::msg)?;
    atomic::write(&arguments.out, &bytes)
        .with_context(|| format!("can't be written: {}", arguments.out.display()))?;
    let name = |class: usize| classes.get(class).map_or("", String::as_str);
    if arguments.json {
        let rows: Vec<&[f32]> = found.map.chunks(found.map_width.max(1)).collect();
        let probabilities: serde_json::Map<String, serde_json::Value> = found
            .probabilities
            .iter()
            .enumerate()
            .map(|(class, value)| (name(class).to_owned(), json!(value)))
            .collect();
        return output::print_json(&json!({
            "image": shown::path(&arguments.image),
            "class": name(found.class as usize),
            "probabilities": probabilities,
            "method": found.method.sentence(),
            "map": rows,
            "file": shown::path(&arguments.out),
        }));
    }
    let probability = found.probabilities.get(found.class as usize);
    output::print(&format!(
        "{}: {} ({})\n{}: {}\n",
        shown::line(&arguments.image.display().to_string()),
        shown::line(name(found.class as usize)),
        format::percent(f64::from(probability.copied().unwrap_or_default())),
        found.method.sentence(),
        arguments.out.display()
    ))
}

fn find(name: &str, classes: &[String]) -> anyhow::Result<u32> {
    match classes.iter().position(|class| class == name) {
        Some(class) => Ok(class as u32),
        None => bail!(
            "there is no class “{name}”; the run knows {}",
            classes.join(", ")
        ),
    }
}
