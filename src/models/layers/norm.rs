//! Normalisations.

use tch::{Tensor, no_grad_guard};

use super::super::ModelError;
use super::Context;
use crate::libtorch::numbers::WithNumber;

/// The share of a new batch in the running statistics: PyTorch's, and timm's for every network. What some were published with
/// (TensorFlow's 0.99, here 0.01) takes hundreds of batches to leave the old pictures' statistics behind; a fine-tuning on few
/// pictures has no more, and every validation until then would be of a network that does not fit its statistics.
const MOMENTUM: f64 = 0.1;

/// Size of a BatchNorm, and what keeps its division finite.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct NormSpec {
    pub features: i64,
    pub eps: f64,
}

/// Batch normalisation (Ioffe and Szegedy 2015).
#[derive(Debug)]
pub(in super::super) struct BatchNorm {
    pub weight: Tensor,
    pub bias: Tensor,
    pub mean: Tensor,
    pub variance: Tensor,
    pub batches: Tensor,
    pub spec: NormSpec,
    pub module: usize,
    pub leaf: usize,
}

impl BatchNorm {
    /// As the pass says for this leaf.
    /// `[N, C, …]` to the same shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mode = context.pass.mode(self.leaf);
        let output = self.normalise(input, mode.batch_statistics, mode.adapt_statistics)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    /// A batch with a single value per channel has no variance: it is normalised by the running
    /// statistics, which stay (PyTorch fails there, and a last batch of one picture would end a run).
    /// `[N, C, …]` to the same shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn normalise(
        &self,
        input: &Tensor,
        by_batch: bool,
        adapt: bool,
    ) -> Result<Tensor, ModelError> {
        let size = input.size();
        let values: i64 = size
            .iter()
            .enumerate()
            .filter(|(axis, _)| *axis != 1)
            .map(|(_, side)| side)
            .product();
        let enough = values > 1;
        if by_batch && enough {
            self.count_batch()?;
            return self.apply(input, true);
        }
        if adapt && enough {
            // Before the normalisation: autograd must not see its statistics change afterwards.
            let _guard = no_grad_guard();
            self.count_batch()?;
            let _ = self.apply(&input.f_detach()?, true)?;
        }
        self.apply(input, false)
    }

    fn apply(&self, input: &Tensor, training: bool) -> Result<Tensor, ModelError> {
        Ok(input.f_batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.mean),
            Some(&self.variance),
            training,
            MOMENTUM,
            self.spec.eps,
            true,
        )?)
    }

    fn count_batch(&self) -> Result<(), ModelError> {
        let _guard = no_grad_guard();
        let _ = self.batches.shallow_clone().f_add_number_(1_i64)?;
        Ok(())
    }
}

/// Layer normalisation (Ba, Kiros and Hinton 2016) over the last axis, or over the channels of a grid.
#[derive(Debug)]
pub(in super::super) struct LayerNorm {
    pub weight: Tensor,
    pub bias: Tensor,
    pub eps: f64,
    pub module: usize,
}

impl LayerNorm {
    /// `[…, features]`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let output = self.normalise(input)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    /// `[N, features, H, W]`: torchvision's `LayerNorm2d`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward_grid(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let output = self
            .normalise(&input.f_permute([0, 2, 3, 1])?)?
            .f_permute([0, 3, 1, 2])?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn normalise(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        Ok(input.f_layer_norm(
            self.weight.size(),
            Some(&self.weight),
            Some(&self.bias),
            self.eps,
            true,
        )?)
    }
}

/// Multiplies every channel of a branch by a number that is learned, small at first: Touvron et al., “Going Deeper with Image
/// Transformers”, 2021 (arXiv 2103.17239).
#[derive(Debug)]
pub(in super::super) struct LayerScale {
    /// `[features]`.
    pub scale: Tensor,
    pub module: usize,
}

impl LayerScale {
    /// `[…, features]` to the same shape and kind.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        // The scale may be in single precision where the network is rounded.
        let output = input.f_mul(&self.scale)?.f_to_kind(input.kind())?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}
