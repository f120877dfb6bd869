//! Nonlinearities, pooling, fully connected layers and the layers that only act in training.

use tch::Tensor;

use super::super::ModelError;
use super::Context;
use crate::libtorch::numbers::WithNumber;

/// Which nonlinearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ActivationKind {
    Relu,
    Relu6,
    /// x ReLU6(x + 3) / 6 (Howard et al. 2019).
    Hardswish,
    /// ReLU6(x + 3) / 6.
    Hardsigmoid,
    /// x sigmoid(x), or swish.
    Silu,
    Sigmoid,
    /// By the error function, not its approximation.
    Gelu,
}

impl ActivationKind {
    /// PyTorch's class.
    pub(super) fn class_name(self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::Relu6 => "ReLU6",
            Self::Hardswish => "Hardswish",
            Self::Hardsigmoid => "Hardsigmoid",
            Self::Silu => "SiLU",
            Self::Sigmoid => "Sigmoid",
            Self::Gelu => "GELU",
        }
    }

    /// Takes its input over: nothing else may hold it, because it is changed in place where
    /// gradients do not need the old values.
    /// Any shape; the result has the same.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn apply(self, mut input: Tensor) -> Result<Tensor, ModelError> {
        let in_place = !input.requires_grad();
        Ok(match self {
            // The gradients of ReLU and the sigmoid follow from their results.
            Self::Relu => input.f_relu_()?,
            Self::Sigmoid => input.f_sigmoid_()?,
            // The others need their input, which in place would be copied first.
            Self::Relu6 if in_place => input.f_relu6_()?,
            Self::Relu6 => input.f_relu6()?,
            Self::Hardswish if in_place => input.f_hardswish_()?,
            Self::Hardswish => input.f_hardswish()?,
            Self::Hardsigmoid if in_place => input.f_hardsigmoid_()?,
            Self::Hardsigmoid => input.f_hardsigmoid()?,
            Self::Silu if in_place => input.f_silu_()?,
            Self::Silu => input.f_silu()?,
            Self::Gelu if in_place => input.f_gelu_("none")?,
            Self::Gelu => input.f_gelu("none")?,
        })
    }
}

/// A nonlinearity without parameters.
#[derive(Debug)]
pub(in super::super) struct Activation {
    pub kind: ActivationKind,
    /// `None` for a call that the module of the same name already stands for elsewhere in the tree,
    /// or that the reference makes without a module.
    pub module: Option<usize>,
}

impl Activation {
    /// A call without a module.
    pub fn functional(kind: ActivationKind) -> Self {
        Self { kind, module: None }
    }

    /// Takes its input over, as [`ActivationKind::apply`] does.
    /// Any shape; the result has the same.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let output = self.kind.apply(input)?;
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
    /// A window that reaches beyond the last row or column counts.
    pub ceil: bool,
    /// `None` where the reference calls it without a module.
    pub module: Option<usize>,
}

impl MaxPool2d {
    /// `[N, C, H, W]` to `[N, C, H', W']`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let both = |value: i64| [value, value];
        let output = input.f_max_pool2d(
            both(self.kernel),
            both(self.stride),
            both(self.padding),
            [1, 1],
            self.ceil,
        )?;
        if let Some(module) = self.module {
            context.record(module, &output, 0)?;
        }
        Ok(output)
    }
}

/// The mean of each window; zeros of the padding count.
#[derive(Debug)]
pub(in super::super) struct AvgPool2d {
    pub kernel: i64,
    pub stride: i64,
    pub padding: i64,
    /// `None` where the reference calls it without a module.
    pub module: Option<usize>,
}

impl AvgPool2d {
    /// `[N, C, H, W]` to `[N, C, H', W']`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        let both = |value: i64| [value, value];
        let output = input.f_avg_pool2d(
            both(self.kernel),
            both(self.stride),
            both(self.padding),
            false,
            true,
            None,
        )?;
        if let Some(module) = self.module {
            context.record(module, &output, 0)?;
        }
        Ok(output)
    }
}

/// A fully connected layer.
#[derive(Debug)]
pub(in super::super) struct Linear {
    /// `[outputs, inputs]`.
    pub weight: Tensor,
    pub bias: Option<Tensor>,
    pub module: usize,
}

impl Linear {
    /// `[…, inputs]` to `[…, outputs]`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: &Tensor, context: &Context) -> Result<Tensor, ModelError> {
        self.forward_with(input, self.bias.as_ref(), context)
    }

    /// The same with a bias `[outputs]` that other layers hold.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward_with(
        &self,
        input: &Tensor,
        bias: Option<&Tensor>,
        context: &Context,
    ) -> Result<Tensor, ModelError> {
        let output = input.f_linear(&self.weight, bias)?;
        if context.trace.is_some() {
            let values: i64 = output.size().iter().skip(1).product();
            context.record(
                self.module,
                &output,
                (values * self.weight.size()[1]) as u64,
            )?;
        }
        Ok(output)
    }

    /// The same where nothing is written down.
    /// `[…, inputs]` to `[…, outputs]`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn apply(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        Ok(input.f_linear(&self.weight, self.bias.as_ref())?)
    }
}

