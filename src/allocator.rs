//! How this process asks the system for memory.
//!
//! A training step allocates and frees hundreds of megabytes of activations. glibc gives large blocks
//! straight back to the system, which then clears the same pages again in the next step: measured at
//! a third of a step's time when fine-tuning EfficientNet-Lite0 on two cores. Keeping the memory saves that.
#![allow(
    unsafe_code,
    reason = "mallopt, malloc_trim, mmap and a global allocator have no safe bindings"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Lets the allocator keep what is freed, for reuse by the next step. Call once, first thing in `main`.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    set(&[
        // One arena: blocks this large would otherwise bypass the arenas of other threads.
        (libc::M_ARENA_MAX, 1),
        (libc::M_MMAP_THRESHOLD, 1 << 30),
        (libc::M_TRIM_THRESHOLD, i32::MAX),
        (libc::M_TOP_PAD, 64 << 20),
    ]);
    reserve::take();
}

/// Gives what is kept and not in use back to the system once: what is held afterwards is in use.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim may be called at any time, from any thread; it touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Gives what is kept and not in use back to the system, where memory has run out and other parts of the process need
/// some. From then on large blocks are asked for and given back one by one: slower, and nothing stays in between.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        set(&[
            (libc::M_MMAP_THRESHOLD, 1 << 20),
            (libc::M_TRIM_THRESHOLD, 1 << 20),
            (libc::M_TOP_PAD, 0),
        ]);
        // SAFETY: malloc_trim may be called at any time, from any thread; it touches free memory only.
        unsafe {
            libc::malloc_trim(0);
        }
    }
    reserve::take();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn set(settings: &[(i32, i32)]) {
    for &(name, value) in settings {
        // SAFETY: mallopt only changes the allocator's numbers; it may be called at any time, and a
        // value that it does not accept leaves the old one.
        unsafe {
            libc::mallopt(name, value);
        }
    }
}

/// The program's allocator: the system's, with a reserve for the moment when a resource limit (`ulimit -v`) leaves
/// nothing. libtorch reports a block that it does not get, and the run goes on with fewer pictures; Rust's own blocks,
/// which are small, have nobody to report to: without the reserve the process would be aborted.
pub struct WithReserve;

// SAFETY: every block comes from `System` and goes back to it; the reserve is no block that anybody was given.
unsafe impl GlobalAlloc for WithReserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        again(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        again(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; a realloc that fails leaves the block as it was, so that it may be tried again.
        again(|| unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// `allocate`, and once more with what the reserve held.
fn again(allocate: impl Fn() -> *mut u8) -> *mut u8 {
    let block = allocate();
    if block.is_null() && reserve::release() {
        // Else the heap would grow by more than the reserve held.
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        set(&[(libc::M_TOP_PAD, 0)]);
        return allocate();
    }
    block
}

/// Address space that is set aside, without memory behind it.
mod reserve {
    use super::{AtomicPtr, Ordering, ptr};

    /// What Rust's own parts ask for until a run has ended or goes on with fewer pictures, with room to spare.
    #[cfg(unix)]
    const BYTES: usize = 48 << 20;

    static HELD: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());

    /// Sets it aside, unless it is; where there is no room for it, there is none.
    pub fn take() {
        #[cfg(unix)]
        if HELD.load(Ordering::Acquire).is_null() {
            // SAFETY: a new private mapping without a file touches nothing that exists.
            let mapped = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    BYTES,
                    libc::PROT_NONE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            if mapped == libc::MAP_FAILED {
                return;
            }
            if let Err(_other) =
                HELD.compare_exchange(ptr::null_mut(), mapped, Ordering::AcqRel, Ordering::Acquire)
            {
                // SAFETY: nobody else knows of this mapping.
                unsafe { libc::munmap(mapped, BYTES) };
            }
        }
    }

    /// Gives it to whoever asks the system next; whether there was one.
    pub fn release() -> bool {
        let held = HELD.swap(ptr::null_mut(), Ordering::AcqRel);
        if held.is_null() {
            return false;
        }
        // SAFETY: the mapping was made by `take`, and the exchange gives it to one caller only.
        #[cfg(unix)]
        unsafe {
            libc::munmap(held, BYTES);
        }
        true
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_refused_is_asked_for_once_more_with_the_reserve() {
        use std::cell::Cell;
        reserve::take();
        let tries = Cell::new(0);
        let allocate = || {
            tries.set(tries.get() + 1);
            ptr::null_mut()
        };
        assert!(again(allocate).is_null());
        assert_eq!(tries.get(), 2);
        // There is no more to give, until it is set aside again.
        assert!(again(allocate).is_null());
        assert_eq!(tries.get(), 3);
        reserve::take();
        assert!(reserve::release());
    }
}
