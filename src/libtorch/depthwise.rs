//! Depthwise convolutions with large kernels that learn on the CPU: see depthwise.cpp.

use std::ffi::c_void;

use tch::{TchError, Tensor};

use super::{Reason, attempt, bindings, made, pointer};

bindings! {
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
