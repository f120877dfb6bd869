//! The parts of a vision transformer: patches, blocks of the encoder, the last normalisation.

use tch::{Kind, Tensor};

use super::super::ModelError;
use super::super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, Dropout, LayerNorm, Linear,
    Marker, MultiheadAttention, attend, attention_work,
};
use super::{DROPOUT, EPS, PATCH, identity};

/// Pictures to tokens: patches projected, the class token before them, positions added.
pub(super) struct Patches {
    pub projection: Conv2d,
    /// `[1, 1, C]`, and its module number.
    pub class_token: (Tensor, usize),
    /// `[1, 1 + G², C]` for a grid of G × G patches, and its module number.
    pub positions: (Tensor, usize),
    /// How positions are brought to another grid: timm's way, or torchvision's.
    pub antialias: bool,
    pub dropout: Dropout,
    /// Of modules that do nothing.
    pub markers: Vec<Marker>,
}

impl Patches {
    fn positions_for(&self, height: i64, width: i64) -> Result<Tensor, ModelError> {
        resampled_positions(&self.positions.0, self.antialias, height, width)
    }
}

/// The position embedding `[1, 1 + G², C]` for a grid of other size: bicubic, the class token's own as it is.
/// torchvision's `interpolate_embeddings` maps corner to corner; timm's `resample_abs_pos_embed` maps area to area and smooths
/// where the grid shrinks (`antialias`).
///
/// # Errors
/// libtorch's own.
pub(super) fn resampled_positions(
    positions: &Tensor,
    antialias: bool,
    height: i64,
    width: i64,
) -> Result<Tensor, ModelError> {
    let (_, tokens, features) = positions.size3()?;
    // Weights that were learned at another size may bring a larger grid than a new network has.
    let side = (tokens - 1).isqrt();
    if (height, width) == (side, side) {
        return Ok(positions.shallow_clone());
    }
    // Libtorch resamples in single precision only.
    let (kind, positions) = (positions.kind(), positions.f_to_kind(Kind::Float)?);
    let token = positions.f_narrow(1, 0, 1)?;
    let grid = positions
        .f_narrow(1, 1, side * side)?
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
    Ok(Tensor::f_cat(&[token, grid], 1)?.f_to_kind(kind)?)
}

impl Block for Patches {
    /// A side that is no multiple of the patch is filled up with zeros at the right and the bottom,
    /// as timm does (`dynamic_img_pad`), so that no part of a picture goes unseen.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let (pictures, _, height, width) = input.size4()?;
        let missing = |side: i64| (PATCH - side % PATCH) % PATCH;
        let grid = if missing(height) + missing(width) == 0 {
            self.projection.forward(input, context)?
        } else {
            let padded = input.f_constant_pad_nd([0, missing(width), 0, missing(height)])?;
            self.projection.forward(&padded, context)?
        };
        let (_, features, rows, columns) = grid.size4()?;
        let patches = grid.f_flatten(2, -1)?.f_transpose(1, 2)?;
        let (token, token_module) = &self.class_token;
        let token = token.f_expand([pictures, 1, features], false)?;
        context.record(*token_module, &token, 0)?;
        let x = Tensor::f_cat(&[token, patches], 1)?;
        let x = x.f_add(&self.positions_for(rows, columns)?)?;
        context.record(self.positions.1, &x, 0)?;
        let x = self.dropout.forward(x, context)?;
        for marker in &self.markers {
            marker.pass(&x, context)?;
        }
        Ok(x)
    }
}

/// Self-attention and two fully connected layers, each after a LayerNorm and added to what came in.
pub(super) struct EncoderBlock {
    module: usize,
    first_norm: LayerNorm,
    attention: Attention,
    second_norm: LayerNorm,
    expand: Linear,
    gelu: Activation,
    first_dropout: Dropout,
    project: Linear,
    second_dropout: Dropout,
    /// Of modules that do nothing, by what their output looks like.
    token_markers: Vec<Marker>,
    hidden_markers: Vec<Marker>,
}

