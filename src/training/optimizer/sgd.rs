//! Stochastic gradient descent with momentum, as `torch.optim.SGD` (dampening 0) has it.

use tch::{TchError, Tensor};

use super::{Slot, decayed};
use crate::libtorch::numbers::WithNumber;
use crate::training::snapshot::copy_of;

pub(super) struct Sgd {
    pub momentum: f64,
    pub nesterov: bool,
    pub weight_decay: f64,
}

impl Sgd {
    pub fn update(&self, slot: &mut Slot, gradient: &Tensor, rate: f64) -> Result<(), TchError> {
        let mut parameter = slot.parameter.tensor.shallow_clone();
        let gradient = decayed(gradient, &parameter, self.weight_decay)?;
        let direction = if self.momentum == 0.0 {
            gradient
        } else {
            let buffer = match &slot.buffers.momentum {
                // The first buffer is the first gradient itself, not a share of it.
                None => {
                    let buffer = copy_of(&gradient)?;
                    slot.buffers.momentum = Some(buffer.shallow_clone());
                    buffer
                }
                Some(buffer) => buffer
                    .shallow_clone()
                    .f_mul_number_(self.momentum)?
                    .f_add_(&gradient)?,
            };
            if self.nesterov {
                buffer.f_mul_number(self.momentum)?.f_add_(&gradient)?
            } else {
                buffer
            }
        };
        let _ = parameter.f_sub_(&direction.f_mul_number(rate)?)?;
        Ok(())
    }
}
