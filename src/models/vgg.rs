//! VGG: Simonyan and Zisserman, “Very Deep Convolutional Networks for Large-Scale Image
//! Recognition”, 2014 (arXiv 1409.1556), configurations D (16 layers) and E (19), as torchvision has
//! them, with BatchNorm after each convolution or without.

use tch::Tensor;

use super::ModelError;
use super::classifier::{self, Classifier, ClassifierStep};
use super::init::{Init, WeightInit};
use super::layers::{
    Activation, ActivationKind, Block, Builder, Context, Conv2d, ConvNorm, ConvSpec, MaxPool2d,
};
use super::network::{Parts, Segment, Stage};

/// PyTorch's default.
const EPS: f64 = 1e-5;

/// The channels of each stage, which pooling ends.
const CHANNELS: [i64; 5] = [64, 128, 256, 512, 512];

/// The side of the grid that the classifier wants.
const POOLED: i64 = 7;

/// Convolutions per stage: table 1 of the paper.
fn depths(name: &str) -> [usize; 5] {
    if name.starts_with("vgg19") {
        [2, 2, 4, 4, 4]
    } else {
        [2, 2, 3, 3, 3]
    }
}

pub(super) fn parts(name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    builder.initialise(
        Init::zero_bias(WeightInit::KaimingFanOut),
        Init::zero_bias(WeightInit::Normal(0.01)),
    );
    let normalised = name.ends_with("_bn");
    let mut segments = Vec::new();
    let mut stages = Vec::new();
    let mut inputs = 3;
    builder.container("features", "Sequential", |builder, _| {
        let mut place = 0;
        for (stage, (depth, outputs)) in depths(name).into_iter().zip(CHANNELS).enumerate() {
            let first = place;
            for index in 0..depth {
                let spec = ConvSpec::new(inputs, outputs, 3, 1).biased();
                let pools = index + 1 == depth;
                segments.push(Segment::build(builder, |builder| {
                    Layer::new(builder, &mut place, spec, normalised, pools)
                })?);
                inputs = outputs;
            }
            let paths = (first..place).map(|place| format!("features.{place}"));
            stages.push(Stage::new(format!("Stage {}", stage + 1), paths));
        }
        Ok(())
    })?;
    Ok(Parts {
        kind: "VGG",
        segments,
        stages,
        classifier: original_classifier(builder, inputs)?,
        features: inputs,
    })
}

fn original_classifier(builder: &mut Builder, features: i64) -> Result<Classifier, ModelError> {
    let relu = || ClassifierStep::Activation(ActivationKind::Relu);
    let inputs = features * POOLED * POOLED;
    Ok(Classifier {
        steps: vec![
            ClassifierStep::Pool(POOLED),
            classifier::linear(builder, "classifier.0", inputs, 4096)?,
            relu(),
            classifier::linear(builder, "classifier.3", 4096, 4096)?,
            relu(),
            classifier::linear(builder, "classifier.6", 4096, 1000)?,
        ],
    })
}

/// A convolution, its normalisation where there is one, ReLU, and at a stage's end the pooling.
struct Layer {
    conv: Convolution,
    relu: Activation,
    pool: Option<MaxPool2d>,
}

enum Convolution {
    Plain(Conv2d),
    Normalised(ConvNorm),
}

impl Layer {
    /// `place` is the number of the next module in torchvision's sequence.
    fn new(
        builder: &mut Builder,
        place: &mut usize,
        spec: ConvSpec,
        normalised: bool,
        pools: bool,
    ) -> Result<Self, ModelError> {
        let mut next = || {
            *place += 1;
            (*place - 1).to_string()
        };
        let conv = if normalised {
            let (conv, norm) = (next(), next());
            let pair = builder.conv_norm((&conv, spec), (&norm, EPS))?;
            Convolution::Normalised(pair)
        } else {
            Convolution::Plain(builder.conv(&next(), spec)?)
        };
        Ok(Self {
            conv,
            relu: builder.activation(&next(), ActivationKind::Relu),
            pool: pools.then(|| builder.max_pool(&next(), 2, 2, 0)),
        })
    }
}

impl Block for Layer {
    fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let x = match &self.conv {
            Convolution::Plain(conv) => conv.forward_then(input, &self.relu, context)?,
            Convolution::Normalised(pair) => pair.forward_then(input, &self.relu, context)?,
        };
        match &self.pool {
            Some(pool) => pool.forward(&x, context),
            None => Ok(x),
        }
    }

    fn conv_norms(&self) -> Vec<&ConvNorm> {
        match &self.conv {
            Convolution::Plain(_) => Vec::new(),
            Convolution::Normalised(pair) => vec![pair],
        }
    }
}
