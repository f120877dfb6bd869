//! GoogLeNet: Szegedy et al., “Going Deeper with Convolutions”, 2014 (arXiv 1409.4842), as
//! torchvision has it: with BatchNorm, and 3 × 3 windows where the paper has 5 × 5.

use super::ModelError;
use super::classifier::Classifier;
use super::inception_layers::{BasicConv, Branches, Step};
use super::init::{Init, WeightInit};
use super::layers::{Builder, ConvSpec, MaxPool2d};
use super::network::{Parts, Segment, Stage};

/// Channels of the four branches: 1 × 1; reduction and 3 × 3; reduction and the second 3 × 3; after
/// the pooling. Table 1 of the paper.
struct Widths(i64, [i64; 2], [i64; 2], i64);

impl Widths {
    fn outputs(&self) -> i64 {
        self.0 + self.1[1] + self.2[1] + self.3
    }
}

/// The blocks by stage.
const STAGES: [&[(&str, Widths)]; 3] = [
    &[
        ("inception3a", Widths(64, [96, 128], [16, 32], 32)),
        ("inception3b", Widths(128, [128, 192], [32, 96], 64)),
    ],
    &[
        ("inception4a", Widths(192, [96, 208], [16, 48], 64)),
        ("inception4b", Widths(160, [112, 224], [24, 64], 64)),
        ("inception4c", Widths(128, [128, 256], [24, 64], 64)),
        ("inception4d", Widths(112, [144, 288], [32, 64], 64)),
        ("inception4e", Widths(256, [160, 320], [32, 128], 128)),
    ],
    &[
        ("inception5a", Widths(256, [160, 320], [32, 128], 128)),
        ("inception5b", Widths(384, [192, 384], [48, 128], 128)),
    ],
];

pub(super) fn parts(_name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    let init = Init::default_bias(WeightInit::TruncatedNormal(0.01));
    builder.initialise(init, init);
    let mut segments = vec![
        convolution(builder, "conv1", ConvSpec::new(3, 64, 7, 2))?,
        pool(builder, "maxpool1", 3)?,
        convolution(builder, "conv2", ConvSpec::new(64, 64, 1, 1))?,
        convolution(builder, "conv3", ConvSpec::new(64, 192, 3, 1))?,
        pool(builder, "maxpool2", 3)?,
    ];
    let mut stages = vec![Stage::new(
        "Stem",
        ["conv1", "maxpool1", "conv2", "conv3", "maxpool2"],
    )];
    let mut inputs = 192;
    for (index, blocks) in STAGES.into_iter().enumerate() {
        let number = index + 3;
        let mut paths = Vec::new();
        for (name, widths) in blocks {
            segments.push(Segment::build(builder, |builder| {
                builder.container(name, "Inception", |builder, module| {
                    inception(builder, module, inputs, widths)
                })
            })?);
            inputs = widths.outputs();
            paths.push((*name).to_string());
        }
        if index + 1 < STAGES.len() {
            let name = format!("maxpool{number}");
            // The last one looks at 2 × 2 only.
            segments.push(pool(builder, &name, if number == 4 { 2 } else { 3 })?);
            paths.push(name);
        }
        stages.push(Stage::new(format!("Inception {number}"), paths));
    }
    auxiliary(builder, "aux1", 512)?;
    auxiliary(builder, "aux2", 528)?;
    Ok(Parts {
        kind: "GoogLeNet",
        segments,
        stages,
        classifier: Classifier::pooled_linear(builder, "fc", inputs)?,
        features: inputs,
    })
}

fn convolution(builder: &mut Builder, name: &str, spec: ConvSpec) -> Result<Segment, ModelError> {
    Segment::build(builder, |builder| BasicConv::new(builder, name, spec))
}

fn pool(builder: &mut Builder, name: &str, kernel: i64) -> Result<Segment, ModelError> {
    Segment::build(builder, |builder| {
        Ok(Step::MaxPool(MaxPool2d {
            ceil: true,
            ..builder.max_pool(name, kernel, 2, 0)
        }))
    })
}

fn inception(
    builder: &mut Builder,
    module: usize,
    inputs: i64,
    widths: &Widths,
) -> Result<Branches, ModelError> {
    let Widths(single, second, third, pooled) = *widths;
    let one = |outputs| ConvSpec::new(inputs, outputs, 1, 1);
    let conv = |builder: &mut Builder, name: &str, spec| {
        BasicConv::new(builder, name, spec).map(Step::Conv)
    };
    let mut branches = vec![vec![conv(builder, "branch1", one(single))?]];
    for (name, [reduced, outputs]) in [("branch2", second), ("branch3", third)] {
        branches.push(builder.container(name, "Sequential", |builder, _| {
            Ok(vec![
                conv(builder, "0", one(reduced))?,
                conv(builder, "1", ConvSpec::new(reduced, outputs, 3, 1))?,
            ])
        })?);
    }
    branches.push(builder.container("branch4", "Sequential", |builder, _| {
        let pool = MaxPool2d {
            ceil: true,
            ..builder.max_pool("0", 3, 1, 1)
        };
        Ok(vec![Step::MaxPool(pool), conv(builder, "1", one(pooled))?])
    })?);
    Ok(Branches { module, branches })
}

/// A classifier half-way, on 4 × 4 means.
fn auxiliary(builder: &mut Builder, name: &str, inputs: i64) -> Result<(), ModelError> {
    builder.auxiliary(|builder| {
        builder.container(name, "InceptionAux", |builder, _| {
            BasicConv::new(builder, "conv", ConvSpec::new(inputs, 128, 1, 1))?;
            builder.linear("fc1", 2048, 1024)?;
            builder.linear("fc2", 1024, 1000)?;
            Ok(())
        })
    })
}
