//! Mixed precision: operations choose bf16 or single precision by themselves (`torch.autocast`).

use tch::{Device, TchError};

use super::{Reason, attempt, unbound};

unbound! {
    fn graft_autocast(is_cuda: bool, is_on: bool, error: Reason) -> bool = false;
}

fn switch(device: Device, is_on: bool) -> Result<(), TchError> {
    attempt(|reason| {
        // SAFETY: plain values; the reason is written within its bounds.
        unsafe { graft_autocast(device.is_cuda(), is_on, reason) }.then_some(())
    })
}

/// While it lives, this thread's matrix products and convolutions on the device take their factors in bf16, and what needs
/// single precision (losses, normalisations' statistics, softmax) stays in it. Weights are rounded once and the copies
/// dropped at the end. Made for the forward pass; the backward pass follows what it did.
#[derive(Debug)]
pub struct Bf16 {
    device: Device,
    /// It belongs to the thread.
    _local: std::marker::PhantomData<*const ()>,
}

impl Bf16 {
    /// # Errors
    /// What libtorch says, and where the C++ file is not there.
    pub fn begin(device: Device) -> Result<Self, TchError> {
        switch(device, true)?;
        Ok(Self {
            device,
            _local: std::marker::PhantomData,
        })
    }
}

impl Drop for Bf16 {
    fn drop(&mut self) {
        if let Err(error) = switch(self.device, false) {
            log::warn!("mixed precision could not be ended: {error}");
        }
    }
}
