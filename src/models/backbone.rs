//! The staged backbone: what training, classification and embedding use of a network.

use std::ops::Range;

use tch::{Device, Tensor};

use super::catalogue::{self, ArchitectureInfo};
use super::fold::FoldedWeights;
use super::init;
use super::layers::{Builder, Filling, Pass};
use super::network::{Parts, StagedNetwork};
use super::parameters::{ParameterStore, Role};
use super::tree::LayerTree;
use super::{
    ModelError, convnext, densenet, efficientnet, efficientnet_lite, eva, googlenet, inception_v3,
    mobilenet_v2, mobilenet_v3, mobilenet_v4, regnet, resnet, vgg, vision_transformer,
};

/// A convolutional or transformer base with its own ImageNet classifier, cut into segments that
/// follow each other: the output of one is all that the next one needs. Segments are as fine as the
/// architecture allows (one per residual block), so that a frozen prefix can be cached right up to
/// the first layer that learns.
pub trait Backbone: Send {
    fn info(&self) -> &'static ArchitectureInfo;

    /// The number of segments.
    fn segments(&self) -> usize;

    /// The leaf layers of segment `index`, as a range into [`LayerTree::leaves`]. Ranges follow
    /// each other without a gap.
    fn segment_leaves(&self, index: usize) -> Range<usize>;

    /// Runs one segment. Segment 0 takes normalised pictures `[N, 3, S, S]`, the last one gives
    /// the feature grid `[N, C, H, W]` (or `[N, C]` for a transformer).
    fn forward_segment(
        &self,
        index: usize,
        input: &Tensor,
        pass: &Pass,
    ) -> Result<Tensor, ModelError>;

    /// The features `[N, F]` or the feature grid to ImageNet's 1000 logits, with the original classifier.
    ///
    /// # Errors
    /// [`ModelError::NoClassifier`] where there is none ([`ArchitectureInfo::has_classifier`]).
    fn classify(&self, features: &Tensor, pass: &Pass) -> Result<Tensor, ModelError>;

    /// Every parameter and buffer under its state_dict name, the classifier included.
    fn parameters(&self) -> &ParameterStore;

    fn parameters_mut(&mut self) -> &mut ParameterStore;

    /// The layer tree at input side `input_size`.
    fn tree(&self, input_size: u32) -> Result<LayerTree, ModelError>;

    /// Length of the pooled feature vector.
    fn features(&self) -> i64;

    /// Folds the normalisations of `segments` into their convolutions, as the weights are now.
    /// Use it through [`super::fold::FrozenPrefix`].
    fn fold(&self, segments: Range<usize>) -> Result<FoldedWeights, ModelError>;

    /// One segment as inference with folded weights.
    fn forward_folded(
        &self,
        index: usize,
        input: &Tensor,
        folded: &FoldedWeights,
    ) -> Result<Tensor, ModelError>;

    /// Runs all segments.
    fn forward_features(&self, input: &Tensor, pass: &Pass) -> Result<Tensor, ModelError> {
        let mut x = self.forward_segment(0, input, pass)?;
        for index in 1..self.segments() {
            x = self.forward_segment(index, &x, pass)?;
        }
        Ok(x)
    }
}

/// Builds backbone `name`, initialised from `seed` as torchvision begins its training from scratch.
/// Gradients are off for every tensor; the trainer switches them on for what learns.
///
/// # Errors
/// [`ModelError::UnknownBackbone`], or libtorch's own (no memory on the device).
pub fn build(name: &str, seed: u64, device: Device) -> Result<Box<dyn Backbone>, ModelError> {
    let architecture = architecture(name)?;
    let _generator = init::seeded(seed);
    Ok(Box::new(architecture.build(Filling {
        initialise: true,
        device,
    })?))
}

/// A network whose weights are what the memory was, and whose normalisations change nothing: quick,
/// for layer trees and where other values follow at once. Draws no random numbers.
///
/// # Errors
/// [`ModelError::UnknownBackbone`], or libtorch's own (no memory on the device).
pub(super) fn unfilled(name: &str, device: Device) -> Result<StagedNetwork, ModelError> {
    architecture(name)?.build(Filling {
        initialise: false,
        device,
    })
}

/// Like [`build`], with zeros in place of what training begins with: for weights that are loaded next, and for
/// measuring. It draws no random numbers, so it disturbs no training in the same process.
///
/// # Errors
/// As [`build`].
pub fn build_blank(name: &str, device: Device) -> Result<Box<dyn Backbone>, ModelError> {
    let _guard = tch::no_grad_guard();
    let mut backbone = unfilled(name, device)?;
    for entry in &mut backbone.parameters_mut().entries {
        if entry.role == Role::Parameter {
            let _ = entry.tensor.f_zero_()?;
        }
    }
    Ok(Box::new(backbone))
}

/// The layer tree of `name` at `input_size` without initialising a network: quick, and it draws no
/// random numbers, so any thread may ask.
///
/// # Errors
/// [`ModelError::UnknownBackbone`], [`ModelError::InputSize`].
pub fn outline(name: &str, input_size: u32) -> Result<LayerTree, ModelError> {
    unfilled(name, Device::Cpu)?.tree(input_size)
}

/// Makes the layers of the backbone of that name.
type MakeParts = fn(&str, &mut Builder) -> Result<Parts, ModelError>;

/// How to build one backbone.
struct Architecture {
    info: &'static ArchitectureInfo,
    parts: MakeParts,
}

impl Architecture {
    fn build(&self, filling: Filling) -> Result<StagedNetwork, ModelError> {
        let _guard = tch::no_grad_guard();
        let mut builder = Builder::new(filling);
        let parts = (self.parts)(self.info.name, &mut builder)?;
        Ok(StagedNetwork::new(self.info, parts, builder.finish()))
    }
}

/// A further family of backbones has its line here and its entries in the catalogue.
fn architecture(name: &str) -> Result<Architecture, ModelError> {
    let info = backbone_info(name)?;
    let parts: MakeParts = match name {
        "mobilenet_v2" => mobilenet_v2::parts,
        "densenet121" => densenet::parts,
        "googlenet" => googlenet::parts,
        "inception_v3" => inception_v3::parts,
        "convnext_tiny" | "convnext_nano" => convnext::parts,
        "efficientnet_v2_s" => efficientnet::parts,
        "regnety_016" => regnet::parts,
        name if name.starts_with("mobilenetv4") => mobilenet_v4::parts,
        name if name.starts_with("efficientnet_lite") => efficientnet_lite::parts,
        name if name.starts_with("efficientnet_b") => efficientnet::parts,
        name if name.starts_with("mobilenet_v3") => mobilenet_v3::parts,
        name if name.starts_with("resnet") => resnet::parts,
        name if name.starts_with("vgg") => vgg::parts,
        "vit_small_patch16_dinov3" | "eva02_small_patch14_336" => eva::parts,
        name if name.starts_with("vit_") => vision_transformer::parts,
        _ => return Err(unknown(name)),
    };
    Ok(Architecture { info, parts })
}

/// The catalogue's entry of a backbone.
///
/// # Errors
/// [`ModelError::UnknownBackbone`], which says which there are.
pub fn backbone_info(name: &str) -> Result<&'static ArchitectureInfo, ModelError> {
    catalogue::find(name).ok_or_else(|| unknown(name))
}

/// Says which backbones there are.
pub(super) fn unknown(name: &str) -> ModelError {
    let known = catalogue::architectures()
        .iter()
        .map(|info| info.name)
        .collect::<Vec<_>>()
        .join(", ");
    ModelError::UnknownBackbone {
        name: name.into(),
        known,
    }
}