/// Sets a share of all values to 0 and scales the others up, in training (Srivastava et al. 2014).
#[derive(Debug)]
pub(in super::super) struct Dropout {
    pub share: f64,
    pub module: usize,
    pub leaf: usize,
}

impl Dropout {
    /// Draws from libtorch's generator.
    /// Any shape; the result has the same.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, input: Tensor, context: &Context) -> Result<Tensor, ModelError> {
        context.record(self.module, &input, 0)?;
        if self.share > 0.0 && context.pass.mode(self.leaf).dropout {
            return Ok(input.f_dropout(self.share, true)?);
        }
        Ok(input)
    }
}

/// Leaves the branch of a residual block out for a share of the pictures and scales it up for the
/// others, in training (Huang et al. 2016; torchvision's mode "row").
#[derive(Debug)]
pub(in super::super) struct StochasticDepth {
    /// Of pictures whose branch is left out, less than 1.
    pub share: f64,
    pub module: usize,
    pub leaf: usize,
}

impl StochasticDepth {
    /// Draws from libtorch's generator.
    /// `[N, …]` to the same shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn forward(&self, branch: Tensor, context: &Context) -> Result<Tensor, ModelError> {
        context.record(self.module, &branch, 0)?;
        if !context.pass.mode(self.leaf).dropout {
            return Ok(branch);
        }
        drop_rows(branch, self.share)
    }
}

/// Sets `share` of the pictures of a batch to 0 and scales the others up. Draws from libtorch's generator.
/// `[N, …]` to the same shape.
pub(in super::super) fn drop_rows(branch: Tensor, share: f64) -> Result<Tensor, ModelError> {
    if share <= 0.0 {
        return Ok(branch);
    }
    let mut shape = branch.size();
    shape.iter_mut().skip(1).for_each(|side| *side = 1);
    let kept = 1.0 - share;
    let mut rows = Tensor::f_empty(&shape, (branch.kind(), branch.device()))?;
    let rows = rows.f_bernoulli_float_(kept)?.f_div_number_(kept)?;
    Ok(branch.f_mul(&rows)?)
}

/// A module that changes nothing but, at most, the order of axes: it stands in the tree because it
/// counts among the reference's layers.
#[derive(Debug)]
pub(in super::super) struct Marker {
    pub module: usize,
}

impl Marker {
    /// Writes down that `output`, of any shape, passed here.
    ///
    /// # Errors
    /// Those of [`Context::record`].
    pub fn pass(&self, output: &Tensor, context: &Context) -> Result<(), ModelError> {
        context.record(self.module, output, 0)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::models::init;
    use crate::models::layers::{LeafMode, Pass};

    /// The mean of each row of what `layer` makes of ones, with dropout on and off.
    fn rows(layer: impl Fn(Tensor, &Context) -> Tensor, on: bool) -> Vec<f64> {
        let _generator = init::seeded(5);
        let mode = LeafMode {
            dropout: on,
            ..LeafMode::default()
        };
        let pass = Pass { modes: vec![mode] };
        let ones = Tensor::ones([2000, 8, 2, 1], (Kind::Float, Device::Cpu));
        let output = layer(ones, &Context::new(&pass));
        Vec::try_from(output.mean_dim([1i64, 2, 3].as_slice(), false, Kind::Double)).unwrap()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn dropout_keeps_the_mean_and_is_off_in_inference() {
        let layer = Dropout {
            share: 0.3,
            module: 0,
            leaf: 0,
        };
        let run = |x, context: &Context| layer.forward(x, context).unwrap();
        assert!(rows(run, false).iter().all(|value| *value == 1.0));
        let dropped = rows(run, true);
        assert!((mean(&dropped) - 1.0).abs() < 0.02, "{}", mean(&dropped));
        // Within a picture some values stay and others do not.
        let mixed = dropped.iter().filter(|row| **row > 0.1 && **row < 1.4);
        assert!(mixed.count() > 1800);
    }

    #[test]
    fn stochastic_depth_takes_whole_pictures_and_keeps_the_mean() {
        let layer = StochasticDepth {
            share: 0.2,
            module: 0,
            leaf: 0,
        };
        let run = |x, context: &Context| layer.forward(x, context).unwrap();
        assert!(rows(run, false).iter().all(|value| *value == 1.0));
        let kept = rows(run, true);
        assert!((mean(&kept) - 1.0).abs() < 0.05, "{}", mean(&kept));
        assert!(
            kept.iter()
                .all(|row| *row == 0.0 || (row - 1.25).abs() < 1e-6)
        );
    }
}
