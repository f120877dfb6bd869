//! How a vision transformer begins: pictures become tokens (Dosovitskiy et al. 2020, arXiv 2010.11929).

use tch::{Kind, Tensor};

use super::super::ModelError;
use super::{Block, Context, Conv2d, Dropout, Marker};

/// Pictures to tokens: patches projected, the network's own tokens before them, positions added.
pub(in super::super) struct Patches {
    /// Its kernel and its stride are a patch.
    pub projection: Conv2d,
    /// The side of a patch in pixels.
    pub patch: i64,
    /// What stands before the patches, in order: a class token `[1, 1, C]`, registers `[1, R, C]`. With their module numbers.
    pub own_tokens: Vec<(Tensor, usize)>,
    /// Nothing where only attention knows of places.
    pub positions: Option<Positions>,
    pub dropout: Dropout,
    /// Of modules that do nothing here.
    pub markers: Vec<Marker>,
}

/// A position embedding that was learned for a grid of patches.
pub(in super::super) struct Positions {
    /// `[1, P + G², C]` for a grid of G × G patches, after P for the network's own tokens.
    pub embedding: Tensor,
    pub module: usize,
    /// P: all of the network's own tokens have a position, or none of them has.
    pub own_tokens: i64,
    /// How it is brought to another grid: timm's way, or torchvision's.
    pub antialias: bool,
}

impl Positions {
    fn resampled(&self, height: i64, width: i64) -> Result<Tensor, ModelError> {
        resampled_positions(
            &self.embedding,
            self.own_tokens,
            self.antialias,
            height,
            width,
        )
    }
}

/// The position embedding `[1, P + G², C]` for a grid of other size: bicubic, those of the P own tokens as they are.
/// torchvision's `interpolate_embeddings` maps corner to corner; timm's `resample_abs_pos_embed` maps area to area and smooths
/// where the grid shrinks (`antialias`).
///
/// # Errors
/// libtorch's own.
pub(in super::super) fn resampled_positions(
    positions: &Tensor,
    own_tokens: i64,
    antialias: bool,
    height: i64,
    width: i64,
) -> Result<Tensor, ModelError> {
    let (_, tokens, features) = positions.size3()?;
    // Weights that were learned at another size may bring a larger grid than a new network has.
    let side = (tokens - own_tokens).max(0).isqrt();
    if (height, width) == (side, side) {
        return Ok(positions.shallow_clone());
    }
    // Libtorch resamples in single precision only.
    let (kind, positions) = (positions.kind(), positions.f_to_kind(Kind::Float)?);
    let grid = positions
        .f_narrow(1, own_tokens, side * side)?
        .f_reshape([1, side, side, features])?
        .f_permute([0, 3, 1, 2])?;
    let size = [height, width];
    let grid = if antialias {
        grid.f_internal_upsample_bicubic2d_aa(size, false, None, None)?
    } else {
        grid.f_upsample_bicubic2d(size, true, None, None)?
    };
    let grid = grid
        .f_permute([0, 2, 3, 1])?
        .f_reshape([1, height * width, features])?;
    let all = match own_tokens {
        0 => grid,
        _ => Tensor::f_cat(&[positions.f_narrow(1, 0, own_tokens)?, grid], 1)?,
    };
    Ok(all.f_to_kind(kind)?)
}

impl Block for Patches {
    /// `[N, 3, H, W]` to `[N, P + G², C]`. A side that is no multiple of the patch is filled up with zeros at the right and the
    /// bottom, as timm does (`dynamic_img_pad`), so that no part of a picture goes unseen.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let (pictures, _, height, width) = input.size4()?;
        let missing = |side: i64| (self.patch - side % self.patch) % self.patch;
        let grid = if missing(height) + missing(width) == 0 {
            self.projection.forward(input, context)?
        } else {
            let padded = input.f_constant_pad_nd([0, missing(width), 0, missing(height)])?;
            self.projection.forward(&padded, context)?
        };
        let (_, features, rows, columns) = grid.size4()?;
        let mut patches = grid.f_flatten(2, -1)?.f_transpose(1, 2)?;
        // Positions of the patches alone are added before the network's own tokens come.
        let mut whole = None;
        if let Some(positions) = &self.positions {
            let resampled = positions.resampled(rows, columns)?;
            if positions.own_tokens == 0 {
                patches = patches.f_add(&resampled)?;
            } else {
                whole = Some(resampled);
            }
        }
        let mut tokens = Vec::with_capacity(self.own_tokens.len() + 1);
        for (own, module) in &self.own_tokens {
            let own = own.f_expand([pictures, own.size()[1], features], false)?;
            context.record(*module, &own, 0)?;
            tokens.push(own);
        }
        let mut x = match tokens.is_empty() {
            true => patches,
            false => {
                tokens.push(patches);
                Tensor::f_cat(&tokens, 1)?
            }
        };
        if let Some(whole) = whole {
            x = x.f_add(&whole)?;
        }
        if let Some(positions) = &self.positions {
            context.record(positions.module, &x, 0)?;
        }
        let x = self.dropout.forward(x, context)?;
        for marker in &self.markers {
            marker.pass(&x, context)?;
        }
        Ok(x)
    }
}
