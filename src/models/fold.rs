//! The inference-only path through a frozen prefix: BatchNorm folded into the convolution directly
//! before it, channels-last strides, sums and activations in one pass with the convolution, no gradients, few pictures
//! at a time, in single precision or bf16. Other normalisations (a BatchNorm before its convolution, as in DenseNet, or
//! a LayerNorm) run as they are.

use std::fmt;
use std::ops::Range;

use tch::{Device, Kind, Tensor, no_grad_guard};

use super::layers::ConvNorm;
use super::parameters::Role;
use super::{Backbone, ModelError, backbone};
use crate::libtorch::numbers::WithNumber;

/// Pictures of 224 pixels that pass together on the CPU. What a layer leaves is then still in the cache when the next one
/// takes it: MobileNetV2 and ResNet-50 are 1.3 to 1.8 times as fast as with 32.
const LARGE_PICTURES: usize = 8;
/// Smaller ones are more at once, up to this many, with as many values: handing a layer's work to threads takes as long
/// for few values as for many. EfficientNet-Lite0 at 32 pixels is 2.3 times as fast as by eights.
const SMALL_PICTURES: usize = 32;

/// How many pictures with sides of `side` pixels pass together on the CPU: a power of 2.
pub const fn piece(side: u32) -> usize {
    let mut pictures = LARGE_PICTURES;
    let mut values = side as u64 * side as u64 * 2;
    while pictures < SMALL_PICTURES && values <= 224 * 224 {
        pictures *= 2;
        values *= 2;
    }
    pictures
}

/// Names how features of pictures with sides of `side` pixels are computed here; another way gives other bits.
pub fn way(side: u32) -> String {
    let piece = piece(side);
    format!("pieces of {piece}, sums and activations at once, means over places")
}

/// Weights and biases of convolutions with their normalisation inside, by the convolution's leaf.
#[derive(Debug, Default)]
pub struct FoldedWeights {
    by_leaf: Vec<Option<(Tensor, Tensor)>>,
}

impl FoldedWeights {
    /// Weight and bias of a convolution or linear layer, folded: `[outputs, inputs / groups, kernel height, kernel width]` or
    /// `[outputs, inputs]`, and `[outputs]`.
    pub(super) fn get(&self, leaf: usize) -> Option<&(Tensor, Tensor)> {
        self.by_leaf.get(leaf).and_then(Option::as_ref)
    }

    /// y = (w x + b - mean) * s + offset with s = scale / sqrt(variance + eps): the weight takes s
    /// per output channel and the rest becomes the bias. Zero padding stands before both, so
    /// asymmetric padding changes nothing.
    pub(super) fn fold(&mut self, pair: &ConvNorm) -> Result<(), ModelError> {
        let _guard = no_grad_guard();
        let ConvNorm { conv, norm } = pair;
        let deviation = norm.variance.f_add_number(norm.spec.eps)?.f_sqrt()?;
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

    fn into_kind(mut self, kind: Kind) -> Result<Self, ModelError> {
        for (weight, bias) in self.by_leaf.iter_mut().flatten() {
            *weight = weight.f_to_kind(kind)?;
            *bias = bias.f_to_kind(kind)?;
        }
        Ok(self)
    }
}

/// Some segments of a backbone, prepared for speed. The weights are those of the moment of
/// [`FrozenPrefix::new`]: make it when a phase begins, after weights are loaded and what is frozen
/// is decided, and drop it when the phase ends. Nothing keeps one beyond that, so it can't be stale.
pub struct FrozenPrefix {
    segments: Range<usize>,
    folded: FoldedWeights,
    kind: Kind,
    /// The same network with weights of `kind`; absent where its own are.
    copy: Option<Box<dyn Backbone>>,
}

impl fmt::Debug for FrozenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrozenPrefix({:?}, {:?})", self.segments, self.kind)
    }
}

