//! Vision transformer: Dosovitskiy et al., “An Image Is Worth 16x16 Words: Transformers for Image
//! Recognition at Scale”, 2020 (arXiv 2010.11929): ViT-B/16 as torchvision has it, ViT-Tiny and
//! -Small (Steiner et al. 2021, arXiv 2106.10270) as timm has them. The features are the class token
//! after the last normalisation.

use tch::Tensor;

use super::ModelError;
use super::classifier::{self, Classifier};
use super::init::{BiasInit, Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, ConvSpec, Dropout, LayerNorm,
    Linear, Marker, MultiheadAttention, attend, attention_work,
};
use super::network::{Parts, Segment, Stage};

const EPS: f64 = 1e-6;

/// The side of a patch in pixels.
const PATCH: i64 = 16;

/// Patches along a side of the 224 pixels that the position embedding is learned for.
const GRID: i64 = 14;

const BLOCKS: usize = 12;

/// Blocks that one box of the stage diagram holds.
const BLOCKS_PER_STAGE: usize = 4;

/// Both references drop nothing.
const DROPOUT: f64 = 0.0;

/// Width of a token, and heads.
fn layout(name: &str) -> (i64, i64) {
    match name {
        "vit_tiny_patch16_224" => (192, 3),
        "vit_small_patch16_224" => (384, 6),
        _ => (768, 12),
    }
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    let (features, heads) = layout(name);
    if name == "vit_b_16" {
        torchvision(builder, features, heads)
    } else {
        timm(builder, features, heads)
    }
}

/// torchvision's names, order and beginnings.
fn torchvision(builder: &mut Builder, features: i64, heads: i64) -> Result<Parts, ModelError> {
    let start = builder.leaves();
    let mut segments = Vec::new();
    let mut stages = vec![Stage::new(
        "Patches",
        [
            "class_token",
            "conv_proj",
            "encoder.pos_embedding",
            "encoder.dropout",
        ],
    )];
    let class_token =
        builder.parameter("class_token", &[1, 1, features], WeightInit::Constant(0.0))?;
    let deviation = 1.0 / ((3 * PATCH * PATCH) as f64).sqrt();
    builder.initialise(
        Init::zero_bias(WeightInit::TruncatedNormal(deviation)),
        Init {
            weight: WeightInit::XavierUniform,
            bias: BiasInit::Normal(1e-6),
        },
    );
    let projection = builder.conv("conv_proj", ConvSpec::patches(3, features, PATCH))?;
    builder.container("encoder", "Encoder", |builder, _| {
        let shape = [1, GRID * GRID + 1, features];
        let positions = builder.parameter("pos_embedding", &shape, WeightInit::Normal(0.02))?;
        let patches = Patches {
            projection,
            class_token,
            positions,
            antialias: false,
            dropout: builder.dropout("dropout", DROPOUT),
            markers: Vec::new(),
        };
        segments.push(Segment {
            block: Box::new(patches),
            leaves: start..builder.leaves(),
        });
        builder.container("layers", "Sequential", |builder, _| {
            for block in 0..BLOCKS {
                let name = format!("encoder_layer_{block}");
                add_block(&mut stages, block, format!("encoder.layers.{name}"));
                segments.push(Segment::build(builder, |builder| {
                    builder.container(&name, "EncoderBlock", |builder, module| {
                        EncoderBlock::torchvision(builder, module, features, heads)
                    })
                })?);
            }
            Ok(())
        })?;
        segments.push(Segment::build(builder, |builder| {
            builder
                .layer_norm("ln", "LayerNorm", features, EPS)
                .map(FinalNorm)
        })?);
        stages.push(Stage::new("Final norm", ["encoder.ln"]));
        Ok(())
    })?;
    let zero = Init::zero_bias(WeightInit::Constant(0.0));
    builder.initialise(zero, zero);
    let head = classifier::linear(builder, "heads.head", features, 1000)?;
    Ok(Parts {
        kind: "VisionTransformer",
        segments,
        stages,
        classifier: Classifier { steps: vec![head] },
        features,
    })
}

