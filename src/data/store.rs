//! All pictures of a run, decoded and brought to size once.

use super::square::SquareSpec;
use super::{DataError, Dataset, Pixels, Problem, StopFlag};

/// Squares of every picture of a data set: in memory within a budget, else in a memory-mapped
/// temporary file.
pub struct PictureStore {
    _private: (),
}

impl PictureStore {
    /// Decodes `indices` of `dataset` on all cores. A picture that decoded while scanning but no
    /// longer does is reported in the second value and stands as mid-grey.
    pub fn load(
        dataset: &Dataset,
        indices: &[usize],
        spec: &SquareSpec,
        memory_budget_bytes: u64,
        progress: &(dyn Fn(usize, usize) + Sync),
        stop: &StopFlag,
    ) -> Result<(Self, Vec<Problem>), DataError> {
        let _ = (dataset, indices, spec, memory_budget_bytes, progress, stop);
        unimplemented!()
    }

    /// The side of every square.
    pub fn side(&self) -> u32 {
        unimplemented!()
    }

    /// The square of picture `index` (an index into the data set); `side * side * 3` bytes.
    ///
    /// # Panics
    /// When `index` was not among those loaded: a programming error.
    pub fn rgb(&self, index: usize) -> &[u8] {
        let _ = index;
        unimplemented!()
    }

    /// A copy of the square of picture `index`.
    pub fn pixels(&self, index: usize) -> Pixels {
        Pixels { width: self.side(), height: self.side(), rgb: self.rgb(index).to_vec() }
    }
}
