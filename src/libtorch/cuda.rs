//! Graphics cards: their memory, and copies to them that nobody waits for.

use std::ffi::c_void;

use tch::{Device, Kind, TchError, Tensor};

use super::{Reason, attempt, bindings, made, pointer};

/// Bytes of a device: `GraftMemory` in bindings.cpp.
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

bindings! {
    fn graft_memory(index: i32, memory: *mut Memory, error: Reason) -> bool = false;
    fn graft_forget_peak(index: i32, error: Reason) -> bool = false;
    fn graft_empty_cache(error: Reason) -> bool = false;
    fn graft_synchronize(index: i32, error: Reason) -> bool = false;
    fn graft_pinned_empty(
        shape: *const i64,
        dimensions: usize,
        error: Reason
    ) -> *mut c_void = std::ptr::null_mut();
    fn graft_pin(tensor: *const c_void, error: Reason) -> *mut c_void = std::ptr::null_mut();
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

/// Waits until a graphics card has done all that it was asked to do. Does nothing for the CPU.
///
/// # Errors
/// What libtorch says.
pub fn synchronize(device: Device) -> Result<(), TchError> {
    let Some(index) = index(device) else {
        return Ok(());
    };
    // SAFETY: a plain value; the reason is written within its bounds.
    attempt(|reason| unsafe { graft_synchronize(index, reason) }.then_some(()))
}

/// Bytes on their way to a device: for a graphics card in memory that it reads by itself. Any thread may fill them.
#[derive(Debug)]
pub struct Outgoing {
    bytes: Bytes,
    shape: Vec<i64>,
    device: Device,
}

#[derive(Debug)]
enum Bytes {
    Ordinary(Vec<u8>),
    /// Uint8, contiguous, on the CPU, and nobody else has a handle on it.
    Pinned(Tensor),
}

impl Outgoing {
    /// As many as `shape` says; their values are any.
    pub fn new(shape: &[i64], device: Device) -> Self {
        let shape = shape.to_vec();
        let pinned = index(device).and_then(|_| pinned_empty(&shape).ok());
        let count: i64 = shape.iter().product();
        let bytes = match pinned {
            Some(tensor) => Bytes::Pinned(tensor),
            None => Bytes::Ordinary(vec![0; usize::try_from(count).unwrap_or(0)]),
        };
        Self {
            bytes,
            shape,
            device,
        }
    }

    /// As a tensor, of the shape that it was made for, uint8, on the device. Nobody waits for a graphics card: libtorch keeps
    /// the memory until the card has read it. May be called again where there was no memory for it.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn arrive(&self) -> Result<Tensor, TchError> {
        match &self.bytes {
            Bytes::Pinned(tensor) => tensor.f_to_device_(self.device, Kind::Uint8, true, false),
            Bytes::Ordinary(bytes) => {
                Tensor::f_from_data_size(bytes, &self.shape, Kind::Uint8)?.f_to(self.device)
            }
        }
    }
}

impl AsMut<[u8]> for Outgoing {
    fn as_mut(&mut self) -> &mut [u8] {
        match &mut self.bytes {
            Bytes::Ordinary(bytes) => bytes,
            // SAFETY: the tensor is contiguous, of bytes, in the machine's memory and ours alone; it lives as long as the
            // slice, which borrows it.
            Bytes::Pinned(tensor) => unsafe {
                std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<u8>(), tensor.numel())
            },
        }
    }
}

/// `bytes` as a tensor of `shape`, uint8, on `device`, as [`Outgoing`] brings them there.
///
/// # Errors
/// A shape of another number of bytes; what libtorch says.
pub fn bytes_to(bytes: &[u8], shape: &[i64], device: Device) -> Result<Tensor, TchError> {
    let numbers: i64 = shape.iter().product();
    if usize::try_from(numbers).ok() != Some(bytes.len()) {
        let text = format!("{} bytes are no {shape:?}", bytes.len());
        return Err(TchError::Shape(text));
    }
    if index(device).is_none() {
        return Tensor::f_from_data_size(bytes, shape, Kind::Uint8)?.f_to(device);
    }
    let mut outgoing = Outgoing::new(shape, device);
    outgoing.as_mut().copy_from_slice(bytes);
    outgoing.arrive()
}

/// `tensor`, of any shape, on `device`; from the machine's memory to a graphics card's as [`bytes_to`] takes bytes there.
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

fn pinned_empty(shape: &[i64]) -> Result<Tensor, TchError> {
    attempt(|reason| {
        // SAFETY: the shape outlives the call; the reason is written within its bounds.
        made(unsafe { graft_pinned_empty(shape.as_ptr(), shape.len(), reason) })
    })
}
