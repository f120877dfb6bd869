//! How timm prepares pictures for its weights, which have other names than torchvision's and often another preprocessing for
//! the same network. Recorded from timm by `tests/record_timm_preprocessing.py`.

use std::sync::LazyLock;

use super::{ArchitectureInfo, WeightsInfo};
use crate::data::square::Interpolation;

/// One set of timm's weights.
#[derive(Debug, Clone, PartialEq)]
pub struct TimmWeights {
    /// With its tag: `mobilenetv2_100.ra_in1k`.
    pub name: &'static str,
    /// The backbone here.
    pub backbone: &'static str,
    pub input_size: u32,
    /// The shorter side before the middle is cut.
    pub resize: u32,
    pub interpolation: Interpolation,
    pub mean: [f64; 3],
    pub std: [f64; 3],
    /// What timm called them before there were tags, and what the published file is called.
    pub other_names: Vec<&'static str>,
}

impl TimmWeights {
    /// timm's name without the tag.
    pub fn network(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// `weights` with this preprocessing in place of its own.
    pub fn over(&self, weights: &WeightsInfo) -> WeightsInfo {
        WeightsInfo {
            name: self.name,
            input_size: self.input_size,
            resize: self.resize,
            interpolation: self.interpolation,
            mean: self.mean,
            std: self.std,
            ..weights.clone()
        }
    }
}

/// Every set of weights that timm has for a backbone here. The first of a network is what timm takes without a tag.
pub fn all() -> &'static [TimmWeights] {
    static ALL: LazyLock<Vec<TimmWeights>> = LazyLock::new(|| {
        include_str!("../../../assets/timm_preprocessing.tsv")
            .lines()
            .filter_map(entry)
            .collect()
    });
    &ALL
}

/// timm's weights for `info`, the one that timm takes first.
pub fn of(info: &ArchitectureInfo) -> impl Iterator<Item = &'static TimmWeights> {
    let backbone = info.name;
    all()
        .iter()
        .filter(move |weights| weights.backbone == backbone)
}

/// Those for `info` that a person calls `name`: whole, or without the tag.
pub fn find(info: &ArchitectureInfo, name: &str) -> Option<&'static TimmWeights> {
    of(info)
        .find(|weights| weights.name == name)
        .or_else(|| of(info).find(|weights| weights.network() == name))
}

fn entry(line: &'static str) -> Option<TimmWeights> {
    let mut fields = line.split('\t');
    let (name, backbone) = (fields.next()?, fields.next()?);
    let (input_size, resize) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let interpolation = match fields.next()? {
        "bilinear" => Interpolation::Bilinear,
        "bicubic" => Interpolation::Bicubic,
        _ => return None,
    };
    let three = |text: &str| -> Option<[f64; 3]> {
        let numbers: Vec<f64> = text
            .split(',')
            .filter_map(|number| number.parse().ok())
            .collect();
        numbers.try_into().ok()
    };
    Some(TimmWeights {
        name,
        backbone,
        input_size,
        resize,
        interpolation,
        mean: three(fields.next()?)?,
        std: three(fields.next()?)?,
        other_names: fields
            .next()?
            .split(',')
            .filter(|name| !name.is_empty())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{architectures, find as backbone};
    use super::*;

    #[test]
    fn every_line_is_read_and_is_of_a_backbone_here() {
        let lines = include_str!("../../../assets/timm_preprocessing.tsv")
            .lines()
            .count();
        assert_eq!(all().len(), lines);
        for weights in all() {
            assert!(backbone(weights.backbone).is_some(), "{}", weights.name);
            assert!(weights.resize >= weights.input_size, "{}", weights.name);
            assert!(
                weights.std.iter().all(|value| *value > 0.0),
                "{}",
                weights.name
            );
        }
        // timm has no GoogLeNet, and its weights for EfficientNetV2-S are for networks that pad as TensorFlow does.
        for info in architectures() {
            assert_eq!(
                of(info).next().is_none(),
                ["googlenet", "efficientnet_v2_s"].contains(&info.name),
                "{}",
                info.name
            );
        }
    }

    #[test]
    fn what_timm_takes_without_a_tag_is_as_timm_has_it() {
        let imagenet = [0.485, 0.456, 0.406];
        for (backbone_name, name, size, resize, mean) in [
            ("mobilenet_v2", "mobilenetv2_100", 224, 256, imagenet),
            (
                "mobilenet_v3_large",
                "mobilenetv3_large_100",
                224,
                256,
                imagenet,
            ),
            (
                "efficientnet_lite0",
                "tf_efficientnet_lite0",
                224,
                256,
                [0.5; 3],
            ),
            ("efficientnet_b0", "efficientnet_b0", 224, 256, imagenet),
            ("efficientnet_b4", "efficientnet_b4", 320, 365, imagenet),
            ("vit_b_16", "vit_base_patch16_224", 224, 248, [0.5; 3]),
            (
                "vit_tiny_patch16_224",
                "vit_tiny_patch16_384",
                384,
                384,
                [0.5; 3],
            ),
            (
                "vit_tiny_patch16_224",
                "deit_tiny_patch16_224",
                224,
                248,
                imagenet,
            ),
            ("vit_b_16", "deit_base_patch16_384", 384, 384, imagenet),
        ] {
            let weights = find(backbone(backbone_name).unwrap(), name).unwrap();
            assert_eq!(
                (weights.input_size, weights.resize),
                (size, resize),
                "{name}"
            );
            assert_eq!(weights.mean, mean, "{name}");
            assert_eq!(weights.interpolation, Interpolation::Bicubic, "{name}");
        }
        assert_eq!(
            find(backbone("resnet50").unwrap(), "resnet50")
                .unwrap()
                .resize,
            235
        );
        assert_eq!(
            find(backbone("resnet50").unwrap(), "resnet50.tv_in1k")
                .unwrap()
                .resize,
            256
        );
        assert_eq!(find(backbone("resnet50").unwrap(), "resnet18"), None);
    }
}
