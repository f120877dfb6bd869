//! Backbones built on tensors, with torchvision's names; their heads, weights and layer trees.

pub mod backbone;
pub mod cam;
pub mod catalogue;
pub mod device;
pub mod fold;
pub mod freeze;
pub mod head;
pub mod init;
pub mod layers;
pub mod load;
pub mod origin;
pub mod parameters;
pub mod parity;
pub mod speed;
pub mod tokens;
pub mod tree;
pub mod weights;

mod classifier;
mod convnext;
mod densenet;
mod download;
mod efficientnet;
mod efficientnet_lite;
mod eva;
mod fused;
mod googlenet;
mod inception_layers;
mod inception_v3;
mod mobilenet_v2;
mod mobilenet_v3;
mod mobilenet_v4;
mod network;
mod regnet;
mod resnet;
mod vgg;
mod vision_transformer;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
pub(crate) use golden_tests::test_every_backbone;

pub use backbone::{Backbone, backbone_info, build, build_blank, outline};
pub use catalogue::{ArchitectureInfo, WeightsInfo};
pub use classifier::mean_over_places;
pub use vision_transformer::position_embedding;

use std::path::PathBuf;

/// What can go wrong with a network or its weights. Messages end with the path.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("there is no backbone named “{name}”; there are {known}")]
    UnknownBackbone { name: String, known: String },
    #[error("there is no layer “{path}” in {backbone}{hint}")]
    UnknownLayer {
        path: String,
        backbone: String,
        hint: String,
    },
    #[error("there are no weights “{name}”: {backbone} has {known}")]
    UnknownWeights {
        name: String,
        backbone: String,
        known: String,
    },
    #[error("{backbone} takes pictures of {least} to {most} pixels a side, not {asked}")]
    InputSize {
        backbone: String,
        asked: u32,
        least: u32,
        most: u32,
    },
    /// A weight file is unusable; the text says why and what to do.
    #[error("{reason}: {path}")]
    Weights { reason: String, path: PathBuf },
    #[error(transparent)]
    Download(#[from] weights::DownloadError),
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// There is nothing to make a class activation map from.
    #[error("{0} has no class activation map: it ends in neither a grid of features nor tokens")]
    NoMap(String),
    /// The text says what to do instead.
    #[error("{}", no_classifier(.0))]
    NoClassifier(String),
    #[error("{0}")]
    Device(String),
}

/// What is said of a network, by its title, where classes are expected of it that it never learned.
pub fn no_classifier(title: &str) -> String {
    format!(
        "{title} has no classifier of its own: it learned from pictures without ImageNet’s classes, so there are none to name. \
         Train a head on your own classes, or take its features (graft embed)"
    )
}
