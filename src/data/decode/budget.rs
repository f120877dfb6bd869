//! How much memory all pictures that are decoded at once may take.

use std::sync::{Condvar, LazyLock, Mutex, PoisonError};

use crate::memory;

/// The part of the memory that pictures may take while they are decoded.
const SHARE: u64 = 8;

/// Room for a few photographs, however little memory there is.
const LEAST_BYTES: u64 = 128 << 20;

/// Of the whole process.
static BUDGET: LazyLock<Budget> =
    LazyLock::new(|| Budget::new((memory::ceiling_bytes() / SHARE).max(LEAST_BYTES)));

/// Bytes that are lent to pictures while they are decoded.
struct Budget {
    limit: u64,
    lent: Mutex<u64>,
    returned: Condvar,
}

/// Bytes that are given back when it is dropped.
struct Lease<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    fn new(limit: u64) -> Self {
        Self {
            limit,
            lent: Mutex::new(0),
            returned: Condvar::new(),
        }
    }

    /// Waits until `bytes` are free. A picture that needs more than there is waits until it is alone.
    ///
    /// Nobody who holds a lease may wait for another one, or for work of other threads that do.
    fn lend(&self, bytes: u64) -> Lease<'_> {
        let bytes = bytes.min(self.limit);
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lent = self
            .returned
            .wait_while(lent, |lent| lent.saturating_add(bytes) > self.limit)
            .unwrap_or_else(PoisonError::into_inner);
        *lent += bytes;
        Lease {
            budget: self,
            bytes,
        }
    }
}

impl Lease<'_> {
    /// Gives back all but `bytes`.
    fn shrink(&mut self, bytes: u64) {
        let back = self.bytes.saturating_sub(bytes);
        if back > 0 {
            self.bytes -= back;
            self.budget.take_back(back);
        }
    }
}

impl Budget {
    fn take_back(&self, bytes: u64) {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        *lent = lent.saturating_sub(bytes);
        drop(lent);
        self.returned.notify_all();
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.budget.take_back(self.bytes);
    }
}

/// What one picture takes of the process's budget: nothing, until its size is known.
#[derive(Default)]
pub(super) struct Room(Option<Lease<'static>>);

impl Room {
    /// Waits until there is room for `bytes`. What was taken once is not taken again, so that no picture that holds memory
    /// waits for another one.
    pub fn take(&mut self, bytes: u64) {
        if self.0.is_none() {
            self.0 = Some(BUDGET.lend(bytes));
        }
    }

    /// Gives back all but `bytes`.
    pub fn keep(&mut self, bytes: u64) {
        if let Some(lease) = &mut self.0 {
            lease.shrink(bytes);
        }
    }
}

/// The most that all pictures together take while they are decoded, unless one alone needs more.
pub(super) fn limit_bytes() -> u64 {
    BUDGET.limit
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_is_lent_at_once_stays_within_the_limit_and_all_get_their_turn() {
        let budget = Budget::new(100);
        let (lent, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8u64 {
                let (budget, lent, most) = (&budget, &lent, &most);
                scope.spawn(move || {
                    for turn in 0..50 {
                        // Also more than there is: alone.
                        let bytes = (thread * 37 + turn * 11) % 140;
                        let mut lease = budget.lend(bytes);
                        let taken = bytes.min(100);
                        let now = lent.fetch_add(taken, Ordering::SeqCst) + taken;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        lent.fetch_sub(taken - taken / 2, Ordering::SeqCst);
                        lease.shrink(taken / 2);
                        lent.fetch_sub(taken / 2, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((51..=100).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(
            *budget.lent.lock().unwrap_or_else(PoisonError::into_inner),
            0
        );
    }
}
