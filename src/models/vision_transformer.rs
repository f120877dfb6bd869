//! Vision transformer: Dosovitskiy et al., “An Image Is Worth 16x16 Words: Transformers for Image
//! Recognition at Scale”, 2020 (arXiv 2010.11929): ViT-B/16 as torchvision has it, ViT-Tiny and
//! -Small (Steiner et al. 2021, arXiv 2106.10270) as timm has them. The features are the class token
//! after the last normalisation.
//!
//! With registers and layer scales: Oquab et al., “DINOv2: Learning Robust Visual Features without
//! Supervision”, 2023 (arXiv 2304.07193), and Darcet et al., “Vision Transformers Need Registers”, 2023
//! (arXiv 2309.16588). Without a class token, its features the mean of all patches: Tschannen et al.,
//! “SigLIP 2: Multilingual Vision-Language Encoders with Improved Semantic Understanding, Localization, and
//! Dense Features”, 2025 (arXiv 2502.14786). Both as timm has them.

mod blocks;

use blocks::EncoderBlock;
use tch::Tensor;

use super::ModelError;
use super::classifier::{self, Classifier};
use super::init::{BiasInit, Init, WeightInit};
use super::layers::{
    Block, Builder, Conv2d, ConvSpec, Marker, Patches, Positions, resampled_positions,
};
use super::network::{Parts, Segment, Stage};
use super::tokens::{PooledNorm, TokenLayout};

const EPS: f64 = 1e-6;

pub(super) const BLOCKS: usize = 12;

/// Blocks that one box of the stage diagram holds.
const BLOCKS_PER_STAGE: usize = 4;

/// Both references drop nothing.
pub(super) const DROPOUT: f64 = 0.0;

/// How one transformer differs from another.
#[derive(Clone, Copy)]
struct Layout {
    /// Width of a token.
    features: i64,
    heads: i64,
    tokens: TokenLayout,
    /// Patches along a side of the pictures that the position embedding is learned for.
    grid: i64,
    registers: i64,
    /// What layer scales begin with, where there are some.
    layer_scale: Option<f64>,
    has_classifier: bool,
}

impl Layout {
    /// Of the transformer of that name.
    ///
    /// # Errors
    /// [`ModelError::UnknownBackbone`].
    fn of(name: &str) -> Result<Self, ModelError> {
        let (features, heads) = match name {
            "vit_tiny_patch16_224" => (192, 3),
            "vit_small_patch16_224" | "vit_small_patch14_reg4_dinov2" => (384, 6),
            _ => (768, 12),
        };
        let is_dinov2 = name.ends_with("_dinov2");
        Ok(Self {
            features,
            heads,
            tokens: TokenLayout::of_transformer(name)?,
            grid: if is_dinov2 { 37 } else { 14 },
            registers: if is_dinov2 { 4 } else { 0 },
            layer_scale: is_dinov2.then_some(1e-5),
            has_classifier: !is_dinov2 && !name.contains("siglip"),
        })
    }

    /// `[1, P + G², C]`.
    fn positions(&self) -> [i64; 3] {
        let tokens = self.tokens.positioned_tokens + self.grid * self.grid;
        [1, tokens, self.features]
    }
}

/// Whether a transformer has torchvision's names and arithmetic; the others have timm's.
fn is_torchvision(name: &str) -> bool {
    name == "vit_b_16"
}

/// The position embedding of transformer `name`, `[1, P + G², C]`, as it is for pictures of `side` pixels: of one token a patch,
/// the last of which may be filled up, after P of the network's own.
///
/// # Errors
/// [`ModelError::UnknownBackbone`] for what is no transformer; libtorch's own.
pub fn position_embedding(name: &str, stored: &Tensor, side: u32) -> Result<Tensor, ModelError> {
    let tokens = TokenLayout::of_transformer(name)?;
    let patches = i64::from(side.div_ceil(tokens.patch));
    let antialias = !is_torchvision(name);
    resampled_positions(
        stored,
        tokens.positioned_tokens,
        antialias,
        patches,
        patches,
    )
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    let layout = Layout::of(name)?;
    if is_torchvision(name) {
        torchvision(builder, layout)
    } else {
        timm(builder, layout)
    }
}

