//! InceptionV3: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, “Rethinking the Inception Architecture
//! for Computer Vision”, 2015 (arXiv 1512.00567), as torchvision has it. What torchvision does to
//! the input of its published weights (`transform_input`) stands in their mean and deviation.

use super::ModelError;
use super::classifier::Classifier;
use super::inception_layers::{BasicConv, Branches, Step};
use super::init::{Init, WeightInit};
use super::layers::{AvgPool2d, Builder, ConvSpec, MaxPool2d};
use super::network::{Parts, Segment, Stage};

/// The deviation of the second classifier's last layer differs from that of all others.
const DEVIATION: f64 = 0.1;
const AUXILIARY_DEVIATION: f64 = 0.001;

pub(super) fn parts(_name: &str, builder: &mut Builder) -> Result<Parts, ModelError> {
    let init = Init::default_bias(WeightInit::TruncatedNormal(DEVIATION));
    builder.initialise(init, init);
    let mut segments = Vec::new();
    stem(builder, &mut segments)?;
    let mut mixed = |builder: &mut Builder, name: &str, kind: &str, block: Mixed| {
        let segment = Segment::build(builder, |builder| {
            builder.container(name, kind, |builder, module| {
                let mut block_builder = BlockBuilder {
                    builder,
                    branches: Vec::new(),
                };
                block.build(&mut block_builder)?;
                let branches = block_builder.branches;
                Ok(Branches { module, branches })
            })
        })?;
        segments.push(segment);
        Ok::<_, ModelError>(())
    };
    mixed(builder, "Mixed_5b", "InceptionA", Mixed::A(192, 32))?;
    mixed(builder, "Mixed_5c", "InceptionA", Mixed::A(256, 64))?;
    mixed(builder, "Mixed_5d", "InceptionA", Mixed::A(288, 64))?;
    mixed(builder, "Mixed_6a", "InceptionB", Mixed::B)?;
    mixed(builder, "Mixed_6b", "InceptionC", Mixed::C(128))?;
    mixed(builder, "Mixed_6c", "InceptionC", Mixed::C(160))?;
    mixed(builder, "Mixed_6d", "InceptionC", Mixed::C(160))?;
    mixed(builder, "Mixed_6e", "InceptionC", Mixed::C(192))?;
    auxiliary(builder)?;
    builder.initialise(init, init);
    mixed(builder, "Mixed_7a", "InceptionD", Mixed::D)?;
    mixed(builder, "Mixed_7b", "InceptionE", Mixed::E(1280))?;
    mixed(builder, "Mixed_7c", "InceptionE", Mixed::E(2048))?;
    let stages = vec![
        Stage::new(
            "Stem",
            [
                "Conv2d_1a_3x3",
                "Conv2d_2a_3x3",
                "Conv2d_2b_3x3",
                "maxpool1",
                "Conv2d_3b_1x1",
                "Conv2d_4a_3x3",
                "maxpool2",
            ],
        ),
        Stage::new("Mixed 5", ["Mixed_5b", "Mixed_5c", "Mixed_5d"]),
        Stage::new(
            "Mixed 6",
            ["Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"],
        ),
        Stage::new("Mixed 7", ["Mixed_7a", "Mixed_7b", "Mixed_7c"]),
    ];
    let features = 2048;
    Ok(Parts {
        kind: "Inception3",
        segments,
        stages,
        classifier: Classifier::pooled_linear(builder, "fc", features)?,
        features,
    })
}

fn stem(builder: &mut Builder, segments: &mut Vec<Segment>) -> Result<(), ModelError> {
    let convolution = |builder: &mut Builder, name: &str, spec: ConvSpec| {
        Segment::build(builder, |builder| BasicConv::new(builder, name, spec))
    };
    let pool = |builder: &mut Builder, name: &str| {
        Segment::build(builder, |builder| {
            Ok(Step::MaxPool(builder.max_pool(name, 3, 2, 0)))
        })
    };
    segments.extend([
        convolution(
            builder,
            "Conv2d_1a_3x3",
            ConvSpec::new(3, 32, 3, 2).unpadded(),
        )?,
        convolution(
            builder,
            "Conv2d_2a_3x3",
            ConvSpec::new(32, 32, 3, 1).unpadded(),
        )?,
        convolution(builder, "Conv2d_2b_3x3", ConvSpec::new(32, 64, 3, 1))?,
        pool(builder, "maxpool1")?,
        convolution(builder, "Conv2d_3b_1x1", ConvSpec::new(64, 80, 1, 1))?,
        convolution(
            builder,
            "Conv2d_4a_3x3",
            ConvSpec::new(80, 192, 3, 1).unpadded(),
        )?,
        pool(builder, "maxpool2")?,
    ]);
    Ok(())
}

/// The kinds of block, with what differs between blocks of one kind.
enum Mixed {
    /// 35 × 35 (figure 5 of the paper): inputs, channels after the pooling.
    A(i64, i64),
    /// To 17 × 17 (figure 10).
    B,
    /// 17 × 17 with 7 × 7 windows taken apart (figure 6): channels within.
    C(i64),
    /// To 8 × 8.
    D,
    /// 8 × 8 with branches that split again (figure 7): inputs.
    E(i64),
}

