//! What libtorch has and tch does not bind, and what it lacks: C++ files beside this one, typed.
//!
//! Everything here takes and gives tch's tensors, and libtorch's reasons as [`TchError`]. Where libtorch's headers were
//! not found when the program was built, [`IS_THERE`] is false and every call is an error.

#![allow(
    unsafe_code,
    reason = "calls the C++ files beside this one, which take and give libtorch's tensors"
)]

pub mod arithmetic;
pub mod autocast;
pub mod convolution;
pub mod cuda;
pub mod depthwise;
pub mod generator;
pub mod lists;
pub mod numbers;
pub mod optimizer;
pub mod recording;
pub mod threads;

#[cfg(test)]
mod tests;

use std::ffi::{c_char, c_void};

use tch::{TchError, Tensor};

/// Whether the C++ files could be compiled.
pub const IS_THERE: bool = cfg!(graft_bindings);

/// Longer reasons are cut.
const REASON: usize = 1024;

/// `GraftError` in error.h.
#[repr(C)]
#[derive(Clone, Copy)]
struct Reason {
    text: *mut c_char,
    capacity: usize,
}

/// What `call` gives where it gives something, else the reason that it has written.
fn attempt<T>(call: impl FnOnce(Reason) -> Option<T>) -> Result<T, TchError> {
    if !IS_THERE {
        let reason = "this program was built without libtorch's headers";
        return Err(TchError::Torch(reason.into()));
    }
    let mut text = [0u8; REASON];
    let reason = Reason {
        text: text.as_mut_ptr().cast::<c_char>(),
        capacity: REASON,
    };
    call(reason).ok_or_else(|| {
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(REASON);
        TchError::Torch(String::from_utf8_lossy(&text[..end]).into_owned())
    })
}

/// What the C++ file takes for a tensor; null for none.
fn pointer(tensor: Option<&Tensor>) -> *const c_void {
    tensor.map_or(std::ptr::null(), |tensor| tensor.as_ptr().cast())
}

fn pointers(tensors: &[Tensor]) -> Vec<*const c_void> {
    tensors.iter().map(|tensor| pointer(Some(tensor))).collect()
}

/// A tensor that the C++ file has made for us alone; `None` for null.
fn made(tensor: *mut c_void) -> Option<Tensor> {
    // SAFETY: the C++ file gives null or a new at::Tensor that nobody else has.
    (!tensor.is_null()).then(|| unsafe { Tensor::from_ptr(tensor.cast()) })
}

/// Functions of the C++ files, declared once; without these, their place is taken by functions that are never called.
macro_rules! bindings {
    ($($(#[$about:meta])* fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty = $nothing:expr;)*) => {
        #[cfg(graft_bindings)]
        unsafe extern "C" {
            $($(#[$about])* fn $name($($argument: $kind),*) -> $result;)*
        }
        $(
            #[cfg(not(graft_bindings))]
            unsafe fn $name($(_: $kind),*) -> $result {
                $nothing
            }
        )*
    };
}
use bindings;
