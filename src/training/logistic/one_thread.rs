//! Small products are computed by one thread.

/// Multiply-adds of one pass, below which several threads wait for each other longer than they compute.
const FEW: usize = 4_000_000;

/// The calling thread computes alone as long as it is held.
pub(super) struct OneThread {
    before: i32,
}

impl OneThread {
    /// Where one pass takes so few `multiply_adds`.
    pub fn where_few(multiply_adds: usize) -> Option<Self> {
        (multiply_adds < FEW).then(|| {
            let before = tch::get_num_threads();
            tch::set_num_threads(1);
            Self { before }
        })
    }
}

impl Drop for OneThread {
    fn drop(&mut self) {
        tch::set_num_threads(self.before);
    }
}
