//! Vision transformer: Dosovitskiy et al., “An Image Is Worth 16x16 Words: Transformers for Image
//! Recognition at Scale”, 2020 (arXiv 2010.11929): ViT-B/16 as torchvision has it, ViT-Tiny and
//! -Small (Steiner et al. 2021, arXiv 2106.10270) as timm has them. The features are the class token
//! after the last normalisation.

mod blocks;

use blocks::{EncoderBlock, FinalNorm, Patches, resampled_positions};
use tch::Tensor;

use super::ModelError;
use super::classifier::{self, Classifier};
use super::init::{BiasInit, Init, WeightInit};
use super::layers::{Builder, ConvSpec, Marker};
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

/// Whether a transformer has torchvision's names and arithmetic; the others have timm's.
fn is_torchvision(name: &str) -> bool {
    name == "vit_b_16"
}

/// The position embedding of transformer `name`, `[1, 1 + G², C]`, as it is for pictures of `side` pixels: of one token a patch,
/// the last of which may be filled up.
///
/// # Errors
/// libtorch's own.
pub fn position_embedding(name: &str, stored: &Tensor, side: u32) -> Result<Tensor, ModelError> {
    let patches = (i64::from(side) + PATCH - 1) / PATCH;
    resampled_positions(stored, !is_torchvision(name), patches, patches)
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    let (features, heads) = layout(name);
    if is_torchvision(name) {
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
        let names = BlockNames {
            parent: "layers",
            parent_path: "encoder.layers",
            prefix: "encoder_layer_",
            kind: "EncoderBlock",
        };
        add_blocks(
            builder,
            &names,
            &mut stages,
            &mut segments,
            |builder, module| EncoderBlock::torchvision(builder, module, features, heads),
        )?;
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
    let names = BlockNames {
        parent: "blocks",
        parent_path: "blocks",
        prefix: "",
        kind: "Block",
    };
    add_blocks(
        builder,
        &names,
        &mut stages,
        &mut segments,
        |builder, module| EncoderBlock::timm(builder, module, features, heads),
    )?;
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

/// What the blocks are called.
struct BlockNames {
    /// The module that holds them, and its path.
    parent: &'static str,
    parent_path: &'static str,
    /// Before a block's number.
    prefix: &'static str,
    kind: &'static str,
}

/// All blocks of the encoder, each a segment of its own.
fn add_blocks(
    builder: &mut Builder,
    names: &BlockNames,
    stages: &mut Vec<Stage>,
    segments: &mut Vec<Segment>,
    build: impl Fn(&mut Builder, usize) -> Result<EncoderBlock, ModelError>,
) -> Result<(), ModelError> {
    builder.container(names.parent, "Sequential", |builder, _| {
        for block in 0..BLOCKS {
            let name = format!("{}{block}", names.prefix);
            add_block(stages, block, format!("{}.{name}", names.parent_path));
            segments.push(Segment::build(builder, |builder| {
                builder.container(&name, names.kind, &build)
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

fn identity(builder: &mut Builder, name: &str) -> Marker {
    builder.marker(name, "Identity", "")
}
