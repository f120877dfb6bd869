//! What a vision transformer's tokens are, and which of them its features are made of.

use tch::Tensor;

use super::ModelError;
use super::backbone::unknown;
use super::layers::{Block, Context, LayerNorm, Marker};

/// The tokens `[N, P + G², C]` of one transformer, of a grid of G × G patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLayout {
    /// The side of a patch in pixels.
    pub patch: u32,
    /// P: the class token and the registers, which stand before the patches.
    pub own_tokens: i64,
    /// Those of them that the position embedding has a row for.
    pub positioned_tokens: i64,
    /// Whether features are the mean of all patches, and not the class token: timm's default (1.0.31), by which its own
    /// features and files agree with ours. DINOv3's authors do otherwise: their model gives the class token, which they fit
    /// logistic regression on, and their linear classifier takes it beside that mean (model card; `eval/log_regression.py`,
    /// `hub/classifiers.py` of their repository). DINOv2's features are the class token in both.
    pub is_averaged: bool,
}

impl TokenLayout {
    /// Of the backbone of that name; nothing for one that has a grid of features instead.
    pub fn of(backbone: &str) -> Option<Self> {
        let (patch, own_tokens, positioned_tokens, is_averaged) = match backbone {
            "vit_small_patch14_reg4_dinov2" | "vit_base_patch14_reg4_dinov2" => (14, 5, 0, false),
            "vit_base_patch16_siglip_gap_224" => (16, 0, 0, true),
            "vit_small_patch16_dinov3" => (16, 5, 0, true),
            "eva02_small_patch14_336" => (14, 1, 1, true),
            name if name.starts_with("vit_") => (16, 1, 1, false),
            _ => return None,
        };
        Some(Self {
            patch,
            own_tokens,
            positioned_tokens,
            is_averaged,
        })
    }

    /// Of a backbone that is a transformer.
    ///
    /// # Errors
    /// [`ModelError::UnknownBackbone`] for any other.
    pub(super) fn of_transformer(backbone: &str) -> Result<Self, ModelError> {
        Self::of(backbone).ok_or_else(|| unknown(backbone))
    }

    /// Tokens `[N, T, C]` to one vector a picture `[N, C]`: their mean without the network's own, or the class token.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn pool(self, tokens: &Tensor) -> Result<Tensor, ModelError> {
        if !self.is_averaged {
            return Ok(tokens.f_select(1, 0)?);
        }
        let patches = self.patches(tokens)?;
        Ok(patches.f_mean_dim([1i64].as_slice(), false, None)?)
    }

    /// Tokens `[N, T, C]` without the network's own.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn patches(self, tokens: &Tensor) -> Result<Tensor, ModelError> {
        let (_, count, _) = tokens.size3()?;
        Ok(tokens.f_narrow(1, self.own_tokens, count - self.own_tokens)?)
    }
}

/// A transformer's last LayerNorm with the pooling of its tokens: `[N, T, C]` to the features `[N, C]`.
pub(super) struct PooledNorm {
    pub norm: LayerNorm,
    pub layout: TokenLayout,
    /// Whether the mean is normalised (timm's `fc_norm`) and not the tokens.
    pub is_after_pooling: bool,
    /// Of modules that do nothing.
    pub markers: Vec<Marker>,
}

impl Block for PooledNorm {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        for marker in &self.markers {
            marker.pass(input, context)?;
        }
        // What a LayerNorm makes of one token does not depend on the others: of a class token, they are not needed.
        if self.is_after_pooling || !self.layout.is_averaged {
            return self.norm.forward(&self.layout.pool(input)?, context);
        }
        let patches = self.layout.patches(input)?;
        let normalised = self.norm.forward(&patches, context)?;
        let pooled = normalised.f_mean_dim([1i64].as_slice(), false, None)?;
        // What the layer tree shows of its end is what leaves it.
        context.record(self.norm.module, &pooled, 0)?;
        Ok(pooled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::catalogue;

    /// Their names say what they are.
    #[test]
    fn patches_are_those_of_the_names() {
        let mut transformers = 0;
        for info in catalogue::architectures() {
            let Some(layout) = TokenLayout::of(info.name) else {
                assert!(!info.name.contains("patch"), "{}", info.name);
                continue;
            };
            transformers += 1;
            let patch = format!("patch{}", layout.patch);
            let is_named = info.name.contains(&patch) || info.name == "vit_b_16";
            assert!(is_named, "{}", info.name);
            for weights in info.weights {
                assert_eq!(weights.input_size % layout.patch, 0, "{}", info.name);
            }
        }
        assert!(transformers >= 8);
    }
}
