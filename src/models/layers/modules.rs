//! The layers themselves, with PyTorch's arithmetic.

use tch::{Tensor, no_grad_guard};

use super::super::ModelError;
use super::Context;

/// How a convolution pads its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Padding {
    /// As many zeros on every side.
    Symmetric(i64),
    /// TensorFlow's "same": output side = input side / stride, rounded up; an odd zero goes to
    /// the right and the bottom.
    Same,
}

/// Shape and behaviour of a square convolution.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct ConvSpec {
    pub inputs: i64,
    pub outputs: i64,
    pub kernel: i64,
    pub stride: i64,
    pub padding: Padding,
    pub groups: i64,
    pub bias: bool,
}

impl ConvSpec {
    /// Without bias, symmetric "half" padding: what stands before a normalisation in torchvision.
    pub fn new(inputs: i64, outputs: i64, kernel: i64, stride: i64) -> Self {
        let padding = Padding::Symmetric((kernel - 1) / 2);
        Self {
            inputs,
            outputs,
            kernel,
            stride,
            padding,
            groups: 1,
            bias: false,
        }
    }

    /// One filter per channel.
    pub fn depthwise(channels: i64, kernel: i64, stride: i64) -> Self {
        Self {
            groups: channels,
            ..Self::new(channels, channels, kernel, stride)
        }
    }

    pub fn same(self) -> Self {
        Self {
            padding: Padding::Same,
            ..self
        }
    }

    pub(super) fn parameters(&self) -> u64 {
        let weights = self.outputs * (self.inputs / self.groups) * self.kernel * self.kernel;
        (weights + if self.bias { self.outputs } else { 0 }) as u64
    }

    pub(super) fn detail(&self) -> String {
        let kernel = self.kernel;
        let mut text = if self.groups > 1 && self.groups == self.inputs {
            format!("{kernel} × {kernel} depthwise, {}", self.outputs)
        } else {
            format!("{kernel} × {kernel}, {} → {}", self.inputs, self.outputs)
        };
        if self.stride > 1 {
            text += &format!(", stride {}", self.stride);
        }
        text
    }
}

/// A convolution.
#[derive(Debug)]
pub(in super::super) struct Conv2d {
    /// `[outputs, inputs / groups, kernel, kernel]`.
    pub weight: Tensor,
    pub bias: Option<Tensor>,
    pub spec: ConvSpec,
    pub module: usize,
    pub leaf: usize,
}

impl Conv2d {
    /// `[N, inputs, H, W]` to `[N, outputs, H', W']`.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.forward_with(input, &self.weight, self.bias.as_ref(), context)
    }

    fn forward_with(
        &self,
        input: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let spec = &self.spec;
        let stride = [spec.stride, spec.stride];
        let convolve = |input: &Tensor, padding: [i64; 2]| {
            input.f_conv2d(weight, bias, stride, padding, [1, 1], spec.groups)
        };
        let output = match spec.padding {
            Padding::Symmetric(side) => convolve(input, [side, side])?,
            Padding::Same => {
                let (_, _, height, width) = input.size4()?;
                let down = same_padding(height, spec.kernel, spec.stride);
                let across = same_padding(width, spec.kernel, spec.stride);
                if down % 2 == 0 && across % 2 == 0 {
                    convolve(input, [down / 2, across / 2])?
                } else {
                    let sides = [across / 2, across - across / 2, down / 2, down - down / 2];
                    convolve(&input.f_constant_pad_nd(sides)?, [0, 0])?
                }
            }
        };
        if context.trace.is_some() {
            let (_, channels, height, width) = output.size4()?;
            let each = spec.inputs / spec.groups * spec.kernel * spec.kernel;
            context.record(
                self.module,
                &output,
                (channels * height * width * each) as u64,
            )?;
        }
        Ok(output)
    }
}

/// Zeros on both sides together.
fn same_padding(side: i64, kernel: i64, stride: i64) -> i64 {
    let output = (side + stride - 1) / stride;
    ((output - 1) * stride + kernel - side).max(0)
}

/// Size and constants of a normalisation.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct NormSpec {
    pub features: i64,
    pub eps: f64,
    /// The share of a new batch in the running statistics (PyTorch's sense).
    pub momentum: f64,
}

