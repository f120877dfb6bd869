//! A convolution with the sum and the activation after it, in one pass over memory, for inference.
//!
//! In a frozen network the activations alone would otherwise take up to half of the time: each reads and writes a
//! grid that no longer lies in the cache.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

use tch::{Device, Tensor};

use super::ModelError;
use super::layers::{ActivationKind, ConvSpec};
use crate::libtorch;
use crate::libtorch::convolution::{Convolution, card_convolution, has_card_convolution};

/// What follows a convolution at once.
#[derive(Clone, Copy, Default)]
pub(super) struct After<'a> {
    /// Added to the result.
    pub plus: Option<&'a Tensor>,
    /// Applied at the end.
    pub activation: Option<ActivationKind>,
}

impl After<'_> {
    /// What [`convolution`] does at once, in steps of their own.
    /// `[N, C, H, W]` to the same shape, which is that of `plus`, too.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn apply(&self, mut output: Tensor) -> Result<Tensor, ModelError> {
        if let Some(other) = self.plus {
            output = output.f_add_(other)?;
        }
        match self.activation {
            Some(activation) => activation.apply(output),
            None => Ok(output),
        }
    }
}

/// Whether [`convolution`] can be called on this input at all: on the CPU, where the C++ file could be compiled.
/// `input` is `[N, C, H, W]`.
pub(super) fn is_for(input: &Tensor) -> bool {
    libtorch::IS_THERE && input.device() == Device::Cpu && tch::utils::has_mkldnn()
}

/// [`After`] in oneDNN's words; `None` where it has to be done apart.
fn name(after: &After<'_>) -> Option<(&'static CStr, [f64; 2])> {
    let name = match after.activation {
        None => c"none",
        Some(ActivationKind::Relu) => c"relu",
        // After a sum there is only ReLU.
        Some(_) if after.plus.is_some() => return None,
        Some(ActivationKind::Relu6) => c"hardtanh",
        Some(ActivationKind::Hardswish) => c"hardswish",
        Some(ActivationKind::Hardsigmoid) => c"hardsigmoid",
        Some(ActivationKind::Silu) => c"swish",
        Some(ActivationKind::Sigmoid) => c"sigmoid",
        Some(ActivationKind::Gelu) => c"gelu",
    };
    Some((name, [0.0, 6.0]))
}

/// `[N, inputs, H, W]` to `[N, outputs, H', W']`, without gradients; the same values as one step after the other within
/// rounding. Input, weight and bias are of one kind. Where [`is_for`] says so.
pub(super) fn convolution(
    input: &Tensor,
    (weight, bias): (&Tensor, Option<&Tensor>),
    spec: &ConvSpec,
    padding: [i64; 2],
    after: &After<'_>,
) -> Result<Tensor, ModelError> {
    // A grid of one point has no layout, which oneDNN wants to know of both sides of a sum.
    let is_point = |other: &Tensor| other.size().iter().skip(2).all(|&side| side == 1);
    let named = name(after).filter(|_| !after.plus.is_some_and(is_point));
    let Some((activation, bounds)) = named else {
        let bare = convolution(input, (weight, bias), spec, padding, &After::default())?;
        return after.apply(bare);
    };
    let what = Convolution {
        padding,
        stride: [spec.stride, spec.stride],
        groups: spec.groups,
        activation,
        bounds,
    };
    Ok(libtorch::convolution::convolution(
        input, weight, bias, after.plus, &what,
    )?)
}

/// cuDNN could not do it once, and is not asked again.
static CARD_CANT: AtomicBool = AtomicBool::new(false);

