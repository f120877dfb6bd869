//! RMSprop (Hinton's lecture 6e, 2012), as `torch.optim.RMSprop` has it, not centred.

use tch::{TchError, Tensor};

use super::{Buffers, Slot, decayed};

pub(super) struct RmsProp {
    pub alpha: f64,
    pub epsilon: f64,
    pub momentum: f64,
    pub weight_decay: f64,
}

impl RmsProp {
    pub fn update(&self, slot: &mut Slot, gradient: &Tensor, rate: f64) -> Result<(), TchError> {
        let mut parameter = slot.parameter.tensor.shallow_clone();
        let gradient = decayed(gradient, &parameter, self.weight_decay)?;
        let mut square = Buffers::ensure(&mut slot.buffers.square, &parameter)?;
        let _ = square.f_lerp_(&gradient.f_square()?, 1.0 - self.alpha)?;
        let scale = square.f_sqrt()?.f_add_scalar_(self.epsilon)?;
        if self.momentum > 0.0 {
            let mut buffer = Buffers::ensure(&mut slot.buffers.momentum, &parameter)?;
            let _ = buffer
                .f_mul_scalar_(self.momentum)?
                .f_addcdiv_(&gradient, &scale)?;
            let _ = parameter.f_sub_(&buffer.f_mul_scalar(rate)?)?;
        } else {
            let _ = parameter.f_sub_(&gradient.f_div(&scale)?.f_mul_scalar_(rate)?)?;
        }
        Ok(())
    }
}
