//! Optimizers on tensors, with PyTorch's update formulas. `tch`'s own optimizers can neither be saved nor take a
//! learning rate per parameter.
//!
//! SGD, Adam and AdamW update all parameters in one kernel and RMSprop in a few, so that neither a small head nor a graphics
//! card is dominated by the step. Programs without the C++ file take a handful of in-place operations per parameter.

mod adam;
mod fused;
mod rmsprop;
mod sgd;

use tch::{Kind, TchError, Tensor};

use super::loss_scale::Unless;
use crate::experiment;
use crate::libtorch;
use crate::libtorch::numbers::WithNumber;

/// One parameter that learns.
#[derive(Debug)]
pub struct Parameter {
    /// Its state_dict name; names its state in [`Optimizer::export_state`].
    pub name: String,
    /// Shares its storage with the network.
    pub tensor: Tensor,
    /// Share of the learning rate that this parameter takes.
    pub rate_factor: f64,
}

/// Updates parameters from their gradients.
#[derive(Debug)]
pub struct Optimizer {
    rule: experiment::Optimizer,
    slots: Vec<Slot>,
    /// Whether libtorch's kernels over all parameters are there.
    has_kernels: bool,
}

/// A parameter and what the rule remembers of it.
#[derive(Debug)]
struct Slot {
    parameter: Parameter,
    /// Updates so far.
    steps: u64,
    /// Running averages of the gradient, of the parameter's shape, created by the first update.
    buffers: Buffers,
}

/// The running averages that the rules keep; which of them exist depends on the rule.
#[derive(Debug, Default)]
struct Buffers {
    /// SGD's and RMSprop's momentum buffer, Adam's first moment.
    momentum: Option<Tensor>,
    /// Adam's second moment, RMSprop's square average.
    square: Option<Tensor>,
}

impl Buffers {
    /// Creates the buffers as zeros where they don't exist yet.
    fn ensure(slot: &mut Option<Tensor>, like: &Tensor) -> Result<Tensor, TchError> {
        if slot.is_none() {
            *slot = Some(like.f_zeros_like()?);
        }
        // The clone shares its storage, so updating it in place updates the slot.
        Ok(slot
            .as_ref()
            .map_or_else(Tensor::new, Tensor::shallow_clone))
    }
}

