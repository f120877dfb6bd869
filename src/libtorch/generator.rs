//! Where libtorch's random numbers stand, so that a run that was stopped within an epoch draws the same ones when it goes on.

use std::ffi::c_void;

use tch::{Device, TchError, Tensor};

use super::{Reason, attempt, bindings, made, pointer};

bindings! {
    fn graft_generator_state(index: i32, error: Reason) -> *mut c_void = std::ptr::null_mut();
    fn graft_set_generator_state(index: i32, state: *const c_void, error: Reason) -> bool = false;
}

/// As the C++ file counts devices: graphics cards from 0, the processor below.
fn index(device: Device) -> i32 {
    match device {
        Device::Cuda(index) => i32::try_from(index).unwrap_or(i32::MAX),
        _ => -1,
    }
}

/// The state of a device's default generator: `[bytes]`, uint8, on the processor.
///
/// # Errors
/// What libtorch says; where its headers were missing, that.
pub fn state(device: Device) -> Result<Tensor, TchError> {
    // SAFETY: a plain value; the result is a new tensor, and the reason is written within its bounds.
    attempt(|reason| made(unsafe { graft_generator_state(index(device), reason) }))
}

/// Goes on from what [`state`] gave, `[bytes]`.
///
/// # Errors
/// What libtorch says of a state that is none.
pub fn set_state(device: Device, state: &Tensor) -> Result<(), TchError> {
    attempt(|reason| {
        // SAFETY: the tensor lives through the call; the reason is written within its bounds.
        unsafe { graft_set_generator_state(index(device), pointer(Some(state)), reason) }
            .then_some(())
    })
}
