//! Steps over all parameters in one kernel each: SGD, Adam and AdamW as `torch.optim` has them with `fused=True`.

use tch::{Kind, TchError, Tensor};

use super::{Buffers, Slot};
use crate::experiment::Optimizer as Rule;
use crate::libtorch::optimizer::{Adam, Sgd, adam, sgd};

/// Whether libtorch has a kernel for `rule`.
pub(super) fn has_kernel(rule: &Rule) -> bool {
    !matches!(rule, Rule::RmsProp { .. })
}

/// What one call takes: parameters with the same rate, as old as each other.
struct Batch {
    rate: f64,
    steps: u64,
    parameters: Vec<Tensor>,
    gradients: Vec<Tensor>,
    momentum: Vec<Tensor>,
    square: Vec<Tensor>,
}

/// One update of every slot from its gradient.
pub(super) fn step<'a>(
    rule: &Rule,
    learning: impl Iterator<Item = (&'a mut Slot, &'a Tensor)>,
    learning_rate: f64,
) -> Result<(), TchError> {
    let mut batches: Vec<Batch> = Vec::new();
    for (slot, gradient) in learning {
        slot.steps += 1;
        let rate = learning_rate * slot.parameter.rate_factor;
        let is_its = |batch: &Batch| batch.rate == rate && batch.steps == slot.steps;
        let place = batches.iter().position(is_its).unwrap_or_else(|| {
            batches.push(Batch {
                rate,
                steps: slot.steps,
                parameters: Vec::new(),
                gradients: Vec::new(),
                momentum: Vec::new(),
                square: Vec::new(),
            });
            batches.len() - 1
        });
        let batch = &mut batches[place];
        let parameter = slot.parameter.tensor.shallow_clone();
        batch.gradients.push(laid_out_as(gradient, &parameter)?);
        match rule {
            Rule::Sgd { momentum, .. } if *momentum == 0.0 => {}
            Rule::Adam { .. } | Rule::AdamW { .. } => {
                let buffers = &mut slot.buffers;
                let first = Buffers::ensure(&mut buffers.momentum, &parameter)?;
                let second = Buffers::ensure(&mut buffers.square, &parameter)?;
                batch.momentum.push(first);
                batch.square.push(second);
            }
            Rule::Sgd { .. } | Rule::RmsProp { .. } => {
                let buffer = Buffers::ensure(&mut slot.buffers.momentum, &parameter)?;
                batch.momentum.push(buffer);
            }
        }
        batch.parameters.push(parameter);
    }
    batches.iter().try_for_each(|batch| batch.update(rule))
}

impl Batch {
    fn update(&self, rule: &Rule) -> Result<(), TchError> {
        let rate = self.rate;
        match *rule {
            Rule::Sgd {
                momentum,
                nesterov,
                weight_decay,
            } => {
                let what = Sgd {
                    rate,
                    momentum,
                    weight_decay,
                    nesterov,
                    // The first buffer is the first gradient itself, not a share of it.
                    is_first: self.steps == 1,
                };
                sgd(&what, &self.parameters, &self.gradients, &self.momentum)
            }
            Rule::Adam {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            }
            | Rule::AdamW {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                let what = Adam {
                    rate,
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                    is_decoupled: matches!(rule, Rule::AdamW { .. }),
                };
                let device = self.parameters[0].device();
                let steps =
                    Tensor::f_full(&[] as &[i64], self.steps as f64, (Kind::Float, device))?;
                let (parameters, gradients) = (&self.parameters, &self.gradients);
                adam(
                    &what,
                    parameters,
                    gradients,
                    &self.momentum,
                    &self.square,
                    &steps,
                )
            }
            Rule::RmsProp { .. } => Err(TchError::Torch("RMSprop has no kernel".into())),
        }
    }
}

/// The kernels go through memory from one end to the other: a gradient that lies in memory in another order than its
/// parameter (a convolution's may, after pictures with channels last) is copied into the parameter's order.
fn laid_out_as(gradient: &Tensor, parameter: &Tensor) -> Result<Tensor, TchError> {
    if gradient.stride() == parameter.stride() {
        return Ok(gradient.shallow_clone());
    }
    let mut ordered = parameter.f_empty_like()?;
    ordered.f_copy_(gradient)?;
    Ok(ordered)
}
