//! RMSprop (Hinton's lecture 6e, 2012), as `torch.optim.RMSprop` has it, not centred.

use tch::{TchError, Tensor};

use super::{Buffers, Slot, decayed};
use crate::experiment::Optimizer as Rule;
use crate::libtorch::lists;
use crate::libtorch::numbers::WithNumber;

pub(super) struct RmsProp {
    pub alpha: f64,
    pub epsilon: f64,
    pub momentum: f64,
    pub weight_decay: f64,
}

impl RmsProp {
    /// `rule` where it is RMSprop; what moves nothing for others.
    pub fn of(rule: &Rule) -> Self {
        let (alpha, epsilon, momentum, weight_decay) = match *rule {
            Rule::RmsProp {
                alpha,
                epsilon,
                momentum,
                weight_decay,
            } => (alpha, epsilon, momentum, weight_decay),
            _ => (1.0, f64::INFINITY, 0.0, 0.0),
        };
        Self {
            alpha,
            epsilon,
            momentum,
            weight_decay,
        }
    }

    pub fn update(&self, slot: &mut Slot, gradient: &Tensor, rate: f64) -> Result<(), TchError> {
        let mut parameter = slot.parameter.tensor.shallow_clone();
        let gradient = decayed(gradient, &parameter, self.weight_decay)?;
        let mut square = Buffers::ensure(&mut slot.buffers.square, &parameter)?;
        let _ = square.f_lerp_number_(&gradient.f_square()?, 1.0 - self.alpha)?;
        let scale = square.f_sqrt()?.f_add_number_(self.epsilon)?;
        if self.momentum > 0.0 {
            let mut buffer = Buffers::ensure(&mut slot.buffers.momentum, &parameter)?;
            let _ = buffer
                .f_mul_number_(self.momentum)?
                .f_addcdiv_(&gradient, &scale)?;
            let _ = parameter.f_sub_(&buffer.f_mul_number(rate)?)?;
        } else {
            let _ = parameter.f_sub_(&gradient.f_div(&scale)?.f_mul_number_(rate)?)?;
        }
        Ok(())
    }

    /// The gradient with its decay, as a tensor of its own in the parameter's order of memory.
    pub fn own_gradient(&self, gradient: &Tensor, parameter: &Tensor) -> Result<Tensor, TchError> {
        if self.weight_decay == 0.0 {
            let mut own = parameter.f_empty_like()?;
            own.f_copy_(gradient)?;
            return Ok(own);
        }
        decayed(gradient, parameter, self.weight_decay)
    }

    /// What the kernels over all parameters take.
    pub fn constants(&self, rate: f64) -> lists::RmsProp {
        lists::RmsProp {
            rate,
            alpha: self.alpha,
            epsilon: self.epsilon,
            momentum: self.momentum,
        }
    }
}
