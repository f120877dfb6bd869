//! What is known of each backbone and its weights, without building it.

use std::sync::LazyLock;

use crate::data::square::Interpolation;

/// One backbone, as `graft backbones` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchitectureInfo {
    /// torchvision's or timm's name: `resnet50`.
    pub name: &'static str,
    /// For people: `ResNet-50`.
    pub title: &'static str,
    /// Author, title and year of its paper.
    pub paper: &'static str,
    /// With its own 1000-class classifier.
    pub parameters: u64,
    /// Multiply-adds of one picture at `input_size`, in billions.
    pub gflops: f64,
    /// Least and largest side of the input square.
    pub input_range: (u32, u32),
    /// Every published file of pre-trained weights that fits; the first is used unless the person
    /// says otherwise. Never empty.
    pub weights: &'static [WeightsInfo],
}

impl ArchitectureInfo {
    /// The weights to use unless the person says otherwise.
    pub fn default_weights(&self) -> &'static WeightsInfo {
        &self.weights[0]
    }
}

/// Pre-trained weights, their file and the preprocessing that belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightsInfo {
    /// `IMAGENET1K_V1`.
    pub name: &'static str,
    /// The file's name in the weights folder.
    pub file_name: &'static str,
    /// Where a person can download it; empty when a package ships it.
    pub url: &'static str,
    /// Lower-case hexadecimal, whole or the prefix that the publisher's file name carries.
    pub sha256_prefix: &'static str,
    pub file_mb: f64,
    pub licence: &'static str,
    /// Top-1 accuracy on ImageNet's validation pictures, in per cent.
    pub imagenet_top1: f64,
    pub input_size: u32,
    /// The shorter side before the middle is cut.
    pub resize: u32,
    pub interpolation: Interpolation,
    /// Per channel, on a scale of 0 to 1.
    pub mean: [f64; 3],
    pub std: [f64; 3],
}

/// Mean and deviation that torchvision's weights were trained with.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];

const TORCHVISION_LICENCE: &str = "BSD-3-Clause (torchvision)";

const RESNET_PAPER: &str = "He et al., “Deep Residual Learning for Image Recognition”, 2015";

/// Weights of torchvision, bilinear, cut to 224.
const fn torchvision(
    name: &'static str,
    file_name: &'static str,
    url: &'static str,
    sha256_prefix: &'static str,
    file_mb: f64,
    imagenet_top1: f64,
    resize: u32,
) -> WeightsInfo {
    WeightsInfo {
        name,
        file_name,
        url,
        sha256_prefix,
        file_mb,
        licence: TORCHVISION_LICENCE,
        imagenet_top1,
        input_size: 224,
        resize,
        interpolation: Interpolation::Bilinear,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
    }
}

/// Parameters, multiply-adds and weights: torchvision's own tables; for EfficientNet-Lite the
/// published accuracy of the TensorFlow original and the layer tree's count.
static ARCHITECTURES: [ArchitectureInfo; 4] = [
    ArchitectureInfo {
        name: "efficientnet_lite0",
        title: "EfficientNet-Lite0",
        paper: "Tan and Le, “EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks”, 2019",
        parameters: 4_652_008,
        gflops: 0.385,
        input_range: (32, 1024),
        weights: &[WeightsInfo {
            name: "IMAGENET1K (TensorFlow)",
            file_name: "efficientnet_lite0.pth",
            url: "",
            sha256_prefix: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            file_mb: 17.954,
            licence: "Apache-2.0",
            imagenet_top1: 75.1,
            input_size: 224,
            resize: 256,
            interpolation: Interpolation::Bicubic,
            mean: [127.0 / 255.0; 3],
            std: [128.0 / 255.0; 3],
        }],
    },
    ArchitectureInfo {
        name: "mobilenet_v2",
        title: "MobileNetV2",
        paper: "Sandler et al., “MobileNetV2: Inverted Residuals and Linear Bottlenecks”, 2018",
        parameters: 3_504_872,
        gflops: 0.301,
        input_range: (32, 1024),
        weights: &[torchvision(
            "IMAGENET1K_V2",
            "mobilenet_v2-7ebf99e0.pth",
            "https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth",
            "7ebf99e0",
            13.598,
            72.154,
            232,
        )],
    },
    ArchitectureInfo {
        name: "resnet18",
        title: "ResNet-18",
        paper: RESNET_PAPER,
        parameters: 11_689_512,
        gflops: 1.814,
        input_range: (32, 1024),
        weights: &[torchvision(
            "IMAGENET1K_V1",
            "resnet18-f37072fd.pth",
            "https://download.pytorch.org/models/resnet18-f37072fd.pth",
            "f37072fd",
            44.661,
            69.758,
            256,
        )],
    },
    ArchitectureInfo {
        name: "resnet50",
        title: "ResNet-50",
        paper: RESNET_PAPER,
        parameters: 25_557_032,
        gflops: 4.089,
        input_range: (32, 1024),
        weights: &[torchvision(
            "IMAGENET1K_V2",
            "resnet50-11ad3fa6.pth",
            "https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
            "11ad3fa6",
            97.79,
            80.858,
            232,
        )],
    },
];

/// Every backbone, in the order that a person should see them.
pub fn architectures() -> &'static [ArchitectureInfo] {
    &ARCHITECTURES
}

/// The entry of `name`.
pub fn find(name: &str) -> Option<&'static ArchitectureInfo> {
    architectures().iter().find(|info| info.name == name)
}

/// ImageNet's 1000 class names, by index, as torchvision lists them.
pub fn imagenet_classes() -> &'static [&'static str] {
    static CLASSES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        include_str!("../../assets/imagenet_classes.txt")
            .lines()
            .collect()
    });
    &CLASSES
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::models::outline;

    #[test]
    fn figures_are_those_of_the_networks() {
        for info in architectures() {
            let tree = outline(info.name, info.default_weights().input_size).unwrap();
            assert_eq!(
                tree.root.parameters + tree.classifier_parameters,
                info.parameters,
                "{}",
                info.name
            );
            let classifier = (tree.features * 1000) as u64;
            let gflops = (tree.root.multiply_adds + classifier) as f64 / 1e9;
            assert!(
                (gflops - info.gflops).abs() < 0.001,
                "{}: {gflops}",
                info.name
            );
        }
    }

    #[test]
    fn a_thousand_classes_without_gaps() {
        let classes = imagenet_classes();
        assert_eq!(classes.len(), 1000);
        assert_eq!((classes[0], classes[999]), ("tench", "toilet tissue"));
        assert!(classes.iter().all(|name| !name.trim().is_empty()));
    }
}