impl Mixed {
    fn build(&self, block: &mut BlockBuilder<'_>) -> Result<(), ModelError> {
        match *self {
            Self::A(inputs, pooled) => {
                block.branch(&[("branch1x1", conv(inputs, 64, 1))])?;
                block.branch(&[
                    ("branch5x5_1", conv(inputs, 48, 1)),
                    ("branch5x5_2", conv(48, 64, 5)),
                ])?;
                block.branch(&[
                    ("branch3x3dbl_1", conv(inputs, 64, 1)),
                    ("branch3x3dbl_2", conv(64, 96, 3)),
                    ("branch3x3dbl_3", conv(96, 96, 3)),
                ])?;
                block.pooled(inputs, pooled)
            }
            Self::B => {
                block.branch(&[("branch3x3", reducing(288, 384))])?;
                block.branch(&[
                    ("branch3x3dbl_1", conv(288, 64, 1)),
                    ("branch3x3dbl_2", conv(64, 96, 3)),
                    ("branch3x3dbl_3", reducing(96, 96)),
                ])?;
                block.reduced();
                Ok(())
            }
            Self::C(width) => {
                block.branch(&[("branch1x1", conv(768, 192, 1))])?;
                block.branch(&[
                    ("branch7x7_1", conv(768, width, 1)),
                    ("branch7x7_2", row(width, width, 7)),
                    ("branch7x7_3", column(width, 192, 7)),
                ])?;
                block.branch(&[
                    ("branch7x7dbl_1", conv(768, width, 1)),
                    ("branch7x7dbl_2", column(width, width, 7)),
                    ("branch7x7dbl_3", row(width, width, 7)),
                    ("branch7x7dbl_4", column(width, width, 7)),
                    ("branch7x7dbl_5", row(width, 192, 7)),
                ])?;
                block.pooled(768, 192)
            }
            Self::D => {
                block.branch(&[
                    ("branch3x3_1", conv(768, 192, 1)),
                    ("branch3x3_2", reducing(192, 320)),
                ])?;
                block.branch(&[
                    ("branch7x7x3_1", conv(768, 192, 1)),
                    ("branch7x7x3_2", row(192, 192, 7)),
                    ("branch7x7x3_3", column(192, 192, 7)),
                    ("branch7x7x3_4", reducing(192, 192)),
                ])?;
                block.reduced();
                Ok(())
            }
            Self::E(inputs) => {
                block.branch(&[("branch1x1", conv(inputs, 320, 1))])?;
                block.branch(&[("branch3x3_1", conv(inputs, 384, 1))])?;
                block.split(&[
                    ("branch3x3_2a", row(384, 384, 3)),
                    ("branch3x3_2b", column(384, 384, 3)),
                ])?;
                block.branch(&[
                    ("branch3x3dbl_1", conv(inputs, 448, 1)),
                    ("branch3x3dbl_2", conv(448, 384, 3)),
                ])?;
                block.split(&[
                    ("branch3x3dbl_3a", row(384, 384, 3)),
                    ("branch3x3dbl_3b", column(384, 384, 3)),
                ])?;
                block.pooled(inputs, 192)
            }
        }
    }
}

fn conv(inputs: i64, outputs: i64, kernel: i64) -> ConvSpec {
    ConvSpec::new(inputs, outputs, kernel, 1)
}

/// 3 × 3, every second place, no padding.
fn reducing(inputs: i64, outputs: i64) -> ConvSpec {
    ConvSpec::new(inputs, outputs, 3, 2).unpadded()
}

fn row(inputs: i64, outputs: i64, width: i64) -> ConvSpec {
    ConvSpec::rectangular(inputs, outputs, [1, width])
}

fn column(inputs: i64, outputs: i64, height: i64) -> ConvSpec {
    ConvSpec::rectangular(inputs, outputs, [height, 1])
}

/// Adds branches to one block.
struct BlockBuilder<'a> {
    builder: &'a mut Builder,
    branches: Vec<Vec<Step>>,
}

impl BlockBuilder<'_> {
    /// Convolutions one after the other.
    fn branch(&mut self, convs: &[(&str, ConvSpec)]) -> Result<(), ModelError> {
        let steps = self.convs(convs)?.into_iter().map(Step::Conv).collect();
        self.branches.push(steps);
        Ok(())
    }

    /// Ends the last branch with convolutions side by side.
    fn split(&mut self, convs: &[(&str, ConvSpec)]) -> Result<(), ModelError> {
        let split = Step::Split(self.convs(convs)?);
        if let Some(branch) = self.branches.last_mut() {
            branch.push(split);
        }
        Ok(())
    }

    /// The mean of 3 × 3 places, then a convolution.
    fn pooled(&mut self, inputs: i64, outputs: i64) -> Result<(), ModelError> {
        let pool = Step::AvgPool(AvgPool2d {
            kernel: 3,
            stride: 1,
            padding: 1,
            module: None,
        });
        let conv = BasicConv::new(self.builder, "branch_pool", conv(inputs, outputs, 1))?;
        self.branches.push(vec![pool, Step::Conv(conv)]);
        Ok(())
    }

    /// The largest of 3 × 3 places, every second one.
    fn reduced(&mut self) {
        self.branches.push(vec![Step::MaxPool(MaxPool2d {
            kernel: 3,
            stride: 2,
            padding: 0,
            ceil: false,
            module: None,
        })]);
    }

    fn convs(&mut self, convs: &[(&str, ConvSpec)]) -> Result<Vec<BasicConv>, ModelError> {
        convs
            .iter()
            .map(|(name, spec)| BasicConv::new(self.builder, name, *spec))
            .collect()
    }
}

/// The classifier half-way.
fn auxiliary(builder: &mut Builder) -> Result<(), ModelError> {
    builder.auxiliary(|builder| {
        builder.container("AuxLogits", "InceptionAux", |builder, _| {
            BasicConv::new(builder, "conv0", conv(768, 128, 1))?;
            BasicConv::new(builder, "conv1", conv(128, 768, 5).unpadded())?;
            let small = Init::default_bias(WeightInit::TruncatedNormal(AUXILIARY_DEVIATION));
            builder.initialise(small, small);
            builder.linear("fc", 768, 1000)?;
            Ok(())
        })
    })
}