/// The same on a graphics card, where cuDNN can: ReLU after a dense convolution, with or without a sum. `None` where it has to
/// be done step by step.
/// Shapes as those of [`convolution`].
pub(super) fn on_card(
    input: &Tensor,
    (weight, bias): (&Tensor, Option<&Tensor>),
    spec: &ConvSpec,
    padding: [i64; 2],
    after: &After<'_>,
) -> Option<Tensor> {
    let is_for = input.device().is_cuda()
        && after.activation == Some(ActivationKind::Relu)
        && spec.groups == 1
        && !CARD_CANT.load(Ordering::Relaxed)
        && has_card_convolution();
    if !is_for {
        return None;
    }
    let stride = [spec.stride; 2];
    let made = card_convolution(
        input,
        weight,
        bias,
        after.plus,
        stride,
        padding,
        spec.groups,
    );
    match made {
        Ok(output) => Some(output),
        // What it means is told by the steps, which need no more memory than this.
        Err(error) => {
            if !error.to_string().contains("out of memory") {
                log::info!("convolutions and ReLU are computed one after the other: {error}");
                CARD_CANT.store(true, Ordering::Relaxed);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::models::fold::channels_last;

    const ALL: [ActivationKind; 7] = [
        ActivationKind::Relu,
        ActivationKind::Relu6,
        ActivationKind::Hardswish,
        ActivationKind::Hardsigmoid,
        ActivationKind::Silu,
        ActivationKind::Sigmoid,
        ActivationKind::Gelu,
    ];

    fn random(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    /// Every activation with and without a sum, dense, strided and depthwise, against one step after the other.
    #[test]
    fn at_once_is_as_one_after_the_other() {
        let _generator = crate::models::init::seeded(3);
        let specs = [
            ConvSpec::new(8, 16, 3, 1),
            ConvSpec::new(8, 12, 1, 2),
            ConvSpec::depthwise(8, 5, 2),
        ];
        for spec in specs {
            let input = channels_last(&random(&[3, 8, 11, 9])).unwrap() * 2.0;
            assert!(is_for(&input), "this build has no C++ part");
            let [height, width] = spec.kernel;
            let weight = random(&[spec.outputs, spec.inputs / spec.groups, height, width]);
            let bias = random(&[spec.outputs]);
            let padding = [(height - 1) / 2, (width - 1) / 2];
            let bare = || {
                let stride = [spec.stride; 2];
                input.conv2d(&weight, Some(&bias), stride, padding, [1, 1], spec.groups)
            };
            let other = channels_last(&random(&bare().size())).unwrap();
            for activation in ALL.into_iter().map(Some).chain([None]) {
                for plus in [None, Some(&other)] {
                    let after = After { plus, activation };
                    let parts = (&weight, Some(&bias));
                    let at_once = convolution(&input, parts, &spec, padding, &after).unwrap();
                    let expected = after.apply(bare()).unwrap();
                    let largest = (&at_once - &expected).abs().max().double_value(&[]);
                    let scale = expected.abs().max().double_value(&[]);
                    assert!(largest <= 1e-5 * scale, "{activation:?}: {largest}");
                    assert_eq!(at_once.stride()[1], 1, "channels last");
                }
            }
        }
    }

    /// Where a grid has shrunk to a point, its strides say nothing of its layout.
    #[test]
    fn small_grids_fit() {
        let _generator = crate::models::init::seeded(4);
        for (side, pictures) in [(1, 1), (1, 8), (2, 1), (2, 8), (3, 2)] {
            for spec in [
                ConvSpec::new(8, 16, 3, 1),
                ConvSpec::new(8, 16, 1, 1),
                ConvSpec::depthwise(8, 5, 2),
            ] {
                let [height, width] = spec.kernel;
                let weight = random(&[spec.outputs, spec.inputs / spec.groups, height, width]);
                let padding = [(height - 1) / 2, (width - 1) / 2];
                let input = random(&[pictures, 8, side, side]);
                let stride = [spec.stride; 2];
                let bare =
                    input.conv2d::<Tensor>(&weight, None, stride, padding, [1, 1], spec.groups);
                let other = random(&bare.size());
                for other in [None, Some(&other), Some(&channels_last(&other).unwrap())] {
                    let after = After {
                        plus: other,
                        activation: Some(ActivationKind::Relu),
                    };
                    let expected = after.apply(bare.copy()).unwrap();
                    for input in [&input, &channels_last(&input).unwrap()] {
                        for weight in [&weight, &channels_last(&weight).unwrap()] {
                            let output = convolution(input, (weight, None), &spec, padding, &after);
                            let output =
                                output.unwrap_or_else(|error| panic!("{side} {spec:?}: {error}"));
                            let largest = (output - &expected).abs().max().double_value(&[]);
                            assert!(largest < 1e-5, "{side} {spec:?}: {largest}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (input, weight) = (random(&[1, 4, 8, 8]), random(&[4, 5, 3, 3]));
        let spec = ConvSpec::new(4, 4, 3, 1);
        let after = After::default();
        let error = convolution(&input, (&weight, None), &spec, [1, 1], &after).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}
