//! How tests wait for what other threads and processes do.

use std::time::{Duration, Instant};

/// Longer than anything takes here: a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
pub fn wait_until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}