/// torchvision's names, order and beginnings.
fn torchvision(builder: &mut Builder, layout: Layout) -> Result<Parts, ModelError> {
    let Layout {
        features,
        heads,
        tokens,
        ..
    } = layout;
    let patch = i64::from(tokens.patch);
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
    let deviation = 1.0 / ((3 * patch * patch) as f64).sqrt();
    builder.initialise(
        Init::zero_bias(WeightInit::TruncatedNormal(deviation)),
        Init {
            weight: WeightInit::XavierUniform,
            bias: BiasInit::Normal(1e-6),
        },
    );
    let projection = builder.conv("conv_proj", ConvSpec::patches(3, features, patch))?;
    builder.container("encoder", "Encoder", |builder, _| {
        let normal = WeightInit::Normal(0.02);
        let (embedding, module) =
            builder.parameter("pos_embedding", &layout.positions(), normal)?;
        let patches = Patches {
            projection,
            patch,
            own_tokens: vec![class_token],
            positions: Some(Positions {
                embedding,
                module,
                own_tokens: tokens.positioned_tokens,
                antialias: false,
            }),
            dropout: builder.dropout("dropout", DROPOUT),
            markers: Vec::new(),
        };
        segments.push(Segment {
            block: Box::new(patches),
            leaves: start..builder.leaves(),
        });
        let names = BlockNames {
            parent: "layers",
            parent_path: "encoder.layers",
            parent_kind: "Sequential",
            prefix: "encoder_layer_",
            kind: "EncoderBlock",
        };
        add_blocks(
            builder,
            &names,
            &mut stages,
            &mut segments,
            |builder, module, _| EncoderBlock::torchvision(builder, module, features, heads),
        )?;
        segments.push(Segment::build(builder, |builder| {
            Ok(PooledNorm {
                norm: builder.layer_norm("ln", "LayerNorm", features, EPS)?,
                layout: tokens,
                is_after_pooling: false,
                markers: Vec::new(),
            })
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
fn timm(builder: &mut Builder, layout: Layout) -> Result<Parts, ModelError> {
    let Layout {
        features, tokens, ..
    } = layout;
    let truncated = WeightInit::TruncatedNormal(0.02);
    builder.initialise(Init::PYTORCH, Init::zero_bias(truncated));
    // Modules of the first segment, in the order of the state_dict.
    let mut first = Vec::new();
    let mut segments = vec![Segment::build(builder, |builder| {
        let mut own = |builder: &mut Builder, name: &'static str, count: i64| {
            first.push(name);
            builder.parameter(name, &[1, count, features], WeightInit::Normal(1e-6))
        };
        let mut own_tokens = Vec::new();
        if tokens.own_tokens > 0 {
            own_tokens.push(own(builder, "cls_token", 1)?);
        }
        if layout.registers > 0 {
            own_tokens.push(own(builder, "reg_token", layout.registers)?);
        }
        let (embedding, module) = builder.parameter("pos_embed", &layout.positions(), truncated)?;
        let patch = i64::from(tokens.patch);
        let (projection, norm) = patch_embed(builder, features, patch)?;
        let dropout = builder.dropout("pos_drop", DROPOUT);
        let markers = vec![
            norm,
            identity(builder, "patch_drop"),
            identity(builder, "norm_pre"),
        ];
        Ok(Patches {
            projection,
            patch,
            own_tokens,
            positions: Some(Positions {
                embedding,
                module,
                own_tokens: tokens.positioned_tokens,
                antialias: true,
            }),
            dropout,
            markers,
        })
    })?];
    first.extend([
        "pos_embed",
        "patch_embed",
        "pos_drop",
        "patch_drop",
        "norm_pre",
    ]);
    let mut stages = vec![Stage::new("Patches", first)];
    let names = BlockNames {
        parent: "blocks",
        parent_path: "blocks",
        parent_kind: "Sequential",
        prefix: "",
        kind: "Block",
    };
    add_blocks(
        builder,
        &names,
        &mut stages,
        &mut segments,
        |builder, module, _| {
            EncoderBlock::timm(builder, module, features, layout.heads, layout.layer_scale)
        },
    )?;
    segments.push(Segment::build(builder, |builder| {
        Ok(PooledNorm {
            norm: builder.layer_norm("norm", "LayerNorm", features, EPS)?,
            layout: tokens,
            is_after_pooling: false,
            markers: Vec::new(),
        })
    })?);
    stages.push(Stage::new("Final norm", ["norm"]));
    let classifier = match layout.has_classifier {
        true => Classifier {
            steps: vec![classifier::linear(builder, "head", features, 1000)?],
        },
        false => Classifier::none(),
    };
    Ok(Parts {
        kind: "VisionTransformer",
        segments,
        stages,
        classifier,
        features,
    })
}

/// timm's `PatchEmbed`: the projection, and the normalisation that there is by name only.
///
/// # Errors
/// libtorch's own.
pub(super) fn patch_embed(
    builder: &mut Builder,
    features: i64,
    patch: i64,
) -> Result<(Conv2d, Marker), ModelError> {
    builder.container("patch_embed", "PatchEmbed", |builder, _| {
        Ok((
            builder.conv("proj", ConvSpec::patches(3, features, patch))?,
            identity(builder, "norm"),
        ))
    })
}

/// What the blocks are called.
pub(super) struct BlockNames {
    /// The module that holds them, its path and its class.
    pub parent: &'static str,
    pub parent_path: &'static str,
    pub parent_kind: &'static str,
    /// Before a block's number.
    pub prefix: &'static str,
    pub kind: &'static str,
}

/// All blocks of the encoder, each a segment of its own; `build` gets the block's module number and its place.
///
/// # Errors
/// Those of `build`.
pub(super) fn add_blocks<B: Block + 'static>(
    builder: &mut Builder,
    names: &BlockNames,
    stages: &mut Vec<Stage>,
    segments: &mut Vec<Segment>,
    build: impl Fn(&mut Builder, usize, usize) -> Result<B, ModelError>,
) -> Result<(), ModelError> {
    builder.container(names.parent, names.parent_kind, |builder, _| {
        for block in 0..BLOCKS {
            let name = format!("{}{block}", names.prefix);
            add_block(stages, block, format!("{}.{name}", names.parent_path));
            segments.push(Segment::build(builder, |builder| {
                builder.container(&name, names.kind, |builder, module| {
                    build(builder, module, block)
                })
            })?);
        }
        Ok(())
    })
}

/// Puts block number `block` at `path` into its box of the stage diagram.
fn add_block(stages: &mut Vec<Stage>, block: usize, path: String) {
    match stages.last_mut() {
        Some(stage) if !block.is_multiple_of(BLOCKS_PER_STAGE) => stage.paths.push(path),
        _ => {
            let last = block + BLOCKS_PER_STAGE;
            stages.push(Stage::new(format!("Blocks {}–{last}", block + 1), [path]));
        }
    }
}

pub(super) fn identity(builder: &mut Builder, name: &str) -> Marker {
    builder.marker(name, "Identity", "")
}
