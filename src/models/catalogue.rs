//! What is known of each backbone and its weights, without building it.

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
    /// The weights to use unless the person says otherwise.
    pub weights: WeightsInfo,
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

/// Every backbone, in the order that a person should see them.
pub fn architectures() -> &'static [ArchitectureInfo] {
    &[]
}

/// The entry of `name`.
pub fn find(name: &str) -> Option<&'static ArchitectureInfo> {
    architectures().iter().find(|info| info.name == name)
}

/// ImageNet's 1000 class names, by index.
pub fn imagenet_classes() -> &'static [&'static str] {
    &[]
}
