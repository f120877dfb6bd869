//! Steps of an optimizer over many parameters in one kernel (`torch.optim`'s `fused=True`).

use std::ffi::c_void;

use tch::{TchError, Tensor};

use super::{Reason, attempt, bindings, pointer, pointers};

/// Constants of a step of Adam: `GraftAdam` in bindings.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    pub rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
    /// AdamW.
    pub is_decoupled: bool,
}

/// Constants of a step of stochastic gradient descent: `GraftSgd` in bindings.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Sgd {
    pub rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    pub nesterov: bool,
    /// The buffers hold nothing yet.
    pub is_first: bool,
}

bindings! {
    fn graft_adam(
        what: *const Adam,
        parameters: *const *const c_void,
        gradients: *const *const c_void,
        first: *const *const c_void,
        second: *const *const c_void,
        steps: *const c_void,
        unless: *const c_void,
        count: usize,
        error: Reason
    ) -> bool = false;
    fn graft_sgd(
        what: *const Sgd,
        parameters: *const *const c_void,
        gradients: *const *const c_void,
        buffers: *const *const c_void,
        unless: *const c_void,
        count: usize,
        error: Reason
    ) -> bool = false;
}

/// Libtorch takes the lists' lengths on trust.
fn check(parameters: &[Tensor], others: &[&[Tensor]]) -> Result<(), TchError> {
    for other in others {
        let fits = other.len() == parameters.len()
            && parameters.iter().zip(*other).all(|(parameter, other)| {
                parameter.size() == other.size()
                    && parameter.stride() == other.stride()
                    && parameter.kind() == other.kind()
                    && parameter.device() == other.device()
            });
        if !fits {
            let text = "an optimizer's tensors are not laid out as the parameters";
            return Err(TchError::Shape(text.into()));
        }
    }
    Ok(())
}

/// Updates `parameters` and their moments in place: tensors of any shape, those of one index of the same shape and layout.
/// `steps`: the updates so far, this one included, a float scalar on the parameters' device. `unless`: a float scalar there;
/// where it is 1, nothing is changed.
///
/// # Errors
/// Tensors of one index that are not laid out in memory alike; what libtorch says.
pub fn adam(
    what: &Adam,
    parameters: &[Tensor],
    gradients: &[Tensor],
    first: &[Tensor],
    second: &[Tensor],
    steps: &Tensor,
    unless: Option<&Tensor>,
) -> Result<(), TchError> {
    check(parameters, &[gradients, first, second])?;
    attempt(|reason| {
        // SAFETY: lists of as many tensors as the call is told, of one layout, which outlive it; the reason is written
        // within its bounds.
        unsafe {
            graft_adam(
                what,
                pointers(parameters).as_ptr(),
                pointers(gradients).as_ptr(),
                pointers(first).as_ptr(),
                pointers(second).as_ptr(),
                pointer(Some(steps)),
                pointer(unless),
                parameters.len(),
                reason,
            )
        }
        .then_some(())
    })
}

/// Updates `parameters` in place, and `buffers`, which are empty without momentum. Shapes as those of [`adam`].
///
/// # Errors
/// As [`adam`].
pub fn sgd(
    what: &Sgd,
    parameters: &[Tensor],
    gradients: &[Tensor],
    buffers: &[Tensor],
    unless: Option<&Tensor>,
) -> Result<(), TchError> {
    check(parameters, &[gradients])?;
    if what.momentum != 0.0 {
        check(parameters, &[buffers])?;
    }
    let buffers = pointers(buffers);
    let buffers = if what.momentum == 0.0 {
        std::ptr::null()
    } else {
        buffers.as_ptr()
    };
    attempt(|reason| {
        // SAFETY: as in `adam`.
        unsafe {
            graft_sgd(
                what,
                pointers(parameters).as_ptr(),
                pointers(gradients).as_ptr(),
                buffers,
                pointer(unless),
                parameters.len(),
                reason,
            )
        }
        .then_some(())
    })
}
