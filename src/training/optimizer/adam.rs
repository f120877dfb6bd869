//! Adam (Kingma and Ba, 2014) and AdamW (Loshchilov and Hutter, 2017), as `torch.optim.Adam` and
//! `torch.optim.AdamW` have them, without AMSGrad.

use tch::{TchError, Tensor};

use super::{Buffers, Slot, decayed};
use crate::libtorch::numbers::WithNumber;

pub(super) struct Adam {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
    /// AdamW: the decay shrinks the parameter itself and stays out of the moments.
    pub decoupled: bool,
}

impl Adam {
    pub fn update(&self, slot: &mut Slot, gradient: &Tensor, rate: f64) -> Result<(), TchError> {
        let mut parameter = slot.parameter.tensor.shallow_clone();
        let gradient = if self.decoupled {
            if self.weight_decay != 0.0 {
                let _ = parameter.f_mul_number_(1.0 - rate * self.weight_decay)?;
            }
            gradient.shallow_clone()
        } else {
            decayed(gradient, &parameter, self.weight_decay)?
        };
        let mut first = Buffers::ensure(&mut slot.buffers.momentum, &parameter)?;
        let mut second = Buffers::ensure(&mut slot.buffers.square, &parameter)?;
        let _ = first.f_lerp_number_(&gradient, 1.0 - self.beta1)?;
        let _ = second.f_lerp_number_(&gradient.f_square()?, 1.0 - self.beta2)?;

        // parameter -= step_size * first / (sqrt(second) / sqrt(correction2) + epsilon), where the
        // step size goes into the denominator, because this addcdiv takes no factor.
        let steps = slot.steps as f64;
        let correction1 = 1.0 - self.beta1.powf(steps);
        let correction2 = 1.0 - self.beta2.powf(steps);
        let step_size = rate / correction1;
        // Smaller than float32 can divide by: nothing would move.
        if step_size.abs() < 1e-30 {
            return Ok(());
        }
        let denominator = second
            .f_sqrt()?
            .f_mul_number_(-1.0 / (correction2.sqrt() * step_size))?
            .f_add_number_(-self.epsilon / step_size)?;
        let _ = parameter.f_addcdiv_(&first, &denominator)?;
        Ok(())
    }
}
