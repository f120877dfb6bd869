//! Graphics cards: how they compute in single precision, their memory, and copies to them that nobody waits for.

use std::ffi::c_void;

use tch::{Device, Kind, TchError, Tensor};

use super::{Reason, attempt, made, pointer, unbound};

/// Bytes of a device: `GraftMemory` in unbound.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// That no process has.
    pub free: u64,
    pub total: u64,
    /// In tensors of this process at the moment, and at most since [`forget_peak`].
    pub allocated: u64,
    pub peak: u64,
    /// What libtorch holds in this process, in tensors or for the next ones.
    pub reserved: u64,
}

impl Memory {
    /// What this process can still put into tensors.
    pub fn available(&self) -> u64 {
        self.free + self.reserved.saturating_sub(self.allocated)
    }
}

unbound! {
    fn graft_tf32(is_allowed: bool, error: Reason) -> bool = false;
    fn graft_memory(index: i32, memory: *mut Memory, error: Reason) -> bool = false;
    fn graft_forget_peak(index: i32, error: Reason) -> bool = false;
    fn graft_empty_cache(error: Reason) -> bool = false;
    fn graft_pin(tensor: *const c_void, error: Reason) -> *mut c_void = std::ptr::null_mut();
    fn graft_pinned(
        bytes: *const u8,
        shape: *const i64,
        dimensions: usize,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
}

/// Whether products in single precision on graphics cards may round their factors to TF32's 10 bits of mantissa (NVIDIA's
/// cards since 2020: several times as fast). Holds for the whole process.
///
/// # Errors
/// What libtorch says.
pub fn allow_tf32(is_allowed: bool) -> Result<(), TchError> {
    // SAFETY: a plain value; the reason is written within its bounds.
    attempt(|reason| unsafe { graft_tf32(is_allowed, reason) }.then_some(()))
}

fn index(device: Device) -> Option<i32> {
    match device {
        Device::Cuda(index) => i32::try_from(index).ok(),
        _ => None,
    }
}

/// Of `device`; `None` where it is no graphics card or does not say.
pub fn memory(device: Device) -> Option<Memory> {
    let index = index(device)?;
    let mut memory = Memory::default();
    let asked = attempt(|reason| {
        // SAFETY: the other side fills in the struct, whose fields are its own; the reason is written within its bounds.
        unsafe { graft_memory(index, &raw mut memory, reason) }.then_some(())
    });
    match asked {
        Ok(()) => Some(memory),
        Err(error) => {
            log::warn!("{device:?} does not tell its memory: {error}");
            None
        }
    }
}

/// [`Memory::peak`] begins anew.
pub fn forget_peak(device: Device) {
    let Some(index) = index(device) else {
        return;
    };
    // SAFETY: a plain value; the reason is written within its bounds.
    if let Err(error) = attempt(|reason| unsafe { graft_forget_peak(index, reason) }.then_some(()))
    {
        log::warn!("{device:?} goes on measuring its memory: {error}");
    }
}

/// Gives what libtorch holds for the next tensors back to the device. Does nothing for the CPU.
pub fn empty_cache(device: Device) {
    if index(device).is_none() {
        return;
    }
    // SAFETY: no argument but the reason, which is written within its bounds.
    if let Err(error) = attempt(|reason| unsafe { graft_empty_cache(reason) }.then_some(())) {
        log::warn!("{device:?} keeps its memory: {error}");
    }
}

/// `bytes` as a tensor of `shape`, uint8, on `device`. To a graphics card they go by memory that it reads by itself, and
/// nobody waits for it.
///
/// # Errors
/// A shape of another number of bytes; what libtorch says.
pub fn bytes_to(bytes: &[u8], shape: &[i64], device: Device) -> Result<Tensor, TchError> {
    let numbers: i64 = shape.iter().product();
    if usize::try_from(numbers).ok() != Some(bytes.len()) {
        let text = format!("{} bytes are no {shape:?}", bytes.len());
        return Err(TchError::Shape(text));
    }
    if index(device).is_some()
        && let Ok(pinned) = pinned(bytes, shape)
    {
        // Libtorch keeps the pinned memory until the card has read it.
        return pinned.f_to_device_(device, Kind::Uint8, true, false);
    }
    Tensor::f_from_data_size(bytes, shape, Kind::Uint8)?.f_to(device)
}

/// `tensor` on `device`; from the machine's memory to a graphics card's as [`bytes_to`] takes bytes there.
///
/// # Errors
/// What libtorch says.
pub fn tensor_to(tensor: &Tensor, device: Device) -> Result<Tensor, TchError> {
    if index(device).is_some()
        && tensor.device() == Device::Cpu
        && let Ok(pinned) = pin(tensor)
    {
        return pinned.f_to_device_(device, tensor.f_kind()?, true, false);
    }
    tensor.f_to(device)
}

/// `numbers` as a tensor `[N]`, int64, on `device`, as [`bytes_to`] takes them there.
///
/// # Errors
/// What libtorch says.
pub fn numbers_to(numbers: &[i64], device: Device) -> Result<Tensor, TchError> {
    tensor_to(&Tensor::f_from_slice(numbers)?, device)
}

fn pin(tensor: &Tensor) -> Result<Tensor, TchError> {
    attempt(|reason| {
        // SAFETY: the tensor outlives the call, which does not keep it; the reason is written within its bounds.
        made(unsafe { graft_pin(pointer(Some(tensor)), reason) })
    })
}

fn pinned(bytes: &[u8], shape: &[i64]) -> Result<Tensor, TchError> {
    attempt(|reason| {
        // SAFETY: `bytes` are as many as the shape says, which `bytes_to` has checked; the reason is written within its
        // bounds.
        made(unsafe { graft_pinned(bytes.as_ptr(), shape.as_ptr(), shape.len(), reason) })
    })
}
