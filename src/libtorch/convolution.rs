//! Convolutions with a sum and an activation after them, in one pass over memory: oneDNN's on the CPU
//! (`mkldnn::_convolution_pointwise`), cuDNN's on graphics cards (`cudnn_convolution_add_relu`).

use std::ffi::{CStr, c_char, c_void};

use tch::{TchError, Tensor};

use super::{Reason, attempt, bindings, made, pointer};

/// `GraftConvolution` in bindings.cpp.
#[repr(C)]
struct Description {
    padding: [i64; 2],
    stride: [i64; 2],
    groups: i64,
    activation: *const c_char,
    bounds: [f64; 2],
}

/// What a convolution is.
#[derive(Debug, Clone, Copy)]
pub struct Convolution<'a> {
    pub padding: [i64; 2],
    pub stride: [i64; 2],
    pub groups: i64,
    /// oneDNN's name of what is applied at the end; “none” for nothing. After a sum only “none” and “relu”.
    pub activation: &'a CStr,
    /// Its bounds, for “hardtanh”.
    pub bounds: [f64; 2],
}

bindings! {
    fn graft_convolution(
        input: *const c_void,
        weight: *const c_void,
        bias: *const c_void,
        other: *const c_void,
        what: *const Description,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
    fn graft_has_card_convolution() -> bool = false;
    fn graft_card_convolution(
        input: *const c_void,
        weight: *const c_void,
        bias: *const c_void,
        other: *const c_void,
        stride: *const i64,
        padding: *const i64,
        groups: i64,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
}

/// `[N, inputs, H, W]` to `[N, outputs, H', W']` on the CPU, without gradients. `other` is added before the activation.
///
/// # Errors
/// What libtorch says, for instance of shapes that do not fit.
pub fn convolution(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    other: Option<&Tensor>,
    what: &Convolution<'_>,
) -> Result<Tensor, TchError> {
    let what = Description {
        padding: what.padding,
        stride: what.stride,
        groups: what.groups,
        activation: what.activation.as_ptr(),
        bounds: what.bounds,
    };
    attempt(|reason| {
        // SAFETY: the tensors outlive the call, which does not keep them; an absent one is null, which the other side
        // expects of `bias` and `other`; the reason is written within its bounds.
        made(unsafe {
            graft_convolution(
                pointer(Some(input)),
                pointer(Some(weight)),
                pointer(bias),
                pointer(other),
                &what,
                reason,
            )
        })
    })
}

/// Whether libtorch's CUDA part is open and has [`card_convolution`].
pub fn has_card_convolution() -> bool {
    // SAFETY: no argument.
    unsafe { graft_has_card_convolution() }
}

/// relu(convolution + `other`) of `input` on a graphics card, without gradients.
///
/// # Errors
/// What libtorch says, for instance where cuDNN has no such algorithm for these shapes and this precision.
pub fn card_convolution(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    other: Option<&Tensor>,
    stride: [i64; 2],
    padding: [i64; 2],
    groups: i64,
) -> Result<Tensor, TchError> {
    attempt(|reason| {
        // SAFETY: as in `convolution`; stride and padding are two numbers each.
        made(unsafe {
            graft_card_convolution(
                pointer(Some(input)),
                pointer(Some(weight)),
                pointer(bias),
                pointer(other),
                stride.as_ptr(),
                padding.as_ptr(),
                groups,
                reason,
            )
        })
    })
}