impl EncoderBlock {
    /// torchvision's `EncoderBlock`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn torchvision(
        builder: &mut Builder,
        module: usize,
        features: i64,
        heads: i64,
    ) -> Result<Self, ModelError> {
        let first_norm = builder.layer_norm("ln_1", "LayerNorm", features, EPS)?;
        let attention = Attention::Whole {
            attention: builder.multihead_attention("self_attention", features, heads)?,
            dropout: builder.dropout("dropout", DROPOUT),
        };
        let second_norm = builder.layer_norm("ln_2", "LayerNorm", features, EPS)?;
        builder.container("mlp", "MLPBlock", |builder, _| {
            Ok(Self {
                module,
                first_norm,
                attention,
                second_norm,
                expand: builder.linear("0", features, 4 * features)?,
                gelu: builder.activation("1", ActivationKind::Gelu),
                first_dropout: builder.dropout("2", DROPOUT),
                project: builder.linear("3", 4 * features, features)?,
                second_dropout: builder.dropout("4", DROPOUT),
                token_markers: Vec::new(),
                hidden_markers: Vec::new(),
            })
        })
    }

    /// timm's `Block`; LayerScale, DropPath and the norms of queries and keys are there by name
    /// only.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn timm(
        builder: &mut Builder,
        module: usize,
        features: i64,
        heads: i64,
    ) -> Result<Self, ModelError> {
        let first_norm = builder.layer_norm("norm1", "LayerNorm", features, EPS)?;
        let attention = builder.container("attn", "Attention", |builder, module| {
            Attention::parts(builder, module, features, heads)
        })?;
        let mut token_markers = vec![identity(builder, "ls1"), identity(builder, "drop_path1")];
        let second_norm = builder.layer_norm("norm2", "LayerNorm", features, EPS)?;
        let mut block = builder.container("mlp", "Mlp", |builder, _| {
            let expand = builder.linear("fc1", features, 4 * features)?;
            let gelu = builder.activation("act", ActivationKind::Gelu);
            let first_dropout = builder.dropout("drop1", DROPOUT);
            let hidden_markers = vec![identity(builder, "norm")];
            Ok(Self {
                module,
                first_norm,
                attention,
                second_norm,
                expand,
                gelu,
                first_dropout,
                project: builder.linear("fc2", 4 * features, features)?,
                second_dropout: builder.dropout("drop2", DROPOUT),
                token_markers: Vec::new(),
                hidden_markers,
            })
        })?;
        token_markers.extend(["ls2", "drop_path2"].map(|name| identity(builder, name)));
        block.token_markers = token_markers;
        Ok(block)
    }
}

impl Block for EncoderBlock {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.first_norm.forward(input, context)?;
        let x = self.attention.forward(&x, context)?.f_add(input)?;
        let y = self.second_norm.forward(&x, context)?;
        let y = self.expand.forward(&y, context)?;
        let y = self.gelu.forward(y, context)?;
        let y = self.first_dropout.forward(y, context)?;
        for marker in &self.hidden_markers {
            marker.pass(&y, context)?;
        }
        let y = self.project.forward(&y, context)?;
        let y = self.second_dropout.forward(y, context)?;
        let output = y.f_add(&x)?;
        for marker in &self.token_markers {
            marker.pass(&output, context)?;
        }
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

enum Attention {
    /// torchvision: PyTorch's own module, and the dropout after it.
    Whole {
        attention: MultiheadAttention,
        dropout: Dropout,
    },
    /// timm: its layers one by one.
    Parts(Box<AttentionParts>),
}

struct AttentionParts {
    module: usize,
    heads: i64,
    /// Queries, keys and values.
    projection: Linear,
    query_norm: Marker,
    key_norm: Marker,
    /// Stands for the two products between which the dropout of attention, of which there is none,
    /// would act.
    products: Marker,
    norm: Marker,
    output: Linear,
    dropout: Dropout,
}

impl Attention {
    fn parts(
        builder: &mut Builder,
        module: usize,
        features: i64,
        heads: i64,
    ) -> Result<Self, ModelError> {
        Ok(Self::Parts(Box::new(AttentionParts {
            module,
            heads,
            projection: builder.linear("qkv", features, 3 * features)?,
            query_norm: identity(builder, "q_norm"),
            key_norm: identity(builder, "k_norm"),
            products: builder.marker("attn_drop", "Dropout", "0.00"),
            norm: identity(builder, "norm"),
            output: builder.linear("proj", features, features)?,
            dropout: builder.dropout("proj_drop", DROPOUT),
        })))
    }

    /// `[N, T, C]` to the same shape.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        match self {
            Self::Whole { attention, dropout } => {
                dropout.forward(attention.forward(input, context)?, context)
            }
            Self::Parts(parts) => parts.forward(input, context),
        }
    }
}

impl AttentionParts {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let (_, tokens, features) = input.size3()?;
        let projected = self.projection.forward(input, context)?;
        let attended = attend(&projected, self.heads)?;
        for marker in [&self.query_norm, &self.key_norm, &self.norm] {
            marker.pass(&attended, context)?;
        }
        let work = attention_work(tokens, features) as u64;
        context.record(self.products.module, &attended, work)?;
        let output = self.output.forward(&attended, context)?;
        let output = self.dropout.forward(output, context)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

/// The last LayerNorm, of which only the class token is wanted.
pub(super) struct FinalNorm(pub LayerNorm);

impl Block for FinalNorm {
    /// `[N, T, C]` to `[N, C]`. What a LayerNorm makes of one token does not depend on the others.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let token = input.f_select(1, 0)?;
        self.0.forward(&token, context)
    }
}
