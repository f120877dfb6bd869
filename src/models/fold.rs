//! The inference-only path through a frozen prefix: BatchNorm folded into the convolution directly
//! before it, channels-last strides, activations in place, no gradients. Other normalisations (a
//! BatchNorm before its convolution, as in DenseNet, or a LayerNorm) run as they are.

use std::ops::Range;

use tch::{Tensor, no_grad_guard};

use super::layers::ConvNorm;
use super::{Backbone, ModelError};

/// Weights and biases of convolutions with their normalisation inside, by the convolution's leaf.
#[derive(Debug, Default)]
pub struct FoldedWeights {
    by_leaf: Vec<Option<(Tensor, Tensor)>>,
}

impl FoldedWeights {
    pub(super) fn get(&self, leaf: usize) -> Option<&(Tensor, Tensor)> {
        self.by_leaf.get(leaf).and_then(Option::as_ref)
    }

    /// y = (w x + b - mean) * s + offset with s = scale / sqrt(variance + eps): the weight takes s
    /// per output channel and the rest becomes the bias. Zero padding stands before both, so
    /// asymmetric padding changes nothing.
    pub(super) fn fold(&mut self, pair: &ConvNorm) -> Result<(), ModelError> {
        let _guard = no_grad_guard();
        let ConvNorm { conv, norm } = pair;
        let deviation = norm.variance.f_add_scalar(norm.spec.eps)?.f_sqrt()?;
        let scale = norm.weight.f_div(&deviation)?;
        let weight = conv.weight.f_mul(&scale.f_view([-1, 1, 1, 1])?)?;
        let centre = match &conv.bias {
            Some(bias) => norm.mean.f_sub(bias)?,
            None => norm.mean.shallow_clone(),
        };
        let bias = norm.bias.f_sub(&centre.f_mul(&scale)?)?;
        if self.by_leaf.len() <= conv.leaf {
            self.by_leaf.resize_with(conv.leaf + 1, || None);
        }
        self.by_leaf[conv.leaf] = Some((channels_last(&weight)?, bias));
        Ok(())
    }
}

/// The first segments of a backbone, prepared for speed. The weights are those of the moment of
/// [`FrozenPrefix::new`]: make it when a phase begins, after weights are loaded and what is frozen
/// is decided, and drop it when the phase ends. Nothing keeps one beyond that, so it can't be stale.
#[derive(Debug)]
pub struct FrozenPrefix {
    segments: Range<usize>,
    folded: FoldedWeights,
}

impl FrozenPrefix {
    /// Folds `segments` of `backbone`; a range that reaches beyond the last segment is cut.
    pub fn new(backbone: &dyn Backbone, segments: Range<usize>) -> Result<Self, ModelError> {
        let segments = segments.start..segments.end.min(backbone.segments());
        let folded = backbone.fold(segments.clone())?;
        Ok(Self { segments, folded })
    }

    pub fn segments(&self) -> Range<usize> {
        self.segments.clone()
    }

    /// Runs the segments as inference; `backbone` is the one that it was made from. Equal to the
    /// unfolded result within rounding (1e-4 of the largest value). The result has channels-last
    /// strides and no gradient.
    pub fn forward(&self, backbone: &dyn Backbone, input: &Tensor) -> Result<Tensor, ModelError> {
        self.forward_each(backbone, input, &mut |_, _| Ok(()))
    }

    /// As [`Self::forward`]; `passed` sees every segment's output before the next one takes it, which may work in place.
    pub fn forward_each(
        &self,
        backbone: &dyn Backbone,
        input: &Tensor,
        passed: &mut dyn FnMut(usize, &Tensor) -> Result<(), ModelError>,
    ) -> Result<Tensor, ModelError> {
        let _guard = no_grad_guard();
        let mut x = if input.dim() == 4 {
            channels_last(input)?
        } else {
            input.shallow_clone()
        };
        for index in self.segments.clone() {
            x = backbone.forward_folded(index, &x, &self.folded)?;
            passed(index, &x)?;
        }
        Ok(x)
    }
}

/// The same values `[N, C, H, W]` with the channels of one place side by side in memory, which
/// libtorch's convolutions then follow.
pub fn channels_last(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_permute([0, 3, 1, 2])?)
}
