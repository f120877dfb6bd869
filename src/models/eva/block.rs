//! The block of an encoder with rotary embeddings: timm's `EvaBlock`.

use std::sync::Arc;

use tch::Tensor;

use super::super::ModelError;
use super::super::init::{Init, WeightInit};
use super::super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Dropout, LayerNorm, Linear, Marker,
    Rotary, attend, attention_work,
};
use super::super::vision_transformer::{DROPOUT, identity};
use super::{DEVIATION, FEATURES, HEADS, Layout};

/// Self-attention and two fully connected layers, each after a LayerNorm, scaled where the network has scales, and added to
/// what came in.
pub(super) struct EvaBlock {
    module: usize,
    /// Of what attention gives and of what the fully connected layers give, with module numbers.
    scales: Option<[(Tensor, usize); 2]>,
    first_norm: LayerNorm,
    attention: Attention,
    second_norm: LayerNorm,
    mlp: Mlp,
    /// Of modules that do nothing.
    markers: Vec<Marker>,
}

impl EvaBlock {
    /// Block number `place`, counted from 0.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(
        builder: &mut Builder,
        module: usize,
        place: usize,
        layout: Layout,
        rotary: &Arc<Rotary>,
    ) -> Result<Self, ModelError> {
        let scales = match layout.layer_scale {
            Some(value) => {
                let mut scale =
                    |name| builder.parameter(name, &[FEATURES], WeightInit::Constant(value));
                Some([scale("gamma_1")?, scale("gamma_2")?])
            }
            None => None,
        };
        // What is added to the tokens begins the smaller, the deeper its block stands (timm's `fix_init_weight`).
        let shrunk = DEVIATION / (2.0 * (place + 1) as f64).sqrt();
        let first_norm = builder.layer_norm("norm1", "LayerNorm", FEATURES, layout.eps)?;
        let attention = builder.container("attn", "EvaAttention", |builder, module| {
            Attention::new(builder, module, layout.is_biased, shrunk, rotary)
        })?;
        let mut markers = vec![identity(builder, "drop_path1")];
        let second_norm = builder.layer_norm("norm2", "LayerNorm", FEATURES, layout.eps)?;
        let class = if layout.is_gated { "GluMlp" } else { "Mlp" };
        let mlp = builder.container("mlp", class, |builder, _| {
            Mlp::new(builder, layout.hidden, layout.is_gated, shrunk)
        })?;
        markers.push(identity(builder, "drop_path2"));
        Ok(Self {
            module,
            scales,
            first_norm,
            attention,
            second_norm,
            mlp,
            markers,
        })
    }

    /// What branch `branch` gave, `[N, T, C]`, scaled.
    fn scaled(&self, branch: usize, x: Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let Some(scales) = &self.scales else {
            return Ok(x);
        };
        let (scale, module) = &scales[branch];
        // The scale is in single precision where the network is rounded.
        let scaled = x.f_mul(scale)?.f_to_kind(x.kind())?;
        context.record(*module, &scaled, 0)?;
        Ok(scaled)
    }
}

impl Block for EvaBlock {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.first_norm.forward(input, context)?;
        let x = self.attention.forward(&x, context)?;
        let x = self.scaled(0, x, context)?.f_add(input)?;
        let y = self.second_norm.forward(&x, context)?;
        let y = self.mlp.forward(&y, context)?;
        let output = self.scaled(1, y, context)?.f_add(&x)?;
        for marker in &self.markers {
            marker.pass(&output, context)?;
        }
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

/// timm's `EvaAttention`; the norms of queries, keys and results are there by name only.
struct Attention {
    module: usize,
    /// Of queries and of values, `[C]`, with module numbers.
    biases: Option<[(Tensor, usize); 2]>,
    projection: Linear,
    /// Of modules that do nothing.
    markers: Vec<Marker>,
    /// Stands for the two products.
    products: Marker,
    output: Linear,
    dropout: Dropout,
    rotary: Arc<Rotary>,
}

impl Attention {
    fn new(
        builder: &mut Builder,
        module: usize,
        is_biased: bool,
        shrunk: f64,
        rotary: &Arc<Rotary>,
    ) -> Result<Self, ModelError> {
        let biases = match is_biased {
            true => {
                let mut bias =
                    |name| builder.parameter(name, &[FEATURES], WeightInit::Constant(0.0));
                Some([bias("q_bias")?, bias("v_bias")?])
            }
            false => None,
        };
        let projection = builder.linear_unbiased("qkv", FEATURES, 3 * FEATURES)?;
        let mut markers: Vec<Marker> = ["q_norm", "k_norm"]
            .map(|name| identity(builder, name))
            .into();
        let products = builder.marker("attn_drop", "Dropout", "0.00");
        markers.push(identity(builder, "norm"));
        Ok(Self {
            module,
            biases,
            projection,
            markers,
            products,
            output: shrunk_linear(builder, "proj", FEATURES, shrunk)?,
            dropout: builder.dropout("proj_drop", DROPOUT),
            rotary: Arc::clone(rotary),
        })
    }

