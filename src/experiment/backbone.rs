//! The pre-trained base and what of it stays frozen.

use std::path::PathBuf;

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
    pub frozen_norm: NormPolicy,
    pub trained_norm: TrainedNorm,
}

impl Default for BackboneConfig {
    fn default() -> Self {
        Self {
            name: "efficientnet_lite0".into(),
            weights: WeightsSource::Pretrained,
            input_size: None,
            frozen_norm: NormPolicy::Inference,
            trained_norm: TrainedNorm::Train,
        }
    }
}

/// Where the backbone's weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub enum WeightsSource {
    /// The catalogue's default weights for this backbone.
    #[default]
    Pretrained,
    /// One of the catalogue's weights for this backbone, by its name: `IMAGENET1K_V1`.
    Named(String),
    /// A local `.safetensors`, `.pth` or `.pt` file.
    File(PathBuf),
    /// Random initialisation, for training from scratch.
    Random,
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
