//! Vision transformers whose attention knows places by rotary embeddings, as timm has them (`Eva`).
//!
//! DINOv3 ViT-S/16: Siméoni et al., “DINOv3”, 2025 (arXiv 2508.10104); registers, layer scales, no position embedding and no
//! classifier. EVA-02-Small/14: Fang et al., “EVA-02: A Visual Representation for Neon Genesis”, 2023 (arXiv 2303.11331); a
//! position embedding as well, and gated layers (SwiGLU: Shazeer 2020, arXiv 2002.05202). The features of both are the mean of
//! all patches.

mod block;

use std::sync::Arc;

use block::EvaBlock;

use super::ModelError;
use super::classifier::{self, Classifier};
use super::init::{Init, WeightInit};
use super::layers::{Builder, Patches, Positions, Rotary, RotaryKind};
use super::network::{Parts, Segment, Stage};
use super::tokens::{PooledNorm, TokenLayout};
use super::vision_transformer::{BlockNames, DROPOUT, add_blocks, identity, patch_embed};

/// Width of a token.
const FEATURES: i64 = 384;

const HEADS: i64 = 6;

/// Both networks' weights begin with this deviation.
const DEVIATION: f64 = 0.02;

/// How the two differ.
#[derive(Clone, Copy)]
struct Layout {
    tokens: TokenLayout,
    eps: f64,
    rotary: RotaryKind,
    /// timm's class of that name.
    rotary_class: &'static str,
    registers: i64,
    /// Patches along a side of the pictures that the position embedding is learned for; 0 where there is none.
    grid: i64,
    /// What layer scales begin with, where there are some.
    layer_scale: Option<f64>,
    /// Whether queries and values have a bias. Keys have none.
    is_biased: bool,
    /// Width between the fully connected layers.
    hidden: i64,
    /// Whether they are gated.
    is_gated: bool,
    /// Whether the mean of the patches is normalised and not the patches, and whether a classifier follows.
    has_classifier: bool,
}

impl Layout {
    /// Of the network of that name.
    ///
    /// # Errors
    /// [`ModelError::UnknownBackbone`].
    fn of(name: &str) -> Result<Self, ModelError> {
        let tokens = TokenLayout::of_transformer(name)?;
        Ok(match name {
            "vit_small_patch16_dinov3" => Self {
                tokens,
                eps: 1e-5,
                rotary: RotaryKind::Dinov3,
                rotary_class: "RotaryEmbeddingDinoV3",
                registers: 4,
                grid: 0,
                layer_scale: Some(1e-5),
                is_biased: false,
                hidden: 4 * FEATURES,
                is_gated: false,
                has_classifier: false,
            },
            _ => Self {
                tokens,
                eps: 1e-6,
                // 224 pixels of 14 each.
                rotary: RotaryKind::Eva02 { reference: 16.0 },
                rotary_class: "RotaryEmbeddingCat",
                registers: 0,
                grid: 24,
                layer_scale: None,
                is_biased: true,
                hidden: FEATURES * 8 / 3,
                is_gated: true,
                has_classifier: true,
            },
        })
    }
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    let layout = Layout::of(name)?;
    let tokens = layout.tokens;
    let truncated = WeightInit::TruncatedNormal(DEVIATION);
    builder.initialise(Init::PYTORCH, Init::zero_bias(truncated));
    // Modules of the first segment, in the order of the state_dict.
    let mut first = vec!["cls_token"];
    let mut segments = vec![Segment::build(builder, |builder| {
        let mut own_tokens = vec![builder.parameter("cls_token", &[1, 1, FEATURES], truncated)?];
        if layout.registers > 0 {
            first.push("reg_token");
            let shape = [1, layout.registers, FEATURES];
            own_tokens.push(builder.parameter("reg_token", &shape, truncated)?);
        }
        let mut positions = None;
        if layout.grid > 0 {
            first.push("pos_embed");
            let rows = tokens.positioned_tokens + layout.grid * layout.grid;
            let shape = [1, rows, FEATURES];
            let (embedding, module) = builder.parameter("pos_embed", &shape, truncated)?;
            positions = Some(Positions {
                embedding,
                module,
                own_tokens: tokens.positioned_tokens,
                antialias: true,
            });
        }
        let patch = i64::from(tokens.patch);
        let (projection, norm) = patch_embed(builder, FEATURES, patch)?;
        let dropout = builder.dropout("pos_drop", DROPOUT);
        let markers = vec![
            norm,
            // The blocks ask it for their angles.
            builder.marker("rope", layout.rotary_class, ""),
            identity(builder, "norm_pre"),
        ];
        Ok(Patches {
            projection,
            patch,
            own_tokens,
            positions,
            dropout,
            markers,
        })
    })?];
    first.extend(["patch_embed", "pos_drop", "rope", "norm_pre"]);
    let mut stages = vec![Stage::new("Patches", first)];
    let depth = FEATURES / HEADS;
    let rotary = Arc::new(Rotary::new(layout.rotary, depth, tokens.own_tokens));
    let names = BlockNames {
        parent: "blocks",
        parent_path: "blocks",
        parent_kind: "ModuleList",
        prefix: "",
        kind: "EvaBlock",
    };
    add_blocks(
        builder,
        &names,
        &mut stages,
        &mut segments,
        |builder, module, block| EvaBlock::new(builder, module, block, layout, &rotary),
    )?;
    let norm = |builder: &mut Builder, name: &str| {
        builder.layer_norm(name, "LayerNorm", FEATURES, layout.eps)
    };
    segments.push(Segment::build(builder, |builder| {
        let (markers, norm) = match layout.has_classifier {
            true => (vec![identity(builder, "norm")], norm(builder, "fc_norm")?),
            false => (Vec::new(), norm(builder, "norm")?),
        };
        Ok(PooledNorm {
            norm,
            layout: tokens,
            is_after_pooling: layout.has_classifier,
            markers,
        })
    })?);
    let (last, classifier): (&[&str], _) = match layout.has_classifier {
        true => {
            // timm scales them down to a thousandth.
            let small = WeightInit::TruncatedNormal(DEVIATION / 1000.0);
            builder.initialise(Init::PYTORCH, Init::zero_bias(small));
            let head = classifier::linear(builder, "head", FEATURES, 1000)?;
            let steps = vec![head];
            (&["norm", "fc_norm"], Classifier { steps })
        }
        false => (&["norm"], Classifier::none()),
    };
    stages.push(Stage::new("Final norm", last.iter().copied()));
    Ok(Parts {
        kind: "Eva",
        segments,
        stages,
        classifier,
        features: FEATURES,
    })
}
