//! A finished run's network layer by layer, for whoever writes it down for other programs.

use tch::Tensor;

use super::error::TrainingError;
use super::inference::Classifier;
use crate::data::Pixels;
use crate::data::square::SquareSpec;
use crate::models::layers::Pass;

impl Classifier {
    /// The logits of normalised pictures `[N, 3, side, side]` in single precision, as `predict` works them out but for folded
    /// layers: `[N, classes]`, or `[N, 1]` for a sigmoid. No gradients are asked for from then on.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn plain_logits(&self, input: &Tensor) -> Result<Tensor, TrainingError> {
        let network = &self.network;
        let _guard = tch::no_grad_guard();
        for (_, tensor) in self.weights() {
            let _ = tensor.f_set_requires_grad(false)?;
        }
        let pooled = network.advance(input, 0..network.depth(), &Pass::inference())?;
        Ok(network.head.forward(&pooled, false)?)
    }

    /// Weights and running statistics of backbone and head by their names in `weights.safetensors`; handles on what the
    /// network computes with.
    pub fn weights(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let head = &self.network.head.parameters().entries;
        let all = self.network.base_entries().chain(head);
        all.map(|entry| (entry.name.as_str(), &entry.tensor))
    }

    /// How pictures become the network's squares.
    pub fn square_spec(&self) -> &SquareSpec {
        &self.spec
    }

    /// Squares as the network takes them, `[N, 3, side, side]`, row by row.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn normalised(&self, squares: &[Pixels]) -> Result<Vec<f32>, TrainingError> {
        let rgb: Vec<u8> = squares
            .iter()
            .flat_map(|square| square.rgb.iter().copied())
            .collect();
        let tensor = self
            .normalizer
            .tensor(&rgb, squares.len(), self.spec.side)?;
        Ok(Vec::try_from(tensor.f_contiguous()?.f_reshape([-1i64])?)?)
    }
}
