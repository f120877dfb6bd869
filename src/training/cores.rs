//! The cores that libtorch computes with on this thread.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cores::Cores;
use crate::libtorch::threads;

/// What a person allows this process, 0 for every core.
static MOST_THREADS: AtomicUsize = AtomicUsize::new(0);

/// Lets trainings of this process compute with at most so many threads, with one for each core when absent. A run that is
/// under way keeps what it began with.
pub fn set_most_threads(most: Option<u32>) {
    let most = most.map_or(0, |most| usize::try_from(most).unwrap_or(usize::MAX));
    MOST_THREADS.store(most, Ordering::Relaxed);
}

/// What [`set_most_threads`] was told.
pub fn most_threads() -> Option<u32> {
    let most = MOST_THREADS.load(Ordering::Relaxed);
    u32::try_from(most).ok().filter(|&most| most > 0)
}

/// libtorch's operations use every core that this process may use and a person allows. The setting belongs to the calling
/// thread. Gives a line for the log.
pub(super) fn use_all_cores() -> String {
    use_cores(NonZeroUsize::new(MOST_THREADS.load(Ordering::Relaxed)))
}

fn use_cores(most: Option<NonZeroUsize>) -> String {
    let cores = Cores::of_process();
    let threads = most.map_or(cores.count, |most| most.min(cores.count));
    tch::set_num_threads(i32::try_from(threads.get()).unwrap_or(1));
    cores.line(most)
}

/// Gives the cores back that this thread has computed with: see [`threads`]. For threads that live on, after each piece
/// of work.
pub fn leave_cores() {
    threads::end_helpers();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_computes_with_what_is_allowed_and_no_more_than_there_is() {
        // The number belongs to the thread: others of this process keep theirs.
        let computed = std::thread::Builder::new().spawn(|| {
            let counts = [NonZeroUsize::new(1), None, NonZeroUsize::new(usize::MAX)].map(|most| {
                use_cores(most);
                tch::get_num_threads()
            });
            counts.map(|count| usize::try_from(count).unwrap())
        });
        let cores = Cores::of_process().count.get();
        assert_eq!(computed.unwrap().join().unwrap(), [1, cores, cores]);
    }
}
