//! The threads that libtorch's operations start.
//!
//! OpenMP keeps helpers for every thread that has computed, until that thread ends. As soon as a process has more of them
//! than cores, all of them sleep between two operations instead of waiting for the next one, and a training whose operations
//! are short takes up to twice as long.

use std::ffi::c_int;

use libloading::os::unix::Library;

/// Ends the helpers of the calling thread; its next operation starts new ones, in a tenth of a millisecond. Call it when
/// a thread that lives on has nothing to compute for a while.
pub fn end_helpers() {
    type Pause = unsafe extern "C" fn(c_int) -> c_int;
    /// `omp_pause_soft` of OpenMP 5.0: what the program has set stays.
    const SOFT: c_int = 1;
    let process = Library::this();
    // SAFETY: the function is OpenMP's own, which libtorch has brought, of this signature. It may be called wherever no
    // parallel region is under way on the calling thread.
    let is_done = unsafe {
        match process.get::<Pause>(b"omp_pause_resource_all\0") {
            Ok(pause) => pause(SOFT) == 0,
            // An older OpenMP, or none: the helpers stay.
            Err(_) => false,
        }
    };
    log::debug!("the helpers of this thread have ended: {is_done}");
}
