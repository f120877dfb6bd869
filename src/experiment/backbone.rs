//! The pre-trained base and what of it stays frozen.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Which network, with which weights, at which size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackboneConfig {
    /// A name from `graft backbones`, as torchvision or timm has it.
    pub name: String,
    pub weights: WeightsSource,
    /// The side of the input square in pixels; the weights' own when absent.
    pub input_size: Option<u32>,
    /// How pictures are prepared.
    #[serde(skip_serializing_if = "Preprocessing::is_auto")]
    pub preprocessing: Preprocessing,
    pub frozen_norm: NormPolicy,
    pub trained_norm: TrainedNorm,
}

impl Default for BackboneConfig {
    fn default() -> Self {
        Self {
            name: "efficientnet_lite0".into(),
            weights: WeightsSource::Pretrained,
            input_size: None,
            preprocessing: Preprocessing::Auto,
            frozen_norm: NormPolicy::Inference,
            trained_norm: TrainedNorm::Train,
        }
    }
}

/// Where the backbone's weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub enum WeightsSource {
    /// The catalogue's default weights for this backbone.
    #[default]
    Pretrained,
    /// One of the catalogue's weights for this backbone, by its name: `IMAGENET1K_V1`.
    Named(String),
    /// A local `.safetensors`, `.pth` or `.pt` file.
    File(PathBuf),
    /// One of several networks in such a file. A preset writes `File(path: "…", key: "teacher.backbone")`; see
    /// `preset::layout`.
    Part {
        path: PathBuf,
        /// What stands before the network's names, or the end of it.
        #[serde(default)]
        key: Option<String>,
    },
    /// Random initialisation, for training from scratch.
    Random,
}

impl WeightsSource {
    /// The person's own file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Part { path, .. } => Some(path),
            Self::Pretrained | Self::Named(_) | Self::Random => None,
        }
    }

    /// The same, to be changed.
    pub fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::File(path) | Self::Part { path, .. } => Some(path),
            Self::Pretrained | Self::Named(_) | Self::Random => None,
        }
    }

    /// Which of a file's networks, where the person chose one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Part { key, .. } => key.as_deref(),
            _ => None,
        }
    }

    /// The network under `key` in the file at `path`.
    pub fn in_file(path: PathBuf, key: Option<String>) -> Self {
        match key {
            None => Self::File(path),
            key => Self::Part { path, key },
        }
    }
}

/// How pictures are prepared for the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub enum Preprocessing {
    /// As the weights were trained: the catalogue's for published weights, timm's for a file in timm's names. A run keeps
    /// what was found.
    #[default]
    Auto,
    /// The catalogue's, whatever names the file has.
    Published,
    /// timm's for its network of that name: `mobilenetv2_100`, or `mobilenetv2_100.ra_in1k`.
    Timm(String),
    /// A person's own.
    Custom {
        /// The side of the square that is cut from the middle.
        input_size: u32,
        /// The shorter side before that.
        resize: u32,
        filter: ResizeFilter,
        /// Per channel, on a scale of 0 to 1.
        mean: [f64; 3],
        std: [f64; 3],
    },
}

impl Preprocessing {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// How a picture is resized, as Pillow calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResizeFilter {
    Bilinear,
    Bicubic,
}

/// Which layers stay as they are during a phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FreezePlan {
    /// The whole backbone; only the head learns.
    Backbone,
    /// Nothing: every layer learns.
    Nothing,
    /// All but the last n leaf layers, as the layer tree lists them (activations and pooling
    /// included, which is how Keras counts).
    AllButLast(usize),
    /// Everything before the named layer or stage, in the order of the layer tree.
    Below(String),
    /// Exactly the named layers and what is inside them.
    Custom(Vec<String>),
}

/// What a frozen BatchNorm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum NormPolicy {
    /// Uses its running statistics and leaves them alone, as Keras does.
    #[default]
    Inference,
    /// Scale and offset stay; the running statistics follow the new pictures.
    AdaptStatistics,
    /// Scale, offset and statistics all learn although the layer is frozen, as fastai does.
    Train,
}

/// What a BatchNorm that learns does while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum TrainedNorm {
    /// Normalises by each batch and moves its running statistics, as PyTorch does.
    #[default]
    Train,
    /// Learns scale and offset but normalises by its running statistics, and the backbone's own dropout and drop
    /// connect rest: the Keras guide's `base_model(x, training=False)`. What the head has learned on frozen features
    /// stays true when layers are set free.
    Inference,
}
