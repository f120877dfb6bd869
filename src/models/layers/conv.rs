//! Convolutions, with PyTorch's arithmetic.

use tch::{Device, Tensor};

use super::super::ModelError;
use super::super::fused::{self, After};
use super::{Activation, BatchNorm, Context};
use crate::libtorch::{self, depthwise};

/// How a convolution pads its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Padding {
    /// As many zeros on opposite sides: rows above and below, columns left and right.
    Symmetric([i64; 2]),
    /// TensorFlow's "same": output side = input side / stride, rounded up; an odd zero goes to
    /// the right and the bottom.
    Same,
}

/// Shape and behaviour of a convolution.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct ConvSpec {
    pub inputs: i64,
    pub outputs: i64,
    /// Height and width.
    pub kernel: [i64; 2],
    pub stride: i64,
    pub padding: Padding,
    pub groups: i64,
    pub bias: bool,
}

impl ConvSpec {
    /// A square one without bias, symmetric "half" padding: what stands before a normalisation in
    /// torchvision.
    pub fn new(inputs: i64, outputs: i64, kernel: i64, stride: i64) -> Self {
        Self {
            stride,
            ..Self::rectangular(inputs, outputs, [kernel; 2])
        }
    }

    /// Stride 1, without bias, "half" padding.
    pub fn rectangular(inputs: i64, outputs: i64, kernel: [i64; 2]) -> Self {
        Self {
            inputs,
            outputs,
            kernel,
            stride: 1,
            padding: Padding::Symmetric(kernel.map(|side| (side - 1) / 2)),
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

    /// Squares that lie side by side: as large as their stride, with a bias.
    pub fn patches(inputs: i64, outputs: i64, side: i64) -> Self {
        Self::new(inputs, outputs, side, side).unpadded().biased()
    }

    pub fn same(self) -> Self {
        Self {
            padding: Padding::Same,
            ..self
        }
    }

    pub fn unpadded(self) -> Self {
        Self {
            padding: Padding::Symmetric([0, 0]),
            ..self
        }
    }

    pub fn biased(self) -> Self {
        Self { bias: true, ..self }
    }

    /// Multiply-adds of one output value.
    pub(super) fn each(&self) -> i64 {
        self.inputs / self.groups * self.kernel[0] * self.kernel[1]
    }

    pub(super) fn parameters(&self) -> u64 {
        let weights = self.outputs * self.each();
        (weights + if self.bias { self.outputs } else { 0 }) as u64
    }

    pub(super) fn detail(&self) -> String {
        let [height, width] = self.kernel;
        let mut text = if self.groups > 1 && self.groups == self.inputs {
            format!("{height} × {width} depthwise, {}", self.outputs)
        } else {
            format!("{height} × {width}, {} → {}", self.inputs, self.outputs)
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
    /// `[outputs, inputs / groups, height, width]`.
    pub weight: Tensor,
    pub bias: Option<Tensor>,
    pub spec: ConvSpec,
    pub module: usize,
    pub leaf: usize,
}

impl Conv2d {
    /// `[N, inputs, H, W]` to `[N, outputs, H', W']`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let after = After::default();
        self.forward_with(input, &self.weight, self.bias.as_ref(), &after, context)
    }

    /// As [`Self::forward`], then `activation`.
    /// The same shapes.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward_then(
        &self,
        input: &Tensor,
        activation: &Activation,
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        if context.folded.is_none() {
            return activation.forward(self.forward(input, context)?, context);
        }
        let after = After {
            plus: None,
            activation: Some(activation.kind),
        };
        self.forward_with(input, &self.weight, self.bias.as_ref(), &after, context)
    }

    /// `after`: only where weights are folded, which is inference.
    fn forward_with(
        &self,
        input: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        after: &After<'_>,
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let spec = &self.spec;
        let stride = [spec.stride, spec.stride];
        let at_once = context.folded.is_some() && fused::is_for(input);
        let learns = context.folded.is_none() && weight.requires_grad();
        let convolve = |input: &Tensor, padding: [i64; 2]| {
            if at_once {
                return fused::convolution(input, (weight, bias), spec, padding, after);
            }
            if learns && is_large_depthwise(spec, input) {
                return Ok(depthwise::convolution(
                    input,
                    weight,
                    bias,
                    spec.stride,
                    padding,
                )?);
            }
            if context.folded.is_some()
                && let Some(output) = fused::on_card(input, (weight, bias), spec, padding, after)
            {
                return Ok(output);
            }
            let bare = input.f_conv2d(weight, bias, stride, padding, [1, 1], spec.groups)?;
            after.apply(bare)
        };
        let output = match spec.padding {
            Padding::Symmetric(sides) => convolve(input, sides)?,
            Padding::Same => {
                let (_, _, height, width) = input.size4()?;
                let down = same_padding(height, spec.kernel[0], spec.stride);
                let across = same_padding(width, spec.kernel[1], spec.stride);
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
            context.record(
                self.module,
                &output,
                (channels * height * width * spec.each()) as u64,
            )?;
        }
        Ok(output)
    }
}

/// Whether the gradient of its kernel has a quicker way: see [`depthwise`].
fn is_large_depthwise(spec: &ConvSpec, input: &Tensor) -> bool {
    libtorch::IS_THERE
        && input.device() == Device::Cpu
        && spec.groups == spec.inputs
        && spec.groups == spec.outputs
        && matches!(spec.kernel, [5, 5] | [7, 7])
}

/// Zeros on both sides together.
fn same_padding(side: i64, kernel: i64, stride: i64) -> i64 {
    let output = (side + stride - 1) / stride;
    ((output - 1) * stride + kernel - side).max(0)
}

/// A convolution and the normalisation after it: two leaves that an inference pass may run as one.
#[derive(Debug)]
pub(in super::super) struct ConvNorm {
    pub conv: Conv2d,
    pub norm: BatchNorm,
}

impl ConvNorm {
    /// `[N, inputs, H, W]` to `[N, outputs, H', W']`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        if let Some(output) = self.folded(input, &After::default(), context)? {
            return Ok(output);
        }
        self.norm
            .forward(&self.conv.forward(input, context)?, context)
    }

    /// As [`Self::forward`], then `activation`.
    /// The same shapes.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward_then(
        &self,
        input: &Tensor,
        activation: &Activation,
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let after = After {
            plus: None,
            activation: Some(activation.kind),
        };
        if let Some(output) = self.folded(input, &after, context)? {
            return Ok(output);
        }
        activation.forward(self.forward(input, context)?, context)
    }

    /// As [`Self::forward`], then the sum with `other`, which stays as it is, then `activation`.
    /// `other` has the shape of the result, `[N, outputs, H', W']`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward_plus(
        &self,
        input: &Tensor,
        other: &Tensor,
        activation: Option<&Activation>,
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let after = After {
            plus: Some(other),
            activation: activation.map(|activation| activation.kind),
        };
        if let Some(output) = self.folded(input, &after, context)? {
            return Ok(output);
        }
        let sum = self.forward(input, context)?.f_add_(other)?;
        match activation {
            Some(activation) => activation.forward(sum, context),
            None => Ok(sum),
        }
    }

    /// `None` where nothing is folded.
    fn folded(
        &self,
        input: &Tensor,
        after: &After<'_>,
        context: &Context,
    ) -> Result<Option<Tensor>, ModelError> {
        let folded = context.folded.and_then(|folded| folded.get(self.conv.leaf));
        folded
            .map(|(weight, bias)| {
                self.conv
                    .forward_with(input, weight, Some(bias), after, context)
            })
            .transpose()
    }
}
