//! Rows that are kept in memory, and that leave a graphics card when its memory runs short.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tch::{Device, Tensor};

use crate::libtorch::cuda;
use crate::training::error::TrainingError;

type Slot = Mutex<Tensor>;

fn lock(slot: &Slot) -> MutexGuard<'_, Tensor> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes_of(tensor: &Tensor) -> u64 {
    tensor.numel() as u64 * tensor.kind().elt_size_in_bytes() as u64
}

/// Rows of features in memory; clones share them.
#[derive(Debug, Clone)]
pub(in crate::training) struct Resident(Arc<Slot>);

impl Resident {
    /// A handle for one use, `[rows, F]` or `[rows, H, W, C]`: whoever keeps it keeps the memory, too.
    pub fn tensor(&self) -> Tensor {
        lock(&self.0).shallow_clone()
    }

    pub fn device(&self) -> Device {
        lock(&self.0).device()
    }

    pub fn bytes(&self) -> u64 {
        bytes_of(&lock(&self.0))
    }
}

/// All of them.
#[derive(Debug)]
pub(in crate::training) struct Residents {
    /// Bytes that they may take of the machine's memory.
    host: u64,
    all: Mutex<Vec<Weak<Slot>>>,
    has_left: AtomicBool,
    /// That have left since somebody asked.
    moved: AtomicU64,
}

impl Residents {
    pub fn new(host: u64) -> Self {
        Self {
            host,
            all: Mutex::default(),
            has_left: AtomicBool::new(false),
            moved: AtomicU64::new(0),
        }
    }

    pub fn keep(&self, rows: Tensor) -> Resident {
        let slot = Arc::new(Mutex::new(rows));
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&slot));
        Resident(slot)
    }

    /// Moves what stands on a graphics card to the machine's memory, as far as there is room; whether anything moved. What
    /// is kept from now on stays off the card.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn leave_card(&self) -> Result<bool, TrainingError> {
        let _guard = tch::no_grad_guard();
        let all: Vec<Arc<Slot>> = {
            let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.iter().filter_map(Weak::upgrade).collect()
        };
        let is_here = |slot: &Arc<Slot>| lock(slot).device() == Device::Cpu;
        let here = all.iter().filter(|slot| is_here(slot));
        let mut taken: u64 = here.map(|slot| bytes_of(&lock(slot))).sum();
        let mut moved = 0;
        let mut card = None;
        for slot in all.iter().filter(|slot| !is_here(slot)) {
            let mut rows = lock(slot);
            let bytes = bytes_of(&rows);
            if taken.saturating_add(bytes) > self.host {
                continue;
            }
            card = Some(rows.device());
            *rows = rows.f_to(Device::Cpu)?;
            taken += bytes;
            moved += bytes;
        }
        self.has_left.store(true, Ordering::Relaxed);
        let Some(card) = card else {
            return Ok(false);
        };
        cuda::empty_cache(card);
        self.moved.fetch_add(moved, Ordering::Relaxed);
        Ok(true)
    }

    /// Whether the card's memory ran short once.
    pub fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    /// Bytes that left the card since the last call.
    pub fn take_moved(&self) -> Option<u64> {
        let moved = self.moved.swap(0, Ordering::Relaxed);
        (moved > 0).then_some(moved)
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn what_is_on_the_processor_has_nothing_to_leave() {
        let residents = Residents::new(1 << 20);
        let kept = residents.keep(Tensor::ones([4, 4], (Kind::Float, Device::Cpu)));
        assert_eq!((kept.bytes(), kept.device()), (64, Device::Cpu));
        assert!(!residents.leave_card().unwrap());
        assert_eq!(residents.take_moved(), None);
        // But the next rows need not try the card again.
        assert!(residents.has_left());
    }
}
