//! How graphics cards compute in single precision, and whether cuDNN tries its algorithms out: settings of the whole
//! process. Whoever computes on a card holds them as it needs them, and what they were comes back afterwards, so that no
//! bystander changes the numbers of a run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::{Device, TchError};

use super::{Reason, attempt, bindings, cuda};

/// `GraftArithmetic` in card.cpp.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arithmetic {
    products: i32,
    convolutions: i32,
    /// For each new shape the quickest algorithm is looked for, once.
    pub tries_algorithms: bool,
}

bindings! {
    fn graft_arithmetic_of(tf32: bool, tries_algorithms: bool) -> Arithmetic = Arithmetic::default();
    fn graft_arithmetic(now: *mut Arithmetic, error: Reason) -> bool = false;
    fn graft_set_arithmetic(what: *const Arithmetic, error: Reason) -> bool = false;
}

impl Arithmetic {
    /// `tf32`: whether products in single precision may round their factors to TF32's 10 bits of mantissa (NVIDIA's cards
    /// since 2020: several times as fast).
    pub fn of(tf32: bool, tries_algorithms: bool) -> Self {
        // SAFETY: plain values.
        unsafe { graft_arithmetic_of(tf32, tries_algorithms) }
    }

    /// What holds now.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn now() -> Result<Self, TchError> {
        let mut now = Self::default();
        attempt(|reason| {
            // SAFETY: the other side fills in the struct, whose fields are its own; the reason is written within its bounds.
            unsafe { graft_arithmetic(&raw mut now, reason) }.then_some(())
        })?;
        Ok(now)
    }

    fn set(&self) -> Result<(), TchError> {
        attempt(|reason| {
            // SAFETY: the struct outlives the call; the reason is written within its bounds.
            unsafe { graft_set_arithmetic(self, reason) }.then_some(())
        })
    }
}

/// What is held at the moment, and by how many.
struct Held {
    tf32: bool,
    holders: usize,
    /// Of them, those who have cuDNN try its algorithms out.
    trying: usize,
    /// What comes back afterwards.
    before: Arithmetic,
}

impl Held {
    fn apply(&self) -> Result<(), TchError> {
        let tries = self.trying > 0 || self.before.tries_algorithms;
        Arithmetic::of(self.tf32, tries).set()
    }
}

static HELD: Mutex<Option<Held>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a card's arithmetic as its holder needs it. Dropped by the last holder, it brings back what was before and gives
/// the card's memory that libtorch keeps for later back. For the processor it does nothing.
#[derive(Debug)]
pub struct Hold {
    device: Device,
    tries_algorithms: bool,
}

impl Hold {
    /// For the processor.
    pub fn none() -> Self {
        Self {
            device: Device::Cpu,
            tries_algorithms: false,
        }
    }

    /// `None` while somebody computes on a card with another `tf32`.
    ///
    /// # Errors
    /// What libtorch says.
    pub fn take(
        device: Device,
        tf32: bool,
        tries_algorithms: bool,
    ) -> Result<Option<Self>, TchError> {
        let hold = || {
            Some(Self {
                device,
                tries_algorithms,
            })
        };
        if !counts(device) {
            return Ok(hold());
        }
        let mut held = held();
        let mut now = match held.take() {
            None => Held {
                tf32,
                holders: 0,
                trying: 0,
                before: Arithmetic::now()?,
            },
            Some(other) if other.tf32 != tf32 => {
                *held = Some(other);
                return Ok(None);
            }
            Some(same) => same,
        };
        now.holders += 1;
        now.trying += usize::from(tries_algorithms);
        let applied = now.apply();
        *held = Some(now);
        // Dropping takes the lock.
        drop(held);
        // As if it had been held: what could not be set is put back.
        let hold = hold();
        applied.map(|()| hold)
    }
}

fn counts(device: Device) -> bool {
    device.is_cuda() && super::IS_THERE
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !counts(self.device) {
            return;
        }
        let mut held = held();
        let Some(mut now) = held.take() else {
            return;
        };
        now.holders = now.holders.saturating_sub(1);
        now.trying -= usize::from(self.tries_algorithms).min(now.trying);
        let changed = if now.holders == 0 {
            now.before.set()
        } else {
            let applied = now.apply();
            *held = Some(now);
            applied
        };
        drop(held);
        if let Err(error) = changed {
            log::warn!("how graphics cards compute could not be put back: {error}");
        }
        cuda::empty_cache(self.device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings need no card; those who train on one hold them, too.
    fn take(tf32: bool, tries: bool) -> Hold {
        loop {
            if let Some(hold) = Hold::take(Device::Cuda(0), tf32, tries).unwrap() {
                return hold;
            }
        }
    }

    #[test]
    fn one_setting_at_a_time_and_what_was_before_comes_back() {
        let first = take(false, false);
        let before = Arithmetic::now().unwrap();
        assert_eq!(before, Arithmetic::of(false, before.tries_algorithms));
        let second = take(false, true);
        assert_eq!(Arithmetic::now().unwrap(), Arithmetic::of(false, true));
        assert!(Hold::take(Device::Cuda(0), true, false).unwrap().is_none());
        assert!(Hold::take(Device::Cpu, true, false).unwrap().is_some());
        assert_eq!(Arithmetic::now().unwrap(), Arithmetic::of(false, true));
        drop(second);
        assert_eq!(Arithmetic::now().unwrap(), before);
        drop(first);
        let other = take(true, true);
        assert_eq!(Arithmetic::now().unwrap(), Arithmetic::of(true, true));
        drop(other);
        assert_ne!(Arithmetic::now().unwrap(), Arithmetic::of(true, true));
    }
}