impl Optimizer {
    pub fn new(rule: &experiment::Optimizer, parameters: Vec<Parameter>) -> Self {
        let slots = parameters
            .into_iter()
            .map(|parameter| Slot {
                parameter,
                steps: 0,
                buffers: Buffers::default(),
            })
            .collect();
        Self {
            rule: rule.clone(),
            slots,
            has_kernels: libtorch::IS_THERE,
        }
    }

    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.slots.iter().map(|slot| &slot.parameter)
    }

    /// The gradients of `loss` (a scalar) in the order of the parameters; undefined tensors where
    /// the loss does not depend on a parameter. Nothing is accumulated, so nothing needs zeroing.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>, TchError> {
        let inputs: Vec<&Tensor> = self
            .slots
            .iter()
            .map(|slot| &slot.parameter.tensor)
            .collect();
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        Tensor::f_run_backward(&[loss], &inputs, false, false)
    }

    /// Updates every parameter that has a gradient. `gradients` are those of [`Self::gradients`]. Where there is no memory for
    /// it, nothing is changed.
    pub fn step(&mut self, gradients: &[Tensor], learning_rate: f64) -> Result<(), TchError> {
        self.step_unless(gradients, learning_rate, None)
    }

    /// The same, `unless` the device has found that the step must be left out.
    pub fn step_unless(
        &mut self,
        gradients: &[Tensor],
        learning_rate: f64,
        unless: Option<&Unless>,
    ) -> Result<(), TchError> {
        let _guard = tch::no_grad_guard();
        let learning = self.slots.iter_mut().zip(gradients);
        let learning = learning.filter(|(_, gradient)| gradient.defined());
        if self.has_kernels {
            let mut learning: Vec<(&mut Slot, &Tensor)> = learning.collect();
            return fused::step(&self.rule, &mut learning, learning_rate, unless);
        }
        if is_lost(unless)? {
            return Ok(());
        }
        for (slot, gradient) in learning {
            slot.steps += 1;
            let rate = learning_rate * slot.parameter.rate_factor;
            match self.rule {
                experiment::Optimizer::Sgd {
                    momentum,
                    nesterov,
                    weight_decay,
                } => {
                    sgd::Sgd {
                        momentum,
                        nesterov,
                        weight_decay,
                    }
                    .update(slot, gradient, rate)?;
                }
                experiment::Optimizer::Adam {
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                }
                | experiment::Optimizer::AdamW {
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                } => {
                    adam::Adam {
                        beta1,
                        beta2,
                        epsilon,
                        weight_decay,
                        decoupled: matches!(self.rule, experiment::Optimizer::AdamW { .. }),
                    }
                    .update(slot, gradient, rate)?;
                }
                experiment::Optimizer::RmsProp { .. } => {
                    rmsprop::RmsProp::of(&self.rule).update(slot, gradient, rate)?;
                }
                // Its phase is solved, and takes no step.
                experiment::Optimizer::LogisticRegression { .. } => {}
            }
        }
        Ok(())
    }

    /// The state as named tensors: `NAME/steps` (a count), `NAME/momentum`, `NAME/square`.
    /// The tensors share their storage with the optimizer.
    pub fn export_state(&self) -> Result<Vec<(String, Tensor)>, TchError> {
        let mut state = Vec::new();
        for slot in &self.slots {
            let name = &slot.parameter.name;
            let steps = i64::try_from(slot.steps).unwrap_or(i64::MAX);
            state.push((format!("{name}/steps"), Tensor::f_from_slice(&[steps])?));
            for (kind, buffer) in [
                ("momentum", &slot.buffers.momentum),
                ("square", &slot.buffers.square),
            ] {
                if let Some(buffer) = buffer {
                    state.push((format!("{name}/{kind}"), buffer.shallow_clone()));
                }
            }
        }
        Ok(state)
    }

    /// Takes over a state that [`Self::export_state`] gave for the same rule and parameters.
    ///
    /// # Errors
    /// When a name or shape belongs to no parameter here; nothing is changed then.
    pub fn import_state(&mut self, state: &[(String, Tensor)]) -> Result<(), TchError> {
        let mut found = Vec::new();
        for (key, tensor) in state {
            let (name, kind) = key.rsplit_once('/').unwrap_or((key, ""));
            let place = self
                .slots
                .iter()
                .position(|slot| slot.parameter.name == name)
                .ok_or_else(|| TchError::Convert(format!("no parameter is named “{name}”")))?;
            let shape = self.slots[place].parameter.tensor.size();
            let fits = match kind {
                "steps" => tensor.numel() == 1 && tensor.f_kind()? == Kind::Int64,
                "momentum" | "square" => tensor.size() == shape,
                _ => false,
            };
            if !fits {
                return Err(TchError::Shape(format!(
                    "the optimizer state “{key}” does not fit"
                )));
            }
            found.push((place, kind, tensor));
        }
        let _guard = tch::no_grad_guard();
        for (place, kind, tensor) in found {
            let slot = &mut self.slots[place];
            if kind == "steps" {
                let steps = tensor.f_reshape([1i64])?.f_int64_value(&[0])?;
                slot.steps = u64::try_from(steps).unwrap_or(0);
                continue;
            }
            let mut own = slot.parameter.tensor.f_zeros_like()?;
            own.f_copy_(tensor)?;
            match kind {
                "momentum" => slot.buffers.momentum = Some(own),
                _ => slot.buffers.square = Some(own),
            }
        }
        Ok(())
    }
}

/// Whether a step is to be left out: waits for the device.
fn is_lost(unless: Option<&Unless>) -> Result<bool, TchError> {
    unless.map_or(Ok(false), |unless| {
        Ok(unless.found.f_double_value(&[])? > 0.0)
    })
}

/// `gradient + weight_decay * parameter`: the decay that PyTorch adds to the gradient.
fn decayed(gradient: &Tensor, parameter: &Tensor, weight_decay: f64) -> Result<Tensor, TchError> {
    if weight_decay == 0.0 {
        Ok(gradient.shallow_clone())
    } else {
        parameter.f_mul_number(weight_decay)?.f_add_(gradient)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
