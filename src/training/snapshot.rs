//! A copy of weights, to return to.

use tch::{TchError, Tensor};

use crate::libtorch::lists::copy_all;

/// Copies of tensors that training changes.
#[derive(Debug)]
pub struct Snapshot {
    /// Share their storage with the network.
    live: Vec<Tensor>,
    copies: Vec<Tensor>,
}

impl Snapshot {
    /// Copies the present values of `live`, tensors of any shape that share their storage with the network.
    ///
    /// # Errors
    /// libtorch's own, where there is no memory for it.
    pub fn take<'a>(live: impl IntoIterator<Item = &'a Tensor>) -> Result<Self, TchError> {
        let live: Vec<Tensor> = live.into_iter().map(Tensor::shallow_clone).collect();
        let copies = live.iter().map(copy_of).collect::<Result<_, _>>()?;
        Ok(Self { live, copies })
    }

    /// Copies the present values again, into the same memory.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn retake(&mut self) -> Result<(), TchError> {
        copy_all(&self.copies, &self.live)
    }

    /// The copies, in the order in which they were taken.
    pub fn copies(&self) -> impl Iterator<Item = &Tensor> {
        self.copies.iter()
    }

    /// Puts the copied values back into the network.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn restore(&mut self) -> Result<(), TchError> {
        copy_all(&self.live, &self.copies)
    }
}

/// A copy without history, of the same shape and in the same memory layout.
pub(super) fn copy_of(tensor: &Tensor) -> Result<Tensor, TchError> {
    let _guard = tch::no_grad_guard();
    let mut copy = tensor.f_empty_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restoring_returns_to_the_last_copy() {
        let mut live = Tensor::from_slice(&[1.0f32, 2.0]);
        let mut snapshot = Snapshot::take([&live]).unwrap();
        let _ = live.fill_(5.0);
        snapshot.retake().unwrap();
        let _ = live.fill_(9.0);
        snapshot.restore().unwrap();
        assert_eq!(live, Tensor::from_slice(&[5.0f32, 5.0]));
    }
}
