//! What keeps small gradients in fp16 from becoming zero: the loss is multiplied by a scale, its gradients are divided by it, and
//! a step whose gradients are no numbers is left out (`torch.amp.GradScaler`). Everything stays on the device: nobody waits.

use tch::{Device, Kind, TchError, Tensor};

use crate::libtorch::lists;
use crate::libtorch::numbers::full;

/// Less than `GradScaler`’s 65536, with which the first steps are often left out: small sets have few.
const FIRST: f64 = 1024.0;

/// The names of [`LossScale::state`].
const NAMES: [&str; 3] = ["scale", "growth", "skipped"];

/// A scale that follows the gradients.
#[derive(Debug)]
pub(super) struct LossScale {
    scale: Tensor,
    /// Steps since it was changed.
    growth: Tensor,
    /// Steps that were left out.
    skipped: Tensor,
    /// 1 where the present step must be left out.
    found: Tensor,
}

/// Whether a step is to be left out, as only the device knows.
#[derive(Debug)]
pub struct Unless {
    /// A float scalar: 1 to leave it out.
    pub found: Tensor,
    /// How many were left out before, a float scalar.
    pub skipped: Tensor,
}

impl LossScale {
    /// The scale that a training begins with.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn new(device: Device) -> Result<Self, TchError> {
        let scalar = |value: f64, kind| full(&[], value, (kind, device));
        Ok(Self {
            scale: scalar(FIRST, Kind::Float)?,
            growth: scalar(0.0, Kind::Int)?,
            skipped: scalar(0.0, Kind::Float)?,
            found: scalar(0.0, Kind::Float)?,
        })
    }

    /// What the gradients are to be taken of: `loss` and the result are scalars.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn scaled(&self, loss: &Tensor) -> Result<Tensor, TchError> {
        loss.f_mul(&self.scale)
    }

    /// Turns the gradients of a scaled loss, of their parameters' shapes, into those of the loss, in place. Undefined ones are
    /// passed over.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn unscale(&mut self, gradients: &[Tensor]) -> Result<(), TchError> {
        let _guard = tch::no_grad_guard();
        let inverse = self.scale.f_reciprocal()?;
        let there = gradients.iter().filter(|gradient| gradient.defined());
        let there: Vec<Tensor> = there.map(Tensor::shallow_clone).collect();
        let _ = self.found.f_zero_()?;
        lists::unscale(&there, &self.found, &inverse)
    }

    /// For the step with what [`Self::unscale`] has seen.
    pub fn unless(&self) -> Unless {
        Unless {
            found: self.found.shallow_clone(),
            skipped: self.skipped.shallow_clone(),
        }
    }

    /// After that step.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn step_done(&mut self) -> Result<(), TchError> {
        let _guard = tch::no_grad_guard();
        lists::update_scale(&self.scale, &self.growth, &self.found)?;
        let _ = self.skipped.f_add_(&self.found)?;
        Ok(())
    }

    /// Where it stands, by name.
    pub fn state(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        NAMES
            .into_iter()
            .zip([&self.scale, &self.growth, &self.skipped])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Optimizer as Rule;
    use crate::libtorch::numbers::WithNumber;
    use crate::training::optimizer::{Optimizer, Parameter};

    fn state(scale: &LossScale) -> Vec<f64> {
        scale
            .state()
            .map(|(_, tensor)| tensor.double_value(&[]))
            .collect()
    }

    /// A step with gradients that overflowed changes nothing but the scale, and those after it are as if it had not been.
    #[test]
    fn steps_whose_gradients_are_no_numbers_are_left_out() {
        let rules = [
            Rule::sgd(),
            Rule::adam_w(),
            Rule::RmsProp {
                alpha: 0.9,
                epsilon: 1e-8,
                momentum: 0.5,
                weight_decay: 0.0,
            },
        ];
        for rule in rules {
            let train = |overflows: bool| {
                let tensor = Tensor::from_slice(&[1.0f32, 2.0]).set_requires_grad(true);
                let parameter = Parameter {
                    name: "a".into(),
                    tensor: tensor.shallow_clone(),
                    rate_factor: 1.0,
                };
                let mut optimizer = Optimizer::new(&rule, vec![parameter]);
                let mut scale = LossScale::new(Device::Cpu).unwrap();
                for step in 0..4 {
                    let is_lost = step == 1;
                    if is_lost && !overflows {
                        continue;
                    }
                    let loss = tensor.square().sum(Kind::Float);
                    let loss = scale.scaled(&loss).unwrap();
                    let mut gradients = optimizer.gradients(&loss).unwrap();
                    if is_lost {
                        gradients = vec![gradients[0].f_div_number(0.0).unwrap()];
                    }
                    scale.unscale(&gradients).unwrap();
                    let unless = scale.unless();
                    optimizer
                        .step_unless(&gradients, 0.1, Some(&unless))
                        .unwrap();
                    scale.step_done().unwrap();
                }
                (
                    Vec::<f32>::try_from(tensor.detach()).unwrap(),
                    state(&scale),
                )
            };
            let (lost, lost_scale) = train(true);
            let (never, scale) = train(false);
            assert!(never[0] < 1.0);
            for (lost, never) in lost.iter().zip(&never) {
                assert!((lost - never).abs() < 1e-6, "{rule:?}: {lost} {never}");
            }
            assert_eq!(scale, [FIRST, 3.0, 0.0]);
            assert_eq!(lost_scale, [FIRST / 2.0, 2.0, 1.0]);
        }
    }
}