/// timm's names, order and beginnings.
fn timm(builder: &mut Builder, features: i64, heads: i64) -> Result<Parts, ModelError> {
    let truncated = WeightInit::TruncatedNormal(0.02);
    builder.initialise(Init::PYTORCH, Init::zero_bias(truncated));
    let mut segments = vec![Segment::build(builder, |builder| {
        let token = WeightInit::Normal(1e-6);
        let class_token = builder.parameter("cls_token", &[1, 1, features], token)?;
        let shape = [1, GRID * GRID + 1, features];
        let positions = builder.parameter("pos_embed", &shape, truncated)?;
        let (projection, norm) = builder.container("patch_embed", "PatchEmbed", |builder, _| {
            Ok((
                builder.conv("proj", ConvSpec::patches(3, features, PATCH))?,
                identity(builder, "norm"),
            ))
        })?;
        let dropout = builder.dropout("pos_drop", DROPOUT);
        let markers = vec![
            norm,
            identity(builder, "patch_drop"),
            identity(builder, "norm_pre"),
        ];
        Ok(Patches {
            projection,
            class_token,
            positions,
            antialias: true,
            dropout,
            markers,
        })
    })?];
    let mut stages = vec![Stage::new(
        "Patches",
        [
            "cls_token",
            "pos_embed",
            "patch_embed",
            "pos_drop",
            "patch_drop",
            "norm_pre",
        ],
    )];
    builder.container("blocks", "Sequential", |builder, _| {
        for block in 0..BLOCKS {
            let name = block.to_string();
            add_block(&mut stages, block, format!("blocks.{name}"));
            segments.push(Segment::build(builder, |builder| {
                builder.container(&name, "Block", |builder, module| {
                    EncoderBlock::timm(builder, module, features, heads)
                })
            })?);
        }
        Ok(())
    })?;
    segments.push(Segment::build(builder, |builder| {
        builder
            .layer_norm("norm", "LayerNorm", features, EPS)
            .map(FinalNorm)
    })?);
    stages.push(Stage::new("Final norm", ["norm"]));
    let head = classifier::linear(builder, "head", features, 1000)?;
    Ok(Parts {
        kind: "VisionTransformer",
        segments,
        stages,
        classifier: Classifier { steps: vec![head] },
        features,
    })
}

/// Puts block number `block` at `path` into its box of the stage diagram.
fn add_block(stages: &mut Vec<Stage>, block: usize, path: String) {
    match stages.last_mut() {
        Some(stage) if block % BLOCKS_PER_STAGE != 0 => stage.paths.push(path),
        _ => {
            let last = block + BLOCKS_PER_STAGE;
            stages.push(Stage::new(format!("Blocks {}–{last}", block + 1), [path]));
        }
    }
}

fn identity(builder: &mut Builder, name: &str) -> Marker {
    builder.marker(name, "Identity", "")
}

/// Pictures to tokens: patches projected, the class token before them, positions added.
struct Patches {
    projection: Conv2d,
    /// `[1, 1, C]`, and its module number.
    class_token: (Tensor, usize),
    /// `[1, 1 + GRID², C]`, and its module number.
    positions: (Tensor, usize),
    /// How positions are brought to another grid: timm's way, or torchvision's.
    antialias: bool,
    dropout: Dropout,
    /// Of modules that do nothing.
    markers: Vec<Marker>,
}

impl Patches {
    /// The position embedding for a grid of other size: bicubic, the class token's own as it is.
    /// torchvision's `interpolate_embeddings` maps corner to corner; timm's
    /// `resample_abs_pos_embed` maps area to area and smooths where the grid shrinks.
    fn positions_for(&self, height: i64, width: i64) -> Result<Tensor, ModelError> {
        let (positions, _) = &self.positions;
        let (_, tokens, features) = positions.size3()?;
        // Not always `GRID`: weights that were learned at another size may bring more.
        let side = (tokens - 1).isqrt();
        if (height, width) == (side, side) {
            return Ok(positions.shallow_clone());
        }
        let token = positions.f_narrow(1, 0, 1)?;
        let grid = positions
            .f_narrow(1, 1, side * side)?
            .f_reshape([1, side, side, features])?
            .f_permute([0, 3, 1, 2])?;
        let size = [height, width];
        let grid = if self.antialias {
            grid.f_internal_upsample_bicubic2d_aa(size, false, None, None)?
        } else {
            grid.f_upsample_bicubic2d(size, true, None, None)?
        };
        let grid = grid
            .f_permute([0, 2, 3, 1])?
            .f_reshape([1, height * width, features])?;
        Ok(Tensor::f_cat(&[token, grid], 1)?)
    }
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
struct EncoderBlock {
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
    fn torchvision(
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
    fn timm(
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
struct FinalNorm(LayerNorm);

impl Block for FinalNorm {
    /// `[N, T, C]` to `[N, C]`. What a LayerNorm makes of one token does not depend on the others.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let token = input.f_select(1, 0)?;
        self.0.forward(&token, context)
    }
}