/// Batch normalisation (Ioffe and Szegedy 2015).
#[derive(Debug)]
pub(in super::super) struct BatchNorm {
    pub weight: Tensor,
    pub bias: Tensor,
    pub mean: Tensor,
    pub variance: Tensor,
    pub batches: Tensor,
    pub spec: NormSpec,
    pub module: usize,
    pub leaf: usize,
}

impl BatchNorm {
    /// As the pass says for this leaf.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let mode = context.pass.mode(self.leaf);
        let output = self.normalise(input, mode.batch_statistics, mode.adapt_statistics)?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }

    /// A batch with a single value per channel has no variance: it is normalised by the running
    /// statistics, which stay (PyTorch fails there, and a last batch of one picture would end a run).
    pub fn normalise(
        &self,
        input: &Tensor,
        by_batch: bool,
        adapt: bool,
    ) -> Result<Tensor, ModelError> {
        let size = input.size();
        let values: i64 = size
            .iter()
            .enumerate()
            .filter(|(axis, _)| *axis != 1)
            .map(|(_, side)| side)
            .product();
        let enough = values > 1;
        if by_batch && enough {
            self.count_batch()?;
            return self.apply(input, true);
        }
        if adapt && enough {
            // Before the normalisation: autograd must not see its statistics change afterwards.
            let _guard = no_grad_guard();
            self.count_batch()?;
            let _ = self.apply(&input.f_detach()?, true)?;
        }
        self.apply(input, false)
    }

    fn apply(&self, input: &Tensor, training: bool) -> Result<Tensor, ModelError> {
        Ok(input.f_batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.mean),
            Some(&self.variance),
            training,
            self.spec.momentum,
            self.spec.eps,
            true,
        )?)
    }

    fn count_batch(&self) -> Result<(), ModelError> {
        let _guard = no_grad_guard();
        let _ = self.batches.shallow_clone().f_add_scalar_(1)?;
        Ok(())
    }
}

/// A convolution and the normalisation after it: two leaves that an inference pass may run as one.
#[derive(Debug)]
pub(in super::super) struct ConvNorm {
    pub conv: Conv2d,
    pub norm: BatchNorm,
}

impl ConvNorm {
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        if let Some((weight, bias)) = context.folded.and_then(|folded| folded.get(self.conv.leaf)) {
            return self.conv.forward_with(input, weight, Some(bias), context);
        }
        self.norm
            .forward(&self.conv.forward(input, context)?, context)
    }
}

/// Which nonlinearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ActivationKind {
    Relu,
    Relu6,
}

impl ActivationKind {
    pub(super) fn class_name(self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::Relu6 => "ReLU6",
        }
    }
}

/// A nonlinearity without parameters.
#[derive(Debug)]
pub(in super::super) struct Activation {
    pub kind: ActivationKind,
    /// `None` for a call that the module of the same name already stands for elsewhere in the tree.
    pub module: Option<usize>,
}

impl Activation {
    /// Takes its input over: nothing else may hold it, because it is changed in place where
    /// gradients do not need the old values.
    pub fn forward(&self, mut input: Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let output = match self.kind {
            // The gradient of ReLU follows from its result.
            ActivationKind::Relu => input.f_relu_()?,
            // That of ReLU6 needs the input, which in place would be copied first.
            ActivationKind::Relu6 if input.requires_grad() => input.f_relu6()?,
            ActivationKind::Relu6 => input.f_relu6_()?,
        };
        if let Some(module) = self.module {
            context.record(module, &output, 0)?;
        }
        Ok(output)
    }
}

/// The largest value of each window.
#[derive(Debug)]
pub(in super::super) struct MaxPool2d {
    pub kernel: i64,
    pub stride: i64,
    pub padding: i64,
    pub module: usize,
}

impl MaxPool2d {
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let both = |value: i64| [value, value];
        let output = input.f_max_pool2d(
            both(self.kernel),
            both(self.stride),
            both(self.padding),
            [1, 1],
            false,
        )?;
        context.record(self.module, &output, 0)?;
        Ok(output)
    }
}

/// A fully connected layer.
#[derive(Debug)]
pub(in super::super) struct Linear {
    /// `[outputs, inputs]`.
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Linear {
    /// `[N, inputs]` to `[N, outputs]`.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        Ok(input.f_linear(&self.weight, Some(&self.bias))?)
    }
}