impl FrozenPrefix {
    /// Folds `segments` of `backbone`; a range that reaches beyond the last segment is cut.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(backbone: &dyn Backbone, segments: Range<usize>) -> Result<Self, ModelError> {
        let segments = segments.start..segments.end.min(backbone.segments());
        let folded = backbone.fold(segments.clone())?;
        Ok(Self {
            segments,
            folded,
            kind: Kind::Float,
            copy: None,
        })
    }

    /// As [`Self::new`], with weights and everything between layers in 16 bits, [`Kind::BFloat16`] or [`Kind::Half`].
    /// Normalisations that are not folded keep their single precision where the device can mix them, and so do all sums
    /// within a layer.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn rounded(
        backbone: &dyn Backbone,
        segments: Range<usize>,
        kind: Kind,
    ) -> Result<Self, ModelError> {
        let mut prefix = Self::new(backbone, segments)?;
        prefix.folded = prefix.folded.into_kind(kind)?;
        prefix.kind = kind;
        prefix.copy = Some(copy_as(backbone, &prefix.segments, kind)?);
        Ok(prefix)
    }

    /// [`Self::rounded`] for kinds of 16 bits, else [`Self::new`].
    ///
    /// # Errors
    /// libtorch's own.
    pub fn of_kind(
        backbone: &dyn Backbone,
        segments: Range<usize>,
        kind: Kind,
    ) -> Result<Self, ModelError> {
        match kind {
            Kind::BFloat16 | Kind::Half => Self::rounded(backbone, segments, kind),
            _ => Self::new(backbone, segments),
        }
    }

    pub fn segments(&self) -> Range<usize> {
        self.segments.clone()
    }

    /// Whether it computes with fewer bits than single precision has.
    pub fn is_rounded(&self) -> bool {
        self.kind != Kind::Float
    }

    /// Runs the segments as inference; `backbone` is the one that it was made from. Equal to the
    /// unfolded result within rounding (1e-4 of the largest value, in single precision). The result has channels-last
    /// strides, the kind of the prefix and no gradient.
    ///
    /// `input` is `[N, C, H, W]` (or `[N, tokens, C]` within a vision transformer), as the first of the segments takes it.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn forward(&self, backbone: &dyn Backbone, input: &Tensor) -> Result<Tensor, ModelError> {
        in_pieces(input, LARGE_PICTURES, |piece| {
            self.forward_each(backbone, piece, &mut |_, _| Ok(()))
        })
    }

    /// As [`Self::forward`], all pictures at once; `passed` sees every segment's output before the next one takes it,
    /// which may work in place.
    ///
    /// # Errors
    /// What libtorch says; those of `passed`.
    pub fn forward_each(
        &self,
        backbone: &dyn Backbone,
        input: &Tensor,
        passed: &mut dyn FnMut(usize, &Tensor) -> Result<(), ModelError>,
    ) -> Result<Tensor, ModelError> {
        let _guard = no_grad_guard();
        let mut x = self.entering(input)?;
        let backbone = self.copy.as_deref().unwrap_or(backbone);
        for index in self.segments.clone() {
            x = backbone.forward_folded(index, &x, &self.folded)?;
            passed(index, &x)?;
        }
        Ok(x)
    }

    fn entering(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        let x = input.f_to_kind(self.kind)?;
        if x.dim() == 4 {
            channels_last(&x)
        } else {
            Ok(x)
        }
    }
}

/// `input` with its last picture again as often as it takes for a multiple of `together` pictures.
///
/// `[N, …]` to `[M, …]`, where M is the least multiple of `together` that is at least N; N is at least 1.
///
/// # Errors
/// What libtorch says.
pub fn filled_up(input: &Tensor, together: usize) -> Result<Tensor, ModelError> {
    let rows = input.size()[0];
    let wanted = (rows as usize).next_multiple_of(together) as i64;
    if rows == wanted {
        return Ok(input.shallow_clone());
    }
    let mut shape = input.size();
    shape[0] = wanted - rows;
    let last = input.f_narrow(0, rows - 1, 1)?.f_expand(&shape, false)?;
    Ok(Tensor::f_cat(&[input, &last], 0)?)
}

/// `forward` over `piece` pictures at a time on the CPU, and all at once elsewhere.
///
/// `[N, …]` to `[N, …]`.
///
/// # Errors
/// Those of `forward`; what libtorch says.
pub fn in_pieces<E: From<ModelError>>(
    input: &Tensor,
    piece: usize,
    mut forward: impl FnMut(&Tensor) -> Result<Tensor, E>,
) -> Result<Tensor, E> {
    let (pictures, step) = (input.size()[0], piece as i64);
    if input.device() != Device::Cpu || pictures <= step {
        return forward(input);
    }
    let torch = |error: tch::TchError| E::from(ModelError::from(error));
    let mut outputs = Vec::new();
    for start in (0..pictures).step_by(piece) {
        let some = input.f_narrow(0, start, step.min(pictures - start));
        outputs.push(forward(&some.map_err(torch)?)?);
    }
    Tensor::f_cat(&outputs, 0).map_err(torch)
}

