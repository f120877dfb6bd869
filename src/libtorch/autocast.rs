//! Mixed precision: operations choose 16 bits or single precision by themselves (`torch.autocast`).

use tch::{Device, Kind, TchError};

use super::{Reason, attempt, bindings};

bindings! {
    fn graft_autocast(is_cuda: bool, is_half: bool, is_on: bool, error: Reason) -> bool = false;
}

fn switch(device: Device, kind: Kind, is_on: bool) -> Result<(), TchError> {
    attempt(|reason| {
        // SAFETY: plain values; the reason is written within its bounds.
        unsafe { graft_autocast(device.is_cuda(), kind == Kind::Half, is_on, reason) }.then_some(())
    })
}

/// While it lives, this thread's matrix products and convolutions on the device take their factors in 16 bits, and what needs
/// single precision (losses, normalisations' statistics, softmax) stays in it. Weights are rounded once and the copies
/// dropped at the end. Made for the forward pass; the backward pass follows what it did.
#[derive(Debug)]
pub struct Autocast {
    device: Device,
    kind: Kind,
    /// It belongs to the thread.
    _local: std::marker::PhantomData<*const ()>,
}

impl Autocast {
    /// `kind`: [`Kind::BFloat16`] or [`Kind::Half`].
    ///
    /// # Errors
    /// What libtorch says, and where the C++ file is not there.
    pub fn begin(device: Device, kind: Kind) -> Result<Self, TchError> {
        switch(device, kind, true)?;
        Ok(Self {
            device,
            kind,
            _local: std::marker::PhantomData,
        })
    }
}

impl Drop for Autocast {
    fn drop(&mut self) {
        if let Err(error) = switch(self.device, self.kind, false) {
            log::warn!("mixed precision could not be ended: {error}");
        }
    }
}
