//! Rows in the order in which they are wanted, brought to the device that holds them once and not batch by batch.

use std::cell::RefCell;
use std::ops::Range;

use tch::{Device, TchError, Tensor};

use crate::libtorch::cuda;

/// Numbers of rows, or of classes, one after the other.
#[derive(Debug)]
pub(in crate::training) struct Selection {
    numbers: Vec<i64>,
    /// The same `[N]`, int64, where they were wanted last.
    there: RefCell<Option<Tensor>>,
}

impl Selection {
    pub fn new(numbers: impl IntoIterator<Item = i64>) -> Self {
        Self {
            numbers: numbers.into_iter().collect(),
            there: RefCell::default(),
        }
    }

    pub fn numbers(&self) -> &[i64] {
        &self.numbers
    }

    /// Those of `range` on `device`, `[N]`, int64: a view.
    ///
    /// # Errors
    /// libtorch's own, and where `range` reaches beyond the end.
    pub fn on(&self, device: Device, range: Range<usize>) -> Result<Tensor, TchError> {
        let mut there = self.there.borrow_mut();
        let all = match there.as_ref().filter(|all| all.device() == device) {
            Some(all) => all,
            None => there.insert(cuda::numbers_to(&self.numbers, device)?),
        };
        all.f_narrow(0, range.start as i64, range.len() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_views_of_one_tensor() {
        let selection = Selection::new([5, 3, 8, 1]);
        let all = selection.on(Device::Cpu, 0..4).unwrap();
        let part = selection.on(Device::Cpu, 1..3).unwrap();
        assert_eq!(Vec::<i64>::try_from(&part).unwrap(), [3, 8]);
        assert_eq!(part.data_ptr().addr(), all.data_ptr().addr() + 8);
        assert!(selection.on(Device::Cpu, 3..5).is_err());
    }
}
