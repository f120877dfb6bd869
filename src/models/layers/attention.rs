//! Self-attention: Vaswani et al., “Attention Is All You Need”, 2017 (arXiv 1706.03762).

use tch::Tensor;

use super::super::ModelError;
use super::{Context, Rotary};

/// PyTorch's `MultiheadAttention` of a sequence with itself, one leaf: its parts are no modules of
/// their own there either (the projection's names `out_proj` aside).
#[derive(Debug)]
pub(in super::super) struct MultiheadAttention {
    /// `[3 features, features]`: queries, keys and values.
    pub in_weight: Tensor,
    pub in_bias: Tensor,
    /// `[features, features]`.
    pub out_weight: Tensor,
    pub out_bias: Tensor,
    pub heads: i64,
    pub module: usize,
}

impl MultiheadAttention {
    /// `[N, T, features]` to the same shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let (_, tokens, features) = input.size3()?;
        let projected = input.f_linear(&self.in_weight, Some(&self.in_bias))?;
        let output = attend(&projected, self.heads, None)?
            .f_linear(&self.out_weight, Some(&self.out_bias))?;
        let projections = 4 * tokens * features * features;
        let work = projections + attention_work(tokens, features);
        context.record(self.module, &output, work as u64)?;
        Ok(output)
    }
}

/// Queries, keys and values `[N, T, 3 C]` to `[N, T, C]`: softmax(Q Kᵀ / √d) V for every head of
/// width d = C / `heads`. Q and K are turned by their places first, where there is `rotary`.
///
/// # Errors
/// Those of [`Rotary::turn`]; libtorch's own.
pub(in super::super) fn attend(
    projected: &Tensor,
    heads: i64,
    rotary: Option<&Rotary>,
) -> Result<Tensor, ModelError> {
    let (pictures, tokens, features) = projected.size3()?;
    let (features, depth) = (features / 3, features / 3 / heads);
    let parts = projected
        .f_view([pictures, tokens, 3, heads, depth])?
        .f_permute([2, 0, 3, 1, 4])?;
    let value = parts.f_select(0, 2)?;
    let parts = match rotary {
        Some(rotary) => rotary.turn(&parts.f_narrow(0, 0, 2)?)?,
        None => parts,
    };
    let attended = Tensor::f_scaled_dot_product_attention(
        &parts.f_select(0, 0)?,
        &parts.f_select(0, 1)?,
        &value,
        None::<&Tensor>,
        0.0,
        false,
        None,
        false,
    )?;
    Ok(attended
        .f_transpose(1, 2)?
        .f_reshape([pictures, tokens, features])?)
}

/// Multiply-adds of the two products of a sequence with itself.
pub(in super::super) fn attention_work(tokens: i64, features: i64) -> i64 {
    2 * tokens * tokens * features
}