    /// `[N, T, C]` to the same shape.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let (_, tokens, _) = input.size3()?;
        let bias = match &self.biases {
            Some([(query, _), (value, _)]) => {
                let key = query.f_zeros_like()?;
                let all = Tensor::f_cat(&[query, &key, value], 0)?;
                Some(all.f_to_kind(self.projection.weight.kind())?)
            }
            None => None,
        };
        let projected = self
            .projection
            .forward_with(input, bias.as_ref(), context)?;
        for (_, module) in self.biases.iter().flatten() {
            context.record(*module, &projected, 0)?;
        }
        let attended = attend(&projected, HEADS, Some(&self.rotary))?;
        for marker in &self.markers {
            marker.pass(&attended, context)?;
        }
        let work = attention_work(tokens, FEATURES) as u64;
        context.record(self.products.module, &attended, work)?;
        let output = self.output.forward(&attended, context)?;
        let output = self.dropout.forward(output, context)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

/// timm's `Mlp` and `GluMlp`; the norm between the layers is there by name only.
struct Mlp {
    expand: Linear,
    /// Nothing where half of what `expand` gives is the gate of the other.
    gelu: Option<Activation>,
    gate: Option<Marker>,
    first_dropout: Dropout,
    norm: Marker,
    project: Linear,
    second_dropout: Dropout,
}

impl Mlp {
    fn new(
        builder: &mut Builder,
        hidden: i64,
        is_gated: bool,
        shrunk: f64,
    ) -> Result<Self, ModelError> {
        let width = if is_gated { 2 * hidden } else { hidden };
        let expand = builder.linear("fc1", FEATURES, width)?;
        let (gelu, gate) = match is_gated {
            true => (None, Some(builder.marker("act", "SiLU", ""))),
            false => (Some(builder.activation("act", ActivationKind::Gelu)), None),
        };
        Ok(Self {
            expand,
            gelu,
            gate,
            first_dropout: builder.dropout("drop1", DROPOUT),
            norm: identity(builder, "norm"),
            project: shrunk_linear(builder, "fc2", hidden, shrunk)?,
            second_dropout: builder.dropout("drop2", DROPOUT),
        })
    }

    /// `[N, T, C]` to the same shape.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.expand.forward(input, context)?;
        let x = match (&self.gelu, &self.gate) {
            (Some(gelu), _) => gelu.forward(x, context)?,
            (None, Some(gate)) => {
                let half = x.size3()?.2 / 2;
                // Not in place: both halves are parts of one tensor.
                let opened = x.f_narrow(-1, 0, half)?.f_silu()?;
                gate.pass(&opened, context)?;
                opened.f_mul(&x.f_narrow(-1, half, half)?)?
            }
            (None, None) => x,
        };
        let x = self.first_dropout.forward(x, context)?;
        self.norm.pass(&x, context)?;
        let x = self.project.forward(&x, context)?;
        self.second_dropout.forward(x, context)
    }
}

/// A fully connected layer to a token's width that begins with this deviation; others after it begin as before.
fn shrunk_linear(
    builder: &mut Builder,
    name: &str,
    inputs: i64,
    deviation: f64,
) -> Result<Linear, ModelError> {
    let begin = |deviation| Init::zero_bias(WeightInit::TruncatedNormal(deviation));
    builder.initialise(Init::PYTORCH, begin(deviation));
    let linear = builder.linear(name, inputs, FEATURES)?;
    builder.initialise(Init::PYTORCH, begin(DEVIATION));
    Ok(linear)
}
