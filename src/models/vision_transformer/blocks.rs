//! The blocks of a vision transformer's encoder.

use tch::Tensor;

use super::super::ModelError;
use super::super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Dropout, LayerNorm, LayerScale, Linear,
    Marker, MultiheadAttention, attend, attention_work,
};
use super::{DROPOUT, EPS, identity};

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
    /// Of what attention and the fully connected layers give; absent where the reference has them by name only.
    scales: Option<[LayerScale; 2]>,
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
                scales: None,
                token_markers: Vec::new(),
                hidden_markers: Vec::new(),
            })
        })
    }

    /// timm's `Block`; DropPath and the norms of queries and keys are there by name only, and so is
    /// LayerScale where there is no `layer_scale` that it begins with.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn timm(
        builder: &mut Builder,
        module: usize,
        features: i64,
        heads: i64,
        layer_scale: Option<f64>,
    ) -> Result<Self, ModelError> {
        let mut token_markers = Vec::new();
        let mut scales = Vec::new();
        let mut add_scale = |builder: &mut Builder, name: &str, drop_path: &str| {
            match layer_scale {
                Some(value) => scales.push(builder.layer_scale(name, features, value)?),
                None => token_markers.push(identity(builder, name)),
            }
            token_markers.push(identity(builder, drop_path));
            Ok::<(), ModelError>(())
        };
        let first_norm = builder.layer_norm("norm1", "LayerNorm", features, EPS)?;
        let attention = builder.container("attn", "Attention", |builder, module| {
            Attention::parts(builder, module, features, heads)
        })?;
        add_scale(builder, "ls1", "drop_path1")?;
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
                scales: None,
                token_markers: Vec::new(),
                hidden_markers,
            })
        })?;
        add_scale(builder, "ls2", "drop_path2")?;
        block.scales = scales.try_into().ok();
        block.token_markers = token_markers;
        Ok(block)
    }
}

impl EncoderBlock {
    /// What branch `branch` gave, `[N, T, C]`, scaled.
    fn scaled(&self, branch: usize, x: Tensor, context: &Context) -> Result<Tensor, ModelError> {
        match &self.scales {
            Some(scales) => scales[branch].forward(&x, context),
            None => Ok(x),
        }
    }
}

impl Block for EncoderBlock {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.first_norm.forward(input, context)?;
        let x = self.attention.forward(&x, context)?;
        let x = self.scaled(0, x, context)?.f_add(input)?;
        let y = self.second_norm.forward(&x, context)?;
        let y = self.expand.forward(&y, context)?;
        let y = self.gelu.forward(y, context)?;
        let y = self.first_dropout.forward(y, context)?;
        for marker in &self.hidden_markers {
            marker.pass(&y, context)?;
        }
        let y = self.project.forward(&y, context)?;
        let y = self.second_dropout.forward(y, context)?;
        let output = self.scaled(1, y, context)?.f_add(&x)?;
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
        let attended = attend(&projected, self.heads, None)?;
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
