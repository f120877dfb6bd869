//! ConvNeXt with timm's names, the nano one: at every place, two convolutions of 1 × 1 stand for the fully connected layers.

use tch::Tensor;

use super::super::ModelError;
use super::super::init::{Init, WeightInit};
use super::super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, ConvSpec, Dropout, LayerNorm,
    Marker,
};
use super::super::network::{Parts, Segment, Stage};
use super::{EPS, LAYER_SCALE, Stem, end};

/// Channels and blocks of each stage.
const STAGES: [(i64, usize); 4] = [(80, 2), (160, 2), (320, 8), (640, 2)];

/// timm leaves dropout and stochastic depth to whoever trains.
const DROPOUT: f64 = 0.0;

pub(super) fn parts(builder: &mut Builder) -> Result<Parts, ModelError> {
    let init = Init::zero_bias(WeightInit::TruncatedNormal(0.02));
    builder.initialise(init, init);
    let mut inputs = STAGES[0].0;
    let mut segments = vec![Segment::build(builder, |builder| {
        builder.container("stem", "Sequential", |builder, _| {
            Stem::new(builder, 3, inputs)
        })
    })?];
    let mut stages = vec![Stage::new("Stem", ["stem"])];
    builder.container("stages", "Sequential", |builder, _| {
        for (index, (channels, repeats)) in STAGES.into_iter().enumerate() {
            builder.container(&index.to_string(), "ConvNeXtStage", |builder, _| {
                let mut start = builder.leaves();
                // The stem has brought the grid to the first stage's size.
                let mut before = None;
                if index == 0 {
                    before = Some(identity(builder, "downsample"));
                } else {
                    segments.push(Segment::build(builder, |builder| {
                        builder.container("downsample", "Sequential", |builder, _| {
                            Stem::downsampling(builder, inputs, channels)
                        })
                    })?);
                    start = builder.leaves();
                }
                builder.container("blocks", "Sequential", |builder, _| {
                    for block in 0..repeats {
                        let mut residual = builder.container(
                            &block.to_string(),
                            "ConvNeXtBlock",
                            |builder, module| Residual::new(builder, module, channels),
                        )?;
                        residual.before = before.take();
                        segments.push(Segment {
                            block: Box::new(residual),
                            leaves: start..builder.leaves(),
                        });
                        start = builder.leaves();
                    }
                    Ok(())
                })
            })?;
            inputs = channels;
            stages.push(Stage::new(
                format!("Stage {}", index + 1),
                [format!("stages.{index}")],
            ));
        }
        Ok(())
    })?;
    // It does nothing in the networks that normalise after pooling.
    segments.push(Segment::build(builder, |builder| {
        Ok(identity(builder, "norm_pre"))
    })?);
    if let Some(last) = stages.last_mut() {
        last.paths.push("norm_pre".into());
    }
    end(
        builder,
        ["head.norm", "head.fc"],
        (segments, stages),
        inputs,
    )
}

fn identity(builder: &mut Builder, name: &str) -> Marker {
    builder.marker(name, "Identity", "")
}

/// timm's `ConvNeXtBlock`: a branch scaled by a learned factor per channel.
struct Residual {
    module: usize,
    /// Stands before the first block of the first stage and does nothing.
    before: Option<Marker>,
    /// `[channels]`, and its module number.
    gamma: (Tensor, usize),
    conv: Conv2d,
    norm: LayerNorm,
    mlp: Mlp,
    /// Of a module that does nothing.
    shortcut: Marker,
    /// timm's stochastic depth, which is off.
    drop_path: Marker,
}

impl Residual {
    fn new(builder: &mut Builder, module: usize, channels: i64) -> Result<Self, ModelError> {
        let scale = WeightInit::Constant(LAYER_SCALE);
        let conv = ConvSpec::depthwise(channels, 7, 1).biased();
        Ok(Self {
            module,
            before: None,
            gamma: builder.parameter("gamma", &[channels], scale)?,
            conv: builder.conv("conv_dw", conv)?,
            norm: builder.layer_norm("norm", "LayerNorm2d", channels, EPS)?,
            mlp: builder.container("mlp", "Mlp", |builder, module| {
                Mlp::new(builder, module, channels)
            })?,
            shortcut: identity(builder, "shortcut"),
            drop_path: identity(builder, "drop_path"),
        })
    }
}

impl Block for Residual {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        if let Some(marker) = &self.before {
            marker.pass(input, context)?;
        }
        let x = self.conv.forward(input, context)?;
        let x = self.norm.forward_grid(&x, context)?;
        let x = self.mlp.forward(&x, context)?;
        let (gamma, module) = &self.gamma;
        let mut branch = x.f_mul(&gamma.f_view([-1, 1, 1])?)?;
        if context.folded.is_some() {
            // A vector stays in single precision where the network is rounded.
            branch = branch.f_to_kind(x.kind())?;
        }
        context.record(*module, &branch, 0)?;
        self.shortcut.pass(input, context)?;
        self.drop_path.pass(&branch, context)?;
        let output = branch.f_add_(input)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

/// timm's `Mlp` of convolutions: four times the channels, and back.
struct Mlp {
    module: usize,
    expand: Conv2d,
    gelu: Activation,
    first_dropout: Dropout,
    /// Of a module that does nothing.
    norm: Marker,
    project: Conv2d,
    second_dropout: Dropout,
}

impl Mlp {
    fn new(builder: &mut Builder, module: usize, channels: i64) -> Result<Self, ModelError> {
        let conv = |inputs, outputs| ConvSpec::new(inputs, outputs, 1, 1).biased();
        Ok(Self {
            module,
            expand: builder.conv("fc1", conv(channels, 4 * channels))?,
            gelu: builder.activation("act", ActivationKind::Gelu),
            first_dropout: builder.dropout("drop1", DROPOUT),
            norm: identity(builder, "norm"),
            project: builder.conv("fc2", conv(4 * channels, channels))?,
            second_dropout: builder.dropout("drop2", DROPOUT),
        })
    }

    /// `[N, channels, H, W]` to the same shape.
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = self.expand.forward_then(input, &self.gelu, context)?;
        let x = self.first_dropout.forward(x, context)?;
        self.norm.pass(&x, context)?;
        let x = self.project.forward(&x, context)?;
        let x = self.second_dropout.forward(x, context)?;
        context.record(self.module, &x, 0)?;
        Ok(x)
    }
}
