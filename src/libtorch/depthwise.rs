//! Depthwise convolutions with large kernels that learn on the CPU: see depthwise.cpp.

use std::ffi::c_void;

use tch::{TchError, Tensor};

use super::{Reason, attempt, made, pointer, unbound};

unbound! {
    fn graft_depthwise(
        input: *const c_void,
        weight: *const c_void,
        bias: *const c_void,
        stride: i64,
        padding: *const i64,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
}

/// Each channel of `input` `[N, C, H, W]` with its own kernel of `weight` `[C, 1, K, K]`, K 5 or 7, on the CPU: the values
/// of `torch.nn.functional.conv2d` with `groups=C`, and its gradients in a fraction of the time.
///
/// # Errors
/// Other kernels and devices; what libtorch says.
pub fn convolution(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    padding: [i64; 2],
) -> Result<Tensor, TchError> {
    attempt(|reason| {
        // SAFETY: the tensors outlive the call, which keeps handles of its own; an absent one is null; the padding is two
        // numbers; the reason is written within its bounds.
        made(unsafe {
            graft_depthwise(
                pointer(Some(input)),
                pointer(Some(weight)),
                pointer(bias),
                stride,
                padding.as_ptr(),
                reason,
            )
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::libtorch::autocast::Bf16;
    use crate::models::fold::channels_last;

    fn random(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
        assert_eq!(a.size(), b.size());
        let scale = b.abs().max().double_value(&[]);
        (a - b).abs().max().double_value(&[]) / scale
    }

    /// Output and gradients, for a loss that weighs all values.
    fn learned(
        convolve: impl Fn(&Tensor, &Tensor, Option<&Tensor>) -> Tensor,
        given: &[Tensor; 3],
        weigh: &Tensor,
        has_bias: bool,
    ) -> Vec<Tensor> {
        let given: Vec<Tensor> = given
            .iter()
            .map(|tensor| tensor.detach().copy().set_requires_grad(true))
            .collect();
        let bias = has_bias.then_some(&given[2]);
        let output = convolve(&given[0], &given[1], bias);
        let loss = (output.to_kind(Kind::Float) * weigh).sum(Kind::Float);
        let learning = &given[..if has_bias { 3 } else { 2 }];
        let mut all = Tensor::run_backward(&[loss], learning, false, false);
        all.push(output.detach().to_kind(Kind::Float));
        all
    }

    /// Kernels, strides, paddings, numbers of channels that fill no vector, layouts and precisions.
    #[test]
    fn gradients_are_those_of_the_usual_convolution() {
        let _generator = crate::models::init::seeded(11);
        for (channels, kernel, stride, padding, bias) in [
            (16, 5, 1, [2, 2], false),
            (40, 5, 2, [2, 2], false),
            (3, 5, 2, [0, 1], true),
            (35, 7, 1, [3, 3], true),
            (16, 7, 2, [3, 3], false),
        ] {
            for (height, width) in [(7, 7), (12, 9), (21, 8)] {
                let given = [
                    random(&[3, channels, height, width]),
                    random(&[channels, 1, kernel, kernel]),
                    random(&[channels]),
                ];
                let usual = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| {
                    input.conv2d(weight, bias, [stride; 2], padding, [1, 1], channels)
                };
                let ours = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| {
                    convolution(input, weight, bias, stride, padding).unwrap()
                };
                let in_order = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| {
                    ours(&channels_last(input).unwrap(), weight, bias)
                };
                let bare = tch::no_grad(|| usual(&given[0], &given[1], None));
                let weigh = random(&bare.size());
                let expected = learned(usual, &given, &weigh, bias);
                let what = format!("{channels} {kernel} {stride} {padding:?} {height} {width}");
                for got in [
                    learned(ours, &given, &weigh, bias),
                    learned(in_order, &given, &weigh, bias),
                ] {
                    assert_eq!(got.len(), expected.len());
                    for (got, expected) in got.iter().zip(&expected) {
                        assert!(largest_difference(got, expected) < 1e-5, "{what}");
                    }
                }
                let rounded = {
                    let _mixed = Bf16::begin(Device::Cpu).unwrap();
                    learned(in_order, &given, &weigh, bias)
                };
                for (got, expected) in rounded.iter().zip(&expected) {
                    assert_eq!(got.kind(), Kind::Float);
                    assert!(largest_difference(got, expected) < 0.03, "{what} in bf16");
                }
            }
        }
    }

    #[test]
    fn what_it_is_not_for_is_refused() {
        let error = convolution(
            &random(&[1, 4, 8, 8]),
            &random(&[4, 1, 3, 3]),
            None,
            1,
            [1, 1],
        );
        assert!(error.unwrap_err().to_string().contains("5 x 5 or 7 x 7"));
    }
}