/// The network again, with those weights of `segments` as `kind` that are not normalisations'. All else is left as the
/// memory was.
fn copy_as(
    original: &dyn Backbone,
    segments: &Range<usize>,
    kind: Kind,
) -> Result<Box<dyn Backbone>, ModelError> {
    let _guard = no_grad_guard();
    let device = original.parameters().entries.first();
    let device = device.map_or(Device::Cpu, |entry| entry.tensor.device());
    let leaves = segments
        .clone()
        .map(|index| original.segment_leaves(index))
        .reduce(|all, next| all.start..next.end)
        .unwrap_or_default();
    let entries = &original.parameters().entries;
    // A normalisation has vectors only; a convolution's or a fully connected layer's vector goes with its matrix.
    let mut has_matrix = vec![false; leaves.len()];
    let mut has_statistics = vec![false; leaves.len()];
    for entry in entries.iter().filter(|entry| leaves.contains(&entry.leaf)) {
        has_matrix[entry.leaf - leaves.start] |= entry.tensor.dim() > 1;
        has_statistics[entry.leaf - leaves.start] |= entry.role == Role::Buffer;
    }
    // A graphics card's LayerNorm takes its weights as its input is; it computes in single precision in any case.
    let is_rounded = |leaf: usize| {
        has_matrix[leaf - leaves.start] || device.is_cuda() && !has_statistics[leaf - leaves.start]
    };
    let mut copy = backbone::unfilled(original.info().name, device)?;
    for (entry, target) in entries.iter().zip(&mut copy.parameters_mut().entries) {
        if !leaves.contains(&entry.leaf) {
            continue;
        }
        let value = if is_rounded(entry.leaf) {
            entry.tensor.f_detach()?.f_to_kind(kind)?
        } else {
            entry.tensor.f_detach()?
        };
        // The layers hold handles on the same tensor and see its new values.
        target.tensor.f_set_data(&value)?;
    }
    Ok(Box::new(copy))
}

/// The same values `[N, C, H, W]` with the channels of one position side by side in memory, which
/// libtorch's convolutions then follow.
///
/// # Errors
/// libtorch's own.
pub fn channels_last(tensor: &Tensor) -> Result<Tensor, ModelError> {
    Ok(tensor
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_permute([0, 3, 1, 2])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::device::tests_card;

    /// Its kernel refuses weights of another kind than its input; the processor's mixes them.
    #[test]
    fn a_cards_layer_norms_are_rounded_and_the_processors_are_not() {
        let mut devices = vec![(Device::Cpu, Kind::Float)];
        devices.extend(tests_card().map(|card| (card, Kind::Half)));
        for (device, expected) in devices {
            let backbone = backbone::build_blank("convnext_tiny", device).unwrap();
            let prefix = FrozenPrefix::rounded(backbone.as_ref(), 0..1, Kind::Half).unwrap();
            let copy = prefix.copy.as_ref().unwrap();
            let kind = |name: &str| copy.parameters().get(name).unwrap().tensor.kind();
            assert_eq!(kind("features.0.0.weight"), Kind::Half);
            assert_eq!(kind("features.0.1.weight"), expected, "{device:?}");
        }
    }

    /// So that no convolution of the frozen part turns its kernel or its input round.
    #[test]
    fn folded_kernels_lie_channels_last_in_every_kind() {
        let mut devices = vec![Device::Cpu];
        devices.extend(tests_card());
        for device in devices {
            let backbone = backbone::build_blank("resnet18", device).unwrap();
            for kind in [Kind::Float, Kind::BFloat16, Kind::Half] {
                let all = 0..backbone.segments();
                let prefix = FrozenPrefix::of_kind(backbone.as_ref(), all, kind).unwrap();
                let mut count = 0;
                for (weight, _) in prefix.folded.by_leaf.iter().flatten() {
                    let size = weight.size();
                    if size[1] > 1 && size[2] > 1 {
                        assert_eq!(weight.stride()[1], 1, "{size:?} in {kind:?}");
                        count += 1;
                    }
                }
                assert_eq!(count, 17);
            }
        }
    }

    #[test]
    fn small_pictures_pass_by_more_and_large_ones_as_ever() {
        let pieces = [1, 28, 32, 112, 113, 128, 158, 159, 224, 600, 4096].map(piece);
        assert_eq!(pieces, [32, 32, 32, 32, 16, 16, 16, 8, 8, 8, 8]);
        // Features that earlier versions kept are found under this name.
        let before = "pieces of 8, sums and activations at once, means over places";
        assert_eq!(way(224), before);
        assert_ne!(way(112), before);
    }
}
