//! ResNet: He, Zhang, Ren and Sun, “Deep Residual Learning for Image Recognition”, 2015
//! (arXiv 1512.03385), as torchvision has it: the stride of a bottleneck stands in its 3 × 3
//! convolution (“ResNet v1.5”).

use tch::Tensor;

use super::ModelError;
use super::classifier::Classifier;
use super::init::{Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, Block, Builder, Context, ConvNorm, ConvSpec, PooledStem,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// Blocks per layer, and whether they are bottlenecks.
fn layout(name: &str) -> ([usize; 4], bool) {
    match name {
        "resnet18" => ([2, 2, 2, 2], false),
        "resnet34" => ([3, 4, 6, 3], false),
        "resnet101" => ([3, 4, 23, 3], true),
        "resnet152" => ([3, 8, 36, 3], true),
        _ => ([3, 4, 6, 3], true),
    }
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(Init::zero_bias(WeightInit::KaimingFanOut), Init::PYTORCH);
    let (blocks, bottleneck) = layout(name);
    let expansion = if bottleneck { 4 } else { 1 };
    let mut segments = vec![Segment::build(builder, |builder| {
        let names = ["conv1", "bn1", "relu", "maxpool"];
        PooledStem::new(builder, names, 64, EPS)
    })?];
    let mut stages = vec![Stage::new("Stem", ["conv1", "bn1", "relu", "maxpool"])];
    let mut inputs = 64;
    for (index, count) in blocks.into_iter().enumerate() {
        let width = 64 << index;
        let layer = format!("layer{}", index + 1);
        builder.container(&layer, "Sequential", |builder, _| {
            for block in 0..count {
                let stride = if block == 0 && index > 0 { 2 } else { 1 };
                let name = block.to_string();
                let shape = Shape {
                    inputs,
                    width,
                    outputs: width * expansion,
                    stride,
                };
                segments.push(Segment::build(builder, |builder| {
                    let kind = if bottleneck {
                        "Bottleneck"
                    } else {
                        "BasicBlock"
                    };
                    builder.container(&name, kind, |builder, module| {
                        Residual::new(builder, module, shape, bottleneck)
                    })
                })?);
                inputs = width * expansion;
            }
            Ok(())
        })?;
        stages.push(Stage::new(layer.clone(), [layer]));
    }
    let classifier = Classifier::pooled_linear(builder, "fc", inputs)?;
    Ok(Parts {
        kind: "ResNet",
        segments,
        stages,
        classifier,
        features: inputs,
    })
}

#[derive(Clone, Copy)]
struct Shape {
    inputs: i64,
    width: i64,
    outputs: i64,
    stride: i64,
}

/// torchvision's `BasicBlock` (two 3 × 3 convolutions) or `Bottleneck` (1 × 1, 3 × 3, 1 × 1).
struct Residual {
    module: usize,
    convs: Vec<ConvNorm>,
    /// To whose output the input is added before the ReLU.
    last: ConvNorm,
    relu: Activation,
    downsample: Option<ConvNorm>,
}

impl Residual {
    /// Layers in torchvision's order of definition: `relu` after `bn1` in a basic block, after
    /// `bn3` in a bottleneck.
    fn new(
        builder: &mut Builder,
        module: usize,
        shape: Shape,
        bottleneck: bool,
    ) -> Result<Self, ModelError> {
        let Shape {
            inputs,
            width,
            outputs,
            stride,
        } = shape;
        let mut convs = Vec::new();
        let (last, relu);
        if bottleneck {
            let specs = [
                ConvSpec::new(inputs, width, 1, 1),
                ConvSpec::new(width, width, 3, stride),
            ];
            for (spec, (conv, norm)) in specs.into_iter().zip([("conv1", "bn1"), ("conv2", "bn2")])
            {
                convs.push(builder.conv_norm((conv, spec), (norm, EPS))?);
            }
            let third = ConvSpec::new(width, outputs, 1, 1);
            last = builder.conv_norm(("conv3", third), ("bn3", EPS))?;
            relu = builder.activation("relu", ActivationKind::Relu);
        } else {
            let first = ConvSpec::new(inputs, width, 3, stride);
            convs.push(builder.conv_norm(("conv1", first), ("bn1", EPS))?);
            relu = builder.activation("relu", ActivationKind::Relu);
            let second = ConvSpec::new(width, outputs, 3, 1);
            last = builder.conv_norm(("conv2", second), ("bn2", EPS))?;
        }
        let downsample = if stride != 1 || inputs != outputs {
            Some(builder.container("downsample", "Sequential", |builder, _| {
                builder.conv_norm(("0", ConvSpec::new(inputs, outputs, 1, stride)), ("1", EPS))
            })?)
        } else {
            None
        };
        Ok(Self {
            module,
            convs,
            last,
            relu,
            downsample,
        })
    }
}

impl Block for Residual {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mut x = input.shallow_clone();
        for conv in &self.convs {
            x = conv.forward_then(&x, &self.relu, context)?;
        }
        let shortcut = match &self.downsample {
            Some(downsample) => downsample.forward(input, context)?,
            None => input.shallow_clone(),
        };
        let relu = Some(&self.relu);
        let output = self.last.forward_plus(&x, &shortcut, relu, context)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        self.convs
            .iter()
            .chain([&self.last])
            .chain(&self.downsample)
            .collect()
    }
}
