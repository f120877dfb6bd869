//! `graft classify`: what the untouched pre-trained network sees.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::table::{Align, table};
use super::{layers, output, run};
use crate::data::square::{SquareSpec, to_square};
use crate::data::{PictureSource, Pixels, decode};
use crate::experiment::{Fit, WeightsSource};
use crate::models::layers::Pass;
use crate::models::{self, Backbone, ModelError, WeightsInfo, catalogue, weights};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A name from `graft backbones`
    #[arg(long, value_name = "NAME")]
    backbone: String,
    /// A .safetensors, .pth or .pt file instead of the default weights
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// How many classes to name for each picture
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Print one JSON list
    #[arg(long)]
    json: bool,
    /// Pictures to look at
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Answer {
    image: PathBuf,
    predictions: Vec<Guess>,
}

#[derive(Debug, Serialize)]
struct Guess {
    index: usize,
    class: &'static str,
    probability: f32,
}

pub fn classify(arguments: &Arguments) -> anyhow::Result<()> {
    let info = layers::find(&arguments.backbone)?;
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(run::best_device);
    let network = load(&arguments.backbone, arguments.weights.as_deref(), device)?;
    let mut answers = Vec::with_capacity(arguments.images.len());
    for image in &arguments.images {
        let pixels = decode::decode(&PictureSource::File(image.clone()))?;
        let probabilities =
            probabilities(network.as_ref(), &pixels, info.default_weights(), device)?;
        answers.push(Answer {
            image: image.clone(),
            predictions: best(&probabilities, arguments.top.into()),
        });
    }
    if arguments.json {
        return output::print_json(&answers);
    }
    let mut text = String::new();
    for answer in &answers {
        text.push_str(&format!("{}\n", answer.image.display()));
        let rows: Vec<Vec<String>> = answer
            .predictions
            .iter()
            .map(|guess| {
                vec![
                    String::new(),
                    format!("{:.1} %", guess.probability * 100.0),
                    guess.class.to_owned(),
                ]
            })
            .collect();
        text.push_str(&table(
            &[("", Align::Left), ("", Align::Right), ("", Align::Left)],
            &rows,
        ));
    }
    output::print(&text)
}

/// The network with its own classifier.
fn load(name: &str, file: Option<&Path>, device: Device) -> anyhow::Result<Box<dyn Backbone>> {
    let source = file.map_or(WeightsSource::Pretrained, |file| {
        WeightsSource::File(file.to_path_buf())
    });
    let mut network = models::build(name, 0, device)?;
    let Some(file) = weights::locate(&source, name, None)? else {
        bail!("there are no weights for {name}");
    };
    if !weights::load(network.as_mut(), &file)?.classifier {
        bail!(ModelError::Weights {
            reason: "these weights come without the 1000-class classifier, so there are no ImageNet classes to name".into(),
            path: file,
        });
    }
    Ok(network)
}

/// Probabilities of ImageNet's classes for one picture, prepared as the weights ask for.
fn probabilities(
    network: &dyn Backbone,
    pixels: &Pixels,
    weights: &WeightsInfo,
    device: Device,
) -> Result<Vec<f32>, ModelError> {
    let spec = SquareSpec {
        side: weights.input_size,
        resize: weights.resize,
        interpolation: weights.interpolation,
        fit: Fit::CenterCrop,
        background: weights.mean.map(|mean| (mean * 255.0).round() as u8),
    };
    let input = normalised(&to_square(pixels, &spec), weights, device)?;
    let _guard = tch::no_grad_guard();
    let pass = Pass::inference();
    let features = network.forward_features(&input, &pass)?;
    let probabilities = network
        .classify(&features, &pass)?
        .f_softmax(-1, Kind::Float)?;
    let probabilities = probabilities
        .f_view([-1])?
        .f_to_device(Device::Cpu)?
        .f_contiguous()?;
    Ok(Vec::<f32>::try_from(&probabilities)?)
}

/// One square as `[1, 3, S, S]`, each channel less its mean and divided by its deviation.
fn normalised(
    square: &Pixels,
    weights: &WeightsInfo,
    device: Device,
) -> Result<Tensor, ModelError> {
    let (height, width) = (i64::from(square.height), i64::from(square.width));
    let channel = |values: [f64; 3]| {
        Tensor::f_from_slice(&values.map(|value| value as f32))?.f_view([1, 3, 1, 1])
    };
    let planes = Tensor::f_from_slice(&square.rgb)?
        .f_view([1, height, width, 3])?
        .f_permute([0, 3, 1, 2])?
        .f_to_kind(Kind::Float)?
        .f_div_scalar(255.0)?;
    let normalised = planes
        .f_sub(&channel(weights.mean)?)?
        .f_div(&channel(weights.std)?)?;
    Ok(normalised.f_contiguous()?.f_to_device(device)?)
}

/// The most probable classes, best first; equals in the order of their indices.
fn best(probabilities: &[f32], count: usize) -> Vec<Guess> {
    let classes = catalogue::imagenet_classes();
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    order
        .into_iter()
        .take(count)
        .map(|index| Guess {
            index,
            class: classes.get(index).copied().unwrap_or("?"),
            probability: probabilities[index],
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first() {
        let order: Vec<usize> = best(&[0.1, 0.4, 0.1, 0.4], 3)
            .iter()
            .map(|guess| guess.index)
            .collect();
        assert_eq!(order, [1, 3, 0]);
    }

    #[test]
    fn a_square_is_normalised_channel_by_channel() {
        let weights = WeightsInfo {
            name: "",
            file_name: "",
            url: "",
            package: "",
            hub_repository: "",
            sha256_prefix: "",
            file_mb: 0.0,
            licence: "",
            imagenet_top1: 0.0,
            imagenet_top5: 0.0,
            input_size: 2,
            min_size: 1,
            resize: 2,
            interpolation: crate::data::square::Interpolation::Bilinear,
            mean: [0.0, 0.5, 1.0],
            std: [1.0, 0.5, 0.25],
        };
        let square = Pixels {
            width: 2,
            height: 1,
            rgb: vec![255, 0, 255, 0, 255, 0],
        };
        let tensor = normalised(&square, &weights, Device::Cpu).unwrap();
        assert_eq!(tensor.size(), [1, 3, 1, 2]);
        let values = Vec::<f32>::try_from(&tensor.f_view([-1]).unwrap()).unwrap();
        assert_eq!(values, [1.0, 0.0, -1.0, 1.0, 0.0, -4.0]);
    }
}
