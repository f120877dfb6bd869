//! How pictures are prepared for an experiment's weights: as the catalogue says, as timm does for a file in timm's names, or
//! as the person says.

use std::path::Path;

use super::called::Called;
use super::outline::Outline;
use super::resolve::{Reading, resolve};
use super::{chosen, tensors};
use crate::data::square::Interpolation;
use crate::experiment::{BackboneConfig, Preprocessing, ResizeFilter};
use crate::models::catalogue::timm::{self, TimmWeights};
use crate::models::{ArchitectureInfo, ModelError, WeightsInfo, catalogue};
use crate::paths;

/// The catalogue's entry for an experiment's weights, with the preprocessing that it asks for. What is still
/// [`Preprocessing::Auto`] is the catalogue's: ask [`settle`] first where a person's file may say more.
///
/// # Errors
/// When the experiment names weights that the backbone does not have, here or in timm; the text lists those it has.
pub fn preprocessing(
    info: &'static ArchitectureInfo,
    config: &BackboneConfig,
) -> Result<WeightsInfo, ModelError> {
    let published = chosen(info, &config.weights)?;
    Ok(match &config.preprocessing {
        Preprocessing::Auto | Preprocessing::Published => published.clone(),
        Preprocessing::Timm(name) => timm::find(info, name)
            .ok_or_else(|| unknown(info, name))?
            .over(published),
        Preprocessing::Custom {
            input_size,
            resize,
            filter,
            mean,
            std,
        } => WeightsInfo {
            input_size: *input_size,
            resize: *resize,
            interpolation: match filter {
                ResizeFilter::Bilinear => Interpolation::Bilinear,
                ResizeFilter::Bicubic => Interpolation::Bicubic,
            },
            mean: *mean,
            std: *std,
            ..published.clone()
        },
    })
}

/// The side of the input square that belongs to an experiment's weights.
pub fn input_size(info: &'static ArchitectureInfo, config: &BackboneConfig) -> u32 {
    preprocessing(info, config).map_or(info.default_weights().input_size, |weights| {
        weights.input_size
    })
}

/// Finds out what [`Preprocessing::Auto`] means for a person's own file, and writes it into the experiment, so that
/// whoever uses the run afterwards needs no file to know. A file that can't be read leaves it as it is: loading says why.
pub fn settle(config: &mut BackboneConfig, base: Option<&Path>) {
    if let Some(timm) = guessed(config, base) {
        config.preprocessing = Preprocessing::Timm(timm.name.to_owned());
    }
}

/// What timm does for the file, where `config` leaves that open and the file is timm's.
fn guessed(config: &BackboneConfig, base: Option<&Path>) -> Option<&'static TimmWeights> {
    let file = config.weights.file()?;
    let info = catalogue::find(&config.name)?;
    let is_published = info.weights.iter().any(|weights| {
        file.file_name()
            .is_some_and(|name| name == weights.file_name)
    });
    if config.preprocessing != Preprocessing::Auto || is_published {
        return None;
    }
    let path = paths::expand(file, base);
    let found = tensors::read(&path).ok()?;
    let outline = Outline::named(info)?;
    let taken = resolve(&outline, &Reading::new(&found), config.weights.key()).ok()?;
    Called::new(&path, found.architecture.as_deref()).timm(info, taken.fit.dialect)
}

fn unknown(info: &ArchitectureInfo, name: &str) -> ModelError {
    let known: Vec<&str> = timm::of(info).map(|weights| weights.name).collect();
    let known = match known.as_slice() {
        [] => "none of timm’s".to_owned(),
        known => known.join(", "),
    };
    ModelError::UnknownWeights {
        name: name.into(),
        backbone: info.name.into(),
        known,
    }
}

/// Of a person's own file, for the log: how its pictures are prepared, and by whose example.
pub fn preprocessing_line(config: &BackboneConfig, weights: &WeightsInfo) -> String {
    let whose = match &config.preprocessing {
        Preprocessing::Timm(_) => format!("as timm does for {}", weights.name),
        Preprocessing::Custom { .. } => "as you set it".to_owned(),
        Preprocessing::Auto | Preprocessing::Published => {
            format!("as for the published weights {}", weights.name)
        }
    };
    format!("pictures are prepared {whose}: {}", numbers(weights))
}

/// "224 pixels cropped from 256, bicubic, mean 0.5 0.5 0.5, deviation 0.5 0.5 0.5"
pub fn numbers(weights: &WeightsInfo) -> String {
    let channels = |values: [f64; 3]| {
        values
            .map(|value| format!("{}", (value * 1e4).round() / 1e4))
            .join(" ")
    };
    format!(
        "{} pixels cropped from {}, {}, mean {}, deviation {}",
        weights.input_size,
        weights.resize,
        format!("{:?}", weights.interpolation).to_lowercase(),
        channels(weights.mean),
        channels(weights.std)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_experiment_says_is_what_pictures_get() {
        let info = catalogue::find("mobilenet_v2").unwrap();
        let mut config = BackboneConfig {
            name: "mobilenet_v2".into(),
            ..BackboneConfig::default()
        };
        let own = preprocessing(info, &config).unwrap();
        assert_eq!(
            (own.resize, own.interpolation),
            (232, Interpolation::Bilinear)
        );
        config.preprocessing = Preprocessing::Timm("mobilenetv2_100".into());
        let timm = preprocessing(info, &config).unwrap();
        assert_eq!(
            (timm.resize, timm.interpolation),
            (256, Interpolation::Bicubic)
        );
        assert!(preprocessing_line(&config, &timm).contains(
            "as timm does for mobilenetv2_100.ra_in1k: 224 pixels cropped from 256, bicubic, mean 0.485 0.456 0.406"
        ));
        config.preprocessing = Preprocessing::Timm("resnet50".into());
        let error = preprocessing(info, &config).unwrap_err().to_string();
        assert!(
            error.contains("mobilenet_v2 has mobilenetv2_100.ra_in1k"),
            "{error}"
        );
        config.preprocessing = Preprocessing::Custom {
            input_size: 96,
            resize: 100,
            filter: ResizeFilter::Bilinear,
            mean: [0.1; 3],
            std: [0.2; 3],
        };
        let custom = preprocessing(info, &config).unwrap();
        assert_eq!(
            (custom.input_size, custom.resize, custom.mean),
            (96, 100, [0.1; 3])
        );
        assert_eq!(own.min_size, custom.min_size);
    }
}
