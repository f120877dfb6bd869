//! An exponential moving average of the weights, which often generalises better than the last ones
//! (Polyak and Juditsky, 1992).

use tch::{TchError, Tensor};

use super::snapshot::copy_of;
use crate::libtorch::lists::{copy_all, lerp_all};

/// Averages of some of a network's tensors: everything that learns, and the running statistics
/// that move with it.
#[derive(Debug)]
pub struct Averaging {
    decay: f64,
    steps: u64,
    live: Vec<Tensor>,
    /// The averages, in the same order; while swapped, the live values.
    others: Vec<Tensor>,
}

impl Averaging {
    pub fn new(decay: f64) -> Self {
        Self {
            decay,
            steps: 0,
            live: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Also averages these, which share their storage with the network, beginning with their
    /// present values. Tensors that are averaged already, or are no floating-point numbers, are
    /// passed over.
    ///
    /// # Errors
    /// libtorch's own, where there is no memory for it.
    pub fn follow(&mut self, tensors: impl IntoIterator<Item = Tensor>) -> Result<(), TchError> {
        let _guard = tch::no_grad_guard();
        for live in tensors {
            let is_it = |other: &Tensor| other.data_ptr() == live.data_ptr();
            if self.live.iter().any(is_it) || !live.is_floating_point() {
                continue;
            }
            self.others.push(copy_of(&live)?);
            self.live.push(live);
        }
        Ok(())
    }

    /// Takes in the present values, after an optimizer's step. The decay grows as
    /// `(1 + t) / (10 + t)` until it reaches its limit, as in TensorFlow's
    /// `ExponentialMovingAverage`, so that short runs are not held at their beginning.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn update(&mut self) -> Result<(), TchError> {
        // A run that goes on says how many there were.
        self.steps = self.steps.saturating_add(1);
        let steps = self.steps as f64;
        let decay = self.decay.min((1.0 + steps) / (10.0 + steps));
        lerp_all(&self.others, &self.live, 1.0 - decay)
    }

    /// Puts the averages into the network, or back: the second call undoes the first. Where there is no memory for it,
    /// nothing is changed.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn swap(&mut self) -> Result<(), TchError> {
        let kept = self.live.iter().map(copy_of).collect::<Result<_, _>>()?;
        copy_all(&self.live, &self.others)?;
        self.others = kept;
        Ok(())
    }

    /// The averages, in the order in which they were followed; while swapped, the live values.
    pub fn averages(&self) -> impl Iterator<Item = &Tensor> {
        self.others.iter()
    }

    /// Values that were taken in.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Goes on as if so many values had been taken in.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::golden;

    #[test]
    fn the_average_equals_torchs_averaged_model_under_the_same_decay() {
        for case in golden::cases("averaging") {
            let values = golden::numbers(&case["values"]);
            let mut live = Tensor::from_slice(&[values[0] as f32]);
            let mut averaging = Averaging::new(case["decay"].as_f64().unwrap());
            averaging.follow([live.shallow_clone()]).unwrap();
            averaging.follow([live.shallow_clone()]).unwrap();
            assert_eq!(averaging.live.len(), 1, "the same tensor is averaged once");
            let mut means = vec![values[0]];
            for &value in &values[1..] {
                let _ = live.fill_(value);
                averaging.update().unwrap();
                averaging.swap().unwrap();
                means.push(live.double_value(&[0]));
                averaging.swap().unwrap();
                assert_eq!(
                    live.double_value(&[0]) as f32,
                    value as f32,
                    "the live value returns"
                );
            }
            golden::assert_close(
                &Tensor::from_slice(&means),
                &golden::numbers(&case["means"]),
                "average",
            );
        }
    }
}
