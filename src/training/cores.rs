//! The cores that libtorch computes with on this thread.

use crate::libtorch::threads;

/// libtorch's operations use every core. The setting belongs to the calling thread.
pub(super) fn use_all_cores() {
    if let Ok(cores) = std::thread::available_parallelism() {
        tch::set_num_threads(i32::try_from(cores.get()).unwrap_or(1));
    }
}

/// Gives the cores back that this thread has computed with: see [`threads`]. For threads that live on, after each piece
/// of work.
pub fn leave_cores() {
    threads::end_helpers();
}
